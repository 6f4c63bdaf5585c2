//! Keys of other issuers, read when a token needs them and kept for a while.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use casbah_connect::{ConnectError, Connector};
use casbah_identity::proof::ForeignIssuer;
use casbah_model::time::{DAY_MS, Timestamp};
use casbah_token::{IssuerKeys, JwkError};
use lru::LruCache;
use serde::Deserialize;

/// How many issuers' keys are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");
/// How long keys are used without asking again: an issuer that takes a key back is heard
/// within this.
const FRESH: i64 = 3_600_000;
/// How long keys are used while the issuer cannot be reached.
const LAST_RESORT: i64 = DAY_MS;
/// How long the server waits before it asks an issuer again: names of keys that nobody has
/// must not make it call on and on.
const PAUSE: i64 = 30_000;

/// An issuer's keys could not be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    /// A document was not got.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The metadata are no metadata.
    #[error("the metadata are not understood: {0}")]
    Metadata(#[from] serde_json::Error),
    /// The metadata are another issuer's.
    #[error("the metadata are of another issuer")]
    OtherIssuer,
    /// The key set is no key set.
    #[error(transparent)]
    Keys(#[from] JwkError),
}

/// What is known of an issuer.
#[derive(Default)]
struct Known {
    keys: Option<(Arc<IssuerKeys>, Timestamp)>,
    asked: Option<Timestamp>,
}

type Slot = Arc<tokio::sync::Mutex<Known>>;

/// Keys of other issuers.
pub(crate) struct ForeignIssuers {
    connector: Connector,
    known: Mutex<LruCache<String, Slot>>,
}

/// What is read of an issuer's metadata (OpenID Connect Discovery 1.0 section 3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl ForeignIssuers {
    pub(crate) fn new(connector: Connector) -> Self {
        Self {
            connector,
            known: Mutex::new(LruCache::new(KEPT)),
        }
    }

    /// The issuer's keys, none if they cannot be read. They are read again when the key that
    /// is wanted is not among them, or when they are old.
    pub(crate) async fn keys(
        &self,
        wanted: ForeignIssuer,
        now: Timestamp,
    ) -> Option<Arc<IssuerKeys>> {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.get_or_insert(wanted.issuer.clone(), Slot::default))
        };
        let connector = self.connector.clone();
        // On a task of its own: a client that goes away must not cut the call off, as the
        // next one is not made for a while.
        let asked = tokio::spawn(async move {
            // Held over the call, so that many requests make one.
            let mut known = slot.lock().await;
            if known.needs_asking(&wanted.key_id, now) {
                known.asked = Some(now);
                match read(&connector, &wanted.issuer).await {
                    Ok(keys) => known.keys = Some((Arc::new(keys), now)),
                    Err(error) => {
                        tracing::warn!(issuer = %wanted.issuer, %error, "keys cannot be read");
                    }
                }
            }
            known.usable(now)
        });
        asked.await.ok().flatten()
    }
}

/// The keys that an issuer publishes: its metadata lie at an address that follows from its
/// name, and must be its own (OpenID Connect Discovery 1.0 section 4).
async fn read(connector: &Connector, issuer: &str) -> Result<IssuerKeys, ReadError> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let url = format!("{base}/.well-known/openid-configuration");
    let metadata: Metadata = serde_json::from_slice(&connector.document(&url).await?)?;
    if metadata.issuer != issuer {
        return Err(ReadError::OtherIssuer);
    }
    let keys = connector.document(&metadata.jwks_uri).await?;
    Ok(IssuerKeys::parse(&keys)?)
}

impl Known {
    fn needs_asking(&self, key_id: &str, now: Timestamp) -> bool {
        let since = |time: Timestamp| now.millis().saturating_sub(time.millis());
        let will_do = self
            .keys
            .as_ref()
            .is_some_and(|(keys, read)| keys.contains(key_id) && since(*read) < FRESH);
        !will_do && self.asked.is_none_or(|asked| since(asked) >= PAUSE)
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<IssuerKeys>> {
        let (keys, read) = self.keys.as_ref()?;
        let age = now.millis().saturating_sub(read.millis());
        (age < LAST_RESORT).then(|| Arc::clone(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_token::{JwkSet, SigningKey};

    #[test]
    fn keys_are_read_again_when_they_must_and_may() {
        let key = SigningKey::generate(1_790_000_000).unwrap();
        let set = JwkSet {
            keys: vec![key.jwk()],
        };
        let set = serde_json::to_vec(&set).unwrap();
        let keys = Arc::new(IssuerKeys::parse(&set).unwrap());
        let at = |read: Option<i64>, asked: Option<i64>| Known {
            keys: read.map(|read| (Arc::clone(&keys), Timestamp(read))),
            asked: asked.map(Timestamp),
        };
        for (known, key_id, now, asks, gives) in [
            (at(None, None), key.kid(), 0, true, false),
            (at(None, Some(0)), key.kid(), PAUSE - 1, false, false),
            (at(None, Some(0)), key.kid(), PAUSE, true, false),
            (at(Some(0), Some(0)), key.kid(), FRESH - 1, false, true),
            (at(Some(0), Some(0)), key.kid(), FRESH, true, true),
            (at(Some(0), Some(0)), "new", PAUSE - 1, false, true),
            (at(Some(0), Some(0)), "new", PAUSE, true, true),
            (at(Some(0), Some(FRESH)), key.kid(), FRESH + 1, false, true),
            (at(Some(0), Some(0)), key.kid(), LAST_RESORT, true, false),
        ] {
            let now = Timestamp(now);
            let seen = (known.needs_asking(key_id, now), known.usable(now).is_some());
            assert_eq!(seen, (asks, gives), "{key_id} {now:?}");
        }
    }
}
