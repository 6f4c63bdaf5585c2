use axum::http::{HeaderValue, Request};
use casbah_model::entity::{EntityKey, EntityObservation, EntityType};
use casbah_model::ids::SaasId;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::testing::TestServer;

#[test]
fn lines_are_for_whoever_asks_for_them() {
    for (accept, expected) in [
        (vec![], ListForm::Page),
        (vec!["*/*"], ListForm::Page),
        (vec!["application/json"], ListForm::Page),
        (vec!["application/x-ndjson"], ListForm::Lines),
        (vec!["Application/X-NDJSON; charset=utf-8"], ListForm::Lines),
        (
            vec!["text/html, application/x-ndjson;q=0.5"],
            ListForm::Lines,
        ),
        (vec!["application/x-ndjson, */*"], ListForm::Lines),
        (
            vec!["application/json, application/x-ndjson"],
            ListForm::Lines,
        ),
        (
            vec!["application/json", "application/x-ndjson; q=0.9"],
            ListForm::Page,
        ),
        (vec!["application/x-ndjson;q=0"], ListForm::Page),
        (vec!["application/x-ndjson;q=x"], ListForm::Page),
        (vec!["application/x-ndjsonish"], ListForm::Page),
    ] {
        let mut headers = HeaderMap::new();
        for value in &accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        assert_eq!(ListForm::of(&headers), expected, "{accept:?}");
    }
}

/// Asks for lines; answers status, media type and text.
async fn ask(server: &TestServer, token: &str, path: &str, body: &Value) -> (u16, String, String) {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::ACCEPT, NDJSON)
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = server.respond(request).await;
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
    let (status, kind) = (response.status().as_u16(), kind.to_owned());
    let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await;
    (
        status,
        kind,
        String::from_utf8(bytes.unwrap().to_vec()).unwrap(),
    )
}

fn names(text: &str) -> Vec<String> {
    let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
    records
        .map(|record: Value| record["displayName"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_as_lines_to_its_end() {
    let server = TestServer::start().await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let token = server.token(&client, |_| {});
    // More than two steps.
    let count = 2 * STEP as usize + 7;
    let observations = (0..count).map(|number| EntityObservation {
        key: EntityKey {
            id: format!("account{number}"),
            saas: SaasId(11161),
            inst: 0,
        },
        kind: EntityType::Account,
        display_name: format!("Anna {number:05}\n"),
        principal_name: None,
        is_admin: false,
        is_program: false,
        is_external: None,
        seen: Timestamp(1_000),
    });
    let store = &server.app.store;
    let stored = store.ingest_activities(server.tenant, 0, Vec::new(), observations.collect());
    stored.await.unwrap();
    let expected: Vec<_> = (0..count)
        .map(|number| format!("Anna {number:05}\n"))
        .collect();
    for (more, range) in [
        (json!({}), 0..count),
        (json!({"limit": 0}), 0..count),
        (json!({"limit": "5", "skip": 3}), 3..8),
        (json!({"limit": 1_500, "skip": 900}), 900..2_400.min(count)),
        (json!({"limit": STEP}), 0..STEP as usize),
        (json!({"limit": 5_000, "skip": 2_000}), 2_000..count),
        (json!({"skip": 100_000}), 0..0),
    ] {
        let mut body = json!({"sortField": "username", "sortDirection": "asc"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let (status, kind, text) = ask(&server, &token, "/api/v1/entities/", &body).await;
        assert_eq!((status, kind.as_str()), (200, NDJSON), "{text}");
        assert_eq!(names(&text), expected[range], "{body}");
    }
    for body in [
        json!({"limit": -1}),
        json!({"filters": {"nothing": {"eq": 1}}}),
        json!({"sortField": "nothing"}),
    ] {
        let (status, kind, text) = ask(&server, &token, "/api/v1/entities/", &body).await;
        assert_eq!(status, 400, "{text}");
        assert_eq!(kind, "application/json", "errors are what they always are");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_of_the_api_knows_lines() {
    let server = TestServer::start().await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let token = server.token(&client, |_| {});
    for list in [
        "activities",
        "archived_activities",
        "alerts",
        "entities",
        "subnet",
        "discovery/app_catalog",
    ] {
        let (status, kind, text) =
            ask(&server, &token, &format!("/api/v1/{list}/"), &json!({})).await;
        assert_eq!((status, kind.as_str()), (200, NDJSON), "{list}: {text}");
        for line in text.lines() {
            assert!(serde_json::from_str::<Value>(line).unwrap().is_object());
        }
        let (status, _, _) = ask(&server, "none", &format!("/api/v1/{list}/"), &json!({})).await;
        assert_eq!(status, 401, "{list}");
    }
}
