//! PostgreSQL: a pool of connections, each used by a blocking thread.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::runtime::Handle;

use super::Change;
use super::session::Session;
use crate::error::StoreError;

/// Connections of one node.
const CONNECTIONS: u32 = 16;

/// How often a transaction that could not be serialised is run again.
const ATTEMPTS: u32 = 10;

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect(url)
            .await?;
        Ok(Self { pool })
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

/// Serialisable, so that a rule checked in a transaction holds when it commits,
/// as it does behind SQLite's one writer.
fn transact<T>(
    connection: &mut sqlx::PgConnection,
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
