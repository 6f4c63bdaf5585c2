//! Who may do what: the one table of permissions and actions.
//!
//! The rows and columns are those of the permission tables in Microsoft's
//! documentation of the Cloud App Security API (`api-*.md` of
//! MicrosoftDocs/CloudAppSecurityDocs); ids of the app roles are those of the
//! resource application 05a65629-4c1b-48c1-a78b-804c4abdd4af. Whatever the
//! table does not allow is refused.

mod people;
mod usage;

use std::fmt;

use uuid::{Uuid, uuid};

use crate::ids::KeyId;

pub use people::{role_allows, scopes_allow};
pub use usage::{ApplicationRole, Use};

/// One of the six permissions of the resource *Microsoft Cloud App Security*.
///
/// The same six names are app roles (application context) and delegated scopes
/// (user context).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `investigation.read`
    InvestigationRead,
    /// `investigation.manage`
    InvestigationManage,
    /// `discovery.read`
    DiscoveryRead,
    /// `discovery.manage`
    DiscoveryManage,
    /// `settings.read`
    SettingsRead,
    /// `settings.manage`
    SettingsManage,
}

impl Permission {
    /// All six, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::InvestigationRead,
        Self::InvestigationManage,
        Self::DiscoveryRead,
        Self::DiscoveryManage,
        Self::SettingsRead,
        Self::SettingsManage,
    ];

    /// The value in a token's `roles` or `scp`, lower case.
    pub const fn value(self) -> &'static str {
        match self {
            Self::InvestigationRead => "investigation.read",
            Self::InvestigationManage => "investigation.manage",
            Self::DiscoveryRead => "discovery.read",
            Self::DiscoveryManage => "discovery.manage",
            Self::SettingsRead => "settings.read",
            Self::SettingsManage => "settings.manage",
        }
    }

    /// What the permission is for, in words for a consent page.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvestigationRead => "Read activities, alerts, entities and IP ranges",
            Self::InvestigationManage => {
                "Read and handle activities, alerts and entities, and change IP ranges"
            }
            Self::DiscoveryRead => "Read alerts and cloud discovery reports",
            Self::DiscoveryManage => {
                "Handle alerts, read cloud discovery reports, upload logs and get block scripts"
            }
            Self::SettingsRead => "Read IP ranges",
            Self::SettingsManage => "Read and change IP ranges",
        }
    }

    /// The id of the app role.
    pub const fn app_role_id(self) -> KeyId {
        const fn id(value: Uuid) -> KeyId {
            KeyId::new(value)
        }
        match self {
            Self::InvestigationRead => id(uuid!("83bc8d83-2679-44ef-b813-d5f556fc4474")),
            Self::InvestigationManage => id(uuid!("a832eaa3-0cfc-4a2b-9af1-27c5b092dd40")),
            Self::DiscoveryRead => id(uuid!("e9aa7b67-ea0d-435b-ab36-592cd9b23d61")),
            Self::DiscoveryManage => id(uuid!("f6e78c1a-b9c7-42d3-b067-220689a7a2e9")),
            Self::SettingsRead => id(uuid!("8e41f311-31d5-43aa-bb79-8fd4e14a8745")),
            Self::SettingsManage => id(uuid!("cb792285-1541-416c-a581-d8ede4ebc219")),
        }
    }

    /// Reads a value of `roles` or `scp`, without regard to case: documents
    /// write `Investigation.read`.
    pub fn from_value(value: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.value().eq_ignore_ascii_case(value))
    }

    /// Whether this permission alone allows `action` to an application.
    pub const fn allows(self, action: Action) -> bool {
        action.permissions().contains(self)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u8);

impl PermissionSet {
    /// The set without a member.
    pub const EMPTY: Self = Self(0);

