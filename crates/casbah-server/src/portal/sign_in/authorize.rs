//! The first step of a sign-in: `GET` of the authorisation endpoints and the portal's.

use axum::http::StatusCode;
use axum::response::Response;
use casbah_identity::identity_provider::Ask;
use casbah_identity::signin::NextStep;

use super::conclude::{conclude, refuse};
use super::error::SignInError;
use super::flow::{Entry, Flow};
use super::form_guard::FormGuard;
use super::pages::{self, Password};
use super::provider::Offers;
use super::session;
use super::visit::Visit;

/// Goes on for a person who is signed in, or shows the form.
pub(super) async fn begin(entry: Entry, visit: Visit) -> Response {
    try_begin(entry, &visit)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_begin(entry: Entry, visit: &Visit) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let flow = Flow::read(app, entry, visit.segment(), visit.query()).await?;
    // A session of another tenant is none for this address.
    let signed_in = session::find(app, &visit.headers, context.now)
        .await?
        .filter(|person| {
            flow.tenant
                .one()
                .is_none_or(|tenant| tenant.id == person.user.tenant)
        })
        // Nor is one in which nobody was asked, where a recent sign-in is wanted.
        .filter(|person| person.is_asked || flow.ask() != Ask::SignIn);
    let auth_time = signed_in.as_ref().map(|person| person.auth_time);
    match (flow.next_step(auth_time, context.now), signed_in) {
        (NextStep::Continue, Some(person)) => conclude(app, &flow, &person, context).await,
        (NextStep::Refuse(error), _) => Err(refuse(&flow, error)),
        (NextStep::Continue, None) | (NextStep::SignIn, _) => ask(&flow, visit).await,
    }
}

/// Shows the form, bound to the browser.
async fn ask(flow: &Flow, visit: &Visit) -> Result<Response, SignInError> {
    let authority = &visit.app.authority;
    let guard = FormGuard::of(&visit.headers, authority)?;
    let page = Password {
        passkey: Some(&flow.passkey_address()),
        client: flow.name(),
        action: &flow.sign_in_address(),
        csrf: &guard.token(),
        username: flow.login_hint(),
        message: None,
        offers: &Offers::of(&visit.app, flow).await?,
    };
    let mut answer = pages::form(&page, StatusCode::OK, flow.redirect_uri(), &visit.context)?;
    guard.keep(answer.headers_mut(), authority);
    Ok(answer)
}
