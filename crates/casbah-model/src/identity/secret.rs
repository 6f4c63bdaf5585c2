//! A client secret, as it is kept.

use super::Digest;
use crate::ids::{KeyId, ObjectId, TenantId};
use crate::time::Timestamp;

/// A client secret of an application or of one tenant's service principal
/// (`passwordCredential`). The secret itself is not here: it was shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// The secret's id. People mistake it for the secret.
    pub key_id: KeyId,
    /// The tenant of the object that holds it.
    pub tenant: TenantId,
    /// The object that holds it: the application, whose secrets are good in every
    /// tenant, or a service principal, whose secrets are good in its own alone.
    pub application: ObjectId,
    /// What people called it.
    pub display_name: Option<String>,
    /// The first three characters, to tell secrets apart.
    pub hint: String,
    /// From when it is good.
    pub start: Timestamp,
    /// Until when it is good.
    pub end: Timestamp,
    /// HMAC-SHA-256 of the secret under the pepper.
    pub hash: Digest,
    /// Which pepper.
    pub pepper_version: u32,
}
