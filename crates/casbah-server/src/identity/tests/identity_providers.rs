//! `/identity/identityProviders`

use casbah_model::identity::DirectoryRole;
use serde_json::{Value, json};

use super::Directory;
use super::company::{SECRET, TestProvider};
use super::graph::{Caller, admin, application};
use super::sign_in::{authorize, redeem, submit};
use crate::testing::TestServer;
use crate::testing::directory::PASSWORD;

const PATH: &str = "/v1.0/identity/identityProviders";

pub(super) fn body(changes: &Value) -> Value {
    let mut body = json!({
        "@odata.type": "microsoft.graph.openIdConnectIdentityProvider",
        "displayName": "Fabrikam ID",
        "clientId": "casbah",
        "clientSecret": SECRET,
        "metadataUrl": "https://idp.fabrikam.example/.well-known/openid-configuration",
        "scope": "openid email",
        "responseType": "code",
        "responseMode": "query",
        "domainHint": "fabrikam.example",
        "claimsMapping": {"userId": "sub", "email": "email", "displayName": "name"},
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn created(admin: &Caller<'_>, changes: &Value) -> Value {
    let page = admin.post(PATH, body(changes)).await;
    assert_eq!(page.status, 201, "{}", page.text);
    page.json()
}

#[tokio::test]
async fn a_provider_is_made_read_changed_and_deleted() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let made = created(&admin, &json!({})).await;
    let one = format!("{PATH}/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.get(&one).await, made);
    let list = admin.get("/graph/v1.0/identity/identityProviders").await;
    assert_eq!(list["value"], json!([made]));
    insta::assert_json_snapshot!("identity_provider", made, { ".id" => "[id]" });

    let changes = json!({
        "displayName": "Fabrikam", "clientSecret": "another", "domains": [],
        "claimsMapping": {"email": "upn"}, "isUserCreationEnabled": true, "isEnabled": false,
    });
    let answer = admin.call("PATCH", &one, changes).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let shown = admin.get(&one).await;
    let expected = json!({"displayName": "Fabrikam", "domains": [], "domainHint": null,
        "isUserCreationEnabled": true, "isEnabled": false, "scope": "openid email"});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
    assert_eq!(shown["claimsMapping"]["email"], "upn");

    let records = directory
        .server
        .app
        .store
        .audit_records(directory.tenant, 50);
    let records = records.await.unwrap();
    let told = |action: &str| {
        let record = records.iter().find(|record| record.action == action);
        record.unwrap().detail.clone()
    };
    insta::assert_snapshot!(told("identity_provider.create"), @"Fabrikam ID: on, issuer https://idp.fabrikam.example, client casbah, scope openid email, people by email, domains fabrikam.example, creation of people off");
    insta::assert_snapshot!(told("identity_provider.change"), @"Fabrikam: off, issuer https://idp.fabrikam.example, client casbah, scope openid email, people by upn, domains none, creation of people on, another secret");
    for status in [204, 404] {
        let deleted = admin.call("DELETE", &one, Value::Null).await;
        assert_eq!(deleted.status, status);
    }
}

#[tokio::test]
async fn the_secret_is_in_no_answer_and_no_record() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let page = admin.post(PATH, body(&json!({}))).await;
    let id = page.json()["id"].as_str().unwrap().to_owned();
    let one = format!("{PATH}/{id}");
    let change = json!({"clientSecret": format!("{SECRET}2"), "displayName": "x"});
    let mut texts = vec![page.text];
    texts.push(admin.call("PATCH", &one, change).await.text);
    for path in [
        PATH,
        &one,
        &format!("{one}?$select=clientSecret"),
        &format!("{one}/links"),
    ] {
        texts.push(admin.get(path).await.to_string());
    }
    let store = &directory.server.app.store;
    for record in store.audit_records(directory.tenant, 50).await.unwrap() {
        texts.push(format!("{record:?}"));
    }
    for text in texts {
        assert!(!text.contains(SECRET), "{text}");
    }
    let database = directory.server.database();
    let sql = "SELECT COUNT(*) FROM identity_provider WHERE record LIKE '%' || ?1 || '%'
        OR instr(secret, CAST(?1 AS BLOB)) > 0";
    let found: i64 = database.query_row(sql, [SECRET], |row| row.get(0)).unwrap();
    assert_eq!(found, 0);

    // What was read and is written back changes no secret.
    let id = id.parse().unwrap();
    let sealed = async || {
        store
            .identity_provider_secret(directory.tenant, id)
            .await
            .unwrap()
    };
    let before = sealed().await;
    let shown = admin.get(&one).await;
    assert_eq!(admin.call("PATCH", &one, shown).await.status, 204);
    assert_eq!(sealed().await, before);
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let made = created(&admin, &json!({})).await;
    let other = json!({"displayName": "Other", "clientId": "other", "domainHint": null});
    for (changes, status, word) in [
        (json!({}), 409, "name"),
        (
            json!({"displayName": "Other", "domainHint": null}),
            409,
            "issuer and client id",
        ),
        (
            json!({"displayName": "Other", "clientId": "other"}),
            409,
            "domain",
        ),
        (json!({"clientSecret": null}), 400, "clientSecret"),
        (json!({"clientSecret": ""}), 400, "client secret"),
        (
            json!({"clientSecret": "****"}),
            400,
            "clientSecret is missing",
        ),
        (
            json!({"metadataUrl": "https://idp.example/x"}),
            400,
            "metadataUrl",
        ),
        (
            json!({"metadataUrl": "http://idp.example/.well-known/openid-configuration"}),
            400,
            "https",
        ),
        (json!({"responseType": "id_token"}), 400, "responseType"),
        (json!({"responseMode": "form_post"}), 400, "responseMode"),
        (json!({"claimsMapping": {"userId": "oid"}}), 400, "sub"),
        (
            json!({"claimsMapping": {"email": "mail"}}),
            400,
            "preferred_username",
        ),
        (json!({"scope": "email"}), 400, "openid"),
        (
            json!({"domains": ["contoso.example"]}),
            400,
            "contoso.example",
        ),
    ] {
        let page = admin.post(PATH, body(&changes)).await;
        assert_eq!(page.status, status, "{changes} {}", page.text);
        let message = page.json()["error"]["message"].to_string();
        assert!(message.contains(word), "{changes} {message}");
    }
    created(&admin, &other).await;
    let one = format!("{PATH}/{}", made["id"].as_str().unwrap());
    for changes in [
        json!({"issuer": "https://evil.example"}),
        json!({"metadataUrl": "https://evil.example/.well-known/openid-configuration"}),
        json!({"displayName": "other"}),
        json!({"clientId": null}),
    ] {
        let page = admin.call("PATCH", &one, changes.clone()).await;
        assert!(
            page.status == 400 || page.status == 409,
            "{changes} {}",
            page.text
        );
    }
    assert_eq!(admin.get(&one).await, made);
}

#[tokio::test]
async fn only_who_may_do_everything_manages_them() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let made = created(&admin, &json!({"domainHint": null})).await;
    let one = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let calls = [
        ("GET", PATH, Value::Null),
        (
            "POST",
            PATH,
            body(&json!({"displayName": "x", "clientId": "y"})),
        ),
        ("GET", &one, Value::Null),
        ("PATCH", &one, json!({"isUserCreationEnabled": true})),
        ("POST", &format!("{one}/test"), Value::Null),
        ("GET", &format!("{one}/links"), Value::Null),
        ("DELETE", &one, Value::Null),
    ];
    let app = directory.register(|_| {}).await;
    let client = app.application.app_id.to_string();
    let resource = "https://graph.microsoft.com";
    let mut callers =
        vec![application(&directory, directory.tenant, &client, &app.secret, resource).await];
    for role in [
        DirectoryRole::PrivilegedRoleAdministrator,
        DirectoryRole::ApplicationAdministrator,
    ] {
        let person = directory.person(&format!("{role:?}"), &[role]).await;
        let mut browser = directory.browser();
        let scope = ("scope", "https://localhost:8443//.default openid");
        let page = browser.get(&authorize("common", &[scope])).await;
        let fields = [("username", person.upn.as_str()), ("password", PASSWORD)];
        let sent = submit(&mut browser, &page, &fields).await;
        let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        callers.push(Caller::new(&directory, token));
    }
    for caller in &callers {
        for (method, path, body) in &calls {
            let page = caller.call(method, path, body.clone()).await;
            assert_eq!(page.status, 403, "{method} {path} {}", page.text);
        }
    }
    assert_eq!(admin.get(&one).await, made);
}

#[tokio::test]
async fn another_tenants_providers_are_not_there() {
    let server = TestServer::start().await;
    let directory = Directory::on(server).await;
    let home = directory.server.tenant;
    let theirs = super::company::kept(home, "https://idp.contoso.example");
    super::company::add(&directory, &theirs).await;
    let admin = admin(&directory).await;
    assert_eq!(admin.get(PATH).await["value"], json!([]));
    let one = format!("{PATH}/{}", theirs.id);
    for (method, path, body) in [
        ("GET", one.clone(), Value::Null),
        ("PATCH", one.clone(), json!({"isEnabled": false})),
        ("DELETE", one.clone(), Value::Null),
        ("POST", format!("{one}/test"), Value::Null),
        ("GET", format!("{one}/links"), Value::Null),
    ] {
        let page = admin.call(method, &path, body).await;
        assert_eq!(page.status, 404, "{method} {path} {}", page.text);
    }
    let store = &directory.server.app.store;
    assert_eq!(store.identity_providers(home).await.unwrap(), [theirs]);
}

#[tokio::test]
async fn a_test_says_what_is_good() {
    let provider = TestProvider::start();
    let server = TestServer::start_with(provider.egress()).await;
    let directory = Directory::on(server).await;
    let admin = admin(&directory).await;
    let url = provider.url();
    let made = created(&admin, &json!({ "issuer": url })).await;
    let path = format!("{PATH}/{}/test", made["id"].as_str().unwrap());
    let test = async || admin.post(&path, Value::Null).await.json();
    let good = test().await;
    assert_eq!(good["isGood"], true, "{good}");
    assert_eq!(good["tokenEndpoint"], format!("{url}/token"));
    assert_eq!(good["clientAuthenticationMethod"], "client_secret_basic");
    assert_eq!(good["keys"], json!(["one"]));
    for (changes, word) in [
        (json!({"issuer": "https://evil.example"}), "another issuer"),
        (json!({"token_endpoint": null}), "token_endpoint"),
        (
            json!({"authorization_endpoint": "http://a"}),
            "authorization_endpoint",
        ),
        (
            json!({"token_endpoint_auth_methods_supported": []}),
            "client_secret_basic",
        ),
        (
            json!({"jwks_uri": "https://10.0.0.1/keys"}),
            "public network",
        ),
    ] {
        provider.publish(&changes);
        let bad = test().await;
        assert_eq!(bad["isGood"], false, "{changes} {bad}");
        assert!(bad["problems"][0].to_string().contains(word), "{bad}");
    }
}
