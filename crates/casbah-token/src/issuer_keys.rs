//! Keys of other issuers: what a token that this server did not make is checked with.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::RangeInclusive;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;

use crate::jwk::JwkError;
use crate::public_key::{RsaNumbers, point};

/// The most keys that are taken of one set; issuers publish a handful.
const MOST: usize = 100;
/// The modulus of an RSA key, bytes: 2048 to 8192 bits (RFC 7518 section 3.3).
const RSA_BYTES: RangeInclusive<usize> = 256..=1024;
/// The longest public exponent, bytes: a longer one makes checking dear.
const LONGEST_EXPONENT: usize = 8;

/// The algorithms that another issuer may sign with (RFC 7518 section 3.1). None of them
/// knows a shared secret, so no public key can serve as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    Es384,
}

impl Algorithm {
    fn by_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "ES384" => Some(Self::Es384),
            _ => None,
        }
    }
}

/// The keys of one issuer, by name and by the algorithm that each is for.
///
/// Nothing that a token brings along (`jwk`, `jku`, `x5u`, `x5c`) ever comes in here (RFC
/// 8725 section 3.10).
#[derive(Default)]
pub struct IssuerKeys {
    keys: HashMap<(String, Algorithm), ParsedPublicKey>,
}

/// A key as it is published (RFC 7517; members of RSA and EC keys RFC 7518 section 6).
#[derive(Deserialize)]
struct Wire {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl IssuerKeys {
    /// Reads a key set. Keys of another type, for another use, or without a name are left
    /// out (RFC 7517 section 5); of two for the same the first counts.
    ///
    /// # Errors
    /// [`JwkError::NotASet`] when the text is no JSON object with `keys`.
    pub fn parse(json: &[u8]) -> Result<Self, JwkError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| JwkError::NotASet)?;
        let mut keys = HashMap::new();
        for value in document.keys.into_iter().take(MOST) {
            let Ok(wire) = serde_json::from_value::<Wire>(value) else {
                continue;
            };
            for (algorithm, key) in wire.usable() {
                keys.entry((wire.kid.clone(), algorithm)).or_insert(key);
            }
        }
        Ok(Self { keys })
    }

    /// Whether a key of this name is known.
    pub fn contains(&self, kid: &str) -> bool {
        self.keys.keys().any(|(known, _)| known == kid)
    }

    /// The names of all keys, each once.
    pub fn names(&self) -> BTreeSet<&str> {
        self.keys.keys().map(|(name, _)| name.as_str()).collect()
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the key of this name made the signature, by an algorithm that is allowed
    /// and that the key is for.
    pub(crate) fn verify(&self, kid: &str, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        Algorithm::by_name(alg)
            .and_then(|algorithm| self.keys.get(&(kid.to_owned(), algorithm)))
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

impl Wire {
    /// The key, parsed for each algorithm that it may be used with.
    fn usable(&self) -> Vec<(Algorithm, ParsedPublicKey)> {
        let is_for_signatures = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|one| one == "verify"));
        if !is_for_signatures {
            return Vec::new();
        }
        let mut keys = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => vec![
                (Algorithm::Rs256, self.rsa(&RSA_PKCS1_2048_8192_SHA256)),
                (Algorithm::Ps256, self.rsa(&RSA_PSS_2048_8192_SHA256)),
            ],
            ("EC", Some("P-256")) => {
                vec![(Algorithm::Es256, self.point(&ECDSA_P256_SHA256_FIXED, 32))]
            }
            ("EC", Some("P-384")) => {
                vec![(Algorithm::Es384, self.point(&ECDSA_P384_SHA384_FIXED, 48))]
            }
            _ => Vec::new(),
        };
        if let Some(alg) = &self.alg {
            let only = Algorithm::by_name(alg);
            keys.retain(|(algorithm, _)| Some(*algorithm) == only);
        }
        keys.into_iter()
            .filter_map(|(algorithm, key)| Some((algorithm, key?)))
            .collect()
    }

    fn rsa(&self, how: &'static RsaParameters) -> Option<ParsedPublicKey> {
        let numbers = RsaNumbers::decode(self.n.as_ref()?, self.e.as_ref()?)?;
        let is_good = RSA_BYTES.contains(&numbers.modulus_len())
            && numbers.exponent_len() <= LONGEST_EXPONENT;
        is_good.then(|| numbers.parse(how))?
    }

    fn point(
        &self,
        how: &'static dyn VerificationAlgorithm,
        size: usize,
    ) -> Option<ParsedPublicKey> {
        point(self.x.as_ref()?, self.y.as_ref()?, size, how)
    }
}

#[cfg(test)]
mod tests;
