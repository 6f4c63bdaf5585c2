//! Companies' own providers, whom their subjects mean, and sign-ins on their way.

use casbah_model::identity::{
    Digest, IdentityProvider, NameClaim, ProviderLink, ProviderSignIn, Sealed, SignInAddress,
    Tenant,
};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_store::{Conflict, Store, StoreError};

use super::directory::{NOW, create, record, tenant};

fn provider(tenant: TenantId, name: &str, domains: &[&str]) -> IdentityProvider {
    IdentityProvider {
        id: ObjectId::random(),
        tenant,
        display_name: name.to_owned(),
        issuer: format!("https://{name}.example"),
        client_id: "casbah".to_owned(),
        scopes: vec!["openid".to_owned()],
        name_claim: NameClaim::Email,
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        creates_people: false,
        enabled: true,
        created: NOW,
    }
}

async fn add(store: &Store, provider: &IdentityProvider) -> Result<(), StoreError> {
    let secret = Sealed::new(vec![1, 2, 3]);
    store
        .create_identity_provider(provider.clone(), secret, record())
        .await
}

async fn tenant_of(store: &Store, domain: &str) -> (Tenant, ObjectId) {
    let (tenant, admin) = tenant(domain);
    let id = admin.id;
    create(store, &tenant, admin).await.unwrap();
    (tenant, id)
}

crate::on_both!(
    a_provider_is_one_tenants_and_like_no_other,
    |store: Store| async move {
        let (home, _) = tenant_of(&store, "home.example").await;
        let (other, _) = tenant_of(&store, "other.example").await;
        assert!(!store.has_identity_providers().await.unwrap());
        let first = provider(home.id, "first", &["home.example"]);
        add(&store, &first).await.unwrap();
        assert!(store.has_identity_providers().await.unwrap());
        for (change, what) in [
            (("First", "https://x.example", vec![]), "name"),
            (("x", first.issuer.as_str(), vec![]), "issuer and client id"),
            (("x", "https://x.example", vec!["home.example"]), "domain"),
        ] {
            let (name, issuer, domains) = change;
            let same = IdentityProvider {
                display_name: name.to_owned(),
                issuer: issuer.to_owned(),
                ..provider(home.id, "x", &domains)
            };
            let refused = add(&store, &same).await;
            assert!(
                matches!(refused, Err(StoreError::Conflict(Conflict::IdentityProvider(one)))
                    if one == what),
                "{what}: {refused:?}"
            );
        }
        assert_eq!(
            store.identity_providers(home.id).await.unwrap(),
            std::slice::from_ref(&first)
        );
        assert!(store.identity_providers(other.id).await.unwrap().is_empty());
        for tenant in [home.id, other.id] {
            let is_own = tenant == home.id;
            let found = store.identity_provider(tenant, first.id).await.unwrap();
            assert_eq!(found.is_some(), is_own);
            let secret = store.identity_provider_secret(tenant, first.id).await;
            assert_eq!(secret.unwrap().is_some(), is_own);
        }
        let refused: Result<_, &str> = store
            .change_identity_provider(other.id, first.id, None, record(), |found| {
                found.ok_or("none")
            })
            .await
            .unwrap();
        assert_eq!(refused, Err("none"));
        let change = |found: Option<IdentityProvider>| -> Result<_, ()> {
            let mut found = found.ok_or(())?;
            found.domains.clear();
            found.enabled = false;
            Ok(found)
        };
        let secret = Some(Sealed::new(vec![9]));
        let changed = store.change_identity_provider(home.id, first.id, secret, record(), change);
        assert!(!changed.await.unwrap().unwrap().enabled);
        assert!(!store.has_identity_providers().await.unwrap());
        let secret = store.identity_provider_secret(home.id, first.id).await;
        assert_eq!(secret.unwrap().unwrap().as_bytes(), [9]);
        add(&store, &provider(home.id, "second", &["home.example"]))
            .await
            .unwrap();
        for (tenant, expected) in [(other.id, false), (home.id, true), (home.id, false)] {
            let deleted = store.delete_identity_provider(tenant, first.id, record());
            assert_eq!(deleted.await.unwrap(), expected);
        }
        assert_eq!(store.audit_records(home.id, 100).await.unwrap().len(), 4);
    }
);

