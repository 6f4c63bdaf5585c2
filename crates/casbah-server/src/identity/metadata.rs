//! Metadata documents and the key set.

use axum::extract::{Path, State};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::discovery::{self, MetadataTenant};

use super::answer::{metadata_error, public_json};
use super::context::RequestContext;
use super::tenant::{self, AddressedTenant, TenantError};
use crate::state::{App, AppState};

/// `GET /{tenant}/.well-known/openid-configuration`
pub(super) async fn v1(
    State(app): State<AppState>,
    Path(segment): Path<String>,
    context: RequestContext,
) -> Response {
    match metadata_tenant(&app, &segment).await {
        Ok(tenant) => public_json(&context, &discovery::metadata_v1(&app.authority, tenant)),
        Err(error) => refuse(error, &context, &app),
    }
}

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
pub(super) async fn v2(
    State(app): State<AppState>,
    Path(segment): Path<String>,
    context: RequestContext,
) -> Response {
    match metadata_tenant(&app, &segment).await {
        Ok(tenant) => public_json(&context, &discovery::metadata_v2(&app.authority, tenant)),
        Err(error) => refuse(error, &context, &app),
    }
}

/// `GET /{tenant}/discovery/keys` and `/{tenant}/discovery/v2.0/keys`
pub(super) async fn keys(
    State(app): State<AppState>,
    Path(segment): Path<String>,
    context: RequestContext,
) -> Response {
    match metadata_tenant(&app, &segment).await {
        Ok(_) => {
            let published = app.keys.published(context.now);
            let set = discovery::published_keys(&app.authority, published);
            public_json(&context, &set)
        }
        Err(error) => refuse(error, &context, &app),
    }
}

async fn metadata_tenant(app: &App, segment: &str) -> Result<MetadataTenant, TenantError> {
    Ok(match tenant::find(&app.store, segment).await? {
        AddressedTenant::One(tenant) => MetadataTenant::One(tenant.id),
        AddressedTenant::Common => MetadataTenant::Common,
        AddressedTenant::Organizations => MetadataTenant::Organizations,
    })
}

fn refuse(error: TenantError, context: &RequestContext, app: &App) -> Response {
    let refusal = match error {
        TenantError::Refused(refusal) => refusal,
        TenantError::Store(error) => {
            tracing::error!(%error, trace_id = %context.trace_id, "a metadata request failed");
            AadError::Internal
        }
    };
    metadata_error(&context.report(refusal), context, &app.authority)
}
