//! The columns of each kind of record.

use casbah_model::time::Timestamp;
use serde_json::Value;

use super::Zone;

/// A column: its header, and how its cell is taken from a record.
pub(crate) struct Column {
    pub(crate) header: &'static str,
    cell: Cell,
    /// Whether the cell is copied as one piece, so that no table may break it.
    pub(crate) is_id: bool,
}

enum Cell {
    Text(fn(&Value, &Zone) -> String),
    /// A number of bytes at a JSON pointer, with a unit for people.
    Bytes(&'static str),
}

/// Who reads a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person, who wants units.
    Person,
    /// A program, which wants numbers.
    Program,
}

impl Column {
    const fn new(header: &'static str, cell: fn(&Value, &Zone) -> String) -> Self {
        Self {
            header,
            cell: Cell::Text(cell),
            is_id: false,
        }
    }

    const fn id(header: &'static str, cell: fn(&Value, &Zone) -> String) -> Self {
        Self {
            header,
            cell: Cell::Text(cell),
            is_id: true,
        }
    }

    const fn bytes(header: &'static str, pointer: &'static str) -> Self {
        Self {
            header,
            cell: Cell::Bytes(pointer),
            is_id: false,
        }
    }

    /// The cell, made harmless: records hold what strangers wrote.
    pub(crate) fn cell(&self, record: &Value, zone: &Zone, reader: Reader) -> String {
        let text = match self.cell {
            Cell::Text(cell) => cell(record, zone),
            Cell::Bytes(pointer) if reader == Reader::Person => bytes(record, pointer),
            Cell::Bytes(pointer) => text(record, pointer),
        };
        harmless(&text)
    }
}

/// The text without what would command a terminal; it keeps its lines.
pub(super) fn harmless(text: &str) -> String {
    let keep = |character: char| {
        if character.is_control() && character != '\n' {
            '\u{fffd}'
        } else {
            character
        }
    };
    text.chars().map(keep).collect()
}

