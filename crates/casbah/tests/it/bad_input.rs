//! Input that is none: each gets a clear error, and nothing that was there before is
//! lost or disturbed.

use std::io::Write as _;

use casbah_model::time::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::Demo;

fn lines(count: usize) -> Vec<u8> {
    let now = Timestamp::now().seconds();
    let mut log = Vec::new();
    for line in 0..count {
        writeln!(
            log,
            "{now}.{:03} 12 10.0.0.{} TCP_TUNNEL/200 500 CONNECT www.dropbox.com:443 user{} \
             HIER_DIRECT/192.0.2.1 -",
            line % 1000,
            line % 200,
            line % 30,
        )
        .unwrap();
    }
    log
}

/// Bytes without a pattern, always the same (xorshift64).
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| byte()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn logs_that_are_none_are_explained() {
    let demo = Demo::play(&[]);
    let token = demo.token().await;

    let mut long = lines(10);
    long.extend(vec![b'x'; 10 << 20]);
    long.push(b'\n');
    long.extend(lines(10));
    let mut not_utf8 = lines(10);
    not_utf8.extend(b"\xff\xfe\x80 \xc3\x28\n");
    not_utf8.extend(lines(10));
    let mut truncated = gzip(&lines(20_000));
    truncated.truncate(truncated.len() / 2);
    let named_gzip = b"\x1f\x8b\x08\x00garbage that only begins like gzip".to_vec();

    let one_line = vec![b'x'; 10 << 20];
    let noise = noise(1 << 20);
    // Blank lines are none that could not be read.
    let noisy_lines = noise
        .split(|byte| *byte == b'\n')
        .filter(|line| line.iter().any(|byte| !b" \r".contains(byte)))
        .count() as u64;

    for (what, file, state, parsed, bad, error) in [
        ("an empty file", Vec::new(), "failed", 0, 0, "empty"),
        (
            "noise",
            noise,
            "failed",
            0,
            noisy_lines,
            "no line is in the format",
        ),
        ("noise named gzip", named_gzip, "failed", 0, 0, "corrupt"),
        (
            "one line of 10 MB",
            one_line,
            "failed",
            0,
            1,
            "line is too long",
        ),
        ("a line of 10 MB", long, "done", 20, 1, ""),
        ("bytes that are no UTF-8", not_utf8, "done", 20, 1, ""),
    ] {
        let upload = demo.upload(&token, what, file).await;
        assert_eq!(upload["state"], state, "{what}: {upload}");
        assert_eq!(upload["parsed"], parsed, "{what}: {upload}");
        assert_eq!(upload["bad"], bad, "{what}: {upload}");
        let samples = upload["samples"].as_array().unwrap();
        assert_eq!(samples.is_empty(), bad == 0, "{what}: {upload}");
        let said = upload["error"].as_str().unwrap_or_default();
        assert!(said.contains(error), "{what}: {said}");
        assert_eq!(said.is_empty(), error.is_empty(), "{what}: {said}");
    }

    // What could be read of a file that breaks off counts, and where it broke is said.
    let upload = demo.upload(&token, "truncated gzip", truncated).await;
    let read = upload["parsed"].as_u64().unwrap();
    assert!((1..20_000).contains(&read), "{upload}");
    assert_eq!(upload["state"], "done");
    let said = upload["error"].as_str().unwrap();
    assert!(said.starts_with("only the first"), "{said}");

    still_well(&demo, &token).await;
    demo.end();
}

#[tokio::test]
async fn uploads_in_the_wrong_order_are_refused() {
    let demo = Demo::play(&[]);
    let token = demo.token().await;

    let link = demo.link(&token, "SQUID_NATIVE").await;
    let early = demo.done(&token, &link, "x").await;
    assert_eq!(early.status, StatusCode::BAD_REQUEST, "{}", early.body);
    assert!(detail(&early.body).contains("nothing was uploaded"));

    assert_eq!(demo.put(&link, lines(5)).await, StatusCode::CREATED);
    assert_eq!(demo.put(&link, lines(9)).await, StatusCode::CONFLICT);
    let first = demo.done(&token, &link, "Once").await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let second = demo.done(&token, &link, "Twice").await;
    assert_eq!(second.status, StatusCode::BAD_REQUEST, "{}", second.body);
    assert!(
        detail(&second.body).contains("done before"),
        "{}",
        second.body
    );

    let (before, signature) = link.rsplit_once('=').unwrap();
    let forged: String = signature.chars().rev().collect();
    let forged = format!("{before}={forged}");
    assert_eq!(demo.put(&forged, lines(5)).await, StatusCode::FORBIDDEN);
    let done = demo.done(&token, &forged, "x").await;
    assert_eq!(done.status, StatusCode::BAD_REQUEST, "{}", done.body);

    let unknown = "/api/v1/discovery/upload_url/?filename=a.log&source=NO_SUCH_APPLIANCE";
    let answer = demo.call("GET", unknown, &token, "").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);

    still_well(&demo, &token).await;
    demo.end();
}

