//! Federated credentials: registered through the directory, proven at the token endpoints.

use casbah_model::identity::FederatedCredential;
use casbah_model::ids::KeyId;
use casbah_model::time::Timestamp;
use casbah_store::AuditRecord;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::browser::Page;
use super::certificates;
use super::graph::{Caller, admin};
use super::issuer::{AUDIENCE, SUBJECT, TestIssuer};
use super::{Directory, Registered};
use crate::testing::{TestServer, save_user};

const RESOURCE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

/// Asks for a token with an assertion.
pub(super) async fn ask(
    directory: &Directory,
    one: &Registered,
    endpoint: &str,
    assertion: &str,
) -> Page {
    let path = format!("/{}/{endpoint}", directory.tenant);
    certificates::ask(directory, one, &path, assertion).await
}

/// The number of a refusal; none if there is a token.
pub(super) async fn code(directory: &Directory, one: &Registered, assertion: &str) -> Option<u64> {
    let page = ask(directory, one, "oauth2/v2.0/token", assertion).await;
    if page.status == 200 {
        return None;
    }
    let (_, _, code) = page.code();
    Some(code.unwrap())
}

/// A directory on a server that reaches the issuer by its name.
pub(super) async fn reaching(issuer: &TestIssuer) -> Directory {
    let server = TestServer::start_with(issuer.egress(&["localhost"])).await;
    Directory::on(server).await
}

/// An application that trusts an issuer of this name.
pub(super) async fn trusting(directory: &Directory, issuer: &str) -> Registered {
    let trusted = FederatedCredential {
        id: KeyId::random(),
        name: "pipeline".to_owned(),
        issuer: issuer.to_owned(),
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        description: None,
    };
    let register =
        directory.register(|application| application.federated_credentials = vec![trusted]);
    register.await
}

/// Makes an application trust an issuer.
async fn trust(admin: &Caller<'_>, one: &Registered, name: &str, issuer: &str) -> Page {
    let body = json!({"name": name, "issuer": issuer, "subject": SUBJECT,
        "audiences": [AUDIENCE]});
    admin.post(&path(one), body).await
}

fn path(one: &Registered) -> String {
    let id = one.application.id;
    format!("/v1.0/applications/{id}/federatedIdentityCredentials")
}

/// The last records of the tenant's audit: action, target and detail.
async fn last_records(directory: &Directory, count: u32) -> Vec<[String; 3]> {
    let store = &directory.server.app.store;
    let found = store.audit_records(directory.tenant, count).await.unwrap();
    let parts = |one: AuditRecord| [one.action, one.target, one.detail];
    found.into_iter().map(parts).collect()
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_is_a_proof_until_the_trust_ends() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let one = directory.register(|_| {}).await;
    let admin = admin(&directory).await;
    let made = trust(&admin, &one, "pipeline", &issuer.url("localhost")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let assertion = issuer.token(&json!({}));
    for endpoint in ["oauth2/v2.0/token", "oauth2/token", "oauth2/v2.0/token"] {
        let page = ask(&directory, &one, endpoint, &assertion).await;
        assert_eq!(page.status, 200, "{endpoint}: {}", page.text);
        let token = page.json()["access_token"].as_str().unwrap().to_owned();
        let claims = casbah_token::decode_unverified(&token).unwrap().claims;
        assert_eq!(claims["appidacr"], "2");
        assert_eq!(claims["roles"], json!(["investigation.read"]));
    }
    assert_eq!(issuer.calls().len(), 2, "metadata and keys, once");
    let one_path = format!("{}/pipeline", path(&one));
    let id = admin.get(&one_path).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let [action, target, detail] = last_records(&directory, 1).await.remove(0);
    assert_eq!(
        (action.as_str(), target.as_str()),
        ("token.issue", RESOURCE)
    );
    let used = format!("client_credentials with federated credential pipeline {id}");
    assert_eq!(detail, used);

    let other = json!({"subject": "repo:contoso/other"});
    let changed = admin.call("PATCH", &one_path, other).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert_eq!(code(&directory, &one, &assertion).await, Some(700_213));
    let removed = admin.call("DELETE", &one_path, Value::Null).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_eq!(code(&directory, &one, &assertion).await, Some(70_025));
    assert!(issuer.calls().is_empty(), "nothing to ask about");
}

#[tokio::test]
async fn each_mistake_has_its_number() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let one = trusting(&directory, &issuer.url("localhost")).await;
    let now = Timestamp::now().seconds();
    for (what, changes, expected) in [
        ("nothing", json!({}), None),
        (
            "several audiences",
            json!({"aud": ["x", "api://AzureADTokenExchange"]}),
            None,
        ),
        (
            "clocks apart",
            json!({"exp": now - 290, "nbf": now + 290, "iat": now + 290}),
            None,
        ),
        ("issuer", json!({"iss": "https://localhost"}), Some(700_211)),
        (
            "issuer with a slash",
            json!({"iss": issuer.url("localhost") + "/"}),
            Some(700_211),
        ),
        ("no url", json!({"iss": "localhost"}), Some(700_021)),
        ("no issuer", json!({"iss": null}), Some(700_021)),
        ("audience", json!({"aud": "api://other"}), Some(700_212)),
        ("no audience", json!({"aud": null}), Some(700_212)),
        (
            "subject",
            json!({"sub": "repo:contoso/other"}),
            Some(700_213),
        ),
        (
            "case",
            json!({"sub": SUBJECT.to_uppercase()}),
            Some(700_213),
        ),
        ("pattern", json!({"sub": "repo:contoso/*"}), Some(700_213)),
        ("no subject", json!({"sub": null}), Some(700_213)),
        ("ended", json!({"exp": now - 301}), Some(700_024)),
        ("no end", json!({"exp": null}), Some(700_024)),
        ("not begun", json!({"nbf": now + 400}), Some(700_024)),
        ("from the future", json!({"iat": now + 400}), Some(700_024)),
    ] {
        let assertion = issuer.token(&changes);
        assert_eq!(code(&directory, &one, &assertion).await, expected, "{what}");
    }
    assert_eq!(code(&directory, &one, "no token").await, Some(50_027));
    let stranger = directory.register(|_| {}).await;
    let assertion = issuer.token(&json!({}));
    assert_eq!(code(&directory, &stranger, &assertion).await, Some(70_025));
}

