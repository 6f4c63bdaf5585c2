//! The end of a sign-in: a code for the client, or the reason for none.

use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::signin::{AuthorizeRefusal, AuthorizeResponse, CodeGrant, new_code};
use casbah_model::identity::RequestedResource;
use uuid::Uuid;

use super::error::SignInError;
use super::flow::Flow;
use super::pages;
use super::session::SignedIn;
use crate::identity::context::RequestContext;
use crate::identity::user_scopes::{UserScopes, decide};
use crate::state::App;

/// Gives the client a code for the signed-in person.
pub(super) async fn conclude(
    app: &App,
    flow: &Flow,
    person: &SignedIn,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    flow.check_person(&person.user)?;
    let Some(redirect) = &flow.request.redirect else {
        return Err(refuse(flow, AadError::NoRedirect));
    };
    let application = flow.client.application.as_ref();
    let scopes = &flow.request.scopes;
    let decided = decide(app, &person.user, flow.request.client, application, scopes).await?;
    let granted = match decided {
        Ok(granted) => granted,
        Err(refusal) => return Err(refuse(flow, refusal)),
    };
    let grant = CodeGrant {
        user: &person.user,
        scopes: names(&granted, flow),
        resource: flow
            .request
            .scopes
            .resource
            .as_ref()
            .map(|named| RequestedResource {
                requested: named.resource.clone(),
                app_id: granted.resource.app_id,
            }),
        auth_time: person.auth_time,
    };
    let code = new_code(&flow.request, &redirect.uri, grant, context.now)?;
    app.store.add_authorization_code(code.stored).await?;
    let answer = AuthorizeResponse::with_code(
        &redirect.uri,
        flow.request.mode,
        &code.text,
        flow.request.state.as_deref(),
        &Uuid::new_v4().to_string(),
        false,
    );
    Ok(pages::send_to_client(answer, context)?)
}

/// OpenID's scopes and the resource's, as the code remembers them.
fn names(granted: &UserScopes, flow: &Flow) -> Vec<String> {
    let openid = flow.request.scopes.openid.names();
    openid
        .into_iter()
        .map(str::to_owned)
        .chain(granted.granted.iter().cloned())
        .collect()
}

/// A refusal at the client's address, or on a page if it has none.
pub(super) fn refuse(flow: &Flow, error: AadError) -> SignInError {
    SignInError::Refused(match &flow.request.redirect {
        Some(redirect) => AuthorizeRefusal::Client {
            redirect: redirect.clone(),
            mode: flow.request.mode,
            error,
            state: flow.request.state.clone(),
        },
        None => AuthorizeRefusal::Page(error),
    })
}
