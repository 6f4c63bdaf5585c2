//! `POST /{tenant}/sign_in/v1.0` and `/v2.0`: the form with name and password.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::password::MIN_CHARACTERS;
use casbah_identity::random::{csrf_token, csrf_token_matches};
use casbah_identity::request::Endpoint;
use secrecy::SecretString;

use super::attempt::{Attempt, Outcome, attempt};
use super::conclude::conclude;
use super::cookies::Cookie;
use super::error::SignInError;
use super::flow::Flow;
use super::pages::{self, NewPassword, Password};
use super::session::{self, SignedIn};
use super::told::Told;
use crate::identity::context::RequestContext;
use crate::identity::source::Source;
use crate::identity::throttle::Throttle;
use crate::state::{App, AppState};

/// Who sends the form, and from where in the client's request.
#[derive(axum::extract::FromRequestParts)]
pub(super) struct Sender {
    #[from_request(via(Path))]
    tenant: String,
    query: RawQuery,
    headers: HeaderMap,
    context: RequestContext,
    source: Source,
    throttle: Extension<Arc<Throttle>>,
}

/// The form of a request to the older endpoint.
pub(super) async fn v1(State(app): State<AppState>, sender: Sender, body: Bytes) -> Response {
    receive(&app, Endpoint::V1, &sender, &body)
        .await
        .unwrap_or_else(|error| error.respond(&sender.context))
}

/// The form of a request to the newer endpoint.
pub(super) async fn v2(State(app): State<AppState>, sender: Sender, body: Bytes) -> Response {
    receive(&app, Endpoint::V2, &sender, &body)
        .await
        .unwrap_or_else(|error| error.respond(&sender.context))
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
        let field = |wanted: &str| {
            form_urlencoded::parse(body)
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let secret = |wanted: &str| field(wanted).map(SecretString::from);
        Self {
            csrf: field("csrf").unwrap_or_default(),
            username: field("username").unwrap_or_default().trim().to_owned(),
            password: secret("password").unwrap_or_default(),
            new_password: secret("new_password"),
            new_password_again: secret("new_password_again"),
        }
    }
}

async fn receive(
    app: &App,
    endpoint: Endpoint,
    sender: &Sender,
    body: &[u8],
) -> Result<Response, SignInError> {
    let form = Form::parse(body);
    let secret = Cookie::Form
        .read(&sender.headers, &app.authority)
        .filter(|secret| csrf_token_matches(secret, &form.csrf))
        .ok_or(SignInError::ForeignForm)?;
    let query = sender.query.0.as_deref().unwrap_or_default();
    let flow = Flow::read(app, endpoint, &sender.tenant, query).await?;
    let tenant = flow.tenant_of(app, &form.username).await?;
    let typed = Attempt {
        username: &form.username,
        password: &form.password,
        new_password: form
            .new_password
            .as_ref()
            .zip(form.new_password_again.as_ref()),
        source: sender.source,
        origin: sender.context.origin(),
        now: sender.context.now,
    };
    let page = Page {
        flow: &flow,
        context: &sender.context,
        csrf: csrf_token(&secret),
        username: &form.username,
    };
    let outcome = attempt(app, &sender.throttle, tenant.as_ref(), &typed).await?;
    let told = Told {
        tenant: tenant.as_ref().map(|tenant| tenant.id),
        username: &form.username,
        client: flow.request.client,
        context: &sender.context,
    };
    told.keep(app, &outcome).await?;
    match outcome {
        Outcome::SignedIn(user) => {
            let person = SignedIn {
                user: *user,
                auth_time: sender.context.now,
            };
            flow.check_person(&person.user)?;
            let mut answer = match conclude(app, &flow, &person, &sender.context).await {
                Ok(answer) => answer,
                // The person is signed in whatever the client may not have.
                Err(error @ SignInError::Refused(_)) => error.respond(&sender.context),
                Err(error) => return Err(error),
            };
            let now = sender.context.now;
            session::begin(
                app,
                &person.user,
                &sender.headers,
                answer.headers_mut(),
                now,
            )
            .await?;
            Ok(answer)
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

/// What the next page needs.
struct Page<'a> {
    flow: &'a Flow,
    context: &'a RequestContext,
    csrf: String,
    username: &'a str,
}

impl Page<'_> {
    fn ask(&self, status: StatusCode, message: &str) -> Result<Response, SignInError> {
        let page = Password {
            client: &self.flow.client.sign_in.display_name,
            action: &self.flow.action,
            csrf: &self.csrf,
            username: self.username,
            message: Some(message),
        };
        Ok(pages::form(&page, status, self.redirect(), self.context)?)
    }

    fn change(&self, problem: Option<&str>) -> Result<Response, SignInError> {
        let page = NewPassword {
            client: &self.flow.client.sign_in.display_name,
            action: &self.flow.action,
            csrf: &self.csrf,
            username: self.username,
            message: problem,
            min_characters: MIN_CHARACTERS,
        };
        let status = match problem {
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::OK,
        };
        Ok(pages::form(&page, status, self.redirect(), self.context)?)
    }

    fn redirect(&self) -> Option<&str> {
        let redirect = self.flow.request.redirect.as_ref();
        redirect.map(|redirect| redirect.uri.as_str())
    }
}
