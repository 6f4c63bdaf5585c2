//! The data keys, opened, and what is done with them.

use std::collections::BTreeMap;
use std::fmt;

use casbah_model::identity::{DataKeyRecord, Sealed};
use casbah_model::time::Timestamp;
use zeroize::Zeroizing;

use super::master_key::MasterKey;
use super::seal::{self, SealContext, SealError};
use crate::random;

/// Data keys could not be sealed under another master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealing the data keys again failed")]
pub struct RewrapError(#[from] SealError);

/// Seals and opens secrets that are kept in the database.
pub struct Vault {
    master: MasterKey,
    data_keys: BTreeMap<u32, Zeroizing<[u8; 32]>>,
}

impl Vault {
    /// A vault without data keys: call [`Vault::add_data_key`] before sealing.
    pub const fn new(master: MasterKey) -> Self {
        Self {
            master,
            data_keys: BTreeMap::new(),
        }
    }

    /// Opens the stored data keys.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] when one was sealed under another master key.
    pub fn open_with(master: MasterKey, records: &[DataKeyRecord]) -> Result<Self, SealError> {
        let mut vault = Self::new(master);
        for record in records {
            let number = seal::key_number(&record.wrapped)?;
            if number != vault.master.id() {
                return Err(SealError::UnknownKey { key: number });
            }
            let opened = seal::open(
                vault.master.expose(),
                &place(record.version),
                &record.wrapped,
            )?;
            let bytes = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| SealError::Form)?;
            vault
                .data_keys
                .insert(record.version, Zeroizing::new(bytes));
        }
        Ok(vault)
    }

    /// Makes the next data key, to be stored; it seals from now on.
    ///
    /// # Errors
    /// [`SealError::Cipher`] without randomness.
    pub fn add_data_key(&mut self, now: Timestamp) -> Result<DataKeyRecord, SealError> {
        let version = self.data_keys.keys().last().map_or(1, |newest| newest + 1);
        let bytes = random::bytes::<32>().map_err(|_| SealError::Cipher)?;
        let record = wrap(&self.master, version, &bytes, now)?;
        self.data_keys.insert(version, bytes);
        Ok(record)
    }

    /// Whether there is a key to seal with.
    pub fn has_data_key(&self) -> bool {
        !self.data_keys.is_empty()
    }

    /// Seals a value under the newest data key.
    ///
    /// # Errors
    /// [`SealError::NoKey`] when there is none.
    pub fn seal(&self, place: &SealContext, plain: &[u8]) -> Result<Sealed, SealError> {
        let (version, key) = self.data_keys.iter().next_back().ok_or(SealError::NoKey)?;
        seal::seal(key, *version, place, plain)
    }

    /// Opens a value sealed in the same place, under whichever data key.
    ///
    /// # Errors
    /// [`SealError`] when the value was changed, moved, or its key is not here.
    pub fn open(
        &self,
        place: &SealContext,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let version = seal::key_number(sealed)?;
        let key = self
            .data_keys
            .get(&version)
            .ok_or(SealError::UnknownKey { key: version })?;
        seal::open(key, place, sealed)
    }

    /// Every data key sealed under another master key, to be stored in place of
    /// the present records in one transaction.
    ///
    /// # Errors
    /// [`RewrapError`]
    pub fn rewrap(
        &self,
        new_master: &MasterKey,
        now: Timestamp,
    ) -> Result<Vec<DataKeyRecord>, RewrapError> {
        self.data_keys
            .iter()
            .map(|(version, key)| Ok(wrap(new_master, *version, key, now)?))
            .collect()
    }
}

/// Seals a data key under a master key.
fn wrap(
    master: &MasterKey,
    version: u32,
    key: &[u8; 32],
    created: Timestamp,
) -> Result<DataKeyRecord, SealError> {
    let wrapped = seal::seal(master.expose(), master.id(), &place(version), key)?;
    Ok(DataKeyRecord {
        version,
        wrapped,
        created,
    })
}

fn place(version: u32) -> SealContext {
    SealContext::server("data_key", version.to_string())
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("master", &self.master)
            .field("data_keys", &self.data_keys.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> SealContext {
        SealContext::server("pepper", "1")
    }

    #[test]
    fn a_value_outlives_new_data_keys_and_a_restart() {
        let master = MasterKey::generate().unwrap();
        let mut vault = Vault::new(master.clone());
        assert_eq!(vault.seal(&place(), b"x"), Err(SealError::NoKey));
        let first = vault.add_data_key(Timestamp(0)).unwrap();
        let sealed = vault.seal(&place(), b"secret").unwrap();
        let second = vault.add_data_key(Timestamp(1)).unwrap();

        let reopened = Vault::open_with(master.clone(), &[first, second.clone()]).unwrap();
        assert_eq!(
            reopened.open(&place(), &sealed).unwrap().as_slice(),
            b"secret"
        );
        let partial = Vault::open_with(master, &[second]).unwrap();
        assert_eq!(
            partial.open(&place(), &sealed).err(),
            Some(SealError::UnknownKey { key: 1 })
        );
    }

    #[test]
    fn another_master_key_is_named_as_such() {
        let master = MasterKey::generate().unwrap();
        let id = master.id();
        let record = Vault::new(master).add_data_key(Timestamp(0)).unwrap();
        let other = MasterKey::generate().unwrap();
        assert_eq!(
            Vault::open_with(other, &[record]).err(),
            Some(SealError::UnknownKey { key: id })
        );
    }

    #[test]
    fn values_stay_readable_under_a_new_master_key() {
        let mut vault = Vault::new(MasterKey::generate().unwrap());
        vault.add_data_key(Timestamp(0)).unwrap();
        let sealed = vault.seal(&place(), b"secret").unwrap();
        let new_master = MasterKey::generate().unwrap();
        let records = vault.rewrap(&new_master, Timestamp(1)).unwrap();
        let rewrapped = Vault::open_with(new_master, &records).unwrap();
        assert_eq!(
            rewrapped.open(&place(), &sealed).unwrap().as_slice(),
            b"secret"
        );
    }
}
