//! One way to speak to two databases.
//!
//! A repository is a plain function over a [`Session`]: it runs on a thread of
//! its own, so it reads like the SQL it sends, and a transaction that PostgreSQL
//! could not serialise is simply run again. Statements are written once, with
//! `?1`, `?2` … as places for parameters.

mod postgres;
mod row;
mod session;
mod sqlite;

use std::path::PathBuf;
use std::str::FromStr;

pub(crate) use row::{Cell, Row};
pub(crate) use session::{Dialect, Session};

use crate::error::StoreError;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// A file, made if it is missing.
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL.
    Postgres(String),
}

impl FromStr for DatabaseAddress {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(PathBuf::from(path.trim_start_matches("//"))));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(StoreError::Address(text.to_owned()))
    }
}

/// A PostgreSQL URL may hold a password, so it is not shown.
impl std::fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres"),
        }
    }
}

/// Who else may have the database open. A SQLite file is one process's in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Other nodes of the installation.
    Shared,
    /// Nobody.
    Alone,
}

/// What a write may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Anything, the directory too.
    Any,
    /// Nothing that a token is decided by: events, logs, counters.
    NoDirectory,
    /// Nothing but rows that belong to one that the call locks first
    /// ([`Session::for_update`]). Such calls wait for one another on PostgreSQL, where
    /// others are run again, and each sees what the one before it wrote.
    Locked,
}

/// An open database.
pub(crate) enum Database {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Database {
    pub(crate) async fn open(address: &DatabaseAddress, hold: Hold) -> Result<Self, StoreError> {
        Ok(match address {
            DatabaseAddress::Sqlite(path) => Self::Sqlite(sqlite::Sqlite::open(path)?),
            DatabaseAddress::Postgres(url) => {
                Self::Postgres(postgres::Postgres::open(url, hold).await?)
            }
        })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What was read of the directory under this number holds while it stands; none
    /// where other processes write, too.
    pub(crate) fn version(&self) -> Option<u64> {
        match self {
            Self::Sqlite(sqlite) => Some(sqlite.version()),
            Self::Postgres(_) => None,
        }
    }

    /// Runs `call` on a snapshot of the database.
    ///
    /// `call` may run more than once.
    pub(crate) async fn read<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(call).await,
            Self::Postgres(postgres) => postgres.read(call).await,
        }
    }

    /// Runs `call` in a transaction; when this returns `Ok`, it is on disk.
    ///
    /// `call` may run more than once, and must change nothing but the database.
    pub(crate) async fn write<T, F>(&self, what: Change, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(what, call).await,
            Self::Postgres(postgres) => postgres.write(what, call).await,
        }
    }
}

/// The parameters of a statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(sea_query::Value::from($crate::database::Param($value))),*]
    };
}
pub(crate) use params;

/// A Rust value on its way into a statement.
pub(crate) struct Param<T>(pub(crate) T);

macro_rules! param {
    ($type:ty, |$value:ident| $converted:expr) => {
        impl From<Param<$type>> for sea_query::Value {
            fn from(Param($value): Param<$type>) -> Self {
                Self::from($converted)
            }
        }
        impl From<Param<Option<$type>>> for sea_query::Value {
            fn from(Param(value): Param<Option<$type>>) -> Self {
                Self::from(value.map(|$value| $converted))
            }
        }
    };
}

param!(i64, |value| value);
param!(i32, |value| i64::from(value));
param!(u32, |value| i64::from(value));
param!(bool, |value| i64::from(value));
param!(f64, |value| value);
param!(&str, |value| without_nul(value));
param!(&String, |value| without_nul(value));
param!(String, |value| without_nul(&value));
param!(&[u8], |value| value.to_vec());
param!(Vec<u8>, |value| value);
param!(casbah_model::time::Timestamp, |value| value.millis());
param!(casbah_model::ids::SaasId, |value| i64::from(value.0));
param!(casbah_model::ids::TenantId, |value| value
    .uuid()
    .as_bytes()
    .to_vec());
param!(casbah_model::ids::AppId, |value| value
    .uuid()
    .as_bytes()
    .to_vec());
param!(casbah_model::ids::ObjectId, |value| value
    .uuid()
    .as_bytes()
    .to_vec());
param!(casbah_model::ids::KeyId, |value| value
    .uuid()
    .as_bytes()
    .to_vec());
param!(casbah_model::identity::Digest, |value| value
    .as_bytes()
    .to_vec());
param!(casbah_model::ids::RecordId, |value| value.bytes().to_vec());

/// PostgreSQL's text holds no U+0000, so neither does SQLite's.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
