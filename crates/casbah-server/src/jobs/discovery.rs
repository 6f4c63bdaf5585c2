//! Reads uploaded logs into their reports.
//!
//! The store knows which uploads wait; the queue here only makes it quick. So a full
//! queue, a failing store or a crash loses none: waiting uploads are looked for at the
//! start and from time to time.

mod analysis;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use casbah_model::discovery::{DiscoveryUpload, UploadState};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{Store, StoreError, UsageRows};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::blobs::Blobs;

/// Uploads that wait in memory; more wait in the store.
const QUEUE: usize = 256;

/// Logs that are read at once, where there are cores for it.
const LOGS: usize = 2;

/// How often the store is asked for uploads that wait, and files are deleted that
/// nobody waits for.
const SWEEP: Duration = Duration::from_mins(1);

/// How long a file stays after its link has expired: one that began before may still
/// come in, and its sender say that it is done.
const GRACE_MS: i64 = 3_600_000;

type Job = (TenantId, RecordId);

/// Takes uploads to read. The work ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct DiscoveryWorker {
    queue: mpsc::Sender<Job>,
}

/// What all readers share.
#[derive(Clone)]
struct Readers {
    store: Store,
    blobs: Blobs,
    /// Uploads that are being read on this node.
    busy: Arc<Mutex<HashSet<Job>>>,
    places: Arc<Semaphore>,
    /// Threads that parse one log.
    threads: NonZeroUsize,
}

impl DiscoveryWorker {
    /// Removes files that belong to no upload any more, and begins to read what waits.
    pub(crate) async fn start(store: Store, blobs: Blobs) -> Result<Self, StoreError> {
        if let Err(error) = blobs.sweep_parts() {
            tracing::warn!(%error, "unfinished files cannot be removed");
        }
        let readers = Readers::new(store, blobs);
        readers.sweep_files().await?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(readers.run(jobs));
        Ok(Self { queue })
    }

    /// Says that an upload waits. Never waits itself.
    #[expect(
        clippy::unused_async,
        reason = "callers need not know that it never waits"
    )]
    pub(crate) async fn submit(&self, tenant: TenantId, upload: RecordId) {
        // A full queue is no loss: the store knows that the upload waits.
        let _ = self.queue.try_send((tenant, upload));
    }
}

impl Readers {
    fn new(store: Store, blobs: Blobs) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let spare = cores.saturating_sub(1).max(1);
        let logs = spare.min(LOGS);
        Self {
            store,
            blobs,
            busy: Arc::default(),
            places: Arc::new(Semaphore::new(logs)),
            threads: NonZeroUsize::new(spare / logs).unwrap_or(NonZeroUsize::MIN),
        }
    }

    async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let found = tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => vec![job],
                    None => return,
                },
                _ = sweep.tick() => {
                    if let Err(error) = self.sweep_files().await {
                        tracing::error!(%error, "files of ended uploads cannot be found");
                    }
                    self.waiting().await
                }
            };
            for job in found {
                if !self.lock().insert(job) {
                    continue;
                }
                // The semaphore is never closed.
                let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                    return;
                };
                let readers = self.clone();
                tokio::spawn(async move {
                    let (tenant, upload) = job;
                    if let Err(error) = readers.read(tenant, upload).await {
                        tracing::error!(%tenant, %upload, %error, "an upload cannot be read now");
                    }
                    readers.lock().remove(&job);
                    drop(place);
                });
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Job>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uploads that wait for a reader, or whose reader did not come to an end.
    async fn waiting(&self) -> Vec<Job> {
        let found = async {
            let mut jobs = Vec::new();
            for tenant in self.store.tenants().await? {
                let uploads = self.store.unfinished_uploads(tenant.id).await?;
                jobs.extend(uploads.iter().map(|upload| (tenant.id, upload.id)));
            }
            Ok::<_, StoreError>(jobs)
        };
        found.await.unwrap_or_else(|error| {
            tracing::error!(%error, "waiting uploads cannot be found");
            Vec::new()
        })
    }

    /// Reads an upload, works it into its report, deletes its file.
    async fn read(&self, tenant: TenantId, id: RecordId) -> Result<(), StoreError> {
        if !self.store.upload_begun(tenant, id).await? {
            return Ok(());
        }
        let Some(upload) = self.store.upload(tenant, id).await? else {
            return Ok(());
        };
        let (finished, rows) = self.analyse(tenant, upload).await;
        let now = Timestamp::now();
        self.store
            .upload_finished(tenant, finished, rows, now)
            .await?;
        self.delete(tenant, id).await;
        Ok(())
    }

    /// Runs the analysis on threads of its own, so that the async ones stay free.
    async fn analyse(
        &self,
        tenant: TenantId,
        upload: DiscoveryUpload,
    ) -> (DiscoveryUpload, UsageRows) {
        let failed = DiscoveryUpload {
            state: UploadState::Failed,
            error: Some("reading the log failed inside the server".to_owned()),
            ..upload.clone()
        };
        let (sender, receiver) = oneshot::channel();
        let (blobs, threads) = (self.blobs.clone(), self.threads);
        let thread = std::thread::Builder::new().name("casbah-log".to_owned());
        let started = thread.spawn(move || {
            let read = analysis::analyse(&blobs, tenant, upload, threads);
            // Nobody waits any more when the server stops.
            let _ = sender.send(read);
        });
        if let Err(error) = started {
            tracing::error!(%error, "no thread to read a log");
        }
        // A panic drops the sender: this log would bring it about again.
        receiver
            .await
            .unwrap_or_else(|_| (failed, UsageRows::default()))
    }

    /// Deletes what an ended, expired or unknown upload left.
    async fn sweep_files(&self) -> Result<(), StoreError> {
        let files = match self.blobs.uploads() {
            Ok(files) => files,
            Err(error) => {
                tracing::warn!(%error, "the directory of uploads cannot be read");
                return Ok(());
            }
        };
        self.blobs.recount();
        let now = Timestamp::now();
        for (tenant, id) in files {
            let state = self.store.upload(tenant, id).await?;
            match state.map(|upload| (upload.state, upload.expires)) {
                None | Some((UploadState::Done | UploadState::Failed, _)) => {
                    self.delete(tenant, id).await;
                }
                Some((UploadState::Open | UploadState::Stored, expires)) => {
                    if expires.plus_millis(GRACE_MS) < now {
                        self.delete(tenant, id).await;
                    }
                }
                Some((UploadState::Waiting | UploadState::Processing, _)) => {
                    self.blobs.given(tenant, id);
                }
            }
        }
        Ok(())
    }

    async fn delete(&self, tenant: TenantId, id: RecordId) {
        if let Err(error) = self.blobs.delete(tenant, id).await {
            tracing::warn!(%tenant, upload = %id, %error, "the file of an upload cannot be deleted");
        }
    }
}

#[cfg(test)]
mod tests;
