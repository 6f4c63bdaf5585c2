//! Recovery codes are used once and go with what they stand for.

use casbah_model::identity::{AuthenticatorApp, Digest, Sealed};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_store::Store;

use super::directory::{NOW, create, record, tenant};

async fn left(store: &Store, tenant: TenantId, user: ObjectId) -> u64 {
    let factors = store.second_factors(tenant, user).await.unwrap();
    factors.recovery_codes
}

/// A tenant whose administrator has an authenticator app.
async fn administrator(store: &Store, domain: &str) -> (TenantId, ObjectId) {
    let (tenant, admin) = tenant(domain);
    create(store, &tenant, admin.clone()).await.unwrap();
    let app = AuthenticatorApp {
        tenant: tenant.id,
        user: admin.id,
        secret: Sealed::new(vec![1]),
        last_step: 0,
        created: NOW,
    };
    store.set_authenticator_app(app, record()).await.unwrap();
    (tenant.id, admin.id)
}

fn hashes(of: std::ops::Range<u8>) -> Vec<Digest> {
    of.map(|byte| Digest::new([byte; 32])).collect()
}

crate::on_both!(a_recovery_code_is_used_once, |store: Store| async move {
    let (tenant, admin) = administrator(&store, "contoso.example").await;
    let (other, stranger) = administrator(&store, "fabrikam.example").await;
    for (tenant, user) in [(tenant, admin), (other, stranger)] {
        let set = store.set_recovery_codes(tenant, user, hashes(0..3), NOW, record());
        set.await.unwrap();
    }
    let using = |tenant, user, hashes| store.use_recovery_code(tenant, user, hashes, record());
    assert!(!using(tenant, stranger, hashes(0..1)).await.unwrap());
    assert!(!using(tenant, admin, hashes(7..9)).await.unwrap());
    assert!(!using(tenant, admin, Vec::new()).await.unwrap());
    let (first, second) = tokio::join!(
        using(tenant, admin, hashes(0..1)),
        using(tenant, admin, hashes(0..1))
    );
    assert!(first.unwrap() != second.unwrap(), "one of two gets it");
    assert_eq!(left(&store, tenant, admin).await, 2);
    assert_eq!(left(&store, other, stranger).await, 3);

    let set = store.set_recovery_codes(tenant, admin, hashes(5..9), NOW, record());
    set.await.unwrap();
    assert_eq!(left(&store, tenant, admin).await, 4);
    assert!(!using(tenant, admin, hashes(1..2)).await.unwrap(), "ended");
});

crate::on_both!(
    recovery_codes_go_with_the_last_factor,
    |store: Store| async move {
        let (tenant, admin) = administrator(&store, "contoso.example").await;
        let give = async || {
            let set = store.set_recovery_codes(tenant, admin, hashes(0..3), NOW, record());
            set.await.unwrap();
        };
        give().await;
        let deleted = store.delete_authenticator_app(tenant, admin, record());
        assert!(deleted.await.unwrap());
        assert_eq!(left(&store, tenant, admin).await, 0);
        give().await;
        let reset = store.reset_second_factors(tenant, admin, record());
        reset.await.unwrap();
        assert_eq!(left(&store, tenant, admin).await, 0);
        give().await;
        let deleted = store.delete_user(tenant, admin, record(), |_| Ok::<_, ()>(()));
        deleted.await.unwrap().unwrap();
        assert_eq!(left(&store, tenant, admin).await, 0);
    }
);
