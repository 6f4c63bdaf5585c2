//! The life of signing keys: made, published, signing, retired, gone.

use casbah_model::identity::SigningKeyRecord;
use casbah_model::time::{DAY_MS, Timestamp};
use casbah_token::{KeyError, SigningKey};

use crate::crypto::{SealContext, SealError, Vault};

/// Days that a key signs.
const SIGNING_DAYS: i64 = 30;
/// Days that a key is published before it signs: clients keep a key set for a
/// day and must not meet a key that it lacks.
const AHEAD_DAYS: i64 = 2;
/// Days that a key is published after it signed: longer than a token lives.
const AFTER_DAYS: i64 = 1;

/// A signing key could not be stored or read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// When a key does what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDates {
    /// It begins to sign.
    pub signs_from: Timestamp,
    /// It ceases to sign.
    pub signs_until: Timestamp,
    /// It is published no longer.
    pub published_until: Timestamp,
}

impl KeyDates {
    fn starting(signs_from: Timestamp) -> Self {
        let signs_until = signs_from.plus_millis(SIGNING_DAYS * DAY_MS);
        Self {
            signs_from,
            signs_until,
            published_until: signs_until.plus_millis(AFTER_DAYS * DAY_MS),
        }
    }
}

/// The dates of the key that must be made now; `None` while the present ones
/// suffice. Called on start and every hour, by one node at a time.
pub fn next_key(keys: &[SigningKeyRecord], now: Timestamp) -> Option<KeyDates> {
    let last_signs_until = keys.iter().map(|key| key.signs_until).max();
    match last_signs_until {
        None => Some(KeyDates::starting(now)),
        Some(until) if until <= now => Some(KeyDates::starting(now)),
        Some(until) if until.minus_days(AHEAD_DAYS) <= now => Some(KeyDates::starting(until)),
        Some(_) => None,
    }
}

/// The key that signs now.
pub fn signing_key(keys: &[SigningKeyRecord], now: Timestamp) -> Option<&SigningKeyRecord> {
    keys.iter()
        .filter(|key| key.signs_from <= now && now < key.signs_until)
        .max_by_key(|key| key.signs_from)
}

/// The keys that are published now, the newest first.
pub fn published_keys(keys: &[SigningKeyRecord], now: Timestamp) -> Vec<&SigningKeyRecord> {
    let mut published: Vec<_> = keys
        .iter()
        .filter(|key| now < key.published_until)
        .collect();
    published.sort_by_key(|key| std::cmp::Reverse(key.signs_from));
    published
}

/// Seals a key for the store.
///
/// # Errors
/// [`SigningKeyError`]
pub fn seal_key(
    vault: &Vault,
    key: &SigningKey,
    dates: KeyDates,
    now: Timestamp,
) -> Result<SigningKeyRecord, SigningKeyError> {
    let place = SealContext::server("signing_key", key.kid());
    Ok(SigningKeyRecord {
        kid: key.kid().to_owned(),
        certificate: key.certificate_der().to_vec(),
        private_key: vault.seal(&place, &key.to_pkcs8()?)?,
        created: now,
        signs_from: dates.signs_from,
        signs_until: dates.signs_until,
        published_until: dates.published_until,
    })
}

/// Reads a key back. Parsing takes long: keep the result.
///
/// # Errors
/// [`SigningKeyError`]
pub fn open_key(vault: &Vault, record: &SigningKeyRecord) -> Result<SigningKey, SigningKeyError> {
    let place = SealContext::server("signing_key", record.kid.clone());
    let pkcs8 = vault.open(&place, &record.private_key)?;
    Ok(SigningKey::from_pkcs8(&pkcs8, record.certificate.clone())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;
    use casbah_model::identity::Sealed;

    const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn day(days: i64) -> Timestamp {
        START.plus_millis(days * DAY_MS)
    }

    fn record(kid: &str, dates: KeyDates) -> SigningKeyRecord {
        SigningKeyRecord {
            kid: kid.into(),
            certificate: Vec::new(),
            private_key: Sealed::new(Vec::new()),
            created: START,
            signs_from: dates.signs_from,
            signs_until: dates.signs_until,
            published_until: dates.published_until,
        }
    }

    #[test]
    fn through_half_a_year_one_key_signs_and_every_token_can_be_checked() {
        let mut keys = Vec::new();
        for hour in 0..180 * 24 {
            let now = START.plus_millis(hour * 3_600_000);
            if let Some(dates) = next_key(&keys, now) {
                keys.push(record(&keys.len().to_string(), dates));
            }
            assert_eq!(next_key(&keys, now), None, "one key is enough");
            let signing = signing_key(&keys, now).expect("a key signs");
            let two_hours_later = now.plus_millis(7_200_000);
            assert!(
                published_keys(&keys, two_hours_later).contains(&signing),
                "hour {hour}"
            );
            assert!(published_keys(&keys, now).len() <= 2);
        }
        assert_eq!(keys.len(), 7);
        let (first, second) = (&keys[0], &keys[1]);
        assert_eq!(first.signs_until, second.signs_from);
    }

    #[test]
    fn a_server_that_slept_makes_a_key_at_once() {
        let keys = [record("old", KeyDates::starting(START))];
        let dates = next_key(&keys, day(100)).unwrap();
        assert_eq!(dates.signs_from, day(100));
        assert!(signing_key(&keys, day(100)).is_none());
        assert!(published_keys(&keys, day(100)).is_empty());
    }

    #[test]
    fn a_stored_key_is_read_back_under_its_own_name_only() {
        let mut vault = Vault::new(MasterKey::generate().unwrap());
        vault.add_data_key(START).unwrap();
        let key = SigningKey::generate(START.seconds()).unwrap();
        let dates = KeyDates::starting(START);
        let mut stored = seal_key(&vault, &key, dates, START).unwrap();
        assert_eq!(open_key(&vault, &stored).unwrap().kid(), key.kid());
        stored.kid = "another".into();
        assert_eq!(
            open_key(&vault, &stored).err(),
            Some(SigningKeyError::Seal(SealError::Tampered))
        );
    }
}
