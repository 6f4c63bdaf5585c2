//! Client secrets and the pepper they are hashed under.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::hmac;
use casbah_model::identity::{ClientSecret, Digest, PepperRecord};
use casbah_model::ids::{KeyId, ObjectId, TenantId};
use casbah_model::time::{DAY_MS, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::crypto::{SealContext, SealError, Vault};
use crate::random::{self, NoRandomness};

/// How long a secret is good when nobody says, days: two years.
const DEFAULT_DAYS: i64 = 730;

/// How many characters of a secret are kept to tell it from others.
const HINT_CHARACTERS: usize = 3;

/// A random key that secrets are hashed under. Stolen rows without it are worth
/// nothing, and it is itself sealed at rest.
struct Pepper {
    key: hmac::Key,
}

/// Every pepper in use; the newest hashes new secrets.
#[derive(Default)]
pub struct Peppers {
    by_version: BTreeMap<u32, Pepper>,
}

/// Why peppers cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PepperError {
    /// There is none.
    #[error("no pepper for client secrets")]
    None,
    /// One could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl Peppers {
    /// Opens the stored peppers.
    ///
    /// # Errors
    /// [`PepperError::Seal`] when one was sealed under another master key.
    pub fn open(vault: &Vault, records: &[PepperRecord]) -> Result<Self, PepperError> {
        let mut peppers = Self::default();
        for record in records {
            let bytes = vault.open(&context(record.version), &record.sealed)?;
            peppers.insert(record.version, &bytes);
        }
        Ok(peppers)
    }

    /// Makes the next pepper, to be stored; new secrets use it from now on.
    ///
    /// # Errors
    /// [`PepperError`]
    pub fn add(&mut self, vault: &Vault, now: Timestamp) -> Result<PepperRecord, PepperError> {
        let version = self.by_version.keys().last().map_or(1, |newest| newest + 1);
        let bytes = random::bytes::<32>()?;
        let sealed = vault.seal(&context(version), bytes.as_slice())?;
        self.insert(version, bytes.as_slice());
        Ok(PepperRecord {
            version,
            sealed,
            created: now,
        })
    }

    fn insert(&mut self, version: u32, bytes: &[u8]) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        self.by_version.insert(version, Pepper { key });
    }

    fn newest(&self) -> Option<(u32, &Pepper)> {
        self.by_version
            .iter()
            .next_back()
            .map(|(version, pepper)| (*version, pepper))
    }

    /// The hash of a text under the newest pepper.
    ///
    /// # Errors
    /// [`PepperError::None`]
    pub(crate) fn digest(&self, text: &SecretString) -> Result<Digest, PepperError> {
        let (_, pepper) = self.newest().ok_or(PepperError::None)?;
        Ok(pepper.hash(text))
    }

    /// Its hashes under all peppers, of which one may be stored.
    pub(crate) fn digests(&self, text: &SecretString) -> Vec<Digest> {
        let peppers = self.by_version.values();
        peppers.map(|pepper| pepper.hash(text)).collect()
    }

    /// Whether `secret` is the stored one, in constant time. A secret under a
    /// pepper that is no longer known never matches.
    pub fn matches(&self, secret: &SecretString, stored: &ClientSecret) -> bool {
        self.by_version
            .get(&stored.pepper_version)
            .is_some_and(|pepper| pepper.hash(secret) == stored.hash)
    }
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_version.keys()).finish()
    }
}

