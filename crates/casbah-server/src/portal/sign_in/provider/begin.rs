//! The way to a provider.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use casbah_identity::identity_provider::{AuthorizationRequest, begin};
use casbah_model::identity::IdentityProvider;

use super::error::ProviderError;
use super::offers::{Offers, chosen};
use super::redirect_uri;
use crate::portal::sign_in::error::SignInError;
use crate::portal::sign_in::fields;
use crate::portal::sign_in::flow::{Entry, Flow};
use crate::portal::sign_in::form_guard::FormGuard;
use crate::portal::sign_in::pages::{self, Password, ToProvider};
use crate::portal::sign_in::visit::Visit;

/// `POST` of the page with the password, by the button of a provider.
pub(in crate::portal::sign_in) async fn receive(
    entry: Entry,
    visit: Visit,
    body: Bytes,
) -> Response {
    try_receive(entry, &visit, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_receive(entry: Entry, visit: &Visit, body: &[u8]) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let csrf = fields::text(body, "csrf");
    let guard = FormGuard::check(&visit.headers, &app.authority, csrf.trim())?;
    let flow = Flow::read(app, entry, visit.segment(), visit.query()).await?;
    let username = fields::text(body, "username").trim().to_owned();
    let tenant = flow.tenant_of(app, &username).await?;
    let id = fields::text(body, "provider").trim().parse().ok();
    if let Some(provider) = chosen(app, tenant.as_ref(), id, &username).await? {
        return lead_on(visit, &flow, &provider, &username, guard.secret()).await;
    }
    let page = Password {
        client: flow.name(),
        action: &flow.sign_in_address(),
        csrf: &guard.token(),
        username: &username,
        passkey: Some(&flow.passkey_address()),
        message: Some(
            "Type the user name that your organisation gave you. If that does not help, your \
             organisation has no sign-in of its own: type your password.",
        ),
        offers: &Offers::of(app, &flow).await?,
    };
    let status = StatusCode::BAD_REQUEST;
    Ok(pages::form(&page, status, flow.redirect_uri(), context)?)
}

/// Sends the browser with this cookie to a provider. By a page, not by a redirect: browsers
/// hold redirects of a form to `form-action`, and the page with the form cannot know where a
/// provider's people sign in.
pub(in crate::portal::sign_in) async fn lead_on(
    visit: &Visit,
    flow: &Flow,
    provider: &IdentityProvider,
    username: &str,
    browser: &str,
) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    visit.count_start()?;
    let published = app.issuers.published(&provider.issuer, context.now).await;
    let published = published.ok_or(ProviderError::Unreachable)?;
    let endpoint = published
        .metadata
        .authorization_endpoint()
        .map_err(ProviderError::Metadata)?;
    let sign_in = begin(&app.vault, provider, browser, flow.kept(), context.now)
        .map_err(ProviderError::Begin)?;
    let login_hint = match username {
        "" => flow.login_hint(),
        typed => typed,
    };
    let request = AuthorizationRequest {
        provider,
        redirect_uri: &redirect_uri(&app.authority),
        login_hint,
        ask: flow.ask(),
    };
    let address = request.address(endpoint, &sign_in);
    app.store
        .add_provider_sign_in(sign_in.stored, context.now)
        .await?;
    let page = ToProvider {
        name: &provider.display_name,
        address: address.as_str(),
    };
    Ok(pages::show(&page, StatusCode::OK, context))
}
