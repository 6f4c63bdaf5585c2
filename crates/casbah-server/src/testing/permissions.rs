//! All permissions × all actions × all kinds of token, against a table of its own.
//!
//! The table is written after the permission sections of Microsoft's documentation
//! and not read from the code it checks.

use axum::http::Request;
use casbah_model::identity::MICROSOFT_GRAPH;
use casbah_model::permission::Permission;
use casbah_token::{Life, TokenVersion};

use super::{TestClient, TestServer};
use crate::api::{self, Operation};
use crate::paths;

const TABLE: &str = include_str!("permissions.csv");

struct Line {
    method: &'static str,
    path: &'static str,
    allowed: Vec<bool>,
}

fn table() -> (Vec<Permission>, Vec<Line>) {
    let mut lines = TABLE
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let permissions = head[2..]
        .iter()
        .map(|name| Permission::from_value(name).unwrap());
    let line = |cells: Vec<&'static str>| {
        assert_eq!(cells.len(), head.len(), "{cells:?}");
        let allowed = cells[2..].iter().map(|cell| *cell == "yes").collect();
        Line {
            method: cells[0],
            path: cells[1],
            allowed,
        }
    };
    (permissions.collect(), lines.map(line).collect())
}

/// Whoever is let in gets an answer about the thing itself, never 401 or 403.
fn assert_let_in(status: u16, expected: bool, what: &str) {
    let let_in = !matches!(status, 401 | 403);
    assert_eq!(let_in, expected, "{what}: {status}");
    assert!(expected || status == 403, "{what}: {status}");
    assert!(status < 500, "{what}: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_permission_allows_exactly_its_own_actions() {
    let server = TestServer::start().await;
    let (permissions, lines) = table();
    assert_eq!(permissions, Permission::ALL);
    for (column, permission) in permissions.iter().enumerate() {
        let client = server.client(server.tenant, &[*permission]).await;
        let token = server.token(&client, |_| {});
        for Line {
            method,
            path,
            allowed,
        } in &lines
        {
            let answer = server.call(method, path, Some(&token), "").await;
            // What belongs to the Casbah resource is another audience: 401.
            if path.starts_with("/casbah/") && answer.status == 401 {
                assert!(!allowed[column], "{permission} {method} {path}");
                continue;
            }
            assert_let_in(
                answer.status,
                allowed[column],
                &format!("{permission} {method} {path}"),
            );
            if answer.status == 403 {
                assert_eq!(
                    answer.json()["detail"],
                    "Insufficient role based permissions"
                );
            }
        }
    }
}

/// Whether a line calls the operation; `{name}` stands for one part of the path, `{*name}`
/// for all that follow.
fn calls(line: &Line, operation: &Operation) -> bool {
    let request = Request::builder().uri(line.path).body(()).unwrap();
    let request = paths::normalize(request);
    let mut parts = request.uri().path().split('/');
    let mut wanted = operation.path.split('/');
    let is_method = |method: &&str| [line.method, "any method"].contains(method);
    operation.methods.iter().any(is_method)
        && loop {
            match (parts.next(), wanted.next()) {
                (None, None) => break true,
                (Some(_), Some(name)) if name.starts_with("{*") => break true,
                (Some(_), Some(name)) if name.starts_with('{') => {}
                (part, name) if part == name => {}
                _ => break false,
            }
        }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_names_every_operation() {
    let server = TestServer::start().await;
    let (_, lines) = table();
    for operation in api::operations(server.app.clone()) {
        assert!(
            lines.iter().any(|line| calls(line, &operation)),
            "no line calls {:?} {}",
            operation.methods,
            operation.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_good_open_nothing() {
    let server = TestServer::start().await;
    let (permissions, lines) = table();
    let client = server.client(server.tenant, &permissions).await;
    let other_tenant = server
        .create_tenant("Other", "other.example")
        .await
        .tenant
        .id;
    let stranger = TestClient {
        tenant: other_tenant,
        ..server.client(server.tenant, &permissions).await
    };
    let good = server.token(&client, |_| {});
    let forged = good.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    let bad = [
        ("no token", None),
        ("garbage", Some("garbage".to_owned())),
        ("forged", Some(forged)),
        (
            "expired",
            Some(server.token(&client, |token| token.life = Life::starting(0, 3599))),
        ),
        (
            "not yet valid",
            Some(server.token(&client, |token| {
                token.life = Life::starting(4_000_000_000, 3599);
            })),
        ),
        (
            "wrong audience",
            Some(server.token(&client, |token| {
                token.audience = MICROSOFT_GRAPH.app_id.to_string();
            })),
        ),
        (
            "other issuer",
            Some(server.token(&client, |token| {
                token.issuer = "https://evil.example/x/".to_owned();
            })),
        ),
        (
            "tenant that is not the issuer's",
            Some(server.token(&client, |token| token.tenant = other_tenant.to_string())),
        ),
        (
            "tenant without the application",
            Some(server.token(&stranger, |_| {})),
        ),
        (
            "unknown tenant",
            Some(server.token(&client, |token| {
                let unknown = casbah_model::ids::TenantId::random();
                token.tenant = unknown.to_string();
                token.issuer = server.app.authority.issuer(TokenVersion::V1, unknown);
            })),
        ),
    ];
    for Line { method, path, .. } in &lines {
        for (what, token) in &bad {
            let answer = server.call(method, path, token.as_deref(), "").await;
            assert_eq!(answer.status, 401, "{what}: {method} {path}");
            assert_eq!(answer.json()["detail"], "Invalid token");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_not_assigned_counts_for_nothing() {
    let server = TestServer::start().await;
    let client = server.client(server.tenant, &[]).await;
    let token = server.token(&client, |token| {
        token.roles = vec!["investigation.read".to_owned()];
    });
    assert_eq!(
        server
            .call("GET", "/api/v1/alerts/", Some(&token), "")
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_records_are_not_there() {
    let server = TestServer::start().await;
    let other = server
        .create_tenant("Other", "other.example")
        .await
        .tenant
        .id;
    let mine = server
        .client(server.tenant, &[Permission::SettingsManage])
        .await;
    let theirs = server.client(other, &[Permission::SettingsManage]).await;
    let (mine, theirs) = (server.token(&mine, |_| {}), server.token(&theirs, |_| {}));
    let body = r#"{"name": "Office", "category": 1, "subnets": ["10.0.0.0/8"]}"#;
    let id = server
        .call("POST", "/api/v1/subnet/create_rule/", Some(&mine), body)
        .await;
    assert_eq!(id.status, 200, "{}", id.text);
    let path = format!("/api/v1/subnet/{}/", id.json().as_str().unwrap());
    assert_eq!(server.call("GET", &path, Some(&mine), "").await.status, 200);
    for method in ["GET", "DELETE"] {
        assert_eq!(
            server.call(method, &path, Some(&theirs), "").await.status,
            404,
            "{method}"
        );
    }
    let list = server
        .call("GET", "/api/v1/subnet/", Some(&theirs), "")
        .await;
    assert_eq!(list.json()["total"], 0);
}
