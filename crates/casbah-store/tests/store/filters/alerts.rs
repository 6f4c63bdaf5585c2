use casbah_model::alert::{Alert, AlertEntity, AlertHandling, CloseKind, Resolution};
use casbah_model::audit::Origin;
use casbah_model::filter::{ALERTS, Condition, Scalar, Test, fold};
use casbah_model::ids::TenantId;
use casbah_model::time::{DAY_MS, Timestamp};
use casbah_store::Store;
use serde_json::{Value, json};

use super::plain::{Plain, by_equality, holds, wanted};
use super::{NOW, Pool, RECORDS, SETS, compare, random_records, read, runner};
use crate::alerts::commit;
use crate::samples::alert;

const PEOPLE: [&str; 4] = ["Anna@contoso.example", "bob@contoso.example", "İlk", "a|b%"];
const ADDRESSES: [&str; 3] = ["8.8.8.8", "2001:db8::1", "10.0.0.1"];
const FILES: [&str; 3] = ["drive|item", "drive|Item_2", "other"];

fn random(tenant: TenantId, number: usize, parts: &[usize]) -> Alert {
    let of = |part: usize, count: usize| parts[part] % count;
    let at = NOW.millis() - i64::try_from(parts[0]).unwrap() * DAY_MS / 150_000;
    let mut record = serde_json::to_value(alert(tenant, at, "x")).unwrap();
    record["description"] = json!(format!("story {number}"));
    record["statusValue"] = json!(of(1, 2));
    record["severityValue"] = json!(of(2, 4));
    record["threatScore"] = json!(of(3, 11));
    record["idValue"] = json!(15_794_945 + of(4, 3));
    if of(5, 3) > 0 {
        record["policy"] = json!({"id": format!("5F{}", of(5, 3)), "label": "x",
            "policyType": "ANOMALY_DETECTION", "type": "policyRule"});
    }
    let person = PEOPLE[of(6, PEOPLE.len())];
    let address = ADDRESSES[of(7, ADDRESSES.len())];
    let file = FILES[of(8, FILES.len())];
    let app = [11161, 20893][of(9, 2)];
    let all = [
        json!({"type": "account", "id": person, "label": person, "pa": null, "inst": of(10, 2),
            "saas": app, "entityType": 2}),
        json!({"type": "user", "id": person, "label": person}),
        json!({"type": "user", "id": PEOPLE[of(11, PEOPLE.len())], "label": "x"}),
        json!({"type": "ip", "id": address, "label": address}),
        json!({"type": "service", "id": app, "label": "x"}),
        json!({"type": "file", "id": file, "label": "x"}),
        json!({"type": "country", "id": "US", "label": "US"}),
    ];
    let chosen = all.into_iter().enumerate();
    let chosen = chosen.filter(|(place, _)| parts[12] >> place & 1 == 1);
    record["entities"] = chosen.map(|(_, entity)| entity).collect();
    serde_json::from_value(record).unwrap()
}

fn values(alert: &Alert, field: &str) -> Vec<Plain> {
    let int = |number: i64| vec![Plain::Int(number)];
    let entities = alert.entities.iter();
    match field {
        "severity" => int(alert.severity_value.value()),
        "resolutionStatus" => int(alert.resolution_status_value.value()),
        "alertOpen" => vec![Plain::Bool(
            alert.resolution_status_value == Resolution::Open,
        )],
        "read" => vec![Plain::Bool(alert.status_value.value() > 0)],
        "risk" => int(alert.threat_score.into()),
        "alertType" => int(alert.id_value.into()),
        "date" => int(alert.timestamp.millis()),
        "resolutionDate" => alert
            .resolve_time
            .as_deref()
            .map(|time| Plain::Int(Timestamp::parse(time).unwrap().millis()))
            .into_iter()
            .collect(),
        "id" => vec![Plain::folded(&alert.id.to_string())],
        "source" => int(0),
        "entity.policy" => {
            let policy = alert.policy.iter();
            policy.map(|policy| Plain::exact(&policy.id)).collect()
        }
        "entity.user" => entities
            .filter_map(|entity| match entity {
                AlertEntity::User { id, .. } => Some(Plain::folded(id)),
                _ => None,
            })
            .collect(),
        "entity.ip" => entities
            .filter_map(|entity| match entity {
                AlertEntity::Ip { id, .. } => Some(Plain::folded(id)),
                _ => None,
            })
            .collect(),
        "entity.file" => entities
            .filter_map(|entity| match entity {
                AlertEntity::File { id, .. } => Some(Plain::folded(id)),
                _ => None,
            })
            .collect(),
        "entity.service" => entities
            .filter_map(|entity| match entity {
                AlertEntity::Service { id, .. } => Some(Plain::Int(id.0.into())),
                _ => None,
            })
            .collect(),
        "entity.instance" => entities
            .filter_map(|entity| match entity {
                AlertEntity::Account { inst, .. } => Some(Plain::Int((*inst).into())),
                AlertEntity::Service { .. } => Some(Plain::Int(0)),
                _ => None,
            })
            .collect(),
        other => unreachable!("{other} is not a field of one value"),
    }
}

