//! Random texts: tokens of sessions, codes and passwords given by the server.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::Digest;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes from the system")]
pub struct NoRandomness;

/// Random bytes that are wiped when dropped.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    aws_lc_rs::rand::fill(bytes.as_mut()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Random bytes as base64url.
pub(crate) fn url_safe<const N: usize>() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(*bytes::<N>()?))
}

/// A fresh bearer token for a cookie, a form or a link: 256 bits, base64url.
/// Only its [`digest_of`] is stored.
///
/// # Errors
/// [`NoRandomness`]
pub fn bearer_token() -> Result<SecretString, NoRandomness> {
    Ok(url_safe::<32>()?.into())
}

/// What is stored of a bearer token. SHA-256 alone is enough: the token has all
/// its bits from the system's randomness and cannot be guessed from a digest.
pub fn digest_of(token: &str) -> Digest {
    digest_of_bytes(token.as_bytes())
}

/// SHA-256 of any bytes.
pub fn digest_of_bytes(content: &[u8]) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, content).as_ref());
    Digest::new(bytes)
}

/// The form token against cross-site requests, bound to one session: the digest
/// of the session's secret and a fixed word. Who does not have the cookie cannot
/// make it, and it says nothing about the cookie.
pub fn csrf_token(session_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest_of(&format!("csrf:{session_token}")).as_bytes())
}

/// Whether a form's token belongs to the session, in constant time.
pub fn csrf_token_matches(session_token: &str, sent: &str) -> bool {
    digest_of(&csrf_token(session_token)) == digest_of(sent)
}

/// A password for someone else to use once: 20 characters in groups of five,
/// 100 bits, none that look alike.
///
/// # Errors
/// [`NoRandomness`]
pub fn one_time_password() -> Result<SecretString, NoRandomness> {
    /// 32 characters, so that a byte's low five bits choose without bias.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

    let mut text = Zeroizing::new(String::with_capacity(23));
    for (index, byte) in bytes::<20>()?.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    Ok(text.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn passwords_are_readable_and_new_each_time() {
        let first = one_time_password().unwrap();
        let text = first.expose_secret();
        assert_eq!(text.len(), 23);
        assert!(text.split('-').all(|group| group.len() == 5), "{text}");
        assert_ne!(text, one_time_password().unwrap().expose_secret());
    }

    #[test]
    fn a_form_token_belongs_to_one_session() {
        let session = bearer_token().unwrap();
        let other = bearer_token().unwrap();
        let token = csrf_token(session.expose_secret());
        assert!(csrf_token_matches(session.expose_secret(), &token));
        assert!(!csrf_token_matches(other.expose_secret(), &token));
        assert!(!csrf_token_matches(session.expose_secret(), ""));
        assert!(!token.contains(session.expose_secret()));
    }
}
