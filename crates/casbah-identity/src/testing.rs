//! Tokens of others for this crate's tests.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_token::IssuerKeys;
use serde_json::{Value, json};

/// A token with these claims that nobody signed.
pub(crate) fn unsigned(claims: &Value) -> String {
    let header = json!({"alg": "RS256", "kid": "k"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AA", part(&header), part(claims))
}

/// A key of another issuer, by ES256.
pub(crate) struct ForeignKey(EcdsaKeyPair);

impl ForeignKey {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// The issuer's key set.
    pub(crate) fn published(&self) -> IssuerKeys {
        let (_, point) = self.0.public_key().as_ref().split_at(1);
        let (x, y) = point.split_at(32);
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": number(x), "y": number(y)});
        IssuerKeys::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap()
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": "k"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.unwrap()))
    }
}
