//! The loop that sends what the feeds bring.
//!
//! Each export that has something to send works in a task of its own, so a receiver that
//! is slow holds up no other. A batch is sent, and then the place behind it is kept: what
//! ends in between is sent again, with the same id. Of several nodes the one with the
//! export's lease sends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use casbah_model::export::ExportTarget;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{
    AuditRecord, Batch, Export, ExportFeed, ExportLease, Feed, FeedPosition, Following, StoreError,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::records::Records;
use super::{SendError, Sending, WITHIN, retry};
use crate::jobs::node;
use crate::state::App;

/// How often exports are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a lease holds that is not renewed: longer than a batch may take.
const LEASE_MS: i64 = 60_000;

/// Records of one batch.
const BATCH: usize = 100;

/// The longest reason that is kept of a failure, bytes.
const LONGEST_ERROR: usize = 300;

/// Who ends an export whose receiver wants no more.
const SERVER: &str = "Casbah";

/// Runs the exports of all tenants on this node until `stopped` says so.
pub(crate) async fn run(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let runner = Runner {
        node: node::id(&app.config.data_dir),
        app,
        within: WITHIN,
        interval: INTERVAL,
        pause: |failures, asked| retry::pause(failures, asked, retry::chance()),
    };
    runner.run(stopped).await;
}

/// Runs exports on one node.
#[derive(Clone)]
pub(super) struct Runner {
    pub(super) app: Arc<App>,
    /// Who holds the leases.
    pub(super) node: KeyId,
    /// How long a receiver has for a batch.
    pub(super) within: Duration,
    /// How often exports are looked at.
    pub(super) interval: Duration,
    /// How long to wait after so many failures, for a receiver that asked for so much.
    pub(super) pause: fn(u32, Option<Duration>) -> Duration,
}

/// What is next in a feed.
enum Next {
    /// Records, and the place behind them.
    Records(Records, FeedPosition),
    /// Nothing that is still there, up to a place.
    Nothing(FeedPosition),
    /// The feed does not reach back any more.
    Gone,
}

/// How one step of an export ended.
#[derive(PartialEq, Eq)]
enum Step {
    /// It went on.
    Done,
    /// There is nothing to do here now.
    Rest,
}

impl Runner {
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut working = JoinSet::new();
        let mut busy: HashMap<KeyId, tokio::task::AbortHandle> = HashMap::new();
        while !*stopped.borrow() {
            busy.retain(|_, task| !task.is_finished());
            while let Some(ended) = working.try_join_next() {
                if let Err(error) = ended {
                    tracing::error!(%error, "the work of an export ended");
                }
            }
            let due = self.app.store.due_exports(self.node, Timestamp::now());
            match due.await {
                Ok(due) => {
                    for (tenant, export) in due {
                        busy.entry(export).or_insert_with(|| {
                            let (runner, stopped) = (self.clone(), stopped.clone());
                            working.spawn(async move {
                                runner.work(tenant, export, stopped).await;
                            })
                        });
                    }
                }
                Err(error) => tracing::error!(%error, "exports cannot be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                changed = stopped.changed() => if changed.is_err() { break },
            }
        }
        // They see the end, too, and wait for no receiver.
        while working.join_next().await.is_some() {}
        if let Err(error) = self.app.store.release_exports(self.node).await {
            tracing::warn!(%error, "leases of exports cannot be given up");
        }
    }

