//! Client assertions (RFC 7523): a client proves itself with a token that it signed.

use std::fmt;

use serde_json::{Map, Value};

use crate::client_certificate::ClientCertificate;
use crate::compact::{Compact, FormatError};
use crate::encoding;
use crate::issuer_keys::IssuerKeys;

/// The algorithms that assertions may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Ps256,
}

/// A client assertion, taken apart. Until [`ClientAssertion::is_signed_with`] or
/// [`ClientAssertion::is_signed_by`] says so, nothing in it is believed.
pub struct ClientAssertion<'t> {
    compact: Compact<'t>,
    claims: Map<String, Value>,
}

/// The claims are the client's own, the signature is a credential: neither is shown.
impl fmt::Debug for ClientAssertion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAssertion").finish_non_exhaustive()
    }
}

impl<'t> ClientAssertion<'t> {
    /// Takes an assertion apart. Parts may be padded, as some clients write them.
    ///
    /// # Errors
    /// [`FormatError`] when it is no token.
    pub fn parse(text: &'t str) -> Result<Self, FormatError> {
        let compact = Compact::parse_padded(text)?;
        let claims = compact.payload()?;
        Ok(Self { compact, claims })
    }

    /// Whether it names a certificate, by `x5t#S256` or `x5t`. Of an embedded `x5c`, or a
    /// key that it points to, nothing is read: those are its maker's own words.
    pub fn names(&self, certificate: &ClientCertificate) -> bool {
        let header = |name| self.compact.header.get(name).map(thumbprint);
        match (header("x5t#S256"), header("x5t")) {
            (Some(sha256), None) => sha256 == Some(certificate.sha256()),
            (None, Some(sha1)) => sha1 == Some(certificate.sha1()),
            (Some(sha256), Some(sha1)) => {
                sha256 == Some(certificate.sha256()) && sha1 == Some(certificate.sha1())
            }
            (None, None) => false,
        }
    }

    /// Whether the certificate's key signed it, by RS256 or PS256; anything else counts as
    /// not signed.
    pub fn is_signed_with(&self, certificate: &ClientCertificate) -> bool {
        let Some(algorithm) = self.algorithm() else {
            return false;
        };
        let Ok(signature) = self.compact.signature() else {
            return false;
        };
        let message = self.compact.signed.as_bytes();
        match algorithm {
            Algorithm::Rs256 => certificate.verifies_rs256(message, &signature),
            Algorithm::Ps256 => certificate.verifies_ps256(message, &signature),
        }
    }

    /// Whether one of another issuer's keys signed it: the one that the header names, by an
    /// algorithm that is allowed and that the key is for. Of a key that the header holds or
    /// points to nothing is read.
    pub fn is_signed_by(&self, keys: &IssuerKeys) -> bool {
        let header = &self.compact.header;
        // An extension that must be understood is not (RFC 7515 4.1.11).
        if header.contains_key("crit") {
            return false;
        }
        let alg = header.get("alg").and_then(Value::as_str);
        let (Some(kid), Some(alg), Ok(signature)) = (self.key_id(), alg, self.compact.signature())
        else {
            return false;
        };
        keys.verify(kid, alg, self.compact.signed.as_bytes(), &signature)
    }

    /// `kid`
    pub fn key_id(&self) -> Option<&str> {
        self.compact.header.get("kid")?.as_str()
    }

    fn algorithm(&self) -> Option<Algorithm> {
        let header = &self.compact.header;
        // An extension that must be understood is not (RFC 7515 4.1.11).
        if header.contains_key("crit") {
            return None;
        }
        match header.get("alg")?.as_str()? {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            _ => None,
        }
    }

    /// `iss`
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// `sub`
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// `jti`
    pub fn id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// Header and claims as they were signed. The signature is not among it, as one that is
    /// as good can be made of it by ECDSA.
    pub fn signed_text(&self) -> &str {
        self.compact.signed
    }

    /// Whether `aud` is, or has, this.
    pub fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
            _ => false,
        }
    }

    /// `exp`, Unix seconds; clients also write it with a fraction.
    pub fn expires(&self) -> Option<i64> {
        self.seconds("exp")
    }

    /// `nbf`, if it is there; an unreadable one is in the far future.
    pub fn not_before(&self) -> Option<i64> {
        self.begin("nbf")
    }

    /// `iat`, if it is there; an unreadable one is in the far future.
    pub fn issued_at(&self) -> Option<i64> {
        self.begin("iat")
    }

    /// A claim, whatever it is.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    fn begin(&self, name: &str) -> Option<i64> {
        let is_there = self.claims.contains_key(name);
        is_there.then(|| self.seconds(name).unwrap_or(i64::MAX))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a time, in Unix seconds.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float becomes the nearest i64, which is far from now either way"
        )]
        let whole = |float: f64| float.trunc() as i64;
        value.as_i64().or_else(|| value.as_f64().map(whole))
    }
}

