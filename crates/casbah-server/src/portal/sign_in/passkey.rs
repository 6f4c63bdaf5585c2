//! A passkey in place of name and password.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use casbah_model::identity::{StepKind, User};
use secrecy::SecretString;

use super::complete::complete;
use super::error::SignInError;
use super::fields;
use super::flow::{Entry, Flow};
use super::pages::{self, PasskeyPage};
use super::step::Step;
use super::visit::Visit;
use crate::identity::passkeys::{PasskeyError, RelyingParty};

/// Asks for any passkey.
pub(super) async fn show(entry: Entry, visit: Visit) -> Response {
    try_show(entry, &visit, None)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_show(
    entry: Entry,
    visit: &Visit,
    message: Option<&str>,
) -> Result<Response, SignInError> {
    let flow = Flow::read(&visit.app, entry, visit.segment(), visit.query()).await?;
    let party = RelyingParty::of(&visit.app.authority);
    let question = party.ok_or(SignInError::NoPasskeys)?.ask_for_any()?;
    visit.count_start()?;
    let step = Step::begin(visit, None, StepKind::Passkey, question.state).await?;
    let page = PasskeyPage {
        client: flow.name(),
        action: &flow.passkey_address(),
        sign_in: &flow.sign_in_page(),
        csrf: &step.csrf(),
        options: &question.options,
        message,
    };
    let status = match message {
        Some(_) => StatusCode::UNAUTHORIZED,
        None => StatusCode::OK,
    };
    let mut answer = pages::form(&page, status, flow.redirect_uri(), &visit.context)?;
    step.set_cookie(visit, answer.headers_mut());
    Ok(answer)
}

/// Receives the answer of the browser.
pub(super) async fn receive(entry: Entry, visit: Visit, body: Bytes) -> Response {
    try_receive(entry, &visit, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_receive(entry: Entry, visit: &Visit, body: &[u8]) -> Result<Response, SignInError> {
    let step = Step::find(visit, StepKind::Passkey, &fields::text(body, "csrf")).await?;
    // Ended first: a question is answered once, rightly or not.
    step.end(visit).await?;
    let flow = Flow::read(&visit.app, entry, visit.segment(), visit.query()).await?;
    let Some(user) = prove(visit, &step, &fields::text(body, "passkey").into()).await? else {
        let text = "This passkey is not known here, or may not be used any more.";
        return try_show(entry, visit, Some(text)).await;
    };
    let is_here = flow
        .tenant
        .one()
        .is_none_or(|tenant| tenant.id == user.tenant);
    if !is_here {
        let text = "This passkey belongs to another organisation.";
        return try_show(entry, visit, Some(text)).await;
    }
    // The device has asked for a finger, a face or a number besides.
    let methods = ["hwk", "user", "mfa"].map(str::to_owned).to_vec();
    complete(&flow, visit, user, methods).await
}

/// The enabled person whom the answer proves.
async fn prove(
    visit: &Visit,
    step: &Step,
    answer: &SecretString,
) -> Result<Option<User>, SignInError> {
    let store = &visit.app.store;
    let party = RelyingParty::of(&visit.app.authority).ok_or(SignInError::NoPasskeys)?;
    let refused = |error: PasskeyError| {
        tracing::debug!(%error, "a passkey was refused");
        None::<User>
    };
    let id = match party.person_of(answer) {
        Ok(id) => id,
        Err(error) => return Ok(refused(error)),
    };
    let Some(tenant) = store.passkey_home(id).await? else {
        return Ok(None);
    };
    let passkeys = store.second_factors(tenant, id).await?.passkeys;
    let proven = match party.receive_any(&passkeys, step.state(), answer) {
        Ok(proven) => proven,
        Err(error) => return Ok(refused(error)),
    };
    let now = visit.context.now;
    store
        .use_passkey(tenant, proven.id, proven.record, now)
        .await?;
    let user = store.user(tenant, id).await?;
    Ok(user.filter(|user| user.enabled && !user.must_change_password))
}
