//! A certificate by which an application proves itself.

use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::time::Timestamp;

/// A certificate of an application (`keyCredential`). Only the public half is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCredential {
    /// The credential's id.
    pub key_id: KeyId,
    /// What people called it; the certificate's subject, if nothing.
    pub display_name: String,
    /// From when it is good.
    pub start: Timestamp,
    /// Until when it is good: at most until the certificate ends.
    pub end: Timestamp,
    /// What people name it by on the wire, base64: its SHA-1 by default.
    pub custom_key_identifier: String,
    /// The certificate: base64 of its DER.
    pub certificate: String,
}
