//! The signing keys in use: read from the store, opened once, changed in time.

use std::sync::{Arc, PoisonError, RwLock};

use casbah_identity::crypto::Vault;
use casbah_identity::signing_keys::{self, Rotation, SigningDays, SigningKeyError};
use casbah_model::identity::SigningKeyRecord;
use casbah_model::time::Timestamp;
use casbah_store::{AuditRecord, Store, StoreError};
use casbah_token::{Algorithm, JwkSet, KeyError, KeyRing, SigningKey};

use crate::state::App;

/// The name in the audit of what the server does by itself.
const SERVER: &str = "casbah";

/// Signing keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeysError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key could not be opened or sealed.
    #[error(transparent)]
    Seal(#[from] SigningKeyError),
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The thread that makes a key ended.
    #[error("making a key was interrupted")]
    Interrupted,
    /// No key signs at this time, although one was just made.
    #[error("no signing key is good now")]
    None,
}

/// A stored key and its parsed form.
struct OpenKey {
    record: SigningKeyRecord,
    key: Arc<SigningKey>,
}

/// What may be told of a key.
#[derive(Debug, Clone)]
pub(crate) struct KnownKey {
    pub(crate) record: SigningKeyRecord,
    pub(crate) algorithm: Algorithm,
}

/// All that is derived from the stored keys.
struct Loaded {
    keys: Vec<OpenKey>,
    ring: Arc<KeyRing>,
}

/// The keys of this server. Each is parsed once; the one that signs is found by
/// the time, so nothing has to happen at the moment of a change.
pub(crate) struct SigningKeys {
    days: SigningDays,
    loaded: RwLock<Loaded>,
}

impl SigningKeys {
    /// Reads the keys, and makes the first or the next if it is time. A key signs for
    /// `days`.
    ///
    /// # Errors
    /// [`SigningKeysError`]
    pub(crate) async fn load(
        store: &Store,
        vault: &Vault,
        now: Timestamp,
        days: SigningDays,
    ) -> Result<Self, SigningKeysError> {
        let records = read(store, vault, now, days).await?;
        Ok(Self {
            days,
            loaded: RwLock::new(Loaded::open(vault, &records)?),
        })
    }

    /// Reads the keys again, which other nodes may have added to or ended, and makes
    /// the next if it is time. Tokens of a key that is gone are forgotten.
    ///
    /// # Errors
    /// [`SigningKeysError`]; the keys in use stay as they were.
    pub(crate) async fn refresh(&self, app: &App, now: Timestamp) -> Result<(), SigningKeysError> {
        let records = read(&app.store, &app.vault, now, self.days).await?;
        // Parsing takes long, and mostly nothing has changed.
        if self.with(|old| old.keys.iter().map(|key| &key.record).eq(&records)) {
            return Ok(());
        }
        let is_kept = |old: &OpenKey| records.iter().any(|key| key.kid == old.record.kid);
        let is_one_gone = self.with(|old| !old.keys.iter().all(is_kept));
        let loaded = Loaded::open(&app.vault, &records)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        if is_one_gone {
            app.known_tokens.forget();
        }
        Ok(())
    }

