mod delivery;
mod transmission;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::LOCATION;
use axum::routing::{get, post};
use casbah_testing::TlsServer;
use tempfile::NamedTempFile;

use super::*;

/// A server on this machine.
struct Other(TlsServer);

impl Other {
    fn start() -> Self {
        let router = Router::new()
            .route("/small", get(|| async { "small" }))
            .route(
                "/for",
                get(|headers: HeaderMap| async move {
                    let proof = headers.get("authorization").cloned();
                    proof
                        .map(|value| value.to_str().unwrap().to_owned())
                        .unwrap_or_default()
                }),
            )
            .route("/exact", get(|| async { "x".repeat(1 << 20) }))
            .route("/large", get(|| async { "x".repeat((1 << 20) + 1) }))
            .route(
                "/form",
                post(|headers: HeaderMap, body: String| async move {
                    let proof = headers.get("authorization").cloned();
                    let proof = proof.map(|value| value.to_str().unwrap().to_owned());
                    let text = format!("{} {body}", proof.unwrap_or_default());
                    (StatusCode::UNAUTHORIZED, text)
                }),
            )
            .route(
                "/elsewhere",
                get(|| async { (StatusCode::FOUND, [(LOCATION, "/small")]) })
                    .post(|| async { (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/form")]) }),
            )
            .route("/large_form", post(|| async { "x".repeat((1 << 20) + 1) }))
            .route(
                "/slow",
                get(|| async {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                }),
            );
        Self(TlsServer::start(router).unwrap())
    }

    fn connector(&self, allow: &[&str]) -> Connector {
        let egress = Egress {
            allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
            ca_files: vec![self.0.ca().to_owned()],
        };
        Connector::new(&egress).unwrap()
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("{}/{path}", self.0.origin(host))
    }
}

fn kind<T>(result: &Result<T, ConnectError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(ConnectError::Url) => "url",
        Err(ConnectError::Private) => "private",
        Err(ConnectError::Redirect) => "redirect",
        Err(ConnectError::Status(_)) => "status",
        Err(ConnectError::TooLarge(_)) => "too large",
        Err(ConnectError::TimedOut) => "timed out",
        Err(ConnectError::Host) => "host",
        Err(ConnectError::Connection(_) | ConnectError::Socket(_)) => "connection",
        Err(ConnectError::Tls(_)) => "tls",
    }
}

#[tokio::test]
async fn private_addresses_are_refused_in_every_spelling() {
    let other = Other::start();
    let connector = other.connector(&["elsewhere.example"]);
    for host in [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[64:ff9b::a00:1]",
    ] {
        let result = connector.document(&other.url(host, "small")).await;
        assert_eq!(kind(&result), "private", "{host} {result:?}");
    }
}

#[tokio::test]
async fn only_https_with_a_host_alone_is_called() {
    let other = Other::start();
    let connector = other.connector(&["localhost", "127.0.0.1"]);
    for url in [
        other.url("localhost", "small").replace("https", "http"),
        other.url("user@localhost", "small"),
        other.url("user:secret@localhost", "small"),
        "file:///etc/passwd".to_owned(),
        "gopher://localhost/".to_owned(),
        "/small".to_owned(),
        String::new(),
    ] {
        let result = connector.document(&url).await;
        assert_eq!(kind(&result), "url", "{url} {result:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_allowed_by_name_is_called_within_the_limits() {
    let other = Other::start();
    let mut connector = other.connector(&["localhost", "127.0.0.1"]);
    for host in ["localhost", "127.0.0.1"] {
        let document = connector.document(&other.url(host, "small")).await;
        assert_eq!(document.unwrap(), b"small");
    }
    connector.limits.time = Duration::from_millis(1500);
    for (path, expected) in [
        ("exact", "ok"),
        ("large", "too large"),
        ("elsewhere", "redirect"),
        ("nowhere", "status"),
        ("slow", "timed out"),
    ] {
        let result = connector.document(&other.url("localhost", path)).await;
        assert_eq!(kind(&result), expected, "{path} {result:?}");
    }
    let by_name_only = other.connector(&["localhost"]);
    let result = by_name_only
        .document(&other.url("127.0.0.1", "small"))
        .await;
    assert_eq!(kind(&result), "private");
}

#[tokio::test]
async fn a_certificate_of_nobody_is_not_trusted() {
    let other = Other::start();
    let stranger = Connector::new(&Egress {
        allow: vec!["localhost".parse().unwrap()],
        ca_files: Vec::new(),
    });
    let result = stranger
        .unwrap()
        .document(&other.url("localhost", "small"))
        .await;
    assert_eq!(kind(&result), "connection", "{result:?}");
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let empty = NamedTempFile::new().unwrap();
    let egress = |path: &std::path::Path| Egress {
        allow: Vec::new(),
        ca_files: vec![path.to_owned()],
    };
    let error = Connector::new(&egress(empty.path())).unwrap_err();
    assert!(matches!(error, EgressError::NoCertificate(_)), "{error}");
    let error = Connector::new(&egress("/nonexistent".as_ref())).unwrap_err();
    assert!(matches!(error, EgressError::File { .. }), "{error}");
}

#[tokio::test]
async fn a_form_is_sent_within_the_same_policy() {
    let other = Other::start();
    let connector = other.connector(&["localhost"]);
    let url = |path| other.url("localhost", path);
    let fields = [("code", "a&b")];
    let form = url("form");
    let answer = connector.submit(&form, &fields, Some(("id", "s:x")));
    let answer = answer.await.unwrap();
    let expected = "Basic aWQ6czp4 code=a%26b";
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (401, expected.as_bytes())
    );
    let answer = connector.submit(&form, &fields, None).await.unwrap();
    assert_eq!(answer.body, b" code=a%26b");
    let document = connector.document_for(&url("for"), "t").await.unwrap();
    assert_eq!(document, b"Bearer t");
    let private = other.url("127.0.0.1", "for");
    let result = connector.document_for(&private, "t").await;
    assert_eq!(kind(&result), "private");
    for (url, expected) in [
        (url("elsewhere"), "redirect"),
        (url("large_form"), "too large"),
        (url("form").replace("https", "http"), "url"),
        (other.url("127.0.0.1", "form"), "private"),
        (other.url("[::1]", "form"), "private"),
        ("https://169.254.169.254/token".to_owned(), "private"),
    ] {
        let result = connector.submit(&url, &fields, None).await;
        assert_eq!(kind(&result), expected, "{url}");
    }
    let stranger = other.connector(&["elsewhere.example"]);
    let result = stranger.submit(&url("form"), &fields, None).await;
    assert_eq!(kind(&result), "private", "by its name");
}
