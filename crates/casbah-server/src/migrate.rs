//! Moving a whole installation to another database, while no server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use casbah_identity::audit::{AuditKey, AuditKeyError};
use casbah_identity::crypto::{SealError, Vault};
use casbah_model::time::Timestamp;
use casbah_store::{
    AuditRecord, DatabaseAddress, Installation, MigrateError, Store, StoreError, TableCheck,
};

use crate::blobs::{BlobError, Blobs};
use crate::master_key::{self, OPERATOR};
use crate::server::{ServerError, lock};

pub use casbah_store::{MigrationPhase, MigrationStep};

/// What a server keeps in its data directory, beside the database.
const BESIDE: &[&str] = &["master.key", "node-id", "uploads", "ca.pem", "ca.key"];

/// An installation was not moved. What the target holds of it is no installation.
#[derive(Debug, thiserror::Error)]
pub enum MigrateFailure {
    /// A server works in the data directory, or it cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// There is no master key here.
    #[error(
        "there is no master key: neither CASBAH_MASTER_KEY nor the file {0}; name the data \
         directory of the installation with --data-dir"
    )]
    NoMasterKey(PathBuf),
    /// The master key does not open the data keys.
    #[error("the master key does not open the source's data keys: {0}")]
    Open(#[from] SealError),
    /// The key of the audit cannot be opened.
    #[error("audit key: {0}")]
    AuditKey(#[from] AuditKeyError),
    /// The installation could not be copied.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The store failed.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The directory of uploads cannot be read.
    #[error("the directory of uploads cannot be used: {0}")]
    Blobs(#[from] BlobError),
}

impl MigrateFailure {
    /// What whoever called it does next.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Server(_) | Self::Migrate(MigrateError::Open { .. }) => {
                "check the address, and stop every server that uses this database"
            }
            Self::NoMasterKey(_) | Self::Open(_) | Self::AuditKey(_) => {
                "use the master key that the installation was started with last"
            }
            Self::Migrate(MigrateError::NoInstallation) => {
                "check --from: the default of `casbah serve` is sqlite:DATA_DIR/casbah.db"
            }
            Self::Migrate(MigrateError::SourceUnfinished) => {
                "take the database that it was migrated from"
            }
            Self::Migrate(MigrateError::Unfinished) => {
                "go on with --resume, or give an empty database"
            }
            Self::Migrate(
                MigrateError::NotEmpty(_)
                | MigrateError::OtherSource
                | MigrateError::Differs
                | MigrateError::Make { .. },
            ) => "give an empty database in --to",
            Self::Migrate(MigrateError::Value { .. }) => {
                "mend the value in the source; this program does not write such"
            }
            Self::Migrate(MigrateError::Store(_)) | Self::Store(_) | Self::Blobs(_) => {
                "see to the cause; then the same command with --resume goes on"
            }
        }
    }
}

/// What was done.
#[derive(Debug)]
pub struct Migrated {
    /// What each table holds on both sides.
    pub tables: Vec<TableCheck>,
    /// Whether the target holds the same; it is no installation otherwise.
    pub is_same: bool,
    /// What lies beside the database.
    pub beside: Beside,
}

/// What a server needs and no database holds.
#[derive(Debug)]
pub struct Beside {
    /// The files and directories of the data directory that are there.
    pub files: Vec<PathBuf>,
    /// Whether the master key comes from the environment.
    pub is_key_in_environment: bool,
    /// Logs that wait in the directory of uploads to be read.
    pub waiting_uploads: usize,
    /// How many of them have no file here.
    pub lost_uploads: usize,
}

