//! Consent grants all or nothing, beside what was granted before.

use casbah_model::identity::{Application, ConsentType, FirstPartyApp, SignInAudience};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_store::{Conflict, Consent, Store, StoreError};

use super::directory::{NOW, create, principal, record, save, tenant};

crate::on_both!(
    consent_adds_to_what_was_granted_before,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let (customer, admin) = tenant("customer.example");
        let person = admin.id;
        create(&store, &customer, admin).await.unwrap();
        let mut application = Application::new(home.id, "Partner", NOW);
        application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
        save(&store, application.clone()).await;
        let resource = principal(customer.id, AppId::random());
        store.add_service_principal(resource.clone()).await.unwrap();
        let role = KeyId::random();
        let consent = |scopes: &[&str], consent_type| Consent {
            tenant: customer.id,
            client: application.app_id,
            consent_type,
            roles: vec![(resource.id, role)],
            scopes: vec![(
                resource.id,
                scopes.iter().map(|one| (*one).to_owned()).collect(),
            )],
            now: NOW,
        };
        let everyone = ConsentType::AllPrincipals;
        let given = store.give_consent(consent(&["a"], everyone), record());
        let principal = given.await.unwrap();
        let again = store.give_consent(consent(&["b", "a"], everyone), record());
        assert_eq!(again.await.unwrap(), principal, "one in each tenant");
        let own = consent(&["c"], ConsentType::Principal(person));
        store.give_consent(own, record()).await.unwrap();
        let held = store.assignments_of(customer.id, principal.id);
        assert_eq!(held.await.unwrap().len(), 1);
        let grants = store.consent_grants(customer.id, Some(principal.id));
        let mut scopes: Vec<_> = grants.await.unwrap().into_iter().collect();
        scopes.sort_by_key(|grant| grant.scopes.len());
        assert_eq!(scopes[0].scopes, ["c"]);
        assert_eq!(scopes[1].scopes, ["a", "b"]);
        assert_eq!(scopes[1].consent_type, everyone);
        // One record of each consent, and one of the principal.
        let audited = store.audit_records(customer.id, 100).await.unwrap();
        assert_eq!(audited.len(), 4);
        let elsewhere = store.service_principal_by_app_id(home.id, application.app_id);
        assert_eq!(elsewhere.await.unwrap(), None);
    }
);

crate::on_both!(
    consent_to_what_is_gone_grants_nothing,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let (customer, admin) = tenant("customer.example");
        create(&store, &customer, admin).await.unwrap();
        let single = Application::new(home.id, "Own", NOW);
        let mut multiple = Application::new(home.id, "Partner", NOW);
        multiple.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
        save(&store, single.clone()).await;
        save(&store, multiple.clone()).await;
        let gone = ObjectId::random();
        for (client, roles) in [
            (AppId::random(), vec![]),
            (single.app_id, vec![]),
            (multiple.app_id, vec![(gone, KeyId::random())]),
        ] {
            let consent = Consent {
                tenant: customer.id,
                client,
                consent_type: ConsentType::AllPrincipals,
                roles,
                scopes: Vec::new(),
                now: NOW,
            };
            let refused = store.give_consent(consent, record()).await;
            assert!(
                matches!(refused, Err(StoreError::Conflict(Conflict::Missing(_)))),
                "{refused:?}"
            );
            let found = store.service_principal_by_app_id(customer.id, client);
            assert_eq!(found.await.unwrap(), None);
        }
        assert!(
            store
                .audit_records(customer.id, 100)
                .await
                .unwrap()
                .is_empty()
        );
    }
);

crate::on_both!(
    applications_are_counted_by_whose_they_are,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let (other, admin) = tenant("other.example");
        create(&store, &other, admin).await.unwrap();
        let counts = async |tenant| {
            let counts = store.application_counts(tenant).await.unwrap();
            (counts.registered, counts.foreign)
        };
        assert_eq!(counts(home.id).await, (0, 0));
        let own = Application::new(home.id, "Own", NOW);
        let present = principal(home.id, own.app_id);
        save(&store, own.clone()).await;
        store.add_service_principal(present).await.unwrap();
        save(&store, Application::new(home.id, "Absent", NOW)).await;
        let partner = Application::new(other.id, "Partner", NOW);
        let presents = [home.id, other.id].map(|tenant| principal(tenant, partner.app_id));
        save(&store, partner).await;
        for present in presents {
            store.add_service_principal(present).await.unwrap();
        }
        for app in FirstPartyApp::ALL {
            // Some are there from the first.
            let _ = store
                .add_service_principal(principal(home.id, app.app_id))
                .await;
        }
        assert_eq!(counts(home.id).await, (2, 1));
        assert_eq!(counts(other.id).await, (1, 0));
        let deleted = Application {
            deleted: Some(NOW),
            ..own
        };
        save(&store, deleted).await;
        assert_eq!(
            counts(home.id).await,
            (1, 1),
            "it may come back, so it is no one else's"
        );
        assert_eq!(counts(TenantId::random()).await, (0, 0));
    }
);
