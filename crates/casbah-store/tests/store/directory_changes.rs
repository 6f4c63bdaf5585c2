//! Changes of the directory are one write with their check and their audit record.

use casbah_model::identity::{
    Application, ClientSecret, ConsentGrant, ConsentType, Digest, PasswordHash,
};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_store::{ApplicationQuery, AuditRecord, Conflict, NewTenant, Store, StoreError};

use super::directory::{NOW, create, principal, record, save, tenant};

async fn audited(store: &Store, tenant: TenantId) -> usize {
    store.audit_records(tenant, 100).await.unwrap().len()
}

crate::on_both!(
    changes_of_an_application_do_not_undo_each_other,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let application = Application::new(home.id, "Demo", NOW);
        let id = application.id;
        store
            .create_application(application, None, record())
            .await
            .unwrap();
        let mut changes = tokio::task::JoinSet::new();
        for number in 0..6 {
            let store = store.clone();
            changes.spawn(async move {
                let add = move |present: Option<Application>| -> Result<_, ()> {
                    let mut application = present.ok_or(())?;
                    let uri = format!("https://{number}.example/");
                    application.web_redirect_uris.push(uri);
                    Ok(application)
                };
                store.change_application(home.id, id, record(), add).await
            });
        }
        for changed in changes.join_all().await {
            changed.unwrap().unwrap();
        }
        let stored = store.application(home.id, id).await.unwrap().unwrap();
        assert_eq!(stored.web_redirect_uris.len(), 6);
        assert_eq!(audited(&store, home.id).await, 7);
        let refused: Result<_, &str> = store
            .change_application(home.id, id, record(), |_| Err("no"))
            .await
            .unwrap();
        assert_eq!(refused, Err("no"));
        assert_eq!(audited(&store, home.id).await, 7, "nothing was changed");
    }
);

crate::on_both!(
    an_identifier_uri_names_one_application,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let named = |uri: &str| {
            let mut application = Application::new(home.id, "Api", NOW);
            application.identifier_uris = vec![uri.to_owned()];
            application
        };
        let mut creations = tokio::task::JoinSet::new();
        for uri in ["api://siem", "api://siem/", "api://siem"] {
            let (store, application) = (store.clone(), named(uri));
            creations.spawn(async move {
                let outcome = store.create_application(application.clone(), None, record());
                outcome.await.map(|()| application)
            });
        }
        let outcomes = creations.join_all().await;
        let taken =
            |error: &StoreError| matches!(error, StoreError::Conflict(Conflict::IdentifierUri(_)));
        let refused = outcomes.iter().filter_map(|one| one.as_ref().err());
        assert_eq!(refused.filter(|error| taken(error)).count(), 2);
        let first = outcomes.into_iter().find_map(Result::ok).unwrap();
        assert_eq!(audited(&store, home.id).await, 1);

        let deleted = Application {
            deleted: Some(NOW),
            ..first.clone()
        };
        save(&store, deleted).await;
        let second = named("api://siem");
        store
            .create_application(second.clone(), None, record())
            .await
            .unwrap();
        let restored: Result<Result<_, ()>, _> = store
            .change_application(home.id, first.id, record(), move |_| Ok(first.clone()))
            .await;
        assert!(taken(&restored.unwrap_err()), "the name was given away");
        let found = store.app_id_of_identifier_uri(home.id, "api://siem").await;
        assert_eq!(found.unwrap(), Some(second.app_id));
    }
);

