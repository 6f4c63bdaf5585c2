//! An API calls the next API for the person who called it.

use casbah_identity::secret::SecretOptions;
use casbah_model::identity::{
    AppRoleAssignment, Application, CLOUD_APP_SECURITY, ConsentGrant, ConsentType, MICROSOFT_GRAPH,
    PermissionScope, PrincipalType, ScopeType, SignInAudience,
};
use casbah_model::ids::{KeyId, ObjectId};
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::browser::Page;
use super::graph::application;
use super::sign_in::{authorize, first_sign_in, redeem};
use super::{Directory, Registered};
use crate::testing::{audit_record, save, save_user};

const ALERTS: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af/investigation.read";

fn scope(value: &str) -> PermissionScope {
    PermissionScope {
        id: KeyId::random(),
        value: value.to_owned(),
        consent: ScopeType::User,
        admin_consent_display_name: value.to_owned(),
        admin_consent_description: value.to_owned(),
        user_consent_display_name: None,
        user_consent_description: None,
        is_enabled: true,
    }
}

/// A front application, and two APIs behind each other.
struct Chain {
    directory: Directory,
    front: Registered,
    middle: Registered,
    last: Registered,
}

impl Chain {
    async fn new() -> Self {
        let directory = Directory::new().await;
        let front = directory
            .register(|app| app.public_client_redirect_uris = vec!["http://localhost".into()])
            .await;
        let api = |uri: &'static str| {
            move |app: &mut Application| {
                app.identifier_uris = vec![uri.to_owned()];
                app.oauth2_permission_scopes = vec![scope("use")];
            }
        };
        let middle = directory.register(api("api://middle")).await;
        let last = directory.register(api("api://last")).await;
        let chain = Self {
            directory,
            front,
            middle,
            last,
        };
        chain
            .grant(&chain.front, chain.middle.principal.id, "use")
            .await;
        chain
    }

    async fn grant(&self, client: &Registered, resource: ObjectId, scope: &str) -> ObjectId {
        let grant = ConsentGrant {
            id: ObjectId::random(),
            tenant: self.directory.tenant,
            client_id: client.principal.id,
            consent_type: ConsentType::AllPrincipals,
            resource_id: resource,
            scopes: vec![scope.to_owned()],
            created: Timestamp::now(),
        };
        let id = grant.id;
        let store = &self.directory.server.app.store;
        store
            .create_consent_grant(grant, audit_record())
            .await
            .unwrap();
        id
    }

    async fn part(&self, app: casbah_model::identity::FirstPartyApp) -> ObjectId {
        let store = &self.directory.server.app.store;
        let found = store.service_principal_by_app_id(self.directory.tenant, app.app_id);
        found.await.unwrap().unwrap().id
    }

    /// The person's token for the middle API, by the front application.
    async fn token(&self) -> String {
        let mut browser = self.directory.browser();
        let client = self.front.application.app_id.to_string();
        let tenant = self.directory.tenant.to_string();
        let change = [
            ("client_id", client.as_str()),
            ("scope", "api://middle/use openid"),
        ];
        let sent = first_sign_in(&self.directory, &mut browser, &authorize(&tenant, &change)).await;
        let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &change[..1]).await;
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, client: &Registered, assertion: &str, change: &[(&str, &str)]) -> Page {
        let id = client.application.app_id.to_string();
        let mut fields = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("client_id", id.as_str()),
            ("client_secret", &client.secret),
            ("assertion", assertion),
            ("scope", ALERTS),
        ];
        for (name, value) in change {
            fields.retain(|(found, _)| found != name);
            fields.push((name, value));
        }
        fields.retain(|(_, value)| !value.is_empty());
        let path = format!("/{}/oauth2/v2.0/token", self.directory.tenant);
        self.directory.browser().post(&path, &fields).await
    }
}

fn claims(page: &Page) -> Value {
    let token = page.json()["access_token"].as_str().unwrap().to_owned();
    json!(casbah_token::decode_unverified(&token).unwrap().claims)
}