#[tokio::test]
async fn trust_is_listed_made_changed_and_ended_through_the_directory() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let admin = admin(&directory).await;
    let path = path(&one);
    let empty = admin.get(&path).await;
    assert_eq!(empty["value"], json!([]));
    let body = json!({"name": "main", "issuer": "https://tokens.example/path/", "subject": "s",
        "audiences": ["api://AzureADTokenExchange"], "description": "builds"});
    let made = admin.post(&path, body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_json_snapshot!("federated_credential", made, { ".id" => "[id]" });
    let id = made["id"].as_str().unwrap();
    for which in [
        "/main",
        &format!("/{id}"),
        "(name='main')",
        &format!("('{id}')"),
    ] {
        let seen = admin.get(&format!("{path}{which}")).await;
        assert_eq!(seen["subject"], "s", "{which}");
    }
    let filtered = admin
        .get(&format!("{path}?$filter=name%20eq%20'other'"))
        .await;
    assert_eq!(filtered["value"], json!([]));

    let changed = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    for (what, body, status) in [
        ("the same again", body.clone(), 409),
        ("the same name", changed("subject", json!("t")), 409),
        ("the same claims", changed("name", json!("other")), 409),
        (
            "http",
            changed("issuer", json!("http://tokens.example")),
            400,
        ),
        ("no issuer", json!({"name": "x", "subject": "s"}), 400),
        (
            "two audiences",
            changed("audiences", json!(["a", "b"])),
            400,
        ),
        ("no name", changed("name", json!("")), 400),
        (
            "pattern",
            changed("claimsMatchingExpression", json!({"value": "x"})),
            400,
        ),
    ] {
        let page = admin.post(&path, body).await;
        assert_eq!(page.status, status, "{what}: {}", page.text);
    }
    let page = admin.post(&path, body.clone()).await.json();
    assert_eq!(
        page["error"]["code"],
        "Request_MultipleObjectsWithSameKeyValue"
    );

    let whole = json!({"name": "main", "issuer": "https://tokens.example", "subject": "t",
        "audiences": ["mine"], "description": null});
    for (body, status) in [
        (whole, 204),
        (json!({"name": "renamed"}), 400),
        (json!({"audiences": []}), 400),
        (json!({"issuer": null}), 400),
    ] {
        let page = admin.call("PATCH", &format!("{path}/{id}"), body).await;
        assert_eq!(page.status, status, "{}", page.text);
    }
    let seen = admin.get(&format!("{path}/main")).await;
    assert_eq!(seen["audiences"], json!(["mine"]));
    assert_eq!(seen["description"], Value::Null);
    for status in [204, 404] {
        let page = admin
            .call("DELETE", &format!("{path}/{id}"), Value::Null)
            .await;
        assert_eq!(page.status, status, "{}", page.text);
    }
    let actions: Vec<_> = last_records(&directory, 3).await;
    let target = format!("{} {id}", one.application.id);
    let told = "main: issuer https://tokens.example, subject t, audience mine";
    assert_eq!(actions[0], ["application.remove_federated", &target, told]);
    assert_eq!(actions[1], ["application.change_federated", &target, told]);
    assert_eq!(actions[2][0], "application.add_federated");
    assert!(
        actions[2][2].contains("issuer https://tokens.example/path/"),
        "{actions:?}"
    );
}

#[tokio::test]
async fn who_may_not_manage_an_application_sees_but_changes_no_trust() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let caller = admin(&directory).await;
    let path = path(&one);
    let made = trust(&caller, &one, "main", "https://tokens.example").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let store = &directory.server.app.store;
    let user = store.user(directory.tenant, directory.admin.id).await;
    let mut user = user.unwrap().unwrap();
    user.roles.clear();
    save_user(store, &user).await;
    let seen = caller.get(&path).await;
    assert_eq!(seen["value"][0]["name"], "main");
    let refused = trust(&caller, &one, "mine", "https://evil.example").await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    let main = format!("{path}/main");
    for (method, body) in [("PATCH", json!({"subject": "me"})), ("DELETE", Value::Null)] {
        let refused = caller.call(method, &main, body).await;
        assert_eq!(refused.status, 403, "{method} {}", refused.text);
    }
}
