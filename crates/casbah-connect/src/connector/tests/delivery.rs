//! Documents that are handed to receivers.

use axum::http::header::RETRY_AFTER;

use super::*;

const WITHIN: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_receiver_says_how_it_went_and_is_not_waited_for() {
    let router = Router::new()
        .route(
            "/echo",
            post(|headers: HeaderMap, body: String| async move {
                let id = headers["webhook-id"].to_str().unwrap().to_owned();
                let is_json = headers["content-type"] == "application/json";
                let is_whole = (id.as_str(), body.as_str(), is_json) == ("msg_1", "{}", true);
                if is_whole {
                    StatusCode::NO_CONTENT
                } else {
                    StatusCode::BAD_REQUEST
                }
            }),
        )
        .route(
            "/busy",
            post(|| async { (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "120")]) }),
        )
        .route("/large", post(|| async { "x".repeat(1 << 22) }))
        .route(
            "/elsewhere",
            post(|| async { (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/echo")]) }),
        )
        .route(
            "/slow",
            post(|| async { tokio::time::sleep(Duration::from_secs(30)).await }),
        );
    let other = Other(TlsServer::start(router).unwrap());
    let connector = other.connector(&["localhost"]);
    let deliver = async |url: String| {
        let headers = [("webhook-id", "msg_1")];
        connector
            .deliver(&url, &headers, b"{}".to_vec(), WITHIN)
            .await
    };
    for (path, status, retry_after) in [
        ("echo", 204, None),
        ("busy", 503, Some("120")),
        ("large", 200, None),
    ] {
        let receipt = deliver(other.url("localhost", path)).await.unwrap();
        assert_eq!(receipt.status, status, "{path}");
        assert_eq!(receipt.retry_after.as_deref(), retry_after, "{path}");
    }
    for (url, expected) in [
        (other.url("localhost", "elsewhere"), "redirect"),
        (other.url("localhost", "slow"), "timed out"),
        (other.url("127.0.0.1", "echo"), "private"),
        (
            other.url("localhost", "echo").replace("https", "http"),
            "url",
        ),
        ("https://localhost:1/".to_owned(), "connection"),
    ] {
        assert_eq!(kind(&deliver(url.clone()).await), expected, "{url}");
    }
    assert_eq!(kind(&connector.check_url("https://10.0.0.1/")), "private");
    assert_eq!(kind(&connector.check_url("https://localhost/")), "ok");
}
