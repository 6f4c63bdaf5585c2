//! Single lines with what they say, from the shared corpus, and the recorded logs of this crate.

use std::fs;
use std::path::PathBuf;

use casbah_discovery::{Analysis, Catalog, Format, Outcome};
use serde_json::Value;

#[test]
fn squid_lines_of_the_corpus_say_what_is_expected() {
    let shared = std::env::var_os("CASBAH_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let Ok(corpus) = fs::read_to_string(shared.join("corpus/logs/squid.jsonl")) else {
        println!("skipped: shared corpus not found");
        return;
    };
    let mut checked = 0;
    for line in corpus.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON lines");
        let name = case["name"].as_str().expect("named");
        let message = case["message"].as_str().expect("a line");
        let format = if name.starts_with("common") {
            Format::SquidCommon
        } else {
            Format::SquidNative
        };
        assert_eq!(
            casbah_discovery::detect(message.as_bytes()),
            Some(format),
            "{name}"
        );
        let mut parser = format.parser();
        let record = parser
            .parse(message.trim_end().as_bytes())
            .expect(name)
            .expect(name);
        let text =
            |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        for (field, expected) in case["expect"].as_object().expect("fields") {
            let got: Value = match field.as_str() {
                "timestamp" => {
                    let time: jiff::Timestamp =
                        expected.as_str().expect("text").parse().expect("RFC 3339");
                    assert_eq!(record.time, time.as_millisecond(), "{name}");
                    continue;
                }
                "source_ip" => text(Some(record.source)).into(),
                "destination_domain" | "destination_ip" | "url_domain" => text(record.host).into(),
                "destination_port" => record.port.into(),
                "url" => text(record.url).into(),
                "user" => text(record.user).into(),
                "bytes_to_client" => record.bytes_down.into(),
                "status" => record.status.into(),
                other => panic!("{name}: {other} is not compared"),
            };
            assert_eq!(&got, expected, "{name} {field}");
        }
        checked += 1;
    }
    assert!(checked >= 6);
}

fn fixture(name: &str) -> Outcome {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/squid")
        .join(name);
    let file = fs::File::open(path).expect("recorded");
    Analysis::new(Catalog::built_in())
        .run(file, |_| {})
        .expect("a result")
}

#[test]
fn what_squid_wrote_is_read_whole() {
    for (name, format) in [
        ("access.log", Format::SquidNative),
        ("common.log", Format::SquidCommon),
        ("combined.log", Format::SquidCommon),
    ] {
        let outcome = fixture(name);
        assert_eq!(outcome.format, format, "{name}");
        assert_eq!(
            (outcome.bad, outcome.parsed),
            (0, outcome.lines),
            "{name}: {:?}",
            outcome.samples
        );
        let blocked: u64 = outcome
            .usage
            .app_days()
            .map(|row| row.totals.blocked)
            .chain(outcome.usage.domain_days().map(|row| row.totals.blocked))
            .sum();
        assert!(blocked > 0, "{name}");
        assert!(outcome.usage.user_days().count() > 5, "{name}");
    }
}

#[test]
fn the_three_logs_of_one_run_agree() {
    let common = fixture("common.log");
    let combined = fixture("combined.log");
    let rows = |outcome: &Outcome| outcome.usage.user_days().collect::<Vec<_>>();
    assert_eq!(rows(&common), rows(&combined));
}

#[test]
fn the_recorded_log_covers_several_days_apps_and_users() {
    let outcome = fixture("access.log");
    let days: std::collections::BTreeSet<_> = outcome.usage.app_days().map(|row| row.day).collect();
    let apps: std::collections::BTreeSet<_> = outcome.usage.app_days().map(|row| row.app).collect();
    let users: std::collections::BTreeSet<_> =
        outcome.usage.user_days().map(|row| row.user).collect();
    assert!(days.len() >= 5 && apps.len() >= 15 && users.len() >= 15);
    let unlisted: Vec<_> = outcome
        .usage
        .domain_days()
        .map(|row| row.domain.as_str())
        .collect();
    assert!(unlisted.contains(&"unlisted-share.example"), "{unlisted:?}");
}
