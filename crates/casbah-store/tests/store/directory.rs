use std::collections::BTreeSet;

use casbah_model::identity::{
    AppRoleAssignment, Application, AuthorizationCode, ClientSecret, CodeChallenge, Digest,
    DirectoryRole, PasswordHash, Platform, PrincipalType, RefreshToken, RefreshUse,
    ServicePrincipal, Tenant, User,
};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{ApplicationQuery, Conflict, Denied, Store, StoreError};

const NOW: Timestamp = Timestamp(1_000_000);

fn tenant(domain: &str) -> (Tenant, User) {
    let id = TenantId::random();
    let tenant = Tenant {
        id,
        display_name: "Contoso".to_owned(),
        default_domain: domain.to_owned(),
        domains: vec![domain.to_owned()],
        created: NOW,
        is_home: true,
        auth_epoch: 0,
    };
    let administrator = User {
        id: ObjectId::random(),
        tenant: id,
        upn: format!("Admin@{domain}"),
        display_name: "Admin".to_owned(),
        roles: BTreeSet::from([DirectoryRole::GlobalAdministrator]),
        enabled: true,
        password: Some(PasswordHash::new("$argon2id$".to_owned())),
        must_change_password: true,
        created: NOW,
    };
    (tenant, administrator)
}

fn principal(tenant: TenantId, app_id: AppId) -> ServicePrincipal {
    ServicePrincipal {
        id: ObjectId::random(),
        tenant,
        app_id,
        app_owner_tenant: tenant,
        display_name: "Demo".to_owned(),
        enabled: true,
        app_role_assignment_required: false,
        created: NOW,
    }
}

crate::on_both!(
    tenants_and_people_are_found_by_their_names,
    |store: Store| async move {
        let (contoso, admin) = tenant("contoso.example");
        store
            .create_tenant(contoso.clone(), admin.clone())
            .await
            .unwrap();
        assert_eq!(
            store.tenant_of_domain("CONTOSO.example").await.unwrap(),
            Some(contoso.clone())
        );
        assert_eq!(
            store.tenant(contoso.id).await.unwrap(),
            Some(contoso.clone())
        );
        let (other, other_admin) = tenant("contoso.example");
        let refused = store
            .create_tenant(other.clone(), other_admin)
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Conflict::Domain(_))));
        assert!(
            store.tenant(other.id).await.unwrap().is_none(),
            "nothing of it is stored"
        );

        let found = store
            .user_by_upn(contoso.id, "admin@CONTOSO.example")
            .await
            .unwrap();
        assert_eq!(found, Some(admin.clone()));
        store
            .update_user(User {
                must_change_password: false,
                ..admin.clone()
            })
            .await
            .unwrap();
        assert!(
            !store
                .user(contoso.id, admin.id)
                .await
                .unwrap()
                .unwrap()
                .must_change_password
        );
        assert_eq!(store.auth_epoch(contoso.id).await.unwrap(), Some(1));
    }
);

crate::on_both!(
    a_token_request_reads_all_its_facts_at_once,
    |store: Store| async move {
        let (contoso, admin) = tenant("contoso.example");
        store.create_tenant(contoso.clone(), admin).await.unwrap();
        let application = Application::new(contoso.id, "Demo", NOW);
        store.save_application(application.clone()).await.unwrap();
        let resource = principal(contoso.id, AppId::random());
        let client = principal(contoso.id, application.app_id);
        store
            .save_service_principal(resource.clone())
            .await
            .unwrap();
        store.save_service_principal(client.clone()).await.unwrap();
        let secret = ClientSecret {
            key_id: KeyId::random(),
            tenant: contoso.id,
            application: application.id,
            display_name: None,
            hint: "abc".to_owned(),
            start: NOW,
            end: NOW.plus_millis(1),
            hash: Digest::new([7; 32]),
            pepper_version: 1,
        };
        store.add_client_secret(secret.clone()).await.unwrap();
        let assignment = AppRoleAssignment {
            id: ObjectId::random(),
            tenant: contoso.id,
            principal_id: client.id,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: resource.id,
            app_role_id: KeyId::random(),
            created: NOW,
        };
        store.assign(assignment.clone()).await.unwrap();
        let twice = AppRoleAssignment {
            id: ObjectId::random(),
            ..assignment.clone()
        };
        let twice = store.assign(twice).await.unwrap_err();
        assert!(matches!(twice, StoreError::Conflict(Conflict::Exists)));

        let facts = store
            .token_facts(contoso.id, application.app_id, Some(resource.app_id))
            .await
            .unwrap();
        assert_eq!(facts.application, Some(application.clone()));
        assert_eq!(facts.principal, Some(client.clone()));
        assert_eq!(facts.resource_principal, Some(resource));
        assert_eq!(facts.secrets, [secret]);
        assert_eq!(facts.assignments, std::slice::from_ref(&assignment));
        let elsewhere = store
            .token_facts(TenantId::random(), application.app_id, None)
            .await
            .unwrap();
        assert!(elsewhere.principal.is_none() && elsewhere.assignments.is_empty());

        let epoch = store.auth_epoch(contoso.id).await.unwrap();
        assert!(store.unassign(contoso.id, assignment.id).await.unwrap());
        assert!(
            store.auth_epoch(contoso.id).await.unwrap() > epoch,
            "issued tokens lose the role"
        );

        let deleted = Application {
            deleted: Some(NOW),
            ..application.clone()
        };
        store.save_application(deleted).await.unwrap();
        assert!(
            store
                .application_by_app_id(application.app_id)
                .await
                .unwrap()
                .is_none()
        );
        let query = ApplicationQuery {
            name_prefix: Some("de".to_owned()),
            ..Default::default()
        };
        assert!(
            store
                .applications(contoso.id, query.clone())
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store
                .service_principals(contoso.id, query)
                .await
                .unwrap()
                .len(),
            2
        );
    }
);

