//! Work beside the requests: detection, and the reading of logs.

mod changes;
pub(crate) mod detector;
mod discovery;
pub(crate) mod enrichment;
mod expiry;
pub(crate) mod node;
mod story;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use casbah_detection::detections::Detector;
use tokio::sync::watch;

use crate::state::App;
use detector::Detection;
use enrichment::Enrichment;

pub(crate) use changes::prune_changes;
pub(crate) use discovery::DiscoveryWorker;
pub(crate) use expiry::watch_credentials;

/// Runs the detectors of all tenants until `stopped` says so.
pub(crate) async fn detect(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let detection = Detection {
        store: app.store.clone(),
        receiving: app.receiving.clone(),
        node: node::id(&app.config.data_dir),
        lateness: app.config.lateness,
        detector: Detector::default(),
    };
    detection.run(Arc::clone(&app.detector_wake), stopped).await;
}

/// Enriches activities of all tenants anew, as IP ranges change, until `stopped` says so.
pub(crate) async fn enrich(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let wake = Arc::clone(&app.enrichment_wake);
    let batch = enrichment::BATCH;
    Enrichment { app, batch }.run(wake, stopped).await;
}

/// Counts the open requests that bring events; clones count together.
///
/// Their records may be in any order, so the detector waits for none only when they
/// have ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receiving(Arc<AtomicUsize>);

/// A request that brings events, until it is dropped.
#[derive(Debug)]
pub(crate) struct Received(Arc<AtomicUsize>);

impl Receiving {
    /// A request begins.
    pub(crate) fn enter(&self) -> Received {
        self.0.fetch_add(1, Ordering::SeqCst);
        Received(Arc::clone(&self.0))
    }

    /// Whether a request is open.
    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
