//! The task that writes and links.

use std::collections::BTreeMap;
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
    links: BTreeMap<TenantId, NewLink>,
    waiting: Vec<oneshot::Sender<Result<(), AuditFailed>>>,
}

impl Batch {
    fn add(&mut self, tenant: TenantId, record: AuditRecord) {
        self.link(tenant).push(record);
    }

    /// A change of the tenant waits to be linked.
    fn add_waiting(&mut self, tenant: TenantId) {
        self.link(tenant).take_waiting();
    }

    fn link(&mut self, tenant: TenantId) -> &mut NewLink {
        self.links
            .entry(tenant)
            .or_insert_with(|| NewLink::new(tenant, Vec::new()))
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
                Some(tenant) = self.unlinked.recv() => batch.add_waiting(tenant),
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
        self.take_unlinked(&mut batch);
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

    fn take_unlinked(&mut self, batch: &mut Batch) {
        while let Ok(tenant) = self.unlinked.try_recv() {
            batch.add_waiting(tenant);
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
        self.take_unlinked(batch);
        self.last_batch = batch.waiting.len();
    }

    /// Looks for refusals whose minute is over, and for records that were left.
    async fn look_round(&mut self, batch: &mut Batch) {
        for (tenant, record) in self.refusals.ended(Timestamp::now()) {
            batch.add(tenant, record);
        }
        match self.store.unlinked_tenants().await {
            Ok(tenants) => {
                for tenant in tenants {
                    batch.add_waiting(tenant);
                }
            }
            Err(error) => tracing::error!(%error, "the audit cannot be read"),
        }
    }

    async fn write(&self, batch: Batch) {
        let Batch { links, waiting } = batch;
        if links.is_empty() {
            return;
        }
        let written = self.link(links).await;
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
            let mut batch = Batch::default();
            for tenant in left {
                batch.add_waiting(tenant);
            }
            let Ok(more) = self.link(batch.links).await else {
                return;
            };
            left = more;
        }
    }

    /// Writes the links; gives the tenants that still have records waiting.
    async fn link(&self, links: BTreeMap<TenantId, NewLink>) -> Result<Vec<TenantId>, AuditFailed> {
        let links = links.into_values().collect();
        let linked = self.store.link_audit(self.node, links, Timestamp::now());
        linked.await.map_err(|error| {
            tracing::error!(%error, "the audit cannot be written");
            AuditFailed
        })
    }
}
