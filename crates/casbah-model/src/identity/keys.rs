//! Keys of the server itself, as they are kept: sealed.

use super::Sealed;
use crate::time::Timestamp;

/// A key that signs tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// The key's name, thumbprint of the certificate.
    pub kid: String,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The private key, PKCS#8, sealed.
    pub private_key: Sealed,
    /// When it was made; it is published from then on.
    pub created: Timestamp,
    /// When it begins to sign: later than published, so that no client meets a
    /// key that its cached key set lacks.
    pub signs_from: Timestamp,
    /// When it ceases to sign.
    pub signs_until: Timestamp,
    /// When it is no longer published: the last token it signed has ended.
    pub published_until: Timestamp,
}

impl SigningKeyRecord {
    /// Whether it signs at this time.
    pub fn signs_at(&self, now: Timestamp) -> bool {
        self.signs_from <= now && now < self.signs_until
    }

    /// Whether it is published at this time, having been made before.
    pub fn is_published_at(&self, now: Timestamp) -> bool {
        now < self.published_until
    }
}

/// A key that seals other secrets, itself sealed by the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKeyRecord {
    /// Number of the data key, named in the header of what it sealed.
    pub version: u32,
    /// The data key, sealed by the master key.
    pub wrapped: Sealed,
    /// When it was made. The newest seals, the older ones only open.
    pub created: Timestamp,
}

/// The pepper of client secrets, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PepperRecord {
    /// Number of the pepper, kept beside each hash made with it.
    pub version: u32,
    /// The pepper, sealed by a data key.
    pub sealed: Sealed,
    /// When it was made. The newest hashes new secrets.
    pub created: Timestamp,
}
