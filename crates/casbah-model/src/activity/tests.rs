use std::path::PathBuf;

use super::*;

fn recorded() -> Option<String> {
    let shared = std::env::var_os("CASBAH_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(shared.join("corpus/responses/activity.json")).ok();
    if text.is_none() {
        println!("skipped: shared corpus not found");
    }
    text
}

/// The recording, with what Casbah's own records always have and it has not.
fn completed(mut record: Value) -> Value {
    record["_id"] = "1595096313000_97ee2049-893e-4c9d-a312-08d82b46faf7".into();
    record["uid"] = record["_id"].clone();
    record["actionType"] = "15600:EVENT_O365_ONEDRIVE_GENERIC:FilePreviewed".into();
    record
}

/// Paths of all values with their JSON types, those below `rawDataJson` left out.
fn shape(value: &Value, path: &str, into: &mut Vec<(String, &'static str)>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                shape(item, &format!("{path}[{index}]"), into);
            }
            "array"
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if name != "rawDataJson" {
                    shape(field, &format!("{path}.{name}"), into);
                }
            }
            "object"
        }
    };
    into.push((path.to_owned(), kind));
}

#[test]
fn the_record_has_the_shape_of_the_recording() {
    let Some(text) = recorded() else { return };
    let recorded = completed(serde_json::from_str(&text).unwrap());
    let activity: Activity = serde_json::from_str(&recorded.to_string()).unwrap();
    let written = serde_json::to_value(&activity).unwrap();

    let (mut expected, mut found) = (Vec::new(), Vec::new());
    shape(&recorded, "", &mut expected);
    shape(&written, "", &mut found);
    // Which machines of the original service carried a record says nothing about it.
    let inner =
        |path: &str| path.starts_with(".lograbberService") || path.starts_with(".collected");
    let missing: Vec<_> = expected
        .iter()
        .filter(|entry| !inner(&entry.0) && !found.contains(entry))
        .collect();
    assert_eq!(missing, Vec::<&(String, &str)>::new());
    let added: Vec<_> = found
        .iter()
        .filter(|entry| !expected.contains(entry))
        .collect();
    assert_eq!(added, [&(".eventRouting.adminEvent".to_owned(), "bool")]);
    assert_eq!(written["rawDataJson"], recorded["rawDataJson"]);
    assert_eq!(written["mainInfo"], recorded["mainInfo"]);
    assert_eq!(written["resolvedActor"], recorded["resolvedActor"]);
    assert_eq!(written["entityData"], recorded["entityData"]);
}

#[test]
fn accessors_read_the_recording() {
    let Some(text) = recorded() else { return };
    let recorded = completed(serde_json::from_str(&text).unwrap());
    let activity: Activity = serde_json::from_str(&recorded.to_string()).unwrap();
    assert_eq!(activity.user_name(), Some("avi@contoso.example"));
    assert_eq!(activity.country(), Some("IL"));
    assert_eq!(activity.isp(), Some("Cellcom Group"));
    assert_eq!(activity.ip(), "8.8.8.8".parse().ok());
    let key = activity.user_key().unwrap();
    assert_eq!(key.ii(), "11161|0|3fa9f28b-eb0e-463a-ba7b-8089fe9991e2");
    assert_eq!(activity.entity_keys().count(), 2);
    assert_eq!(activity.targets().count(), 1);
    assert!(activity.is_success() && !activity.is_admin_event() && !activity.is_impersonated());
}

#[test]
fn ids_are_derived_and_round_trip() {
    let tenant = |n| TenantId::new(uuid::Uuid::from_u128(n));
    let derive = |n, source, id| ActivityId::derive(tenant(n), source, id, Timestamp(12));
    let id = derive(1, "a", "x");
    assert_eq!(id, derive(1, "a", "x"));
    for other in [
        derive(2, "a", "x"),
        derive(1, "b", "x"),
        derive(1, "a", "y"),
    ] {
        assert_ne!(id, other);
    }
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in [
        "",
        "12",
        "12_",
        "_",
        "+12_97ee2049-893e-4c9d-a312-08d82b46faf7",
        "12_97EE2049-893e-4c9d-a312-08d82b46faf7",
    ] {
        assert_eq!(
            text.parse::<ActivityId>(),
            Err(ParseActivityIdError),
            "{text}"
        );
    }
}

#[test]
fn unknown_kinds_of_events_are_unspecified() {
    let read = |name: &str| serde_json::from_str::<EventCategory>(&format!("\"{name}\"")).unwrap();
    assert_eq!(read("EVENT_CATEGORY_BREW_TEA"), EventCategory::Unspecified);
    for category in [
        EventCategory::Login,
        EventCategory::FailedLogin,
        EventCategory::ShareFile,
    ] {
        assert_eq!(read(category.as_str()), category);
    }
}

#[test]
fn the_tenant_number_is_positive() {
    for value in [0, u128::MAX, 0xebac_1a16 << 96] {
        assert!(tenant_number(TenantId::new(uuid::Uuid::from_u128(value))) >= 0);
    }
}
