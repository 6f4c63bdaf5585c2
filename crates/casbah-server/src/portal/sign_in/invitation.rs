//! `/casbah/invitation/{link}`: an invited person chooses the first password.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use casbah_identity::password::MIN_CHARACTERS;
use casbah_identity::random::digest_of;
use casbah_identity::signin::{OpaqueKind, tenant_of};
use casbah_model::audit::AuditRecord;
use casbah_model::identity::User;
use secrecy::{ExposeSecret, SecretString};

use super::attempt::unfit;
use super::error::SignInError;
use super::fields;
use super::form_guard::FormGuard;
use super::pages::{self, Message};
use crate::identity::context::RequestContext;
use crate::identity::hashing;
use crate::state::{App, AppState};

/// The page with the form.
#[derive(Template)]
#[template(path = "sign_in/invitation.html")]
struct Invitation<'a> {
    csrf: &'a str,
    username: &'a str,
    message: Option<&'a str>,
    min_characters: usize,
}

/// Who opens the link, or sends its form.
#[derive(axum::extract::FromRequestParts)]
pub(super) struct Invited {
    #[from_request(via(Path))]
    link: String,
    headers: HeaderMap,
    context: RequestContext,
}

/// Shows the form. Looking at a link does not use it up: mail programs do that, too.
pub(super) async fn show(State(app): State<AppState>, invited: Invited) -> Response {
    try_show(&app, &invited)
        .await
        .unwrap_or_else(|error| error.respond(&invited.context))
}

/// Takes the form.
pub(super) async fn accept(State(app): State<AppState>, invited: Invited, body: Bytes) -> Response {
    try_accept(&app, &invited, &body)
        .await
        .unwrap_or_else(|error| error.respond(&invited.context))
}

async fn try_show(app: &App, invited: &Invited) -> Result<Response, SignInError> {
    let Some(user) = find(app, invited).await? else {
        return Ok(over(&invited.context));
    };
    let guard = FormGuard::of(&invited.headers, &app.authority)?;
    ask(app, invited, &guard, &user, None)
}

async fn try_accept(app: &App, invited: &Invited, body: &[u8]) -> Result<Response, SignInError> {
    let guard = FormGuard::check(
        &invited.headers,
        &app.authority,
        &fields::text(body, "csrf"),
    )?;
    // Before the slow hash, so that only who has a link can ask for it.
    let Some(user) = find(app, invited).await? else {
        return Ok(over(&invited.context));
    };
    let again = |problem| ask(app, invited, &guard, &user, Some(problem));
    let new = SecretString::from(fields::text(body, "new_password"));
    let repeated = SecretString::from(fields::text(body, "new_password_again"));
    if new.expose_secret() != repeated.expose_secret() {
        return again("The two passwords differ.");
    }
    let password = match hashing::hash(new).await {
        Ok(password) => password,
        Err(failure) => return again(unfit(failure)?),
    };
    let context = invited.context;
    let record = move |user: &User| {
        AuditRecord::new(&user.upn, "user.accept_invitation", &user.id)
            .at(context.now)
            .from(context.origin())
    };
    let hash = digest_of(&invited.link);
    let accepted = app
        .store
        .accept_invitation(user.tenant, hash, password, context.now, record)
        .await?;
    Ok(accepted.map_or_else(
        || over(&context),
        |user| {
            let page = Message {
                heading: "Your password is set",
                text: format!(
                    "You can sign in as {} now, in any application of your organisation.",
                    user.upn
                ),
                detail: None,
            };
            pages::show(&page, StatusCode::OK, &context)
        },
    ))
}

/// The person whom the link was made for, while it is good.
async fn find(app: &App, invited: &Invited) -> Result<Option<User>, SignInError> {
    let Some(tenant) = tenant_of(OpaqueKind::Invitation, &invited.link) else {
        return Ok(None);
    };
    let hash = digest_of(&invited.link);
    let now = invited.context.now;
    Ok(app.store.invited_user(tenant, hash, now).await?)
}

fn ask(
    app: &App,
    invited: &Invited,
    guard: &FormGuard,
    user: &User,
    problem: Option<&str>,
) -> Result<Response, SignInError> {
    let page = Invitation {
        csrf: &guard.token(),
        username: &user.upn,
        message: problem,
        min_characters: MIN_CHARACTERS,
    };
    let status = match problem {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    let mut answer = pages::form(&page, status, None, &invited.context)?;
    guard.keep(answer.headers_mut(), &app.authority);
    Ok(answer)
}

/// One text for all: whether a link was ever good is nobody's business.
fn over(context: &RequestContext) -> Response {
    let page = Message {
        heading: "This invitation is not good any more",
        text: "It was used, replaced or withdrawn, or its week is over. Ask whoever invited \
               you for a new one."
            .to_owned(),
        detail: None,
    };
    pages::show(&page, StatusCode::NOT_FOUND, context)
}
