//! Key sets as published at `jwks_uri` (RFC 7517; RSA members RFC 7518 6.3.1).

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::de::Deserializer;
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::encoding;

/// Why a key set or a key is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// The document is not a key set.
    #[error("not a json web key set")]
    NotASet,
    /// `n` or `e` is not base64url of an RSA public key.
    #[error("key {kid:?} is not an rsa public key")]
    NotRsa {
        /// The key's name.
        kid: String,
    },
}

/// A public RSA key for signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// The key's name.
    pub kid: String,
    /// SHA-1 thumbprint of the certificate, base64url.
    pub x5t: Option<String>,
    /// Modulus, base64url of big-endian bytes.
    pub n: String,
    /// Exponent, base64url of big-endian bytes.
    pub e: String,
    /// The certificate and its chain, each base64 (standard, padded) of DER.
    pub x5c: Vec<String>,
    /// The issuer that signs with this key; Entra's own member, may hold the
    /// literal `{tenantid}`.
    pub issuer: Option<String>,
}

impl Jwk {
    /// Parses the key for checking RS256 signatures.
    pub(crate) fn parse(&self) -> Result<ParsedPublicKey, JwkError> {
        let not_rsa = || JwkError::NotRsa {
            kid: self.kid.clone(),
        };
        let modulus = encoding::decode(&self.n).map_err(|_| not_rsa())?;
        let exponent = encoding::decode(&self.e).map_err(|_| not_rsa())?;
        RsaPublicKeyComponents {
            n: without_leading_zeros(&modulus),
            e: without_leading_zeros(&exponent),
        }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| not_rsa())
    }
}

/// Some issuers write the sign byte of the DER integer, against RFC 7518 2.
pub(crate) fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    &bytes[start..]
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut key = serializer.serialize_struct("Jwk", 8)?;
        key.serialize_field("kty", "RSA")?;
        key.serialize_field("use", "sig")?;
        key.serialize_field("kid", &self.kid)?;
        if let Some(x5t) = &self.x5t {
            key.serialize_field("x5t", x5t)?;
        }
        key.serialize_field("n", &self.n)?;
        key.serialize_field("e", &self.e)?;
        if !self.x5c.is_empty() {
            key.serialize_field("x5c", &self.x5c)?;
        }
        if let Some(issuer) = &self.issuer {
            key.serialize_field("issuer", issuer)?;
        }
        key.end()
    }
}

/// A set of public keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    /// The keys, in the order of the document.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a key set. Keys of another type, for another use or algorithm, or
    /// without a name are left out (RFC 7517 section 5 asks for that).
    ///
    /// # Errors
    /// [`JwkError::NotASet`] when the text is no JSON object with `keys`.
    pub fn parse(json: &[u8]) -> Result<Self, JwkError> {
        serde_json::from_slice(json).map_err(|_| JwkError::NotASet)
    }
}

impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document = Document::deserialize(deserializer)?;
        let keys = document.keys.into_iter().filter_map(usable).collect();
        Ok(Self { keys })
    }
}

/// The key, if it is an RSA key that may check RS256 signatures.
fn usable(value: Value) -> Option<Jwk> {
    #[derive(Deserialize)]
    struct Wire {
        kty: String,
        #[serde(rename = "use")]
        usage: Option<String>,
        alg: Option<String>,
        kid: String,
        x5t: Option<String>,
        n: String,
        e: String,
        #[serde(default)]
        x5c: Vec<String>,
        issuer: Option<String>,
    }
    let wire: Wire = serde_json::from_value(value).ok()?;
    let fits = wire.kty == "RSA"
        && wire.usage.as_deref().is_none_or(|usage| usage == "sig")
        && wire.alg.as_deref().is_none_or(|alg| alg == "RS256");
    fits.then_some(Jwk {
        kid: wire.kid,
        x5t: wire.x5t,
        n: wire.n,
        e: wire.e,
        x5c: wire.x5c,
        issuer: wire.issuer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key;
    use proptest::prelude::*;

    #[test]
    fn a_set_reads_back_what_it_wrote() {
        let mut jwk = key().jwk();
        jwk.issuer = Some("https://casbah.example/{tenantid}/v2.0".into());
        let set = JwkSet { keys: vec![jwk] };
        let text = serde_json::to_vec(&set).unwrap();
        assert_eq!(JwkSet::parse(&text), Ok(set));
    }

    #[test]
    fn published_members_are_those_of_the_original() {
        let mut jwk = key().jwk();
        jwk.issuer = Some("https://casbah.example/{tenantid}/v2.0".into());
        let value = serde_json::to_value(&jwk).unwrap();
        let names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        let mut expected = ["kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer"];
        let mut sorted = names;
        sorted.sort();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(value["e"], "AQAB");
        assert_eq!(value["kid"], value["x5t"]);
    }

    #[test]
    fn keys_of_no_use_are_left_out() {
        let text = br#"{"keys":[
            {"kty":"EC","kid":"a","crv":"P-256","x":"","y":""},
            {"kty":"RSA","use":"enc","kid":"b","n":"AQ","e":"AQAB"},
            {"kty":"RSA","alg":"RS512","kid":"c","n":"AQ","e":"AQAB"},
            {"kty":"RSA","n":"AQ","e":"AQAB"},
            {"kty":"oct","kid":"d","k":"AQ"},
            7,
            {"kty":"RSA","kid":"e","n":"AQ","e":"AQAB","alg":"RS256"}
        ]}"#;
        let kids: Vec<_> = JwkSet::parse(text)
            .unwrap()
            .keys
            .into_iter()
            .map(|key| key.kid)
            .collect();
        assert_eq!(kids, ["e"]);
    }

    #[test]
    fn a_leading_zero_in_the_modulus_is_tolerated() {
        let mut jwk = key().jwk();
        let mut modulus = vec![0];
        modulus.extend(encoding::decode(&jwk.n).unwrap());
        jwk.n = encoding::encode(modulus);
        assert!(jwk.parse().is_ok());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, n in "[A-Za-z0-9_-]{0,40}", e in "[A-Za-z0-9_-]{0,8}") {
            drop(JwkSet::parse(&bytes));
            let jwk = Jwk { kid: String::new(), x5t: None, n, e, x5c: Vec::new(), issuer: None };
            drop(jwk.parse());
        }
    }
}
