//! People's passwords: Argon2id (RFC 9106).

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use casbah_model::identity::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

/// The shortest password that is accepted, characters (NIST SP 800-63B 5.1.1.2).
pub const MIN_CHARACTERS: usize = 8;
/// The longest, bytes: hashing must not be made to work on megabytes.
pub const MAX_BYTES: usize = 256;

/// Why a password was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Shorter than [`MIN_CHARACTERS`].
    #[error("password is shorter than {MIN_CHARACTERS} characters")]
    TooShort,
    /// Longer than [`MAX_BYTES`].
    #[error("password is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Hashing failed.
    #[error("hashing the password failed")]
    Hash,
}

/// 19 MiB, two passes, one lane: what OWASP's password storage guide asks for at
/// least.
static HASHER: LazyLock<Argon2<'static>> =
    LazyLock::new(|| Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT));

/// Hashes a new password with a random salt. Slow and hungry for memory on
/// purpose: run it where blocking is allowed, few at once.
///
/// # Errors
/// [`PasswordError`]
pub fn hash(password: &SecretString) -> Result<PasswordHash, PasswordError> {
    let text = password.expose_secret();
    if text.chars().count() < MIN_CHARACTERS {
        return Err(PasswordError::TooShort);
    }
    if text.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    let hash: phc::PasswordHash = HASHER
        .hash_password(text.as_bytes())
        .map_err(|_| PasswordError::Hash)?;
    Ok(PasswordHash::new(hash.to_string()))
}

/// Whether the password is the hashed one. Without a hash, for a person that
/// does not exist or cannot sign in, the same work is done and the answer is no:
/// the time tells nothing about who exists.
pub fn verify(password: &SecretString, hash: Option<&PasswordHash>) -> bool {
    let text = password.expose_secret();
    if text.len() > MAX_BYTES {
        return false;
    }
    let Some(parsed) = hash.and_then(|hash| phc::PasswordHash::new(hash.as_str()).ok()) else {
        // Only the time it takes matters, not what comes out.
        let wasted: Result<phc::PasswordHash, _> = HASHER.hash_password(text.as_bytes());
        drop(wasted);
        return false;
    };
    HASHER.verify_password(text.as_bytes(), &parsed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    #[test]
    fn only_the_right_password_is_right() {
        let stored = hash(&secret("correct horse")).unwrap();
        assert!(
            stored
                .as_str()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert!(verify(&secret("correct horse"), Some(&stored)));
        assert!(!verify(&secret("correct hors"), Some(&stored)));
        assert!(!verify(&secret(""), Some(&stored)));
        assert!(!verify(&secret("correct horse"), None));
        let broken = PasswordHash::new("not a hash".into());
        assert!(!verify(&secret("correct horse"), Some(&broken)));
    }

    #[test]
    fn lengths_are_limited() {
        assert_eq!(hash(&secret("sevench")), Err(PasswordError::TooShort));
        assert_eq!(hash(&secret("ßßßßßßß")), Err(PasswordError::TooShort));
        assert_eq!(hash(&secret(&"a".repeat(257))), Err(PasswordError::TooLong));
        assert!(!verify(&secret(&"a".repeat(257)), None));
    }
}
