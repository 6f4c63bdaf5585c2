//! The second factor: a code of the authenticator app, a passkey, or a recovery code where
//! both are lost.

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::signin::{AuthenticatorSecret, recovery_code_digests};
use casbah_model::audit::AuditRecord;
use casbah_model::identity::{AuthenticatorApp, SecondFactors, StepKind, User};
use secrecy::{ExposeSecret, SecretString};

use super::attempt::seconds_to_wait;
use super::complete::complete;
use super::error::SignInError;
use super::fields;
use super::flow::{Entry, Flow};
use super::new_password;
use super::pages::{self, SecondFactorPage};
use super::step::Step;
use super::told::Told;
use super::visit::Visit;
use crate::identity::passkeys::RelyingParty;
use crate::state::App;

/// Asks for a second factor of a person who is proven by these methods already.
pub(super) async fn ask(
    flow: &Flow,
    visit: &Visit,
    user: &User,
    factors: &SecondFactors,
    first: &[String],
) -> Result<Response, SignInError> {
    let question = match RelyingParty::of(&visit.app.authority) {
        Some(party) if !factors.passkeys.is_empty() => {
            Some(party.ask_for_one_of(&factors.passkeys)?)
        }
        _ => None,
    };
    let (options, state) = match question {
        Some(question) => (Some(question.options), question.state),
        None => (None, String::new()),
    };
    let person = Some((user.tenant, user.id));
    let state = format!("{}\n{state}", first.join(" "));
    let step = Step::begin(visit, person, StepKind::SecondFactor, state).await?;
    let shown = Shown {
        flow,
        visit,
        user,
        has_app: factors.app.is_some(),
        has_recovery_codes: factors.recovery_codes > 0,
        options: options.as_deref(),
    };
    let mut answer = shown.page(&step, StatusCode::OK, None)?;
    step.set_cookie(visit, answer.headers_mut());
    Ok(answer)
}

/// What the page shows.
struct Shown<'a> {
    flow: &'a Flow,
    visit: &'a Visit,
    user: &'a User,
    has_app: bool,
    has_recovery_codes: bool,
    options: Option<&'a str>,
}

impl Shown<'_> {
    fn page(
        &self,
        step: &Step,
        status: StatusCode,
        message: Option<&str>,
    ) -> Result<Response, SignInError> {
        let page = SecondFactorPage {
            client: self.flow.name(),
            action: &self.flow.second_factor_address(),
            csrf: &step.csrf(),
            upn: &self.user.upn,
            has_app: self.has_app,
            has_recovery_codes: self.has_recovery_codes,
            options: self.options,
            message,
        };
        let (redirect, context) = (self.flow.redirect_uri(), &self.visit.context);
        Ok(pages::form(&page, status, redirect, context)?)
    }
}

/// The form's fields.
struct Form {
    csrf: String,
    code: SecretString,
    recovery_code: SecretString,
    passkey: SecretString,
}

impl Form {
    /// Reads the fields; what is missing is empty.
    fn parse(body: &[u8]) -> Self {
        Self {
            csrf: fields::text(body, "csrf"),
            code: fields::text(body, "code").into(),
            recovery_code: fields::text(body, "recovery_code").into(),
            passkey: fields::text(body, "passkey").into(),
        }
    }
}

