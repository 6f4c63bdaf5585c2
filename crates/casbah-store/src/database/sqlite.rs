//! SQLite in WAL mode: one writer thread with group commit, many readers.
//!
//! Most reads are over sooner than another thread is awake, so each begins where it is
//! called. One that turns out long is broken off there, before it holds up what else
//! waits for that thread, and done from its beginning on a thread for such. Those that
//! were long of late begin there.

use std::any::TypeId;
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, oneshot};

use super::Change;
use super::session::Session;
use crate::error::StoreError;

/// Steps of SQLite's virtual machine after which a read is asked whether it is long:
/// about 20 microseconds.
const STEPS: i32 = 1_000;

/// How long a read may take where it was called. Steps do not tell: those that fetch a
/// page take a hundred times as long as others.
const SHORT: Duration = Duration::from_micros(200);

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
    idle: Mutex<Vec<Reader>>,
    places: Semaphore,
    lengths: Lengths,
}

/// Where in the program a call was long of late, and how many short ones in a row are then
/// still awaited elsewhere. A place is known by the type of its closure.
#[derive(Default)]
struct Lengths(Mutex<HashMap<TypeId, u8>>);

impl Lengths {
    /// A call that begins anew wastes [`SHORT`]; one that need not have gone elsewhere costs
    /// a tenth of it. So one long call is taken for the sign of others.
    const AWAITED: u8 = 10;

    fn is_long(&self, place: TypeId) -> bool {
        let lengths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lengths.contains_key(&place)
    }

    /// What a call that ran elsewhere was.
    fn note(&self, place: TypeId, is_long: bool) {
        let mut lengths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_long {
            lengths.insert(place, Self::AWAITED);
        } else if let Some(awaited) = lengths.get_mut(&place) {
            *awaited -= 1;
            if *awaited == 0 {
                lengths.remove(&place);
            }
        }
    }
}

/// A connection that reads.
struct Reader {
    connection: Connection,
    limits: Arc<Limits>,
}

/// When a statement is broken off: times in microseconds after `made`, 0 for never.
pub(super) struct Limits {
    made: Instant,
    /// When the call has turned out long.
    short_end: AtomicU64,
    is_long: AtomicBool,
    /// When the statement must end.
    end: AtomicU64,
}

impl Limits {
    fn new() -> Self {
        Self {
            made: Instant::now(),
            short_end: AtomicU64::new(0),
            is_long: AtomicBool::new(false),
            end: AtomicU64::new(0),
        }
    }

    fn after_made(&self, moment: Option<Instant>) -> u64 {
        let after = moment.map(|moment| moment.saturating_duration_since(self.made).as_micros());
        after.map_or(0, |after| u64::try_from(after).unwrap_or(u64::MAX).max(1))
    }

    /// Lets a call begin that may take so long where it is.
    fn begin(&self, length: Option<Duration>) {
        let end = length.map(|length| Instant::now() + length);
        self.short_end
            .store(self.after_made(end), Ordering::Relaxed);
        self.is_long.store(false, Ordering::Relaxed);
    }

    /// Lets the statements from now on run so long; for ever, if none is given.
    pub(super) fn set_end(&self, end: Option<Instant>) {
        self.end.store(self.after_made(end), Ordering::Relaxed);
    }

    /// Asked every [`STEPS`] steps: whether the statement is broken off.
    fn breaks_off(&self) -> bool {
        let (short_end, end) = (
            self.short_end.load(Ordering::Relaxed),
            self.end.load(Ordering::Relaxed),
        );
        if short_end == 0 && end == 0 {
            return false;
        }
        let now = self.made.elapsed().as_micros();
        let is_over = |end: u64| end != 0 && now >= u128::from(end);
        if is_over(short_end) {
            self.is_long.store(true, Ordering::Relaxed);
        }
        is_over(short_end) || is_over(end)
    }