#[tokio::test]
async fn bodies_and_filters_that_are_none_are_refused() {
    let demo = Demo::play(&[]);
    let token = demo.token().await;
    let deep = format!("{{\"filters\": {}{}}}", "[".repeat(100), "]".repeat(100));
    let filter = |field: &str, condition: Value| json!({"filters": {field: condition}}).to_string();
    for (path, body, named) in [
        ("/api/v1/alerts/", "{".to_owned(), ""),
        ("/api/v1/alerts/", "[]".to_owned(), ""),
        ("/api/v1/alerts/", deep.clone(), ""),
        ("/api/v1/alerts/", "\u{0}\u{1}".to_owned(), ""),
        ("/api/v1/alerts/", json!({"limit": -1}).to_string(), "-1"),
        ("/api/v1/alerts/", json!({"skip": "x"}).to_string(), "x"),
        (
            "/api/v1/alerts/",
            json!({"filters": "severity"}).to_string(),
            "severity",
        ),
        (
            "/api/v1/alerts/",
            filter("severity", json!({"eq": "high"})),
            "high",
        ),
        (
            "/api/v1/alerts/",
            filter("severity", json!({"gte": 1})),
            "gte",
        ),
        (
            "/api/v1/alerts/",
            filter("date", json!({"gte": "soon"})),
            "soon",
        ),
        ("/api/v1/alerts/", filter("date", json!({"range": 5})), "5"),
        (
            "/api/v1/alerts/",
            filter("nothing", json!({"eq": 1})),
            "nothing",
        ),
        ("/api/v1/activities/", deep, ""),
        (
            "/api/v1/activities/",
            filter("service", json!({"eq": "exchange"})),
            "exchange",
        ),
        (
            "/api/v1/activities/",
            filter("ip.category", json!({"eq": {}})),
            "",
        ),
        (
            "/api/v1/entities/",
            filter("isAdmin", json!({"eq": 7})),
            "7",
        ),
        (
            "/api/v1/entities/",
            filter("score", json!({"gt": "much"})),
            "much",
        ),
        (
            "/api/v1/subnet/",
            filter("category", json!({"eq": "home"})),
            "home",
        ),
        (
            "/cas/api/v1/discovery/app_catalog/",
            filter("colour", json!({"eq": "red"})),
            "colour",
        ),
    ] {
        let answer = demo.call("POST", path, &token, body.clone()).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{path} {body}: {}",
            answer.body
        );
        assert!(
            answer.content_type.starts_with("application/json"),
            "{body}"
        );
        let said = answer.body["errors"][0]["error"].as_str();
        let said = said.unwrap_or_else(|| panic!("{body}: {}", answer.body));
        assert!(said.contains(named) && !said.is_empty(), "{body}: {said}");
    }
    still_well(&demo, &token).await;
    demo.end();
}

#[test]
fn events_that_are_none_are_counted_and_named() {
    let demo = Demo::play(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.jsonl");
    let deep = format!("{{\"Id\": {}{}}}", "[".repeat(100), "]".repeat(100));
    let good = json!({
        "Id": "one", "CreationTime": "2026-11-20T10:00:00", "Workload": "Exchange",
        "Operation": "Send", "RecordType": 2, "UserId": "anna@contoso.example",
    });
    let mut events = Vec::new();
    for line in [
        deep.as_bytes(),
        b"{",
        b"5",
        b"\xff\xfe",
        b"{}",
        good.to_string().as_bytes(),
    ] {
        events.extend(line);
        events.push(b'\n');
    }
    std::fs::write(&file, events).unwrap();
    let output = demo.ingest(&file);
    let told = crate::support::out(&output) + &crate::support::err(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["received"], 6, "{told}");
    assert_eq!(report["accepted"], 1, "{told}");
    assert_eq!(report["rejected"], 5, "{told}");
    demo.end();
}

fn detail(body: &Value) -> &str {
    body["detail"].as_str().unwrap()
}

/// The demonstration's own report, events and alerts are all still there.
async fn still_well(demo: &Demo, token: &str) {
    let health = demo.call("GET", "/healthz", token, "").await;
    assert_eq!(health.status, StatusCode::OK);
    for (path, least) in [
        ("/api/v1/alerts/", 2),
        ("/api/v1/activities/", 483),
        ("/api/v1/entities/", 12),
    ] {
        let answer = demo.call("GET", path, token, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_eq!(answer.body["total"], least, "{path}");
    }
    let streams = demo
        .call("GET", "/api/discovery/streams/", token, "")
        .await
        .body;
    let streams = streams["streams"].as_array().unwrap();
    let report = streams.iter().find(|s| s["displayName"] == "Demo report");
    let body = json!({"streamId": report.unwrap()["_id"], "timeframe": 90}).to_string();
    let path = "/cas/api/v1/discovery/discovered_apps/";
    let apps = demo.call("POST", path, token, body).await;
    assert_eq!(apps.body["total"], 20, "{}", apps.body);
}
