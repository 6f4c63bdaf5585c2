//! The thread that turns records into activities.

use std::error::Error;
use std::io::Read;
use std::sync::Arc;

use casbah_detection::enrich::{Enricher, RangeIndex};
use casbah_detection::normalise::Normaliser;
use casbah_detection::sources::{Limits, ReadRecord, RecordError, Refusal, Source};
use casbah_model::activity::Activity;
use casbah_model::entity::EntityObservation;
use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc;

use super::body::{Capped, Input};
use super::{NAMED_ERRORS, RejectedRecord, observations};

/// How many activities are stored in one transaction.
const BATCH: usize = 500;

/// A batch ends early when its records have more bytes.
const BATCH_BYTES: usize = 16 << 20;

/// The most bytes that are read of an unpacked body: what compresses better than this
/// was made to do harm.
const MOST_UNPACKED: u64 = 64 << 30;

/// Activities to be stored together, and what could not be read between them.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) activities: Vec<Activity>,
    pub(super) observations: Vec<EntityObservation>,
    pub(super) rejected: u64,
    pub(super) errors: Vec<RejectedRecord>,
    bytes: usize,
}

/// Reads one body.
pub(super) struct Parser {
    pub(super) tenant: TenantId,
    pub(super) domains: Vec<String>,
    pub(super) source: Source,
    pub(super) enricher: Arc<Enricher>,
    pub(super) ranges: Arc<RangeIndex>,
}

impl Parser {
    /// Reads to the end, or until nobody takes batches any more.
    pub(super) fn run(&self, input: Input, gzip: bool, batches: &mpsc::Sender<Batch>) {
        if gzip {
            let unpacked = Capped {
                inner: MultiGzDecoder::new(input),
                left: MOST_UNPACKED,
            };
            self.read(unpacked, batches);
        } else {
            self.read(input, batches);
        }
    }

    fn read(&self, input: impl Read, batches: &mpsc::Sender<Batch>) {
        let normaliser = Normaliser::new(self.tenant, &self.enricher, &self.ranges);
        let mut batch = Batch::default();
        for record in self.source.read(input, Limits::default()) {
            self.add(&mut batch, &normaliser, record);
            if (batch.activities.len() >= BATCH || batch.bytes >= BATCH_BYTES)
                && !send(&mut batch, batches)
            {
                return;
            }
        }
        send(&mut batch, batches);
    }

    fn add(&self, batch: &mut Batch, normaliser: &Normaliser<'_>, record: ReadRecord) {
        match record {
            Ok(event) => {
                let activity = normaliser.activity(&event, Timestamp::now());
                batch.bytes += activity.raw_data_json.text().len();
                let seen = observations::of(&event, &self.domains);
                batch.observations.extend(seen);
                batch.activities.push(activity);
            }
            Err(RecordError { number, refusal }) => {
                batch.rejected += 1;
                if batch.errors.len() < NAMED_ERRORS {
                    batch.errors.push(RejectedRecord {
                        record: number,
                        error: reason(&refusal),
                    });
                }
            }
        }
    }
}

fn send(batch: &mut Batch, batches: &mpsc::Sender<Batch>) -> bool {
    let mut full = std::mem::take(batch);
    full.observations = observations::merged(full.observations);
    batches.blocking_send(full).is_ok()
}

/// What is wrong, with its cause.
fn reason(refusal: &Refusal) -> String {
    match refusal.source() {
        Some(cause) => format!("{refusal}: {cause}"),
        None => refusal.to_string(),
    }
}