/// Copies the installation in `from` to `to`, which must be empty, compares both, and
/// keeps a record of it in the home tenant's audit there. The source stays as it is. With
/// `resume` a migration that was cut off goes on. The master key is looked for as a
/// server does, and must open the data keys.
///
/// # Errors
/// [`MigrateFailure`]
pub async fn migrate<P>(
    data_dir: &Path,
    from: &DatabaseAddress,
    to: &DatabaseAddress,
    resume: bool,
    progress: P,
) -> Result<Migrated, MigrateFailure>
where
    P: Fn(MigrationStep<'_>) + Clone + Send + 'static,
{
    let _lock = lock(data_dir)?;
    let source = Installation::open(from).await?;
    let audit_key = open_keys(data_dir, source.store()).await?;
    let beside = beside(data_dir, source.store()).await?;
    let migration = source.migrate_to(to, resume).await?;
    migration.copy(progress.clone()).await?;
    let moved = migration.check(progress).await?;
    let (tables, is_same) = (moved.tables.clone(), moved.is_same());
    if is_same {
        // With it the record has the mark that the next start looks for.
        moved.target().set_audit_sealer(Arc::new(audit_key));
        let record = AuditRecord::new(OPERATOR, "installation.migrate", &kind(to))
            .at(Timestamp::now())
            .detail(format!("from {}", kind(from)));
        moved.finish(record).await?;
    }
    Ok(Migrated {
        tables,
        is_same,
        beside,
    })
}

/// Proves that the master key is the installation's.
async fn open_keys(data_dir: &Path, store: &Store) -> Result<AuditKey, MigrateFailure> {
    if !master_key::is_there(data_dir) {
        return Err(MigrateFailure::NoMasterKey(master_key::key_file(data_dir)));
    }
    let master = master_key::find(data_dir, store).await?;
    let vault = Vault::open_with(master, &store.data_keys().await?)?;
    let keys = store.audit_keys().await?;
    let newest = keys.first().ok_or(AuditKeyError::Form)?;
    Ok(AuditKey::open(&vault, newest)?)
}

async fn beside(data_dir: &Path, store: &Store) -> Result<Beside, MigrateFailure> {
    let files = BESIDE.iter().map(|name| data_dir.join(name));
    let files: Vec<_> = files.filter(|path| path.exists()).collect();
    let mut waiting_uploads = 0;
    let mut lost_uploads = 0;
    let blobs = Blobs::open(data_dir.join("uploads"), u64::MAX)?;
    for tenant in store.tenants().await? {
        for upload in store.unfinished_uploads(tenant.id).await? {
            waiting_uploads += 1;
            lost_uploads += usize::from(blobs.size(tenant.id, upload.id).await.is_none());
        }
    }
    Ok(Beside {
        files,
        is_key_in_environment: master_key::is_in_environment(),
        waiting_uploads,
        lost_uploads,
    })
}

/// A database's kind; its address may hold a password.
fn kind(address: &DatabaseAddress) -> &'static str {
    match address {
        DatabaseAddress::Sqlite(_) => "sqlite",
        DatabaseAddress::Postgres(_) => "postgresql",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Server};

    async fn start(data_dir: &Path, database: Option<DatabaseAddress>) -> Server {
        let mut config = Config::new(data_dir.to_owned());
        config.listen = ([127, 0, 0, 1], 0).into();
        config.database = database;
        Server::start(config).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_installation_moves_with_its_master_key_alone() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let from = DatabaseAddress::Sqlite(data_dir.join("casbah.db"));
        let to = DatabaseAddress::Sqlite(data_dir.join("moved.db"));
        let migrate = async |data_dir: &Path| migrate(data_dir, &from, &to, false, |_| {}).await;
        let server = start(&data_dir, None).await;
        let refused = migrate(&data_dir).await.unwrap_err();
        assert!(matches!(
            refused,
            MigrateFailure::Server(ServerError::InUse(_))
        ));
        // Nor from another data directory, since the server has the file.
        let refused = migrate(directory.path()).await.unwrap_err();
        assert!(matches!(
            refused,
            MigrateFailure::Migrate(MigrateError::Open { .. })
        ));
        server.stop().await.unwrap();

        let refused = migrate(directory.path()).await.unwrap_err();
        assert!(matches!(refused, MigrateFailure::NoMasterKey(_)));
        let other = directory.path().join("other");
        start(&other, None).await.stop().await.unwrap();
        let refused = migrate(&other).await.unwrap_err();
        assert!(matches!(refused, MigrateFailure::Open(_)), "{refused}");
        assert!(!data_dir.join("moved.db").exists());

        let done = migrate(&data_dir).await.unwrap();
        assert!(done.is_same && done.beside.lost_uploads == 0);
        assert!(done.beside.files.contains(&data_dir.join("master.key")));
        let again = migrate(&data_dir).await.unwrap_err();
        assert!(matches!(
            again,
            MigrateFailure::Migrate(MigrateError::NotEmpty(_))
        ));
        let server = start(&data_dir, Some(to.clone())).await;
        assert!(server.first_start.is_none(), "it is the same installation");
        server.stop().await.unwrap();
    }
}
