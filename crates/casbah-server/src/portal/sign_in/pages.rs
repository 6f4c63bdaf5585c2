//! The pages and the headers that guard them.

use askama::Template;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use casbah_identity::signin::AuthorizeResponse;
use url::Url;

use crate::identity::context::RequestContext;
use crate::portal::html;

/// Name and password.
#[derive(Template)]
#[template(path = "sign_in/password.html")]
pub(super) struct Password<'a> {
    /// The client's name.
    pub(super) client: &'a str,
    /// Where the form is sent.
    pub(super) action: &'a str,
    /// The form's token.
    pub(super) csrf: &'a str,
    /// The name to fill in.
    pub(super) username: &'a str,
    /// What was wrong with the last attempt.
    pub(super) message: Option<&'a str>,
}

/// A new password for a given one.
#[derive(Template)]
#[template(path = "sign_in/new_password.html")]
pub(super) struct NewPassword<'a> {
    /// The client's name.
    pub(super) client: &'a str,
    /// Where the form is sent.
    pub(super) action: &'a str,
    /// The form's token.
    pub(super) csrf: &'a str,
    /// The person.
    pub(super) username: &'a str,
    /// What was wrong with the last attempt.
    pub(super) message: Option<&'a str>,
    /// The fewest characters.
    pub(super) min_characters: usize,
}

/// A text alone.
#[derive(Template)]
#[template(path = "sign_in/message.html")]
pub(super) struct Message {
    /// The heading.
    pub(super) heading: &'static str,
    /// The text.
    pub(super) text: String,
    /// What helps to find the request in the log.
    pub(super) detail: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in/form_post.html")]
struct FormPost<'a> {
    action: &'a str,
    fields: &'a [(String, String)],
}

/// Sends the browser to the client.
pub(super) fn send_to_client(
    answer: AuthorizeResponse,
    context: &RequestContext,
) -> Result<Response, askama::Error> {
    match answer {
        AuthorizeResponse::Redirect(address) => {
            let mut headers = html::headers(context, "form-action 'none'");
            // 303: the next request is a GET, whatever this one was.
            match HeaderValue::from_str(&address) {
                Ok(address) => {
                    headers.insert(LOCATION, address);
                    Ok((StatusCode::SEE_OTHER, headers).into_response())
                }
                Err(error) => Err(askama::Error::Custom(error.into())),
            }
        }
        AuthorizeResponse::FormPost { action, fields } => {
            let page = FormPost {
                action: &action,
                fields: &fields,
            };
            let rules = format!("script-src 'self'; form-action {}", source_of(&action));
            Ok(html::page(page.render()?, StatusCode::OK, &rules, context))
        }
    }
}

/// A page with a form of ours. Its answer may be a redirect to the client, and
/// browsers hold redirects of a form to `form-action` as well.
pub(super) fn form(
    page: &impl Template,
    status: StatusCode,
    redirect_uri: Option<&str>,
    context: &RequestContext,
) -> Result<Response, askama::Error> {
    let rules = match redirect_uri {
        Some(uri) => format!("form-action 'self' {}", source_of(uri)),
        None => "form-action 'self'".to_owned(),
    };
    Ok(html::page(page.render()?, status, &rules, context))
}

/// A page without a form.
pub(super) fn show(page: &impl Template, status: StatusCode, context: &RequestContext) -> Response {
    match page.render() {
        Ok(text) => html::page(text, status, "form-action 'none'", context),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An address as a source of a content security policy (CSP level 3, 2.3.1): its
/// origin, or its scheme where it has none.
fn source_of(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => "'none'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_the_clients_origin_and_nothing_else() {
        for (uri, source) in [
            ("http://localhost:8400/x?y=1", "http://localhost:8400"),
            ("https://a.example/cb; script-src *", "https://a.example"),
            ("msal2c0f://auth", "msal2c0f:"),
            ("not an address", "'none'"),
        ] {
            assert_eq!(source_of(uri), source);
        }
    }
}
