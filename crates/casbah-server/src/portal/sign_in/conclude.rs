//! The end of a sign-in: the answer that it was for, or the reason for none.

use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::signin::{AuthorizeRefusal, AuthorizeResponse, CodeGrant, new_code};
use casbah_model::identity::RequestedResource;
use uuid::Uuid;

use super::error::SignInError;
use super::flow::{CodeErrand, Errand, Flow};
use super::pages;
use super::session::SignedIn;
use crate::identity::context::RequestContext;
use crate::identity::user_scopes::{UserScopes, decide};
use crate::state::App;

/// Gives the signed-in person, or the client, what the sign-in was for.
pub(super) async fn conclude(
    app: &App,
    flow: &Flow,
    person: &SignedIn,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    flow.check_person(&person.user)?;
    match &flow.errand {
        Errand::Code(errand) => give_code(app, errand, person, context).await,
        Errand::Portal(path) => {
            let answer = AuthorizeResponse::Redirect(path.to_string());
            Ok(pages::send_to_client(answer, context)?)
        }
    }
}

/// Gives the client a code for the signed-in person.
async fn give_code(
    app: &App,
    errand: &CodeErrand,
    person: &SignedIn,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let request = &errand.request;
    let Some(redirect) = &request.redirect else {
        return Err(errand.refuse(AadError::NoRedirect));
    };
    let application = errand.client.application.as_ref();
    let decided = decide(
        app,
        &person.user,
        request.client,
        application,
        &request.scopes,
    )
    .await?;
    let granted = match decided {
        Ok(granted) => granted,
        Err(refusal) => return Err(errand.refuse(refusal)),
    };
    let resource = request.scopes.resource.as_ref();
    let grant = CodeGrant {
        user: &person.user,
        scopes: names(&granted, errand),
        resource: resource.map(|named| RequestedResource {
            requested: named.resource.clone(),
            app_id: granted.resource.app_id,
        }),
        auth_time: person.auth_time,
    };
    let code = new_code(request, &redirect.uri, grant, context.now)?;
    app.store.add_authorization_code(code.stored).await?;
    let answer = AuthorizeResponse::with_code(
        &redirect.uri,
        request.mode,
        &code.text,
        request.state.as_deref(),
        &Uuid::new_v4().to_string(),
        false,
    );
    Ok(pages::send_to_client(answer, context)?)
}

/// OpenID's scopes and the resource's, as the code remembers them.
fn names(granted: &UserScopes, errand: &CodeErrand) -> Vec<String> {
    let openid = errand.request.scopes.openid.names();
    openid
        .into_iter()
        .map(str::to_owned)
        .chain(granted.granted.iter().cloned())
        .collect()
}

/// A refusal where the request can be told.
pub(super) fn refuse(flow: &Flow, error: AadError) -> SignInError {
    match &flow.errand {
        Errand::Code(errand) => errand.refuse(error),
        Errand::Portal(_) => AuthorizeRefusal::Page(error).into(),
    }
}

impl CodeErrand {
    /// A refusal at the client's address, or on a page if it has none.
    fn refuse(&self, error: AadError) -> SignInError {
        SignInError::Refused(match &self.request.redirect {
            Some(redirect) => AuthorizeRefusal::Client {
                redirect: redirect.clone(),
                mode: self.request.mode,
                error,
                state: self.request.state.clone(),
            },
            None => AuthorizeRefusal::Page(error),
        })
    }
}
