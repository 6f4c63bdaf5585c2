//! Activities and alerts to ask for.

use axum::body::Body;
use casbah_detection::demo;
use casbah_detection::detections::Detector;
use casbah_detection::sources::Source;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use tokio::sync::watch;

use super::TestServer;
use crate::ingest::{Destination, ingest_events};
use crate::jobs::detector::{Detection, Round};

impl TestServer {
    /// Takes events of Microsoft 365 in for a tenant.
    pub(crate) async fn take_in(&self, tenant: TenantId, events: impl Into<Body>) {
        let (app, store) = (&self.app, &self.app.store);
        let own = store.tenant(tenant).await.unwrap().unwrap();
        let enricher = app.enricher().await.unwrap();
        let source = Source::Microsoft365;
        let to = Destination {
            store,
            enricher,
            ranges: &app.ranges,
        };
        let taken = ingest_events(to, &own, source, events.into(), false, u64::MAX);
        assert_eq!(taken.await.unwrap().rejected, 0);
    }

    /// Takes the events of the demonstration in for a tenant and lets its detector see
    /// them all.
    pub(crate) async fn play_demo(&self, tenant: TenantId) {
        let app = &self.app;
        self.take_in(tenant, demo::events(Timestamp::now())).await;
        let detection = Detection {
            store: app.store.clone(),
            receiving: app.receiving.clone(),
            node: KeyId::random(),
            lateness: app.config.lateness,
            detector: Detector::default(),
        };
        let (_stop, stopped) = watch::channel(false);
        while detection.round(tenant, &stopped).await.unwrap() == Round::More {}
    }
}
