//! RSA key pairs that sign tokens, parsed once.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::access::{AccessToken, TokenVersion};
use crate::certificate::{self, Thumbprint};
use crate::encoding;
use crate::id_token::IdToken;
use crate::jwk::Jwk;

/// Why a signing key could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Key generation failed.
    #[error("generating an rsa key failed")]
    Generate,
    /// The bytes are not an RSA private key of at least 2048 bits in PKCS#8.
    #[error("not an rsa private key of at least 2048 bits")]
    Rejected,
    /// Writing the private key as PKCS#8 failed.
    #[error("encoding the private key failed")]
    Encode,
    /// The certificate could not be made.
    #[error("making the certificate failed")]
    Certificate,
    /// The system gave no random bytes.
    #[error("no random bytes from the system")]
    Random,
    /// A time before 1970 or after 2106.
    #[error("time out of range for a certificate")]
    Time,
}

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims could not be written as JSON.
    #[error("encoding the claims failed")]
    Encode(#[from] serde_json::Error),
    /// The signature failed.
    #[error("rsa signature failed")]
    Sign,
    /// The system gave no random bytes for the token's id.
    #[error("no random bytes from the system")]
    Random,
}

/// An RSA key pair, its certificate and its name.
///
/// The key is parsed once: signing costs one RSA operation and no parsing. It
/// can be shared between threads.
pub struct SigningKey {
    pair: rsa::KeyPair,
    certificate: Vec<u8>,
    kid: Thumbprint,
    header_v1: String,
    header_v2: String,
}

impl SigningKey {
    /// Makes a new key of 2048 bits with a self-signed certificate that is valid
    /// from `now` (Unix seconds).
    ///
    /// # Errors
    /// [`KeyError`] when the system has no randomness or `now` is out of range.
    pub fn generate(now: i64) -> Result<Self, KeyError> {
        let pair = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
        let certificate = certificate::self_signed(&pair, now)?;
        Self::new(pair, certificate)
    }

    /// Reads back a key from its PKCS#8 (RFC 5208) bytes and the DER certificate
    /// that was made with it. The certificate gives the key its name, so it must
    /// be kept beside the key.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] for anything but an RSA key of 2048 bits or more.
    pub fn from_pkcs8(pkcs8: &[u8], certificate_der: Vec<u8>) -> Result<Self, KeyError> {
        let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Rejected)?;
        Self::new(pair, certificate_der)
    }

    fn new(pair: rsa::KeyPair, certificate: Vec<u8>) -> Result<Self, KeyError> {
        let kid = certificate::thumbprint_sha1(&certificate);
        let header = |version| {
            let header = match version {
                TokenVersion::V1 => Header {
                    typ: "JWT",
                    alg: "RS256",
                    x5t: Some(&kid),
                    kid: &kid,
                },
                TokenVersion::V2 => Header {
                    typ: "JWT",
                    alg: "RS256",
                    x5t: None,
                    kid: &kid,
                },
            };
            serde_json::to_vec(&header)
                .map(encoding::encode)
                .map_err(|_| KeyError::Encode)
        };
        Ok(Self {
            header_v1: header(TokenVersion::V1)?,
            header_v2: header(TokenVersion::V2)?,
            pair,
            certificate,
            kid,
        })
    }

    /// The private key as PKCS#8, to be sealed before it is stored. The copy is
    /// wiped when dropped.
    ///
    /// # Errors
    /// [`KeyError::Encode`] when the key cannot be written.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.pair).map_err(|_| KeyError::Encode)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key's certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The key's name in token headers and key sets: `kid`, equal to `x5t`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, as published. `issuer` is left out; a server that
    /// publishes one sets it.
    pub fn jwk(&self) -> Jwk {
        let public = self.pair.public_key();
        Jwk {
            kid: self.kid.clone(),
            x5t: Some(self.kid.clone()),
            n: encoding::encode(public.modulus().big_endian_without_leading_zero()),
            e: encoding::encode(public.exponent().big_endian_without_leading_zero()),
            x5c: vec![encoding::encode_standard(&self.certificate)],
            issuer: None,
        }
    }

    /// Signs an access token.
    ///
    /// # Errors
    /// [`SignError`] when the claims cannot be encoded or the signature fails.
    pub fn sign_access(&self, token: &AccessToken) -> Result<String, SignError> {
        self.sign(token.version, &token.wire())
    }

    /// Signs an ID token.
    ///
    /// # Errors
    /// As [`SigningKey::sign_access`].
    pub fn sign_id(&self, token: &IdToken) -> Result<String, SignError> {
        self.sign(token.version, &token.wire())
    }

    fn sign(&self, version: TokenVersion, claims: &impl Serialize) -> Result<String, SignError> {
        let header = match version {
            TokenVersion::V1 => &self.header_v1,
            TokenVersion::V2 => &self.header_v2,
        };
        self.sign_parts(header, &encoding::encode(serde_json::to_vec(claims)?))
    }

    /// Signs two encoded parts as they are.
    pub(crate) fn sign_parts(&self, header: &str, payload: &str) -> Result<String, SignError> {
        let mut token = format!("{header}.{payload}");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| SignError::Sign)?;
        token.push('.');
        token.push_str(&encoding::encode(signature));
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<&'a str>,
    kid: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, key};

    #[test]
    fn a_key_read_back_keeps_its_name_and_signs_the_same() {
        let pkcs8 = key().to_pkcs8().unwrap();
        let again = SigningKey::from_pkcs8(&pkcs8, key().certificate_der().to_vec()).unwrap();
        assert_eq!(again.kid(), key().kid());
        assert_eq!(
            again.sign_parts("e30", "e30").unwrap(),
            key().sign_parts("e30", "e30").unwrap()
        );
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&b""[..], b"garbage", key().certificate_der()] {
            assert_eq!(
                SigningKey::from_pkcs8(bytes, Vec::new()).err(),
                Some(KeyError::Rejected)
            );
        }
    }

    #[test]
    fn times_that_no_certificate_can_have_are_refused() {
        for now in [-1, i64::MIN, i64::MAX] {
            assert_eq!(
                certificate::self_signed(&key().pair, now),
                Err(KeyError::Time)
            );
        }
        assert!(certificate::self_signed(&key().pair, i64::from(u32::MAX)).is_ok());
    }

    #[test]
    fn debug_output_shows_the_name_only() {
        assert_eq!(
            format!("{:?}", key()),
            format!("SigningKey {{ kid: {:?}, .. }}", key().kid())
        );
    }

    #[test]
    fn the_name_is_the_thumbprint_of_the_certificate() {
        let der = certificate::self_signed(&key().pair, NOW).unwrap();
        let pkcs8 = key().to_pkcs8().unwrap();
        let other = SigningKey::from_pkcs8(&pkcs8, der.clone()).unwrap();
        assert_eq!(other.kid(), certificate::thumbprint_sha1(&der));
        assert_eq!(other.kid().len(), 27);
        assert_ne!(other.kid(), key().kid());
    }
}
