use std::io::Write;

use axum::body::Body;
use casbah_detection::demo;
use casbah_model::filter::{ACTIVITIES, ENTITIES, ListSpec, parse_query};
use casbah_model::time::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;
use crate::jobs::testing::{Installation, demo_tenant};

const LIMIT: u64 = 1 << 30;

async fn ingest(installation: &Installation, body: impl Into<Body>, gzip: bool) -> IngestReport {
    let (to, tenant) = (installation.destination(), &installation.tenant);
    let source = Source::Microsoft365;
    let report = ingest_events(to, tenant, source, body.into(), gzip, LIMIT);
    report.await.unwrap()
}

async fn total(installation: &Installation, list: &'static ListSpec) -> u64 {
    let parameters = json!({"limit": 1});
    let query = parse_query(list, parameters.as_object().unwrap(), Timestamp(0)).unwrap();
    let tenant = installation.tenant.id;
    if std::ptr::eq(list, &raw const ACTIVITIES) {
        installation
            .store
            .list_activities(tenant, query)
            .await
            .unwrap()
            .total
            .number()
    } else {
        installation
            .store
            .list_entities(tenant, query)
            .await
            .unwrap()
            .total
            .number()
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_stored_once_however_often_they_come() {
    let installation = Installation::new(demo_tenant()).await;
    let text = demo::events(Timestamp::now());
    let records = text.lines().count() as u64;
    let report = ingest(&installation, text.clone(), false).await;
    let expected = IngestReport {
        received: records,
        accepted: records,
        ..IngestReport::default()
    };
    assert_eq!(report, expected);
    let again = ingest(&installation, packed(&text), true).await;
    assert_eq!((again.accepted, again.duplicates), (0, records));
    assert_eq!(total(&installation, &ACTIVITIES).await, records);
    // Six people, each a user and an account.
    assert_eq!(total(&installation, &ENTITIES).await, 12);
    assert_eq!(
        serde_json::to_value(&expected).unwrap(),
        json!({"received": records, "accepted": records, "duplicates": 0, "late": 0,
            "rejected": 0, "errors": []})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_read_of_a_bad_body_is_kept() {
    let installation = Installation::new(demo_tenant()).await;
    let text = demo::events(Timestamp::now());
    let good = text.lines().next().unwrap();
    let long = format!("{}\n{good}\n", "x".repeat(10 << 20));
    let mut truncated = packed(&text);
    truncated.truncate(truncated.len() / 2);
    let garbage: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let mut corrupt = packed(&format!("{good}\n"));
    corrupt.extend_from_slice(b"no gzip");
    for (name, body, gzip, error) in [
        ("a long line", long.into_bytes(), false, "longer than"),
        (
            "a truncated gzip",
            truncated,
            true,
            "the input could not be read",
        ),
        (
            "garbage behind gzip",
            corrupt,
            true,
            "the input could not be read",
        ),
    ] {
        let report = ingest(&installation, body, gzip).await;
        assert!(
            report.accepted + report.duplicates > 0,
            "{name}: {report:?}"
        );
        assert_eq!(report.rejected, 1, "{name}: {report:?}");
        assert!(report.errors[0].error.contains(error), "{name}: {report:?}");
        assert_eq!(
            report.received,
            report.accepted + report.duplicates + report.rejected
        );
    }
    for gzip in [false, true] {
        let report = ingest(&installation, garbage.clone(), gzip).await;
        assert_eq!(report.accepted, 0);
        assert!(report.rejected > 0);
        assert_eq!(report.errors.len() as u64, report.rejected.min(20));
    }
    let empty = ingest(&installation, Body::empty(), false).await;
    assert_eq!(empty, IngestReport::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_keeps_its_beginning() {
    let installation = Installation::new(demo_tenant()).await;
    let text = demo::events(Timestamp::now());
    let limit = text.len() as u64 / 2;
    let pieces = text.into_bytes();
    let pieces: Vec<_> = pieces.chunks(1000).map(<[u8]>::to_vec).collect();
    let body = Body::from_stream(futures_util::stream::iter(
        pieces.into_iter().map(Ok::<_, std::io::Error>),
    ));
    let (to, tenant) = (installation.destination(), &installation.tenant);
    let source = Source::Microsoft365;
    let report = ingest_events(to, tenant, source, body, false, limit);
    let report = report.await.unwrap();
    assert!(report.accepted > 100, "{report:?}");
    assert_eq!(report.rejected, 1, "{report:?}");
    assert!(report.errors[0].error.contains("larger than"), "{report:?}");
}
