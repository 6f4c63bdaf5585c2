//! What is taken back counts at once, whatever tokens say.

use casbah_model::identity::{
    Application, CASBAH_CLI, CLOUD_APP_SECURITY, ConsentGrant, ConsentType, FirstPartyApp,
    MICROSOFT_GRAPH, ServicePrincipal, SignInAudience, User,
};
use casbah_model::ids::{AppId, ObjectId};
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use casbah_token::{ClientAuth, Subject, UserSubject};

use super::{TestClient, TestServer, audit_record};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_believed_where_it_is_offered() {
    let server = TestServer::start().await;
    let other = server
        .create_tenant("Other", "other.example")
        .await
        .tenant
        .id;
    let permissions = [Permission::InvestigationRead];
    let here = server.client(server.tenant, &permissions).await;
    let abroad = server
        .present(here.application.clone(), other, &permissions)
        .await;
    let status = async |client: &TestClient| {
        let token = server.token(client, |_| {});
        let answer = server.call("GET", "/api/v1/alerts/", Some(&token), "");
        answer.await.status
    };
    let multiple = SignInAudience::AzureADMultipleOrgs;
    let deleted = Some(Timestamp::now());
    for (audience, deleted, expected) in [
        (SignInAudience::AzureADMyOrg, None, (200, 401)),
        (multiple, None, (200, 200)),
        (multiple, deleted, (401, 401)),
        (SignInAudience::AzureADMyOrg, None, (200, 401)),
    ] {
        let application = Application {
            sign_in_audience: audience,
            deleted,
            ..here.application.clone()
        };
        server.save(&application).await;
        assert_eq!((status(&here).await, status(&abroad).await), expected);
    }
}

/// A person, through a client.
struct Person<'a> {
    server: &'a TestServer,
    client: TestClient,
    user: User,
}

impl Person<'_> {
    /// What the API and the directory answer to tokens that `client` got before.
    async fn statuses(&self, client: AppId) -> [u16; 2] {
        let calls = [
            (CLOUD_APP_SECURITY, "investigation.read", "/api/v1/alerts/"),
            (
                MICROSOFT_GRAPH,
                "Application.ReadWrite.All",
                "/v1.0/applications",
            ),
        ];
        let mut statuses = [0; 2];
        for (status, (resource, scope, path)) in statuses.iter_mut().zip(calls) {
            let token = self.server.token(&self.client, |token| {
                token.audience = resource.app_id.to_string();
                token.client.id = client.to_string();
                token.client.auth = ClientAuth::Public;
                token.roles.clear();
                token.subject = Subject::User(UserSubject {
                    object_id: self.user.id.to_string(),
                    subject: "pairwise".to_owned(),
                    upn: self.user.upn.clone(),
                    name: self.user.display_name.clone(),
                    scopes: vec![scope.to_owned()],
                    methods: vec!["pwd".to_owned()],
                    ip_address: None,
                });
            });
            let answer = self.server.call("GET", path, Some(&token), "").await;
            *status = answer.status;
        }
        statuses
    }

    async fn principal(&self, app_id: AppId) -> ServicePrincipal {
        let store = &self.server.app.store;
        let found = store.service_principal_by_app_id(self.client.tenant, app_id);
        found.await.unwrap().unwrap()
    }

    async fn grant(&self, resource: FirstPartyApp, scope: &str) -> ObjectId {
        let grant = ConsentGrant {
            id: ObjectId::random(),
            tenant: self.client.tenant,
            client_id: self.principal(self.client.application.app_id).await.id,
            consent_type: ConsentType::Principal(self.user.id),
            resource_id: self.principal(resource.app_id).await.id,
            scopes: vec![scope.to_owned()],
            created: Timestamp::now(),
        };
        let id = grant.id;
        let store = &self.server.app.store;
        store
            .create_consent_grant(grant, audit_record())
            .await
            .unwrap();
        id
    }

    async fn enable(&self, app_id: AppId, enabled: bool) {
        let ServicePrincipal { tenant, id, .. } = self.principal(app_id).await;
        let store = &self.server.app.store;
        let changed: Result<_, ()> = store
            .change_service_principal(tenant, id, audit_record(), move |principal| {
                principal
                    .map(|principal| ServicePrincipal {
                        enabled,
                        ..principal
                    })
                    .ok_or(())
            })
            .await
            .unwrap();
        changed.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_acts_for_a_person_while_it_is_consented_to() {
    let server = TestServer::start().await;
    let client = server.client(server.tenant, &[]).await;
    let store = &server.app.store;
    let person = Person {
        server: &server,
        user: store.users(server.tenant).await.unwrap().remove(0),
        client,
    };
    let app_id = person.client.application.app_id;
    assert_eq!(
        person.statuses(app_id).await,
        [403, 403],
        "nobody consented"
    );
    let api = person.grant(CLOUD_APP_SECURITY, "investigation.read").await;
    person
        .grant(MICROSOFT_GRAPH, "Application.ReadWrite.All")
        .await;
    assert_eq!(person.statuses(app_id).await, [200, 200]);

    person.enable(app_id, false).await;
    assert_eq!(person.statuses(app_id).await, [401, 401], "switched off");
    person.enable(app_id, true).await;
    let deleted = Application {
        deleted: Some(Timestamp::now()),
        ..person.client.application.clone()
    };
    server.save(&deleted).await;
    assert_eq!(person.statuses(app_id).await, [401, 401], "deleted");
    server.save(&person.client.application).await;
    store
        .delete_consent_grant(server.tenant, api, audit_record())
        .await
        .unwrap();
    assert_eq!(person.statuses(app_id).await, [403, 200], "one is revoked");

    let own = CASBAH_CLI.app_id;
    assert_eq!(person.statuses(own).await, [200, 200], "needs no consent");
    person.enable(own, false).await;
    assert_eq!(person.statuses(own).await, [401, 401]);
}
