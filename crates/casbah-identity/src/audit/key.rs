//! The key of an installation's audit.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use casbah_model::audit::{AuditKeyRecord, AuditLink, AuditRecord, AuditSealer, ChainEnd};
use casbah_model::identity::Digest;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;

use super::canonical::{link_bytes, manifest, record_bytes, sha256};
use crate::crypto::{SealContext, SealError, Vault};
use crate::random;

/// What the key of marks is made from besides the seed, so that a mark is no signature.
const MARKS: &[u8] = b"casbah.audit.mark.1";

/// The audit's key cannot be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditKeyError {
    /// Its sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What was sealed is no key.
    #[error("not the seed of an Ed25519 key")]
    Form,
}

/// Signs links and marks records that wait for one.
pub struct AuditKey {
    version: u32,
    pair: Ed25519KeyPair,
    marks: hmac::Key,
}

impl AuditKey {
    /// A new key, and its record to be stored.
    ///
    /// # Errors
    /// [`AuditKeyError`] without randomness or without a data key.
    pub fn generate(
        vault: &Vault,
        version: u32,
        now: Timestamp,
    ) -> Result<(Self, AuditKeyRecord), AuditKeyError> {
        let seed = random::bytes::<32>().map_err(|_| SealError::Cipher)?;
        let record = AuditKeyRecord {
            version,
            sealed: vault.seal(&place(version), seed.as_slice())?,
            created: now,
        };
        Ok((Self::from_seed(version, seed.as_slice())?, record))
    }

    /// The key of a stored record.
    ///
    /// # Errors
    /// [`AuditKeyError`]
    pub fn open(vault: &Vault, record: &AuditKeyRecord) -> Result<Self, AuditKeyError> {
        let seed = vault.open(&place(record.version), &record.sealed)?;
        Self::from_seed(record.version, &seed)
    }

    fn from_seed(version: u32, seed: &[u8]) -> Result<Self, AuditKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| AuditKeyError::Form)?;
        let root = hmac::Key::new(hmac::HMAC_SHA256, seed);
        let marks = hmac::sign(&root, MARKS);
        Ok(Self {
            version,
            pair,
            marks: hmac::Key::new(hmac::HMAC_SHA256, marks.as_ref()),
        })
    }

    /// The number of the key.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Whether this key signed the link, and the link's digest is its own.
    pub(super) fn signed(&self, chain: &ChainEnd, link: &AuditLink) -> bool {
        let bytes = link_bytes(chain, link);
        let key = UnparsedPublicKey::new(&ED25519, self.public_key());
        link.key == self.version
            && link.link == sha256(&bytes)
            && key.verify(&bytes, &link.signature).is_ok()
    }
}

impl AuditSealer for AuditKey {
    fn mark(&self, tenant: TenantId, id: KeyId, record: &AuditRecord) -> Digest {
        let mark = hmac::sign(&self.marks, &record_bytes(tenant, id, record));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(mark.as_ref());
        Digest::new(bytes)
    }

    fn link(
        &self,
        after: &ChainEnd,
        records: &[(KeyId, AuditRecord)],
        now: Timestamp,
    ) -> AuditLink {
        let mut link = AuditLink {
            sequence: after.sequence + 1,
            previous: after.link,
            created: now,
            manifest: manifest(after.tenant, records),
            key: self.version,
            link: Digest::new([0; 32]),
            signature: Vec::new(),
        };
        let bytes = link_bytes(after, &link);
        link.link = sha256(&bytes);
        link.signature = self.pair.sign(&bytes).as_ref().to_vec();
        link
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditKey")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

fn place(version: u32) -> SealContext {
    SealContext::server("audit_key", version.to_string())
}
