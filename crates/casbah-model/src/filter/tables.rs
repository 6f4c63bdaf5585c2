//! The tables of filters in the documentation, row by row, against what is accepted.
//!
//! The rows are written after MicrosoftDocs/CloudAppSecurityDocs (`api-activities.md`,
//! `api-alerts.md`, `api-entities.md`, `api-files.md`, `api-data-enrichment.md`) and not
//! read from the code that they check.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{ACTIVITIES, ALERTS, ENTITIES, FILES, FilterError, IP_RANGES, ListSpec, parse_query};
use crate::time::Timestamp;

/// Every operator of the language, also those that no field of ours takes.
const OPERATORS: [&str; 22] = [
    "eq",
    "neq",
    "deq",
    "contains",
    "ncontains",
    "startswith",
    "startswithsingle",
    "doesnotstartwith",
    "endswith",
    "gt",
    "gte",
    "lt",
    "lte",
    "range",
    "gte_ndays",
    "lte_ndays",
    "isset",
    "isnotset",
    "descendantof",
    "ndescendantof",
    "text",
    "cabinetmatchedrulesequals",
];

const ID: &str = "5f06d71dba4289d0602ba5ac";

/// Name, a value of its type, operators. Several names stand for rows that are alike.
type Row = (&'static str, &'static str, &'static str);

const ACTIVITY_ROWS: &[Row] = &[
    ("service", "11770", "eq neq"),
    ("instance", "0", "eq neq"),
    (
        "user.orgUnit user.domain",
        "\"contoso.example\"",
        "eq neq isset isnotset",
    ),
    ("actionType", "\"login\"", "contains eq neq isset isnotset"),
    (
        "activity.eventActionType activity.eventType",
        "\"EVENT_CATEGORY_LOGIN\"",
        "eq neq",
    ),
    (
        "activity.actionType",
        "\"11161:EVENT_AAD_LOGIN:OAuth2:Authorize\"",
        "eq neq",
    ),
    ("fileLabels", "\"x\"", "eq neq"),
    ("activity.id activity.alertId fileId", "\"x\"", "eq"),
    ("activity.impersonated activity.type", "true", "eq"),
    ("activity.takenAction", "\"BypassProxy\"", "eq neq"),
    ("device.type", "\"DESKTOP\"", "eq neq"),
    (
        "device.tags userAgent.tags ip.tags",
        "\"000000290000000000000000\"",
        "eq neq",
    ),
    ("userAgent.userAgent", "\"curl\"", "contains ncontains"),
    ("location.country", "\"DE\"", "eq neq isset isnotset"),
    (
        "location.organizations",
        "\"isp\"",
        "eq neq isset isnotset contains",
    ),
    (
        "ip.address",
        "\"8.8.8.8\"",
        "eq startswith doesnotstartwith isset isnotset neq",
    ),
    ("ip.category", "1", "eq neq"),
    ("fileSelector activityObject", "\"x\"", "eq neq"),
    (
        "office365url",
        "\"https://contoso.example/\"",
        "startswith eq endswith",
    ),
    ("text", "\"words\"", "eq startswithsingle text"),
    ("date", "1595096313000", "lte gte range lte_ndays gte_ndays"),
    ("created", "1595096313000", "lte gte range gt lt eq"),
    ("policy", "\"x\"", "eq neq isset isnotset"),
    ("source", "{\"s\": \"x\", \"t\": 2}", "eq neq"),
    (
        "entity",
        "{\"id\": \"x\", \"saas\": 11161, \"inst\": 0}",
        "eq neq isset isnotset startswith",
    ),
    (
        "user.username",
        "\"a@b.example\"",
        "eq neq isset isnotset startswith",
    ),
    (
        "user.tags",
        "{\"role\": 1, \"adv\": true}",
        "eq neq isset isnotset startswith",
    ),
];

const ALERT_ROWS: &[Row] = &[
    (
        "entity.entity",
        "{\"id\": \"x\", \"saas\": 11161, \"inst\": 0}",
        "eq neq",
    ),
    (
        "entity.user entity.ip entity.file entity.policy",
        "\"x\"",
        "eq neq",
    ),
    // `service` is what older clients send.
    (
        "entity.service service entity.instance instance",
        "11161",
        "eq neq",
    ),
    ("alertOpen read", "true", "eq"),
    ("severity resolutionStatus risk alertType", "2", "eq neq"),
    ("date", "1595096313000", "lte gte range lte_ndays gte_ndays"),
    ("resolutionDate", "1595096313000", "lte gte range"),
    ("id ID", "\"5f06d71dba4289d0602ba5ac\"", "eq neq"),
    ("source", "\"builtin\"", "eq"),
];

const ENTITY_ROWS: &[Row] = &[
    ("type", "\"user\"", "eq neq"),
    ("isAdmin isExternal", "\"true\"", "eq"),
    ("displayName", "\"Ann\"", "eq"),
    ("score", "7", "lt gt isset isnotset"),
    (
        "entity",
        "{\"id\": \"x\", \"saas\": 11161, \"inst\": 0}",
        "eq neq",
    ),
    ("userGroups", "\"000000200000000000000000\"", "eq neq"),
    // `service` is what older clients send.
    ("app service instance status", "2", "eq neq"),
    (
        "domain organization",
        "\"contoso.example\"",
        "eq neq isset isnotset",
    ),
];

const FILE_ROWS: &[Row] = &[
    ("service instance fileType sharing", "1", "eq neq"),
    (
        "collaborators.entity collaborators.users owner.entity",
        "{\"id\": \"x\", \"saas\": 11161, \"inst\": 0}",
        "eq neq",
    ),
    (
        "collaborators.domains collaborators.groups owner.orgUnit owner.username fileId extension \
         mimeType parentFolder",
        "\"x\"",
        "eq neq",
    ),
    ("allowDeleted trashed folder quarantined", "true", "eq"),
    (
        "policy",
        "\"5f06d71dba4289d0602ba5ac\"",
        "cabinetmatchedrulesequals neq isset isnotset",
    ),
    ("filename", "\"plan\"", "eq text"),
    (
        "modifiedDate",
        "1595096313000",
        "lte gte range lte_ndays gte_ndays",
    ),
    (
        "createdDate snapshotLastModifiedDate",
        "1595096313000",
        "lte gte range",
    ),
    (
        "collaborators.withDomain",
        "\"contoso.example\"",
        "eq neq deq",
    ),
    (
        "fileLabels fileScanLabels",
        "\"x\"",
        "eq neq isset isnotset",
    ),
];

const IP_RANGE_ROWS: &[Row] = &[
    ("category", "1", "eq neq"),
    ("tags", "\"000000290000000000000000\"", "eq neq"),
    ("builtIn", "true", "eq"),
];

fn parse(list: &'static ListSpec, filters: &Value) -> Result<(), FilterError> {
    let parameters = Map::from_iter([("filters".to_owned(), filters.clone())]);
    parse_query(list, &parameters, Timestamp(1_595_096_313_000)).map(|_| ())
}

/// What an operator takes of a field with this value.
fn operand(operator: &str, value: &Value) -> Value {
    match operator {
        "isset" | "isnotset" => json!(true),
        "gte_ndays" | "lte_ndays" => json!(0),
        "range" => json!([{"start": value, "end": value}]),
        _ => value.clone(),
    }
}

#[test]
fn each_field_takes_the_operators_of_its_row_alone() {
    for (list, rows) in [
        (&ACTIVITIES, ACTIVITY_ROWS),
        (&ALERTS, ALERT_ROWS),
        (&ENTITIES, ENTITY_ROWS),
        (&FILES, FILE_ROWS),
        (&IP_RANGES, IP_RANGE_ROWS),
    ] {
        let mut named = BTreeSet::new();
        for (names, value, operators) in rows {
            let value: Value = serde_json::from_str(value).unwrap();
            let allowed: BTreeSet<_> = operators.split(' ').collect();
            for name in names.split_whitespace() {
                named.insert(name);
                for operator in OPERATORS {
                    let operand = operand(operator, &value);
                    let filters = json!({name: {operator: operand}});
                    let parsed = parse(list, &filters);
                    if allowed.contains(operator) {
                        assert_eq!(parsed, Ok(()), "{} {filters}", list.name);
                    } else {
                        let is_refused = matches!(parsed, Err(FilterError::Operator { .. }));
                        assert!(is_refused, "{} {filters}: {parsed:?}", list.name);
                    }
                }
            }
        }
        let fields = list.fields.iter();
        let known: BTreeSet<_> = fields
            .flat_map(|field| field.aliases.iter().copied().chain([field.name]))
            .collect();
        assert_eq!(known, named, "{}", list.name);
    }
}

#[test]
fn values_that_are_not_of_the_type_are_refused() {
    for (list, filters) in [
        (&ACTIVITIES, json!({"service": {"eq": "office"}})),
        (&ACTIVITIES, json!({"activity.type": {"eq": "admin"}})),
        (&ACTIVITIES, json!({"date": {"gte": "yesterday"}})),
        (&ACTIVITIES, json!({"date": {"range": [5]}})),
        (&ACTIVITIES, json!({"text": {"text": ["one", "two"]}})),
        (&ACTIVITIES, json!({"entity": {"eq": [{"saas": 11161}]}})),
        (&ALERTS, json!({"id": {"eq": ["<alert_id>"]}})),
        (&ALERTS, json!({"severity": {"eq": "urgent"}})),
        (&ENTITIES, json!({"type": {"eq": "robot"}})),
        (&ENTITIES, json!({"affiliation": {"eq": "external"}})),
        (&ENTITIES, json!({"score": {"isset": "perhaps"}})),
        (
            &FILES,
            json!({"mimeType": {"eq": ["text/plain", "text/html"]}}),
        ),
        (
            &FILES,
            json!({"policy": {"cabinetmatchedrulesequals": ["x"]}}),
        ),
        (
            &FILES,
            json!({"fileType": {"eq": 1.5}, "folder": {"eq": 2}}),
        ),
        (
            &FILES,
            json!({"collaborators.withDomain": {"deq": {"deep": 1}}}),
        ),
        (&IP_RANGES, json!({"category": {"eq": ["office"]}})),
    ] {
        assert!(parse(list, &filters).is_err(), "{} {filters}", list.name);
    }
    for (list, filters) in [
        (&FILES, json!({"mimeType": {"eq": ["text/plain"]}})),
        (
            &FILES,
            json!({"policy": {"cabinetmatchedrulesequals": ID, "neq": [ID]}}),
        ),
        (
            &FILES,
            json!({"sharing": {"eq": ["public", 4]}, "fileType": {"neq": "image"}}),
        ),
        (&ENTITIES, json!({"isExternal": {"eq": [true, null]}})),
    ] {
        assert_eq!(parse(list, &filters), Ok(()), "{filters}");
    }
}