/// The value at a JSON pointer as text; nothing where there is none.
fn text(record: &Value, pointer: &str) -> String {
    match record.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The first of several places that has a value.
fn first(record: &Value, pointers: &[&str]) -> String {
    pointers
        .iter()
        .map(|pointer| text(record, pointer))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// A time, milliseconds or ISO 8601, in the zone; other text as it is.
fn time(record: &Value, pointer: &str, zone: &Zone) -> String {
    let millis = match record.pointer(pointer) {
        Some(Value::String(text)) => Timestamp::parse(text).map(Timestamp::millis),
        other => other.and_then(Value::as_i64),
    };
    millis.map_or_else(|| text(record, pointer), |millis| zone.show(millis))
}

/// A number's name.
fn named(record: &Value, pointer: &str, names: &[&str]) -> String {
    record
        .pointer(pointer)
        .and_then(Value::as_u64)
        .and_then(|number| names.get(usize::try_from(number).ok()?))
        .map_or_else(|| text(record, pointer), |name| (*name).to_owned())
}

/// One member of each element of an array, joined.
fn joined(record: &Value, pointer: &str, member: &str) -> String {
    let Some(Value::Array(elements)) = record.pointer(pointer) else {
        return String::new();
    };
    let parts: Vec<String> = elements.iter().map(|part| text(part, member)).collect();
    parts.join(", ")
}

/// The labels of an alert's entities of some types.
fn labels(record: &Value, types: &[&str]) -> String {
    let Some(Value::Array(entities)) = record.pointer("/entities") else {
        return String::new();
    };
    let mut labels: Vec<String> = entities
        .iter()
        .filter(|entity| types.contains(&text(entity, "/type").as_str()))
        .map(|entity| text(entity, "/label"))
        .collect();
    labels.dedup();
    labels.join(", ")
}

/// A list of texts.
fn texts(record: &Value, pointer: &str) -> String {
    let all = record.pointer(pointer).and_then(Value::as_array);
    let texts = all.into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(", ")
}

/// Bytes with a unit.
fn bytes(record: &Value, pointer: &str) -> String {
    record
        .pointer(pointer)
        .and_then(Value::as_u64)
        .map(|count| indicatif::HumanBytes(count).to_string())
        .unwrap_or_default()
}

const SEVERITIES: &[&str] = &["low", "medium", "high", "informational"];
const RESOLUTIONS: &[&str] = &[
    "open",
    "dismissed",
    "resolved",
    "false positive",
    "benign",
    "true positive",
];
const REASONS: &[&str] = &[
    "not of interest",
    "too many similar",
    "severity lower",
    "not accurate",
    "other",
    "confirmed",
    "test",
];
const STATUSES: &[&str] = &["unread", "read", "closed"];
const IP_CATEGORIES: &[&str] = &[
    "none",
    "corporate",
    "administrative",
    "risky",
    "vpn",
    "cloud provider",
    "other",
];

pub(crate) const ALERT: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/_id")),
    Column::new("TIME", |r, zone| time(r, "/timestamp", zone)),
    Column::new("SEVERITY", |r, _| named(r, "/severityValue", SEVERITIES)),
    Column::new("STATE", |r, _| {
        named(r, "/resolutionStatusValue", RESOLUTIONS)
    }),
    Column::new("SEEN", |r, _| named(r, "/statusValue", STATUSES)),
    Column::new("TITLE", |r, _| text(r, "/title")),
    Column::new("WHO", |r, _| labels(r, &["account", "user"])),
    Column::new("IP", |r, _| labels(r, &["ip"])),
];

/// One alert, with what led to it and who handled it.
pub(crate) const ALERT_DETAIL: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/_id")),
    Column::new("TIME", |r, zone| time(r, "/timestamp", zone)),
    Column::new("SEVERITY", |r, _| named(r, "/severityValue", SEVERITIES)),
    Column::new("STATE", |r, _| {
        named(r, "/resolutionStatusValue", RESOLUTIONS)
    }),
    Column::new("SEEN", |r, _| named(r, "/statusValue", STATUSES)),
    Column::new("TITLE", |r, _| text(r, "/title")),
    Column::new("DESCRIPTION", |r, _| text(r, "/description")),
    Column::new("WHO", |r, _| labels(r, &["account", "user"])),
    Column::new("IP", |r, _| labels(r, &["ip"])),
    Column::new("COUNTRY", |r, _| labels(r, &["country"])),
    Column::new("ACTIVITIES", |r, _| {
        let audits = r.pointer("/audits").and_then(Value::as_array);
        audits.map_or(0, Vec::len).to_string()
    }),
    Column::new("HANDLED BY", |r, _| text(r, "/handledByUser")),
    Column::new("HANDLED", |r, zone| time(r, "/resolveTime", zone)),
    Column::new("COMMENT", |r, _| text(r, "/comment")),
    Column::id("PAGE", |r, _| text(r, "/URL")),
];

/// How an alert was handled.
pub(crate) const ALERT_HANDLING: &[Column] = &[
    Column::new("TIME", |r, zone| time(r, "/timestamp", zone)),
    Column::new("WHO", |r, _| text(r, "/by")),
    Column::new("BECAME", |r, _| {
        named(r, "/resolutionStatusValue", RESOLUTIONS)
    }),
    Column::new("REASON", |r, _| named(r, "/reasonId", REASONS)),
    Column::new("COMMENT", |r, _| text(r, "/comment")),
    Column::new("FEEDBACK", |r, _| text(r, "/feedbackText")),
    Column::new("CONTACT", |r, _| text(r, "/contactEmail")),
];

/// What people said of an activity.
pub(crate) const ACTIVITY_FEEDBACK: &[Column] = &[
    Column::new("TIME", |r, zone| time(r, "/timestamp", zone)),
    Column::new("WHO", |r, _| text(r, "/by")),
    Column::new("VERDICT", |r, _| text(r, "/feedbackValue")),
    Column::new("FEEDBACK", |r, _| text(r, "/feedbackText")),
    Column::new("CONTACT", |r, _| text(r, "/contactEmail")),
];

