//! Whole logs through the analysis.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

use casbah_discovery::{
    Analysis, AnalysisError, Catalog, Format, LineError, LogReader, Outcome, ReadError,
};
use casbah_model::discovery::{DiscoveredAppId, EpochDay};
use proptest::prelude::*;

const DROPBOX: DiscoveredAppId = DiscoveredAppId(11_627);
const OKTA: DiscoveredAppId = DiscoveredAppId(10_980);
/// 2025-11-24T16:00:00Z.
const TIME: i64 = 1_764_000_000;

fn catalog() -> Catalog {
    Catalog::from_domains([("dropbox.com", DROPBOX), ("okta.com", OKTA)])
}

fn line(second: i64, client: &str, code: &str, bytes: u64, host: &str, user: &str) -> String {
    format!(
        "{}.250    120 {client} {code} {bytes} CONNECT {host}:443 {user} HIER_DIRECT/203.0.113.9 -\n",
        TIME + second
    )
}

fn small_log() -> String {
    [
        line(
            0,
            "192.0.2.1",
            "TCP_TUNNEL/200",
            1000,
            "www.dropbox.com",
            "CORP%5CAlice",
        ),
        line(
            10,
            "192.0.2.1",
            "TCP_TUNNEL/200",
            500,
            "dl.dropbox.com",
            "alice",
        ),
        line(
            5,
            "192.0.2.2",
            "TCP_DENIED/403",
            3800,
            "www.dropbox.com",
            "bob@corp.example",
        ),
        line(9, "192.0.2.2", "TCP_TUNNEL/200", 70, "login.okta.com", "-"),
        line(
            86_400,
            "192.0.2.2",
            "TCP_TUNNEL/200",
            7,
            "dropbox.com",
            "bob",
        ),
        line(
            1,
            "192.0.2.3",
            "TCP_TUNNEL/200",
            40,
            "a.unknown.co.uk",
            "carol",
        ),
        line(
            2,
            "192.0.2.3",
            "TCP_TUNNEL/200",
            60,
            "b.unknown.co.uk",
            "carol",
        ),
        "garbage\n\n".to_owned(),
        format!(
            "{TIME}.000 0 192.0.2.4 NONE_NONE/400 99 - error:invalid-request - HIER_NONE/- -\n"
        ),
    ]
    .concat()
}

fn analyse(log: &[u8]) -> Outcome {
    Analysis::new(&catalog())
        .run(log, |_| {})
        .expect("a result")
}

/// Everything of an outcome that must not depend on how the log was cut.
fn facts(outcome: &Outcome) -> String {
    let usage = &outcome.usage;
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        (outcome.lines, outcome.parsed, outcome.bad),
        outcome.samples,
        usage.app_days().collect::<Vec<_>>(),
        usage.user_days().collect::<Vec<_>>(),
        usage.address_days().collect::<Vec<_>>(),
        usage.domain_days().collect::<Vec<_>>(),
        usage.without_host(),
        outcome.format,
    )
}

#[test]
fn usage_is_counted_by_day_app_user_and_address() {
    let outcome = analyse(small_log().as_bytes());
    assert_eq!(outcome.format, Format::SquidNative);
    assert_eq!((outcome.lines, outcome.parsed, outcome.bad), (10, 8, 1));
    assert_eq!(
        (outcome.samples[0].line, outcome.samples[0].reason),
        (8, LineError::Time)
    );
    assert!(outcome.error.is_none());

    let day = EpochDay::of_millis(TIME * 1000);
    let apps: Vec<_> = outcome.usage.app_days().collect();
    assert_eq!(apps.len(), 3);
    let okta = apps[0];
    assert_eq!(
        (okta.day, okta.app, okta.users, okta.addresses),
        (day, OKTA, 0, 1)
    );
    let dropbox = apps[1];
    assert_eq!(
        (dropbox.day, dropbox.app, dropbox.users, dropbox.addresses),
        (day, DROPBOX, 2, 2)
    );
    assert_eq!(
        (dropbox.totals.transactions, dropbox.totals.blocked),
        (3, 1)
    );
    assert_eq!(
        dropbox.totals.bytes_down, 1500,
        "what was refused is no traffic"
    );
    assert_eq!(dropbox.totals.first_seen, TIME * 1000 + 250);
    assert_eq!(dropbox.totals.last_seen, TIME * 1000 + 10_250);
    assert_eq!(apps[2].day, EpochDay(day.0 + 1));

    let users: Vec<_> = outcome.usage.user_days().collect();
    let names: Vec<_> = users
        .iter()
        .map(|row| (row.user.as_str(), row.display.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("alice", "CORP%5CAlice"),
            ("bob", "bob@corp.example"),
            ("bob", "bob@corp.example")
        ]
    );
    assert_eq!(users[0].totals.bytes_down, 1500);
    assert_eq!(
        (users[1].totals.transactions, users[1].totals.bytes_down),
        (1, 0)
    );
    assert_eq!(outcome.usage.address_days().count(), 4);

    let domains: Vec<_> = outcome.usage.domain_days().collect();
    assert_eq!(domains.len(), 1);
    assert_eq!(
        (domains[0].domain.as_str(), domains[0].totals.bytes_down),
        ("unknown.co.uk", 100)
    );
    assert_eq!((domains[0].users, domains[0].addresses), (1, 1));
    assert_eq!(
        outcome
            .usage
            .without_host()
            .map(|totals| totals.transactions),
        Some(1)
    );
}

