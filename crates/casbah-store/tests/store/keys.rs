//! Keys of the installation: one next key whoever asks, ends, and sealing anew.

use casbah_model::identity::{DataKeyRecord, Sealed, SigningKeyRecord};
use casbah_model::ids::TenantId;
use casbah_store::{Store, StoreError};

use crate::directory::{self, NOW};
use crate::samples::audit;

/// A tenant, the home tenant or another.
pub(crate) async fn add_tenant(store: &Store, is_home: bool) -> TenantId {
    let domain = if is_home {
        "home.example"
    } else {
        "other.example"
    };
    let (mut tenant, administrator) = directory::tenant(domain);
    tenant.is_home = is_home;
    directory::create(store, &tenant, administrator)
        .await
        .unwrap();
    tenant.id
}

fn key(kid: &str, signs_from: i64) -> SigningKeyRecord {
    let at = |days: i64| NOW.plus_millis(days * 86_400_000);
    SigningKeyRecord {
        kid: kid.into(),
        certificate: vec![1],
        private_key: Sealed::new(vec![2]),
        created: NOW,
        signs_from: at(signs_from),
        signs_until: at(signs_from + 30),
        published_until: at(signs_from + 31),
    }
}

async fn kids(store: &Store) -> Vec<String> {
    let keys = store.signing_keys(NOW).await.unwrap();
    keys.into_iter().map(|key| key.kid).collect()
}

crate::on_both!(
    of_two_nodes_that_make_the_next_key_one_succeeds,
    async |store: Store| {
        let home = add_tenant(&store, true).await;
        let first = key("first", 0);
        let record = || audit("signing_key.create");
        let (one, other) = tokio::join!(
            store.add_next_signing_key(first.clone(), None, record()),
            store.add_next_signing_key(key("late", 0), None, record()),
        );
        assert_eq!(u8::from(one.unwrap()) + u8::from(other.unwrap()), 1);
        let present = store.signing_keys(NOW).await.unwrap();
        let last = Some(present[0].signs_until);
        let next = |kid| store.add_next_signing_key(key(kid, 30), last, record());
        let (one, other) = tokio::join!(next("a"), next("b"));
        assert_eq!(u8::from(one.unwrap()) + u8::from(other.unwrap()), 1);
        assert_eq!(kids(&store).await.len(), 2);
        // Whoever knows keys that ended long ago alone makes the first again.
        let mut again = key("again", 90);
        again.created = NOW.plus_millis(80 * 86_400_000);
        let added = store.add_next_signing_key(again, last, record()).await;
        assert!(added.unwrap());
        let kept = store.audit_records(home, 10).await.unwrap();
        assert_eq!(kept.len(), 3, "each key that was stored, and no other");
    }
);

crate::on_both!(a_rotation_ends_the_older_keys, async |store: Store| {
    let home = add_tenant(&store, true).await;
    let other = add_tenant(&store, false).await;
    let record = || audit("signing_key.rotate");
    store
        .add_next_signing_key(key("old", 0), None, record())
        .await
        .unwrap();
    let epoch = store.auth_epoch(other).await.unwrap();
    let at = |days: i64| NOW.plus_millis(days * 86_400_000);
    let rotated = store.replace_signing_keys(key("new", 2), at(2), at(3), record());
    rotated.await.unwrap();
    let keys = store.signing_keys(NOW).await.unwrap();
    let found: Vec<_> = keys
        .iter()
        .map(|key| (key.kid.as_str(), key.signs_until, key.published_until))
        .collect();
    assert_eq!(found, [("new", at(32), at(33)), ("old", at(2), at(3))]);
    assert_ne!(store.auth_epoch(other).await.unwrap(), epoch);
    assert_eq!(store.audit_records(home, 10).await.unwrap().len(), 2);
    assert!(store.audit_records(other, 10).await.unwrap().is_empty());

    let gone = store.replace_signing_keys(key("fresh", 0), NOW, NOW, record());
    gone.await.unwrap();
    assert_eq!(kids(&store).await, ["fresh"]);
});

crate::on_both!(
    data_keys_are_sealed_anew_all_or_none,
    async |store: Store| {
        let home = add_tenant(&store, true).await;
        let wrapped = |version, byte| DataKeyRecord {
            version,
            wrapped: Sealed::new(vec![byte]),
            created: NOW,
        };
        for version in [1, 2] {
            assert!(store.add_data_key(wrapped(version, 1)).await.unwrap());
        }
        let record = || audit("master_key.rewrap");
        let some = store.rewrap_data_keys(vec![wrapped(1, 9)], record()).await;
        assert!(matches!(some, Err(StoreError::Conflict(_))));
        let bytes = async || {
            let keys = store.data_keys().await.unwrap();
            let bytes = keys.iter().map(|key| key.wrapped.as_bytes().to_vec());
            bytes.collect::<Vec<_>>()
        };
        assert_eq!(bytes().await, [[1], [1]]);
        assert!(store.audit_records(home, 10).await.unwrap().is_empty());
        let all = vec![wrapped(1, 9), wrapped(2, 9)];
        store.rewrap_data_keys(all, record()).await.unwrap();
        assert_eq!(bytes().await, [[9], [9]]);
        assert_eq!(store.audit_records(home, 10).await.unwrap().len(), 1);
    }
);
