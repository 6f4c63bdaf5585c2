//! The signing keys in use: read from the store, opened once, changed in time.

use std::sync::{Arc, PoisonError, RwLock};

use casbah_identity::crypto::Vault;
use casbah_identity::signing_keys::{self, SigningKeyError};
use casbah_model::identity::SigningKeyRecord;
use casbah_model::time::Timestamp;
use casbah_store::{Store, StoreError};
use casbah_token::{JwkSet, KeyError, KeyRing, SigningKey};

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
    /// No key signs at this time, although one was just made.
    #[error("no signing key is good now")]
    None,
}

/// A stored key and its parsed form.
struct OpenKey {
    record: SigningKeyRecord,
    key: Arc<SigningKey>,
}

/// All that is derived from the stored keys.
struct Loaded {
    keys: Vec<OpenKey>,
    ring: Arc<KeyRing>,
}

/// The keys of this server. Each is parsed once; the one that signs is found by
/// the time, so nothing has to happen at the moment of a change.
pub(crate) struct SigningKeys {
    loaded: RwLock<Loaded>,
}

impl SigningKeys {
    /// Reads the keys, and makes the first or the next if it is time.
    ///
    /// # Errors
    /// [`SigningKeysError`]
    pub(crate) async fn load(
        store: &Store,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<Self, SigningKeysError> {
        let loaded = read(store, vault, now).await?;
        Ok(Self {
            loaded: RwLock::new(loaded),
        })
    }

    /// Reads the keys again, which other nodes may have added to, and makes the
    /// next if it is time. To be called every few minutes: keys are published
    /// days before they sign.
    ///
    /// # Errors
    /// [`SigningKeysError`]; the keys in use stay as they were.
    pub(crate) async fn refresh(
        &self,
        store: &Store,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<(), SigningKeysError> {
        let loaded = read(store, vault, now).await?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    /// The key that signs now; none only if [`SigningKeys::refresh`] was not
    /// called for weeks.
    pub(crate) fn signer(&self, now: Timestamp) -> Option<Arc<SigningKey>> {
        self.with(|loaded| {
            loaded
                .keys
                .iter()
                .filter(|key| key.record.signs_from <= now && now < key.record.signs_until)
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
                .filter(|key| now < key.record.published_until)
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

async fn read(store: &Store, vault: &Vault, now: Timestamp) -> Result<Loaded, SigningKeysError> {
    let mut records = store.signing_keys(now).await?;
    if let Some(dates) = signing_keys::next_key(&records, now) {
        let fresh = SigningKey::generate(now.seconds())?;
        let record = signing_keys::seal_key(vault, &fresh, dates, now)?;
        store.add_signing_key(record).await?;
        records = store.signing_keys(now).await?;
    }
    if signing_keys::signing_key(&records, now).is_none() {
        return Err(SigningKeysError::None);
    }
    let mut keys = Vec::new();
    for record in signing_keys::published_keys(&records, now) {
        keys.push(OpenKey {
            key: Arc::new(signing_keys::open_key(vault, record)?),
            record: record.clone(),
        });
    }
    let set = JwkSet {
        keys: keys.iter().map(|key| key.key.jwk()).collect(),
    };
    Ok(Loaded {
        keys,
        ring: Arc::new(KeyRing::from_set(&set)),
    })
}