crate::on_both!(
    a_change_of_an_application_is_seen_wherever_it_is_present,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        store.create_tenant(home.clone(), admin).await.unwrap();
        let (present, admin) = tenant("present.example");
        store.create_tenant(present.clone(), admin).await.unwrap();
        let (stranger, admin) = tenant("stranger.example");
        store.create_tenant(stranger.clone(), admin).await.unwrap();
        let application = Application::new(home.id, "Demo", NOW);
        store.save_application(application.clone()).await.unwrap();
        store
            .save_service_principal(principal(present.id, application.app_id))
            .await
            .unwrap();
        let epochs = async || {
            let mut epochs = Vec::new();
            for id in [home.id, present.id, stranger.id] {
                epochs.push(store.auth_epoch(id).await.unwrap().unwrap());
            }
            epochs
        };
        let before = epochs().await;
        store
            .save_application(Application {
                deleted: Some(NOW),
                ..application
            })
            .await
            .unwrap();
        assert_eq!(
            epochs().await,
            [before[0] + 1, before[1] + 1, before[2]],
            "its tokens end at home and abroad"
        );
    }
);

crate::on_both!(
    a_code_is_redeemed_once_however_many_try,
    |store: Store| async move {
        let tenant = TenantId::random();
        let code = AuthorizationCode {
            hash: Digest::new([1; 32]),
            tenant,
            client: AppId::random(),
            user: ObjectId::random(),
            redirect_uri: "http://localhost".to_owned(),
            scopes: vec!["openid".to_owned(), "profile".to_owned()],
            resource: None,
            challenge: Some(CodeChallenge::S256("challenge".to_owned())),
            nonce: Some("nonce".to_owned()),
            auth_time: NOW,
            wants_auth_time: false,
            created: NOW,
            expires: NOW.plus_millis(600_000),
            redeemed: None,
            family: ObjectId::random(),
        };
        store.add_authorization_code(code.clone()).await.unwrap();
        let first = RefreshToken {
            hash: Digest::new([2; 32]),
            family: code.family,
            tenant,
            client: code.client,
            platform: Platform::Spa,
            user: code.user,
            scopes: code.scopes.clone(),
            resource: None,
            auth_time: NOW,
            created: NOW,
            expires: NOW.plus_millis(900_000),
            used: None,
            revoked: None,
        };
        let once = |first: RefreshToken| {
            move |stored: Option<&AuthorizationCode>| match stored {
                Some(code) if code.redeemed.is_none() => Ok(Some(first.clone())),
                Some(code) => Err(Denied {
                    reason: "redeemed",
                    ends_family: Some(code.family),
                }),
                None => Err(Denied {
                    reason: "unknown",
                    ends_family: None,
                }),
            }
        };
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (store, decide) = (store.clone(), once(first.clone()));
            tries.spawn(async move {
                store
                    .exchange_authorization_code(tenant, Digest::new([1; 32]), NOW, decide)
                    .await
                    .unwrap()
            });
        }
        let answers = tries.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(answers.contains(&Err("redeemed")));
        let kept = store.refresh_token(tenant, first.hash).await.unwrap();
        assert_eq!(
            kept.and_then(|chain| chain.token.revoked),
            Some(NOW),
            "the second use ended what the first began"
        );
        let unknown = store
            .exchange_authorization_code(tenant, Digest::new([9; 32]), NOW, once(first))
            .await
            .unwrap();
        assert_eq!(unknown, Err("unknown"));
    }
);

