//! Form parameters (RFC 6749 appendix B).

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::error::AadError;

/// The parameters that mean something. All others are ignored: clients send many
/// of their own.
const KNOWN: [&str; 29] = [
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_info",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "password",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "requested_token_use",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "user_code",
    "username",
];

/// Known parameters of one request. Values are wiped when dropped and never
/// printed: there may be secrets among them.
#[derive(Default)]
pub struct Params {
    values: BTreeMap<&'static str, Zeroizing<String>>,
}

impl Params {
    /// Reads a form body or the query of an address.
    ///
    /// # Errors
    /// [`AadError::Malformed`] when a known parameter comes twice (RFC 6749
    /// section 3.1 and 3.2).
    pub fn parse(form: &[u8]) -> Result<Self, AadError> {
        Self::from_pairs(form_urlencoded::parse(form).into_owned())
    }

    /// The same from pairs that were already decoded.
    ///
    /// # Errors
    /// As [`Params::parse`].
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, AadError> {
        let mut params = Self::default();
        for (name, value) in pairs {
            let value = Zeroizing::new(value);
            let Some(known) = KNOWN.into_iter().find(|known| *known == name) else {
                continue;
            };
            if params.values.insert(known, value).is_some() {
                return Err(AadError::Malformed("a parameter occurs twice"));
            }
        }
        Ok(params)
    }

    /// A parameter's value, if there is one; an empty value is none.
    pub fn optional(&self, name: &'static str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// [`AadError::MissingParameter`] or [`AadError::EmptyParameter`].
    pub fn required(&self, name: &'static str) -> Result<&str, AadError> {
        match self.values.get(name) {
            None => Err(AadError::MissingParameter(name)),
            Some(value) if value.is_empty() => Err(AadError::EmptyParameter(name)),
            Some(value) => Ok(value),
        }
    }

    /// Whether the client wants `client_info` in the answer.
    pub fn wants_client_info(&self) -> bool {
        self.optional("client_info") == Some("1")
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_parameters_are_ignored_even_twice() {
        let params = Params::parse(b"x-client-SKU=a&x-client-SKU=b&scope=s%2F.default+t").unwrap();
        assert_eq!(params.optional("scope"), Some("s/.default t"));
        assert_eq!(format!("{params:?}"), r#"{"scope"}"#);
    }

    #[test]
    fn a_known_parameter_twice_is_refused() {
        assert!(matches!(
            Params::parse(b"scope=a&scope=a").err(),
            Some(AadError::Malformed(_))
        ));
    }

    #[test]
    fn missing_and_empty_are_told_apart() {
        let params = Params::parse(b"scope=").unwrap();
        assert_eq!(
            params.required("scope"),
            Err(AadError::EmptyParameter("scope"))
        );
        assert_eq!(
            params.required("code"),
            Err(AadError::MissingParameter("code"))
        );
        assert_eq!(params.optional("scope"), None);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(form: Vec<u8>) {
            drop(Params::parse(&form));
        }
    }
}
