//! The story, on the recorded input and on the reader's own.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Demo, casbah, err, out};

#[test]
fn the_story_is_played_and_leaves_nothing_behind() {
    let demo = Demo::play(&[]);
    demo.has_told(&[
        "1  A server of its own, in an empty directory",
        "a token, but without `roles`",
        "2 app roles assigned",
        "signature, iss, tid, aud and exp are right; roles investigation.read, discovery.manage",
        "Insufficient role based permissions (HTTP 403)",
        "2805 read, 0 bad",
        "20 apps",
        "is unsanctioned; FortiGate's script begins:",
        "483 events, 483 accepted, 0 rejected",
        "Impossible travel activity: adele@contoso.example",
        "Multiple failed login attempts: 27 failed sign-ins of chloe@contoso.example",
        "read, then closed as true positive: 1",
        "IP Geolocation by DB-IP",
        "12 steps in",
    ]);
    demo.end();
}

#[test]
fn the_readers_own_files_are_played() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("access.log.gz");
    let now = casbah_model::time::Timestamp::now();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for line in 0..40 {
        let seconds = now.seconds() - line;
        writeln!(
            packed,
            "{seconds}.000 12 10.0.0.{line} TCP_TUNNEL/200 500 CONNECT www.dropbox.com:443 \
             user{line} HIER_DIRECT/192.0.2.1 -"
        )
        .unwrap();
    }
    std::fs::write(&log, packed.finish().unwrap()).unwrap();

    let events = directory.path().join("events.jsonl");
    let failed_sign_ins: Vec<String> = (0..40)
        .map(|count| {
            let time = now.plus_millis((count - 60) * 10_000).to_iso_seconds();
            let event = serde_json::json!({
                "Id": format!("event-{count}"), "CreationTime": time.trim_end_matches('Z'),
                "Workload": "AzureActiveDirectory", "Operation": "UserLoginFailed",
                "RecordType": 15, "UserId": "dora@fabrikam.example", "UserType": 0,
                "ResultStatus": "Failed", "ClientIP": "194.25.0.60",
                "OrganizationId": "0d2a7b1c-0000-0000-0000-000000000000",
            });
            event.to_string()
        })
        .collect();
    std::fs::write(&events, failed_sign_ins.join("\n")).unwrap();

    let (log, events) = (log.to_str().unwrap(), events.to_str().unwrap());
    let demo = Demo::play(&["--log", log, "--events", events]);
    demo.has_told(&[
        "40 lines",
        "1 apps",
        "Dropbox",
        "40 events, 40 accepted, 0 rejected",
        "40 failed sign-ins of dora@fabrikam.example",
    ]);
    demo.end();
}

#[test]
fn events_without_anything_suspicious_are_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let events = directory.path().join("events.json");
    let event = serde_json::json!([{
        "Id": "one", "CreationTime": "2026-11-20T10:00:00", "Workload": "Exchange",
        "Operation": "Send", "RecordType": 2, "UserId": "anna@contoso.example",
    }]);
    std::fs::write(&events, event.to_string()).unwrap();
    let demo = Demo::play(&["--events", events.to_str().unwrap()]);
    demo.has_told(&["1 events, 1 accepted", "no alert"]);
    demo.end();
}

#[test]
fn a_common_log_without_known_apps_and_packed_events_are_played() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("access.log");
    let line = "10.0.0.1 - anna [20/Nov/2026:10:00:00 +0000] \"GET http://intranet.example/ \
                HTTP/1.1\" 200 512 \"TCP_MISS:HIER_DIRECT\"\n";
    std::fs::write(&log, line.repeat(3)).unwrap();
    let events = directory.path().join("events.json.gz");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let event = serde_json::json!([{
        "Id": "one", "CreationTime": "2020-01-20T10:00:00", "Workload": "Exchange",
        "Operation": "Send", "RecordType": 2, "UserId": "anna@contoso.example",
    }]);
    // Editors of some systems begin a file with a byte-order mark.
    write!(packed, "\u{feff}{event}").unwrap();
    std::fs::write(&events, packed.finish().unwrap()).unwrap();
    let (log, events) = (log.to_str().unwrap(), events.to_str().unwrap());
    let demo = Demo::play(&["--log", log, "--events", events]);
    demo.has_told(&[
        "3 lines",
        "there is none to block",
        "1 events, 1 accepted",
        "1 activities",
    ]);
    demo.end();
}

#[test]
fn settings_of_another_server_do_not_reach_the_demonstration() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("production.db");
    let output = casbah(&["demo"])
        .env("CASBAH_DATABASE", format!("sqlite:{}", database.display()))
        .env("CASBAH_PUBLIC_URL", "https://casbah.example")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(!database.exists());
}

#[test]
fn events_that_cannot_be_read_break_the_story_off() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content, said) in [
        ("garbage", "{\n", "record 1"),
        ("empty", "", "there is none"),
    ] {
        let events = directory.path().join(name);
        std::fs::write(&events, content).unwrap();
        let output = casbah(&["demo", "--events", events.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(err(&output).contains(said), "{name}: {}", err(&output));
    }
}

#[test]
fn files_that_are_none_are_named() {
    for arguments in [
        ["demo", "--log", "/nonexistent/access.log"],
        ["demo", "--events", "/nonexistent/events.jsonl"],
        ["demo", "--log", "/tmp"],
    ] {
        let output = casbah(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", out(&output));
        assert!(err(&output).contains(arguments[2]), "{}", err(&output));
    }
}
