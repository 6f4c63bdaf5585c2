//! The loop that lets every tenant's detector see what has come.
//!
//! A round takes the tenant's lease, commits the watermark, and then sees the
//! activities behind it batch by batch, each in one transaction with its alerts and
//! what was learnt. A process that ends between any two steps loses nothing: the next
//! one begins at the committed position.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use casbah_detection::detections::{Clock, Detector, State};
use casbah_model::detector::DetectorPosition;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{DetectionCommit, DetectorState, Store, StoreError};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Receiving;
use super::story::FoundStory;

/// How often tenants are looked at unless something wakes the loop.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a lease holds that is not renewed.
const LEASE_MS: i64 = 30_000;

/// Activities of one step.
const BATCH: u32 = 500;

/// Steps of one round; the lease is renewed between rounds.
const STEPS: usize = 20;

/// Tenants whose rounds run at once.
const AT_ONCE: usize = 4;

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Learnt state cannot be read or the store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetectError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was learnt cannot be read or written.
    #[error("what the detector learnt cannot be read: {0}")]
    State(#[from] serde_json::Error),
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// All that may be seen was seen, or another node has the lease.
    Idle,
    /// There is more to see.
    More,
}

/// Runs the detectors of all tenants on one node.
#[derive(Clone)]
pub(crate) struct Detection {
    /// Where activities come from and alerts go.
    pub(crate) store: Store,
    /// Requests that the watermark waits for.
    pub(crate) receiving: Receiving,
    /// Who holds the leases.
    pub(crate) node: KeyId,
    /// How long activities out of order are waited for.
    pub(crate) lateness: Duration,
    /// The detections.
    pub(crate) detector: Detector,
}

/// A tenant that failed rests for a while.
#[derive(Debug, Clone, Copy)]
struct Rest {
    pause: Duration,
    until: Instant,
}

impl Detection {
    /// Runs until `stopped` says so, or its sender is gone. A tenant that fails is
    /// tried again later and holds up no other.
    pub(crate) async fn run(self, wake: Arc<Notify>, mut stopped: watch::Receiver<bool>) {
        let mut resting: BTreeMap<TenantId, Rest> = BTreeMap::new();
        while !*stopped.borrow() {
            let tenants = match self.store.tenants().await {
                Ok(tenants) => tenants,
                Err(error) => {
                    tracing::error!(%error, "the tenants cannot be read");
                    Vec::new()
                }
            };
            let now = Instant::now();
            let ids = tenants.iter().map(|tenant| tenant.id);
            let due = ids.filter(|id| resting.get(id).is_none_or(|rest| rest.until <= now));
            let is_more = self.rounds(due.collect(), &mut resting, &stopped).await;
            if is_more {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = wake.notified() => {}
                changed = stopped.changed() => if changed.is_err() { break },
            }
        }
        self.release().await;
    }

    /// One round of each of these tenants; whether one of them has more to see.
    async fn rounds(
        &self,
        tenants: Vec<TenantId>,
        resting: &mut BTreeMap<TenantId, Rest>,
        stopped: &watch::Receiver<bool>,
    ) -> bool {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut rounds = JoinSet::new();
        let mut tenant_of = BTreeMap::new();
        for tenant in tenants {
            let (detection, places) = (self.clone(), Arc::clone(&places));
            let stopped = stopped.clone();
            let round = rounds.spawn(async move {
                // The semaphore is never closed; without a place nothing is lost.
                let Ok(_place) = places.acquire().await else {
                    return Ok(Round::Idle);
                };
                detection.round(tenant, &stopped).await
            });
            tenant_of.insert(round.id(), tenant);
        }
        let mut is_more = false;
        while let Some(ended) = rounds.join_next_with_id().await {
            let (id, failure) = match ended {
                Ok((id, Ok(round))) => {
                    is_more |= round == Round::More;
                    (id, None)
                }
                Ok((id, Err(error))) => (id, Some(error.to_string())),
                Err(error) => (error.id(), Some(error.to_string())),
            };
            let Some(tenant) = tenant_of.get(&id) else {
                continue;
            };
            match failure {
                None => {
                    resting.remove(tenant);
                }
                Some(error) => {
                    let pause = resting.get(tenant).map_or(INTERVAL, |rest| rest.pause * 2);
                    let pause = pause.min(LONGEST_PAUSE);
                    tracing::error!(%tenant, error, ?pause, "detection failed");
                    let until = Instant::now() + pause;
                    resting.insert(*tenant, Rest { pause, until });
                }
            }
        }
        is_more
    }

