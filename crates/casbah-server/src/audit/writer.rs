//! The task that writes and links.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use casbah_model::audit::AuditRecord;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{NewLink, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::AuditFailed;
use super::refusals::Refusals;

/// How many records one transaction takes.
const LARGEST_BATCH: usize = 1_000;
/// From this many on, a batch says that more are on their way.
const BUSY: usize = 8;
/// How long a busy server's batch gathers, besides the time that the write before it
/// takes: longer saves no CPU time, only makes tokens wait.
const GATHERING: Duration = Duration::from_millis(1);
/// How often counted refusals are looked at, and tenants whose change was not told
/// because its caller went away.
const TICK: Duration = Duration::from_secs(5);

/// A record, and who waits for it.
pub(super) struct Entry {
    pub(super) tenant: TenantId,
    pub(super) record: AuditRecord,
    pub(super) done: oneshot::Sender<Result<(), AuditFailed>>,
}

/// Writes and links until it is stopped.
pub(super) struct Writer {
    store: Store,
    node: KeyId,
    entries: mpsc::Receiver<Entry>,
    unlinked: mpsc::UnboundedReceiver<TenantId>,
    stopped: watch::Receiver<bool>,
    refusals: Refusals,
    last_batch: usize,
}

/// What one transaction writes.
#[derive(Default)]
struct Batch {
    records: BTreeMap<TenantId, Vec<AuditRecord>>,
    /// Tenants whose changes wait to be linked.
    unlinked: BTreeSet<TenantId>,
    waiting: Vec<oneshot::Sender<Result<(), AuditFailed>>>,
}

impl Batch {
    fn add(&mut self, tenant: TenantId, record: AuditRecord) {
        self.records.entry(tenant).or_default().push(record);
    }
}

impl Writer {
    pub(super) fn new(
        store: Store,
        node: KeyId,
        entries: mpsc::Receiver<Entry>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let (listener, unlinked) = mpsc::unbounded_channel();
        store.tell_unlinked(listener);
        Self {
            store,
            node,
            entries,
            unlinked,
            stopped,
            refusals: Refusals::default(),
            last_batch: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut batch = Batch::default();
            tokio::select! {
                entry = self.entries.recv() => match entry {
                    Some(entry) => self.take(&mut batch, entry),
                    None => break,
                },
                Some(tenant) = self.unlinked.recv() => {
                    batch.unlinked.insert(tenant);
                }
                _ = tick.tick() => self.look_round(&mut batch).await,
                _ = self.stopped.changed() => break,
            }
            self.gather(&mut batch).await;
            self.write(batch).await;
        }
        self.end().await;
    }

    /// Writes what is left. Nobody brings more: requests have ended.
    async fn end(&mut self) {
        self.entries.close();
        let mut batch = Batch::default();
        while let Some(entry) = self.entries.recv().await {
            self.take(&mut batch, entry);
        }
        for (tenant, record) in self.refusals.all() {
            batch.add(tenant, record);
        }
        while let Ok(tenant) = self.unlinked.try_recv() {
            batch.unlinked.insert(tenant);
        }
        self.write(batch).await;
    }

    fn take(&mut self, batch: &mut Batch, entry: Entry) {
        match self.refusals.admit(entry.tenant, entry.record) {
            Some(record) => {
                batch.add(entry.tenant, record);
                batch.waiting.push(entry.done);
            }
            // Counted, and that is all there is to wait for. Who asked may be gone.
            None => {
                let _ = entry.done.send(Ok(()));
            }
        }
    }

    /// Takes what waits already, and what comes in a moment if the server is busy.
    async fn gather(&mut self, batch: &mut Batch) {
        if self.last_batch >= BUSY {
            let until = Instant::now() + GATHERING;
            while batch.waiting.len() < LARGEST_BATCH
                && let Ok(Some(entry)) = tokio::time::timeout_at(until, self.entries.recv()).await
            {
                self.take(batch, entry);
            }
        }
        while batch.waiting.len() < LARGEST_BATCH
            && let Ok(entry) = self.entries.try_recv()
        {
            self.take(batch, entry);
        }
        while let Ok(tenant) = self.unlinked.try_recv() {
            batch.unlinked.insert(tenant);
        }
        self.last_batch = batch.waiting.len();
    }

    /// Looks for refusals whose minute is over, and for records that were left.
    async fn look_round(&mut self, batch: &mut Batch) {
        for (tenant, record) in self.refusals.ended(Timestamp::now()) {
            batch.add(tenant, record);
        }
        match self.store.unlinked_tenants().await {
            Ok(tenants) => batch.unlinked.extend(tenants),
            Err(error) => tracing::error!(%error, "the audit cannot be read"),
        }
    }

    async fn write(&self, batch: Batch) {
        let Batch {
            records,
            mut unlinked,
            waiting,
        } = batch;
        let mut links = Vec::with_capacity(records.len());
        for (tenant, records) in records {
            let link = NewLink::new(tenant, records);
            links.push(if unlinked.remove(&tenant) {
                link.with_waiting()
            } else {
                link
            });
        }
        links.extend(unlinked.into_iter().map(waiting_of));
        if links.is_empty() {
            return;
        }
        let now = Timestamp::now();
        let written = self
            .store
            .link_audit(self.node, links, now)
            .await
            .map_err(|error| {
                tracing::error!(%error, "the audit cannot be written");
                AuditFailed
            });
        let outcome = written.as_ref().map(|_| ()).map_err(|error| *error);
        for done in waiting {
            // Who asked may be gone; the record stands.
            let _ = done.send(outcome);
        }
        if let Ok(left) = written {
            self.write_rest(left).await;
        }
    }

    /// Links what one link had no room for.
    async fn write_rest(&self, mut left: Vec<TenantId>) {
        while !left.is_empty() {
            let links = left.into_iter().map(waiting_of).collect();
            let now = Timestamp::now();
            match self.store.link_audit(self.node, links, now).await {
                Ok(more) => left = more,
                Err(error) => {
                    tracing::error!(%error, "the audit cannot be written");
                    return;
                }
            }
        }
    }
}

/// A link of what waits alone.
fn waiting_of(tenant: TenantId) -> NewLink {
    NewLink::new(tenant, Vec::new()).with_waiting()
}
