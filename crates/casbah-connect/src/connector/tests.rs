use axum::Router;
use axum::http::header::LOCATION;
use axum::routing::get;
use casbah_testing::TlsServer;
use tempfile::NamedTempFile;

use super::*;

/// A server on this machine.
struct Other(TlsServer);

impl Other {
    fn start() -> Self {
        let router = Router::new()
            .route("/small", get(|| async { "small" }))
            .route("/exact", get(|| async { "x".repeat(1 << 20) }))
            .route("/large", get(|| async { "x".repeat((1 << 20) + 1) }))
            .route(
                "/elsewhere",
                get(|| async { (StatusCode::FOUND, [(LOCATION, "/small")]) }),
            )
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

fn kind(result: &Result<Vec<u8>, ConnectError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(ConnectError::Url) => "url",
        Err(ConnectError::Private) => "private",
        Err(ConnectError::Redirect) => "redirect",
        Err(ConnectError::Status(_)) => "status",
        Err(ConnectError::TooLarge(_)) => "too large",
        Err(ConnectError::TimedOut) => "timed out",
        Err(ConnectError::Connection(_)) => "connection",
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
