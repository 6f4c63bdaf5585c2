//! Trust in another issuer's tokens.

use serde::{Deserialize, Serialize};

use crate::ids::KeyId;

/// Tokens of another issuer that prove an application (`federatedIdentityCredential`). All
/// three claims are compared with case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedCredential {
    /// The credential's id.
    pub id: KeyId,
    /// A name, unique in the application, that never changes.
    pub name: String,
    /// `iss` of the tokens.
    pub issuer: String,
    /// `sub` of the tokens.
    pub subject: String,
    /// `aud` of the tokens.
    pub audience: String,
    /// What it is for.
    pub description: Option<String>,
}
