//! `GET /{tenant}/oauth2/logout` and `/v2.0/logout` (OpenID Connect RP-Initiated
//! Logout 1.0).

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use casbah_identity::request::Params;
use casbah_identity::signin::{AuthorizeResponse, ResponseMode};

use super::client::find_client;
use super::cookies::Cookie;
use super::error::SignInError;
use super::pages::{self, Message};
use super::session;
use super::told::signed_out;
use crate::identity::context::RequestContext;
use crate::state::{App, AppState};

/// Ends the browser's session.
pub(super) async fn end(
    State(app): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    context: RequestContext,
) -> Response {
    let query = query.unwrap_or_default();
    sign_out(&app, &query, &headers, &context)
        .await
        .unwrap_or_else(|error| error.respond(&context))
}

async fn sign_out(
    app: &App,
    query: &str,
    headers: &HeaderMap,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let person = session::find(app, headers, context.now).await?;
    session::end(app, headers).await?;
    if let Some(person) = person {
        signed_out(app, &person.user, context).await?;
    }
    let mut answer = if let Some(answer) = next(app, query).await? {
        pages::send_to_client(answer, context)?
    } else {
        let page = Message {
            heading: "You are signed out",
            text: "The session in this browser has ended.".to_owned(),
            detail: None,
        };
        pages::show(&page, StatusCode::OK, context)
    };
    Cookie::Session.clear(answer.headers_mut(), &app.authority);
    Ok(answer)
}

/// Where the browser goes: only to an address that is registered for the client
/// that the request names.
async fn next(app: &App, query: &str) -> Result<Option<AuthorizeResponse>, SignInError> {
    let Ok(params) = Params::parse(query.as_bytes()) else {
        return Ok(None);
    };
    let (Some(uri), Some(client)) = (
        params.optional("post_logout_redirect_uri"),
        params.optional("client_id"),
    ) else {
        return Ok(None);
    };
    let Ok(app_id) = client.parse() else {
        return Ok(None);
    };
    let client = find_client(&app.store, app_id).await?;
    let is_registered = client.is_some_and(|client| client.sign_in.platform_of(uri).is_some());
    let fields: Vec<_> = params
        .optional("state")
        .map(|state| ("state", state.to_owned()))
        .into_iter()
        .collect();
    Ok(is_registered.then(|| {
        if fields.is_empty() {
            AuthorizeResponse::Redirect(uri.to_owned())
        } else {
            AuthorizeResponse::new(uri, ResponseMode::Query, &fields)
        }
    }))
}
