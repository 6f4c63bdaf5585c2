//! The life of signing keys: made, published, signing, retired, gone.

use std::fmt;
use std::str::FromStr;

use casbah_model::identity::SigningKeyRecord;
use casbah_model::time::{DAY_MS, Timestamp};
use casbah_token::{KeyError, SigningKey};

use crate::crypto::{SealContext, SealError, Vault};

/// How many days a key signs before the next takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningDays(u16);

impl SigningDays {
    /// The least: the next key is published [`AHEAD_DAYS`] before, and no more than two
    /// keys at once are to be read by clients.
    pub const MIN: u16 = 4;
    /// The most: a key's certificate, made with it, is valid for five years.
    pub const MAX: u16 = 3 * 365;

    /// A number of days.
    ///
    /// # Errors
    /// [`SigningDaysError`]
    pub const fn new(days: u16) -> Result<Self, SigningDaysError> {
        if days < Self::MIN || days > Self::MAX {
            Err(SigningDaysError)
        } else {
            Ok(Self(days))
        }
    }
}

/// A number of days that no key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key signs for {} to {} days", SigningDays::MIN, SigningDays::MAX)]
pub struct SigningDaysError;

impl FromStr for SigningDays {
    type Err = SigningDaysError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text.parse().map_err(|_| SigningDaysError)?)
    }
}

impl fmt::Display for SigningDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for SigningDays {
    fn default() -> Self {
        Self(30)
    }
}

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
    fn starting(signs_from: Timestamp, days: SigningDays) -> Self {
        let signs_until = signs_from.plus_millis(i64::from(days.0) * DAY_MS);
        Self {
            signs_from,
            signs_until,
            published_until: signs_until.plus_millis(AFTER_DAYS * DAY_MS),
        }
    }
}

/// The dates of the key that must be made now; `None` while the present ones
/// suffice. Called on start and every few seconds; of several nodes the store lets
/// one succeed.
pub fn next_key(keys: &[SigningKeyRecord], now: Timestamp, days: SigningDays) -> Option<KeyDates> {
    match last_signs_until(keys) {
        None => Some(KeyDates::starting(now, days)),
        Some(until) if until <= now => Some(KeyDates::starting(now, days)),
        Some(until) if until.minus_days(AHEAD_DAYS) <= now => Some(KeyDates::starting(until, days)),
        Some(_) => None,
    }
}

/// When the last of these keys ceases to sign.
pub fn last_signs_until(keys: &[SigningKeyRecord]) -> Option<Timestamp> {
    keys.iter().map(|key| key.signs_until).max()
}

/// How the next key takes the place of the present ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It is published now and signs when every cached key set has it; the present ones
    /// sign until then and are published until their last token has ended. Nothing breaks.
    Overlapping,
    /// It signs now and the present ones are gone, because somebody else may have them.
    /// Every token issued so far ends, and whoever keeps a key set refuses new tokens,
    /// and believes forged ones, until it is read again.
    AtOnce,
}

/// From when on no older key does what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retirement {
    /// None signs any more.
    pub signs_until: Timestamp,
    /// None is published any more.
    pub published_until: Timestamp,
}

impl Rotation {
    /// The new key's dates and the older ones' end.
    pub fn dates(self, now: Timestamp, days: SigningDays) -> (KeyDates, Retirement) {
        match self {
            Self::Overlapping => {
                let change = now.plus_millis(AHEAD_DAYS * DAY_MS);
                let retirement = Retirement {
                    signs_until: change,
                    published_until: change.plus_millis(AFTER_DAYS * DAY_MS),
                };
                (KeyDates::starting(change, days), retirement)
            }
            Self::AtOnce => {
                let retirement = Retirement {
                    signs_until: now,
                    published_until: now,
                };
                (KeyDates::starting(now, days), retirement)
            }
        }
    }
}

