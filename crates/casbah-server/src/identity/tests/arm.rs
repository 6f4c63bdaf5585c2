//! What the Azure CLI asks around its sign-in.

use axum::http::Method;
use serde_json::{Value, json};

use super::Directory;
use super::browser::Page;

async fn get(directory: &Directory, path: &str, token: Option<&str>) -> Page {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer
        .iter()
        .map(|bearer| ("authorization", bearer.as_str()))
        .collect();
    let mut browser = directory.browser();
    browser
        .send(Method::GET, path, &headers, String::new())
        .await
}

#[tokio::test]
async fn an_application_learns_that_it_has_a_tenant_and_no_subscriptions() {
    let directory = Directory::new().await;
    let registered = directory.register(|_| {}).await;
    let client = registered.application.app_id.to_string();
    let token = async |resource: &str| {
        let page = directory
            .browser()
            .post(
                &format!("/{}/oauth2/v2.0/token", directory.tenant),
                &[
                    ("grant_type", "client_credentials"),
                    ("client_id", &client),
                    ("client_secret", &registered.secret),
                    ("scope", &format!("{resource}/.default")),
                ],
            )
            .await;
        page.json()["access_token"].as_str().unwrap().to_owned()
    };
    let good = token("https://localhost:8443/arm").await;
    let foreign = token("https://localhost:8443/").await;

    let page = get(
        &directory,
        "/arm/subscriptions?api-version=2022-12-01",
        Some(&good),
    )
    .await;
    assert_eq!((page.status, page.json()), (200, json!({"value": []})));
    let page = get(
        &directory,
        "/arm/tenants?api-version=2022-12-01",
        Some(&good),
    )
    .await;
    let tenant = &page.json()["value"][0];
    assert_eq!(tenant["tenantId"], directory.tenant.to_string());
    assert_eq!(tenant["defaultDomain"], "fabrikam.example");

    for (path, token, status, code) in [
        ("/arm/subscriptions", None, 401, "AuthenticationFailed"),
        ("/arm/tenants", Some("x"), 401, "AuthenticationFailed"),
        (
            "/arm/tenants",
            Some(foreign.as_str()),
            401,
            "AuthenticationFailed",
        ),
        ("/arm/providers", Some(good.as_str()), 404, "NotFound"),
    ] {
        let page = get(&directory, path, token).await;
        assert_eq!(page.status, status, "{path}: {}", page.text);
        assert_eq!(page.json()["error"]["code"], code, "{path}");
    }
}

#[tokio::test]
async fn the_metadata_needs_no_token() {
    let directory = Directory::new().await;
    let page = get(
        &directory,
        "/arm/metadata/endpoints?api-version=2022-09-01",
        None,
    )
    .await;
    assert_eq!(page.status, 200);
    let document: Value = page.json();
    assert_eq!(document["resourceManager"], "https://localhost:8443/arm");
    assert!(document["suffixes"].is_object());
}
