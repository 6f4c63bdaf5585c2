//! Events on their way into the store.
//!
//! The body goes through a bounded channel to a thread that unpacks, parses and
//! enriches; batches come back through another. So memory is bounded whatever the
//! size of the body, and parsing does not hold up other requests.

mod body;
mod groups;
mod observations;
mod parser;

use std::sync::Arc;

use axum::body::Body;
use casbah_detection::enrich::Enricher;
use casbah_detection::sources::Source;
use casbah_model::identity::Tenant;
use casbah_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};

use parser::{Batch, Parser};

use crate::ranges::KnownRanges;

/// How many errors a report names.
const NAMED_ERRORS: usize = 20;

/// How many bodies are parsed at once; others wait.
static PLACES: Semaphore = Semaphore::const_new(8);

/// What became of the records of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub(crate) struct IngestReport {
    /// Records that were read, good or bad.
    pub(crate) received: u64,
    /// Stored now.
    pub(crate) accepted: u64,
    /// Had been stored before.
    pub(crate) duplicates: u64,
    /// Stored now, but too late for the detections to see them in order.
    pub(crate) late: u64,
    /// Could not be read.
    pub(crate) rejected: u64,
    /// Why, of the first of them.
    pub(crate) errors: Vec<RejectedRecord>,
}

/// Why a record was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct RejectedRecord {
    /// Which one, counted from 1.
    pub(crate) record: u64,
    /// What is wrong with it.
    pub(crate) error: String,
}

/// Events could not be stored. What was stored before stays; sending the same body
/// again doubles nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The parser ended by a panic.
    #[error("the parser panicked")]
    Panicked,
}

impl IngestError {
    /// The same as an error of the store.
    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Panicked => StoreError::Panicked,
        }
    }
}

/// What turns events into activities, and where these go.
#[derive(Clone)]
pub(crate) struct Destination<'a> {
    /// Where activities go.
    pub(crate) store: &'a Store,
    /// What is known of addresses and programs.
    pub(crate) enricher: Arc<Enricher>,
    /// What tenants say of addresses.
    pub(crate) ranges: &'a KnownRanges,
}

/// Reads a source's records from `body`, unpacked first if `gzip`, and stores their
/// activities.
///
/// A record that cannot be read is counted and named. A body that breaks off, is
/// damaged or larger than `limit` bytes keeps what was readable of it, and its end is
/// named as an error.
pub(crate) async fn ingest_events(
    to: Destination<'_>,
    tenant: &Tenant,
    source: Source,
    body: Body,
    gzip: bool,
    limit: u64,
) -> Result<IngestReport, IngestError> {
    // The semaphore is never closed.
    let _place = PLACES.acquire().await.map_err(|_| IngestError::Panicked)?;
    let (revision, ranges) = to.ranges.of(to.store, tenant.id).await?;
    let parser = Parser {
        tenant: tenant.id,
        domains: tenant.domains.clone(),
        source,
        enricher: to.enricher,
        ranges,
    };
    let (input, feed) = body::channel(body, limit);
    let (batches, parsed) = mpsc::channel::<Batch>(1);
    let thread = tokio::task::spawn_blocking(move || parser.run(input, gzip, &batches));
    let store = to.store;
    let storing = async move {
        // Gone with this block, so that a failure to store ends the parser.
        let mut parsed = parsed;
        let mut report = IngestReport::default();
        while let Some(mut batch) = parsed.recv().await {
            report.add_errors(batch.rejected, std::mem::take(&mut batch.errors));
            if batch.activities.is_empty() {
                continue;
            }
            report.received += batch.activities.len() as u64;
            groups::mark(store, tenant.id, &mut batch).await?;
            let stored = store
                .ingest_activities(tenant.id, revision, batch.activities, batch.observations)
                .await?;
            report.accepted += stored.accepted;
            report.duplicates += stored.duplicates;
            report.late += stored.late;
        }
        Ok::<_, StoreError>(report)
    };
    // Feeding ends with the body, or when the parser takes no more.
    let (report, ()) = tokio::join!(storing, feed);
    thread.await.map_err(|_| IngestError::Panicked)?;
    Ok(report?)
}

impl IngestReport {
    fn add_errors(&mut self, rejected: u64, errors: Vec<RejectedRecord>) {
        self.received += rejected;
        self.rejected += rejected;
        let room = NAMED_ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(errors.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests;
