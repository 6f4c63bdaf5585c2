//! Key sets as published at `jwks_uri` (RFC 7517; members of elliptic curves RFC 7518
//! 6.2.1, of RSA 6.3.1).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use serde::de::Deserializer;
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::public_key::{RsaNumbers, point};

/// Why a key set or a key is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// The document is not a key set.
    #[error("not a json web key set")]
    NotASet,
    /// Its members are not base64url of a public key of its type.
    #[error("key {kid:?} is not a public key")]
    NotAKey {
        /// The key's name.
        kid: String,
    },
}

/// The numbers of a public key, each base64url of big-endian bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// `kty` `RSA`
    Rsa {
        /// Modulus.
        n: String,
        /// Exponent.
        e: String,
    },
    /// `kty` `EC`, `crv` `P-256`
    P256 {
        /// First coordinate, 32 bytes.
        x: String,
        /// Second coordinate, 32 bytes.
        y: String,
    },
}

/// A public key for signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// The key's name.
    pub kid: String,
    /// SHA-1 thumbprint of the certificate, base64url.
    pub x5t: Option<String>,
    /// The key itself.
    pub key: PublicKey,
    /// The certificate and its chain, each base64 (standard, padded) of DER.
    pub x5c: Vec<String>,
    /// The issuer that signs with this key; Entra's own member, may hold the
    /// literal `{tenantid}`.
    pub issuer: Option<String>,
}

impl Jwk {
    /// The one algorithm that the key is for.
    pub const fn algorithm(&self) -> Algorithm {
        match self.key {
            PublicKey::Rsa { .. } => Algorithm::Rs256,
            PublicKey::P256 { .. } => Algorithm::Es256,
        }
    }

    /// Parses the key for checking signatures of its algorithm.
    pub(crate) fn parse(&self) -> Result<ParsedPublicKey, JwkError> {
        let key = match &self.key {
            PublicKey::Rsa { n, e } => RsaNumbers::decode(n, e)
                .and_then(|numbers| numbers.parse(&RSA_PKCS1_2048_8192_SHA256)),
            PublicKey::P256 { x, y } => point(x, y, 32, &ECDSA_P256_SHA256_FIXED),
        };
        key.ok_or_else(|| JwkError::NotAKey {
            kid: self.kid.clone(),
        })
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut key = serializer.serialize_struct("Jwk", 9)?;
        let kty = match self.key {
            PublicKey::Rsa { .. } => "RSA",
            PublicKey::P256 { .. } => "EC",
        };
        key.serialize_field("kty", kty)?;
        key.serialize_field("use", "sig")?;
        key.serialize_field("kid", &self.kid)?;
        if let Some(x5t) = &self.x5t {
            key.serialize_field("x5t", x5t)?;
        }
        match &self.key {
            PublicKey::Rsa { n, e } => {
                key.serialize_field("n", n)?;
                key.serialize_field("e", e)?;
            }
            PublicKey::P256 { x, y } => {
                key.serialize_field("crv", P256)?;
                key.serialize_field("x", x)?;
                key.serialize_field("y", y)?;
            }
        }
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

/// The name of the curve (RFC 7518 6.2.1.1).
const P256: &str = "P-256";

/// The key, if it may check signatures of an algorithm that is spoken here.
fn usable(value: Value) -> Option<Jwk> {
    #[derive(Deserialize)]
    struct Wire {
        kty: String,
        #[serde(rename = "use")]
        usage: Option<String>,
        alg: Option<String>,
        kid: String,
        x5t: Option<String>,
        crv: Option<String>,
        n: Option<String>,
        e: Option<String>,
        x: Option<String>,
        y: Option<String>,
        #[serde(default)]
        x5c: Vec<String>,
        issuer: Option<String>,
    }
    let wire: Wire = serde_json::from_value(value).ok()?;
    let key = match wire.kty.as_str() {
        "RSA" => PublicKey::Rsa {
            n: wire.n?,
            e: wire.e?,
        },
        "EC" if wire.crv.as_deref() == Some(P256) => PublicKey::P256 {
            x: wire.x?,
            y: wire.y?,
        },
        _ => return None,
    };
    let jwk = Jwk {
        kid: wire.kid,
        x5t: wire.x5t,
        key,
        x5c: wire.x5c,
        issuer: wire.issuer,
    };
    let fits = wire.usage.as_deref().is_none_or(|usage| usage == "sig")
        && wire.alg.is_none_or(|alg| alg == jwk.algorithm().name());
    fits.then_some(jwk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding;
    use crate::testing::{ec_key, key};
    use proptest::prelude::*;

    #[test]
    fn a_set_reads_back_what_it_wrote() {
        let mut jwk = key().jwk();
        jwk.issuer = Some("https://casbah.example/{tenantid}/v2.0".into());
        let set = JwkSet {
            keys: vec![jwk, ec_key().jwk()],
        };
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
        let value = serde_json::to_value(ec_key().jwk()).unwrap();
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["crv", "kid", "kty", "use", "x", "x5c", "x5t", "y"]);
        assert_eq!(
            (&value["kty"], &value["crv"]),
            (&"EC".into(), &"P-256".into())
        );
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_no_key() {
        let good = ec_key().jwk();
        assert!(good.parse().is_ok());
        let PublicKey::P256 { x, y } = good.key.clone() else {
            panic!("a key on p-256");
        };
        let short = encoding::encode(&encoding::decode(&x).unwrap()[1..]);
        for (x, y) in [
            (y.clone(), x.clone()),
            (x.clone(), x.clone()),
            (short, y.clone()),
            (String::new(), String::new()),
            (format!("{x}{y}"), String::new()),
        ] {
            let jwk = Jwk {
                key: PublicKey::P256 { x, y },
                ..good.clone()
            };
            assert!(jwk.parse().is_err(), "{jwk:?}");
        }
    }

    #[test]
    fn keys_of_no_use_are_left_out() {
        let text = br#"{"keys":[
            {"kty":"EC","kid":"a","crv":"P-384","x":"AQ","y":"AQ"},
            {"kty":"EC","kid":"f","crv":"P-256","x":"AQ"},
            {"kty":"EC","kid":"g","crv":"P-256","x":"AQ","y":"AQ","alg":"RS256"},
            {"kty":"RSA","kid":"h","n":"AQ","e":"AQAB","alg":"ES256"},
            {"kty":"RSA","kid":"i","crv":"P-256","x":"AQ","y":"AQ"},
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
        let PublicKey::Rsa { n, e } = jwk.key else {
            panic!("an rsa key");
        };
        let mut modulus = vec![0];
        modulus.extend(encoding::decode(&n).unwrap());
        jwk.key = PublicKey::Rsa {
            n: encoding::encode(modulus),
            e,
        };
        assert!(jwk.parse().is_ok());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, n in "[A-Za-z0-9_-]{0,40}", e in "[A-Za-z0-9_-]{0,8}") {
            drop(JwkSet::parse(&bytes));
            for key in [
                PublicKey::P256 { x: n.clone(), y: e.clone() },
                PublicKey::Rsa { n, e },
            ] {
                let jwk = Jwk { kid: String::new(), x5t: None, key, x5c: Vec::new(), issuer: None };
                drop(jwk.parse());
            }
        }
    }
}
