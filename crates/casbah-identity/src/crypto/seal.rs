//! One sealed value: AES-256-GCM (NIST SP 800-38D) with a header.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use casbah_model::identity::Sealed;
use casbah_model::ids::TenantId;
use zeroize::Zeroizing;

/// The form of what follows; the first byte of every sealed value.
const FORM: u8 = 1;
/// Form, key number, nonce.
const HEADER_LEN: usize = 1 + 4 + NONCE_LEN;

/// Why a value was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are not of a form that is known.
    #[error("not a sealed value")]
    Form,
    /// Sealed under a key that is not at hand.
    #[error("sealed under key {key:08x}, which is not at hand")]
    UnknownKey {
        /// The key's number.
        key: u32,
    },
    /// The bytes were changed, or belong to another row.
    #[error("sealed value was changed or moved")]
    Tampered,
    /// There is no key to seal with.
    #[error("no key to seal with")]
    NoKey,
    /// The cipher or the randomness failed.
    #[error("sealing failed")]
    Cipher,
}

/// Where a value belongs. It is authenticated with the value, so that a value
/// copied to another row, table or tenant does not open there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext {
    tenant: Option<TenantId>,
    table: &'static str,
    row: String,
}

impl SealContext {
    /// A value in a tenant's row.
    pub fn tenant(tenant: TenantId, table: &'static str, row: impl Into<String>) -> Self {
        Self {
            tenant: Some(tenant),
            table,
            row: row.into(),
        }
    }

    /// A value of the server itself.
    pub fn server(table: &'static str, row: impl Into<String>) -> Self {
        Self {
            tenant: None,
            table,
            row: row.into(),
        }
    }

    /// One text for each place: every part is preceded by its length.
    fn aad(&self) -> Vec<u8> {
        let tenant = self
            .tenant
            .map(|tenant| tenant.to_string())
            .unwrap_or_default();
        let mut aad = Vec::new();
        for part in [tenant.as_str(), self.table, &self.row] {
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part.as_bytes());
        }
        aad
    }
}

/// Seals `plain` under `key`, whose number goes into the header.
pub(super) fn seal(
    key: &[u8; 32],
    number: u32,
    context: &SealContext,
    plain: &[u8],
) -> Result<Sealed, SealError> {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| SealError::Cipher)?;
    let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + 16);
    sealed.push(FORM);
    sealed.extend_from_slice(&number.to_be_bytes());
    sealed.extend_from_slice(&nonce);
    let mut body = plain.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context.aad()),
            &mut body,
        )
        .map_err(|_| SealError::Cipher)?;
    sealed.extend_from_slice(&body);
    Ok(Sealed::new(sealed))
}

/// The number of the key that a value was sealed under.
pub(super) fn key_number(sealed: &Sealed) -> Result<u32, SealError> {
    let bytes = sealed.as_bytes();
    match bytes {
        [FORM, a, b, c, d, ..] if bytes.len() > HEADER_LEN => {
            Ok(u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => Err(SealError::Form),
    }
}

/// Opens a value that was sealed under `key` in the same place.
pub(super) fn open(
    key: &[u8; 32],
    context: &SealContext,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    key_number(sealed)?;
    let (header, body) = sealed.as_bytes().split_at(HEADER_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&header[5..]).map_err(|_| SealError::Form)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(context.aad()), &mut body)
        .map_err(|_| SealError::Tampered)?
        .len();
    body.truncate(length);
    Ok(body)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| SealError::Cipher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn place() -> SealContext {
        SealContext::server("signing_key", "kid")
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let tenant = TenantId::random();
        let places = [
            place(),
            SealContext::server("signing_key", "other"),
            SealContext::server("signing_ke", "ykid"),
            SealContext::tenant(tenant, "signing_key", "kid"),
            SealContext::tenant(TenantId::random(), "signing_key", "kid"),
        ];
        for sealed_in in &places {
            let sealed = seal(&KEY, 3, sealed_in, b"secret").unwrap();
            assert_eq!(key_number(&sealed), Ok(3));
            for opened_in in &places {
                let opened = open(&KEY, opened_in, &sealed);
                if sealed_in == opened_in {
                    assert_eq!(opened.unwrap().as_slice(), b"secret");
                } else {
                    assert_eq!(opened.err(), Some(SealError::Tampered));
                }
            }
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let sealed = seal(&KEY, 3, &place(), b"secret").unwrap();
        for index in 5..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            assert!(
                open(&KEY, &place(), &Sealed::new(bytes)).is_err(),
                "{index}"
            );
        }
        assert_eq!(
            open(&[8; 32], &place(), &sealed).err(),
            Some(SealError::Tampered)
        );
    }

    #[test]
    fn the_same_value_never_looks_the_same() {
        let once = seal(&KEY, 3, &place(), b"secret").unwrap();
        assert_ne!(once, seal(&KEY, 3, &place(), b"secret").unwrap());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            prop_assert!(open(&KEY, &place(), &Sealed::new(bytes)).is_err());
        }

        #[test]
        fn every_value_opens_again(plain: Vec<u8>) {
            let sealed = seal(&KEY, 1, &place(), &plain).unwrap();
            prop_assert_eq!(open(&KEY, &place(), &sealed).unwrap().to_vec(), plain);
        }
    }
}
