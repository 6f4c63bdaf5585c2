//! `POST` of the form with name and password.

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::password::MIN_CHARACTERS;
use secrecy::SecretString;

use super::attempt::{Attempt, Outcome, attempt};
use super::complete::complete;
use super::error::SignInError;
use super::fields;
use super::flow::{Entry, Flow};
use super::form_guard::FormGuard;
use super::pages::{self, NewPassword, Password};
use super::provider::{self, Offers};
use super::second_factor;
use super::told::Told;
use super::visit::Visit;
use crate::identity::context::RequestContext;

/// Signs a person in, or shows the form once more.
pub(super) async fn receive(entry: Entry, visit: Visit, body: Bytes) -> Response {
    try_receive(entry, &visit, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visit.context))
}

/// The form's fields.
struct Form {
    csrf: String,
    username: String,
    password: SecretString,
    new_password: Option<SecretString>,
    new_password_again: Option<SecretString>,
}

impl Form {
    /// Reads the fields; what is missing is empty.
    fn parse(body: &[u8]) -> Self {
        let secret = |wanted: &str| fields::find(body, wanted).map(SecretString::from);
        Self {
            csrf: fields::text(body, "csrf"),
            username: fields::text(body, "username").trim().to_owned(),
            password: secret("password").unwrap_or_default(),
            new_password: secret("new_password"),
            new_password_again: secret("new_password_again"),
        }
    }
}

async fn try_receive(entry: Entry, visit: &Visit, body: &[u8]) -> Result<Response, SignInError> {
    let Visit { app, context, .. } = visit;
    let form = Form::parse(body);
    let guard = FormGuard::check(&visit.headers, &app.authority, &form.csrf)?;
    let flow = Flow::read(app, entry, visit.segment(), visit.query()).await?;
    let tenant = flow.tenant_of(app, &form.username).await?;
    if let Some(required) = provider::required(app, tenant.as_ref(), &form.username).await? {
        return provider::lead_on(visit, &flow, &required, &form.username, guard.secret()).await;
    }
    let typed = Attempt {
        username: &form.username,
        password: &form.password,
        new_password: form
            .new_password
            .as_ref()
            .zip(form.new_password_again.as_ref()),
        source: visit.source,
        origin: context.origin(),
        now: context.now,
    };
    let page = Page {
        flow: &flow,
        context,
        csrf: guard.token(),
        username: &form.username,
        offers: Offers::of(app, &flow).await?,
    };
    let outcome = attempt(app, &visit.throttle, tenant.as_ref(), &typed).await?;
    let told = Told {
        tenant: tenant.as_ref().map(|tenant| tenant.id),
        username: &form.username,
        client: flow.client_id(),
        context,
    };
    told.keep(app, &outcome).await?;
    match outcome {
        Outcome::Right { user, factors } if factors.is_empty() => {
            complete(&flow, visit, *user, methods()).await
        }
        Outcome::Right { user, factors } => {
            second_factor::ask(&flow, visit, &user, &factors, &methods()).await
        }
        Outcome::Wrong => page.ask(
            StatusCode::UNAUTHORIZED,
            "The user name or the password is wrong.",
        ),
        Outcome::Disabled => page.ask(StatusCode::FORBIDDEN, "This account is switched off."),
        Outcome::Wait { seconds } => {
            let text = format!("Too many attempts. Try again in {seconds} s.");
            let mut answer = page.ask(StatusCode::TOO_MANY_REQUESTS, &text)?;
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
            Ok(answer)
        }
        Outcome::MustChange { problem } => page.change(problem),
    }
}

/// How a person signs in by this form (RFC 8176).
fn methods() -> Vec<String> {
    vec!["pwd".to_owned()]
}

/// What the next page needs.
struct Page<'a> {
    flow: &'a Flow,
    context: &'a RequestContext,
    csrf: String,
    username: &'a str,
    offers: Offers,
}

impl Page<'_> {
    fn ask(&self, status: StatusCode, message: &str) -> Result<Response, SignInError> {
        let page = Password {
            passkey: Some(&self.flow.passkey_address()),
            client: self.flow.name(),
            action: &self.flow.sign_in_address(),
            csrf: &self.csrf,
            username: self.username,
            message: Some(message),
            offers: &self.offers,
        };
        Ok(pages::form(
            &page,
            status,
            self.flow.redirect_uri(),
            self.context,
        )?)
    }

    fn change(&self, problem: Option<&str>) -> Result<Response, SignInError> {
        let page = NewPassword {
            client: self.flow.name(),
            action: &self.flow.sign_in_address(),
            csrf: &self.csrf,
            username: self.username,
            is_present_asked: true,
            message: problem,
            min_characters: MIN_CHARACTERS,
        };
        let status = match problem {
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::OK,
        };
        Ok(pages::form(
            &page,
            status,
            self.flow.redirect_uri(),
            self.context,
        )?)
    }
}