impl Pepper {
    fn hash(&self, secret: &SecretString) -> Digest {
        let tag = hmac::sign(&self.key, secret.expose_secret().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest::new(bytes)
    }
}

fn context(version: u32) -> SealContext {
    SealContext::server("pepper", version.to_string())
}

/// A secret that was just made: the only moment its text exists.
#[derive(Debug)]
pub struct NewClientSecret {
    /// The text, shown once.
    pub text: SecretString,
    /// What is kept.
    pub stored: ClientSecret,
}

/// What the caller of `addPassword` may choose.
#[derive(Debug, Clone, Default)]
pub struct SecretOptions {
    /// A name for people.
    pub display_name: Option<String>,
    /// From when it is good; from now on, when not said.
    pub start: Option<Timestamp>,
    /// Until when; two years after the start, when not said.
    pub end: Option<Timestamp>,
}

/// Makes a client secret: 40 characters of url-safe random, nearly 240 bits.
///
/// # Errors
/// [`PepperError`] when there is no pepper or no randomness.
pub fn new_client_secret(
    peppers: &Peppers,
    tenant: TenantId,
    application: ObjectId,
    options: SecretOptions,
    now: Timestamp,
) -> Result<NewClientSecret, PepperError> {
    let (pepper_version, pepper) = peppers.newest().ok_or(PepperError::None)?;
    let text = random_text()?;
    let start = options.start.unwrap_or(now);
    let end = options
        .end
        .unwrap_or_else(|| start.plus_millis(DEFAULT_DAYS * DAY_MS));
    let stored = ClientSecret {
        key_id: KeyId::random(),
        tenant,
        application,
        display_name: options.display_name,
        hint: text.expose_secret().chars().take(HINT_CHARACTERS).collect(),
        start,
        end,
        hash: pepper.hash(&text),
        pepper_version,
    };
    Ok(NewClientSecret { text, stored })
}

/// 30 bytes are 40 characters. A text that begins with `-` or `_` is thrown away:
/// command lines take a leading hyphen for an option.
fn random_text() -> Result<SecretString, NoRandomness> {
    loop {
        let text = Zeroizing::new(random::url_safe::<30>()?);
        if text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return Ok(text.as_str().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;

    fn peppers() -> (Vault, Peppers, PepperRecord) {
        let mut vault = Vault::new(MasterKey::generate().unwrap());
        vault.add_data_key(Timestamp(0)).unwrap();
        let mut peppers = Peppers::default();
        let record = peppers.add(&vault, Timestamp(0)).unwrap();
        (vault, peppers, record)
    }

    fn make(peppers: &Peppers, options: SecretOptions) -> NewClientSecret {
        new_client_secret(
            peppers,
            TenantId::random(),
            ObjectId::random(),
            options,
            Timestamp(1_000),
        )
        .unwrap()
    }

    #[test]
    fn a_secret_is_forty_url_safe_characters() {
        let (_, peppers, _) = peppers();
        for _ in 0..100 {
            let new = make(&peppers, SecretOptions::default());
            let text = new.text.expose_secret();
            assert_eq!(text.len(), 40);
            assert!(
                text.starts_with(|c: char| c.is_ascii_alphanumeric()),
                "{text}"
            );
            assert!(
                text.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            );
            assert_eq!(new.stored.hint, text[..3]);
        }
    }

    #[test]
    fn only_the_text_itself_matches() {
        let (_, peppers, _) = peppers();
        let new = make(&peppers, SecretOptions::default());
        let other = make(&peppers, SecretOptions::default());
        assert!(peppers.matches(&new.text, &new.stored));
        assert!(!peppers.matches(&other.text, &new.stored));
        assert!(!peppers.matches(&new.stored.key_id.to_string().into(), &new.stored));
        assert!(!peppers.matches(&"".into(), &new.stored));
    }

    #[test]
    fn dates_are_those_asked_for_or_two_years() {
        let (_, peppers, _) = peppers();
        let stored = make(&peppers, SecretOptions::default()).stored;
        assert_eq!((stored.start, stored.end.day()), (Timestamp(1_000), 730));
        let options = SecretOptions {
            start: Some(Timestamp(5)),
            end: Some(Timestamp(6)),
            ..SecretOptions::default()
        };
        let stored = make(&peppers, options).stored;
        assert_eq!((stored.start, stored.end), (Timestamp(5), Timestamp(6)));
    }

    #[test]
    fn secrets_outlive_a_new_pepper_and_a_restart() {
        let (vault, mut peppers, first) = peppers();
        let old = make(&peppers, SecretOptions::default());
        let second = peppers.add(&vault, Timestamp(0)).unwrap();
        let new = make(&peppers, SecretOptions::default());
        assert_eq!(
            (old.stored.pepper_version, new.stored.pepper_version),
            (1, 2)
        );

        let reopened = Peppers::open(&vault, &[first, second.clone()]).unwrap();
        assert!(reopened.matches(&old.text, &old.stored));
        assert!(reopened.matches(&new.text, &new.stored));
        let without_old = Peppers::open(&vault, &[second]).unwrap();
        assert!(!without_old.matches(&old.text, &old.stored));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (_, peppers, _) = peppers();
        let new = make(&peppers, SecretOptions::default());
        let printed = format!("{new:?} {peppers:?}");
        assert!(!printed.contains(new.text.expose_secret()), "{printed}");
    }
}
