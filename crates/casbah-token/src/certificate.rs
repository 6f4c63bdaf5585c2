//! The self-signed certificate that carries a signing key (`x5c`) and its
//! thumbprint, which is the key's name.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rcgen::{CertificateParams, DistinguishedName, DnType, PublicKeyData, SerialNumber};

use crate::algorithm::Algorithm;
use crate::encoding;
use crate::key::KeyError;
use crate::pair::Pair;

/// The common name of every certificate of a signing key. Validators use the
/// certificate only as a wrapping of the key, nobody builds a chain from it.
const COMMON_NAME: &str = "Casbah token signing";

/// How long a certificate is valid; much longer than a key signs, so that a
/// client that looks at the dates never refuses a key still in use.
const VALIDITY: std::time::Duration = std::time::Duration::from_hours(5 * 365 * 24);

/// The SHA-1 digest of a DER certificate, in base64url: `x5t` (RFC 7515 4.1.7).
///
/// It names a key and protects nothing.
pub type Thumbprint = String;

/// Computes the [`Thumbprint`] of a DER certificate.
pub fn thumbprint_sha1(certificate_der: &[u8]) -> Thumbprint {
    encoding::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate_der))
}

/// Makes the certificate of `pair`, valid from `now` (Unix seconds).
pub(crate) fn self_signed(pair: &Pair, now: i64) -> Result<Vec<u8>, KeyError> {
    // Seconds as u32 reach the year 2106 and cannot overflow the date's range.
    let since_epoch = u32::try_from(now).map_err(|_| KeyError::Time)?;
    let mut params = CertificateParams::default();
    params.not_before =
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(u64::from(since_epoch));
    params.not_after = params.not_before + VALIDITY;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, COMMON_NAME);
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| KeyError::Random)?;
    // A serial number is positive (RFC 5280 4.1.2.2).
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let certificate = params
        .self_signed(&CertificateKey { pair })
        .map_err(|_| KeyError::Certificate)?;
    Ok(certificate.der().to_vec())
}

struct CertificateKey<'a> {
    pair: &'a Pair,
}

impl PublicKeyData for CertificateKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_der()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.pair.algorithm() {
            Algorithm::Rs256 => &rcgen::PKCS_RSA_SHA256,
            Algorithm::Es256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl rcgen::SigningKey for CertificateKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.pair
            .sign_der(message)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
