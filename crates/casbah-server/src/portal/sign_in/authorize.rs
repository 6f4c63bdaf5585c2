//! `GET /{tenant}/oauth2/authorize` and `GET /{tenant}/oauth2/v2.0/authorize`.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use casbah_identity::random::{bearer_token, csrf_token};
use casbah_identity::request::Endpoint;
use casbah_identity::signin::NextStep;
use secrecy::ExposeSecret;

use super::conclude::{conclude, refuse};
use super::cookies::Cookie;
use super::error::SignInError;
use super::flow::Flow;
use super::pages::{self, Password};
use super::session;
use crate::identity::context::RequestContext;
use crate::state::{App, AppState};

/// The older endpoint.
pub(super) async fn v1(
    State(app): State<AppState>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    context: RequestContext,
) -> Response {
    let query = query.unwrap_or_default();
    begin(&app, Endpoint::V1, &tenant, &query, &headers, &context)
        .await
        .unwrap_or_else(|error| error.respond(&context))
}

/// The newer endpoint.
pub(super) async fn v2(
    State(app): State<AppState>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    context: RequestContext,
) -> Response {
    let query = query.unwrap_or_default();
    begin(&app, Endpoint::V2, &tenant, &query, &headers, &context)
        .await
        .unwrap_or_else(|error| error.respond(&context))
}

async fn begin(
    app: &App,
    endpoint: Endpoint,
    segment: &str,
    query: &str,
    headers: &HeaderMap,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let flow = Flow::read(app, endpoint, segment, query).await?;
    // A session of another tenant is none for this address.
    let signed_in = session::find(app, headers, context.now)
        .await?
        .filter(|person| {
            flow.tenant
                .one()
                .is_none_or(|tenant| tenant.id == person.user.tenant)
        });
    let auth_time = signed_in.as_ref().map(|person| person.auth_time);
    match (
        flow.request.next_step(auth_time, false, context.now),
        signed_in,
    ) {
        (NextStep::Continue, Some(person)) => conclude(app, &flow, &person, context).await,
        (NextStep::Refuse(error), _) => Err(refuse(&flow, error)),
        (NextStep::Continue, None) | (NextStep::SignIn, _) => ask(app, &flow, headers, context),
    }
}

/// Shows the form, bound to the browser.
fn ask(
    app: &App,
    flow: &Flow,
    headers: &HeaderMap,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let present = Cookie::Form.read(headers, &app.authority);
    // A form in another tab stays good, so its cookie stays.
    let (secret, is_fresh) = match present {
        Some(secret) => (secret, false),
        None => (bearer_token()?.expose_secret().to_owned(), true),
    };
    let page = Password {
        client: &flow.client.sign_in.display_name,
        action: &flow.action,
        csrf: &csrf_token(&secret),
        username: flow.request.login_hint.as_deref().unwrap_or_default(),
        message: None,
    };
    let redirect = flow.request.redirect.as_ref();
    let redirect = redirect.map(|redirect| redirect.uri.as_str());
    let mut answer = pages::form(&page, StatusCode::OK, redirect, context)?;
    if is_fresh {
        Cookie::Form.set(answer.headers_mut(), &app.authority, &secret);
    }
    Ok(answer)
}
