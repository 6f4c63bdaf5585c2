//! The fields of each list, after the tables of MicrosoftDocs/CloudAppSecurityDocs
//! (`api-activities-list.md`, `api-alerts-list.md`, `api-entities-list.md`,
//! `api-data-enrichment-list.md`).
//!
//! Of [`FieldKind::Unkept`] Casbah keeps nothing: such a field has no value in any
//! record, so `eq` finds none of them and `neq` all.

use super::Operator::{
    CabinetMatchedRulesEquals, Contains, Deq, DoesNotStartWith, EndsWith, Eq, Gt, Gte, GteNdays,
    IsNotSet, IsSet, Lt, Lte, LteNdays, Ncontains, Neq, Range, StartsWith, StartsWithSingle, Text,
};
use super::{FieldKind, FieldSpec, ListSpec, Operator};
use crate::ip_range::IpCategory;

const EQ: &[Operator] = &[Eq];
const EQ_NEQ: &[Operator] = &[Eq, Neq];
const EQ_NEQ_SET: &[Operator] = &[Eq, Neq, IsSet, IsNotSet];
const TEXT: &[Operator] = &[Eq, Neq, Contains, StartsWith, EndsWith];

const fn field(name: &'static str, kind: FieldKind, operators: &'static [Operator]) -> FieldSpec {
    FieldSpec {
        name,
        aliases: &[],
        kind,
        operators,
    }
}

const fn alias(mut field: FieldSpec, aliases: &'static [&'static str]) -> FieldSpec {
    field.aliases = aliases;
    field
}

/// `/api/v1/activities/`.
pub static ACTIVITIES: ListSpec = ListSpec {
    name: "activities",
    fields: &[
        field("service", FieldKind::Int, EQ_NEQ),
        field("instance", FieldKind::Int, EQ_NEQ),
        // No directory of organizational units is read.
        field("user.orgUnit", FieldKind::Unkept, EQ_NEQ_SET),
        field("user.domain", FieldKind::Folded, EQ_NEQ_SET),
        field(
            "actionType",
            FieldKind::Folded,
            &[Contains, Eq, Neq, IsSet, IsNotSet],
        ),
        alias(
            field("activity.eventActionType", FieldKind::Exact, EQ_NEQ),
            &["activity.eventType"],
        ),
        field("activity.actionType", FieldKind::Exact, EQ_NEQ),
        // Labels are read from no file, and files have no records of their own.
        field("fileLabels", FieldKind::Unkept, EQ_NEQ),
        field("fileId", FieldKind::Unkept, EQ),
        field("fileSelector", FieldKind::Unkept, EQ_NEQ),
        // Ids of all that took part in the activity; Microsoft 365 names items by URL.
        field("activityObject", FieldKind::Folded, EQ_NEQ),
        field(
            "office365url",
            FieldKind::Folded,
            &[StartsWith, Eq, EndsWith],
        ),
        field("activity.id", FieldKind::Exact, EQ),
        field("activity.alertId", FieldKind::Exact, EQ),
        field("activity.impersonated", FieldKind::Bool, EQ),
        field("activity.type", FieldKind::Bool, EQ),
        // Nothing is done to an activity by itself, and no policy is matched with one.
        field("activity.takenAction", FieldKind::Unkept, EQ_NEQ),
        field("policy", FieldKind::Unkept, EQ_NEQ_SET),
        field("device.type", FieldKind::Exact, EQ_NEQ),
        // Devices are known by what their programs say alone.
        field("device.tags", FieldKind::Unkept, EQ_NEQ),
        field("userAgent.tags", FieldKind::Folded, EQ_NEQ),
        field(
            "userAgent.userAgent",
            FieldKind::Folded,
            &[Contains, Ncontains],
        ),
        field("location.country", FieldKind::Exact, EQ_NEQ_SET),
        field(
            "location.organizations",
            FieldKind::Folded,
            &[Eq, Neq, IsSet, IsNotSet, Contains],
        ),
        field(
            "ip.address",
            FieldKind::Folded,
            &[Eq, StartsWith, DoesNotStartWith, IsSet, IsNotSet, Neq],
        ),
        field("ip.category", FieldKind::Int, EQ_NEQ),
        field("ip.tags", FieldKind::Folded, EQ_NEQ),
        field("text", FieldKind::Words, &[Eq, StartsWithSingle, Text]),
        field(
            "date",
            FieldKind::Time,
            &[Lte, Gte, Range, LteNdays, GteNdays],
        ),
        field("created", FieldKind::Time, &[Lte, Gte, Range, Gt, Lt, Eq]),
        field("source", FieldKind::Source, EQ_NEQ),
        field(
            "entity",
            FieldKind::Entity,
            &[Eq, Neq, IsSet, IsNotSet, StartsWith],
        ),
        field(
            "user.username",
            FieldKind::Folded,
            &[Eq, Neq, IsSet, IsNotSet, StartsWith],
        ),
        field(
            "user.tags",
            FieldKind::Group,
            &[Eq, Neq, IsSet, IsNotSet, StartsWith],
        ),
    ],
    sort_fields: &["date", "created"],
};

