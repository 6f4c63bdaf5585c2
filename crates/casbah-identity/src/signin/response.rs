//! Sending the browser back to the client.

use secrecy::{ExposeSecret, SecretString};

/// How the answer travels (OAuth 2.0 Multiple Response Types, Form Post).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseMode {
    /// In the query of the redirect address.
    Query,
    /// In its fragment.
    Fragment,
    /// In a form that posts itself. Command-line clients insist on it.
    FormPost,
}

/// What to send to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeResponse {
    /// 302 to this address.
    Redirect(String),
    /// A page whose form posts itself; the page's `form-action` must allow it.
    FormPost {
        /// Where to.
        action: String,
        /// Names and values of the hidden fields, not yet escaped for HTML.
        fields: Vec<(String, String)>,
    },
}

impl AuthorizeResponse {
    /// Carries `fields` to `redirect_uri`.
    pub fn new(redirect_uri: &str, mode: ResponseMode, fields: &[(&str, String)]) -> Self {
        let encoded = || {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(fields);
            query.finish()
        };
        match mode {
            ResponseMode::Query => {
                let separator = if redirect_uri.contains('?') { '&' } else { '?' };
                Self::Redirect(format!("{redirect_uri}{separator}{}", encoded()))
            }
            ResponseMode::Fragment => Self::Redirect(format!("{redirect_uri}#{}", encoded())),
            ResponseMode::FormPost => Self::FormPost {
                action: redirect_uri.to_owned(),
                fields: fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
            },
        }
    }

    /// Carries a code, with what the original sends along.
    pub fn with_code(
        redirect_uri: &str,
        mode: ResponseMode,
        code: &SecretString,
        state: Option<&str>,
        session_state: &str,
        admin_consent: bool,
    ) -> Self {
        let mut fields = vec![("code", code.expose_secret().to_owned())];
        if admin_consent {
            fields.push(("admin_consent", "True".to_owned()));
        }
        if let Some(state) = state {
            fields.push(("state", state.to_owned()));
        }
        fields.push(("session_state", session_state.to_owned()));
        Self::new(redirect_uri, mode, &fields)
    }

    /// Carries an error.
    pub fn with_error(
        redirect_uri: &str,
        mode: ResponseMode,
        error: &str,
        description: &str,
        state: Option<&str>,
    ) -> Self {
        let mut fields = vec![
            ("error", error.to_owned()),
            ("error_description", description.to_owned()),
        ];
        if let Some(state) = state {
            fields.push(("state", state.to_owned()));
        }
        Self::new(redirect_uri, mode, &fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_travels_as_asked() {
        let code: SecretString = "0.a.b".into();
        let send = |uri, mode| {
            AuthorizeResponse::with_code(uri, mode, &code, Some("a&b=ü \"c"), "s", false)
        };
        let encoded = "code=0.a.b&state=a%26b%3D%C3%BC+%22c&session_state=s";
        for (uri, mode, expected) in [
            (
                "https://a/cb",
                ResponseMode::Query,
                format!("https://a/cb?{encoded}"),
            ),
            (
                "https://a/cb?x=1",
                ResponseMode::Query,
                format!("https://a/cb?x=1&{encoded}"),
            ),
            (
                "https://a/cb",
                ResponseMode::Fragment,
                format!("https://a/cb#{encoded}"),
            ),
        ] {
            assert_eq!(send(uri, mode), AuthorizeResponse::Redirect(expected));
        }
        let AuthorizeResponse::FormPost { action, fields } =
            send("http://localhost:1", ResponseMode::FormPost)
        else {
            panic!("a form");
        };
        assert_eq!(action, "http://localhost:1");
        assert_eq!(fields[1], ("state".to_owned(), "a&b=ü \"c".to_owned()));
    }

    #[test]
    fn admin_consent_and_errors_say_so() {
        let response = AuthorizeResponse::with_code(
            "https://a",
            ResponseMode::Query,
            &"c".into(),
            None,
            "s",
            true,
        );
        let expected = "https://a?code=c&admin_consent=True&session_state=s";
        assert_eq!(response, AuthorizeResponse::Redirect(expected.into()));
        let mode = ResponseMode::Query;
        assert_eq!(
            AuthorizeResponse::with_error("https://a", mode, "access_denied", "no", Some("x")),
            AuthorizeResponse::Redirect(
                "https://a?error=access_denied&error_description=no&state=x".into()
            )
        );
    }
}
