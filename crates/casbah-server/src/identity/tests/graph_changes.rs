use casbah_identity::secret::SecretOptions;
use casbah_model::identity::{Application, CLOUD_APP_SECURITY, MICROSOFT_GRAPH, SignInAudience};
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::Directory;
use super::graph::{admin, application};
use super::sign_in::{authorize, redeem};
use crate::testing::save;

#[tokio::test]
async fn a_deleted_application_is_gone_until_it_is_restored() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let one = directory.register(|_| {}).await;
    let id = one.application.id;
    let app_id = one.application.app_id.to_string();
    let by_app_id = format!("/v1.0/applications(appId='{app_id}')");
    assert_eq!(admin.get(&by_app_id).await["id"], id.to_string());
    let changed = admin
        .call(
            "PATCH",
            &by_app_id,
            json!({"displayName": "Renamed", "web": {"redirectUris": ["https://a.example/"]}}),
        )
        .await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    let shown = admin.get(&by_app_id).await;
    assert_eq!(shown["displayName"], "Renamed");
    assert_eq!(shown["web"]["redirectUris"], json!(["https://a.example/"]));
    for body in [
        json!({"passwordCredentials": [{"secretText": "mine"}]}),
        json!({"web": {"redirectUris": ["http://a.example/"]}}),
        json!({"signInAudience": "Everyone"}),
        json!({"displayName": " "}),
    ] {
        let refused = admin.call("PATCH", &by_app_id, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
    }
    let taken = admin
        .call(
            "PATCH",
            &by_app_id,
            json!({"identifierUris": ["https://graph.microsoft.com/"]}),
        )
        .await;
    assert_eq!(taken.status, 409, "no application takes another's name");

    let path = format!("/v1.0/applications/{id}");
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(admin.call("GET", &path, Value::Null).await.status, 404);
    let answer = directory
        .browser()
        .post(
            &format!("/{}/oauth2/v2.0/token", directory.tenant),
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &app_id),
                ("client_secret", &one.secret),
                ("scope", "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default"),
            ],
        )
        .await;
    assert_eq!(answer.code().2, Some(700_016));
    let deleted = admin
        .get("/v1.0/directory/deletedItems/microsoft.graph.application")
        .await;
    assert_eq!(deleted["value"][0]["id"], id.to_string());
    let restored = admin
        .post(
            &format!("/v1.0/directory/deletedItems/{id}/restore"),
            Value::Null,
        )
        .await;
    assert_eq!(restored.status, 200);
    assert_eq!(admin.get(&path).await["displayName"], "Renamed");
}

#[tokio::test]
async fn a_delegated_grant_lets_a_client_act_for_people() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let one = directory
        .register(|application| {
            application.public_client_redirect_uris = vec!["http://localhost".into()];
        })
        .await;
    let resource = admin
        .principal_of(&CLOUD_APP_SECURITY.app_id.to_string())
        .await;
    let body = json!({
        "clientId": one.principal.id,
        "consentType": "AllPrincipals",
        "resourceId": resource,
        "scope": "Investigation.Read",
    });
    let mut unknown = body.clone();
    unknown["scope"] = json!("investigation.read everything");
    let refused = admin.post("/v1.0/oauth2PermissionGrants", unknown).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("'everything'"), "{}", refused.text);
    let granted = admin
        .post("/v1.0/oauth2PermissionGrants", body.clone())
        .await;
    assert_eq!(granted.status, 201, "{}", granted.text);
    assert_eq!(
        admin
            .post("/v1.0/oauth2PermissionGrants", body)
            .await
            .status,
        409
    );
    let granted = granted.json();
    assert_eq!(granted["scope"], "investigation.read");
    let id = granted["id"].as_str().unwrap().to_owned();

    let client = one.application.app_id.to_string();
    let mut browser = directory.browser();
    let tenant = directory.tenant.to_string();
    let change = [
        ("client_id", client.as_str()),
        (
            "scope",
            "05a65629-4c1b-48c1-a78b-804c4abdd4af/investigation.read",
        ),
    ];
    let page = browser.get(&authorize(&tenant, &change)).await;
    let sent = super::sign_in::submit(
        &mut browser,
        &page,
        &[
            ("username", &directory.admin.upn),
            ("password", super::sign_in::NEW),
        ],
    )
    .await;
    let code = sent.sent("code").unwrap();
    let answer = redeem(&mut browser, &code, &[("client_id", &client)]).await;
    let json = answer.json();
    let token = json["access_token"].as_str().unwrap();
    let claims = casbah_token::decode_unverified(token).unwrap().claims;
    assert_eq!(claims["scp"], "investigation.read");

    let path = format!("/v1.0/oAuth2PermissionGrants/{id}");
    let widened = admin
        .call(
            "PATCH",
            &path,
            json!({"scope": "Investigation.Read SETTINGS.READ settings.read"}),
        )
        .await;
    assert_eq!(widened.status, 204);
    let unknown = json!({"scope": "everything"});
    assert_eq!(admin.call("PATCH", &path, unknown).await.status, 400);
    let query = format!(
        "/v1.0/oauth2PermissionGrants?$filter=clientId%20eq%20'{}'",
        one.principal.id
    );
    assert_eq!(
        admin.get(&query).await["value"][0]["scope"],
        "investigation.read settings.read"
    );
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 204);
    let silent: Vec<_> = change.iter().copied().chain([("prompt", "none")]).collect();
    let sent = browser.get(&authorize(&tenant, &silent)).await;
    assert_eq!(sent.sent("error").as_deref(), Some("consent_required"));
}

