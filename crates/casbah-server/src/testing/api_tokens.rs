//! Legacy API tokens: whose they are, what they open, and when they end.

use axum::body::Body;
use axum::http::Request;
use casbah_model::audit::Origin;
use casbah_model::identity::{DirectoryRole, User};
use casbah_model::permission::{CasbahRole, Permission};
use serde_json::{Value, json};

use super::directory::Directory;
use super::{Answer, audit_record};
use crate::auth::SignedInPerson;

const TOKENS: &str = "/casbah/v1/api_tokens";

impl Directory {
    /// Calls the API as a signed-in person.
    pub(super) async fn as_person(
        &self,
        user: &User,
        method: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        let person = SignedInPerson::new(user, Origin::default());
        request.extensions_mut().insert(person);
        self.server.send(request).await
    }

    async fn make_token(&self, user: &User, name: &str) -> Value {
        let body = json!({ "name": name }).to_string();
        let made = self.as_person(user, "POST", TOKENS, &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    }

    async fn with_token(&self, scheme: &str, token: &str, method: &str, path: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("{scheme} {token}"));
        self.server.send(request.body(Body::empty()).unwrap()).await
    }

    async fn names_seen_by(&self, user: &User) -> Vec<String> {
        let list = self.as_person(user, "GET", TOKENS, "").await.json();
        let mut names: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

fn text(token: &Value) -> &str {
    token["token"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_its_issuer_may() {
    let directory = Directory::new().await;
    let operator = directory
        .person("olga", &[DirectoryRole::SecurityOperator])
        .await;
    let token = directory.make_token(&operator, "SOAR").await;
    let text = text(&token);
    for (method, path, status) in [
        ("GET", "/api/v1/alerts/", 200),
        ("GET", "/cas/api/v1/activities/", 200),
        ("GET", "/api/files", 200),
        ("POST", "/api/v1/alerts/close_benign/", 400),
        ("POST", "/api/v1/subnet/create_rule/", 403),
        ("GET", "/api/v1/discovery/upload_url/", 403),
        // No token makes or sees tokens, or anything else that only Casbah has.
        ("GET", TOKENS, 401),
        ("POST", TOKENS, 401),
        ("GET", "/casbah/v1/audit", 401),
    ] {
        for scheme in ["Token", "token"] {
            let answer = directory.with_token(scheme, text, method, path).await;
            assert_eq!(
                answer.status, status,
                "{scheme} {method} {path}: {}",
                answer.text
            );
        }
    }
    let padded = format!("{text} ");
    let answer = directory.with_token("Token", &padded, "GET", "/api/v1/alerts/");
    assert_eq!(answer.await.status, 200);
    for bad in [
        "",
        "x",
        &text[1..],
        &text.replace('0', "1"),
        &"0".repeat(96),
    ] {
        let answer = directory
            .with_token("Token", bad, "GET", "/api/v1/alerts/")
            .await;
        assert_eq!(
            (answer.status, answer.json()),
            (401, json!({"detail": "Invalid token"}))
        );
    }
    // A token is no bearer token.
    let answer = directory
        .with_token("Bearer", text, "GET", "/api/v1/alerts/")
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_and_revoke_their_own_and_administrators_all() {
    let directory = Directory::new().await;
    let reader = directory
        .person("rita", &[DirectoryRole::SecurityReader])
        .await;
    let operator = directory
        .person("olga", &[DirectoryRole::SecurityOperator])
        .await;
    let global_reader = directory
        .person("gus", &[DirectoryRole::GlobalReader])
        .await;
    let first = directory.make_token(&reader, "reader's").await;
    let second = directory.make_token(&operator, "operator's").await;
    assert_eq!(first["state"], "Generated");
    assert_eq!(directory.names_seen_by(&reader).await, ["reader's"]);
    assert_eq!(
        directory.names_seen_by(&directory.admin).await,
        ["operator's", "reader's"]
    );
    for (method, body) in [("GET", ""), ("POST", r#"{"name": "x"}"#)] {
        let answer = directory
            .as_person(&global_reader, method, TOKENS, body)
            .await;
        assert_eq!(answer.status, 403, "{method}");
    }
    let used = directory
        .with_token("Token", text(&second), "GET", "/api/v1/alerts/")
        .await;
    assert_eq!(used.status, 200);
    let list = directory
        .as_person(&operator, "GET", TOKENS, "")
        .await
        .json();
    assert_eq!(list["data"][0]["state"], "Active");
    assert_eq!(list["data"][0].get("token"), None);

    let address = |token: &Value| format!("{TOKENS}/{}", token["id"].as_str().unwrap());
    let stranger = directory
        .as_person(&reader, "DELETE", &address(&second), "")
        .await;
    assert_eq!(stranger.status, 404);
    for (user, token) in [(&operator, &second), (&directory.admin, &first)] {
        let gone = directory
            .as_person(user, "DELETE", &address(token), "")
            .await;
        assert_eq!(gone.status, 204);
        let again = directory
            .as_person(user, "DELETE", &address(token), "")
            .await;
        assert_eq!(again.status, 404);
        let answer = directory
            .with_token("Token", text(token), "GET", "/api/v1/alerts/")
            .await;
        assert_eq!(answer.status, 401);
    }
    assert!(directory.names_seen_by(&directory.admin).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_its_issuer_and_stays_listed() {
    let directory = Directory::new().await;
    let store = &directory.server.app.store;
    for (name, change) in [
        ("disabled", (|user| user.enabled = false) as fn(&mut User)),
        ("demoted", |user| {
            user.roles = [DirectoryRole::GlobalReader].into();
        }),
    ] {
        let user = directory
            .person(name, &[DirectoryRole::SecurityReader])
            .await;
        let token = directory.make_token(&user, name).await;
        let changed = store.change_user(user.tenant, user.id, audit_record(), move |present| {
            let mut user = present.unwrap().user;
            change(&mut user);
            Ok::<_, ()>(user)
        });
        changed.await.unwrap().unwrap();
        let answer = directory
            .with_token("Token", text(&token), "GET", "/api/v1/alerts/")
            .await;
        assert_eq!(answer.status, 403, "{name}");
        assert_eq!(
            answer.json(),
            json!({"detail":
                "Invalid user - the owner of this token is not permitted to use tokens"})
        );
    }
    let user = directory
        .person("deleted", &[DirectoryRole::SecurityReader])
        .await;
    let token = directory.make_token(&user, "deleted").await;
    let deleted = store.delete_user(user.tenant, user.id, audit_record(), |_| Ok::<_, ()>(()));
    deleted.await.unwrap().unwrap();
    let answer = directory
        .with_token("Token", text(&token), "GET", "/api/v1/alerts/")
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        directory.names_seen_by(&directory.admin).await,
        ["deleted", "demoted", "disabled"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_tokens_are_not_there() {
    let directory = Directory::new().await;
    let other = directory
        .server
        .create_tenant("Other", "other.example")
        .await;
    let token = directory.make_token(&directory.admin, "ours").await;
    let path = format!("{TOKENS}/{}", token["id"].as_str().unwrap());
    let theirs = &other.administrator;
    assert!(directory.names_seen_by(theirs).await.is_empty());
    assert_eq!(
        directory
            .as_person(theirs, "DELETE", &path, "")
            .await
            .status,
        404
    );
    // A token speaks for the tenant that it was made in, whatever it says.
    let moved = text(&token).replacen(
        &directory.tenant.uuid().simple().to_string(),
        &other.tenant.id.uuid().simple().to_string(),
        1,
    );
    let answer = directory
        .with_token("Token", &moved, "GET", "/api/v1/alerts/")
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_revoke_tokens_and_make_none() {
    let directory = Directory::new().await;
    let token = directory.make_token(&directory.admin, "SOAR").await;
    let server = &directory.server;
    let client = server
        .casbah_client(directory.tenant, CasbahRole::ApiTokenManage)
        .await;
    let bearer = server.casbah_token(&client, CasbahRole::ApiTokenManage);
    let list = server.call("GET", TOKENS, Some(&bearer), "").await;
    assert_eq!(list.json()["data"][0]["name"], "SOAR");
    let body = r#"{"name": "mine"}"#;
    assert_eq!(
        server
            .call("POST", TOKENS, Some(&bearer), body)
            .await
            .status,
        403
    );
    let path = format!("{TOKENS}/{}", token["id"].as_str().unwrap());
    assert_eq!(
        server.call("DELETE", &path, Some(&bearer), "").await.status,
        204
    );
    let without = server.client(directory.tenant, &Permission::ALL).await;
    let bearer = server.token(&without, |_| {});
    assert_eq!(
        server.call("GET", TOKENS, Some(&bearer), "").await.status,
        401
    );
}