crate::on_both!(
    a_client_has_one_grant_on_a_resource_for_the_same_people,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        let person = admin.id;
        create(&store, &home, admin).await.unwrap();
        let application = Application::new(home.id, "Demo", NOW);
        let client = principal(home.id, application.app_id);
        store.add_service_principal(client.clone()).await.unwrap();
        let grant = |consent_type| ConsentGrant {
            id: ObjectId::random(),
            tenant: home.id,
            client_id: client.id,
            consent_type,
            resource_id: client.id,
            scopes: vec!["read".to_owned()],
            created: NOW,
        };
        let mut creations = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (store, grant) = (store.clone(), grant(ConsentType::AllPrincipals));
            creations.spawn(async move { store.create_consent_grant(grant, record()).await });
        }
        let outcomes = creations.join_all().await;
        let is_there = |outcome: &&Result<(), StoreError>| {
            matches!(outcome, Err(StoreError::Conflict(Conflict::Exists)))
        };
        assert_eq!(outcomes.iter().filter(is_there).count(), 3);
        let own = grant(ConsentType::Principal(person));
        store
            .create_consent_grant(own.clone(), record())
            .await
            .unwrap();
        let gone = ObjectId::random();
        let everyone = || grant(ConsentType::AllPrincipals);
        for grant in [
            grant(ConsentType::Principal(gone)),
            ConsentGrant {
                client_id: gone,
                ..everyone()
            },
            ConsentGrant {
                resource_id: gone,
                ..everyone()
            },
        ] {
            let refused = store.create_consent_grant(grant, record()).await;
            assert!(
                matches!(&refused, Err(StoreError::Conflict(Conflict::Missing(id))) if *id == gone),
                "{refused:?}"
            );
        }
        assert_eq!(audited(&store, home.id).await, 2);

        let scopes = vec!["write".to_owned()];
        let set = async |id| {
            let set = store.set_granted_scopes(home.id, id, scopes.clone(), record());
            set.await.unwrap()
        };
        assert!(set(own.id).await);
        let stored = store.consent_grant(home.id, own.id).await.unwrap();
        assert_eq!(stored.map(|grant| grant.scopes), Some(scopes.clone()));
        let delete = async || {
            let deleted = store.delete_consent_grant(home.id, own.id, record());
            deleted.await.unwrap()
        };
        assert_eq!((delete().await, delete().await), (true, false));
        assert!(!set(own.id).await, "a change brings nothing back");
        assert_eq!(audited(&store, home.id).await, 4);
    }
);

crate::on_both!(
    a_secret_needs_an_application_that_is_there,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let application = Application::new(home.id, "Demo", NOW);
        let secret = ClientSecret {
            key_id: KeyId::random(),
            tenant: home.id,
            application: application.id,
            display_name: None,
            hint: "abc".to_owned(),
            start: NOW,
            end: NOW,
            hash: Digest::new([7; 32]),
            pepper_version: 1,
        };
        let deleted = Application {
            deleted: Some(NOW),
            ..application.clone()
        };
        for (application, is_good) in [(application.clone(), true), (deleted, false)] {
            save(&store, application).await;
            let before = audited(&store, home.id).await;
            let added = store.add_client_secret(
                ClientSecret {
                    key_id: KeyId::random(),
                    ..secret.clone()
                },
                record(),
            );
            assert_eq!(added.await.is_ok(), is_good);
            let after = audited(&store, home.id).await;
            assert_eq!(after - before, usize::from(is_good));
        }
        let before = audited(&store, home.id).await;
        let removed = store.remove_client_secret(home.id, application.id, secret.key_id, record());
        assert!(!removed.await.unwrap());
        assert_eq!(audited(&store, home.id).await, before);
    }
);

crate::on_both!(
    tenants_and_passwords_are_audited_with_their_change,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin.clone()).await.unwrap();
        let found = async |domain: &str| {
            let (other, administrator) = tenant(domain);
            let new = NewTenant {
                principals: vec![principal(other.id, AppId::random())],
                tenant: other.clone(),
                administrator,
                record: Some((
                    home.id,
                    AuditRecord {
                        target: other.id.to_string(),
                        ..record()
                    },
                )),
            };
            store.create_tenant(new).await.map(|()| other.id)
        };
        let other = found("other.example").await.unwrap();
        let refused = found("other.example").await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Conflict::Domain(_))));
        let audit = store.audit_records(home.id, 9).await.unwrap();
        let targets: Vec<_> = audit.into_iter().map(|record| record.target).collect();
        assert_eq!(targets, [other.to_string()]);
        let principals = store
            .service_principals(other, ApplicationQuery::default())
            .await;
        assert_eq!(principals.unwrap().len(), 1);

        let hash = |text: &str| PasswordHash::new(text.to_owned());
        let before = admin.password.clone().unwrap();
        let change = async |before: &PasswordHash, after: &str| {
            let (before, after) = (before.clone(), hash(after));
            let changed = store.change_password(home.id, admin.id, before, after, record());
            changed.await.unwrap()
        };
        assert!(change(&before, "$new$").await);
        assert!(!change(&before, "$stolen$").await, "it was changed since");
        let stored = store.user(home.id, admin.id).await.unwrap().unwrap();
        assert_eq!(stored.password, Some(hash("$new$")));
        assert!(!stored.must_change_password);
        assert_eq!(audited(&store, home.id).await, 2);
    }
);
