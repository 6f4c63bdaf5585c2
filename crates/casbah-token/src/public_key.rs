//! Public keys, parsed from the numbers of a key set (RFC 7518 section 6).

use aws_lc_rs::signature::{
    ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};

use crate::encoding;

/// What an uncompressed point begins with (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Modulus and exponent of an RSA key, big-endian.
pub(crate) struct RsaNumbers {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl RsaNumbers {
    /// Reads both from base64url; none if one is not.
    pub(crate) fn decode(n: &str, e: &str) -> Option<Self> {
        let number = |text| {
            encoding::decode(text)
                .ok()
                .map(|bytes| without_leading_zeros(&bytes).to_vec())
        };
        Some(Self {
            n: number(n)?,
            e: number(e)?,
        })
    }

    /// The length of the modulus, bytes.
    pub(crate) const fn modulus_len(&self) -> usize {
        self.n.len()
    }

    /// The length of the exponent, bytes.
    pub(crate) const fn exponent_len(&self) -> usize {
        self.e.len()
    }

    /// The key, for checking signatures of this kind.
    pub(crate) fn parse(&self, how: &'static RsaParameters) -> Option<ParsedPublicKey> {
        let components = RsaPublicKeyComponents {
            n: &self.n,
            e: &self.e,
        };
        components.to_parsed_public_key(how).ok()
    }
}

/// A point of a curve, each coordinate base64url of `size` bytes: the full size, or it is
/// another point (RFC 7518 6.2.1.2). That it is on the curve is checked by who parses it.
pub(crate) fn point(
    x: &str,
    y: &str,
    size: usize,
    how: &'static dyn VerificationAlgorithm,
) -> Option<ParsedPublicKey> {
    let coordinate = |text| encoding::decode(text).ok().filter(|one| one.len() == size);
    let point = [&[UNCOMPRESSED][..], &coordinate(x)?, &coordinate(y)?].concat();
    ParsedPublicKey::new(how, point).ok()
}

/// Some issuers write the sign byte of the DER integer, against RFC 7518 2.
pub(crate) fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    &bytes[start..]
}
