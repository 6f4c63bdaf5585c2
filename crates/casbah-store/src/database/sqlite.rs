//! SQLite in WAL mode: one writer thread with group commit, many readers.

use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, oneshot};

use super::Change;
use super::session::Session;
use crate::error::StoreError;

/// How many reads run at once.
const READERS: usize = 8;

/// Prepared statements that each connection keeps.
const STATEMENTS: usize = 128;

/// A group of writes is committed when none waits, or after this time.
const GROUP_TIME: Duration = Duration::from_millis(8);

/// How often another process's database is tried to be taken, and how far apart.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// What tells a write's caller how it went, once the group is on disk.
type Reply = Box<dyn FnOnce(Option<&Arc<rusqlite::Error>>) + Send>;

/// A write that waits for the writer thread.
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;

/// An open SQLite database.
pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    readers: Arc<Readers>,
    /// Grows with every commit that may have changed the directory. Only this process
    /// writes to the file, so what was read under one number holds while it stands.
    version: Arc<AtomicU64>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let connection = connect(path, OpenFlags::default())?;
        let (writer, jobs) = mpsc::channel();
        // The thread ends when the last sender is dropped, all jobs done.
        std::thread::Builder::new()
            .name("casbah-writer".to_owned())
            .spawn(move || {
                write_groups(&connection, &jobs);
                // Closed before the next process may open it.
                drop(connection);
                drop(lock);
            })
            .map_err(|_| StoreError::Closed)?;
        let readers = Readers {
            path: path.to_owned(),
            idle: Mutex::default(),
            places: Semaphore::new(READERS),
        };
        Ok(Self {
            writer,
            readers: Arc::new(readers),
            version: Arc::default(),
        })
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) async fn read<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let _place = self
            .readers
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        tokio::task::spawn_blocking(move || readers.run(call))
            .await
            .map_err(|_| StoreError::Panicked)?
    }

    pub(super) async fn write<T, F>(&self, what: Change, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let version = Arc::clone(&self.version);
        let job: Job = Box::new(move |connection| {
            let result = run_in_savepoint(connection, &call);
            Box::new(move |failure| {
                // After the commit and before the answer: whoever was answered reads anew.
                if what == Change::Any {
                    version.fetch_add(1, Ordering::Release);
                }
                let result = match failure {
                    Some(error) if result.is_ok() => Err(StoreError::Commit(Arc::clone(error))),
                    _ => result,
                };
                // The caller may have gone away; its write stands all the same.
                let _ = sender.send(result);
            })
        });
        self.writer.send(job).map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }
}

impl Readers {
    fn run<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Session<'_>) -> Result<T, StoreError>,
    {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(
                &self.path,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?,
        };
        // One transaction, so that all statements of a call see the same state.
        connection.execute_batch("BEGIN DEFERRED")?;
        let result = call(&mut Session::sqlite(&connection));
        connection.execute_batch("ROLLBACK")?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        result
    }
}

/// Takes the database for this process: what is remembered of it must not change
/// behind its back.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let failed = |source| StoreError::Lock {
        path: path.to_owned(),
        source,
    };
    let file = File::create(name).map_err(failed)?;
    // A store that was just dropped still writes its last group.
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(StoreError::InUse(path.to_owned()))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(Duration::from_secs(10))?;
    if !flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    // FULL: what was answered survives a loss of power; group commit pays for it.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 268435456;",
    )?;
    Ok(connection)
}

fn write_groups(connection: &Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut replies = Vec::new();
        let outcome = connection.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
            let began = Instant::now();
            replies.push(first(connection));
            while began.elapsed() < GROUP_TIME
                && let Ok(job) = jobs.try_recv()
            {
                replies.push(job(connection));
            }
            connection.execute_batch("COMMIT")
        });
        let failure = outcome.err().map(Arc::new);
        if failure.is_some() && !connection.is_autocommit() {
            // Nothing more can be done if this fails too: the next BEGIN will say so.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for reply in replies {
            reply(failure.as_ref());
        }
    }
}

/// One job's failure must not undo the others of its group.
fn run_in_savepoint<T>(
    connection: &Connection,
    call: &impl Fn(&mut Session<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = catch_unwind(AssertUnwindSafe(|| call(&mut Session::sqlite(connection))))
        .unwrap_or(Err(StoreError::Panicked));
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    result
}
