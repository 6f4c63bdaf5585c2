//! The loop that enriches activities anew after their IP ranges have changed.
//!
//! Where it is stands in the store and moves with what was written, so a process that
//! ends at any time goes on where it was, and several nodes do not get in each other's
//! way.

use std::sync::Arc;
use std::time::Duration;

use casbah_detection::normalise::Normaliser;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use casbah_store::{EnrichmentBatch, StoreError};
use tokio::sync::{Notify, watch};

use crate::state::{App, EnricherError};

/// How often tenants are looked at unless something wakes the loop: another node may
/// have taken the change, and ended.
const INTERVAL: Duration = Duration::from_secs(10);

/// Activities of one step: few enough that other writes wait for milliseconds only.
pub(super) const BATCH: u32 = 250;

/// Activities cannot be enriched anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrichError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data for enrichment cannot be used.
    #[error(transparent)]
    Enricher(#[from] EnricherError),
    /// The thread that enriched ended.
    #[error("enriching was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// Enriches activities anew.
pub(crate) struct Enrichment {
    pub(crate) app: Arc<App>,
    /// Activities of one step.
    pub(crate) batch: u32,
}

impl Enrichment {
    /// Runs until `stopped` says so. A tenant that fails holds up no other and is tried
    /// again later.
    pub(crate) async fn run(self, wake: Arc<Notify>, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            match self.app.store.tenants().await {
                Ok(tenants) => {
                    for tenant in tenants {
                        if let Err(error) = self.catch_up(tenant.id, &stopped).await {
                            tracing::error!(tenant = %tenant.id, %error, "activities cannot be enriched anew");
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "the tenants cannot be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = wake.notified() => {}
                changed = stopped.changed() => if changed.is_err() { break },
            }
        }
    }

    /// Enriches all that there is of a tenant.
    pub(crate) async fn catch_up(
        &self,
        tenant: TenantId,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), EnrichError> {
        while !*stopped.borrow() {
            if !self.step(tenant).await? {
                break;
            }
        }
        Ok(())
    }

    /// Enriches one batch; false if there was none.
    pub(crate) async fn step(&self, tenant: TenantId) -> Result<bool, EnrichError> {
        let store = &self.app.store;
        store.count_enrichment(tenant).await?;
        let Some(mut batch) = store.enrichment_batch(tenant, self.batch).await? else {
            return Ok(false);
        };
        let (revision, ranges) = self.app.ranges.of(store, tenant).await?;
        // The ranges may have changed between the two; such a batch is not written.
        batch.revision = batch.revision.min(revision);
        let enricher = self.app.enricher().await?;
        let enrich = move |batch: EnrichmentBatch| {
            let normaliser = Normaliser::new(tenant, &enricher, &ranges);
            let activities = batch.activities.iter();
            let changed = activities.filter_map(|one| normaliser.with_location_of_now(one));
            (changed.collect(), batch)
        };
        let (changed, batch) = tokio::task::spawn_blocking(move || enrich(batch)).await?;
        let now = Timestamp::now();
        store.commit_enrichment(tenant, batch, changed, now).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