fn any_line() -> impl Strategy<Value = String> {
    let good = (
        0..200_000_i64,
        1..5_u8,
        prop::sample::select(vec!["TCP_TUNNEL/200", "TCP_DENIED/407"]),
        any::<u64>(),
        prop::sample::select(vec![
            "dropbox.com",
            "A.okta.com",
            "x.test",
            "x.y.test",
            "10.0.0.1",
        ]),
        prop::sample::select(vec!["-", "alice", "CORP%5Calice", "Alice@corp", "bob"]),
    )
        .prop_map(|(second, client, code, bytes, host, user)| {
            line(
                second,
                &format!("192.0.2.{client}"),
                code,
                bytes,
                host,
                user,
            )
        });
    prop_oneof![8 => good, 1 => "[a-z ]{0,12}\r?\n", 1 => Just("\n".to_owned())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_cut_changes_the_result(
        lines in prop::collection::vec(any_line(), 1..60),
        chunk_bytes in 1_usize..2_000,
        workers in 1_usize..5,
    ) {
        let log = lines.concat();
        let catalog = catalog();
        let reader = LogReader::new().format(Some(Format::SquidNative));
        let whole = reader.clone().workers(NonZeroUsize::MIN);
        let cut = reader
            .workers(NonZeroUsize::new(workers).expect("from 1"))
            .chunk_bytes(NonZeroUsize::new(chunk_bytes).expect("from 1"));
        let run = |reader: LogReader| Analysis::new(&catalog).reader(reader).run(log.as_bytes(), |_| {});
        match (run(whole), run(cut)) {
            (Ok(whole), Ok(cut)) => prop_assert_eq!(facts(&whole), facts(&cut)),
            (Err(whole), Err(cut)) => prop_assert_eq!(whole.to_string(), cut.to_string()),
            (whole, cut) => prop_assert!(false, "{whole:?} {cut:?}"),
        }
    }

    #[test]
    fn any_bytes_give_a_result_or_an_error(log in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Analysis::new(&catalog()).run(&log[..], |_| {});
    }
}

#[test]
fn progress_reaches_the_end() {
    let log = small_log();
    let mut seen = Vec::new();
    let reader = LogReader::new().chunk_bytes(NonZeroUsize::new(100).expect("not 0"));
    let outcome = Analysis::new(&catalog())
        .reader(reader)
        .run(log.as_bytes(), |progress| seen.push(progress))
        .expect("a result");
    let last = seen.last().expect("called");
    assert_eq!(
        (last.bytes_read, last.lines),
        (log.len() as u64, outcome.lines)
    );
    assert!(seen.is_sorted_by_key(|progress| progress.lines));
    assert_eq!(outcome.bytes_read, log.len() as u64);
}

#[test]
fn what_says_nothing_is_a_typed_error() {
    let catalog = catalog();
    let run = |reader: LogReader, log: &[u8]| {
        Analysis::new(&catalog)
            .reader(reader)
            .run(log, |_| {})
            .expect_err("nothing to give")
    };
    let auto = LogReader::new();
    assert!(matches!(run(auto.clone(), b""), AnalysisError::Empty));
    assert!(matches!(
        run(auto.clone(), &[0, 1, 2, 0xff, b'\n', 7]),
        AnalysisError::UnknownFormat
    ));
    let common = auto.clone().format(Some(Format::SquidCommon));
    match run(common.clone(), small_log().as_bytes()) {
        AnalysisError::WrongFormat {
            declared,
            looks_like,
            rejected,
        } => {
            assert_eq!(declared, Format::SquidCommon);
            assert_eq!(looks_like, Some(Format::SquidNative));
            assert_eq!((rejected.bad, rejected.samples.len()), (9, 9));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(run(common.clone(), b"\n\n"), AnalysisError::Empty));
    let one_line = vec![b'x'; 10 << 20];
    assert!(matches!(
        run(auto.clone(), &one_line),
        AnalysisError::EndlessLine
    ));
    let error = run(common, &one_line);
    assert!(error.to_string().ends_with("line is too long"), "{error}");
    match error {
        AnalysisError::WrongFormat { rejected, .. } => {
            assert_eq!((rejected.lines, rejected.bad), (1, 1));
            assert_eq!(rejected.commonest, LineError::TooLong);
            assert!(rejected.samples[0].text.starts_with("xxx"));
        }
        other => panic!("{other:?}"),
    }
    let compressed = gzip(small_log().as_bytes());
    for cut in [5, 12] {
        let error = run(auto.clone(), &compressed[..cut]);
        let truncated = matches!(error, AnalysisError::Unreadable(ReadError::Truncated));
        assert!(truncated, "{cut}: {error:?}");
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).expect("in memory");
    encoder.finish().expect("in memory")
}

fn long_log(lines: i64) -> String {
    (0..lines)
        .map(|second| {
            let client = format!("192.0.2.{}", second % 250);
            line(
                second,
                &client,
                "TCP_TUNNEL/200",
                10,
                "www.dropbox.com",
                "alice",
            )
        })
        .collect()
}

#[test]
fn a_truncated_gzip_gives_its_beginning_and_says_so() {
    let compressed = gzip(long_log(50_000).as_bytes());
    let cut = &compressed[..compressed.len() * 2 / 3];
    let outcome = analyse(cut);
    assert!(
        matches!(outcome.error, Some(ReadError::Truncated)),
        "{:?}",
        outcome.error
    );
    assert!(
        (10_000..50_000).contains(&outcome.parsed),
        "{}",
        outcome.parsed
    );
    assert_eq!(outcome.bytes_read, cut.len() as u64);
    assert!(outcome.bad <= 1);
    assert!(
        outcome
            .samples
            .iter()
            .all(|sample| sample.reason == LineError::CutOff)
    );
}

#[test]
fn two_gzip_members_are_one_log() {
    let log = long_log(2_000);
    let (first, second) = log.split_at(77_777);
    let outcome = analyse(&[gzip(first.as_bytes()), gzip(second.as_bytes())].concat());
    assert_eq!(facts(&outcome), facts(&analyse(log.as_bytes())));
}

#[test]
fn a_line_of_ten_megabytes_is_one_bad_line() {
    let good = long_log(3);
    let endless = io::repeat(b'x').take(10_000_000);
    let input = good
        .as_bytes()
        .chain(endless)
        .chain(&b"\n"[..])
        .chain(good.as_bytes());
    let outcome = Analysis::new(&catalog())
        .run(input, |_| {})
        .expect("a result");
    assert_eq!((outcome.lines, outcome.parsed, outcome.bad), (7, 6, 1));
    let sample = &outcome.samples[0];
    assert_eq!(
        (sample.line, sample.reason, sample.text.len()),
        (4, LineError::TooLong, 200)
    );
}

#[test]
fn a_limit_on_decompressed_bytes_holds() {
    let reader = LogReader::new().max_decoded_bytes(Some(100_000));
    let outcome = Analysis::new(&catalog())
        .reader(reader)
        .run(&gzip(long_log(5_000).as_bytes())[..], |_| {})
        .expect("the beginning");
    assert!(matches!(
        outcome.error,
        Some(ReadError::TooLarge { limit: 100_000 })
    ));
    assert!(outcome.parsed > 0);
}

#[test]
fn an_input_that_fails_gives_its_beginning() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let log = long_log(10);
    let outcome = Analysis::new(&catalog())
        .run(log.as_bytes().chain(Fails), |_| {})
        .expect("a result");
    assert_eq!(outcome.parsed, 10);
    assert!(matches!(outcome.error, Some(ReadError::Io(_))));
}
