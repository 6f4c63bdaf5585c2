//! All SQL: migrations, repositories and the filter compiler, on SQLite and
//! PostgreSQL.
//!
//! The domain calls one method of [`Store`] for one thing it wants; every call
//! but those about the whole installation names the tenant it works for, and
//! every statement is bound to it.

mod activities;
mod alerts;
mod audit;
mod database;
mod detector;
mod directory;
mod discovery;
mod entities;
mod error;
mod filter;
mod ip_ranges;
mod page;
mod policies;
mod record;
mod role_use;
mod schema;

use std::sync::{Arc, OnceLock};

use casbah_model::audit::AuditSealer;
use casbah_model::ids::TenantId;
use tokio::sync::mpsc;

use database::{Change, Database, Session};
use directory::Remembered;

pub use activities::{Ingested, Scan};
pub use alerts::Handled;
pub use audit::{
    AuditCursor, AuditQuery, AuditRecord, ChainRecord, Link, NewLink, StoredAuditRecord,
};
pub use database::DatabaseAddress;
pub use detector::{DetectionCommit, DetectorState, Story};
pub use directory::{
    ApplicationCounts, ApplicationQuery, Consent, Denied, NewInvitation, NewTenant, TokenFacts,
};
pub use discovery::{DoneUpload, GLOBAL_VIEW, UsageRows, UserUsage};
pub use error::{Conflict, StoreError};
pub use page::{COUNTED, Page, Total};
pub use policies::PolicyState;
pub use role_use::RoleUse;

/// An open store; clones share it.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    remembered: Arc<Remembered>,
    audit: Arc<Audited>,
}

/// What the audit of an open store needs, given once.
#[derive(Default)]
struct Audited {
    sealer: OnceLock<Arc<dyn AuditSealer>>,
    unlinked: OnceLock<mpsc::UnboundedSender<TenantId>>,
}

impl Store {
    /// Opens the database, brings its schema up to date.
    pub async fn open(address: &DatabaseAddress) -> Result<Self, StoreError> {
        let database = Database::open(address).await?;
        let dialect = database.dialect();
        database
            .write(Change::Any, move |session| {
                schema::migrate(session, dialect)
            })
            .await?;
        Ok(Self {
            database: Arc::new(database),
            remembered: Arc::default(),
            audit: Arc::default(),
        })
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

    async fn write_as<T, F>(&self, what: Change, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let sealer = self.audit.sealer.get().cloned();
        let (value, unlinked) = self
            .database
            .write(what, move |session| {
                session.audit.sealer.clone_from(&sealer);
                let value = call(session)?;
                Ok((value, std::mem::take(&mut session.audit.unlinked)))
            })
            .await?;
        if let Some(listener) = self.audit.unlinked.get() {
            for tenant in unlinked {
                // Whoever listened has ended; the next start links what is left.
                let _ = listener.send(tenant);
            }
        }
        Ok(value)
    }
}
