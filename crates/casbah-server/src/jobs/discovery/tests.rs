use std::io::Write;

use axum::body::Bytes;
use casbah_model::discovery::EpochDay;
use casbah_store::{AuditRecord, DoneUpload};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::jobs::testing::{Installation, demo_tenant};

const LOG: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../casbah-discovery/fixtures/squid/access.log"
));

fn blobs_of(installation: &Installation) -> Blobs {
    Blobs::open(installation.directory.path().join("uploads"), u64::MAX).unwrap()
}

fn open_upload(source: &str) -> DiscoveryUpload {
    let now = Timestamp::now();
    DiscoveryUpload {
        id: RecordId::generate(now.seconds()),
        stream_id: None,
        stream_name: None,
        filename: "access.log".to_owned(),
        source: source.to_owned(),
        format: None,
        state: UploadState::Open,
        bytes: 0,
        lines: 0,
        parsed: 0,
        bad: 0,
        uncatalogued_transactions: 0,
        error: None,
        samples: Vec::new(),
        created: now,
        expires: now.plus_millis(1000),
        finished: None,
    }
}

/// Stores a log up to where its sender says that it is done.
async fn send(installation: &Installation, blobs: &Blobs, source: &str, log: Vec<u8>) -> RecordId {
    let Installation { store, tenant, .. } = installation;
    let upload = open_upload(source);
    let (tenant, id) = (tenant.id, upload.id);
    let created = AuditRecord::new("anna", "discovery_upload.create", &id);
    store.create_upload(tenant, upload, created).await.unwrap();
    let body = futures_util::stream::iter([Ok(Bytes::from(log))]);
    let bytes = blobs.put(tenant, id, body, u64::MAX).await.unwrap();
    assert!(store.upload_stored(tenant, id, bytes).await.unwrap());
    let done = DoneUpload {
        stream_name: "proxy".to_owned(),
        snapshot: false,
        log_type: 155,
    };
    let audit = AuditRecord::new("anna", "discovery_upload.done", &id);
    let stream = store.upload_done(tenant, id, done, audit).await;
    assert!(stream.unwrap().is_some());
    id
}

