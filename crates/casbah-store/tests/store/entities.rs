use casbah_model::entity::{EntityKey, EntityObservation, EntityType};
use casbah_model::filter::ENTITIES;
use casbah_model::ids::{SaasId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{Store, Total};
use serde_json::json;

use crate::samples::query;

const ACCOUNT: &str = "4e01d213-d3d9-47bc-8bc3-1a8c1d9e2c3b";

fn observed(
    seen: i64,
    principal_name: Option<&str>,
    is_external: Option<bool>,
) -> EntityObservation {
    EntityObservation {
        key: key(),
        kind: EntityType::Account,
        display_name: format!("Anna {seen}"),
        principal_name: principal_name.map(str::to_owned),
        is_admin: false,
        is_program: false,
        is_external,
        seen: Timestamp(seen),
    }
}

fn key() -> EntityKey {
    EntityKey {
        id: ACCOUNT.to_owned(),
        saas: SaasId(11161),
        inst: 0,
    }
}

crate::on_both!(
    the_latest_event_tells_what_is_known,
    |store: Store| async move {
        for (observations, name, email, is_external) in [
            (
                vec![
                    observed(1000, None, Some(false)),
                    observed(2000, Some("Anna@contoso.example"), Some(false)),
                ],
                "Anna 2000",
                Some("Anna@contoso.example"),
                false,
            ),
            (
                vec![
                    observed(2000, None, Some(false)),
                    observed(1000, Some("anna@contoso.example"), Some(true)),
                ],
                "Anna 2000",
                Some("anna@contoso.example"),
                false,
            ),
            (
                vec![
                    observed(1000, Some("anna@contoso.example"), Some(false)),
                    observed(3000, Some("anna@other.example"), Some(true)),
                    observed(2000, Some("old@contoso.example"), Some(false)),
                ],
                "Anna 3000",
                Some("anna@other.example"),
                true,
            ),
            (
                vec![
                    observed(1000, Some("anna@contoso.example"), Some(true)),
                    observed(2000, None, None),
                ],
                "Anna 2000",
                Some("anna@contoso.example"),
                true,
            ),
        ] {
            let tenant = TenantId::random();
            for observation in &observations {
                store
                    .ingest_activities(tenant, 0, Vec::new(), vec![observation.clone()])
                    .await
                    .unwrap();
            }
            let entity = store.entity(tenant, key()).await.unwrap().pop().unwrap();
            let domain = email.and_then(|email: &str| email.rsplit_once('@'));
            assert_eq!(
                (entity.display_name.as_str(), entity.email.as_deref()),
                (name, email),
                "{observations:?}"
            );
            assert_eq!(entity.domain.as_deref(), domain.map(|(_, domain)| domain));
            assert_eq!(entity.is_external, is_external, "{observations:?}");
            let filters = json!({"filters": {"domain": {"eq": entity.domain}}});
            let page = store
                .list_entities(tenant, query(&ENTITIES, &filters))
                .await
                .unwrap();
            assert_eq!(page.total, Total::Exactly(1), "{observations:?}");
        }
    }
);

crate::on_both!(a_thousand_values_are_answered, |store: Store| async move {
    let tenant = TenantId::random();
    store
        .ingest_activities(
            tenant,
            0,
            Vec::new(),
            vec![observed(1000, None, Some(false))],
        )
        .await
        .unwrap();
    let keys = |saas: fn(i32) -> i32| -> Vec<_> {
        let key = |i| json!({"id": if i == 7 { ACCOUNT } else { "x" }, "saas": saas(i), "inst": 0});
        (0..1000).map(key).collect()
    };
    for (filters, found) in [
        (json!({"entity": {"eq": keys(|_| 11161)}}), 1),
        (json!({"entity": {"eq": keys(|i| 11154 + i)}}), 1),
        (json!({"entity": {"neq": keys(|i| 11154 + i)}}), 0),
        (json!({"entity": {"neq": keys(|i| i)}}), 1),
        (json!({"userGroups": {"eq": ["x"]}}), 0),
        (json!({"userGroups": {"neq": "x"}}), 1),
    ] {
        let query = query(&ENTITIES, &json!({"filters": filters}));
        let page = store.list_entities(tenant, query).await.unwrap();
        assert_eq!(page.total, Total::Exactly(found));
    }
});
