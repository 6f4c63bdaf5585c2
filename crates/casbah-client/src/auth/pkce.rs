//! Proof key for code exchange (RFC 7636), method S256.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

/// A secret that this program keeps, and the hash of it that travels first.
#[derive(Debug)]
pub(crate) struct Pkce {
    verifier: SecretString,
}

impl Pkce {
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            verifier: random_text()?.into(),
        })
    }

    pub(crate) fn verifier(&self) -> &str {
        self.verifier.expose_secret()
    }

    pub(crate) fn challenge(&self) -> String {
        let hash = digest::digest(&digest::SHA256, self.verifier().as_bytes());
        URL_SAFE_NO_PAD.encode(hash)
    }
}

/// 256 random bits as 43 url-safe characters; none without a random source.
pub(crate) fn random_text() -> Option<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let pkce = Pkce {
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        };
        assert_eq!(
            pkce.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn every_verifier_is_new_and_long_enough() {
        let (one, two) = (Pkce::new().unwrap(), Pkce::new().unwrap());
        assert_eq!(one.verifier().len(), 43);
        assert_ne!(one.verifier(), two.verifier());
    }
}
