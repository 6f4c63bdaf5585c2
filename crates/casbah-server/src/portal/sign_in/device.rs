//! `/common/oauth2/deviceauth` (RFC 8628 section 3.3): a person types the code that a
//! device shows, sees who asks for what, and says yes or no.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::request::DelegatedScopes;
use casbah_identity::signin::{AuthorizeRefusal, AuthorizeResponse, user_code_digest};
use casbah_model::audit::AuditRecord;
use casbah_model::identity::{DeviceGrant, DeviceRequest, DeviceState, User};

use super::client::{Client, find_client};
use super::error::SignInError;
use super::fields;
use super::form_guard::FormGuard;
use super::pages::{self, Message};
use super::session::{self, SignedIn};
use super::sign_in_address;
use crate::identity::context::RequestContext;
use crate::identity::source::Source;
use crate::identity::throttle::Throttle;
use crate::identity::user_scopes::{UserScopes, decide};
use crate::state::{App, AppState};

/// Where the page is.
pub(crate) const DEVICE_PAGE: &str = "/common/oauth2/deviceauth";
/// More than a user code has, with signs in between.
const MAX_TYPED: usize = 24;

/// The page that asks for the code.
#[derive(Template)]
#[template(path = "sign_in/device_code.html")]
struct CodeForm<'a> {
    action: &'static str,
    csrf: &'a str,
    user_code: &'a str,
    message: Option<&'a str>,
}

/// The page that asks whether it shall be.
#[derive(Template)]
#[template(path = "sign_in/device_confirm.html")]
struct Confirm<'a> {
    action: &'static str,
    csrf: &'a str,
    user_code: &'a str,
    client: &'a str,
    client_id: String,
    publisher: Option<String>,
    username: &'a str,
    allowed: Vec<String>,
}

/// Who looks at the page, or sends its form.
#[derive(axum::extract::FromRequestParts)]
pub(super) struct Visitor {
    query: RawQuery,
    headers: HeaderMap,
    context: RequestContext,
    source: Source,
    throttle: Extension<Arc<Throttle>>,
}

/// Shows the form for the code. One in the address is filled in and no more: whether the
/// person sees the same on the device, only the person can tell.
pub(super) async fn show(State(app): State<AppState>, visitor: Visitor) -> Response {
    let query = visitor.query.0.as_deref().unwrap_or_default();
    let code = typed(&fields::text(query.as_bytes(), "user_code"));
    ask(&app, &visitor, &code, None).unwrap_or_else(|error| error.respond(&visitor.context))
}

/// Takes the code, and then the answer.
pub(super) async fn receive(
    State(app): State<AppState>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    try_receive(&app, &visitor, &body)
        .await
        .unwrap_or_else(|error| error.respond(&visitor.context))
}

async fn try_receive(app: &App, visitor: &Visitor, body: &[u8]) -> Result<Response, SignInError> {
    let guard = FormGuard::check(
        &visitor.headers,
        &app.authority,
        &fields::text(body, "csrf"),
    )?;
    let code = typed(&fields::text(body, "user_code"));
    // Before the code is looked up: only who is signed in may try codes.
    let now = visitor.context.now;
    let Some(person) = session::find(app, &visitor.headers, now).await? else {
        return to_sign_in(&code, &visitor.context);
    };
    if let Some(seconds) = visitor.throttle.begin_user_code(visitor.source, now) {
        return wait(app, visitor, seconds);
    }
    let request = app
        .store
        .pending_device_request(user_code_digest(&code), now)
        .await?;
    let of_tenant = |request: &DeviceRequest| {
        let tenant = request.tenant;
        tenant.is_none_or(|tenant| tenant == person.user.tenant)
    };
    let Some(request) = request.filter(of_tenant) else {
        let problem = "Nothing waits for this code. Look at the device again: a code is good \
                       for 15 minutes.";
        return ask(app, visitor, &code, Some(problem));
    };
    visitor.throttle.forgive_user_code(visitor.source, now);
    match fields::text(body, "decision").as_str() {
        "accept" => accept(app, visitor, &request, &person).await,
        "decline" => decline(app, visitor, &request, &person.user).await,
        _ => confirm(app, visitor, &guard, &code, &request, &person.user).await,
    }
}

async fn confirm(
    app: &App,
    visitor: &Visitor,
    guard: &FormGuard,
    code: &str,
    request: &DeviceRequest,
    user: &User,
) -> Result<Response, SignInError> {
    let (client, _, scopes) = granted(app, request, user).await?;
    let publisher = match &client.application {
        Some(application) => app.store.tenant(application.tenant).await?,
        None => None,
    };
    let page = Confirm {
        action: DEVICE_PAGE,
        csrf: &guard.token(),
        user_code: code,
        client: &client.sign_in.display_name,
        client_id: request.client.to_string(),
        publisher: publisher
            .map(|tenant| format!("{} ({})", tenant.display_name, tenant.default_domain)),
        username: &user.upn,
        allowed: in_words(&scopes),
    };
    Ok(pages::form(&page, StatusCode::OK, None, &visitor.context)?)
}

