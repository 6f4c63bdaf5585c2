//! Tenants' IP ranges, kept ready for look-ups until they change.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use casbah_detection::enrich::RangeIndex;
use casbah_model::ids::TenantId;
use casbah_store::{Store, StoreError};
use lru::LruCache;

/// How many tenants' ranges are kept: with the lists of all large providers imported, one
/// tenant's take some 10 MB.
const TENANTS: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");

/// Ranges by tenant, with the revision that they are of.
pub(crate) struct KnownRanges(Mutex<LruCache<TenantId, (i64, Arc<RangeIndex>)>>);

impl Default for KnownRanges {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(TENANTS)))
    }
}

impl KnownRanges {
    /// The tenant's ranges as they are now, and their revision.
    pub(crate) async fn of(
        &self,
        store: &Store,
        tenant: TenantId,
    ) -> Result<(i64, Arc<RangeIndex>), StoreError> {
        let revision = store.ip_ranges_revision(tenant).await?;
        let known = self.lock().get(&tenant).cloned();
        if let Some(known) = known.filter(|(known, _)| *known == revision) {
            return Ok(known);
        }
        let ranges = store.ip_ranges(tenant).await?;
        let index = Arc::new(RangeIndex::new(ranges.own, ranges.built_in));
        let known = (ranges.revision, index);
        self.lock().put(tenant, known.clone());
        Ok(known)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<TenantId, (i64, Arc<RangeIndex>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
