//! Walks through whole lists, in steps of any length.

use casbah_model::activity::Activity;
use casbah_model::alert::Alert;
use casbah_model::entity::{Entity, EntityKey, EntityObservation, EntityType};
use casbah_model::filter::{ACTIVITIES, ALERTS, ENTITIES, ListQuery, ListSpec};
use casbah_model::ids::{SaasId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{Step, Store, StoreError, Walk};
use serde_json::{Value, json};

use crate::alerts::commit;
use crate::samples::{activity, alert, query};

/// More than any list here has.
const ALL: u32 = 10_000;

fn sorted(list: &'static ListSpec, field: &str, direction: &str) -> ListQuery {
    filtered(list, &json!({}), field, direction)
}

fn filtered(list: &'static ListSpec, filters: &Value, field: &str, direction: &str) -> ListQuery {
    let parameters = json!({"filters": filters, "sortField": field, "sortDirection": direction});
    ListQuery {
        limit: ALL,
        ..query(list, &parameters)
    }
}

/// All records of a walk in steps of `limit`.
async fn walked<T>(
    skip: u32,
    limit: u32,
    step: impl AsyncFn(Walk, u32) -> Result<Step<T>, StoreError>,
) -> Vec<T> {
    let (mut all, mut walk) = (Vec::new(), Walk::FromStart { skip });
    loop {
        let Step { records, next } = step(walk, limit).await.unwrap();
        assert!(records.len() <= limit as usize);
        all.extend(records);
        match next {
            Some(place) => walk = Walk::After(place),
            None => return all,
        }
    }
}

fn id(record: &[u8]) -> String {
    assert!(!record.contains(&b'\n'));
    let activity: Activity = serde_json::from_slice(record).unwrap();
    activity.id.to_string()
}

/// Activities of which many happened in one millisecond, and were saved in another order.
fn activities(tenant: TenantId, numbers: std::ops::Range<i64>) -> Vec<Activity> {
    let made = numbers.map(|number| {
        let user = format!("user{number}@contoso.example");
        let mut activity = activity(tenant, 1_000 + number % 7, &user, "FileUploaded");
        activity.created = Timestamp(5_000 - number % 5);
        activity
    });
    made.collect()
}

crate::on_both!(
    a_walk_gives_the_list_whatever_its_steps,
    |store: Store| async move {
        let tenant = TenantId::random();
        let made = activities(tenant, 0..50);
        store
            .ingest_activities(tenant, 0, made, Vec::new())
            .await
            .unwrap();
        let alerts = (0..20).map(|number| {
            let mut alert = alert(tenant, 1_000 + number % 3, &format!("user{number}"));
            alert.description = format!("story {number}");
            alert
        });
        commit(&store, tenant, alerts.collect()).await;
        let observations = (0..20).map(|number| EntityObservation {
            key: EntityKey {
                id: format!("account{number}"),
                saas: SaasId(11161),
                inst: 0,
            },
            kind: EntityType::Account,
            display_name: format!("Anna {}", number % 4),
            principal_name: None,
            is_admin: false,
            is_program: false,
            is_external: None,
            seen: Timestamp(1_000 + number % 3),
        });
        store
            .ingest_activities(tenant, 0, Vec::new(), observations.collect())
            .await
            .unwrap();
        for direction in ["asc", "desc"] {
            for (skip, limit) in [(0, 1), (0, 3), (0, 10), (0, 50), (0, 51), (7, 4), (60, 5)] {
                let filters = [
                    json!({}),
                    json!({"date": {"range": [{"start": 1_002, "end": 1_005}]}}),
                    json!({"date": {"gte": 1_002}, "user.username": {"startswith": ["user1"]}}),
                ];
                let fields = ACTIVITIES.sort_fields.iter();
                let lists = fields.flat_map(|field| filters.iter().map(move |one| (field, one)));
                for (field, filters) in lists {
                    let query = filtered(&ACTIVITIES, filters, field, direction);
                    let page = store.list_activities(tenant, query.clone()).await.unwrap();
                    let expected = page.data.iter().map(|record| id(record.get().as_bytes()));
                    let found = walked(skip, limit, async |walk, limit| {
                        let query = query.clone();
                        store.walk_activities(tenant, query, walk, limit).await
                    });
                    let found: Vec<_> = found.await.iter().map(|record| id(record)).collect();
                    let expected: Vec<_> = expected.skip(skip as usize).collect();
                    assert_eq!(found, expected, "{filters} {field} {direction} {limit}");
                }
                for field in ALERTS.sort_fields {
                    let query = sorted(&ALERTS, field, direction);
                    let page = store.list_alerts(tenant, query.clone()).await.unwrap();
                    let found: Vec<Alert> = walked(skip, limit, async |walk, limit| {
                        let query = query.clone();
                        store.walk_alerts(tenant, query, walk, limit).await
                    })
                    .await;
                    let expected: Vec<_> = page.data.into_iter().skip(skip as usize).collect();
                    assert_eq!(found, expected, "{field} {direction} {limit}");
                }
                for field in ENTITIES.sort_fields {
                    let query = sorted(&ENTITIES, field, direction);
                    let page = store.list_entities(tenant, query.clone()).await.unwrap();
                    let found: Vec<Entity> = walked(skip, limit, async |walk, limit| {
                        let query = query.clone();
                        store.walk_entities(tenant, query, walk, limit).await
                    })
                    .await;
                    let expected: Vec<_> = page.data.into_iter().skip(skip as usize).collect();
                    assert_eq!(found, expected, "{field} {direction} {limit}");
                }
            }
        }
    }
);

crate::on_both!(
    a_walk_is_not_disturbed_by_what_arrives,
    |store: Store| async move {
        for direction in ["asc", "desc"] {
            let tenant = TenantId::random();
            let made = activities(tenant, 0..50);
            let mut there: Vec<_> = made.iter().map(|one| one.id.to_string()).collect();
            store
                .ingest_activities(tenant, 0, made, Vec::new())
                .await
                .unwrap();
            let query = sorted(&ACTIVITIES, "date", direction);
            let arrived = std::cell::Cell::new(50);
            let found = walked(0, 4, async |walk, limit| {
                let next = arrived.replace(arrived.get() + 3);
                let more = activities(tenant, next..next + 3);
                store.ingest_activities(tenant, 0, more, Vec::new()).await?;
                let query = query.clone();
                store.walk_activities(tenant, query, walk, limit).await
            });
            let mut found: Vec<_> = found.await.iter().map(|record| id(record)).collect();
            found.sort();
            let count = found.len();
            found.dedup();
            assert_eq!(found.len(), count, "nothing comes twice");
            there.retain(|id| !found.contains(id));
            assert!(there.is_empty(), "{there:?} are missing");
        }
    }
);