    /// Lets an export send what there is.
    async fn work(&self, tenant: TenantId, export: KeyId, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            match self.step(tenant, export, &stopped).await {
                Ok(Step::Done) => {}
                Ok(Step::Rest) => return,
                Err(error) => {
                    tracing::error!(%tenant, %export, %error, "an export failed");
                    return;
                }
            }
        }
    }

    async fn step(
        &self,
        tenant: TenantId,
        export: KeyId,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Step, StoreError> {
        let store = &self.app.store;
        let Some(seen) = store.export(tenant, export).await? else {
            return Ok(Step::Rest);
        };
        let now = Timestamp::now();
        if !seen.enabled || seen.next_try.is_some_and(|next_try| next_try > now) {
            return Ok(Step::Rest);
        }
        // Looking costs no write, so an export with nothing to send costs none.
        let Some((followed, next)) = self.next(&seen).await? else {
            return Ok(Step::Rest);
        };
        let lease = ExportLease {
            tenant,
            export,
            node: self.node,
        };
        let until = now.plus_millis(LEASE_MS);
        let Some(held) = store.lease_export(lease, now, until).await? else {
            return Ok(Step::Rest);
        };
        if held.feeds != seen.feeds {
            // Another node went on meanwhile.
            return Ok(Step::Done);
        }
        let feed = followed.feed;
        let is_kept = match next {
            Next::Records(records, place) => {
                return self
                    .deliver(lease, &held, &followed, records, place, stopped)
                    .await;
            }
            Next::Nothing(place) => store.advance_export(lease, feed, place, 0, now).await?,
            Next::Gone => {
                tracing::warn!(
                    %tenant, %export, feed = feed.name(),
                    "an export has missed changes that are kept no more"
                );
                let start = store.feed_start(tenant, feed).await?;
                store.skip_export_gap(lease, feed, start).await?
            }
        };
        Ok(if is_kept { Step::Done } else { Step::Rest })
    }

    /// The first of an export's feeds that has something, and what it is.
    async fn next(&self, export: &Export) -> Result<Option<(ExportFeed, Next)>, StoreError> {
        for followed in &export.feeds {
            let (tenant, after) = (export.tenant, followed.place);
            let until = followed.batch.map(|batch| batch.end);
            let store = &self.app.store;
            let next = match followed.feed {
                Feed::Activities => {
                    let read = store.activities_arrived_until(tenant, after, until, BATCH);
                    of(read.await?, Records::Activities)
                }
                Feed::Alerts => {
                    let read = store.alerts_changed_until(tenant, after, until, BATCH);
                    of(read.await?, Records::Alerts)
                }
            };
            if !matches!(next, Next::Nothing(place) if place == after) {
                return Ok(Some((followed.clone(), next)));
            }
        }
        Ok(None)
    }

    async fn deliver(
        &self,
        lease: ExportLease,
        export: &Export,
        followed: &ExportFeed,
        records: Records,
        place: FeedPosition,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Step, StoreError> {
        let store = &self.app.store;
        let feed = followed.feed;
        let batch = Batch {
            end: place,
            made: followed
                .batch
                .map_or_else(Timestamp::now, |batch| batch.made),
        };
        // Only who counts each message once needs the same batch at every try.
        let is_counted = matches!(export.target, ExportTarget::Webhook { .. });
        if is_counted
            && followed.batch != Some(batch)
            && !store.begin_export_batch(lease, feed, batch).await?
        {
            return Ok(Step::Rest);
        }
        let parts = [export.id.to_string(), feed.name().to_owned()];
        let places = [followed.place.to_string(), place.to_string()];
        let sending = Sending {
            id: casbah_identity::webhook::message_id(&[
                &parts[0], &parts[1], &places[0], &places[1],
            ]),
            records,
            made: batch.made,
            is_test: false,
        };
        let mut stopped = stopped.clone();
        let sent = tokio::select! {
            sent = sending.send(&self.app, export, self.within) => sent,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(Step::Rest),
        };
        let is_kept = match sent {
            Ok(()) => {
                let (records, now) = (sending.records.len(), Timestamp::now());
                let advanced = store.advance_export(lease, feed, place, records, now);
                return Ok(if advanced.await? {
                    Step::Done
                } else {
                    Step::Rest
                });
            }
            Err(SendError::Ended) => {
                let record = AuditRecord::new(SERVER, "export.end", &export.id);
                let reason = shortened(&SendError::Ended);
                store.end_export(lease, reason, record).await?
            }
            Err(error) => {
                let asked = match &error {
                    SendError::Refused { retry_after, .. } => *retry_after,
                    _ => None,
                };
                let pause = (self.pause)(export.failures.saturating_add(1), asked);
                let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                let next_try = Timestamp::now().plus_millis(millis);
                let reason = shortened(&error);
                tracing::warn!(tenant = %lease.tenant, export = %lease.export, reason, ?pause,
                    "an export was not sent");
                store.fail_export(lease, reason, next_try).await?
            }
        };
        if !is_kept {
            tracing::debug!(export = %lease.export, "the lease of an export is lost");
        }
        Ok(Step::Rest)
    }
}

fn of<T>(following: Following<T>, records: fn(Vec<T>) -> Records) -> Next {
    match following {
        Following::Gone => Next::Gone,
        Following::Changes {
            records: found,
            next,
            ..
        } if found.is_empty() => Next::Nothing(next),
        Following::Changes {
            records: found,
            next,
            ..
        } => Next::Records(
            records(found.into_iter().map(|(_, record)| record).collect()),
            next,
        ),
    }
}

fn shortened(error: &SendError) -> String {
    let text = error.to_string();
    text[..text.floor_char_boundary(LONGEST_ERROR)].to_owned()
}