    /// Whether the call turned out long and is done again elsewhere.
    pub(super) fn is_long(&self) -> bool {
        self.is_long.load(Ordering::Relaxed)
    }
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
            lengths: Lengths::default(),
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
        F: Fn(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let _place = self
            .readers
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let place = TypeId::of::<F>();
        if !readers.lengths.is_long(place) {
            let here = catch_unwind(AssertUnwindSafe(|| readers.run(&call, Some(SHORT))));
            if let Some(result) = here.map_err(|_| StoreError::Panicked)? {
                return result;
            }
        }
        let there = move || {
            let began = Instant::now();
            let result = readers.run(&call, None);
            readers.lengths.note(place, began.elapsed() > SHORT);
            result
        };
        tokio::task::spawn_blocking(there)
            .await
            .map_err(|_| StoreError::Panicked)?
            .unwrap_or(Err(StoreError::Closed))
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
    /// Runs a read; none if it turned out longer than `length`.
    fn run<T, F>(&self, call: &F, length: Option<Duration>) -> Option<Result<T, StoreError>>
    where
        F: Fn(&mut Session<'_>) -> Result<T, StoreError>,
    {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let reader = match idle.map_or_else(|| Reader::open(&self.path), Ok) {
            Ok(reader) => reader,
            Err(error) => return Some(Err(error)),
        };
        let (result, is_whole) = reader.run(call, length);
        // One whose transaction could not be ended is closed.
        if reader.connection.is_autocommit() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(reader);
        }
        is_whole.then_some(result)
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let limits = Arc::new(Limits::new());
        let asked = Arc::clone(&limits);
        connection.progress_handler(STEPS, Some(move || asked.breaks_off()))?;
        Ok(Self { connection, limits })
    }

    /// Runs a read, and tells whether it was not broken off. It is one transaction, so
    /// that all statements of a call see the same state.
    fn run<T, F>(&self, call: &F, length: Option<Duration>) -> (Result<T, StoreError>, bool)
    where
        F: Fn(&mut Session<'_>) -> Result<T, StoreError>,
    {
        let execute = |sql| self.connection.prepare_cached(sql)?.execute([]);
        if let Err(error) = execute("BEGIN DEFERRED") {
            return (Err(error.into()), true);
        }
        self.limits.begin(length);
        let result = call(&mut Session::sqlite_reader(&self.connection, &self.limits));
        self.limits.set_end(None);
        let is_whole = !self.limits.is_long();
        self.limits.begin(None);
        let ended = execute("ROLLBACK").map_err(StoreError::from);
        (ended.and(result), is_whole)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread::{ThreadId, current};

    use super::*;

    const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
        WHERE i < 100000) SELECT COUNT(*) FROM n";

    /// The threads on which a read of this statement ran, and its answer.
    async fn read(sqlite: &Sqlite, sql: &'static str) -> (Vec<ThreadId>, i64) {
        let threads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&threads);
        let answer = sqlite.read(move |session| {
            seen.lock().unwrap().push(current().id());
            session.number(sql, &[])
        });
        let answer = answer.await.unwrap();
        let threads = threads.lock().unwrap().clone();
        (threads, answer)
    }

    #[tokio::test]
    async fn a_short_read_stays_and_a_long_one_moves_to_another_thread() {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&directory.path().join("db")).unwrap();
        let here = current().id();
        // Again and again on one connection: what a read used up is not missing later.
        for _ in 0..5 {
            assert_eq!(read(&sqlite, "SELECT 7").await, (vec![here], 7));
            let (threads, answer) = read(&sqlite, LONG).await;
            assert_eq!(answer, 100_000);
            assert_eq!(threads.len(), 2);
            assert_eq!(threads[0], here);
            assert_ne!(threads[1], here);
            let there = read(&sqlite, LONG).await.0;
            assert_eq!(there.len(), 1, "what was long begins elsewhere");
            assert_ne!(there[0], here);
            for _ in 0..Lengths::AWAITED {
                let (threads, answer) = read(&sqlite, "SELECT 7").await;
                assert_eq!((threads.len(), answer), (1, 7));
                assert_ne!(threads[0], here);
            }
        }
    }

    #[tokio::test]
    async fn a_read_that_panics_is_an_error_and_the_next_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&directory.path().join("db")).unwrap();
        for _ in 0..2 * READERS {
            let read = sqlite.read(|_| -> Result<i64, StoreError> { panic!("as a test wants") });
            assert!(matches!(read.await, Err(StoreError::Panicked)));
        }
        assert_eq!(read(&sqlite, "SELECT 7").await.1, 7);
    }

    #[tokio::test]
    async fn an_error_of_a_read_is_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&directory.path().join("db")).unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let wrong = sqlite.read(move |session| {
            counted.fetch_add(1, Ordering::Relaxed);
            session.number("SELECT nothing FROM nowhere", &[])
        });
        assert!(matches!(wrong.await, Err(StoreError::Sqlite(_))));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
}