/// What became of sent events.
pub(crate) const INGEST: &[Column] = &[
    Column::new("RECEIVED", |r, _| text(r, "/received")),
    Column::new("ACCEPTED", |r, _| text(r, "/accepted")),
    Column::new("DUPLICATES", |r, _| text(r, "/duplicates")),
    Column::new("LATE", |r, _| text(r, "/late")),
    Column::new("REJECTED", |r, _| text(r, "/rejected")),
];

pub(crate) const ACTIVITY: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/_id")),
    Column::new("TIME", |r, zone| time(r, "/timestamp", zone)),
    Column::new("WHO", |r, _| {
        first(r, &["/user/userName", "/failedUserData/userName"])
    }),
    Column::new("APP", |r, _| text(r, "/appName")),
    Column::new("WHAT", |r, _| first(r, &["/description", "/eventTypeName"])),
    Column::new("IP", |r, _| text(r, "/device/clientIP")),
    Column::new("COUNTRY", |r, _| text(r, "/location/countryCode")),
];

pub(crate) const ENTITY: &[Column] = &[
    Column::id("KEY", |r, _| text(r, "/ii")),
    Column::new("TYPE", |r, _| named(r, "/type", &["", "account", "user"])),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("EMAIL", |r, _| text(r, "/email")),
    Column::new("APP", |r, _| text(r, "/appData/name")),
    Column::new("ADMIN", |r, _| text(r, "/isAdmin")),
    Column::new("EXTERNAL", |r, _| text(r, "/isExternal")),
    Column::new("LAST SEEN", |r, zone| time(r, "/lastSeen", zone)),
    Column::new("SCORE", |r, _| text(r, "/threatScore")),
];

pub(crate) const SUBNET: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/_id")),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("CATEGORY", |r, _| named(r, "/category", IP_CATEGORIES)),
    Column::new("NETWORKS", |r, _| joined(r, "/subnets", "/originalString")),
    Column::new("ORGANIZATION", |r, _| text(r, "/organization")),
    Column::new("TAGS", |r, _| joined(r, "/tags", "/name")),
];

pub(crate) const BUILT_IN_LIST: &[Column] = &[
    Column::id("NAME", |r, _| text(r, "/name")),
    Column::new("CATEGORY", |r, _| named(r, "/category", IP_CATEGORIES)),
    Column::new("RANGES", |r, _| text(r, "/ranges")),
    Column::new("NETWORKS", |r, _| text(r, "/networks")),
];

pub(crate) const ENRICHMENT: &[Column] = &[
    Column::new("CHANGES", |r, _| text(r, "/revision")),
    Column::new("PENDING", |r, _| text(r, "/pending")),
    Column::new("DONE", |r, _| text(r, "/done")),
    Column::new("TOTAL", |r, _| text(r, "/total")),
    Column::new("BEGAN", |r, zone| time(r, "/began", zone)),
    Column::new("FINISHED", |r, zone| time(r, "/finished", zone)),
];

pub(crate) const FAULT: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("KIND", |r, _| text(r, "/kind")),
    Column::new("METHOD", |r, _| text(r, "/method")),
    Column::new("PATH", |r, _| text(r, "/path")),
    Column::new("TIMES", |r, _| text(r, "/times")),
    Column::new("PROBABILITY", |r, _| text(r, "/probability")),
    Column::new("SEEN", |r, _| text(r, "/seen")),
    Column::new("FAILED", |r, _| text(r, "/failed")),
];

pub(crate) const LAB_CLOCK: &[Column] = &[
    Column::new("NOW", |r, zone| time(r, "/now", zone)),
    Column::new("STATE", |r, _| text(r, "/state")),
    Column::new("AHEAD MS", |r, _| text(r, "/aheadMilliseconds")),
];

pub(crate) const STREAM: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/_id")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("KIND", |r, _| {
        let kinds = [
            "",
            "input",
            "logical",
            "view",
            "enrichment",
            "snapshot preview",
        ];
        named(r, "/streamType", &kinds)
    }),
    Column::new("LOGS", |r, _| text(r, "/logFilesHistoryCount")),
    Column::new("FAILED", |r, _| text(r, "/logFilesFailsCount")),
    Column::new("LAST DATA", |r, zone| time(r, "/lastDataReceived", zone)),
];

