use std::collections::BTreeSet;

use axum::body::Body;
use casbah_detection::demo;
use casbah_detection::sources::Source;
use casbah_model::activity::ActivityId;
use casbah_model::alert::{Alert, Severity};
use casbah_model::filter::{ALERTS, parse_query};
use serde_json::json;

use super::*;
use crate::ingest::ingest_events;
use crate::jobs::testing::{Installation, demo_tenant};

fn detection(installation: &Installation) -> Detection {
    Detection {
        store: installation.store.clone(),
        receiving: Receiving::default(),
        node: KeyId::random(),
        lateness: Duration::ZERO,
        detector: Detector::default(),
    }
}

async fn ingest(installation: &Installation, text: String) {
    let (to, tenant) = (installation.destination(), &installation.tenant);
    let (source, body) = (Source::Microsoft365, Body::from(text));
    let report = ingest_events(to, tenant, source, body, false, u64::MAX);
    assert_eq!(report.await.unwrap().rejected, 0);
}

async fn alerts(installation: &Installation) -> Vec<Alert> {
    let parameters = json!({"sortDirection": "asc"});
    let query = parse_query(&ALERTS, parameters.as_object().unwrap(), Timestamp(0)).unwrap();
    let tenant = installation.tenant.id;
    installation
        .store
        .list_alerts(tenant, query)
        .await
        .unwrap()
        .data
}

/// What does not depend on when it was stored.
fn told(alerts: &[Alert]) -> Vec<(String, String, Severity, Vec<String>)> {
    let told = alerts.iter().map(|alert| {
        let Alert {
            title,
            description,
            severity_value,
            audits,
            ..
        } = alert;
        (
            title.clone(),
            description.clone(),
            *severity_value,
            audits.clone(),
        )
    });
    told.collect()
}

fn running() -> (watch::Sender<bool>, watch::Receiver<bool>) {
    watch::channel(false)
}

async fn see_all(detection: &Detection, installation: &Installation) {
    let (_sender, stopped) = running();
    let tenant = installation.tenant.id;
    while detection.round(tenant, &stopped).await.unwrap() == Round::More {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_raises_two_alerts_once() {
    let installation = Installation::new(demo_tenant()).await;
    let text = demo::events(Timestamp::now());
    ingest(&installation, text.clone()).await;
    let detection = detection(&installation);
    see_all(&detection, &installation).await;
    let first = alerts(&installation).await;
    let titles: BTreeSet<_> = first.iter().map(|alert| alert.title.as_str()).collect();
    let expected = [
        "Impossible travel activity",
        "Multiple failed login attempts",
    ];
    assert_eq!((first.len(), titles), (2, BTreeSet::from(expected)));

    ingest(&installation, text).await;
    see_all(&detection, &installation).await;
    assert_eq!(alerts(&installation).await, first);
    let progress = installation.store.detector_progress(installation.tenant.id);
    assert_eq!(progress.await.unwrap().1, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn detectors_that_end_between_any_two_steps_find_the_same() {
    let whole = Installation::new(demo_tenant()).await;
    let text = demo::events(Timestamp::now());
    ingest(&whole, text.clone()).await;
    see_all(&detection(&whole), &whole).await;

    let mut tenant = demo_tenant();
    tenant.id = whole.tenant.id;
    let broken = Installation::new(tenant).await;
    ingest(&broken, text).await;
    let tenant = broken.tenant.id;
    let mut last: Option<ActivityId> = None;
    let mut steps = 0;
    loop {
        // Each step is another process: one that leases and ends, then one that sees
        // so many activities, commits and ends without giving its lease up.
        let ended = detection(&broken);
        let now = Timestamp::now();
        let leased = broken
            .store
            .lease_detector(tenant, ended.node, now, now.plus_millis(-1));
        let leased = leased.await.unwrap().unwrap();
        let next = detection(&broken);
        let now = Timestamp::now().plus_millis(1);
        let taken = broken
            .store
            .lease_detector(tenant, next.node, now, now.plus_millis(-1));
        assert_eq!(taken.await.unwrap().unwrap().position, leased.position);
        let batch = broken
            .store
            .activities_after(tenant, last, Timestamp::now(), 37);
        let batch = batch.await.unwrap();
        let Some(end) = batch.last().map(|activity| activity.id) else {
            break;
        };
        let watermark = end.timestamp;
        let advanced = broken.store.advance_watermark(tenant, next.node, watermark);
        assert!(advanced.await.unwrap());
        let mut state = State::default();
        if !leased.state.is_empty() {
            state.tenant = serde_json::from_slice(&leased.state).unwrap();
        }
        state.position = DetectorPosition { last, watermark };
        next.step(tenant, &mut state).await.unwrap();
        // The one that lost its lease cannot commit what it saw.
        let mut old = State {
            position: DetectorPosition { last, watermark },
            ..State::default()
        };
        ended.step(tenant, &mut old).await.unwrap();
        last = broken.store.detector_progress(tenant).await.unwrap().0;
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
    assert_eq!(told(&alerts(&broken).await), told(&alerts(&whole).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_seen_while_a_request_is_open() {
    let installation = Installation::new(demo_tenant()).await;
    let detection = detection(&installation);
    let open = detection.receiving.enter();
    ingest(&installation, demo::events(Timestamp::now())).await;
    see_all(&detection, &installation).await;
    assert!(alerts(&installation).await.is_empty());
    drop(open);
    see_all(&detection, &installation).await;
    assert_eq!(alerts(&installation).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_sees_what_comes_and_stops() {
    let installation = Installation::new(demo_tenant()).await;
    let (sender, stopped) = running();
    let wake = Arc::new(Notify::new());
    let running = tokio::spawn(detection(&installation).run(Arc::clone(&wake), stopped));
    ingest(&installation, demo::events(Timestamp::now())).await;
    wake.notify_one();
    let mut waited = 0;
    while alerts(&installation).await.len() < 2 {
        waited += 1;
        assert!(waited < 300, "no alerts after 30 seconds");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sender.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), running)
        .await
        .unwrap()
        .unwrap();
    // The lease was given up: another node has it at once.
    let now = Timestamp::now();
    let tenant = installation.tenant.id;
    let leased = installation
        .store
        .lease_detector(tenant, KeyId::random(), now, now);
    assert!(leased.await.unwrap().is_some());
}
