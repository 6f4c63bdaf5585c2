//! Sign-in through a company's own provider (OpenID Connect).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Digest, Sealed};
use crate::ids::{ObjectId, TenantId};
use crate::time::Timestamp;

/// A provider through which people of a tenant sign in. The secret of the tenant's client
/// there is kept beside it, sealed, and is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// The provider's id.
    pub id: ObjectId,
    /// Whose people sign in through it.
    pub tenant: TenantId,
    /// The name that people read: "Sign in with …".
    pub display_name: String,
    /// `iss` of its tokens, letter by letter: an https address. It never changes, as the
    /// subjects of links are names that this issuer gave.
    pub issuer: String,
    /// The id of the tenant's client at the provider.
    pub client_id: String,
    /// The scopes that are asked for, `openid` among them.
    pub scopes: Vec<String>,
    /// The claim that says who a person is before the first sign-in.
    pub name_claim: NameClaim,
    /// The tenant's domains whose people must sign in here, in lower case.
    pub domains: Vec<String>,
    /// Whether a person whom the tenant does not know is created at the first sign-in.
    pub creates_people: bool,
    /// Whether anybody may sign in through it.
    pub enabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// The claim of an ID token that is compared with people's sign-in names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameClaim {
    /// `email`, which counts only with `email_verified`.
    #[default]
    Email,
    /// `preferred_username`
    PreferredUsername,
    /// `upn`, of Entra ID and AD FS.
    Upn,
}

/// A text is no claim that names people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim that names people is email, preferred_username or upn")]
pub struct ParseNameClaimError;

impl NameClaim {
    /// The claim's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PreferredUsername => "preferred_username",
            Self::Upn => "upn",
        }
    }
}

impl fmt::Display for NameClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NameClaim {
    type Err = ParseNameClaimError;

    fn from_str(text: &str) -> Result<Self, ParseNameClaimError> {
        let mut all = [Self::Email, Self::PreferredUsername, Self::Upn].into_iter();
        all.find(|one| one.name() == text)
            .ok_or(ParseNameClaimError)
    }
}

/// Whom a provider's subject means. It is made once and never matched anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLink {
    /// Whose person.
    pub tenant: TenantId,
    /// The provider.
    pub provider: ObjectId,
    /// `sub` of the provider's tokens.
    pub subject: String,
    /// The person.
    pub user: ObjectId,
    /// When it was made.
    pub created: Timestamp,
}

/// A sign-in that has gone to a provider and not come back yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSignIn {
    /// The provider's tenant.
    pub tenant: TenantId,
    /// SHA-256 of `state`.
    pub state: Digest,
    /// The provider.
    pub provider: ObjectId,
    /// SHA-256 of the cookie of the browser that began it.
    pub browser: Digest,
    /// SHA-256 of `nonce`.
    pub nonce: Digest,
    /// The verifier of the code (RFC 7636), sealed.
    pub verifier: Sealed,
    /// The address that the sign-in goes on at.
    pub return_to: SignInAddress,
    /// When it ends.
    pub expires: Timestamp,
}

/// The address of a sign-in, which carries the request that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInAddress {
    /// The name of the endpoint.
    pub entry: String,
    /// The tenant's segment of the path.
    pub segment: String,
    /// The query.
    pub query: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_as_they_are_written() {
        for text in ["email", "preferred_username", "upn"] {
            let claim: NameClaim = text.parse().unwrap();
            assert_eq!(claim.to_string(), text);
            assert_eq!(serde_json::to_value(claim).unwrap(), text);
        }
        for text in ["", "Email", "sub"] {
            assert_eq!(
                text.parse::<NameClaim>(),
                Err(ParseNameClaimError),
                "{text}"
            );
        }
    }
}