pub(crate) const DISCOVERED_APP: &[Column] = &[
    Column::id("APP ID", |r, _| first(r, &["/appId", "/id"])),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("CATEGORY", |r, _| {
        text(r, "/category").replace("SAASDB_CATEGORY_", "")
    }),
    Column::new("SCORE", |r, _| text(r, "/score")),
    Column::bytes("TRAFFIC", "/trafficTotalBytes"),
    Column::bytes("UPLOADED", "/trafficUploadedBytes"),
    Column::new("TRANSACTIONS", |r, _| {
        first(r, &["/transactionsCount", "/trafficTotalEvents"])
    }),
    Column::new("USERS", |r, _| text(r, "/usersCount")),
    Column::new("IPS", |r, _| text(r, "/ipAddressesCount")),
    Column::new("LAST SEEN", |r, zone| {
        let seen = time(r, "/lastSeen", zone);
        if seen.is_empty() {
            time(r, "/lastUsed", zone)
        } else {
            seen
        }
    }),
    Column::new("TAGS", |r, _| match r.pointer("/tags/0") {
        Some(Value::Object(_)) => joined(r, "/tags", "/name"),
        _ => joined(r, "/tags", ""),
    }),
];

pub(crate) const CATEGORY: &[Column] = &[
    Column::new("CATEGORY", |r, _| text(r, "/id")),
    Column::new("APPS", |r, _| text(r, "/total")),
];

pub(crate) const APP_USER: &[Column] = &[
    Column::new("USER", |r, _| {
        first(r, &["/username", "/name", "/userName", "/_id"])
    }),
    Column::bytes("TRAFFIC", "/trafficTotalBytes"),
    Column::bytes("UPLOADED", "/trafficUploadedBytes"),
    Column::new("LAST SEEN", |r, zone| time(r, "/lastSeen", zone)),
];

pub(crate) const UPLOAD: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("FILE", |r, _| text(r, "/filename")),
    Column::new("REPORT", |r, _| text(r, "/streamName")),
    Column::new("FORMAT", |r, _| first(r, &["/format", "/source"])),
    Column::new("STATE", |r, _| text(r, "/state")),
    Column::bytes("SIZE", "/bytes"),
    Column::new("LINES", |r, _| text(r, "/lines")),
    Column::new("BAD", |r, _| text(r, "/bad")),
    Column::new("ERROR", |r, _| text(r, "/error")),
    Column::new("CREATED", |r, zone| time(r, "/created", zone)),
];

pub(crate) const TENANT: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("DOMAIN", |r, _| text(r, "/defaultDomain")),
    Column::new("CREATED", |r, zone| time(r, "/created", zone)),
];

pub(crate) const EXPORT: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("KIND", |r, _| text(r, "/kind")),
    Column::new("TO", |r, _| {
        let url = text(r, "/url");
        if url.is_empty() {
            text(r, "/host")
        } else {
            url
        }
    }),
    Column::new("STATE", |r, _| text(r, "/state")),
    Column::new("SENT", |r, _| text(r, "/sent")),
    Column::new("LAST SENT", |r, zone| time(r, "/lastSent", zone)),
    Column::new("LAST ERROR", |r, _| text(r, "/lastError")),
];

pub(crate) const API_TOKEN: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("ISSUER", |r, _| text(r, "/issuer")),
    Column::new("STATE", |r, _| text(r, "/state")),
    Column::new("CREATED", |r, zone| time(r, "/created", zone)),
    Column::new("LAST USED", |r, zone| time(r, "/lastUsed", zone)),
];

pub(crate) const SIGNING_KEY: &[Column] = &[
    Column::id("KEY", |r, _| text(r, "/kid")),
    Column::new("ALGORITHM", |r, _| text(r, "/algorithm")),
    Column::new("STATE", |r, _| text(r, "/state")),
    Column::new("SIGNS FROM", |r, zone| time(r, "/signsFrom", zone)),
    Column::new("SIGNS UNTIL", |r, zone| time(r, "/signsUntil", zone)),
    Column::new("PUBLISHED UNTIL", |r, zone| {
        time(r, "/publishedUntil", zone)
    }),
];