crate::on_both!(
    a_subject_means_one_person_and_a_person_has_one,
    |store: Store| async move {
        let (home, ada) = tenant_of(&store, "home.example").await;
        let (other, stranger) = tenant_of(&store, "other.example").await;
        let first = provider(home.id, "first", &[]);
        let second = provider(home.id, "second", &[]);
        for one in [&first, &second] {
            add(&store, one).await.unwrap();
        }
        let link =
            |tenant: TenantId, provider: &IdentityProvider, subject: &str, user| ProviderLink {
                tenant,
                provider: provider.id,
                subject: subject.to_owned(),
                user,
                created: NOW,
            };
        let (_, someone) = tenant("x.example");
        let mut grace = someone.clone();
        (grace.tenant, grace.upn) = (home.id, "grace@home.example".to_owned());
        store.create_user(grace.clone(), record()).await.unwrap();
        for (link, expected, why) in [
            (link(home.id, &first, "1", ada), true, "the first"),
            (
                link(home.id, &first, "1", grace.id),
                false,
                "the subject is ada",
            ),
            (link(home.id, &first, "2", ada), false, "ada has a subject"),
            (link(home.id, &first, "A", grace.id), true, "grace"),
            (link(home.id, &second, "1", ada), true, "another provider"),
            (
                link(home.id, &first, "9", stranger),
                false,
                "of another tenant",
            ),
            (
                link(other.id, &first, "9", stranger),
                false,
                "another's provider",
            ),
            (
                link(home.id, &first, "9", ObjectId::random()),
                false,
                "nobody",
            ),
        ] {
            let linked = store.link_person(link, record()).await.unwrap();
            assert_eq!(linked, expected, "{why}");
        }
        let found = async |tenant, subject: &str| {
            let found = store
                .provider_link(tenant, first.id, subject)
                .await
                .unwrap();
            found.map(|link| link.user)
        };
        assert_eq!(found(home.id, "1").await, Some(ada));
        assert_eq!(found(home.id, "a").await, None, "letter by letter");
        assert_eq!(found(other.id, "1").await, None);

        let new = |upn: &str| {
            let (_, mut user) = tenant("x.example");
            (user.tenant, user.upn) = (home.id, upn.to_owned());
            user
        };
        for (user, subject, expected) in [
            (new("GRACE@home.example"), "3", false),
            (new("alan@home.example"), "1", false),
            (new("alan@home.example"), "3", true),
        ] {
            let link = link(home.id, &first, subject, user.id);
            let created = store.create_linked_person(user, link, [record(), record()]);
            assert_eq!(created.await.unwrap(), expected, "{subject}");
        }
        assert_eq!(store.users(home.id).await.unwrap().len(), 3);
        assert_eq!(
            store.provider_links(home.id, first.id).await.unwrap().len(),
            3
        );
        for expected in [true, false] {
            let removed = store.unlink_person(home.id, first.id, ada, record());
            assert_eq!(removed.await.unwrap(), expected);
        }
        assert_eq!(found(home.id, "1").await, None);
        assert!(
            store
                .delete_identity_provider(home.id, first.id, record())
                .await
                .unwrap()
        );
        assert_eq!(found(home.id, "A").await, None);
        assert_eq!(
            store
                .provider_links(home.id, second.id)
                .await
                .unwrap()
                .len(),
            1
        );
    }
);

crate::on_both!(
    a_sign_in_comes_back_once_to_its_own_browser,
    |store: Store| async move {
        let digest = |byte: u8| Digest::new([byte; 32]);
        let (home, other) = (TenantId::random(), TenantId::random());
        let sign_in = ProviderSignIn {
            tenant: home,
            state: digest(1),
            provider: ObjectId::random(),
            browser: digest(2),
            nonce: digest(3),
            verifier: Sealed::new(vec![4]),
            return_to: SignInAddress {
                entry: "portal".to_owned(),
                segment: "organizations".to_owned(),
                query: "to=/portal/".to_owned(),
            },
            expires: NOW.plus_millis(1000),
        };
        store
            .add_provider_sign_in(sign_in.clone(), NOW)
            .await
            .unwrap();
        let take = async |tenant, state, browser, now| {
            let taken = store.take_provider_sign_in(tenant, state, browser, now);
            taken.await.unwrap()
        };
        assert_eq!(take(other, digest(1), digest(2), NOW).await, None);
        assert_eq!(take(home, digest(9), digest(2), NOW).await, None);
        assert_eq!(take(home, digest(1), digest(9), NOW).await, None);
        assert_eq!(
            take(home, digest(1), digest(2), NOW).await,
            Some(sign_in.clone())
        );
        assert_eq!(take(home, digest(1), digest(2), NOW).await, None, "once");
        store
            .add_provider_sign_in(sign_in.clone(), NOW)
            .await
            .unwrap();
        let late = NOW.plus_millis(1000);
        assert_eq!(take(home, digest(1), digest(2), late).await, None, "ended");
    }
);
