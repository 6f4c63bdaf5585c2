//! A new password for one that was given by someone else, after a second factor.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use casbah_identity::password::MIN_CHARACTERS;
use casbah_model::audit::AuditRecord;
use casbah_model::identity::{StepKind, User};
use secrecy::SecretString;

use super::attempt::{Changed, new_password};
use super::complete::complete;
use super::error::SignInError;
use super::fields;
use super::flow::{Entry, Flow};
use super::pages::{self, NewPassword};
use super::step::Step;
use super::visit::Visit;

/// Asks for the password; `methods` are those by which the person is proven.
pub(super) async fn ask(
    flow: &Flow,
    visit: &Visit,
    user: &User,
    methods: &[String],
) -> Result<Response, SignInError> {
    let person = Some((user.tenant, user.id));
    let step = Step::begin(visit, person, StepKind::NewPassword, methods.join(" ")).await?;
    let mut answer = page(flow, visit, user, &step, None)?;
    step.set_cookie(visit, answer.headers_mut());
    Ok(answer)
}

fn page(
    flow: &Flow,
    visit: &Visit,
    user: &User,
    step: &Step,
    message: Option<&str>,
) -> Result<Response, SignInError> {
    let page = NewPassword {
        client: flow.name(),
        action: &flow.new_password_address(),
        csrf: &step.csrf(),
        username: &user.upn,
        is_present_asked: false,
        message,
        min_characters: MIN_CHARACTERS,
    };
    let status = match message {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    Ok(pages::form(
        &page,
        status,
        flow.redirect_uri(),
        &visit.context,
    )?)
}

/// Receives the new password.
pub(super) async fn receive(entry: Entry, visit: Visit, body: Bytes) -> Response {
    try_receive(entry, &visit, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_receive(entry: Entry, visit: &Visit, body: &[u8]) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let step = Step::find(visit, StepKind::NewPassword, &fields::text(body, "csrf")).await?;
    let user = step.person(visit).await?;
    let flow = Flow::read(app, entry, visit.segment(), visit.query()).await?;
    let new: SecretString = fields::text(body, "new_password").into();
    let again: SecretString = fields::text(body, "new_password_again").into();
    let record = AuditRecord::new(&user.upn, "user.change_password", &user.id)
        .at(context.now)
        .from(context.origin());
    match new_password(app, user.clone(), &new, &again, record).await? {
        Changed::Done(user) => {
            step.end(visit).await?;
            let methods = step.state().split(' ').map(str::to_owned).collect();
            complete(&flow, visit, *user, methods).await
        }
        Changed::Refused(problem) => page(&flow, visit, &user, &step, Some(problem)),
        Changed::TooLate => Err(SignInError::ForeignForm),
    }
}
