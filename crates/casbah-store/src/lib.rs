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
mod record;
mod schema;

use std::sync::Arc;

use database::{Change, Database, Session};
use directory::Remembered;

pub use activities::{Ingested, Scan};
pub use alerts::{Handled, Handling};
pub use audit::{AuditRecord, StoredAuditRecord};
pub use database::DatabaseAddress;
pub use detector::{DetectionCommit, DetectorState, Story};
pub use directory::{ApplicationQuery, Denied, NewTenant, TokenFacts};
pub use discovery::{DoneUpload, GLOBAL_VIEW, UsageRows, UserUsage};
pub use error::{Conflict, StoreError};
pub use page::{COUNTED, Page, Total};

/// An open store; clones share it.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    remembered: Arc<Remembered>,
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
        })
    }

    async fn read<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.database.read(call).await
    }

    async fn write<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.database.write(Change::Any, call).await
    }

    /// A write of what comes often and no token is decided by: it leaves what is
    /// remembered of the directory as it is.
    async fn write_apart<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.database.write(Change::NoDirectory, call).await
    }
}
