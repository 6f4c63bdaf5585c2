//! Whose account is whose: the rules of `docs/entities.md`.

use casbah_model::entity::{EntityKey, EntityObservation, EntityType, Group};
use casbah_model::filter::ENTITIES;
use casbah_model::ids::{SaasId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::Store;
use serde_json::json;

use crate::samples::query;

const OFFICE: i32 = 11161;
const OTHER: i32 = 20893;

/// An account of an app, seen with this principal name, and the person with it.
fn seen(at: i64, app: i32, account: &str, name: Option<&str>) -> Vec<EntityObservation> {
    let one = |id: &str, kind| EntityObservation {
        key: EntityKey {
            id: id.to_owned(),
            saas: SaasId(app),
            inst: 0,
        },
        kind,
        display_name: account.to_owned(),
        principal_name: name.map(str::to_owned),
        is_admin: false,
        is_program: name.is_none(),
        is_external: None,
        seen: Timestamp(at),
    };
    let person = name.map(|name| one(&name.to_lowercase(), EntityType::User));
    person
        .into_iter()
        .chain([one(account, EntityType::Account)])
        .collect()
}

async fn take(store: &Store, tenant: TenantId, seen: Vec<EntityObservation>) {
    let taken = store.ingest_activities(tenant, 0, Vec::new(), seen);
    taken.await.unwrap();
}

/// The root of the tree of an entity, and the accounts in it.
async fn tree(store: &Store, tenant: TenantId, app: i32, id: &str) -> (String, Vec<String>) {
    let key = EntityKey {
        id: id.to_owned(),
        saas: SaasId(app),
        inst: 0,
    };
    let (root, accounts) = store.entity_tree(tenant, key).await.unwrap().unwrap();
    let mut ids: Vec<_> = accounts.into_iter().map(|account| account.id).collect();
    ids.sort();
    (root.id, ids)
}

crate::on_both!(names_join_accounts_of_all_apps, |store: Store| async move {
    for (first, second, is_one) in [
        ("Ann@contoso.example", "ann@CONTOSO.example", true),
        (
            "bob_fabrikam.example#EXT#@contoso.example",
            "bob@fabrikam.example",
            true,
        ),
        ("ann@contoso.example", "ann@other.example", false),
        ("ann@contoso.example", "ann+lists@contoso.example", false),
        (
            "ann_smith@contoso.example",
            "ann@smith@contoso.example",
            false,
        ),
    ] {
        let tenant = TenantId::random();
        take(&store, tenant, seen(1, OFFICE, "a1", Some(first))).await;
        take(&store, tenant, seen(2, OTHER, "b1", Some(second))).await;
        let expected: &[&str] = if is_one { &["a1", "b1"] } else { &["a1"] };
        for id in ["a1", &first.to_lowercase()] {
            let (root, accounts) = tree(&store, tenant, OFFICE, id).await;
            assert_eq!(accounts, expected, "{first} {second} by {id}");
            let names = [first, second].map(str::to_lowercase);
            assert!(names.contains(&root), "{root}");
        }
        // A user asked for by the list brings the accounts of all apps.
        let filters = json!({"filters": {"type": {"eq": "account"},
            "entity": {"eq": {"id": first, "saas": OFFICE, "inst": 0}}}});
        let page = store.list_entities(tenant, query(&ENTITIES, &filters));
        let mut found: Vec<_> = page
            .await
            .unwrap()
            .data
            .into_iter()
            .map(|one| one.id)
            .collect();
        found.sort();
        assert_eq!(found, expected, "{first} {second}");
    }
});

crate::on_both!(
    an_account_that_changes_its_mail_goes_to_another_person,
    |store: Store| async move {
        let tenant = TenantId::random();
        let (old, new) = ("ann@contoso.example", "ann.smith@contoso.example");
        take(&store, tenant, seen(1, OFFICE, "a1", Some(old))).await;
        take(&store, tenant, seen(2, OTHER, "b1", Some(old))).await;
        take(&store, tenant, seen(3, OFFICE, "a1", Some(new))).await;
        // What happened before but comes later changes nothing.
        take(&store, tenant, seen(2, OFFICE, "a1", Some(old))).await;
        let moved = (new.to_owned(), vec!["a1".to_owned()]);
        assert_eq!(tree(&store, tenant, OFFICE, "a1").await, moved);
        let left = (old.to_owned(), vec!["b1".to_owned()]);
        assert_eq!(tree(&store, tenant, OFFICE, old).await, left);
    }
);

crate::on_both!(a_program_is_nobodys_account, |store: Store| async move {
    let tenant = TenantId::random();
    take(&store, tenant, seen(1, OFFICE, "app", None)).await;
    take(&store, tenant, seen(1, OTHER, "app", None)).await;
    let alone = ("app".to_owned(), vec!["app".to_owned()]);
    assert_eq!(tree(&store, tenant, OFFICE, "app").await, alone);
    let groups = store.groups(tenant).await.unwrap();
    let sizes: Vec<_> = groups.iter().map(|group| group.users_count).collect();
    assert_eq!(sizes, [0, 2, 0], "external, applications, administrators");
});

crate::on_both!(groups_hold_who_is_seen_to_be, |store: Store| async move {
    let tenant = TenantId::random();
    let mut admin = seen(1, OFFICE, "a1", Some("ann@contoso.example"));
    for one in &mut admin {
        one.is_admin = true;
    }
    let mut guest = seen(
        2,
        OFFICE,
        "g1",
        Some("bob_fabrikam.example#EXT#@contoso.example"),
    );
    for one in &mut guest {
        one.is_external = Some(true);
    }
    let program = seen(3, OFFICE, "p1", None);
    for one in [admin, guest, program] {
        take(&store, tenant, one).await;
    }
    let (ann, bob, app) = (
        ["a1", "ann@contoso.example"],
        ["bob_fabrikam.example#ext#@contoso.example", "g1"],
        "p1",
    );
    let [external, applications, administrators] = Group::ALL.map(|group| group.id().to_string());
    for (tests, expected) in [
        (json!({"eq": administrators}), ann.to_vec()),
        (json!({"eq": {"role": 1, "adv": true}}), ann.to_vec()),
        (
            json!({"eq": [external, applications]}),
            [&bob[..], &[app]].concat(),
        ),
        (json!({"neq": [administrators, external]}), vec![app]),
        (json!({"eq": null}), vec![]),
        (json!({"eq": "5e6fa9ade2367fc6340f487e"}), vec![]),
    ] {
        let filters = json!({"filters": {"userGroups": tests}});
        let page = store.list_entities(tenant, query(&ENTITIES, &filters));
        let mut found: Vec<_> = page
            .await
            .unwrap()
            .data
            .into_iter()
            .map(|one| one.id)
            .collect();
        found.sort();
        assert_eq!(found, expected, "{filters}");
    }
    let all = store.list_entities(tenant, query(&ENTITIES, &json!({})));
    for entity in all.await.unwrap().data {
        let [group] = entity.user_groups.as_slice() else {
            panic!("{entity:?}")
        };
        assert_eq!(group.users_count, 1, "{entity:?}");
        if entity.is_external {
            assert_eq!(entity.email.as_deref(), Some("bob@fabrikam.example"));
            assert_eq!(entity.domain.as_deref(), Some("fabrikam.example"));
        }
    }
});
