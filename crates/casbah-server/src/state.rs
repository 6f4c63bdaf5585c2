//! What all requests share.

use std::sync::Arc;

use casbah_detection::enrich::Enricher;
use casbah_identity::Authority;
use casbah_identity::crypto::Vault;
use casbah_identity::secret::Peppers;
use casbah_model::ids::TenantId;
use casbah_store::{AuditRecord, Store, StoreError};
use tokio::sync::Notify;

use crate::auth::{KnownTokens, Policies};
use crate::blobs::Blobs;
use crate::config::Config;
use crate::identity::keys::SigningKeys;
use crate::jobs::{DiscoveryWorker, Receiving};

/// What handlers get.
pub(crate) type AppState = Arc<App>;

/// What all requests share.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) authority: Authority,
    pub(crate) vault: Arc<Vault>,
    pub(crate) peppers: Peppers,
    pub(crate) keys: SigningKeys,
    pub(crate) policies: Policies,
    pub(crate) known_tokens: KnownTokens,
    pub(crate) enricher: Arc<Enricher>,
    pub(crate) blobs: Blobs,
    pub(crate) discovery_worker: DiscoveryWorker,
    /// Open requests that bring events, which the detector waits for.
    pub(crate) receiving: Receiving,
    /// Tells the detector that events have come.
    pub(crate) detector_wake: Arc<Notify>,
}

impl App {
    /// Keeps who changed what.
    pub(crate) async fn audit(
        &self,
        tenant: TenantId,
        actor: &str,
        action: &'static str,
        target: impl ToString + Send,
    ) -> Result<(), StoreError> {
        let record = AuditRecord::new(actor, action, &target);
        self.store.audit(tenant, record).await
    }
}
