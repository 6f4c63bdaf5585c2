//! What every call of the directory has in common, whatever it is about.

use serde_json::{Value, json};

use super::Directory;
use super::graph::admin;

#[tokio::test]
async fn every_failure_has_the_form_of_the_directory() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let long = json!({"displayName": "x".repeat(70_000)});
    for (method, path, body, status, code) in [
        (
            "POST",
            "/v1.0/applications",
            long,
            413,
            "RequestEntityTooLarge",
        ),
        (
            "POST",
            "/v1.0/applications",
            json!([]),
            400,
            "Request_BadRequest",
        ),
        (
            "GET",
            "/v1.0/applications/%FF",
            Value::Null,
            400,
            "Request_BadRequest",
        ),
        (
            "GET",
            "/v1.0/applications/x",
            Value::Null,
            404,
            "Request_ResourceNotFound",
        ),
        (
            "GET",
            "/v1.0/applications?$top=x",
            Value::Null,
            400,
            "Request_UnsupportedQuery",
        ),
        ("GET", "/v1.0", Value::Null, 404, "BadRequest"),
        ("GET", "/v1.0/", Value::Null, 404, "BadRequest"),
        (
            "PUT",
            "/graph/v1.0/applications",
            Value::Null,
            404,
            "BadRequest",
        ),
    ] {
        let page = admin.call(method, path, body).await;
        let error = &page.json()["error"];
        assert_eq!(
            (page.status, &error["code"]),
            (status, &json!(code)),
            "{path}"
        );
        assert!(error["innerError"]["request-id"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_service_principal_has_secrets_of_its_own() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let one = directory.register(|_| {}).await;
    let path = format!("/v1.0/servicePrincipals/{}", one.principal.id);
    let body = json!({"passwordCredential": {"displayName": "its own"}});
    let added = admin.post(&format!("{path}/addPassword"), body).await;
    assert_eq!(added.status, 200, "{}", added.text);
    let added = added.json();
    let shown = admin.get(&path).await;
    assert_eq!(shown["passwordCredentials"][0]["keyId"], added["keyId"]);
    assert!(shown["passwordCredentials"][0]["secretText"].is_null());

    let client = one.application.app_id.to_string();
    let ask = async || {
        let parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", client.as_str()),
            ("client_secret", added["secretText"].as_str().unwrap()),
            ("scope", "https://localhost:8443/.default"),
        ];
        let path = format!("/{}/oauth2/v2.0/token", directory.tenant);
        directory.browser().post(&path, &parameters).await.status
    };
    assert_eq!(ask().await, 200);
    let key = json!({"keyId": added["keyId"]});
    let of_application = format!("/v1.0/applications/{}/removePassword", one.application.id);
    let refused = admin.post(&of_application, key.clone()).await;
    assert_eq!(refused.status, 400, "it is not the application's");
    let removed = admin.post(&format!("{path}/removePassword"), key).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_eq!(ask().await, 401);

    let part = admin
        .principal_of("04b07795-8ddb-461a-bbee-02f9e1bf7b46")
        .await;
    let refused = admin
        .post(
            &format!("/v1.0/servicePrincipals/{part}/addPassword"),
            json!({}),
        )
        .await;
    assert_eq!(refused.status, 400, "nobody acts as a part of the server");
}