#[tokio::test]
async fn an_application_of_another_tenant_calls_only_while_it_is_offered() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let store = &directory.server.app.store;
    let mut foreign = Application::new(directory.server.tenant, "Foreign", Timestamp::now());
    foreign.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
    save(store, &foreign).await;
    let secret = directory.secret(&foreign, SecretOptions::default()).await;
    let principal = directory.present(directory.tenant, &foreign).await.id;
    let body = json!({
        "principalId": principal,
        "resourceId": admin.principal_of(&MICROSOFT_GRAPH.app_id.to_string()).await,
        "appRoleId": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    });
    let path = format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments");
    assert_eq!(admin.post(&path, body).await.status, 201);
    let client = foreign.app_id.to_string();
    let graph = "https://graph.microsoft.com";
    let app = application(&directory, directory.tenant, &client, &secret, graph).await;
    app.get("/v1.0/applications").await;
    foreign.sign_in_audience = SignInAudience::AzureADMyOrg;
    save(store, &foreign).await;
    let refused = app.call("GET", "/v1.0/applications", Value::Null).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn null_takes_away_and_absence_leaves() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let body = json!({
        "displayName": "Api",
        "identifierUris": ["api://one"],
        "isFallbackPublicClient": true,
        "api": {"requestedAccessTokenVersion": 2},
        "web": {"redirectUris": ["https://a.example/"]},
        "spa": {"redirectUris": ["https://a.example/"]},
    });
    let created = admin.post("/v1.0/applications", body).await.json();
    let path = format!("/v1.0/applications/{}", created["id"].as_str().unwrap());
    for (change, pointer, expected) in [
        (json!({}), "/api/requestedAccessTokenVersion", json!(2)),
        (
            json!({"api": {}}),
            "/api/requestedAccessTokenVersion",
            json!(2),
        ),
        (
            json!({"api": {"requestedAccessTokenVersion": null}}),
            "/api/requestedAccessTokenVersion",
            Value::Null,
        ),
        (
            json!({"isFallbackPublicClient": null}),
            "/isFallbackPublicClient",
            json!(false),
        ),
        (
            json!({"web": {"redirectUris": null}}),
            "/web/redirectUris",
            json!([]),
        ),
        (json!({"spa": null}), "/spa/redirectUris", json!([])),
        (
            json!({"identifierUris": null}),
            "/identifierUris",
            json!([]),
        ),
    ] {
        let changed = admin.call("PATCH", &path, change.clone()).await;
        assert_eq!(changed.status, 204, "{change}: {}", changed.text);
        let shown = admin.get(&path).await;
        assert_eq!(shown.pointer(pointer), Some(&expected), "{change}");
    }
    for change in [
        json!({"displayName": null}),
        json!({"signInAudience": null}),
    ] {
        let refused = admin.call("PATCH", &path, change.clone()).await;
        assert_eq!(refused.status, 400, "{change}");
    }
}

#[tokio::test]
async fn a_name_that_was_given_away_does_not_come_back() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let body = json!({"displayName": "Api", "identifierUris": ["api://one"]});
    let first = admin.post("/v1.0/applications", body.clone()).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let taken = admin.post("/v1.0/applications", body.clone()).await;
    assert_eq!(taken.status, 409, "{}", taken.text);
    assert_eq!(
        taken.json()["error"]["code"],
        "Request_MultipleObjectsWithSameKeyValue"
    );
    let path = format!("/v1.0/applications/{id}");
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 204);
    let rename = json!({"displayName": "Back"});
    assert_eq!(admin.call("PATCH", &path, rename).await.status, 404);
    assert_eq!(admin.post("/v1.0/applications", body).await.status, 201);
    let restore = format!("/v1.0/directory/deletedItems/{id}/restore");
    assert_eq!(admin.post(&restore, Value::Null).await.status, 409);
}