/// `/api/v1/alerts/`.
pub static ALERTS: ListSpec = ListSpec {
    name: "alerts",
    fields: &[
        field("entity.entity", FieldKind::Entity, EQ_NEQ),
        field("entity.user", FieldKind::Folded, EQ_NEQ),
        field("entity.ip", FieldKind::Folded, EQ_NEQ),
        alias(
            field("entity.service", FieldKind::Int, EQ_NEQ),
            &["service"],
        ),
        alias(
            field("entity.instance", FieldKind::Int, EQ_NEQ),
            &["instance"],
        ),
        field("entity.policy", FieldKind::Exact, EQ_NEQ),
        field("entity.file", FieldKind::Folded, EQ_NEQ),
        field("alertOpen", FieldKind::Bool, EQ),
        field("severity", FieldKind::Int, EQ_NEQ),
        field("resolutionStatus", FieldKind::Int, EQ_NEQ),
        field("read", FieldKind::Bool, EQ),
        field(
            "date",
            FieldKind::Time,
            &[Lte, Gte, Range, LteNdays, GteNdays],
        ),
        field("resolutionDate", FieldKind::Time, &[Lte, Gte, Range]),
        field("risk", FieldKind::Int, EQ_NEQ),
        field("alertType", FieldKind::Int, EQ_NEQ),
        alias(field("id", FieldKind::RecordId, EQ_NEQ), &["ID"]),
        field(
            "source",
            FieldKind::Named(&[("builtin", 0), ("policy", 1)]),
            EQ,
        ),
    ],
    sort_fields: &["date", "severity", "status"],
};

/// `/casbah/v1/alerts/{id}/history`.
pub static ALERT_HISTORY: ListSpec = ListSpec {
    name: "alert_history",
    fields: &[],
    sort_fields: &["date"],
};

/// `/casbah/v1/activities/{id}/feedback`.
pub static ACTIVITY_FEEDBACK: ListSpec = ListSpec {
    name: "activity_feedback",
    fields: &[],
    sort_fields: &["date"],
};

/// `/api/v1/entities/`.
pub static ENTITIES: ListSpec = ListSpec {
    name: "entities",
    fields: &[
        field(
            "type",
            FieldKind::Named(&[("account", 1), ("user", 2)]),
            EQ_NEQ,
        ),
        field("isAdmin", FieldKind::Bool, EQ),
        field("displayName", FieldKind::Folded, EQ),
        field("score", FieldKind::Int, &[Lt, Gt, IsSet, IsNotSet]),
        field("entity", FieldKind::Entity, EQ_NEQ),
        field("userGroups", FieldKind::Group, EQ_NEQ),
        alias(field("app", FieldKind::Int, EQ_NEQ), &["service"]),
        field("instance", FieldKind::Int, EQ_NEQ),
        field("isExternal", FieldKind::Bool, EQ),
        field("domain", FieldKind::Folded, EQ_NEQ_SET),
        field("organization", FieldKind::Folded, EQ_NEQ_SET),
        field(
            "status",
            FieldKind::Named(&[
                ("n/a", 0),
                ("staged", 1),
                ("active", 2),
                ("suspended", 3),
                ("deleted", 4),
            ]),
            EQ_NEQ,
        ),
    ],
    sort_fields: &["lastSeen", "date", "severity", "username", "score"],
};

/// `/api/v1/files/`. Casbah reads no files, so the list is empty whatever is asked.
pub static FILES: ListSpec = ListSpec {
    name: "files",
    fields: &[
        field("service", FieldKind::Int, EQ_NEQ),
        field("instance", FieldKind::Int, EQ_NEQ),
        field(
            "fileType",
            FieldKind::Named(&[
                ("other", 0),
                ("document", 1),
                ("spreadsheet", 2),
                ("presentation", 3),
                ("text", 4),
                ("image", 5),
                ("folder", 6),
            ]),
            EQ_NEQ,
        ),
        field("allowDeleted", FieldKind::Bool, EQ),
        field(
            "policy",
            FieldKind::RecordId,
            &[CabinetMatchedRulesEquals, Neq, IsSet, IsNotSet],
        ),
        field("filename", FieldKind::Folded, &[Eq, Text]),
        field(
            "modifiedDate",
            FieldKind::Time,
            &[Lte, Gte, Range, LteNdays, GteNdays],
        ),
        field("createdDate", FieldKind::Time, &[Lte, Gte, Range]),
        field(
            "snapshotLastModifiedDate",
            FieldKind::Time,
            &[Lte, Gte, Range],
        ),
        field("collaborators.entity", FieldKind::Entity, EQ_NEQ),
        field("collaborators.domains", FieldKind::Folded, EQ_NEQ),
        field("collaborators.groups", FieldKind::Folded, EQ_NEQ),
        field("collaborators.users", FieldKind::Entity, EQ_NEQ),
        field(
            "collaborators.withDomain",
            FieldKind::Folded,
            &[Eq, Neq, Deq],
        ),
        field("owner.entity", FieldKind::Entity, EQ_NEQ),
        field("owner.orgUnit", FieldKind::Folded, EQ_NEQ),
        field("owner.username", FieldKind::Folded, EQ_NEQ),
        field(
            "sharing",
            FieldKind::Named(&[
                ("private", 0),
                ("internal", 1),
                ("external", 2),
                ("public", 3),
                ("public (internet)", 4),
            ]),
            EQ_NEQ,
        ),
        field("fileId", FieldKind::Folded, EQ_NEQ),
        field("fileLabels", FieldKind::Folded, EQ_NEQ_SET),
        field("fileScanLabels", FieldKind::Folded, EQ_NEQ_SET),
        field("extension", FieldKind::Folded, EQ_NEQ),
        field("mimeType", FieldKind::OneText, EQ_NEQ),
        field("trashed", FieldKind::Bool, EQ),
        // A folder is named by an id, or by an object that nobody describes.
        field("parentFolder", FieldKind::Unkept, EQ_NEQ),
        field("folder", FieldKind::Bool, EQ),
        field("quarantined", FieldKind::Bool, EQ),
    ],
    sort_fields: &["modifiedDate"],
};

