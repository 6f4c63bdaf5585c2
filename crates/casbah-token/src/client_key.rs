//! The client's side of an assertion: its key and certificate.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use serde_json::{Value, json};
use x509_parser::pem::parse_x509_pem;
use zeroize::Zeroizing;

use crate::access::token_id;
use crate::client_certificate::{CertificateError, ClientCertificate};
use crate::encoding;
use crate::key::SignError;

/// How long an assertion is good, seconds; what Microsoft's own libraries choose.
const LIFE_SECONDS: i64 = 600;

/// A PEM file is not a client's key with its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeyError {
    /// There is no usable certificate in it.
    #[error("no certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// There is no RSA private key in it (PKCS#8 or PKCS#1, not encrypted).
    #[error("no unencrypted rsa private key of at least 2048 bits")]
    PrivateKey,
    /// The key is another one than the certificate's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

/// A client's private key with its certificate.
pub struct ClientKey {
    pair: rsa::KeyPair,
    certificate: ClientCertificate,
}

/// The private key is not shown.
impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey")
            .field("subject", &self.certificate.subject)
            .finish_non_exhaustive()
    }
}

impl ClientKey {
    /// Reads a PEM file with both, in either order.
    ///
    /// # Errors
    /// [`ClientKeyError`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, ClientKeyError> {
        let certificate = ClientCertificate::parse(pem)?;
        let pair = private_key(pem).ok_or(ClientKeyError::PrivateKey)?;
        Self::new(pair, certificate)
    }

    fn new(pair: rsa::KeyPair, certificate: ClientCertificate) -> Result<Self, ClientKeyError> {
        let key = Self { pair, certificate };
        // The certificate's key must open what the private key closes.
        let signature = key.signature(&RSA_PKCS1_SHA256, b"casbah");
        let fits =
            signature.is_ok_and(|signature| key.certificate.verifies_rs256(b"casbah", &signature));
        if fits {
            Ok(key)
        } else {
            Err(ClientKeyError::Mismatch)
        }
    }

    /// The certificate.
    pub fn certificate(&self) -> &ClientCertificate {
        &self.certificate
    }

    /// An assertion (RFC 7523 section 3) of `client_id` for `audience`, good for ten
    /// minutes from `now` (Unix seconds).
    ///
    /// # Errors
    /// [`SignError`]
    pub fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: i64,
    ) -> Result<String, SignError> {
        let header = json!({
            "typ": "JWT",
            "alg": "PS256",
            "x5t#S256": encoding::encode(self.certificate.sha256()),
        });
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(LIFE_SECONDS),
            "jti": token_id()?,
        });
        self.sign(&header, &claims, false)
    }

    pub(crate) fn sign(
        &self,
        header: &Value,
        claims: &Value,
        is_padded: bool,
    ) -> Result<String, SignError> {
        let part = |bytes: &[u8]| {
            let text = encoding::encode(bytes);
            let missing = if is_padded {
                (4 - text.len() % 4) % 4
            } else {
                0
            };
            text + &"=".repeat(missing)
        };
        let signed = format!(
            "{}.{}",
            part(&serde_json::to_vec(header)?),
            part(&serde_json::to_vec(claims)?)
        );
        let encoding: &'static dyn RsaEncoding = match header["alg"].as_str() {
            Some("PS256") => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let signature = self.signature(encoding, signed.as_bytes())?;
        Ok(format!("{signed}.{}", part(&signature)))
    }

    fn signature(
        &self,
        encoding: &'static dyn RsaEncoding,
        message: &[u8],
    ) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SignError::Sign)?;
        Ok(signature)
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let key = crate::SigningKey::generate(1_790_000_000).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        let pair = rsa::KeyPair::from_pkcs8(&pkcs8).unwrap();
        Self::new(
            pair,
            ClientCertificate::parse(key.certificate_der()).unwrap(),
        )
        .unwrap()
    }
}

fn private_key(pem: &[u8]) -> Option<rsa::KeyPair> {
    let start = pem.windows(11).position(|part| part == b"-----BEGIN ")?;
    let mut rest = &pem[start..];
    while let Ok((after, block)) = parse_x509_pem(rest) {
        let contents = Zeroizing::new(block.contents);
        let pair = match block.label.as_str() {
            "PRIVATE KEY" => rsa::KeyPair::from_pkcs8(&contents).ok(),
            "RSA PRIVATE KEY" => rsa::KeyPair::from_der(&contents).ok(),
            _ => None,
        };
        if pair.is_some() {
            return pair;
        }
        rest = after;
    }
    None
}
