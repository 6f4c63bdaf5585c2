//! All SQL: migrations, repositories and the filter compiler, on SQLite and
//! PostgreSQL.
//!
//! The domain calls one method of [`Store`] for one thing it wants; every call
//! but those about the whole installation names the tenant it works for, and
//! every statement is bound to it.

mod activities;
mod alerts;
mod audit;
mod changes;
mod database;
mod detector;
mod directory;
mod discovery;
mod entities;
mod error;
mod exports;
mod filter;
mod ip_ranges;
mod lab;
mod migrate;
mod page;
mod policies;
mod record;
mod role_use;
mod schema;
#[cfg(test)]
mod testing;

use std::sync::{Arc, OnceLock};

use casbah_model::audit::AuditSealer;
use casbah_model::ids::TenantId;
use tokio::sync::{mpsc, watch};

use database::{Change, Database, Hold, Session};
use directory::Remembered;

pub use activities::{Ingested, Scan};
pub use alerts::Handled;
pub use audit::{
    AuditCursor, AuditQuery, AuditRecord, ChainRecord, Link, NewLink, StoredAuditRecord,
};
pub use changes::{Feed, FeedPosition, Following, ParseFeedPositionError};
pub use database::DatabaseAddress;
pub use detector::{DetectionCommit, DetectorState, Story};
pub use directory::{
    ApplicationCounts, ApplicationQuery, Consent, Denied, NewInvitation, NewTenant, TokenFacts,
};
pub use discovery::{DoneUpload, GLOBAL_VIEW, UsageRows, UserUsage};
pub use error::{Conflict, StoreError};
pub use exports::{Batch, Export, ExportFeed, ExportLease};
pub use ip_ranges::{BuiltInSource, EnrichmentBatch, EnrichmentState, RangesAt};
pub use migrate::{
    Content, Installation, MigrateError, Migration, MigrationPhase, MigrationStep, Moved, Side,
    TableCheck,
};
pub use page::{COUNTED, Page, Place, Step, Total, Walk};
pub use policies::PolicyState;
pub use role_use::RoleUse;

/// An open store; clones share it.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    remembered: Arc<Remembered>,
    audit: Arc<Audited>,
    /// Counts the writes of this process that changed something which has a feed.
    changed: Arc<watch::Sender<u64>>,
}

/// What the audit of an open store needs, given once.
#[derive(Default)]
struct Audited {
    sealer: OnceLock<Arc<dyn AuditSealer>>,
    unlinked: OnceLock<mpsc::UnboundedSender<TenantId>>,
}

impl Store {
    /// Opens the database, brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::HalfMigrated`] for the target of a migration that was cut off:
    /// whoever worked on it would make of a part an installation.
    pub async fn open(address: &DatabaseAddress) -> Result<Self, StoreError> {
        let database = Database::open(address, Hold::Shared).await?;
        let dialect = database.dialect();
        database
            .write(Change::Any, move |session| {
                schema::migrate(session, dialect)?;
                if migrate::source_of(session)?.is_some() {
                    return Err(StoreError::HalfMigrated);
                }
                Ok(())
            })
            .await?;
        Ok(Self::of(database))
    }

    fn of(database: Database) -> Self {
        Self {
            database: Arc::new(database),
            remembered: Arc::default(),
            audit: Arc::default(),
            changed: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Gives the store the key of the audit; what it appends from now on is marked.
    /// A second key is ignored.
    pub fn set_audit_sealer(&self, sealer: Arc<dyn AuditSealer>) {
        let _ = self.audit.sealer.set(sealer);
    }

    /// Tells of every tenant that has records to be linked. A second listener is
    /// ignored.
    pub fn tell_unlinked(&self, listener: mpsc::UnboundedSender<TenantId>) {
        let _ = self.audit.unlinked.set(listener);
    }

    /// Tells when something changed that has a feed, by a write of this process; other
    /// nodes' writes are not told.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    async fn read<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.database.read(call).await
    }

    async fn write<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_as(Change::Any, call).await
    }

    /// A write of what comes often and no token is decided by: it leaves what is
    /// remembered of the directory as it is.
    async fn write_apart<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_as(Change::NoDirectory, call).await
    }

    /// A write of rows that belong to one that the call locks first.
    async fn write_locked<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_as(Change::Locked, call).await
    }

    async fn write_as<T, F>(&self, what: Change, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let sealer = self.audit.sealer.get().cloned();
        let (value, unlinked, has_changes) = self
            .database
            .write(what, move |session| {
                session.audit.sealer.clone_from(&sealer);
                let value = call(session)?;
                let unlinked = std::mem::take(&mut session.audit.unlinked);
                Ok((value, unlinked, std::mem::take(&mut session.has_changes)))
            })
            .await?;
        if let Some(listener) = self.audit.unlinked.get() {
            for tenant in unlinked {
                // Whoever listened has ended; the next start links what is left.
                let _ = listener.send(tenant);
            }
        }
        if has_changes {
            self.changed
                .send_modify(|count| *count = count.wrapping_add(1));
        }
        Ok(value)
    }
}