crate::on_both!(
    a_refresh_token_keeps_the_time_of_its_first_use_and_one_successor,
    |store: Store| async move {
        let tenant = TenantId::random();
        let token = move |byte| RefreshToken {
            hash: Digest::new([byte; 32]),
            family: ObjectId::new(uuid::Uuid::nil()),
            tenant,
            client: AppId::new(uuid::Uuid::nil()),
            platform: Platform::Web,
            user: ObjectId::new(uuid::Uuid::nil()),
            scopes: vec!["offline_access".to_owned()],
            resource: None,
            auth_time: NOW,
            created: NOW,
            expires: NOW.plus_millis(900_000),
            used: None,
            revoked: None,
        };
        store.add_refresh_token(token(1)).await.unwrap();
        for (time, next) in [(NOW.plus_millis(1), 2), (NOW.plus_millis(2), 3)] {
            let outcome: Result<(), ()> = store
                .exchange_refresh_token(tenant, token(1).hash, time, move |_| Ok(token(next)))
                .await
                .unwrap();
            assert_eq!(outcome, Ok(()));
        }
        let stored = async |byte| {
            let chain = store.refresh_token(tenant, token(byte).hash).await.unwrap();
            chain.unwrap()
        };
        let first = stored(1).await;
        let used = RefreshUse {
            at: NOW.plus_millis(1),
            successor: token(3).hash,
        };
        assert_eq!(first.token.used, Some(used));
        assert_eq!(first.successor, Some(token(3)));
        let replaced = stored(2).await.token;
        assert_eq!(replaced.revoked, Some(NOW.plus_millis(2)));
        let refused: Result<(), &str> = store
            .exchange_refresh_token(tenant, token(3).hash, NOW, move |stored| {
                Err(Denied {
                    reason: "thief",
                    ends_family: stored.map(|chain| chain.token.family),
                })
            })
            .await
            .unwrap();
        assert_eq!(refused, Err("thief"));
        assert_eq!(stored(3).await.token.revoked, Some(NOW));
    }
);

crate::on_both!(
    of_many_attempts_at_once_no_more_begin_than_may,
    |store: Store| async move {
        let tenant = TenantId::random();
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            tries.spawn(async move {
                let wait = |count, last| (count >= 3 && last == NOW).then_some(7);
                let begun = store.begin_sign_in(tenant, "ada".to_owned(), NOW, wait);
                begun.await.unwrap()
            });
        }
        let answers = tries.join_all().await;
        let begun = answers.iter().filter(|answer| answer.is_none()).count();
        assert_eq!(begun, 3, "{answers:?}");
        assert!(answers.contains(&Some(7)));
        let failures = async || {
            let failures = store.sign_in_failures(tenant, "ada".to_owned()).await;
            failures.unwrap()
        };
        assert_eq!(failures().await, Some((3, NOW)));
        store
            .forget_sign_in_failures(tenant, "ada".to_owned())
            .await
            .unwrap();
        assert_eq!(failures().await, None);
    }
);

crate::on_both!(
    a_resource_is_found_by_its_uri_where_it_is_present,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        store.create_tenant(home.clone(), admin).await.unwrap();
        let (other, admin) = tenant("other.example");
        store.create_tenant(other.clone(), admin).await.unwrap();
        let mut application = Application::new(home.id, "Api", NOW);
        application.identifier_uris = vec!["api://siem/".to_owned()];
        store.save_application(application.clone()).await.unwrap();
        let find =
            async |tenant, uri: &str| store.app_id_of_identifier_uri(tenant, uri).await.unwrap();
        assert_eq!(find(home.id, "api://siem").await, Some(application.app_id));
        assert_eq!(find(home.id, "api://SIEM").await, None);
        assert_eq!(find(other.id, "api://siem").await, None);
        store
            .save_service_principal(principal(other.id, application.app_id))
            .await
            .unwrap();
        assert_eq!(
            find(other.id, "api://siem/").await,
            Some(application.app_id)
        );
    }
);
