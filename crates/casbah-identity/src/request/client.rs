//! Who the client says it is, and with what proof (RFC 6749 section 2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::ids::AppId;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Params;
use crate::error::AadError;

/// The type of a JWT client assertion (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client offers as proof.
#[derive(Debug)]
pub enum Credential {
    /// Nothing: a public client.
    None,
    /// A client secret.
    Secret(SecretString),
    /// A signed assertion, still unread.
    Assertion(SecretString),
}

/// A client as it presents itself; nothing is checked yet.
#[derive(Debug)]
pub struct PresentedClient {
    /// Its client id.
    pub app_id: AppId,
    /// Its proof.
    pub credential: Credential,
}

impl PresentedClient {
    /// Reads the client from the body, or from the `Authorization` header if that
    /// is HTTP Basic.
    ///
    /// # Errors
    /// [`AadError::MissingParameter`] without an id, [`AadError::Malformed`] with
    /// two proofs or two ids, [`AadError::ApplicationNotFound`] when the id is
    /// none that an application can have.
    pub fn parse(params: &Params, authorization: Option<&str>) -> Result<Self, AadError> {
        let basic = authorization
            .and_then(basic_token)
            .map(parse_basic)
            .transpose()?;
        let id = match (&basic, params.optional("client_id")) {
            (Some((id, _)), Some(other)) if !id.eq_ignore_ascii_case(other) => {
                return Err(AadError::Malformed("header and body name two clients"));
            }
            (Some((id, _)), _) => id.as_str(),
            (None, _) => params.required("client_id")?,
        };
        let app_id = id
            .parse()
            .map_err(|_| AadError::ApplicationNotFound(id.to_owned()))?;
        let secret = params.optional("client_secret").map(SecretString::from);
        let assertion = assertion(params)?;
        let credential = match (basic, secret, assertion) {
            (None, None, None) => Credential::None,
            (Some((_, secret)), None, None) | (None, Some(secret), None) => {
                Credential::Secret(secret)
            }
            (None, None, Some(assertion)) => Credential::Assertion(assertion),
            _ => return Err(AadError::Malformed("more than one client credential")),
        };
        Ok(Self { app_id, credential })
    }
}

fn assertion(params: &Params) -> Result<Option<SecretString>, AadError> {
    let Some(assertion) = params.optional("client_assertion") else {
        return Ok(None);
    };
    if params.required("client_assertion_type")? != ASSERTION_TYPE {
        return Err(AadError::Malformed(
            "client_assertion_type is not supported",
        ));
    }
    Ok(Some(assertion.into()))
}

/// The token of an HTTP Basic header; other schemes mean nothing here.
fn basic_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(token.trim())
}

/// Id and secret of HTTP Basic. Both are form-encoded inside the base64 (RFC
/// 6749 section 2.3.1), unlike a person's name and password.
fn parse_basic(token: &str) -> Result<(String, SecretString), AadError> {
    let malformed = || AadError::Malformed("the Authorization header is not HTTP Basic");
    let decoded = Zeroizing::new(STANDARD.decode(token).map_err(|_| malformed())?);
    let text = std::str::from_utf8(&decoded).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    let secret = Zeroizing::new(form_decode(secret));
    if secret.is_empty() {
        return Err(AadError::EmptyParameter("client_secret"));
    }
    Ok((form_decode(id), secret.as_str().into()))
}

/// One value, form-decoded: `+` is a space and `%` begins a byte.
fn form_decode(text: &str) -> String {
    // An equals sign or ampersand, which a client forgot to encode, is itself.
    let escaped = Zeroizing::new(text.replace('&', "%26").replace('=', "%3D"));
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    const ID: &str = "2c0f8f5e-5a0c-4f58-b9a2-5d6a1d0f6a11";

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn parse(form: &str, header: Option<&str>) -> Result<PresentedClient, AadError> {
        PresentedClient::parse(&Params::parse(form.as_bytes()).unwrap(), header)
    }

    fn secret(client: PresentedClient) -> String {
        match client.credential {
            Credential::Secret(secret) => secret.expose_secret().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_secret_may_come_in_the_body_or_the_header() {
        let body = parse(&format!("client_id={ID}&client_secret=a%2Bb"), None).unwrap();
        assert_eq!(body.app_id.to_string(), ID);
        assert_eq!(secret(body), "a+b");
        for (sent, expected) in [
            ("a%2Bb%25", "a+b%"),
            ("a+b", "a b"),
            ("a=b&c", "a=b&c"),
            ("a:b", "a:b"),
            ("a~b-_.", "a~b-_."),
        ] {
            let header = basic(&format!("{ID}:{sent}"));
            assert_eq!(secret(parse("", Some(&header)).unwrap()), expected);
        }
        let both = basic(&format!("{ID}:s"));
        assert!(parse(&format!("client_id={}", ID.to_uppercase()), Some(&both)).is_ok());
    }

    #[test]
    fn contradictions_are_refused() {
        let header = basic(&format!("{ID}:s"));
        let other = "client_id=00000000-0000-0000-0000-000000000001";
        for (form, header) in [
            (other.to_owned(), Some(header.as_str())),
            (
                format!("client_id={ID}&client_secret=s"),
                Some(header.as_str()),
            ),
            (
                format!(
                    "client_id={ID}&client_secret=s&client_assertion=a&client_assertion_type={ASSERTION_TYPE}"
                ),
                None,
            ),
            (
                format!("client_id={ID}&client_assertion=a&client_assertion_type=x"),
                None,
            ),
            (String::new(), Some("Basic !!!")),
            (String::new(), Some("Basic bm9jb2xvbg==")),
        ] {
            assert!(
                matches!(parse(&form, header).err(), Some(AadError::Malformed(_))),
                "{form}"
            );
        }
    }

    #[test]
    fn an_id_that_cannot_be_is_an_application_that_is_not() {
        assert_eq!(
            parse("client_id=my-app", None).err(),
            Some(AadError::ApplicationNotFound("my-app".into()))
        );
        assert_eq!(
            parse("", None).err(),
            Some(AadError::MissingParameter("client_id"))
        );
        assert_eq!(
            parse("", Some("Bearer x")).err(),
            Some(AadError::MissingParameter("client_id"))
        );
    }

    proptest! {
        #[test]
        fn headers_never_panic(header: String, inside: String) {
            drop(parse("", Some(&header)));
            drop(parse("", Some(&basic(&inside))));
        }
    }
}
