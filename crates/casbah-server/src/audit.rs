//! The audit of what changes nothing in the store: tokens and sign-ins; and the task
//! that links all records.
//!
//! One task takes what waits, of all tenants, and writes it in one transaction with
//! one signed link a tenant; whoever handed a record in waits for that transaction.
//! While it is being written, the next batch gathers, so a token under load costs a
//! share of a write and not a write.

mod refusals;
#[cfg(test)]
mod tests;
pub(crate) mod verify;
mod writer;

use std::sync::Arc;

use casbah_identity::audit::AuditKey;
use casbah_model::audit::AuditRecord;
use casbah_model::ids::{KeyId, TenantId};
use casbah_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use writer::{Entry, Writer};

/// How many records may wait before those who bring more wait, too.
const QUEUE: usize = 1_024;

/// A record could not be kept, so what it is about must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit record could not be written")]
pub(crate) struct AuditFailed;

/// Takes records to be kept.
#[derive(Clone)]
pub(crate) struct AuditLog {
    key: Arc<AuditKey>,
    node: KeyId,
    home: TenantId,
    entries: mpsc::Sender<Entry>,
}

impl AuditLog {
    /// Starts the task that writes and links, which ends after `stopped` says so,
    /// all that waits written.
    pub(crate) async fn start(
        store: Store,
        key: Arc<AuditKey>,
        node: KeyId,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let tenants = store.tenants().await?;
        let home = tenants.iter().find(|tenant| tenant.is_home);
        let home = home.map_or_else(|| TenantId::new(uuid::Uuid::nil()), |tenant| tenant.id);
        let (entries, received) = mpsc::channel(QUEUE);
        let writer = Writer::new(store, node, received, stopped.clone());
        let log = Self {
            key,
            node,
            home,
            entries,
        };
        Ok((log, tokio::spawn(writer.run())))
    }

    /// Keeps a record of a tenant, or of the home tenant where none is known; when
    /// this returns, it is on disk and linked.
    ///
    /// # Errors
    /// [`AuditFailed`]; the log says why.
    pub(crate) async fn keep(
        &self,
        tenant: Option<TenantId>,
        record: AuditRecord,
    ) -> Result<(), AuditFailed> {
        let (done, answer) = oneshot::channel();
        let entry = Entry {
            tenant: tenant.unwrap_or(self.home),
            record,
            done,
        };
        self.entries.send(entry).await.map_err(|_| AuditFailed)?;
        answer.await.map_err(|_| AuditFailed)?
    }

    /// The key that signs the links.
    pub(crate) fn key(&self) -> &AuditKey {
        &self.key
    }

    /// The node whose chains this server writes.
    pub(crate) fn node(&self) -> KeyId {
        self.node
    }
}
