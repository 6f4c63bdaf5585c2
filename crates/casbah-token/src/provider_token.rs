//! ID tokens of other providers (OpenID Connect Core 1.0 section 2): this server is their
//! client.

use std::fmt;

use serde_json::Value;

use crate::assertion::ClientAssertion;
use crate::compact::FormatError;
use crate::issuer_keys::IssuerKeys;

/// An ID token of another provider, taken apart. Until [`ProviderToken::is_signed_by`] says
/// so, nothing in it is believed.
pub struct ProviderToken<'t>(ClientAssertion<'t>);

/// The claims are a person's own: they are not shown.
impl fmt::Debug for ProviderToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderToken").finish_non_exhaustive()
    }
}

impl<'t> ProviderToken<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`FormatError`] when it is no token.
    pub fn parse(text: &'t str) -> Result<Self, FormatError> {
        ClientAssertion::parse(text).map(Self)
    }

    /// Whether one of the provider's keys signed it: the one that the header names, by an
    /// algorithm that is allowed and that the key is for. Of a key that the header holds or
    /// points to nothing is read.
    pub fn is_signed_by(&self, keys: &IssuerKeys) -> bool {
        self.0.is_signed_by(keys)
    }

    /// `kid`
    pub fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }

    /// `iss`
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer()
    }

    /// `sub`
    pub fn subject(&self) -> Option<&str> {
        self.0.subject()
    }

    /// Whether it was given to this client: `aud` is or has it, and `azp` is it where it is
    /// there, which it must be where `aud` has others, too (section 3.1.3.7).
    pub fn is_given_to(&self, client_id: &str) -> bool {
        let has_others = match self.0.claim("aud") {
            Some(Value::Array(all)) => all.len() > 1,
            _ => false,
        };
        let party = self.0.claim("azp");
        self.0.is_for(client_id)
            && match party {
                Some(party) => party.as_str() == Some(client_id),
                None => !has_others,
            }
    }

    /// Whether it is good at this time, in Unix seconds, by clocks that are `leeway` seconds
    /// apart at most. It must say when it was made and when it ends.
    pub fn is_good_at(&self, now: i64, leeway: i64) -> bool {
        let has_begun = |time: i64| time <= now.saturating_add(leeway);
        self.0
            .expires()
            .is_some_and(|end| now.saturating_sub(leeway) < end)
            && self.0.issued_at().is_some_and(has_begun)
            && self.0.not_before().is_none_or(has_begun)
    }

    /// `iat`
    pub fn issued_at(&self) -> Option<i64> {
        self.0.issued_at()
    }

    /// A claim that is a time, in Unix seconds.
    pub fn time(&self, name: &str) -> Option<i64> {
        self.0.seconds(name)
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.claim(name)?.as_str()
    }

    /// Whether a claim is true: the truth value, and no text that reads like it.
    pub fn is_true(&self, name: &str) -> bool {
        self.0.claim(name) == Some(&Value::Bool(true))
    }

    /// A claim that is a list of texts; what is no text in it is left out.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let values = self.0.claim(name).and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding;
    use serde_json::json;

    fn token(claims: &Value) -> String {
        let part = |value: &Value| encoding::encode(value.to_string());
        format!("{}.{}.AAAA", part(&json!({"alg": "RS256"})), part(claims))
    }

    #[test]
    fn a_token_is_given_to_one_client() {
        for (claims, expected) in [
            (json!({"aud": "c"}), true),
            (json!({"aud": ["c"]}), true),
            (json!({"aud": ["c", "d"], "azp": "c"}), true),
            (json!({"aud": "c", "azp": "c"}), true),
            (json!({"aud": "d"}), false),
            (json!({"aud": ["d", "e"], "azp": "c"}), false),
            (json!({"aud": ["c", "d"]}), false),
            (json!({"aud": ["c", "d"], "azp": "d"}), false),
            (json!({"aud": "c", "azp": "d"}), false),
            (json!({"aud": "c", "azp": null}), false),
            (json!({"aud": {"c": 1}}), false),
            (json!({}), false),
        ] {
            let text = token(&claims);
            let token = ProviderToken::parse(&text).unwrap();
            assert_eq!(token.is_given_to("c"), expected, "{claims}");
        }
    }

    #[test]
    fn a_token_has_its_time() {
        for (claims, expected) in [
            (json!({"iat": 1000, "exp": 1600}), true),
            (json!({"iat": 1300, "nbf": 1300, "exp": 1600}), true),
            (json!({"iat": 1000, "exp": 701}), true),
            (json!({"iat": 1000, "exp": 700}), false),
            (json!({"iat": 1301, "exp": 1600}), false),
            (json!({"iat": 1000, "nbf": 1301, "exp": 1600}), false),
            (json!({"iat": 1000, "nbf": "soon", "exp": 1600}), false),
            (json!({"exp": 1600}), false),
            (json!({"iat": 1000}), false),
            (json!({"iat": 1000, "exp": "1600"}), false),
        ] {
            let text = token(&claims);
            let token = ProviderToken::parse(&text).unwrap();
            assert_eq!(token.is_good_at(1000, 300), expected, "{claims}");
        }
    }

    #[test]
    fn claims_are_read_as_what_they_are() {
        let text = token(&json!({
            "email_verified": "true", "yes": true, "amr": ["pwd", 1, "mfa"], "acr": ["x"]
        }));
        let token = ProviderToken::parse(&text).unwrap();
        assert!(!token.is_true("email_verified") && token.is_true("yes"));
        assert_eq!(token.texts("amr"), ["pwd", "mfa"]);
        assert_eq!((token.text("acr"), token.text("none")), (None, None));
        assert!(token.texts("none").is_empty());
    }
}
