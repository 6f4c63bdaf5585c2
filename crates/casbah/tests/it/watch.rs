//! Following what comes, and whole lists in one answer.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Demo, casbah, err, out, terminate};

fn ids(lines: &str) -> Vec<String> {
    let records = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    records
        .map(|record: Value| record["_id"].as_str().unwrap().to_owned())
        .collect()
}

fn set(lines: &str) -> BTreeSet<String> {
    ids(lines).into_iter().collect()
}

#[tokio::test]
async fn what_comes_is_followed() {
    let demo = Demo::play(&[]);
    for list in ["activities", "alerts"] {
        let watched = demo.casbah(&[list, "watch", "--from-start", "--once", "-o", "ndjson"]);
        let listed = demo.casbah(&[list, "list", "--all", "-o", "ndjson"]);
        assert!(!ids(&out(&listed)).is_empty());
        assert_eq!(set(&out(&watched)), set(&out(&listed)), "{list}");
        let told = err(&watched);
        let (_, place) = told.trim().rsplit_once("--after ").unwrap();
        let rest = demo.casbah(&[list, "watch", "--after", place, "--once", "-o", "ndjson"]);
        assert_eq!(out(&rest), "");

        // Each by the feed, and by reading the list again and again.
        for more in [&["--after", place][..], &["--poll", "1"]] {
            let mut watch = casbah(&[list, "watch", "-o", "ndjson"])
                .args(more)
                .env("CASBAH_URL", &demo.url)
                .env("CASBAH_CA", &demo.ca)
                .env("XDG_STATE_HOME", &demo.state)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(watch.stdout.take().unwrap()).lines();
            let (sender, first) = mpsc::channel();
            std::thread::spawn(move || lines.take(1).for_each(|line| sender.send(line).unwrap()));
            // It listens to signals, and to what comes, from then on.
            std::thread::sleep(Duration::from_secs(1));
            if list == "alerts" && more[0] == "--poll" {
                // None is made after the demonstration's.
                terminate(&watch);
                assert!(watch.wait().unwrap().success());
                continue;
            }
            let expected = if list == "alerts" {
                let open = demo.casbah(&["alerts", "list", "--open", "-o", "ndjson"]);
                let alert = ids(&out(&open)).remove(0);
                assert!(demo.casbah(&["alerts", "unread", &alert]).status.success());
                alert
            } else {
                let event = tempfile::NamedTempFile::new().unwrap();
                let now = casbah_model::time::Timestamp::now().to_iso_seconds();
                let id = format!("event of {}", more[0]);
                let line = serde_json::json!({
                    "Id": id, "CreationTime": now.trim_end_matches('Z'), "Workload": "Exchange",
                    "Operation": "MailItemsAccessed", "RecordType": 2, "UserType": 0,
                    "UserId": "dora@contoso.example", "ClientIP": "194.25.0.60",
                    "OrganizationId": "0d2a7b1c-0000-0000-0000-000000000000",
                });
                std::fs::write(event.path(), line.to_string()).unwrap();
                let ingested = demo.ingest(event.path());
                assert!(ingested.status.success(), "{}", err(&ingested));
                id
            };
            let line = first.recv_timeout(Duration::from_mins(1)).unwrap().unwrap();
            assert!(line.contains(&expected), "{line}");
            terminate(&watch);
            assert!(watch.wait().unwrap().success());
        }
    }
    demo.end();
}

#[tokio::test]
async fn a_whole_list_comes_in_one_answer() {
    let demo = Demo::play(&[]);
    let token = demo.token().await;
    for list in ["activities", "alerts"] {
        let lines = demo.lines(&format!("/api/v1/{list}/"), &token).await;
        let listed = demo.casbah(&[list, "list", "--all", "-o", "ndjson"]);
        assert_eq!(ids(&lines), ids(&out(&listed)), "in the list's order");
    }
    demo.end();
}
