//! The little of Azure Resource Manager that the Azure CLI asks for before and after
//! it signs in: where everything is, and that there are no subscriptions.

use axum::Router;
use axum::extract::State;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{any, get};
use casbah_identity::discovery::resource_manager_metadata;
use casbah_model::identity::{RESOURCE_MANAGER, Tenant};
use casbah_model::ids::{AppId, ObjectId};
use casbah_model::time::Timestamp;
use casbah_store::StoreError;
use casbah_token::CallerKind;
use serde_json::{Value, json};

use super::answer::{public_json, secret_json};
use super::context::RequestContext;
use crate::auth::{bearer, speaks_for, verify_bearer};
use crate::standing::Standing;
use crate::state::{App, AppState};

/// The routes under `/arm`.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/arm/metadata/endpoints", get(metadata))
        .route("/arm/subscriptions", get(subscriptions))
        .route("/arm/tenants", get(tenants))
        .route("/arm/{*path}", any(unknown))
}

/// A call failed.
#[derive(Debug, thiserror::Error)]
enum ArmError {
    #[error("Authentication failed.")]
    Unauthenticated,
    #[error("No resource is at '{0}'.")]
    NotFound(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArmError {
    fn respond(&self, context: &RequestContext, app: &App) -> Response {
        let (status, code) = match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "AuthenticationFailed"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NotFound"),
            Self::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        };
        let message = match self {
            Self::Store(error) => {
                tracing::error!(%error, trace_id = %context.trace_id, "a call of /arm failed");
                "An internal error has occurred.".to_owned()
            }
            Self::Unauthenticated | Self::NotFound(_) => self.to_string(),
        };
        let body = json!({ "error": { "code": code, "message": message } });
        let mut answer = secret_json(context, status, &body);
        let challenge = format!(
            "Bearer authorization_uri=\"{}/common\"",
            app.authority.origin()
        );
        if let (Self::Unauthenticated, Ok(challenge)) = (self, HeaderValue::from_str(&challenge)) {
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

/// `GET /arm/metadata/endpoints`: asked before anybody has signed in.
async fn metadata(State(app): State<AppState>, context: RequestContext) -> Response {
    public_json(&context, &resource_manager_metadata(&app.authority))
}

/// `GET /arm/subscriptions`: there are none.
async fn subscriptions(
    State(app): State<AppState>,
    headers: HeaderMap,
    context: RequestContext,
) -> Response {
    answer(&app, &headers, &context, |_| json!([])).await
}

/// `GET /arm/tenants`: the caller's own.
async fn tenants(
    State(app): State<AppState>,
    headers: HeaderMap,
    context: RequestContext,
) -> Response {
    answer(&app, &headers, &context, |tenant| {
        json!([{
            "id": format!("/tenants/{}", tenant.id),
            "tenantId": tenant.id,
            "tenantCategory": "Home",
            "displayName": tenant.display_name,
            "defaultDomain": tenant.default_domain,
            "domains": tenant.domains,
        }])
    })
    .await
}

async fn unknown(State(app): State<AppState>, uri: Uri, context: RequestContext) -> Response {
    ArmError::NotFound(uri.path().to_owned()).respond(&context, &app)
}

async fn answer(
    app: &App,
    headers: &HeaderMap,
    context: &RequestContext,
    list: impl FnOnce(&Tenant) -> Value,
) -> Response {
    match caller_tenant(app, headers).await {
        Ok(tenant) => {
            let body = json!({ "value": list(&tenant) });
            secret_json(context, StatusCode::OK, &body)
        }
        Err(error) => error.respond(context, app),
    }
}

/// The tenant of a caller who may still be one.
async fn caller_tenant(app: &App, headers: &HeaderMap) -> Result<Tenant, ArmError> {
    let refused = || ArmError::Unauthenticated;
    let token = bearer(headers).ok_or_else(refused)?;
    let claims =
        verify_bearer(app, token, &RESOURCE_MANAGER, Timestamp::now()).map_err(|_| refused())?;
    let tenant = claims.tenant.parse().map_err(|_| refused())?;
    let client = claims.client_id.as_deref().and_then(|id| id.parse().ok());
    let client: AppId = client.ok_or_else(refused)?;
    let standing = Standing::find(app, tenant, client, &RESOURCE_MANAGER).await?;
    let standing = standing.ok_or_else(refused)?;
    let is_known = match claims.caller() {
        CallerKind::App => standing.roles(claims.object_id.as_deref()).is_some(),
        CallerKind::User => {
            let id = claims.object_id.as_deref().and_then(|id| id.parse().ok());
            let id: ObjectId = id.ok_or_else(refused)?;
            let user = app.store.user(tenant, id).await?;
            user.is_some_and(|user| speaks_for(&claims, &user))
        }
    };
    let tenant = app.store.tenant(tenant).await?;
    tenant.filter(|_| is_known).ok_or_else(refused)
}