async fn accept(
    app: &App,
    visitor: &Visitor,
    request: &DeviceRequest,
    person: &SignedIn,
) -> Result<Response, SignInError> {
    let (client, wanted, scopes) = granted(app, request, &person.user).await?;
    let state = DeviceState::Accepted(DeviceGrant {
        tenant: person.user.tenant,
        user: person.user.id,
        scopes: scopes.names(wanted.openid),
        resource: scopes.stored_resource(&wanted),
        auth_time: person.auth_time,
        methods: person.methods.clone(),
    });
    let name = &client.sign_in.display_name;
    let text = format!(
        "{name} is signed in as {} on the other device.",
        person.user.upn
    );
    answer(app, visitor, request, &person.user, state, text).await
}

async fn decline(
    app: &App,
    visitor: &Visitor,
    request: &DeviceRequest,
    user: &User,
) -> Result<Response, SignInError> {
    let text = "The other device is not signed in. If somebody sent you the code, tell your \
                administrator."
        .to_owned();
    answer(app, visitor, request, user, DeviceState::Declined, text).await
}

/// Keeps the answer, if the request still waits for one.
async fn answer(
    app: &App,
    visitor: &Visitor,
    request: &DeviceRequest,
    user: &User,
    state: DeviceState,
    text: String,
) -> Result<Response, SignInError> {
    let context = &visitor.context;
    let (action, heading) = match state {
        DeviceState::Accepted(_) => ("device.accept", "You can close this page"),
        _ => ("device.decline", "Declined"),
    };
    let record = AuditRecord::new(&user.upn, action, &request.client)
        .at(context.now)
        .from(context.origin())
        .through(Some(request.client));
    let is_kept = app
        .store
        .answer_device_request(request.hash, state, context.now, user.tenant, record)
        .await?;
    if !is_kept {
        return Err(AuthorizeRefusal::Page(AadError::DeviceCodeExpired).into());
    }
    let page = Message {
        heading,
        text,
        detail: None,
    };
    Ok(pages::show(&page, StatusCode::OK, context))
}

/// What the client would get for the person, who may not have what it asks for.
async fn granted(
    app: &App,
    request: &DeviceRequest,
    user: &User,
) -> Result<(Client, DelegatedScopes, UserScopes), SignInError> {
    let refuse = AuthorizeRefusal::Page;
    let client = find_client(&app.store, request.client).await?;
    let gone = || refuse(AadError::ApplicationNotFound(request.client.to_string()));
    let client = client.ok_or_else(gone)?;
    let wanted = DelegatedScopes::parse(&request.scope).map_err(refuse)?;
    let application = client.application.as_ref();
    let decided = decide(app, user, request.client, application, &wanted).await?;
    let scopes = decided.map_err(refuse)?;
    Ok((client, wanted, scopes))
}

/// Each scope as its resource describes it.
fn in_words(scopes: &UserScopes) -> Vec<String> {
    let described = |value: &String| {
        let all = scopes.resource.scopes.iter();
        let scope = all.into_iter().find(|scope| scope.value == *value)?;
        let name = scope.user_consent_display_name.as_ref();
        let name = name.unwrap_or(&scope.admin_consent_display_name);
        Some(name.clone()).filter(|name| !name.is_empty())
    };
    let resource = &scopes.resource.service_principal.display_name;
    let word = |value: &String| described(value).unwrap_or_else(|| value.clone());
    let words = scopes.granted.iter().map(word);
    words.map(|word| format!("{word} ({resource})")).collect()
}

fn ask(
    app: &App,
    visitor: &Visitor,
    code: &str,
    problem: Option<&str>,
) -> Result<Response, SignInError> {
    let guard = FormGuard::of(&visitor.headers, &app.authority)?;
    let page = CodeForm {
        action: DEVICE_PAGE,
        csrf: &guard.token(),
        user_code: code,
        message: problem,
    };
    let status = match problem {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    let mut answer = pages::form(&page, status, None, &visitor.context)?;
    guard.keep(answer.headers_mut(), &app.authority);
    Ok(answer)
}

fn wait(app: &App, visitor: &Visitor, seconds: u32) -> Result<Response, SignInError> {
    let text = format!("Too many codes were tried. Try again in {seconds} s.");
    let mut answer = ask(app, visitor, "", Some(&text))?;
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    answer
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(answer)
}

/// Sends the browser through the sign-in and back here.
fn to_sign_in(code: &str, context: &RequestContext) -> Result<Response, SignInError> {
    let back = format!("{DEVICE_PAGE}?user_code={code}");
    let answer = AuthorizeResponse::Redirect(sign_in_address(&back, false));
    Ok(pages::send_to_client(answer, context)?)
}

/// What a person typed, as far as it can be a code.
fn typed(text: &str) -> String {
    let signs = text.chars().filter(char::is_ascii_alphanumeric);
    signs.take(MAX_TYPED).collect()
}