    /// Lets a tenant's detector see what has come, up to some thousand activities.
    pub(crate) async fn round(
        &self,
        tenant: TenantId,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Round, DetectError> {
        // Looking costs no write, so idle tenants cost none.
        let seen = self.store.detector_state(tenant).await?;
        let position = self.advanced(&seen);
        if position.watermark == seen.position.watermark && !seen.is_behind {
            return Ok(Round::Idle);
        }
        let now = Timestamp::now();
        let until = now.plus_millis(LEASE_MS);
        let leased = self.store.lease_detector(tenant, self.node, now, until);
        let Some(leased) = leased.await? else {
            return Ok(Round::Idle);
        };
        let position = self.advanced(&leased);
        if position.watermark > leased.position.watermark {
            let advanced = self
                .store
                .advance_watermark(tenant, self.node, position.watermark);
            if !advanced.await? {
                return Ok(Round::Idle);
            }
        }
        let mut state = State {
            position,
            ..State::default()
        };
        if !leased.state.is_empty() {
            state.tenant = serde_json::from_slice(&leased.state)?;
        }
        for _ in 0..STEPS {
            if *stopped.borrow() || self.step(tenant, &mut state).await? == Round::Idle {
                return Ok(Round::Idle);
            }
        }
        Ok(Round::More)
    }

    /// The position with the watermark where it may be now.
    ///
    /// Whether something is being received is asked after what was received: a request
    /// that began in between has stored nothing that is known here.
    fn advanced(&self, state: &DetectorState) -> DetectorPosition {
        let mut position = state.position;
        if let (Some(newest), Some(last_received)) = (state.newest, state.last_received) {
            let clock = Clock {
                now: Timestamp::now(),
                newest,
                last_received,
                is_receiving: self.receiving.is_open(),
            };
            let lateness = i64::try_from(self.lateness.as_millis()).unwrap_or(i64::MAX);
            clock.advance(&mut position, lateness);
        }
        position
    }

    /// Sees one batch; idle if there is none, or the lease is lost.
    async fn step(&self, tenant: TenantId, state: &mut State) -> Result<Round, DetectError> {
        let DetectorPosition {
            last: after,
            watermark,
        } = state.position;
        let batch = self.store.activities_after(tenant, after, watermark, BATCH);
        let batch = batch.await?;
        let names = Detector::people(&batch).into_iter().collect();
        state.people.clear();
        for (name, learnt) in self.store.load_people(tenant, names).await? {
            state.people.insert(name, serde_json::from_slice(&learnt)?);
        }
        let off = self.store.policies_off(tenant).await?;
        let step = self.detector.without(&off).step(&batch, state);
        let Some(last) = state.position.last.filter(|_| step.seen > 0) else {
            return Ok(Round::Idle);
        };
        let mut people = Vec::with_capacity(step.changed.len());
        for name in step.changed {
            if let Some(learnt) = state.people.get(&name) {
                people.push((name, serde_json::to_vec(learnt)?));
            }
        }
        let findings = step.findings.into_iter();
        let commit = DetectionCommit {
            after,
            last,
            state: serde_json::to_vec(&state.tenant)?,
            people,
            found: findings
                .map(|finding| FoundStory::new(tenant, finding))
                .collect(),
        };
        let committed = self
            .store
            .commit_detection(tenant, self.node, commit)
            .await?;
        let is_full = batch.len() >= BATCH as usize;
        Ok(if committed && is_full {
            Round::More
        } else {
            Round::Idle
        })
    }

    async fn release(&self) {
        let Ok(tenants) = self.store.tenants().await else {
            return;
        };
        for tenant in tenants {
            if let Err(error) = self.store.release_detector(tenant.id, self.node).await {
                tracing::warn!(tenant = %tenant.id, %error, "a lease cannot be given up");
            }
        }
    }
}

#[cfg(test)]
mod tests;
