//! The end of a sign-in: the answer that it was for, or the reason for none.

use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::signin::{AuthorizeRefusal, AuthorizeResponse, CodeGrant, Prompt, new_code};
use casbah_store::StoreError;
use uuid::Uuid;

use super::consent::{self, Given};
use super::error::SignInError;
use super::flow::{CodeErrand, Errand, Flow};
use super::pages;
use super::session::SignedIn;
use crate::identity::context::RequestContext;
use crate::identity::user_scopes::{UserScopes, decide};
use crate::state::App;

/// What a client gets for a person, or why nothing.
type Decided = Result<UserScopes, AadError>;

/// Gives the signed-in person, or the client, what the sign-in was for; what is not
/// consented to yet is asked for.
pub(super) async fn conclude(
    app: &App,
    flow: &Flow,
    person: &SignedIn,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    flow.check_person(&person.user)?;
    let application = flow.client().and_then(|client| client.application.as_ref());
    let Some(application) = application else {
        // A part of the server needs no consent.
        return finish(app, flow, person, None, context).await;
    };
    if flow.is_about_consent() {
        return consent::ask(app, flow, application, person, context).await;
    }
    let Errand::Code(errand) = &flow.errand else {
        return finish(app, flow, person, None, context).await;
    };
    let decided = errand.decide(app, person).await?;
    if errand.is_cured_by_consent(&decided) {
        return consent::ask(app, flow, application, person, context).await;
    }
    give_code(app, errand, person, decided, None, context).await
}

/// The end of the sign-in, after a consent of this kind if there was one.
pub(super) async fn finish(
    app: &App,
    flow: &Flow,
    person: &SignedIn,
    given: Option<Given>,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    match &flow.errand {
        Errand::Code(errand) => {
            let decided = errand.decide(app, person).await?;
            give_code(app, errand, person, decided, given, context).await
        }
        Errand::AdminConsent(errand) => match errand.request.granted(person.user.tenant) {
            Some(answer) => Ok(pages::send_to_client(answer, context)?),
            None => Ok(consent::kept(&errand.client, context)),
        },
        Errand::Portal { to, .. } => {
            let answer = AuthorizeResponse::Redirect(to.to_string());
            Ok(pages::send_to_client(answer, context)?)
        }
    }
}

/// Gives the client a code for the signed-in person.
async fn give_code(
    app: &App,
    errand: &CodeErrand,
    person: &SignedIn,
    decided: Decided,
    given: Option<Given>,
    context: &RequestContext,
) -> Result<Response, SignInError> {
    let request = &errand.request;
    let Some(redirect) = &request.redirect else {
        return Err(errand.refuse(AadError::NoRedirect));
    };
    let granted = decided.map_err(|refusal| errand.refuse(refusal))?;
    let grant = CodeGrant {
        user: &person.user,
        scopes: granted.names(request.scopes.openid),
        resource: granted.stored_resource(&request.scopes),
        auth_time: person.auth_time,
        methods: person.methods.clone(),
    };
    let code = new_code(request, &redirect.uri, grant, context.now)?;
    app.store.add_authorization_code(code.stored).await?;
    let answer = AuthorizeResponse::with_code(
        &redirect.uri,
        request.mode,
        &code.text,
        request.state.as_deref(),
        &Uuid::new_v4().to_string(),
        given == Some(Given::ByAdministrator),
    );
    Ok(pages::send_to_client(answer, context)?)
}

/// A refusal where the request can be told.
pub(super) fn refuse(flow: &Flow, error: AadError) -> SignInError {
    match &flow.errand {
        Errand::Code(errand) => errand.refuse(error),
        Errand::AdminConsent(_) | Errand::Portal { .. } => AuthorizeRefusal::Page(error).into(),
    }
}

impl CodeErrand {
    /// What the client gets for the person by what is granted now.
    async fn decide(&self, app: &App, person: &SignedIn) -> Result<Decided, StoreError> {
        let application = self.client.application.as_ref();
        let request = &self.request;
        let user = &person.user;
        decide(app, user, request.client, application, &request.scopes).await
    }

    /// Whether consent could help a client that may ask for it: where the client is not
    /// present in the tenant yet, consent is what brings it in.
    fn is_cured_by_consent(&self, decided: &Decided) -> bool {
        let is_missing = matches!(
            decided,
            Err(AadError::ConsentMissing | AadError::ApplicationNotFound(_))
        );
        is_missing && self.request.prompt != Prompt::None
    }

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
