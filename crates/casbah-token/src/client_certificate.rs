//! Certificates of clients: what an assertion is checked with.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

/// The longest certificate that is looked at, bytes.
const LONGEST: usize = 16 * 1024;

/// Bytes are no certificate that a client could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one X.509 certificate in DER or PEM.
    #[error("not an x.509 certificate")]
    NotACertificate,
    /// Its key is not RSA with 2048 to 8192 bits.
    #[error("the certificate's key is not rsa with at least 2048 bits")]
    Key,
}

/// A client's X.509 certificate (RFC 5280). Its issuer means nothing here: the
/// application names the certificates that it trusts, one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    der: Vec<u8>,
    /// The subject's distinguished name as text.
    pub subject: String,
    /// From when it is good, Unix seconds.
    pub not_before: i64,
    /// Until when it is good, Unix seconds.
    pub not_after: i64,
    public_key: Vec<u8>,
}

impl ClientCertificate {
    /// Reads a certificate: DER, PEM, or base64 of either, as clients send it.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let refused = CertificateError::NotACertificate;
        if bytes.len() > 2 * LONGEST {
            return Err(refused);
        }
        if bytes.first() == Some(&0x30) {
            return Self::from_der(bytes);
        }
        if let Some(start) = bytes.windows(11).position(|part| part == b"-----BEGIN ") {
            let mut rest = &bytes[start..];
            // A file may hold the private key before the certificate.
            while let Ok((after, pem)) = parse_x509_pem(rest) {
                if pem.label == "CERTIFICATE" {
                    return Self::from_der(&pem.contents);
                }
                rest = after;
            }
            return Err(refused);
        }
        let text: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        let inner = STANDARD.decode(text).map_err(|_| refused)?;
        // Of base64 of base64 nothing is read.
        match inner.first() {
            Some(0x30 | b'-') => Self::parse(&inner),
            _ => Err(refused),
        }
    }

    fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::NotACertificate)?;
        if !rest.is_empty() {
            return Err(CertificateError::NotACertificate);
        }
        let validity = certificate.validity();
        let parsed = Self {
            der: der.to_vec(),
            subject: certificate.subject().to_string(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        };
        parsed.key(&RSA_PKCS1_2048_8192_SHA256)?;
        Ok(parsed)
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-1 of the certificate (`x5t`, RFC 7515 4.1.7). It names, and protects nothing.
    pub fn sha1(&self) -> Vec<u8> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der)
            .as_ref()
            .to_vec()
    }

    /// SHA-256 of the certificate (`x5t#S256`, RFC 7515 4.1.8).
    pub fn sha256(&self) -> Vec<u8> {
        digest(&SHA256, &self.der).as_ref().to_vec()
    }

    /// Whether the certificate's key made an RS256 signature.
    pub(crate) fn verifies_rs256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies(&RSA_PKCS1_2048_8192_SHA256, message, signature)
    }

    /// Whether the certificate's key made a PS256 signature (salt of 32 bytes, RFC 7518
    /// 3.5).
    pub(crate) fn verifies_ps256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies(&RSA_PSS_2048_8192_SHA256, message, signature)
    }

    fn verifies(&self, how: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        let key = self.key(how);
        key.is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn key(&self, how: &'static RsaParameters) -> Result<ParsedPublicKey, CertificateError> {
        ParsedPublicKey::new(how, &self.public_key).map_err(|_| CertificateError::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key;
    use proptest::prelude::*;

    #[test]
    fn a_certificate_is_read_in_all_its_writings() {
        let jwk = key().jwk();
        let base64 = jwk.x5c[0].clone();
        let der = STANDARD.decode(&base64).unwrap();
        let expected = ClientCertificate::parse(&der).unwrap();
        assert!(expected.subject.contains("Casbah"));
        assert!(expected.not_before < expected.not_after);
        let lines: Vec<_> = base64
            .as_bytes()
            .chunks(64)
            .map(|c| std::str::from_utf8(c).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines.join("\n")
        );
        let with_key =
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{pem}");
        for bytes in [
            base64.clone().into_bytes(),
            pem.clone().into_bytes(),
            STANDARD.encode(&pem).into_bytes(),
            with_key.into_bytes(),
        ] {
            assert_eq!(ClientCertificate::parse(&bytes), Ok(expected.clone()));
        }
        let mut longer = der.clone();
        longer.push(0);
        for bytes in [&b""[..], b"-----BEGIN ", b"MA==", &der[..100], &longer] {
            assert!(ClientCertificate::parse(bytes).is_err());
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, text in "[-A-Za-z0-9+/=\\n ]{0,200}") {
            drop(ClientCertificate::parse(&bytes));
            drop(ClientCertificate::parse(text.as_bytes()));
        }
    }
}
