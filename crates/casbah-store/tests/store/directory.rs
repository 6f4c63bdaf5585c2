use std::collections::BTreeSet;

use casbah_model::identity::{
    AppRoleAssignment, Application, ClientSecret, Digest, DirectoryRole, PasswordHash,
    PrincipalType, ServicePrincipal, Tenant, User,
};
use casbah_model::ids::{AppId, KeyId, ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{ApplicationQuery, AuditRecord, Conflict, NewTenant, Store, StoreError};

pub(super) const NOW: Timestamp = Timestamp(1_000_000);

pub(super) fn tenant(domain: &str) -> (Tenant, User) {
    let id = TenantId::random();
    let tenant = Tenant {
        id,
        display_name: "Contoso".to_owned(),
        default_domain: domain.to_owned(),
        domains: vec![domain.to_owned()],
        created: NOW,
        is_home: true,
        members_register: false,
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
        sign_ins_from: Timestamp(0),
        tokens_from: 0,
    };
    (tenant, administrator)
}

pub(super) fn record() -> AuditRecord {
    AuditRecord::new("test", "test", &"test").at(NOW)
}

pub(super) async fn create(
    store: &Store,
    tenant: &Tenant,
    administrator: User,
) -> Result<(), StoreError> {
    let new = NewTenant {
        tenant: tenant.clone(),
        administrator,
        principals: Vec::new(),
        record: None,
    };
    store.create_tenant(new).await
}

/// Stores what became of an application.
pub(super) async fn save(store: &Store, application: Application) {
    let (tenant, id) = (application.tenant, application.id);
    let changed: Result<_, ()> = store
        .change_application(tenant, id, record(), move |_| Ok(application.clone()))
        .await
        .unwrap();
    changed.unwrap();
}

pub(super) fn principal(tenant: TenantId, app_id: AppId) -> ServicePrincipal {
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
        create(&store, &contoso, admin.clone()).await.unwrap();
        assert_eq!(
            store.tenant_of_domain("CONTOSO.example").await.unwrap(),
            Some(contoso.clone())
        );
        assert_eq!(
            store.tenant(contoso.id).await.unwrap(),
            Some(contoso.clone())
        );
        let (other, other_admin) = tenant("contoso.example");
        let refused = create(&store, &other, other_admin).await.unwrap_err();
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
        let changed: Result<_, ()> = store
            .change_user(contoso.id, admin.id, record(), |present| {
                let user = present.ok_or(())?.user;
                Ok(User {
                    must_change_password: false,
                    ..user
                })
            })
            .await
            .unwrap();
        assert!(!changed.unwrap().must_change_password);
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
        create(&store, &contoso, admin).await.unwrap();
        let application = Application::new(contoso.id, "Demo", NOW);
        store
            .create_application(application.clone(), None, record())
            .await
            .unwrap();
        let resource = principal(contoso.id, AppId::random());
        let client = principal(contoso.id, application.app_id);
        store.add_service_principal(resource.clone()).await.unwrap();
        store.add_service_principal(client.clone()).await.unwrap();
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
        store
            .add_client_secret(secret.clone(), record())
            .await
            .unwrap();
        let assignment = AppRoleAssignment {
            id: ObjectId::random(),
            tenant: contoso.id,
            principal_id: client.id,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: resource.id,
            app_role_id: KeyId::random(),
            created: NOW,
        };
        store.assign(assignment.clone(), record()).await.unwrap();
        let twice = AppRoleAssignment {
            id: ObjectId::random(),
            ..assignment.clone()
        };
        let twice = store.assign(twice, record()).await.unwrap_err();
        assert!(matches!(twice, StoreError::Conflict(Conflict::Exists)));

        let resource_id = resource.app_id;
        let facts = store
            .token_facts(contoso.id, application.app_id, Some(resource_id))
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
        assert!(
            store
                .unassign(contoso.id, assignment.id, record())
                .await
                .unwrap()
        );
        let facts = store
            .token_facts(contoso.id, application.app_id, Some(resource_id))
            .await
            .unwrap();
        assert_eq!(facts.assignments, [], "nothing old is remembered");
        assert!(
            store.auth_epoch(contoso.id).await.unwrap() > epoch,
            "issued tokens lose the role"
        );

        let deleted = Application {
            deleted: Some(NOW),
            ..application.clone()
        };
        save(&store, deleted).await;
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
        create(&store, &home, admin).await.unwrap();
        let (present, admin) = tenant("present.example");
        create(&store, &present, admin).await.unwrap();
        let (stranger, admin) = tenant("stranger.example");
        create(&store, &stranger, admin).await.unwrap();
        let application = Application::new(home.id, "Demo", NOW);
        store
            .create_application(application.clone(), None, record())
            .await
            .unwrap();
        store
            .add_service_principal(principal(present.id, application.app_id))
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
        save(
            &store,
            Application {
                deleted: Some(NOW),
                ..application
            },
        )
        .await;
        assert_eq!(
            epochs().await,
            [before[0] + 1, before[1] + 1, before[2]],
            "its tokens end at home and abroad"
        );
    }
);

crate::on_both!(
    a_resource_is_found_by_its_uri_where_it_is_present,
    |store: Store| async move {
        let (home, admin) = tenant("home.example");
        create(&store, &home, admin).await.unwrap();
        let (other, admin) = tenant("other.example");
        create(&store, &other, admin).await.unwrap();
        let mut application = Application::new(home.id, "Api", NOW);
        application.identifier_uris = vec!["api://siem/".to_owned()];
        store
            .create_application(application.clone(), None, record())
            .await
            .unwrap();
        let find =
            async |tenant, uri: &str| store.app_id_of_identifier_uri(tenant, uri).await.unwrap();
        assert_eq!(find(home.id, "api://siem").await, Some(application.app_id));
        assert_eq!(find(home.id, "api://SIEM").await, None);
        assert_eq!(find(other.id, "api://siem").await, None);
        store
            .add_service_principal(principal(other.id, application.app_id))
            .await
            .unwrap();
        assert_eq!(
            find(other.id, "api://siem/").await,
            Some(application.app_id)
        );
    }
);