    /// The set of exactly these.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Whether `permission` is a member.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Whether the two sets share a member.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The members, in the order of the documentation.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | 1 << permission as u8),
        )
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Something a caller of the API can do; every route names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// List and fetch activities.
    ActivitiesRead,
    /// Give feedback on an activity.
    ActivitiesFeedback,
    /// List and fetch alerts, mark them read or unread.
    AlertsRead,
    /// Close, dismiss, resolve and reopen alerts.
    AlertsClose,
    /// List and fetch entities, and their trees.
    EntitiesRead,
    /// List and fetch IP ranges.
    IpRangesRead,
    /// Create, update and delete IP ranges.
    IpRangesManage,
    /// List discovery reports, categories, discovered apps and their users.
    DiscoveryRead,
    /// Upload logs, tag discovered apps, get block scripts.
    DiscoveryManage,
    /// List and fetch files, policies, governance, groups, tags, data sources: for
    /// people and legacy tokens, never for an application.
    PeopleOnly,
    /// Enable and disable policies: for administrators and their tokens.
    PoliciesManage,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ActivitiesRead,
        Self::ActivitiesFeedback,
        Self::AlertsRead,
        Self::AlertsClose,
        Self::EntitiesRead,
        Self::IpRangesRead,
        Self::IpRangesManage,
        Self::DiscoveryRead,
        Self::DiscoveryManage,
        Self::PeopleOnly,
        Self::PoliciesManage,
    ];

    /// What it is, in words for people.
    pub const fn description(self) -> &'static str {
        match self {
            Self::ActivitiesRead => "list and fetch activities",
            Self::ActivitiesFeedback => "give feedback on an activity",
            Self::AlertsRead => "list and fetch alerts, mark them read or unread",
            Self::AlertsClose => "close, dismiss, resolve and reopen alerts",
            Self::EntitiesRead => "list and fetch entities and their trees",
            Self::IpRangesRead => "list and fetch IP ranges",
            Self::IpRangesManage => "create, update and delete IP ranges",
            Self::DiscoveryRead => "list discovery reports, categories, apps and their users",
            Self::DiscoveryManage => "upload logs, tag discovered apps, get block scripts",
            Self::PeopleOnly => "files, policies, governance, groups, tags, data sources",
            Self::PoliciesManage => "enable and disable policies",
        }
    }

    /// The permissions of which any one allows this action to an application.
    pub const fn permissions(self) -> PermissionSet {
        use Permission::{
            DiscoveryManage, DiscoveryRead, InvestigationManage, InvestigationRead, SettingsManage,
            SettingsRead,
        };
        match self {
            Self::ActivitiesRead | Self::ActivitiesFeedback | Self::EntitiesRead => {
                PermissionSet::of(&[InvestigationRead, InvestigationManage])
            }
            Self::AlertsRead => PermissionSet::of(&[
                InvestigationRead,
                InvestigationManage,
                DiscoveryRead,
                DiscoveryManage,
            ]),
            Self::AlertsClose => PermissionSet::of(&[InvestigationManage, DiscoveryManage]),
            Self::IpRangesRead => PermissionSet::of(&[
                InvestigationRead,
                InvestigationManage,
                SettingsRead,
                SettingsManage,
            ]),
            Self::IpRangesManage => PermissionSet::of(&[InvestigationManage, SettingsManage]),
            Self::DiscoveryRead => PermissionSet::of(&[DiscoveryRead, DiscoveryManage]),
            Self::DiscoveryManage => PermissionSet::of(&[DiscoveryManage]),
            Self::PeopleOnly | Self::PoliciesManage => PermissionSet::EMPTY,
        }
    }
}

/// An app role of the resource *Casbah*: what only this server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CasbahRole {
    /// `Ingest.Write`: hand in audit events.
    IngestWrite,
    /// `Audit.Read`: read the audit log.
    AuditRead,
    /// `Catalog.Manage`: change the app catalog.
    CatalogManage,
    /// `Connector.Manage`: set up connectors, and exports, which send what there is to read.
    ConnectorManage,
    /// `Tenant.Manage`: create and list tenants, in the home tenant only.
    TenantManage,
    /// `ApiToken.Manage`: list and revoke legacy API tokens; people also make them.
    ApiTokenManage,
}

impl CasbahRole {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::IngestWrite,
        Self::AuditRead,
        Self::CatalogManage,
        Self::ConnectorManage,
        Self::TenantManage,
        Self::ApiTokenManage,
    ];

    /// The value in a token's `roles` or `scp`.
    pub const fn value(self) -> &'static str {
        match self {
            Self::IngestWrite => "Ingest.Write",
            Self::AuditRead => "Audit.Read",
            Self::CatalogManage => "Catalog.Manage",
            Self::ConnectorManage => "Connector.Manage",
            Self::TenantManage => "Tenant.Manage",
            Self::ApiTokenManage => "ApiToken.Manage",
        }
    }

    /// Reads a value of `roles` or `scp`, without regard to case.
    pub fn from_value(value: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.value().eq_ignore_ascii_case(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_reads_back_its_value_in_any_case() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_value(permission.value()), Some(permission));
            assert_eq!(
                Permission::from_value(&permission.value().to_uppercase()),
                Some(permission)
            );
        }
        assert_eq!(Permission::from_value("investigation.*"), None);
    }

    #[test]
    fn no_application_may_do_what_is_for_people() {
        for permission in Permission::ALL {
            assert!(!permission.allows(Action::PeopleOnly));
            assert!(!permission.allows(Action::PoliciesManage));
        }
    }

    #[test]
    fn discovery_read_reads_alerts_but_no_activities() {
        assert!(Permission::DiscoveryRead.allows(Action::AlertsRead));
        assert!(!Permission::DiscoveryRead.allows(Action::ActivitiesRead));
        assert!(!Permission::DiscoveryRead.allows(Action::AlertsClose));
    }
}
