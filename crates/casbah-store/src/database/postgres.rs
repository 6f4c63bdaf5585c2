//! PostgreSQL: a pool of connections, each used by a blocking thread.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Handle;

use super::session::Session;
use super::{Change, Hold};
use crate::error::StoreError;

/// Connections of one node.
const CONNECTIONS: u32 = 16;

/// How long an open waits for a lock: PostgreSQL hears of the end of whoever held it a
/// moment later.
const PATIENCE: Duration = Duration::from_secs(2);

/// The advisory lock that all processes of an installation have in common; the bytes
/// spell "casbah".
const LOCK: i64 = 0x6361_7362_6168;

/// How often a transaction that could not be serialised is run again.
const ATTEMPTS: u32 = 10;

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    /// Every connection holds the lock: a node's can all be made anew and it is still
    /// held.
    pub(super) async fn open(url: &str, hold: Hold) -> Result<Self, StoreError> {
        // Asked once apart, since a pool tries a connection that fails again and again.
        let mut first = PgConnection::connect(url).await?;
        let patience = Instant::now() + PATIENCE;
        while !try_lock(&mut first, hold).await? {
            if Instant::now() > patience {
                return Err(match hold {
                    Hold::Shared => StoreError::Migrating,
                    Hold::Alone => StoreError::InUseByNodes,
                });
            }
            tokio::time::sleep(PATIENCE / 20).await;
        }
        sqlx::query("SELECT pg_advisory_unlock_all()")
            .execute(&mut first)
            .await?;
        first.close().await?;
        let options = match hold {
            Hold::Shared => PgPoolOptions::new().max_connections(CONNECTIONS),
            // Two connections would lock each other out.
            Hold::Alone => PgPoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None),
        };
        let pool = options.after_connect(move |connection, _| {
            Box::pin(async move {
                if try_lock(connection, hold).await? {
                    return Ok(());
                }
                Err(sqlx::Error::Configuration("the database is locked".into()))
            })
        });
        Ok(Self {
            pool: pool.connect(url).await?,
        })
    }

    pub(super) async fn read<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let mut connection = self.pool.acquire().await?;
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || {
            let mut transaction = runtime.block_on(
                connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            )?;
            let result = call(&mut Session::postgres(&mut transaction, &runtime))?;
            runtime.block_on(transaction.rollback())?;
            Ok(result)
        })
        .await
        .map_err(|_| StoreError::Panicked)?
    }

    pub(super) async fn write<T, F>(&self, what: Change, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let mut connection = self.pool.acquire().await?;
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || {
            let mut attempt = 1;
            loop {
                match transact(&mut connection, &runtime, what, &call) {
                    Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                        std::thread::sleep(pause(attempt));
                        attempt += 1;
                    }
                    result => return result,
                }
            }
        })
        .await
        .map_err(|_| StoreError::Panicked)?
    }
}

/// How long a transaction waits that could not be serialised: longer each time, and each
/// another time, so that those that met do not meet again.
fn pause(attempt: u32) -> Duration {
    let any = RandomState::new().hash_one(attempt);
    Duration::from_micros(any % (1_000 << attempt))
}

async fn try_lock(connection: &mut PgConnection, hold: Hold) -> Result<bool, sqlx::Error> {
    let query = match hold {
        Hold::Shared => "SELECT pg_try_advisory_lock_shared($1)",
        Hold::Alone => "SELECT pg_try_advisory_lock($1)",
    };
    sqlx::query_scalar(query)
        .bind(LOCK)
        .fetch_one(connection)
        .await
}

/// Serialisable, so that a rule checked in a transaction holds when it commits,
/// as it does behind SQLite's one writer.
fn transact<T>(
    connection: &mut PgConnection,
    runtime: &Handle,
    what: Change,
    call: &impl Fn(&mut Session<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let begin = match what {
        Change::Any | Change::NoDirectory => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        Change::Locked => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    let mut transaction = runtime.block_on(connection.begin_with(begin))?;
    // An early return drops the transaction, which rolls it back.
    let result = call(&mut Session::postgres(&mut transaction, runtime))?;
    runtime.block_on(transaction.commit())?;
    Ok(result)
}
