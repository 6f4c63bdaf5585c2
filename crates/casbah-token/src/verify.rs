//! The one check of a token, for the resource and for the client.
//!
//! The order is that of RFC 8725 (JWT best current practices): form, algorithm,
//! key, signature, and only then what the token says.

use aws_lc_rs::error::Unspecified;

use crate::algorithm::Algorithm;
use crate::claims::{ClaimError, Claims};
use crate::compact::{Compact, FormatError};
use crate::issuer::IssuerPattern;
use crate::keyring::KeyRing;

/// Why a token is not believed; one variant for each cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The text is no token.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// `alg` is absent, neither `RS256` nor `ES256`, or not that of the key (RFC 8725 3.1
    /// and 3.2).
    #[error("algorithm is neither RS256 nor ES256, or not that of the key")]
    Algorithm,
    /// `typ` says that this is something else than an access or ID token.
    #[error("header typ is not that of a token")]
    Type,
    /// The header has `crit`; no extension is understood (RFC 7515 4.1.11).
    #[error("header has critical extensions")]
    Critical,
    /// The header names no key.
    #[error("header names no key")]
    NoKeyId,
    /// No key of this name is trusted. Reading the issuer's key set again may help.
    #[error("no trusted key is named {kid:?}")]
    UnknownKey {
        /// The name in the header.
        kid: String,
    },
    /// The signature is not that key's over these bytes.
    #[error("signature is wrong")]
    Signature,
    /// A claim is missing or not of its type.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// `exp` has passed.
    #[error("token expired at {expired_at}")]
    Expired {
        /// `exp`, Unix seconds.
        expired_at: i64,
    },
    /// `nbf` has not come.
    #[error("token is not valid before {not_before}")]
    NotYetValid {
        /// `nbf`, Unix seconds.
        not_before: i64,
    },
    /// `iss` is none of the trusted issuers for the token's `tid`.
    #[error("issuer is not trusted")]
    Issuer,
    /// `tid` is not the tenant that was asked for.
    #[error("token is of another tenant")]
    Tenant,
    /// `aud` is someone else.
    #[error("token is for another audience")]
    Audience,
}

/// How far two clocks may be apart, seconds; at most five minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway(u16);

impl Leeway {
    /// The most that is ever allowed.
    pub const MAX: Self = Self(300);

    /// `seconds`, cut to [`Leeway::MAX`].
    pub const fn seconds(seconds: u16) -> Self {
        if seconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(seconds)
        }
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Self::MAX
    }
}

/// What a reader expects of a token.
#[derive(Debug, Clone)]
pub struct Policy {
    issuers: Vec<IssuerPattern>,
    audiences: Vec<String>,
    tenant: Option<String>,
    leeway: Leeway,
}

impl Policy {
    /// Tokens of any tenant of `issuers` for any of `audiences`: the reader's own
    /// appId and identifier URIs. With an empty list nothing is accepted.
    pub fn new(issuers: Vec<IssuerPattern>, audiences: Vec<String>) -> Self {
        Self {
            issuers,
            audiences,
            tenant: None,
            leeway: Leeway::default(),
        }
    }

    /// Tokens of this tenant only.
    #[must_use]
    pub fn for_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Another tolerance for clocks than five minutes.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }

    fn check(&self, claims: &Claims, now: i64) -> Result<(), VerifyError> {
        let leeway = i64::from(self.leeway.0);
        if now.saturating_sub(leeway) >= claims.expires_at {
            return Err(VerifyError::Expired {
                expired_at: claims.expires_at,
            });
        }
        if let Some(not_before) = claims.not_before
            && now.saturating_add(leeway) < not_before
        {
            return Err(VerifyError::NotYetValid { not_before });
        }
        let trusted = |pattern: &IssuerPattern| pattern.matches(&claims.issuer, &claims.tenant);
        if !self.issuers.iter().any(trusted) {
            return Err(VerifyError::Issuer);
        }
        if self
            .tenant
            .as_ref()
            .is_some_and(|tenant| *tenant != claims.tenant)
        {
            return Err(VerifyError::Tenant);
        }
        let meant = |audience: &String| {
            self.audiences
                .iter()
                .any(|own| same_audience(own, audience))
        };
        if !claims.audiences.iter().any(meant) {
            return Err(VerifyError::Audience);
        }
        Ok(())
    }
}

/// Two names of one resource: equal but for one trailing slash, and but for
/// case where they are ids, since clients write ids in both cases.
fn same_audience(own: &str, claimed: &str) -> bool {
    let own = own.strip_suffix('/').unwrap_or(own);
    let claimed = claimed.strip_suffix('/').unwrap_or(claimed);
    own == claimed || (is_guid(own) && own.eq_ignore_ascii_case(claimed))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Checks a token completely: form, algorithm, key, signature, times, issuer,
/// tenant and audience, at the time `now` (Unix seconds).
///
/// What the caller still has to do: whether the tenant exists and the service
/// principal is enabled there, and whether `roles` or `scp` allow the action.
///
/// # Errors
/// [`VerifyError`], named for the first cause found.
pub fn verify(
    token: &str,
    keys: &KeyRing,
    policy: &Policy,
    now: i64,
) -> Result<Claims, VerifyError> {
    let compact = Compact::parse(token)?;
    check_signature(&compact, keys)?;
    let claims = Claims::from_payload(&compact.payload()?)?;
    policy.check(&claims, now)?;
    Ok(claims)
}

fn check_signature(compact: &Compact<'_>, keys: &KeyRing) -> Result<(), VerifyError> {
    let text = |name| compact.header.get(name).and_then(|value| value.as_str());
    // Two algorithms, compared with case, both of public keys: such a key can then not
    // be used as a shared secret, and `none` is nothing.
    let algorithm: Algorithm = text("alg")
        .and_then(|name| name.parse().ok())
        .ok_or(VerifyError::Algorithm)?;
    if compact.header.contains_key("crit") {
        return Err(VerifyError::Critical);
    }
    let is_token = |typ: &str| {
        ["JWT", "at+jwt", "application/at+jwt"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(typ))
    };
    let typ_is_right = match compact.header.get("typ") {
        None => true,
        Some(typ) => typ.as_str().is_some_and(is_token),
    };
    if !typ_is_right {
        return Err(VerifyError::Type);
    }
    let kid = text("kid").ok_or(VerifyError::NoKeyId)?;
    let key = keys.get(kid).ok_or_else(|| VerifyError::UnknownKey {
        kid: kid.to_owned(),
    })?;
    // The header does not choose how a key is used: each key has one algorithm.
    if key.algorithm != algorithm {
        return Err(VerifyError::Algorithm);
    }
    key.key
        .verify_sig(compact.signed.as_bytes(), &compact.signature()?)
        .map_err(|Unspecified| VerifyError::Signature)
}

#[cfg(test)]
mod tests;
