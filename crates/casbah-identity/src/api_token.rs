//! Legacy API tokens: how their text is made and read.

use casbah_model::identity::{ApiToken, Digest, User};
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::random::{NoRandomness, bytes, digest_of};

/// The longest name of a token, characters.
const LONGEST_NAME: usize = 100;

/// Digits of the tenant's id, with which a token begins.
const TENANT_DIGITS: usize = 32;

/// Digits of the random part: 256 bits.
const SECRET_DIGITS: usize = 64;

/// Why a token cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiTokenError {
    /// It has no name, or a long one.
    #[error("a token needs a name of at most {LONGEST_NAME} characters")]
    Name,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// A token that was just made: the only moment its text exists.
#[derive(Debug)]
pub struct NewApiToken {
    /// The text, shown once: 96 hexadecimal digits, which is of the shape that clients
    /// check the original's for.
    pub text: SecretString,
    /// What is kept.
    pub stored: ApiToken,
}

/// Makes a token that carries the rights of `issuer`.
///
/// # Errors
/// [`ApiTokenError`]
pub fn new_api_token(
    issuer: &User,
    name: &str,
    now: Timestamp,
) -> Result<NewApiToken, ApiTokenError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ApiTokenError::Name);
    }
    let tenant = issuer.tenant.uuid().simple();
    let secret = bytes::<{ SECRET_DIGITS / 2 }>()?;
    let mut text = Zeroizing::new(tenant.to_string());
    for byte in secret.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    let stored = ApiToken {
        id: KeyId::random(),
        tenant: issuer.tenant,
        name: name.to_owned(),
        digest: digest_of(&text),
        issuer: issuer.id,
        issuer_name: issuer.upn.clone(),
        created: now,
        last_used: None,
    };
    Ok(NewApiToken {
        text: text.as_str().into(),
        stored,
    })
}

/// The tenant whose token the text claims to be, and what is kept of such a token.
pub fn read_api_token(text: &str) -> Option<(TenantId, Digest)> {
    let is_hexadecimal = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if text.len() != TENANT_DIGITS + SECRET_DIGITS || !is_hexadecimal {
        return None;
    }
    let tenant = text.get(..TENANT_DIGITS)?.parse().ok()?;
    Some((tenant, digest_of(text)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use casbah_model::ids::ObjectId;
    use secrecy::ExposeSecret;

    use super::*;

    fn user() -> User {
        User {
            id: ObjectId::random(),
            tenant: TenantId::random(),
            upn: "anna@contoso.example".to_owned(),
            display_name: "Anna".to_owned(),
            roles: BTreeSet::new(),
            enabled: true,
            password: None,
            must_change_password: false,
            created: Timestamp(0),
            sign_ins_from: Timestamp(0),
            tokens_from: 0,
        }
    }

    #[test]
    fn a_token_has_the_shape_of_the_original_and_names_its_tenant() {
        let issuer = user();
        let new = new_api_token(&issuer, " SOAR ", Timestamp(1)).unwrap();
        let text = new.text.expose_secret();
        assert!((64..=192).contains(&text.len()));
        assert!(text.bytes().all(|sign| sign.is_ascii_alphanumeric()));
        assert_eq!(
            read_api_token(text),
            Some((issuer.tenant, new.stored.digest))
        );
        assert_eq!(new.stored.name, "SOAR");
        let other = new_api_token(&issuer, "SOAR", Timestamp(1)).unwrap();
        assert_ne!(other.stored.digest, new.stored.digest);
    }

    #[test]
    fn a_token_needs_a_short_name() {
        for name in ["", "  ", &"x".repeat(101)] {
            let made = new_api_token(&user(), name, Timestamp(1));
            assert_eq!(made.unwrap_err(), ApiTokenError::Name);
        }
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in ["", "x", &"g".repeat(96), &"a".repeat(95), &"ä".repeat(48)] {
            assert_eq!(read_api_token(text), None, "{text}");
        }
    }
}
