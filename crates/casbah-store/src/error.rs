//! What can go wrong in the store.

use std::path::PathBuf;
use std::sync::Arc;

use casbah_model::ids::ObjectId;

/// A call to the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("sqlite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused.
    #[error("postgresql: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The transaction that this write was part of was not committed.
    #[error("commit failed: {0}")]
    Commit(Arc<rusqlite::Error>),
    /// A stored value is not of the type that its column promises.
    #[error("column {column} does not hold {expected}")]
    Column {
        /// The column's place in the statement.
        column: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// A stored document cannot be read.
    #[error("a stored document cannot be read: {0}")]
    Document(#[from] serde_json::Error),
    /// A stored record cannot be decompressed.
    #[error("a stored record cannot be decompressed: {0}")]
    Compression(std::io::Error),
    /// A record cannot be packed.
    #[error("a record cannot be packed: {0}")]
    Pack(#[from] postcard::Error),
    /// Another record has this name or covers this value.
    #[error("{0}")]
    Conflict(Conflict),
    /// The database's address is not understood.
    #[error("the database {0} is neither sqlite:PATH nor postgres://…")]
    Address(String),
    /// Another process has the database.
    #[error("another casbah has the database {0} open")]
    InUse(PathBuf),
    /// Other processes have the PostgreSQL database open.
    #[error("other casbah processes have the PostgreSQL database open")]
    InUseByNodes,
    /// The PostgreSQL database is being migrated.
    #[error("the PostgreSQL database is being migrated")]
    Migrating,
    /// A migration into the database was cut off.
    #[error(
        "a migration into this database did not come to its end: run `casbah migrate --resume`, \
         or empty the database"
    )]
    HalfMigrated,
    /// The database cannot be taken for this process.
    #[error("the database {path} cannot be locked: {source}")]
    Lock {
        /// The database.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "the database has schema version {found}, this program knows {known}: use a newer casbah"
    )]
    NewerSchema {
        /// The database's version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A stored change does not name what it should.
    #[error("a stored change cannot be read")]
    Feed,
    /// The store was not given the key of the audit.
    #[error("the store was not given the key of the audit")]
    NoAuditKey,
    /// The store was closed, or one of its threads has ended.
    #[error("the store is closed")]
    Closed,
    /// A call's code panicked; its transaction was rolled back.
    #[error("a call to the store panicked")]
    Panicked,
}

/// What a write collided with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The name is in use.
    #[error("the name {0} is in use")]
    Name(String),
    /// The domain belongs to a tenant already.
    #[error("the domain {0} belongs to a tenant already")]
    Domain(String),
    /// The network overlaps another range's.
    #[error("{network} overlaps the IP range {other}")]
    Network {
        /// The network that was to be stored.
        network: String,
        /// The name of the range it overlaps.
        other: String,
    },
    /// No tag has the id.
    #[error("there is no tag {0}")]
    UnknownTag(casbah_model::ids::RecordId),
    /// The object exists already.
    #[error("the object exists already")]
    Exists,
    /// The identifier URI names another application.
    #[error("the identifier URI {0} names another application")]
    IdentifierUri(String),
    /// Another provider of the tenant has the same; says what.
    #[error("another identity provider has the same {0}")]
    IdentityProvider(&'static str),
    /// The tenant has as many exports as it may.
    #[error("a tenant has at most {} exports", casbah_model::export::MOST_EXPORTS)]
    TooManyExports,
    /// What the object refers to is gone.
    #[error("the object {0} does not exist")]
    Missing(ObjectId),
}

impl StoreError {
    /// Whether the statement was broken off before its end (SQLSTATE 57014 query
    /// canceled).
    pub(crate) fn is_broken_off(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
            }
            Self::Postgres(sqlx::Error::Database(error)) => {
                error.code().as_deref() == Some("57014")
            }
            _ => false,
        }
    }

    /// Whether the same transaction may succeed if run again (SQLSTATE 40001
    /// serialization failure, 40P01 deadlock).
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Postgres(sqlx::Error::Database(error)) => {
                matches!(error.code().as_deref(), Some("40001" | "40P01"))
            }
            _ => false,
        }
    }
}