/// A thumbprint as clients write it: base64url or standard base64, padded or not.
fn thumbprint(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?.replace('+', "-").replace('/', "_");
    encoding::decode_padded(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_key::ClientKey;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;
    use serde_json::json;

    fn parts(token: &str) -> Vec<Value> {
        let part = |text| serde_json::from_slice(&encoding::decode(text).unwrap()).unwrap();
        token.split('.').take(2).map(part).collect()
    }

    #[test]
    fn what_a_client_signs_is_believed() {
        let key = ClientKey::for_tests();
        let token = key
            .assertion("client", "https://a.example/t/v2.0", 1_790_000_000)
            .unwrap();
        let assertion = ClientAssertion::parse(&token).unwrap();
        assert!(assertion.names(key.certificate()));
        assert!(assertion.is_signed_with(key.certificate()));
        assert_eq!(
            (assertion.issuer(), assertion.subject()),
            (Some("client"), Some("client"))
        );
        assert!(
            assertion.is_for("https://a.example/t/v2.0") && !assertion.is_for("https://a.example")
        );
        assert_eq!(assertion.expires(), Some(1_790_000_600));
        let other = ClientKey::for_tests();
        assert!(
            !assertion.names(other.certificate()) && !assertion.is_signed_with(other.certificate())
        );
    }

    #[test]
    fn every_spelling_of_the_header_and_times_is_read() {
        let key = ClientKey::for_tests();
        let (sha1, sha256) = (key.certificate().sha1(), key.certificate().sha256());
        let claims = json!({"iss": "c", "sub": "c", "aud": ["x", "y"], "exp": 1_790_000_000.75});
        for header in [
            json!({"alg": "PS256", "x5t#S256": encoding::encode(&sha256)}),
            json!({"alg": "RS256", "x5t": encoding::encode(&sha1), "typ": "JWT"}),
            json!({"alg": "RS256", "x5t": STANDARD.encode(&sha1), "x5c": ["AAAA"]}),
            json!({"alg": "RS256", "x5t": URL_SAFE.encode(&sha1), "kid": "anything"}),
        ] {
            for is_padded in [false, true] {
                let token = key.sign(&header, &claims, is_padded).unwrap();
                let assertion = ClientAssertion::parse(&token).unwrap();
                assert!(assertion.names(key.certificate()), "{header}");
                assert!(assertion.is_signed_with(key.certificate()), "{header}");
                assert!(assertion.is_for("y"));
                assert_eq!(assertion.expires(), Some(1_790_000_000));
                assert_eq!(assertion.not_before(), None);
            }
        }
    }

    #[test]
    fn no_other_algorithm_and_no_key_of_its_own_is_believed() {
        let key = ClientKey::for_tests();
        let x5t = encoding::encode(key.certificate().sha1());
        let claims = json!({"iss": "c", "sub": "c", "aud": "x", "exp": 1_790_000_000});
        for (name, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("RS512")),
            ("alg", json!("rs256")),
            ("crit", json!(["exp"])),
        ] {
            let mut header = json!({"alg": "RS256", "x5t": x5t});
            header[name] = value;
            let token = key.sign(&header, &claims, false).unwrap();
            let assertion = ClientAssertion::parse(&token).unwrap();
            assert!(!assertion.is_signed_with(key.certificate()), "{header}");
        }
        let own = ClientKey::for_tests();
        let certificate = STANDARD.encode(own.certificate().der());
        for (name, value) in [
            ("x5c", json!([certificate])),
            ("jku", json!("https://evil.example/keys")),
            ("x5u", json!("https://evil.example/certificate")),
            ("jwk", json!({"kty": "RSA"})),
        ] {
            let mut header = json!({"alg": "RS256", "x5t": x5t});
            header[name] = value;
            let token = own.sign(&header, &claims, false).unwrap();
            let assertion = ClientAssertion::parse(&token).unwrap();
            assert!(assertion.names(key.certificate()));
            assert!(!assertion.is_signed_with(key.certificate()), "{header}");
        }
        let without = key.sign(&json!({"alg": "RS256"}), &claims, false).unwrap();
        assert!(
            !ClientAssertion::parse(&without)
                .unwrap()
                .names(key.certificate())
        );
        assert_eq!(parts(&without)[0], json!({"alg": "RS256"}));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let key = ClientKey::for_tests();
        let token = key.assertion("client", "a", 1_790_000_000).unwrap();
        for place in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            if bytes[place] == b'.' {
                continue;
            }
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let believed = ClientAssertion::parse(&changed)
                .is_ok_and(|one| one.is_signed_with(key.certificate()));
            assert!(!believed, "byte {place}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text: String, parts in "[A-Za-z0-9_.=-]{0,300}") {
            for text in [text, parts] {
                if let Ok(assertion) = ClientAssertion::parse(&text) {
                    let _ = (assertion.expires(), assertion.not_before());
                    let _ = assertion.issuer();
                }
            }
        }
    }
}