pub(crate) const APP: &[Column] = &[
    Column::id("APP ID", |r, _| text(r, "/appId")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("AUDIENCE", |r, _| text(r, "/signInAudience")),
    Column::new("SECRETS", |r, _| {
        let secrets = r.pointer("/passwordCredentials").and_then(Value::as_array);
        secrets.map_or(0, Vec::len).to_string()
    }),
    Column::new("CREATED", |r, zone| time(r, "/createdDateTime", zone)),
    Column::id("OBJECT ID", |r, _| text(r, "/id")),
];

pub(crate) const PERSON: &[Column] = &[
    Column::id("USER", |r, _| text(r, "/userPrincipalName")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("ENABLED", |r, _| text(r, "/accountEnabled")),
    Column::new("ROLES", |r, _| joined(r, "/roles", "")),
    Column::new("CREATED", |r, zone| time(r, "/createdDateTime", zone)),
    Column::id("OBJECT ID", |r, _| text(r, "/id")),
];

pub(crate) const ROLE: &[Column] = &[
    Column::new("ROLE", |r, _| text(r, "/displayName")),
    Column::new("WHAT IT ALLOWS", |r, _| text(r, "/description")),
    Column::id("ID", |r, _| text(r, "/id")),
];

pub(crate) const PERMISSION: &[Column] = &[
    Column::new("RESOURCE", |r, _| text(r, "/resource")),
    Column::new("PERMISSION", |r, _| text(r, "/permission")),
    Column::new("REQUESTED", |r, _| text(r, "/requested")),
    Column::new("CONSENTED", |r, _| text(r, "/consented")),
];

pub(crate) const TOKEN: &[Column] = &[
    Column::new("PART", |r, _| text(r, "/part")),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("VALUE", |r, _| text(r, "/value")),
    Column::new("MEANING", |r, _| text(r, "/meaning")),
];

pub(crate) const CERTIFICATE: &[Column] = &[
    Column::id("KEY ID", |r, _| text(r, "/keyId")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("FROM", |r, zone| time(r, "/startDateTime", zone)),
    Column::new("UNTIL", |r, zone| time(r, "/endDateTime", zone)),
    Column::new("IDENTIFIER", |r, _| text(r, "/customKeyIdentifier")),
];

pub(crate) const FEDERATED: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("ISSUER", |r, _| text(r, "/issuer")),
    Column::new("SUBJECT", |r, _| text(r, "/subject")),
    Column::new("AUDIENCE", |r, _| text(r, "/audiences/0")),
];

pub(crate) const IDENTITY_PROVIDER: &[Column] = &[
    Column::id("ID", |r, _| text(r, "/id")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("ISSUER", |r, _| text(r, "/issuer")),
    Column::new("CLIENT", |r, _| text(r, "/clientId")),
    Column::new("CLAIM", |r, _| text(r, "/claimsMapping/email")),
    Column::new("DOMAINS", |r, _| texts(r, "/domains")),
    Column::new("CREATES", |r, _| text(r, "/isUserCreationEnabled")),
    Column::new("ENABLED", |r, _| text(r, "/isEnabled")),
];

pub(crate) const IDENTITY_PROVIDER_TEST: &[Column] = &[
    Column::new("ISSUER", |r, _| text(r, "/issuer")),
    Column::new("SIGN-IN", |r, _| text(r, "/authorizationEndpoint")),
    Column::new("TOKENS", |r, _| text(r, "/tokenEndpoint")),
    Column::new("METHOD", |r, _| text(r, "/clientAuthenticationMethod")),
    Column::new("KEYS", |r, _| texts(r, "/keys")),
    Column::new("GOOD", |r, _| text(r, "/isGood")),
    Column::new("PROBLEMS", |r, _| texts(r, "/problems")),
];

pub(crate) const IDENTITY_PROVIDER_LINK: &[Column] = &[
    Column::id("PERSON", |r, _| text(r, "/id")),
    Column::new("SUBJECT", |r, _| text(r, "/issuerAssignedId")),
    Column::new("SINCE", |r, zone| time(r, "/createdDateTime", zone)),
];

pub(crate) const SECRET: &[Column] = &[
    Column::id("KEY ID", |r, _| text(r, "/keyId")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("HINT", |r, _| text(r, "/hint")),
    Column::new("FROM", |r, zone| time(r, "/startDateTime", zone)),
    Column::new("UNTIL", |r, zone| time(r, "/endDateTime", zone)),
];

/// A table after a migration.
pub(crate) const MIGRATION: &[Column] = &[
    Column::new("TABLE", |r, _| text(r, "/table")),
    Column::new("ROWS", |r, _| text(r, "/source/rows")),
    Column::new("ROWS IN TARGET", |r, _| text(r, "/target/rows")),
    Column::new("SHA-256", |r, _| text(r, "/source/sha256")),
    Column::new("SHA-256 IN TARGET", |r, _| {
        if r.pointer("/same") == Some(&Value::Bool(true)) {
            "the same".to_owned()
        } else {
            text(r, "/target/sha256")
        }
    }),
];

pub(crate) const AUDIT: &[Column] = &[
    Column::new("TIME", |r, zone| time(r, "/timestamp", zone)),
    Column::new("ACTOR", |r, _| text(r, "/actor")),
    Column::new("ACTION", |r, _| text(r, "/action")),
    Column::new("TARGET", |r, _| text(r, "/target")),
    Column::new("OUTCOME", |r, _| {
        let code = text(r, "/code");
        format!("{} {code}", text(r, "/outcome"))
            .trim_end()
            .to_owned()
    }),
    Column::new("DETAIL", |r, _| text(r, "/detail")),
    Column::new("SOURCE", |r, _| text(r, "/source")),
    Column::new("COUNT", |r, _| text(r, "/count")),
    Column::id("CORRELATION", |r, _| text(r, "/correlationId")),
];

pub(crate) const AUDIT_CHAIN: &[Column] = &[
    Column::id("NODE", |r, _| text(r, "/node")),
    Column::new("LINKS", |r, _| text(r, "/links")),
    Column::new("RECORDS", |r, _| text(r, "/records")),
    Column::id("LAST LINK", |r, _| text(r, "/head/link")),
];

pub(crate) const AUDIT_FINDING: &[Column] = &[
    Column::new("FOUND", |r, _| text(r, "/kind")),
    Column::new("WHAT", |r, _| text(r, "/text")),
    Column::id("NODE", |r, _| text(r, "/node")),
];

pub(crate) const USAGE: &[Column] = &[
    Column::id("APP ID", |r, _| text(r, "/appId")),
    Column::new("NAME", |r, _| text(r, "/displayName")),
    Column::new("PERMISSION", |r, _| text(r, "/permission")),
    Column::new("GRANTED", |r, zone| time(r, "/granted", zone)),
    Column::new("LAST USED", |r, zone| time(r, "/lastUsed", zone)),
    Column::new("LAST CALL", |r, _| text(r, "/lastCall")),
    Column::new("USES", |r, _| text(r, "/count")),
    Column::new("KEEP", |r, _| text(r, "/keep")),
    Column::new("WHY", |r, _| text(r, "/reason")),
];

pub(crate) const CREDENTIAL: &[Column] = &[
    Column::id("APP ID", |r, _| text(r, "/appId")),
    Column::new("APPLICATION", |r, _| text(r, "/displayName")),
    Column::new("KIND", |r, _| text(r, "/kind")),
    Column::id("KEY ID", |r, _| text(r, "/keyId")),
    Column::new("NAME", |r, _| text(r, "/name")),
    Column::new("HINT", |r, _| text(r, "/hint")),
    Column::new("UNTIL", |r, zone| time(r, "/end", zone)),
    Column::new("DAYS LEFT", |r, _| text(r, "/daysLeft")),
    Column::new("EXPIRED", |r, _| text(r, "/expired")),
];
