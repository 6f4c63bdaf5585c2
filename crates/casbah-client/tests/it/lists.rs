use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use casbah_client::{ApiBase, Client, Error, GraphClient, ListQuery};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use crate::support::{client, serve, source};

/// Seven records; pages of at most three.
async fn page(Json(body): Json<Value>) -> Json<Value> {
    let limit = body["limit"].as_u64().unwrap_or(100).min(3);
    let scan = body["isScan"] == true;
    let skip = if scan {
        body.pointer("/filters/date/gte")
            .and_then(Value::as_u64)
            .unwrap_or(0)
    } else {
        body["skip"].as_u64().unwrap()
    };
    let end = (skip + limit).min(7);
    let mut answer = json!({
        "data": (skip..end).map(|id| json!({"_id": id})).collect::<Vec<_>>(),
        "hasNext": end < 7, "total": 7, "max": 3, "moreThanTotal": false,
    });
    if scan && end < 7 {
        answer["nextQueryFilters"] = json!({"date": {"gte": end}});
    }
    Json(answer)
}

#[tokio::test]
async fn pages_are_walked_to_the_end() {
    let url = serve(
        Router::new()
            .route("/api/v1/alerts/", post(page))
            .route("/api/v1/activities/", post(page)),
    )
    .await;
    let client = client(&url);
    for (query, expected) in [
        (ListQuery::new(), 7),
        (ListQuery::new().skip(5), 2),
        (ListQuery::new().page_size(2), 7),
        (ListQuery::new().at_most(4), 4),
        (ListQuery::new().at_most(0), 0),
    ] {
        let records: Vec<Value> = client
            .alerts(query.clone())
            .records()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(records.len(), expected, "{query:?}");
    }
    let scanned: Vec<Value> = client
        .scan_activities(ListQuery::new())
        .records()
        .try_collect()
        .await
        .unwrap();
    let ids: Vec<_> = scanned
        .iter()
        .map(|record| record["_id"].as_u64())
        .collect();
    assert_eq!(ids, (0..7).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_that_promises_more_and_holds_nothing_is_the_last() {
    let answer = || async { Json(json!({"data": [], "hasNext": true})) };
    let url = serve(Router::new().route("/api/v1/entities/", post(answer))).await;
    let records: Vec<Value> = client(&url)
        .entities(ListQuery::new())
        .records()
        .try_collect()
        .await
        .unwrap();
    assert!(records.is_empty());
}

fn throttled(wait: &'static str) -> Response {
    let text = format!("Request was throttled. Expected available in {wait} seconds.");
    let body = json!({"detail": text, "error": {"message": text}});
    let header = [("Retry-After", wait)];
    (StatusCode::TOO_MANY_REQUESTS, header, Json(body)).into_response()
}

#[tokio::test]
async fn throttling_and_outages_are_waited_for_within_bounds() {
    let count = Arc::new(AtomicU32::new(0));
    let calls = Arc::clone(&count);
    let flaky = move || {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move {
            match call {
                0 => throttled("0"),
                1 => StatusCode::BAD_GATEWAY.into_response(),
                _ => Json(json!({"_id": "a"})).into_response(),
            }
        }
    };
    let url = serve(
        Router::new()
            .route("/api/v1/alerts/a/", get(flaky))
            .route("/api/v1/alerts/b/", get(|| async { throttled("0") }))
            .route("/api/v1/alerts/c/", get(|| async { throttled("3600") })),
    )
    .await;
    let client = client(&url);
    assert_eq!(client.alert::<Value>("a").await.unwrap()["_id"], "a");
    assert_eq!(count.load(Ordering::SeqCst), 3);
    for (id, seconds) in [("b", 0), ("c", 3600)] {
        let Err(Error::Api(error)) = client.alert::<Value>(id).await else {
            panic!("{id} must fail");
        };
        assert_eq!(error.retry_after.unwrap().as_secs(), seconds);
        assert!(error.detail.contains("throttled"), "{error}");
    }
}

#[tokio::test]
async fn what_must_not_happen_twice_is_not_sent_twice() {
    let count = Arc::new(AtomicU32::new(0));
    let calls = Arc::clone(&count);
    let gateway = move || {
        calls.fetch_add(1, Ordering::SeqCst);
        async { StatusCode::BAD_GATEWAY }
    };
    let url = serve(Router::new().route("/casbah/v1/tenants", post(gateway))).await;
    let answer = client(&url)
        .create_tenant("Contoso", "contoso.example")
        .await;
    assert!(answer.is_err());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn refusals_keep_their_words() {
    let forbidden = || async {
        let body = json!({"detail": "Insufficient role based permissions", "correlation_id": "c"});
        (StatusCode::FORBIDDEN, Json(body))
    };
    let invalid = || async {
        let body = json!({"error": true, "filters": [{"error": "x is not valid"}]});
        (StatusCode::BAD_REQUEST, Json(body))
    };
    let missing = || async {
        let body = json!({"error": {"code": "Request_ResourceNotFound", "message": "no such",
            "innerError": {"request-id": "r"}}});
        (StatusCode::NOT_FOUND, Json(body))
    };
    let url = serve(
        Router::new()
            .route("/api/v1/alerts/a/", get(forbidden))
            .route("/api/v1/alerts/b/", get(invalid))
            .route("/v1.0/applications(appId='x')", get(missing)),
    )
    .await;
    let client = client(&url);
    let error = client.alert::<Value>("a").await.unwrap_err();
    assert!(error.is_unauthorised());
    assert_eq!(
        error.to_string(),
        "Insufficient role based permissions (HTTP 403)"
    );
    let error = client.alert::<Value>("b").await.unwrap_err();
    assert_eq!(error.to_string(), "x is not valid (HTTP 400)");
    let graph = GraphClient::new(client.tokens().clone());
    let Err(Error::Graph(error)) = graph.application("x").await else {
        panic!("must fail");
    };
    assert_eq!(error.to_string(), "no such (Request_ResourceNotFound)");
    assert_eq!(error.request_id.as_deref(), Some("r"));
}

#[tokio::test]
async fn the_directorys_pages_do_not_lead_the_token_away() {
    let page = |link: &str| json!({"value": [], "@odata.nextLink": link});
    let away = page("https://evil.example/v1.0/applications");
    let url = serve(Router::new().route(
        "/v1.0/applications",
        get(move || async move { Json(away.clone()) }),
    ))
    .await;
    let graph = GraphClient::new(client(&url).tokens().clone());
    let error = graph.applications(None).await.unwrap_err().to_string();
    assert!(error.contains("another host"), "{error}");
}

#[tokio::test]
async fn a_refused_token_is_asked_for_anew_once() {
    let (asked, called) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (tokens, calls) = (Arc::clone(&asked), Arc::clone(&called));
    let token = move || {
        let number = tokens.fetch_add(1, Ordering::SeqCst);
        let token = json!({"token_type": "Bearer", "expires_in": 3599,
            "access_token": format!("token-{number}")});
        async { Json(token) }
    };
    // The first token has ended before its time; for b, so has every other.
    let alert = move |Path(id): Path<String>, headers: HeaderMap| {
        calls.fetch_add(1, Ordering::SeqCst);
        async move {
            if headers["authorization"] == "Bearer token-0" || id == "b" {
                let body = json!({"detail": "Invalid token"});
                return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
            }
            Json(json!({"_id": id})).into_response()
        }
    };
    let url = serve(
        Router::new()
            .route("/contoso.example/oauth2/v2.0/token", post(token))
            .route("/api/v1/alerts/{id}/", get(alert)),
    )
    .await;
    let counts = || (asked.load(Ordering::SeqCst), called.load(Ordering::SeqCst));
    let client = Client::new(ApiBase::parse(&url).unwrap(), source(&url, "secret"));
    assert_eq!(client.alert::<Value>("a").await.unwrap()["_id"], "a");
    assert_eq!(counts(), (2, 2));
    assert_eq!(client.alert::<Value>("a").await.unwrap()["_id"], "a");
    assert_eq!(counts(), (2, 3), "the new one is kept");
    let error = client.alert::<Value>("b").await.unwrap_err();
    assert!(error.is_unauthorised(), "{error}");
    assert_eq!(counts(), (3, 5), "once");
}
