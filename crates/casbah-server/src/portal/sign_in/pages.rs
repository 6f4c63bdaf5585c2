//! The pages and the headers that guard them.

use askama::Template;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use casbah_identity::consent::{ConsentPlan, PlannedRole, PlannedScope};
use casbah_identity::signin::AuthorizeResponse;
use casbah_model::identity::{Tenant, User};
use casbah_model::ids::AppId;
use url::Url;

use super::provider::Offers;
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
    /// Where a passkey can be used instead.
    pub(super) passkey: Option<&'a str>,
    /// The other ways to sign in.
    pub(super) offers: &'a Offers,
    /// What was wrong with the last attempt.
    pub(super) message: Option<&'a str>,
}

/// A code or a passkey after the password.
#[derive(Template)]
#[template(path = "sign_in/second_factor.html")]
pub(super) struct SecondFactorPage<'a> {
    /// The client's name.
    pub(super) client: &'a str,
    /// Where the form is sent.
    pub(super) action: &'a str,
    /// The form's token.
    pub(super) csrf: &'a str,
    /// The person.
    pub(super) upn: &'a str,
    /// Whether the person has an authenticator app.
    pub(super) has_app: bool,
    /// Whether the person has recovery codes left.
    pub(super) has_recovery_codes: bool,
    /// What to ask the browser for, if the person has passkeys.
    pub(super) options: Option<&'a str>,
    /// What was wrong with the last attempt.
    pub(super) message: Option<&'a str>,
}

/// A passkey in place of name and password.
#[derive(Template)]
#[template(path = "sign_in/passkey.html")]
pub(super) struct PasskeyPage<'a> {
    /// The client's name.
    pub(super) client: &'a str,
    /// Where the form is sent.
    pub(super) action: &'a str,
    /// The page for a password.
    pub(super) sign_in: &'a str,
    /// The form's token.
    pub(super) csrf: &'a str,
    /// What to ask the browser for.
    pub(super) options: &'a str,
    /// What was wrong with the last attempt.
    pub(super) message: Option<&'a str>,
}

/// The way to a provider.
#[derive(Template)]
#[template(path = "sign_in/to_provider.html")]
pub(super) struct ToProvider<'a> {
    /// The provider's name.
    pub(super) name: &'a str,
    /// Where its people sign in.
    pub(super) address: &'a str,
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
    /// Whether the present password must be typed once more.
    pub(super) is_present_asked: bool,
    /// What was wrong with the last attempt.
    pub(super) message: Option<&'a str>,
    /// The fewest characters.
    pub(super) min_characters: usize,
}

/// What an application asks for.
#[derive(Template)]
#[template(path = "sign_in/consent.html")]
pub(super) struct ConsentPage<'a> {
    /// The client's name.
    pub(super) client: &'a str,
    /// Its id.
    pub(super) client_id: AppId,
    /// The tenant where it is registered.
    pub(super) publisher: Option<&'a Tenant>,
    /// Whether that is the person's own.
    pub(super) is_own: bool,
    /// Who is asked.
    pub(super) upn: &'a str,
    /// Whether the answer is for everyone in the tenant.
    pub(super) is_for_everyone: bool,
    /// Whether the person may choose that.
    pub(super) may_for_everyone: bool,
    /// App roles.
    pub(super) as_itself: Vec<Wish>,
    /// Scopes.
    pub(super) for_people: Vec<Wish>,
    /// How many of its permissions the tenant knows nothing of.
    pub(super) unknown: usize,
    /// Where the form is sent.
    pub(super) action: &'a str,
    /// The form's token.
    pub(super) csrf: &'a str,
    /// The mark of what is shown.
    pub(super) mark: &'a str,
    /// Why the page is shown again.
    pub(super) message: Option<&'a str>,
}

/// One permission, in words.
pub(super) struct Wish {
    /// What it allows.
    pub(super) text: String,
    /// Its value, as tokens carry it.
    pub(super) value: String,
    /// The resource's name.
    pub(super) resource: String,
    /// Whether it was granted before.
    pub(super) is_granted: bool,
}

impl Wish {
    /// An app role.
    pub(super) fn of_role(planned: &PlannedRole<'_>) -> Self {
        let role = planned.role;
        Self {
            text: first_of([&role.description, &role.display_name]),
            value: role.value.clone().unwrap_or_default(),
            resource: planned.resource.service_principal.display_name.clone(),
            is_granted: planned.is_granted,
        }
    }

    /// What an application may do for people: to know them, and the scopes.
    pub(super) fn for_people(plan: &ConsentPlan<'_>) -> Vec<Self> {
        let openid = plan.openid.iter().map(|name| Self {
            text: openid_text(name).to_owned(),
            value: (*name).to_owned(),
            resource: "OpenID Connect".to_owned(),
            is_granted: false,
        });
        openid
            .chain(plan.scopes.iter().map(Self::of_scope))
            .collect()
    }

    fn of_scope(planned: &PlannedScope<'_>) -> Self {
        let scope = planned.scope;
        Self {
            text: first_of([
                &scope.admin_consent_description,
                &scope.admin_consent_display_name,
            ]),
            value: scope.value.clone(),
            resource: planned.resource.service_principal.display_name.clone(),
            is_granted: planned.is_granted,
        }
    }
}

fn first_of(texts: [&String; 2]) -> String {
    let mut texts = texts.into_iter();
    texts
        .find(|text| !text.is_empty())
        .cloned()
        .unwrap_or_default()
}

fn openid_text(name: &str) -> &'static str {
    match name {
        "openid" => "Sign people in",
        "profile" => "Know their names",
        "email" => "Know their e-mail addresses",
        _ => "Keep access while they are not signed in",
    }
}

/// Only someone else can answer.
#[derive(Template)]
#[template(path = "sign_in/administrator_needed.html")]
pub(super) struct AdministratorNeeded<'a> {
    /// The client's name.
    pub(super) client: &'a str,
    /// Who is signed in.
    pub(super) upn: &'a str,
    /// Some of those who can.
    pub(super) approvers: Vec<&'a User>,
    /// What to send them.
    pub(super) link: String,
    /// Where the form is sent.
    pub(super) action: &'a str,
    /// The form's token.
    pub(super) csrf: &'a str,
    /// Whether the client has an address to go back to.
    pub(super) can_go_back: bool,
    /// What helps to find the request in the log.
    pub(super) detail: String,
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
        Some(uri) => format!("script-src 'self'; form-action 'self' {}", source_of(uri)),
        None => "script-src 'self'; form-action 'self'".to_owned(),
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