    /// Makes the next key, for the present algorithm where none is given, and ends the
    /// present keys as `rotation` says. Other nodes follow when they read the keys again.
    /// `audit` is given the action and the key.
    ///
    /// # Errors
    /// [`SigningKeysError`]; the keys in use stay as they were.
    pub(crate) async fn rotate(
        &self,
        app: &App,
        rotation: Rotation,
        algorithm: Option<Algorithm>,
        audit: impl FnOnce(&'static str, &str) -> AuditRecord,
    ) -> Result<KnownKey, SigningKeysError> {
        let now = Timestamp::now();
        let newest = self.with(|loaded| loaded.keys.first().map(|key| key.key.algorithm()));
        let algorithm = algorithm.or(newest).unwrap_or_default();
        let fresh = generate(algorithm, now).await?;
        let (dates, retirement) = rotation.dates(now, self.days);
        let record = signing_keys::seal_key(&app.vault, &fresh, dates, now)?;
        let action = match rotation {
            Rotation::Overlapping => "signing_key.rotate",
            Rotation::AtOnce => "signing_key.rotate_at_once",
        };
        app.store
            .replace_signing_keys(
                record.clone(),
                retirement.signs_until,
                retirement.published_until,
                audit(action, &record.kid).detail(algorithm.name()),
            )
            .await?;
        self.refresh(app, now).await?;
        Ok(KnownKey { record, algorithm })
    }

    /// What is known of the keys, the newest first.
    pub(crate) fn known(&self) -> Vec<KnownKey> {
        let known = |key: &OpenKey| KnownKey {
            record: key.record.clone(),
            algorithm: key.key.algorithm(),
        };
        self.with(|loaded| loaded.keys.iter().map(known).collect())
    }

    /// The key that signs now; none only if [`SigningKeys::refresh`] was not
    /// called for weeks.
    pub(crate) fn signer(&self, now: Timestamp) -> Option<Arc<SigningKey>> {
        self.with(|loaded| {
            loaded
                .keys
                .iter()
                .filter(|key| key.record.signs_at(now))
                .max_by_key(|key| key.record.signs_from)
                .map(|key| Arc::clone(&key.key))
        })
    }

    /// The key set to publish, the newest first.
    pub(crate) fn published(&self, now: Timestamp) -> JwkSet {
        let keys = self.with(|loaded| {
            loaded
                .keys
                .iter()
                .filter(|key| key.record.is_published_at(now))
                .map(|key| key.key.jwk())
                .collect()
        });
        JwkSet { keys }
    }

    /// The public keys, for a verifier of this server's own tokens.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        self.with(|loaded| Arc::clone(&loaded.ring))
    }

    fn with<T>(&self, read: impl FnOnce(&Loaded) -> T) -> T {
        read(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kids: Vec<_> = self.with(|loaded| {
            loaded
                .keys
                .iter()
                .map(|key| key.record.kid.clone())
                .collect()
        });
        f.debug_tuple("SigningKeys").field(&kids).finish()
    }
}

impl Loaded {
    /// Opens and parses what is published, the newest first.
    fn open(vault: &Vault, records: &[SigningKeyRecord]) -> Result<Self, SigningKeysError> {
        let open = |record: &SigningKeyRecord| {
            Ok(OpenKey {
                key: Arc::new(signing_keys::open_key(vault, record)?),
                record: record.clone(),
            })
        };
        let keys: Vec<_> = records
            .iter()
            .map(open)
            .collect::<Result<_, SigningKeysError>>()?;
        let set = JwkSet {
            keys: keys.iter().map(|key| key.key.jwk()).collect(),
        };
        Ok(Self {
            keys,
            ring: Arc::new(KeyRing::from_set(&set)),
        })
    }
}

/// The published keys, the newest first; the next is among them if it is time.
async fn read(
    store: &Store,
    vault: &Vault,
    now: Timestamp,
    days: SigningDays,
) -> Result<Vec<SigningKeyRecord>, SigningKeysError> {
    let mut records = store.signing_keys(now).await?;
    if let Some(dates) = signing_keys::next_key(&records, now, days) {
        // The operator's choice outlives the key that it was made with, while that or one
        // after it is published.
        let newest = records
            .first()
            .map(|key| signing_keys::open_key(vault, key));
        let newest = newest.transpose()?.map(|key| key.algorithm());
        let algorithm = newest.unwrap_or_default();
        let fresh = generate(algorithm, now).await?;
        let record = signing_keys::seal_key(vault, &fresh, dates, now)?;
        let audit = AuditRecord::new(SERVER, "signing_key.create", &record.kid)
            .at(now)
            .detail(algorithm.name());
        let after = signing_keys::last_signs_until(&records);
        // Another node may have been faster; then its key is the one.
        store.add_next_signing_key(record, after, audit).await?;
        records = store.signing_keys(now).await?;
    }
    if signing_keys::signing_key(&records, now).is_none() {
        return Err(SigningKeysError::None);
    }
    Ok(records)
}

/// A new key; making one takes long.
async fn generate(algorithm: Algorithm, now: Timestamp) -> Result<SigningKey, SigningKeysError> {
    let made =
        tokio::task::spawn_blocking(move || SigningKey::generate_for(algorithm, now.seconds()));
    Ok(made.await.map_err(|_| SigningKeysError::Interrupted)??)
}
