//! `POST /{tenant}/oauth2/devicecode` and `/v2.0/devicecode` (RFC 8628 section 3.1): a
//! device without a browser asks for a sign-in elsewhere.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::request::{Endpoint, Params, PresentedClient, delegated_scopes};
use casbah_identity::signin::{
    DEVICE_INTERVAL, DEVICE_SECONDS, NewDeviceRequest, new_device_request,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::answer::{secret_json, token_error};
use super::context::RequestContext;
use super::source::Source;
use super::tenant::{self, AddressedTenant};
use super::throttle::Throttle;
use super::token::TokenError;
use crate::portal::sign_in::{DEVICE_PAGE, find_client};
use crate::state::{App, AppState};

/// Who asks.
#[derive(axum::extract::FromRequestParts)]
pub(super) struct Asker {
    #[from_request(via(Path))]
    tenant: String,
    headers: HeaderMap,
    context: RequestContext,
    source: Source,
    throttle: Extension<Arc<Throttle>>,
}

/// The older endpoint.
pub(super) async fn v1(
    State(app): State<AppState>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    respond(&app, Endpoint::V1, &asker, body).await
}

/// The newer endpoint.
pub(super) async fn v2(
    State(app): State<AppState>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    respond(&app, Endpoint::V2, &asker, body).await
}

async fn respond(
    app: &App,
    endpoint: Endpoint,
    asker: &Asker,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let context = &asker.context;
    match begin(app, endpoint, asker, body).await {
        Ok(answer) => secret_json(context, StatusCode::OK, &answer),
        Err(error) => {
            let report = context.report(error.into_aad(context));
            token_error(&report, context, &app.authority)
        }
    }
}

async fn begin(
    app: &App,
    endpoint: Endpoint,
    asker: &Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, TokenError> {
    let now = asker.context.now;
    // Each leaves a row for an hour, and anybody may ask.
    if let Some(retry_after) = asker.throttle.begin_device(asker.source, now) {
        return Err(AadError::Throttled { retry_after }.into());
    }
    let body = body.map_err(|_| AadError::Malformed("the body is too long or was cut off"))?;
    let params = Params::parse(&body)?;
    let authorization = asker.headers.get(AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let app_id = PresentedClient::parse(&params, authorization)?.app_id;
    let scopes = delegated_scopes(endpoint, &params)?;
    let addressed = tenant::find(&app.store, &asker.tenant).await?;
    let client = find_client(&app.store, app_id).await?;
    let unknown = || AadError::ApplicationNotFound(app_id.to_string());
    let client = client.ok_or_else(unknown)?.sign_in;
    let tenant = match &addressed {
        AddressedTenant::One(tenant) if client.is_offered_to(tenant.id) => Some(tenant.id),
        AddressedTenant::One(_) => return Err(unknown().into()),
        AddressedTenant::Common | AddressedTenant::Organizations => {
            if client.only_tenant.is_some() {
                return Err(AadError::SingleTenantOnCommon(app_id.to_string()).into());
            }
            None
        }
    };
    loop {
        let new = new_device_request(app_id, tenant, &scopes, now)?;
        if app.store.add_device_request(new.stored.clone()).await? {
            return Ok(answer(endpoint, app.authority.origin(), &new));
        }
    }
}

/// Version 1.0 answers numbers as texts, and has another name for the address.
fn answer(endpoint: Endpoint, origin: &str, new: &NewDeviceRequest) -> Value {
    let (device_code, user_code) = (
        new.device_code.expose_secret(),
        new.user_code.expose_secret(),
    );
    let page = format!("{origin}{DEVICE_PAGE}");
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {user_code} \
         to authenticate."
    );
    let mut answer = json!({
        "user_code": user_code,
        "device_code": device_code,
        "message": message,
    });
    match endpoint {
        Endpoint::V1 => {
            answer["verification_url"] = page.into();
            answer["expires_in"] = DEVICE_SECONDS.to_string().into();
            answer["interval"] = DEVICE_INTERVAL.to_string().into();
        }
        Endpoint::V2 => {
            answer["verification_uri"] = page.into();
            answer["expires_in"] = DEVICE_SECONDS.into();
            answer["interval"] = DEVICE_INTERVAL.into();
        }
    }
    answer
}
