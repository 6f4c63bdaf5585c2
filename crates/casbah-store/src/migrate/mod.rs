//! A whole installation, moved from one database to another.
//!
//! Rows go in the order of their primary keys, batch after batch, each in a transaction;
//! so a migration that was cut off has a beginning of each table there and can go on.
//! Until it has come to its end the target says so of itself, and no server starts with
//! it. Then both sides are read once more, and must be the same.

mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;

use crate::audit::AuditRecord;
use crate::database::{Change, Database, DatabaseAddress, Dialect, Hold, Session, params};
use crate::directory::audit_at_home;
use crate::{Store, StoreError, schema};

pub use table::Content;
use table::{MOST_ROWS, Table, tables};

/// Rows of the first batch of a table; how many more are well taken, it shows.
const FIRST_ROWS: u64 = 64;

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where the installation is.
    Source,
    /// Where it goes.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// An installation was not moved. What the target holds of it is no installation.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// One of the databases failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of the databases cannot be opened.
    #[error("the {side} cannot be opened: {source}")]
    Open {
        /// Which.
        side: Side,
        /// Why.
        source: StoreError,
    },
    /// The target's file cannot be made.
    #[error("the target {path} cannot be made: {source}")]
    Make {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No server has started with the source.
    #[error("the source holds no installation: no server has started with it")]
    NoInstallation,
    /// The source is the target of a migration that was cut off.
    #[error("the source is itself the target of a migration that did not come to its end")]
    SourceUnfinished,
    /// The target holds something.
    #[error("the target is not empty: its table {0} has rows")]
    NotEmpty(String),
    /// The target holds a part of a migration, and nobody said to go on.
    #[error("the target holds a migration that did not come to its end")]
    Unfinished,
    /// The target holds a part of another installation.
    #[error("the target holds a part of another installation")]
    OtherSource,
    /// A stored value is not of the kind that its column promises.
    #[error("the column {column} of the table {table} does not hold {expected}")]
    Value {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The two databases do not hold the same.
    #[error("the source and the target do not hold the same")]
    Differs,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationPhase {
    /// Rows are copied.
    Copy,
    /// Both sides are read, to be compared.
    Check,
}

/// A step of the work.
#[derive(Debug)]
pub struct MigrationStep<'a> {
    /// What is being done.
    pub phase: MigrationPhase,
    /// With which table.
    pub table: &'a str,
    /// How many rows it was done with since the last step. Checking, a row counts on
    /// both sides.
    pub rows: u64,
    /// How many rows all steps of this phase are done with.
    pub of: u64,
}

/// An installation that can be moved: nobody else works on it.
pub struct Installation {
    store: Store,
    /// The home tenant, by which an installation is known.
    home: TenantId,
    tables: Vec<Arc<Table>>,
    rows: u64,
}

/// Both databases, open, with nobody else in them.
pub struct Migration {
    source: Installation,
    target: Store,
}

/// What a table holds on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCheck {
    /// The table's name.
    pub table: String,
    /// What it holds in the source.
    pub source: Content,
    /// What it holds in the target.
    pub target: Content,
}

impl TableCheck {
    /// Whether both hold the same.
    pub fn is_same(&self) -> bool {
        self.source == self.target
    }
}

/// An installation that was copied and compared.
pub struct Moved {
    /// What was found, table by table.
    pub tables: Vec<TableCheck>,
    target: Store,
}

impl Installation {
    /// Opens a database in which there is one, and brings its schema to this version.
    ///
    /// # Errors
    /// [`MigrateError`]
    pub async fn open(address: &DatabaseAddress) -> Result<Self, MigrateError> {
        let tables: Vec<_> = tables()?.into_iter().map(Arc::new).collect();
        let (store, home) = open_source(address).await?;
        let counted = tables.clone();
        let rows = store.read(move |session| {
            let rows = counted.iter().map(|table| table.count(session));
            rows.sum::<Result<u64, _>>()
        });
        Ok(Self {
            rows: rows.await?,
            store,
            home,
            tables,
        })
    }

    /// The installation, to be looked into.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Opens the target, makes its schema, and says in it that a migration has begun.
    /// With `resume` one that was cut off may go on.
    ///
    /// # Errors
    /// [`MigrateError`]; nothing is written to a target that is not empty.
    pub async fn migrate_to(
        self,
        target: &DatabaseAddress,
        resume: bool,
    ) -> Result<Migration, MigrateError> {
        let target = open_target(target).await?;
        let (tables, home) = (self.tables.clone(), self.home);
        let begun = target.database.write(Change::Any, move |session| {
            Ok(begin(session, &tables, home, resume))
        });
        begun.await??;
        Ok(Migration {
            source: self,
            target,
        })
    }
}