/// Receives the second factor.
pub(super) async fn receive(entry: Entry, visit: Visit, body: Bytes) -> Response {
    try_receive(entry, &visit, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

async fn try_receive(entry: Entry, visit: &Visit, body: &[u8]) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let form = Form::parse(body);
    let step = Step::find(visit, StepKind::SecondFactor, &form.csrf).await?;
    let user = step.person(visit).await?;
    let flow = Flow::read(app, entry, visit.segment(), visit.query()).await?;
    flow.check_person(&user)?;
    let factors = app.store.second_factors(user.tenant, user.id).await?;
    let told = Told {
        tenant: Some(user.tenant),
        username: &user.upn,
        client: flow.client_id(),
        context,
    };
    // Counted for the person, from wherever: who comes this far knows the password.
    let subject = format!("second_factor|{}", user.id);
    let now = context.now;
    let wait = move |count, last| seconds_to_wait(count, last, now);
    let waiting = app
        .store
        .begin_sign_in(user.tenant, subject.clone(), now, wait)
        .await?;
    let shown = Shown {
        flow: &flow,
        visit,
        user: &user,
        has_app: factors.app.is_some(),
        has_recovery_codes: factors.recovery_codes > 0,
        options: None,
    };
    if let Some(seconds) = waiting {
        told.wrong_factor(app, true).await?;
        let text = format!("Too many attempts. Try again in {seconds} s.");
        let mut answer = shown.page(&step, StatusCode::TOO_MANY_REQUESTS, Some(&text))?;
        let headers = answer.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(answer);
    }
    let (first, question) = step.state().split_once('\n').unwrap_or_default();
    let Some(method) = prove(visit, &user, &factors, question, &form).await? else {
        told.wrong_factor(app, false).await?;
        let text = "That was not right. A code is good once, and one of an app for half a minute.";
        return shown.page(&step, StatusCode::UNAUTHORIZED, Some(text));
    };
    step.end(visit).await?;
    app.store
        .forget_sign_in_failures(user.tenant, subject)
        .await?;
    let first = first.split(' ').map(str::to_owned);
    let methods: Vec<_> = first.chain([method, "mfa"].map(str::to_owned)).collect();
    if user.must_change_password {
        return new_password::ask(&flow, visit, &user, &methods).await;
    }
    complete(&flow, visit, user, methods).await
}

/// By what method the form proves the person (RFC 8176), if it does.
async fn prove(
    visit: &Visit,
    user: &User,
    factors: &SecondFactors,
    question: &str,
    form: &Form,
) -> Result<Option<&'static str>, SignInError> {
    let app = &visit.app;
    if let Some(present) = &factors.app
        && use_code(app, present, &form.code, visit).await?
    {
        return Ok(Some("otp"));
    }
    if !factors.is_empty() && use_recovery_code(visit, user, factors, &form.recovery_code).await? {
        return Ok(Some("otp"));
    }
    let Some(party) = RelyingParty::of(&app.authority) else {
        return Ok(None);
    };
    match party.receive_one_of(&factors.passkeys, question, &form.passkey) {
        Ok(proven) => {
            let Some(tenant) = factors.passkeys.first().map(|one| one.tenant) else {
                return Ok(None);
            };
            let now = visit.context.now;
            app.store
                .use_passkey(tenant, proven.id, proven.record, now)
                .await?;
            Ok(Some("hwk"))
        }
        Err(error) => {
            tracing::debug!(%error, "a passkey was refused");
            Ok(None)
        }
    }
}

/// Uses up a recovery code, if it is one of the person's.
async fn use_recovery_code(
    visit: &Visit,
    user: &User,
    factors: &SecondFactors,
    code: &SecretString,
) -> Result<bool, SignInError> {
    let (app, context) = (&visit.app, &visit.context);
    let hashes = recovery_code_digests(&app.peppers, user.tenant, user.id, code.expose_secret());
    if hashes.is_empty() {
        return Ok(false);
    }
    let left = factors.recovery_codes.saturating_sub(1);
    let record = AuditRecord::new(&user.upn, "user.use_recovery_code", &user.id)
        .at(context.now)
        .from(context.origin())
        .detail(format!("{left} left"));
    let store = &app.store;
    Ok(store
        .use_recovery_code(user.tenant, user.id, hashes, record)
        .await?)
}

/// Uses up a code, if it is one of the app's.
async fn use_code(
    app: &App,
    present: &AuthenticatorApp,
    code: &SecretString,
    visit: &Visit,
) -> Result<bool, SignInError> {
    let place = AuthenticatorSecret::place(present.tenant, present.user);
    let secret = app.vault.open(&place, &present.secret)?;
    let secret = AuthenticatorSecret::from_bytes(&secret);
    let now = visit.context.now;
    let step = secret.and_then(|secret| secret.step_of(code, present.last_step, now));
    match step {
        Some(step) => Ok(app
            .store
            .use_authenticator_step(present.tenant, present.user, step)
            .await?),
        None => Ok(false),
    }
}
