//! Key pairs that sign tokens, parsed once.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::access::{AccessToken, TokenVersion};
use crate::algorithm::Algorithm;
use crate::certificate::{self, Thumbprint};
use crate::encoding;
use crate::id_token::IdToken;
use crate::jwk::Jwk;
use crate::pair::Pair;

/// Why a signing key could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Key generation failed.
    #[error("generating a key failed")]
    Generate,
    /// The bytes are neither an RSA private key of at least 2048 bits nor one on P-256,
    /// in PKCS#8.
    #[error("not an rsa private key of at least 2048 bits, nor one on p-256")]
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
    #[error("signature failed")]
    Sign,
    /// The system gave no random bytes for the token's id.
    #[error("no random bytes from the system")]
    Random,
}

/// A key pair, its certificate and its name.
///
/// The key is parsed once: signing costs one operation of the key and no parsing. It
/// can be shared between threads.
pub struct SigningKey {
    pair: Pair,
    certificate: Vec<u8>,
    kid: Thumbprint,
    header_v1: String,
    header_v2: String,
}

impl SigningKey {
    /// Makes a new RSA key of 2048 bits with a self-signed certificate that is valid
    /// from `now` (Unix seconds).
    ///
    /// # Errors
    /// As [`SigningKey::generate_for`].
    pub fn generate(now: i64) -> Result<Self, KeyError> {
        Self::generate_for(Algorithm::Rs256, now)
    }

    /// Makes a new key for an algorithm, RSA with 2048 bits, with a self-signed
    /// certificate that is valid from `now` (Unix seconds).
    ///
    /// # Errors
    /// [`KeyError`] when the system has no randomness or `now` is out of range.
    pub fn generate_for(algorithm: Algorithm, now: i64) -> Result<Self, KeyError> {
        let pair = Pair::generate(algorithm)?;
        let certificate = certificate::self_signed(&pair, now)?;
        Self::new(pair, certificate)
    }

    /// Reads back a key from its PKCS#8 (RFC 5208) bytes and the DER certificate
    /// that was made with it. The certificate gives the key its name, so it must
    /// be kept beside the key.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] for anything but an RSA key of 2048 bits or more, or one on
    /// P-256.
    pub fn from_pkcs8(pkcs8: &[u8], certificate_der: Vec<u8>) -> Result<Self, KeyError> {
        Self::new(Pair::from_pkcs8(pkcs8)?, certificate_der)
    }

    fn new(pair: Pair, certificate: Vec<u8>) -> Result<Self, KeyError> {
        let kid = certificate::thumbprint_sha1(&certificate);
        let header = |version| {
            let header = Header {
                typ: "JWT",
                alg: pair.algorithm().name(),
                x5t: match version {
                    TokenVersion::V1 => Some(&kid),
                    TokenVersion::V2 => None,
                },
                kid: &kid,
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
        self.pair.to_pkcs8()
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.pair.algorithm()
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
        Jwk {
            kid: self.kid.clone(),
            x5t: Some(self.kid.clone()),
            key: self.pair.public(),
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
        let signature = self.pair.sign(token.as_bytes())?;
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
    use crate::testing::{NOW, ec_key, key};

    #[test]
    fn a_key_read_back_keeps_its_name_and_signs_the_same() {
        let pkcs8 = key().to_pkcs8().unwrap();
        let again = SigningKey::from_pkcs8(&pkcs8, key().certificate_der().to_vec()).unwrap();
        assert_eq!(again.kid(), key().kid());
        assert_eq!(
            again.sign_parts("e30", "e30").unwrap(),
            key().sign_parts("e30", "e30").unwrap()
        );
        assert_eq!(again.algorithm(), Algorithm::Rs256);
    }

    #[test]
    fn a_key_on_p256_read_back_keeps_its_name_and_its_algorithm() {
        let pkcs8 = ec_key().to_pkcs8().unwrap();
        let again = SigningKey::from_pkcs8(&pkcs8, ec_key().certificate_der().to_vec()).unwrap();
        assert_eq!(again.kid(), ec_key().kid());
        assert_eq!(again.algorithm(), Algorithm::Es256);
        assert_eq!(again.jwk(), ec_key().jwk());
        // The certificate is the key's own, as those who read x5c find.
        let (_, certificate) =
            x509_parser::parse_x509_certificate(ec_key().certificate_der()).unwrap();
        let public = &certificate.public_key().subject_public_key.data;
        assert_eq!(&public[..], again.pair.public_der());
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
