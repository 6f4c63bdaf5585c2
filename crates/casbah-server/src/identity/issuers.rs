//! Metadata and keys of other issuers, read when a token or a sign-in needs them and kept for
//! a while.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use casbah_connect::{Answer, ConnectError, Connector};
use casbah_identity::identity_provider::ProviderMetadata;
use casbah_identity::proof::ForeignIssuer;
use casbah_model::time::{DAY_MS, Timestamp};
use casbah_token::{IssuerKeys, JwkError};
use lru::LruCache;

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

/// An issuer's metadata or keys could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
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

/// What an issuer publishes.
#[derive(Debug)]
pub(crate) struct Published {
    /// Its metadata.
    pub(crate) metadata: ProviderMetadata,
    /// Its keys.
    pub(crate) keys: Arc<IssuerKeys>,
}

/// What is known of an issuer.
#[derive(Default)]
struct Known {
    published: Option<(Arc<Published>, Timestamp)>,
    asked: Option<Timestamp>,
}

type Slot = Arc<tokio::sync::Mutex<Known>>;

/// Keys of other issuers.
pub(crate) struct ForeignIssuers {
    connector: Connector,
    known: Mutex<LruCache<String, Slot>>,
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
        let published = self.get(wanted.issuer, Some(wanted.key_id), now).await?;
        Some(Arc::clone(&published.keys))
    }

    /// What an issuer publishes, none if it cannot be read.
    pub(crate) async fn published(&self, issuer: &str, now: Timestamp) -> Option<Arc<Published>> {
        self.get(issuer.to_owned(), None, now).await
    }

    /// What an issuer publishes at this moment.
    ///
    /// # Errors
    /// [`ReadError`]
    pub(crate) async fn read(&self, issuer: &str) -> Result<Published, ReadError> {
        read(&self.connector, issuer).await
    }

    /// Sends a form to another service.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub(crate) async fn submit(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<Answer, ConnectError> {
        self.connector.submit(url, fields, basic).await
    }

    /// A document of another service that is given to who has this token.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub(crate) async fn document_for(
        &self,
        url: &str,
        token: &str,
    ) -> Result<Vec<u8>, ConnectError> {
        self.connector.document_for(url, token).await
    }

    async fn get(
        &self,
        issuer: String,
        key_id: Option<String>,
        now: Timestamp,
    ) -> Option<Arc<Published>> {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.get_or_insert(issuer.clone(), Slot::default))
        };
        let connector = self.connector.clone();
        // On a task of its own: a client that goes away must not cut the call off, as the
        // next one is not made for a while.
        let asked = tokio::spawn(async move {
            // Held over the call, so that many requests make one.
            let mut known = slot.lock().await;
            if known.needs_asking(key_id.as_deref(), now) {
                known.asked = Some(now);
                match read(&connector, &issuer).await {
                    Ok(published) => known.published = Some((Arc::new(published), now)),
                    Err(error) => {
                        tracing::warn!(%issuer, %error, "an issuer cannot be read");
                    }
                }
            }
            known.usable(now)
        });
        asked.await.ok().flatten()
    }
}

/// What an issuer publishes: its metadata lie at an address that follows from its
/// name, and must be its own (OpenID Connect Discovery 1.0 section 4).
async fn read(connector: &Connector, issuer: &str) -> Result<Published, ReadError> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let url = format!("{base}/.well-known/openid-configuration");
    let metadata: ProviderMetadata = serde_json::from_slice(&connector.document(&url).await?)?;
    if metadata.issuer != issuer {
        return Err(ReadError::OtherIssuer);
    }
    let keys = connector.document(&metadata.jwks_uri).await?;
    let keys = Arc::new(IssuerKeys::parse(&keys)?);
    Ok(Published { metadata, keys })
}

impl Known {
    fn needs_asking(&self, key_id: Option<&str>, now: Timestamp) -> bool {
        let since = |time: Timestamp| now.millis().saturating_sub(time.millis());
        let will_do = self.published.as_ref().is_some_and(|(published, read)| {
            key_id.is_none_or(|key_id| published.keys.contains(key_id)) && since(*read) < FRESH
        });
        !will_do && self.asked.is_none_or(|asked| since(asked) >= PAUSE)
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<Published>> {
        let (published, read) = self.published.as_ref()?;
        let age = now.millis().saturating_sub(read.millis());
        (age < LAST_RESORT).then(|| Arc::clone(published))
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
        let metadata = r#"{"issuer": "https://a.example", "jwks_uri": ""}"#;
        let published = Arc::new(Published {
            metadata: serde_json::from_str(metadata).unwrap(),
            keys: Arc::new(IssuerKeys::parse(&set).unwrap()),
        });
        let at = |read: Option<i64>, asked: Option<i64>| Known {
            published: read.map(|read| (Arc::clone(&published), Timestamp(read))),
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
            let seen = (
                known.needs_asking(Some(key_id), now),
                known.usable(now).is_some(),
            );
            assert_eq!(seen, (asks, gives), "{key_id} {now:?}");
        }
    }
}
