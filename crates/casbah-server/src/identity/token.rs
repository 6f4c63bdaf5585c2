//! `POST /{tenant}/oauth2/token` and `POST /{tenant}/oauth2/v2.0/token`.

mod client;
mod client_credentials;
mod code;
mod device;
mod error;
mod on_behalf_of;
mod password;
mod refresh;
mod told;
mod user;

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::answer::TokenAnswer;
use casbah_identity::error::ErrorReport;
use casbah_identity::proof::AssertionPlace;
use casbah_identity::request::{
    Credential, Endpoint, GrantRequest, OpenIdScopes, Params, PresentedClient, TokenRequest,
};
use casbah_identity::signin::Refusal;
use casbah_model::ids::TenantId;
use casbah_store::Denied;

use super::answer::{secret_json, token_error};
use super::context::RequestContext;
use super::source::Source;
use super::tenant::{self, AddressedTenant};
use super::throttle::Throttle;
use crate::state::{App, AppState};
pub(super) use error::TokenError;
use told::Told;

/// The older endpoint.
pub(super) async fn v1(
    State(app): State<AppState>,
    Path(tenant): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    respond(&app, Endpoint::V1, &tenant, &caller, &headers, body).await
}

/// The newer endpoint.
pub(super) async fn v2(
    State(app): State<AppState>,
    Path(tenant): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    respond(&app, Endpoint::V2, &tenant, &caller, &headers, body).await
}

/// Who calls, before anything of the request is read.
#[derive(axum::extract::FromRequestParts)]
pub(super) struct Caller {
    context: RequestContext,
    source: Source,
    throttle: Extension<Arc<Throttle>>,
}

async fn respond(
    app: &App,
    endpoint: Endpoint,
    tenant: &str,
    caller: &Caller,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let context = &caller.context;
    match decide(app, endpoint, tenant, caller, headers, body).await {
        Ok(answer) => secret_json(context, StatusCode::OK, &answer),
        Err(report) => token_error(&report, context, &app.authority),
    }
}

/// Answers the request of an application that a signed-in person tries out: counted and
/// kept in the audit as if the application itself had sent it.
pub(crate) async fn try_out(
    app: &App,
    tenant: TenantId,
    context: RequestContext,
    throttle: Arc<Throttle>,
    form: Bytes,
) -> Result<TokenAnswer, ErrorReport> {
    let caller = Caller {
        context,
        source: context.source,
        throttle: Extension(throttle),
    };
    let (tenant, headers) = (tenant.to_string(), HeaderMap::new());
    decide(app, Endpoint::V2, &tenant, &caller, &headers, Ok(form)).await
}

/// Decides, and keeps in the audit what was decided.
async fn decide(
    app: &App,
    endpoint: Endpoint,
    tenant: &str,
    caller: &Caller,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<TokenAnswer, ErrorReport> {
    let context = &caller.context;
    let mut told = Told::default();
    let handled = handle(app, endpoint, tenant, caller, headers, body, &mut told).await;
    let outcome = match handled {
        Ok(answer) => told.issued(app, context).await.map(|()| answer),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(answer) => Ok(answer),
        Err(error) => {
            let refusal = throttled(error.into_aad(context), caller);
            // A device asks every few seconds until somebody has answered.
            if refusal != AadError::DevicePending {
                told.refused(app, context, &refusal).await;
            }
            Err(context.report(refusal))
        }
    }
}

async fn handle(
    app: &App,
    endpoint: Endpoint,
    tenant: &str,
    caller: &Caller,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let body = body.map_err(|_| AadError::Malformed("the body is too long or was cut off"))?;
    let params = Params::parse(&body)?;
    let authorization = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let TokenRequest {
        endpoint,
        client,
        grant,
        wants_client_info,
    } = TokenRequest::parse(endpoint, &params, authorization)?;
    let addressed = tenant::find(&app.store, tenant).await?;
    let asked = Asked {
        endpoint,
        place: place(app, &client, &addressed),
        client,
        wants_client_info,
    };
    told.app = Some(asked.client.app_id);
    let tenant = addressed.one().map(|tenant| tenant.id);
    told.tenant = tenant;
    told.grant = grant.name();
    match grant {
        GrantRequest::ClientCredentials { resource } => {
            told.resource.clone_from(&resource);
            let tenant = tenant.ok_or(AadError::NoTenant)?;
            client_credentials::grant(app, tenant, &asked, &resource, &caller.context, told).await
        }
        GrantRequest::Code(redemption) => {
            code::grant(app, tenant, &asked, redemption, caller, told).await
        }
        GrantRequest::Refresh(request) => {
            refresh::grant(app, tenant, &asked, &request, caller, told).await
        }
        GrantRequest::OnBehalfOf { assertion, scopes } => {
            let person = on_behalf_of::Person { assertion, scopes };
            on_behalf_of::grant(app, tenant, &asked, &person, caller, told).await
        }
        GrantRequest::DeviceCode { device_code } => {
            device::grant(app, tenant, &asked, &device_code, caller, told).await
        }
        GrantRequest::Password {
            username,
            password,
            scopes,
        } => {
            let typed = password::Typed {
                username,
                password,
                scopes,
            };
            password::grant(app, tenant, &asked, &typed, caller, told).await
        }
    }
}

/// What every grant's request has.
struct Asked {
    endpoint: Endpoint,
    client: PresentedClient,
    /// Where an assertion of the client must be meant for.
    place: AssertionPlace,
    wants_client_info: bool,
}

impl Asked {
    /// Whether a person's grant gives a refresh token. The older protocol knows no
    /// `offline_access` and always gives one.
    fn lasts(&self, openid: OpenIdScopes) -> bool {
        openid.offline_access || self.endpoint == Endpoint::V1
    }
}

/// The names of the place that was addressed; none where no assertion needs them.
fn place(app: &App, client: &PresentedClient, tenant: &AddressedTenant) -> AssertionPlace {
    if !matches!(client.credential, Credential::Assertion(_)) {
        return AssertionPlace::default();
    }
    match tenant {
        AddressedTenant::One(tenant) => {
            AssertionPlace::tenant(&app.authority, tenant.id, &tenant.domains)
        }
        AddressedTenant::Common => AssertionPlace::alias(&app.authority, "common"),
        AddressedTenant::Organizations => AssertionPlace::alias(&app.authority, "organizations"),
    }
}

/// A refusal in the store's words.
fn denied(refusal: Refusal) -> Denied<AadError> {
    Denied {
        reason: refusal.error,
        ends_family: refusal.ends_family,
    }
}

/// The refusal, or a request to wait if the address had too many wrong secrets.
fn throttled(refusal: AadError, caller: &Caller) -> AadError {
    if !matches!(refusal, AadError::WrongSecret(_)) {
        return refusal;
    }
    match caller
        .throttle
        .wrong_secret(caller.source, caller.context.now)
    {
        Some(retry_after) => AadError::Throttled { retry_after },
        None => refusal,
    }
}