/// The key that signs now.
pub fn signing_key(keys: &[SigningKeyRecord], now: Timestamp) -> Option<&SigningKeyRecord> {
    keys.iter()
        .filter(|key| key.signs_at(now))
        .max_by_key(|key| key.signs_from)
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

    fn published_keys(keys: &[SigningKeyRecord], now: Timestamp) -> Vec<&SigningKeyRecord> {
        keys.iter().filter(|key| key.is_published_at(now)).collect()
    }

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
            if let Some(dates) = next_key(&keys, now, SigningDays::default()) {
                keys.push(record(&keys.len().to_string(), dates));
            }
            assert_eq!(
                next_key(&keys, now, SigningDays::default()),
                None,
                "one key is enough"
            );
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
    fn a_key_signs_as_long_as_it_is_told() {
        let days = SigningDays::new(90).unwrap();
        let first = next_key(&[], START, days).unwrap();
        assert_eq!(first.signs_until, day(90));
        let keys = [record("a", first)];
        assert_eq!(next_key(&keys, day(87), days), None);
        let second = next_key(&keys, day(88), days).unwrap();
        assert_eq!((second.signs_from, second.signs_until), (day(90), day(180)));
        for days in [0, 3, 1_096, u16::MAX] {
            assert_eq!(SigningDays::new(days), Err(SigningDaysError));
        }
    }

    /// As the store does it.
    fn rotate(keys: &mut Vec<SigningKeyRecord>, how: Rotation, now: Timestamp) {
        let (dates, retirement) = how.dates(now, SigningDays::default());
        for key in &mut *keys {
            key.signs_until = key.signs_until.min(retirement.signs_until);
            key.published_until = key.published_until.min(retirement.published_until);
        }
        keys.push(record(&keys.len().to_string(), dates));
    }

    #[test]
    fn a_verifier_that_keeps_a_key_set_for_a_day_sees_no_rotation() {
        // On day 29 the next key is published already.
        for rotated_on in [10, 29] {
            let mut keys = Vec::new();
            let mut cached: Vec<String> = Vec::new();
            for hour in 0..60 * 24 {
                let now = START.plus_millis(hour * 3_600_000);
                if let Some(dates) = next_key(&keys, now, SigningDays::default()) {
                    keys.push(record(&keys.len().to_string(), dates));
                }
                if hour == rotated_on * 24 + 5 {
                    rotate(&mut keys, Rotation::Overlapping, now);
                    assert_eq!(next_key(&keys, now, SigningDays::default()), None);
                }
                if hour % 24 == 0 {
                    let published = published_keys(&keys, now);
                    cached = published.iter().map(|key| key.kid.clone()).collect();
                }
                let an_hour_ago = START.plus_millis((hour - 1).max(0) * 3_600_000);
                for signed in [an_hour_ago, now] {
                    let signer = signing_key(&keys, signed).expect("a key signs");
                    assert!(cached.contains(&signer.kid), "hour {hour}");
                    assert!(published_keys(&keys, now).contains(&signer), "hour {hour}");
                }
            }
        }
    }

    #[test]
    fn a_compromised_key_is_gone_at_once() {
        let mut keys = vec![record(
            "bad",
            KeyDates::starting(START, SigningDays::default()),
        )];
        rotate(&mut keys, Rotation::AtOnce, day(3));
        let published = published_keys(&keys, day(3));
        assert_eq!(published.len(), 1);
        assert_ne!(published[0].kid, "bad");
        assert_eq!(signing_key(&keys, day(3)), Some(published[0]));
    }

    #[test]
    fn a_server_that_slept_makes_a_key_at_once() {
        let keys = [record(
            "old",
            KeyDates::starting(START, SigningDays::default()),
        )];
        let dates = next_key(&keys, day(100), SigningDays::default()).unwrap();
        assert_eq!(dates.signs_from, day(100));
        assert!(signing_key(&keys, day(100)).is_none());
        assert!(published_keys(&keys, day(100)).is_empty());
    }

    #[test]
    fn a_stored_key_is_read_back_under_its_own_name_only() {
        let mut vault = Vault::new(MasterKey::generate().unwrap());
        vault.add_data_key(START).unwrap();
        let key = SigningKey::generate(START.seconds()).unwrap();
        let dates = KeyDates::starting(START, SigningDays::default());
        let mut stored = seal_key(&vault, &key, dates, START).unwrap();
        assert_eq!(open_key(&vault, &stored).unwrap().kid(), key.kid());
        stored.kid = "another".into();
        assert_eq!(
            open_key(&vault, &stored).err(),
            Some(SigningKeyError::Seal(SealError::Tampered))
        );
    }
}