/// An account is meant by its key, and so is a person.
fn speaks_of(alert: &Alert, test: &Test) -> bool {
    let is_meant = |values: &[Scalar], entity: &AlertEntity| {
        wanted(values).any(|wanted| match entity {
            AlertEntity::Account { id, saas, inst, .. } => {
                fold(id) == wanted.id && wanted.is_at(saas.unwrap().0, *inst)
            }
            AlertEntity::User { id, .. } => fold(id) == wanted.id && wanted.is_at_people(),
            _ => false,
        })
    };
    let is_somebody = |entity: &AlertEntity| {
        matches!(
            entity,
            AlertEntity::Account { .. } | AlertEntity::User { .. }
        )
    };
    by_equality(test, |values| {
        let nobody = !alert.entities.iter().any(is_somebody);
        (values.contains(&Scalar::Null) && nobody)
            || alert.entities.iter().any(|entity| is_meant(values, entity))
    })
}

fn fulfils(alert: &Alert, Condition { field, test }: &Condition) -> bool {
    match field.name {
        "entity.entity" => speaks_of(alert, test),
        name => holds(test, &values(alert, name)),
    }
}

fn pool(alerts: &[Alert]) -> Pool {
    let mut pool = Pool::default();
    for field in ALERTS.fields {
        if field.name == "entity.entity" {
            let keys = PEOPLE.iter().flat_map(|id| {
                [
                    json!(id),
                    json!({"id": id, "saas": 20893}),
                    json!({"id": id, "saas": 11161, "inst": 1}),
                ]
            });
            pool.add(field.name, keys);
        } else {
            let values = alerts.iter().flat_map(|alert| values(alert, field.name));
            pool.add(field.name, values.map(Plain::into_json));
        }
    }
    pool.add("source", [json!("builtin"), json!("policy"), json!(1)]);
    pool
}

/// Closes some of the alerts, each in one of the three ways.
async fn close_some(store: &Store, tenant: TenantId, records: &[Vec<usize>], alerts: &[Alert]) {
    let kinds = [
        CloseKind::Benign,
        CloseKind::FalsePositive,
        CloseKind::TruePositive,
    ];
    for (parts, alert) in records.iter().zip(alerts) {
        if let Some(kind) = kinds.get(parts[13] % 6) {
            let at = NOW.plus_millis(-i64::try_from(parts[14]).unwrap());
            let filter = read(&ALERTS, &json!({"id": {"eq": alert.id}})).filter;
            let close = AlertHandling::new(kind.resolution(), "anna", at);
            let handled = store.handle_alerts(tenant, filter, close, Origin::default());
            let handled = handled.await.unwrap();
            assert_eq!(handled.count, 1);
        }
    }
}

crate::on_both!(of_alerts, |store: Store| async move {
    for set in 0..SETS {
        let mut runner = runner(set);
        let tenant = TenantId::random();
        let records = random_records(&mut runner);
        let alerts = records.iter().enumerate();
        let alerts: Vec<_> = alerts
            .map(|(number, parts)| random(tenant, number, parts))
            .collect();
        commit(&store, tenant, alerts.clone()).await;
        close_some(&store, tenant, &records, &alerts).await;
        let query = read(&ALERTS, &Value::Null);
        let alerts = store.list_alerts(tenant, query).await.unwrap().data;
        assert_eq!(alerts.len(), RECORDS);
        let id = |alert: &Alert| alert.id.to_string();
        compare(
            &mut runner,
            &ALERTS,
            &pool(&alerts),
            async |query| {
                let page = store.list_alerts(tenant, query).await.unwrap();
                page.data.iter().map(id).collect()
            },
            |conditions| {
                let found = alerts
                    .iter()
                    .filter(|alert| conditions.iter().all(|one| fulfils(alert, one)));
                found.map(id).collect()
            },
        );
    }
});