/// `/api/v1/policies/`. The filters are not documented; these are of the fields that
/// clients read.
pub static POLICIES: ListSpec = ListSpec {
    name: "policies",
    fields: &[
        field("id", FieldKind::RecordId, EQ_NEQ),
        field("type", FieldKind::Exact, EQ_NEQ),
        field("name", FieldKind::Folded, TEXT),
        field("enabled", FieldKind::Bool, EQ),
    ],
    sort_fields: &["name"],
};

/// `/api/v1/governance/`. The filters are those that the MCAS PowerShell module sends.
pub static GOVERNANCE: ListSpec = ListSpec {
    name: "governance",
    fields: &[
        field("appId", FieldKind::Int, EQ_NEQ),
        // Null is pending.
        field(
            "status",
            FieldKind::Named(&[("true", 1), ("success", 1), ("false", 0), ("failed", 0)]),
            EQ_NEQ,
        ),
        field("type", FieldKind::Exact, EQ_NEQ),
    ],
    sort_fields: &["date", "timestamp"],
};

/// The users of a discovered app, `/api/v1/discovery/app_users/`.
pub static APP_USERS: ListSpec = ListSpec {
    name: "app_users",
    fields: &[],
    sort_fields: &[
        "lastSeen",
        "username",
        "trafficTotalBytes",
        "trafficUploadedBytes",
        "trafficDownloadedBytes",
        "transactionsCount",
    ],
};

/// `/api/v1/tags/`. Clients send `target`, `sort` and `enabledOnly` beside the filters.
pub static TAGS: ListSpec = ListSpec {
    name: "tags",
    fields: &[],
    sort_fields: &["name"],
};

/// `/api/v1/user_tags/`.
pub static USER_GROUPS: ListSpec = ListSpec {
    name: "user_tags",
    fields: &[],
    sort_fields: &["name"],
};

/// `/api/v1/subnet/`.
pub static IP_RANGES: ListSpec = ListSpec {
    name: "subnet",
    fields: &[
        field("category", FieldKind::Named(IpCategory::NAMES), EQ_NEQ),
        field("tags", FieldKind::Folded, EQ_NEQ),
        field("builtIn", FieldKind::Bool, EQ),
    ],
    sort_fields: &["name", "category", "tags"],
};

/// `/api/v1/discovery/app_catalog/`. Not documented; clients send `name`, and the names
/// are those of the discovered apps.
pub static APP_CATALOG: ListSpec = ListSpec {
    name: "app_catalog",
    fields: &[
        field("name", FieldKind::Folded, TEXT),
        alias(field("appId", FieldKind::Int, EQ_NEQ), &["id"]),
        field("category", FieldKind::Exact, EQ_NEQ),
        field("domain", FieldKind::Folded, TEXT),
    ],
    sort_fields: &["name"],
};

/// `/api/v1/discovery/discovered_apps/`.
pub static DISCOVERED_APPS: ListSpec = ListSpec {
    name: "discovered_apps",
    fields: &[
        field("name", FieldKind::Folded, TEXT),
        alias(field("appId", FieldKind::Int, EQ_NEQ), &["id"]),
        field("category", FieldKind::Exact, EQ_NEQ),
        field("score", FieldKind::Int, &[Eq, Gt, Gte, Lt, Lte]),
        field("users", FieldKind::Int, &[Gt, Gte, Lt, Lte]),
        field("tag", FieldKind::Folded, EQ_NEQ),
        field("user.entity", FieldKind::Folded, EQ),
    ],
    sort_fields: &[
        "trafficTotalBytes",
        "score",
        "name",
        "usersCount",
        "ipAddressesCount",
        "trafficUploadedBytes",
        "trafficDownloadedBytes",
        "trafficTotalEvents",
        "transactionsCount",
        "lastUsed",
        "lastSeen",
    ],
};
