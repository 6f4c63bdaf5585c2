//! What all requests share.

use std::sync::Arc;

use casbah_connect::Connector;
use casbah_detection::enrich::{Enricher, LoadError};
use casbah_identity::Authority;
use casbah_identity::crypto::Vault;
use casbah_identity::secret::Peppers;
use casbah_store::Store;
use tokio::sync::{Notify, OnceCell, watch};
use tokio::task::JoinError;

use crate::audit::AuditLog;
use crate::auth::{KnownTokens, Policies};
use crate::blobs::Blobs;
use crate::config::Config;
use crate::identity::issuers::ForeignIssuers;
use crate::identity::keys::SigningKeys;
use crate::jobs::{DiscoveryWorker, Receiving};
use crate::lab::Lab;
use crate::ranges::KnownRanges;
use crate::throttle::RequestThrottle;
use crate::usage::Usage;

/// What handlers get.
pub(crate) type AppState = Arc<App>;

/// What all requests share.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
    /// Keeps what is done without a change, and links all records.
    pub(crate) audit: AuditLog,
    /// Counts the use of permissions.
    pub(crate) usage: Usage,
    /// What makes the server a laboratory, if it is one.
    pub(crate) lab: Option<Lab>,
    /// Counts requests of the API.
    pub(crate) throttle: RequestThrottle,
    pub(crate) authority: Authority,
    pub(crate) vault: Arc<Vault>,
    pub(crate) peppers: Peppers,
    pub(crate) keys: SigningKeys,
    /// All outbound traffic.
    pub(crate) connector: Connector,
    /// Keys of other issuers.
    pub(crate) issuers: ForeignIssuers,
    pub(crate) policies: Policies,
    pub(crate) known_tokens: KnownTokens,
    /// Made when the first events come; see [`App::enricher`].
    pub(crate) enricher: OnceCell<Arc<Enricher>>,
    /// Tenants' IP ranges.
    pub(crate) ranges: KnownRanges,
    pub(crate) blobs: Blobs,
    pub(crate) discovery_worker: DiscoveryWorker,
    /// Open requests that bring events, which the detector waits for.
    pub(crate) receiving: Receiving,
    /// Tells the detector that events have come.
    pub(crate) detector_wake: Arc<Notify>,
    /// Tells answers that would not end by themselves that the server stops.
    pub(crate) closing: watch::Sender<bool>,
    /// Tells the job of enrichment that IP ranges have changed.
    pub(crate) enrichment_wake: Arc<Notify>,
}

/// The built-in data of the enrichment cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnricherError {
    /// It is damaged.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The thread that made it ended.
    #[error("loading was interrupted")]
    Interrupted(#[from] JoinError),
}

impl App {
    /// What enriches events. Its data and patterns take some 35 MB, which a server that
    /// gets no events does without.
    pub(crate) async fn enricher(&self) -> Result<Arc<Enricher>, EnricherError> {
        let load = async || {
            let loaded = tokio::task::spawn_blocking(Enricher::new).await?;
            Ok(Arc::new(loaded?))
        };
        self.enricher.get_or_try_init(load).await.map(Arc::clone)
    }
}