impl Migration {
    /// Copies what is not in the target yet.
    pub async fn copy(&self, progress: impl Fn(MigrationStep<'_>)) -> Result<(), MigrateError> {
        for table in &self.source.tables {
            self.copy_table(table, &progress).await?;
        }
        Ok(())
    }

    async fn copy_table(
        &self,
        table: &Arc<Table>,
        progress: &impl Fn(MigrationStep<'_>),
    ) -> Result<(), MigrateError> {
        let tell = |rows| {
            progress(MigrationStep {
                phase: MigrationPhase::Copy,
                table: &table.name,
                rows,
                of: self.source.rows,
            });
        };
        let looked = Arc::clone(table);
        let there = self.target.read(move |session| {
            let rows = looked.count(session)?;
            Ok(looked.last_key(session).map(|last| (rows, last)))
        });
        let (rows, mut after) = there.await??;
        tell(rows);
        let mut limit = FIRST_ROWS;
        loop {
            let (read, from) = (Arc::clone(table), after.clone());
            let batch = self
                .source
                .store
                .read(move |session| Ok(read.batch(session, from.as_deref(), limit)));
            let batch = batch.await??;
            if batch.last.is_none() {
                break;
            }
            after.clone_from(&batch.last);
            limit = if batch.is_full { batch.rows } else { limit };
            limit = (limit * 2).min(MOST_ROWS);
            let (written, rows) = (Arc::clone(table), batch.rows);
            let write = self
                .target
                .database
                .write(Change::Any, move |session| written.insert(session, &batch));
            write.await?;
            tell(rows);
        }
        if self.target.database.dialect() == Dialect::Postgres {
            // A plan for a table of which nothing is known reads all of it for a page.
            let analyze = format!("ANALYZE {}", table.name);
            let known = self
                .target
                .database
                .write(Change::Any, move |session| session.script(&analyze));
            known.await?;
        }
        Ok(())
    }

    /// Reads both sides and compares them.
    pub async fn check<P>(self, progress: P) -> Result<Moved, MigrateError>
    where
        P: Fn(MigrationStep<'_>) + Clone + Send + 'static,
    {
        let mut checked = Vec::new();
        let of = 2 * self.source.rows;
        for table in &self.source.tables {
            let (source, target) = tokio::try_join!(
                content(&self.source.store, table, of, progress.clone()),
                content(&self.target, table, of, progress.clone())
            )?;
            checked.push(TableCheck {
                table: table.name.clone(),
                source,
                target,
            });
        }
        Ok(Moved {
            tables: checked,
            target: self.target,
        })
    }
}

impl Moved {
    /// Whether the target holds what the source does.
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(TableCheck::is_same)
    }

    /// The target, in which there is no installation yet.
    pub fn target(&self) -> &Store {
        &self.target
    }

    /// Makes the target an installation, and keeps a record of it there, under the key
    /// that [`Store::set_audit_sealer`] gave the target.
    ///
    /// # Errors
    /// [`MigrateError::Differs`] where the target is not the same.
    pub async fn finish(self, record: AuditRecord) -> Result<(), MigrateError> {
        if !self.is_same() {
            return Err(MigrateError::Differs);
        }
        self.target
            .write(move |session| {
                session.execute("DELETE FROM migration", params![])?;
                audit_at_home(session, &record)
            })
            .await?;
        Ok(())
    }
}

async fn content<P>(
    store: &Store,
    table: &Arc<Table>,
    of: u64,
    progress: P,
) -> Result<Content, MigrateError>
where
    P: Fn(MigrationStep<'_>) + Send + 'static,
{
    let table = Arc::clone(table);
    let read = store.read(move |session| {
        Ok(table.content(session, |rows| {
            progress(MigrationStep {
                phase: MigrationPhase::Check,
                table: &table.name,
                rows,
                of,
            });
        }))
    });
    read.await?
}

/// The installation whose migration into this database has not come to its end.
pub(crate) fn source_of(session: &mut Session<'_>) -> Result<Option<TenantId>, StoreError> {
    let row = session.row("SELECT source FROM migration", params![])?;
    row.map(|mut row| row.get(0)).transpose()
}

/// The source and its home tenant, by which an installation is known.
async fn open_source(address: &DatabaseAddress) -> Result<(Store, TenantId), MigrateError> {
    if let DatabaseAddress::Sqlite(path) = address
        && !path.exists()
    {
        return Err(MigrateError::NoInstallation);
    }
    let database = open(address, Side::Source).await?;
    let dialect = database.dialect();
    let has_schema = database.read(move |session| schema::exists(session, dialect));
    if !has_schema.await? {
        return Err(MigrateError::NoInstallation);
    }
    let found = database.write(Change::Any, move |session| {
        schema::migrate(session, dialect)?;
        let mut home = session.row("SELECT id FROM tenant WHERE is_home = 1", params![])?;
        let home = home
            .as_mut()
            .map(|row| row.get::<TenantId>(0))
            .transpose()?;
        Ok((home, source_of(session)?.is_some()))
    });
    match found.await? {
        (_, true) => Err(MigrateError::SourceUnfinished),
        (None, _) => Err(MigrateError::NoInstallation),
        (Some(home), _) => Ok((Store::of(database), home)),
    }
}

async fn open_target(address: &DatabaseAddress) -> Result<Store, MigrateError> {
    if let DatabaseAddress::Sqlite(path) = address {
        make_private(path).map_err(|source| MigrateError::Make {
            path: path.clone(),
            source,
        })?;
    }
    let database = open(address, Side::Target).await?;
    let dialect = database.dialect();
    database
        .write(Change::Any, move |session| {
            schema::migrate(session, dialect)
        })
        .await?;
    Ok(Store::of(database))
}

async fn open(address: &DatabaseAddress, side: Side) -> Result<Database, MigrateError> {
    let opened = Database::open(address, Hold::Alone).await;
    opened.map_err(|source| MigrateError::Open { side, source })
}

/// A new file is its owner's alone, wherever it lies.
fn make_private(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Says in the target that this installation is on its way.
fn begin(
    session: &mut Session<'_>,
    tables: &[Arc<Table>],
    home: TenantId,
    resume: bool,
) -> Result<(), MigrateError> {
    match source_of(session)? {
        Some(_) if !resume => return Err(MigrateError::Unfinished),
        Some(other) if other != home => return Err(MigrateError::OtherSource),
        Some(_) => return Ok(()),
        None => {}
    }
    for table in tables {
        if !table.is_empty(session)? {
            return Err(MigrateError::NotEmpty(table.name.clone()));
        }
    }
    session.execute(
        "INSERT INTO migration (source, begun) VALUES (?1, ?2)",
        params![home, Timestamp::now()],
    )?;
    Ok(())
}
