//! Answers beside recorded answers of the original: every field that those have is here,
//! with the same type, unless `docs/differences.md` says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use casbah_model::permission::Permission;
use serde_json::{Value, json};

use super::TestServer;

/// The types at each place of records; what a source sent itself is one place.
type Shape = BTreeMap<String, BTreeSet<&'static str>>;

const OPAQUE: [&str; 2] = [".rawDataJson", ".data[].rawDataJson"];

fn recorded(name: &str) -> Option<Value> {
    let shared = std::env::var_os("CASBAH_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = shared.join("corpus/responses").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn add(shape: &mut Shape, place: &str, value: &Value) {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    shape.entry(place.to_owned()).or_default().insert(name);
    match value {
        Value::Object(parts) if !OPAQUE.contains(&place) => {
            for (name, part) in parts {
                add(shape, &format!("{place}.{name}"), part);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                // Entities of an alert have the fields of their type.
                let kind = element["type"].as_str().unwrap_or_default();
                add(shape, &format!("{place}[{kind}]"), element);
            }
        }
        _ => {}
    }
}

fn shape_of<'a>(records: impl IntoIterator<Item = &'a Value>) -> Shape {
    let mut shape = Shape::new();
    for record in records {
        add(&mut shape, "", record);
    }
    shape
}

/// The places where ours is not as recorded, the outermost alone.
fn differences(kind: &str, recorded: &Shape, ours: &Shape) -> BTreeSet<String> {
    let mut places: Vec<&str> = Vec::new();
    for (place, types) in recorded {
        let is_inner = places.iter().any(|outer| {
            place
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with(['.', '[']))
        });
        let is_same = ours.get(place).is_some_and(|here| {
            let mut known = types.iter().filter(|name| **name != "null");
            known.all(|name| here.contains(name))
        });
        if !is_inner && !is_same {
            places.push(place);
        }
    }
    let named = places
        .into_iter()
        .map(|place| format!("{kind} `{}`", &place[1..]));
    named.collect()
}

/// What the page lists: kind and place of each row.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../../docs/differences.md");
    let cells = page.lines().map(|line| line.split('|').map(str::trim));
    let rows = cells.filter_map(|mut cells| {
        let (_, kind, place) = (cells.next()?, cells.next()?, cells.next()?);
        place.starts_with('`').then(|| format!("{kind} {place}"))
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_fields_of_the_originals() {
    let (Some(activity), Some(alert), Some(entities), Some(error)) = (
        recorded("activity.json"),
        recorded("alert.json"),
        recorded("entities_list.json"),
        recorded("filter_error.json"),
    ) else {
        return;
    };
    let server = TestServer::start().await;
    server.play_demo(server.tenant).await;
    let client = server.client(server.tenant, &[Permission::InvestigationManage]);
    let token = server.token(&client.await, |_| {});
    let call = async |path: &str, body: Value| {
        let answer = server.call("POST", path, Some(&token), body.to_string());
        answer.await.json()
    };
    let all = call("/api/v1/alerts/", json!({})).await;
    let id = &all["data"][0]["_id"];
    let close = json!({"filters": {"id": {"eq": [id]}}, "comment": "seen"});
    call("/api/v1/alerts/close_benign/", close).await;
    let alerts = call("/api/v1/alerts/", json!({})).await;
    let activities = call(
        "/api/v1/activities/",
        json!({"isScan": true, "limit": 5000}),
    )
    .await;
    let ours = call("/api/v1/entities/", json!({})).await;
    let records = |list: &Value| list["data"].as_array().unwrap().clone();
    let mut found = BTreeSet::new();
    for (kind, original, here) in [
        ("activity", &activity, records(&activities)),
        ("alert", &alert, records(&alerts)),
        ("entities list", &entities, vec![ours]),
    ] {
        let (original, here) = (shape_of([original]), shape_of(&here));
        found.append(&mut differences(kind, &original, &here));
    }
    assert_eq!(
        found,
        documented(),
        "left: found, right: docs/differences.md"
    );

    let refused = json!({"filters": {"id": {"eq": ["<alert_id>"]}}});
    let mut refused = call("/api/v1/alerts/", refused).await;
    // What one client reads beside the recorded form.
    refused.as_object_mut().unwrap().remove("errors");
    assert_eq!(refused, error);
}

#[test]
fn a_field_that_is_missing_or_of_another_type_is_told() {
    let original = json!({"a": 1, "b": {"c": "x", "d": null}, "e": [{"type": "ip", "f": 1.5}]});
    for (ours, expected) in [
        (
            json!({"a": 2, "b": {"c": "y", "d": 1}, "e": [{"type": "ip", "f": 2.5}]}),
            vec![],
        ),
        (
            json!({"a": "2", "b": {"c": "y", "d": 1}, "e": []}),
            vec!["x `a`", "x `e[ip]`"],
        ),
        (
            json!({"a": 2, "e": [{"type": "ip", "f": 2}]}),
            vec!["x `b`", "x `e[ip].f`"],
        ),
        (
            json!({"a": 2, "b": {"c": null}, "e": [{"type": "ip", "f": 2.5}]}),
            vec!["x `b.c`", "x `b.d`"],
        ),
    ] {
        let told = differences("x", &shape_of([&original]), &shape_of([&ours]));
        assert_eq!(told.into_iter().collect::<Vec<_>>(), expected, "{ours}");
    }
}
