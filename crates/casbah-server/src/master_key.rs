//! The master key: found at the start, and changed while no server runs.
//!
//! The database and the key's file cannot change in one step. So the new key lies
//! beside the old one before the database is changed, and whoever starts next after a
//! crash takes whichever of the two opens the data keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casbah_identity::crypto::{MasterKey, MasterKeyError, RewrapError, SealError, Vault};
use casbah_model::time::Timestamp;
use casbah_store::{AuditRecord, DatabaseAddress, Store, StoreError};
use secrecy::SecretString;

use crate::config::database_address;
use crate::first_start::{self, FirstStartError};
use crate::server::{ServerError, lock};

/// Where a master key that is no file comes from.
const VARIABLE: &str = "CASBAH_MASTER_KEY";

/// The name in the audit of who has the data directory.
pub(crate) const OPERATOR: &str = "operator";

/// The data keys could not be sealed under another master key; nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RewrapFailure {
    /// A server works in the data directory, or it cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A master key cannot be read or written.
    #[error("the master key cannot be used: {0}")]
    MasterKey(#[from] MasterKeyError),
    /// The new key is the present one.
    #[error("the new master key is the present one")]
    Same,
    /// There is nothing to seal: no server has started here.
    #[error("there are no data keys: no server has started with this database")]
    Empty,
    /// The present key does not open the audit's key.
    #[error(transparent)]
    Audit(#[from] FirstStartError),
    /// The present key does not open the data keys.
    #[error("data key: {0}")]
    Open(#[from] SealError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] RewrapError),
    /// The store failed.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
}

/// What was done.
#[derive(Debug)]
pub struct Rewrapped {
    /// How many data keys the new master key opens.
    pub data_keys: usize,
    /// The file that now holds the new key; none where the key comes from the
    /// environment, which the operator changes.
    pub file: Option<PathBuf>,
}

/// Seals every data key under the key in `new_key_file`, which is made if it is not
/// there.
///
/// # Errors
/// [`RewrapFailure`]
pub async fn rewrap(
    data_dir: &Path,
    database: Option<DatabaseAddress>,
    new_key_file: &Path,
) -> Result<Rewrapped, RewrapFailure> {
    let _lock = lock(data_dir)?;
    let store = Store::open(&database_address(data_dir, database)).await?;
    let present = find(data_dir, &store).await?;
    let new = MasterKey::load_or_create(new_key_file)?;
    if new.id() == present.id() {
        return Err(RewrapFailure::Same);
    }
    let vault = Vault::open_with(present.clone(), &store.data_keys().await?)?;
    if !vault.has_data_key() {
        return Err(RewrapFailure::Empty);
    }
    let now = Timestamp::now();
    // With it the record has the mark that the next start looks for.
    let audit_key = first_start::open_audit_key(&store, &vault, now).await?;
    store.set_audit_sealer(Arc::new(audit_key));
    let audit = AuditRecord::new(OPERATOR, "master_key.rewrap", &name(&new))
        .at(now)
        .detail(format!("in place of {}", name(&present)));
    let records = vault.rewrap(&new, now)?;
    let data_keys = records.len();
    if is_in_environment() {
        store.rewrap_data_keys(records, audit).await?;
        return Ok(Rewrapped {
            data_keys,
            file: None,
        });
    }
    new.write(&pending(data_dir))?;
    store.rewrap_data_keys(records, audit).await?;
    find(data_dir, &store).await?;
    Ok(Rewrapped {
        data_keys,
        file: Some(key_file(data_dir)),
    })
}

/// The master key that opens the store's data keys; the first start makes it.
pub(crate) async fn find(data_dir: &Path, store: &Store) -> Result<MasterKey, ServerError> {
    if let Ok(text) = std::env::var(VARIABLE) {
        return Ok(MasterKey::from_text(&SecretString::from(text))?);
    }
    let (file, pending) = (key_file(data_dir), pending(data_dir));
    if pending.exists() {
        let new = MasterKey::load(&pending)?;
        let sealed = store.data_keys().await?;
        // Without it the change of the database was not made, and the old key stands.
        if !sealed.is_empty() && Vault::open_with(new.clone(), &sealed).is_ok() {
            new.write(&file)?;
        }
        fs::remove_file(&pending).map_err(|source| MasterKeyError::File {
            path: pending.clone(),
            source,
        })?;
    }
    Ok(MasterKey::load_or_create(&file)?)
}

/// Whether the master key comes from the environment.
pub(crate) fn is_in_environment() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Whether there is a master key that a start would not have to make.
pub(crate) fn is_there(data_dir: &Path) -> bool {
    is_in_environment() || key_file(data_dir).exists() || pending(data_dir).exists()
}

/// A master key's name, which tells nothing of the key.
fn name(key: &MasterKey) -> String {
    format!("{:08x}", key.id())
}

pub(crate) fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("master.key")
}

/// The next master key, while the database is changed.
fn pending(data_dir: &Path) -> PathBuf {
    data_dir.join("master.key.new")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Server};

    /// Starts and stops a server; tells the name of the key that signs, which only the
    /// right master key opens.
    async fn restart(data_dir: &Path) -> Result<String, ServerError> {
        let mut config = Config::new(data_dir.to_owned());
        config.listen = ([127, 0, 0, 1], 0).into();
        Server::start(config).await?.stop().await?;
        let store = Store::open(&database_address(data_dir, None)).await?;
        let keys = store.signing_keys(Timestamp::now()).await?;
        Ok(keys[0].kid.clone())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_starts_with_the_new_key_and_not_with_the_old() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let kid = restart(&data_dir).await.unwrap();
        let old = MasterKey::load(&key_file(&data_dir)).unwrap();
        let new_file = directory.path().join("new.key");
        let done = rewrap(&data_dir, None, &new_file).await.unwrap();
        assert_eq!((done.data_keys, done.file), (1, Some(key_file(&data_dir))));
        let new = MasterKey::load(&new_file).unwrap();
        assert_eq!(
            MasterKey::load(&key_file(&data_dir)).unwrap().id(),
            new.id()
        );
        assert!(!pending(&data_dir).exists());
        assert_eq!(restart(&data_dir).await.unwrap(), kid);
        let again = rewrap(&data_dir, None, &new_file).await;
        assert!(matches!(again, Err(RewrapFailure::Same)));

        // Cut off after the database was changed, before the file was.
        old.write(&key_file(&data_dir)).unwrap();
        assert!(restart(&data_dir).await.is_err());
        new.write(&pending(&data_dir)).unwrap();
        assert_eq!(restart(&data_dir).await.unwrap(), kid);
        assert!(!pending(&data_dir).exists());

        // Cut off before the database was changed.
        let never = MasterKey::generate().unwrap();
        never.write(&pending(&data_dir)).unwrap();
        assert_eq!(restart(&data_dir).await.unwrap(), kid);
        assert!(!pending(&data_dir).exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_running_server_is_not_disturbed() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let mut config = Config::new(data_dir.clone());
        config.listen = ([127, 0, 0, 1], 0).into();
        let server = Server::start(config).await.unwrap();
        let new_file = directory.path().join("new.key");
        let refused = rewrap(&data_dir, None, &new_file).await;
        assert!(matches!(
            refused,
            Err(RewrapFailure::Server(ServerError::InUse(_)))
        ));
        assert!(!new_file.exists());
        server.stop().await.unwrap();
    }
}
