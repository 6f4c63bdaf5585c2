//! What a provider says of itself (OpenID Connect Discovery 1.0 section 3).

use serde::Deserialize;
use url::Url;

/// A provider's metadata, as far as a sign-in needs them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProviderMetadata {
    /// `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where people sign in.
    pub authorization_endpoint: Option<String>,
    /// Where codes are redeemed.
    pub token_endpoint: Option<String>,
    /// How clients may prove themselves there.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Where the claims are that ID tokens do not have.
    pub userinfo_endpoint: Option<String>,
    /// Whether its answers name it (RFC 9207 section 3).
    pub authorization_response_iss_parameter_supported: Option<bool>,
}

/// How this server's secret is sent to a provider (OpenID Connect Core 1.0 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientMethod {
    /// In the header, by HTTP's basic scheme.
    Basic,
    /// In the form.
    Post,
}

impl ClientMethod {
    /// The method's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }
}

/// Nobody can sign in by metadata like these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataProblem {
    /// There is no place to sign in.
    #[error("the metadata have no authorization_endpoint that is an https address")]
    AuthorizationEndpoint,
    /// There is no place to redeem a code.
    #[error("the metadata have no token_endpoint")]
    TokenEndpoint,
    /// The provider takes no secret.
    #[error("the provider takes neither client_secret_basic nor client_secret_post")]
    ClientMethod,
}

impl ProviderMetadata {
    /// Where people sign in. A browser is sent there, so it is no address that a browser
    /// would take for a script.
    ///
    /// # Errors
    /// [`MetadataProblem::AuthorizationEndpoint`]
    pub fn authorization_endpoint(&self) -> Result<Url, MetadataProblem> {
        let text = self.authorization_endpoint.as_deref().unwrap_or_default();
        Url::parse(text)
            .ok()
            .filter(|url| url.scheme() == "https" && url.has_host())
            .ok_or(MetadataProblem::AuthorizationEndpoint)
    }

    /// Where codes are redeemed.
    ///
    /// # Errors
    /// [`MetadataProblem::TokenEndpoint`]
    pub fn token_endpoint(&self) -> Result<&str, MetadataProblem> {
        let endpoint = self.token_endpoint.as_deref();
        endpoint.ok_or(MetadataProblem::TokenEndpoint)
    }

    /// How the secret is sent; who says nothing means the header.
    ///
    /// # Errors
    /// [`MetadataProblem::ClientMethod`]
    pub fn client_method(&self) -> Result<ClientMethod, MetadataProblem> {
        let Some(methods) = &self.token_endpoint_auth_methods_supported else {
            return Ok(ClientMethod::Basic);
        };
        [ClientMethod::Basic, ClientMethod::Post]
            .into_iter()
            .find(|method| methods.iter().any(|one| one == method.name()))
            .ok_or(MetadataProblem::ClientMethod)
    }

    /// Whether an answer comes from this issuer, as far as it says (RFC 9207 section 2.4).
    pub fn is_answer_of(&self, issuer: Option<&str>) -> bool {
        match issuer {
            Some(issuer) => issuer == self.issuer,
            None => self.authorization_response_iss_parameter_supported != Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn metadata(change: &Value) -> ProviderMetadata {
        let mut document = json!({"issuer": "https://idp.example", "jwks_uri": "x"});
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn the_method_is_the_first_that_both_know() {
        for (methods, expected) in [
            (json!({}), Ok(ClientMethod::Basic)),
            (
                json!({"token_endpoint_auth_methods_supported":
                    ["private_key_jwt", "client_secret_post", "client_secret_basic"]}),
                Ok(ClientMethod::Basic),
            ),
            (
                json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}),
                Ok(ClientMethod::Post),
            ),
            (
                json!({"token_endpoint_auth_methods_supported": ["none"]}),
                Err(MetadataProblem::ClientMethod),
            ),
        ] {
            assert_eq!(metadata(&methods).client_method(), expected, "{methods}");
        }
    }

    #[test]
    fn a_browser_is_sent_to_https_alone() {
        for (endpoint, is_good) in [
            ("https://idp.example/authorize?a=b", true),
            ("http://idp.example/authorize", false),
            ("javascript:alert(1)", false),
            ("/authorize", false),
            ("", false),
        ] {
            let one = metadata(&json!({"authorization_endpoint": endpoint}));
            assert_eq!(one.authorization_endpoint().is_ok(), is_good, "{endpoint}");
        }
        assert!(metadata(&json!({})).authorization_endpoint().is_err());
    }

    #[test]
    fn an_answer_of_another_issuer_is_noticed() {
        let names = json!({"authorization_response_iss_parameter_supported": true});
        for (change, issuer, expected) in [
            (&json!({}), None, true),
            (&json!({}), Some("https://idp.example"), true),
            (&json!({}), Some("https://idp.example/"), false),
            (&json!({}), Some("https://evil.example"), false),
            (&names, None, false),
            (&names, Some("https://idp.example"), true),
        ] {
            assert_eq!(metadata(change).is_answer_of(issuer), expected, "{change}");
        }
    }
}