#[tokio::test]
async fn an_api_acts_for_the_person_as_far_as_was_consented() {
    let chain = Chain::new().await;
    let token = chain.token().await;
    let refused = chain.ask(&chain.middle, &token, &[]).await;
    assert_eq!(refused.code(), (400, "invalid_grant".into(), Some(65_001)));
    assert_eq!(refused.json()["suberror"], "consent_required");

    let alerts = chain.part(CLOUD_APP_SECURITY).await;
    chain
        .grant(&chain.middle, alerts, "investigation.read")
        .await;
    let answer = chain.ask(&chain.middle, &token, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json().get("refresh_token").is_none());
    let said = claims(&answer);
    assert_eq!(said["scp"], "investigation.read");
    assert_eq!(said["oid"], chain.directory.admin.id.to_string());
    assert_eq!(said["appid"], chain.middle.application.app_id.to_string());
    assert_eq!(said["appidacr"], "1");
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    let server = &chain.directory.server;
    let read = server
        .call("GET", "/api/v1/alerts/", Some(&access), "")
        .await;
    assert_eq!(read.status, 200, "{}", read.text);

    // The next API goes on with what it was given.
    chain
        .grant(&chain.middle, chain.last.principal.id, "use")
        .await;
    let next = chain
        .ask(&chain.middle, &token, &[("scope", "api://last/.default")])
        .await;
    let next = next.json()["access_token"].as_str().unwrap().to_owned();
    let graph = chain.part(MICROSOFT_GRAPH).await;
    chain.grant(&chain.last, graph, "User.Read").await;
    let scope = (
        "scope",
        "https://localhost:8443//User.Read offline_access openid",
    );
    let end = chain.ask(&chain.last, &next, &[scope]).await;
    assert_eq!(end.status, 200, "{}", end.text);
    assert!(end.json()["id_token"].is_string());
    let id = chain.last.application.app_id.to_string();
    let refresh = end.json()["refresh_token"].as_str().unwrap().to_owned();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", id.as_str()),
        ("client_secret", &chain.last.secret),
        ("refresh_token", &refresh),
    ];
    let path = "/common/oauth2/v2.0/token";
    let refreshed = chain.directory.browser().post(path, &fields).await;
    assert_eq!(claims(&refreshed)["scp"], "User.Read");
}

#[tokio::test]
async fn only_the_persons_token_for_the_caller_is_taken() {
    let chain = Chain::new().await;
    let alerts = chain.part(CLOUD_APP_SECURITY).await;
    for client in [&chain.middle, &chain.last] {
        chain.grant(client, alerts, "investigation.read").await;
    }
    let token = chain.token().await;
    let good = chain.ask(&chain.middle, &token, &[]).await;
    assert_eq!(good.status, 200, "{}", good.text);
    let number = |page: &Page| page.code().2;

    // A token for somebody else, and the caller's own.
    let other = chain.ask(&chain.last, &token, &[]).await;
    assert_eq!(number(&other), Some(50_013));
    let middle = chain.middle.application.app_id.to_string();
    let directory = &chain.directory;
    let store = &directory.server.app.store;
    let assigned = AppRoleAssignment {
        id: ObjectId::random(),
        tenant: directory.tenant,
        principal_id: chain.middle.principal.id,
        principal_type: PrincipalType::ServicePrincipal,
        resource_id: chain.middle.principal.id,
        app_role_id: Permission::InvestigationRead.app_role_id(),
        created: Timestamp::now(),
    };
    store.assign(assigned, audit_record()).await.unwrap();
    let own = application(
        directory,
        directory.tenant,
        &middle,
        &chain.middle.secret,
        &middle,
    )
    .await;
    let refused = chain.ask(&chain.middle, &own.token, &[]).await;
    assert_eq!(number(&refused), Some(50_013), "it speaks for nobody");
    for (change, expected) in [
        (("client_secret", ""), 7_000_218),
        (("client_secret", "wrong"), 7_000_215),
        (("assertion", "garbage"), 50_013),
        (("requested_token_use", "other"), 9_002_313),
        (("scope", ""), 900_144),
    ] {
        let refused = chain.ask(&chain.middle, &token, &[change]).await;
        assert_eq!(number(&refused), Some(expected), "{change:?}");
    }

    // An application of another tenant that has registered the same URI.
    let mut foreign = Application::new(directory.server.tenant, "Foreign", Timestamp::now());
    foreign.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
    foreign.identifier_uris = vec!["api://middle".to_owned()];
    save(store, &foreign).await;
    let foreign = Registered {
        principal: directory.present(directory.tenant, &foreign).await,
        secret: directory.secret(&foreign, SecretOptions::default()).await,
        application: foreign,
    };
    chain.grant(&foreign, alerts, "investigation.read").await;
    let refused = chain.ask(&foreign, &token, &[]).await;
    assert_eq!(number(&refused), Some(50_013), "the URI is another's here");

    // Whose sign-ins have ended is not acted for any more.
    let id = directory.admin.id;
    let mut user = store.user(directory.tenant, id).await.unwrap().unwrap();
    user.end_sign_ins(Timestamp::now());
    save_user(store, &user).await;
    let refused = chain.ask(&chain.middle, &token, &[]).await;
    assert_eq!(number(&refused), Some(50_013));
}