async fn end(installation: &Installation, id: RecordId) -> DiscoveryUpload {
    for _ in 0..300 {
        let upload = installation.store.upload(installation.tenant.id, id);
        let upload = upload.await.unwrap().unwrap();
        if upload.finished.is_some() {
            return upload;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the upload was not read within 30 seconds");
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_become_usage_or_a_clear_error() {
    let installation = Installation::new(demo_tenant()).await;
    let blobs = blobs_of(&installation);
    let worker = DiscoveryWorker::start(installation.store.clone(), blobs.clone());
    let worker = worker.await.unwrap();
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut truncated = packed(&LOG.repeat(200));
    truncated.truncate(truncated.len() * 3 / 4);
    for (source, log, state, error) in [
        ("SQUID_NATIVE", LOG.to_vec(), UploadState::Done, None),
        ("CUSTOM_PARSER", packed(LOG), UploadState::Done, None),
        (
            "SQUID_NATIVE",
            truncated,
            UploadState::Done,
            Some("truncated"),
        ),
        (
            "SQUID",
            LOG.to_vec(),
            UploadState::Failed,
            Some("looks like Squid native"),
        ),
        (
            "SQUID_NATIVE",
            garbage.clone(),
            UploadState::Failed,
            Some("no line is in"),
        ),
        (
            "CUSTOM_PARSER",
            garbage,
            UploadState::Failed,
            Some("no known format"),
        ),
        (
            "CUSTOM_PARSER",
            vec![b'x'; 10 << 20],
            UploadState::Failed,
            Some("no known format: the first line is longer"),
        ),
        (
            "SQUID_NATIVE",
            vec![b'x'; 10 << 20],
            UploadState::Failed,
            Some("line is too long"),
        ),
        (
            "SQUID_NATIVE",
            Vec::new(),
            UploadState::Failed,
            Some("empty"),
        ),
    ] {
        let length = log.len();
        let id = send(&installation, &blobs, source, log).await;
        worker.submit(installation.tenant.id, id).await;
        let upload = end(&installation, id).await;
        assert_eq!(upload.state, state, "{source} {length}: {upload:?}");
        match error {
            None => assert_eq!(upload.error, None),
            Some(error) => {
                let said = upload.error.as_deref().unwrap();
                assert!(said.contains(error), "{source} {length}: {said}");
            }
        }
        if state == UploadState::Done {
            assert!(
                upload.parsed > 0 && upload.parsed <= upload.lines,
                "{upload:?}"
            );
            assert_eq!(upload.format.as_deref(), Some("Squid native"));
        }
        if upload.error.is_some_and(|said| said.starts_with("no line")) {
            assert!(upload.bad > 0 && upload.bad <= upload.lines);
            assert!(!upload.samples.is_empty());
        }
        assert!(blobs.read(installation.tenant.id, id).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_ends_what_was_left_in_the_middle_and_counts_it_once() {
    let installation = Installation::new(demo_tenant()).await;
    let Installation { store, tenant, .. } = &installation;
    let tenant = tenant.id;
    let blobs = blobs_of(&installation);
    let waiting = send(&installation, &blobs, "SQUID_NATIVE", LOG.to_vec()).await;
    let begun = send(&installation, &blobs, "SQUID_NATIVE", LOG.to_vec()).await;
    assert!(store.upload_begun(tenant, begun).await.unwrap());
    // Of an upload that nobody knows, and of one whose file is gone.
    let unknown = RecordId::generate(1);
    let body = futures_util::stream::iter([Ok(Bytes::from_static(b"x"))]);
    blobs.put(tenant, unknown, body, 9).await.unwrap();
    let lost = send(&installation, &blobs, "SQUID_NATIVE", LOG.to_vec()).await;
    blobs.delete(tenant, lost).await.unwrap();

    let worker = DiscoveryWorker::start(store.clone(), blobs.clone());
    let worker = worker.await.unwrap();
    for id in [waiting, begun, begun, lost] {
        worker.submit(tenant, id).await;
    }
    let mut transactions = 0;
    for id in [waiting, begun] {
        let upload = end(&installation, id).await;
        assert_eq!(upload.state, UploadState::Done);
        transactions += upload.parsed - upload.uncatalogued_transactions;
    }
    let lost = end(&installation, lost).await;
    assert_eq!(lost.state, UploadState::Failed);
    assert!(blobs.read(tenant, unknown).is_err());
    assert!(blobs.uploads().unwrap().is_empty());
    let stream = end(&installation, waiting).await.stream_id.unwrap();
    let usage = store.app_usage(tenant, stream, EpochDay(0)).await.unwrap();
    let reported: u64 = usage.iter().map(|app| app.totals.transactions).sum();
    assert!(reported > 0);
    assert!(reported <= transactions, "{reported} of {transactions}");
    assert_eq!(reported % 2, 0, "each log counts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_goes_while_the_server_runs() {
    let installation = Installation::new(demo_tenant()).await;
    let Installation { store, tenant, .. } = &installation;
    let tenant = tenant.id;
    let blobs = blobs_of(&installation);
    let readers = Readers::new(store.clone(), blobs.clone());
    let mut ids = Vec::new();
    for age in [GRACE_MS - 60_000, GRACE_MS + 60_000] {
        let mut upload = open_upload("SQUID_NATIVE");
        upload.expires = upload.created.plus_millis(-age);
        let id = upload.id;
        let created = AuditRecord::new("anna", "discovery_upload.create", &id);
        store.create_upload(tenant, upload, created).await.unwrap();
        let body = futures_util::stream::iter([Ok(Bytes::from_static(b"x"))]);
        blobs.put_block(tenant, id, "QQ==", body, 9).await.unwrap();
        ids.push(id);
    }
    readers.sweep_files().await.unwrap();
    assert_eq!(blobs.uploads().unwrap(), [(tenant, ids[0])]);
}
