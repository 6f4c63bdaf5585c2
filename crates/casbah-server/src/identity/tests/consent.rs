use axum::http::Method;
use casbah_model::identity::{
    Application, ConsentGrant, ConsentType, MICROSOFT_GRAPH, SignInAudience,
};
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;

use super::Directory;
use super::browser::{Browser, Page};
use super::sign_in::{authorize, first_sign_in, redeem};
use crate::testing::{audit_record, save};

#[tokio::test]
async fn consent_that_nobody_gave_is_missing() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    let one = directory
        .register(|application| {
            application.public_client_redirect_uris = vec!["http://localhost".into()];
        })
        .await;
    let client = one.application.app_id.to_string();
    let scope = "05a65629-4c1b-48c1-a78b-804c4abdd4af/investigation.read";
    let tenant = directory.tenant.to_string();
    first_sign_in(&directory, &mut browser, &authorize(&tenant, &[])).await;
    let change = [
        ("client_id", client.as_str()),
        ("scope", scope),
        ("prompt", "none"),
    ];
    let sent = browser.get(&authorize(&tenant, &change)).await;
    assert_eq!(
        sent.sent("error").as_deref(),
        Some("consent_required"),
        "{}",
        sent.text
    );
    let on_common = browser
        .get(&authorize("common", &[("client_id", &client)]))
        .await;
    assert!(on_common.text.contains("AADSTS50194"), "{}", on_common.text);
    let elsewhere = browser
        .get(&authorize("contoso.example", &[("client_id", &client)]))
        .await;
    assert!(elsewhere.text.contains("AADSTS700016"));

    let multi = directory
        .register(|application| {
            application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
            application.web_redirect_uris = vec!["https://app.example/cb".into()];
        })
        .await;
    let client = multi.application.app_id.to_string();
    let change = [
        ("client_id", client.as_str()),
        ("redirect_uri", "https://app.example/cb"),
        ("scope", "openid"),
    ];
    let sent = browser.get(&authorize("common", &change)).await;
    let code = sent.sent("code").unwrap();
    let back = ("redirect_uri", "https://app.example/cb");
    let id = ("client_id", client.as_str());
    let page = redeem(&mut browser, &code, &[back, id]).await;
    assert_eq!(
        page.code().2,
        Some(7_000_218),
        "a web application proves itself"
    );
    let page = redeem(
        &mut browser,
        &code,
        &[back, id, ("client_secret", &multi.secret)],
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.json().get("refresh_token").is_none(),
        "nobody asked for one"
    );
}

/// The last part of a person's sign-in to an application of another tenant.
struct Foreign<'a> {
    directory: &'a Directory,
    browser: Browser,
    client: String,
}

impl Foreign<'_> {
    async fn sign_in(&mut self, scope: &str) -> Page {
        let change = [
            ("client_id", self.client.as_str()),
            ("scope", scope),
            ("prompt", "none"),
        ];
        let tenant = self.directory.tenant.to_string();
        self.browser.get(&authorize(&tenant, &change)).await
    }
}

#[tokio::test]
async fn an_application_of_another_tenant_learns_nothing_without_consent() {
    let directory = Directory::new().await;
    let store = &directory.server.app.store;
    let mut browser = directory.browser();
    first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let mut application = Application::new(directory.server.tenant, "Foreign", Timestamp::now());
    application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
    application.public_client_redirect_uris = vec!["http://localhost".into()];
    save(store, &application).await;
    let mut foreign = Foreign {
        directory: &directory,
        browser,
        client: application.app_id.to_string(),
    };
    let graph = "https://localhost:8443//User.Read";
    for scope in ["openid profile", graph] {
        let sent = foreign.sign_in(scope).await;
        assert_eq!(sent.sent("error").as_deref(), Some("unauthorized_client"));
        let text = sent.sent("error_description").unwrap();
        assert!(text.starts_with("AADSTS700016"), "{text}");
    }
    let principal = directory.present(directory.tenant, &application).await;
    for scope in ["openid profile", graph] {
        let sent = foreign.sign_in(scope).await;
        assert_eq!(sent.sent("error").as_deref(), Some("consent_required"));
    }
    let resource = store.service_principal_by_app_id(directory.tenant, MICROSOFT_GRAPH.app_id);
    let grant = ConsentGrant {
        id: ObjectId::random(),
        tenant: directory.tenant,
        client_id: principal.id,
        consent_type: ConsentType::Principal(directory.admin.id),
        resource_id: resource.await.unwrap().unwrap().id,
        scopes: vec!["User.Read".to_owned()],
        created: Timestamp::now(),
    };
    store
        .create_consent_grant(grant.clone(), audit_record())
        .await
        .unwrap();
    for (scope, me) in [("openid profile", 403), (graph, 200)] {
        let sent = foreign.sign_in(scope).await;
        let code = sent.sent("code").unwrap();
        let change = [("client_id", foreign.client.as_str())];
        let answer = redeem(&mut foreign.browser, &code, &change).await.json();
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        let browser = &mut foreign.browser;
        let page = browser.send(Method::GET, "/v1.0/me", &headers, String::new());
        let page = page.await;
        assert_eq!(page.status, me, "{scope}: {}", page.text);
    }
    store
        .delete_consent_grant(directory.tenant, grant.id, audit_record())
        .await
        .unwrap();
    let sent = foreign.sign_in("openid").await;
    assert_eq!(sent.sent("error").as_deref(), Some("consent_required"));
}
