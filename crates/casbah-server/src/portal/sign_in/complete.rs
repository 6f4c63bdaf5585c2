//! A person has proven herself.

use axum::response::Response;
use casbah_model::identity::User;

use super::conclude::conclude;
use super::cookies::Cookie;
use super::error::SignInError;
use super::flow::Flow;
use super::session;
use super::told::Told;
use super::visit::Visit;

/// Keeps in the audit that the person signed in, and lets her in. `methods` are those of
/// RFC 8176.
pub(super) async fn complete(
    flow: &Flow,
    visit: &Visit,
    user: User,
    methods: Vec<String>,
) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    flow.check_person(&user)?;
    let told = Told {
        tenant: Some(user.tenant),
        username: &user.upn,
        client: flow.client_id(),
        context,
    };
    told.signed_in(app, &methods).await?;
    enter(flow, visit, user, true, methods).await
}

/// Begins the session of a person whose sign-in the audit has, and goes on to what it was
/// for. `is_asked` says whether the person was asked for a proof now.
pub(super) async fn enter(
    flow: &Flow,
    visit: &Visit,
    user: User,
    is_asked: bool,
    methods: Vec<String>,
) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let person = session::begin(visit, user, is_asked, methods).await?;
    let mut answer = match conclude(app, flow, &person, context).await {
        Ok(answer) => answer,
        // The person is signed in whatever the client may not have.
        Err(error @ SignInError::Refused(_)) => error.respond(context),
        Err(error) => return Err(error),
    };
    person.set_cookie(app, answer.headers_mut());
    if Cookie::Step.read(&visit.headers, &app.authority).is_some() {
        Cookie::Step.clear(answer.headers_mut(), &app.authority);
    }
    Ok(answer)
}
