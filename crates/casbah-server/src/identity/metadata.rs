//! Metadata documents and the key set.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::discovery::{self, MetadataTenant};
use casbah_token::JwkSet;

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
        Ok(tenant) => {
            let published = app.keys.published(context.now);
            let metadata = discovery::metadata_v1(&app.authority, tenant, &published);
            public_json(&context, &metadata)
        }
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
        Ok(tenant) => {
            let published = app.keys.published(context.now);
            let metadata = discovery::metadata_v2(&app.authority, tenant, &published);
            public_json(&context, &metadata)
        }
        Err(error) => refuse(error, &context, &app),
    }
}

/// `GET /{tenant}/discovery/keys` and `/{tenant}/discovery/v2.0/keys`
pub(super) async fn keys(
    State(app): State<AppState>,
    Path(segment): Path<String>,
    headers: HeaderMap,
    context: RequestContext,
) -> Response {
    match metadata_tenant(&app, &segment).await {
        Ok(_) => {
            let published = app.keys.published(context.now);
            let set = discovery::published_keys(&app.authority, published);
            tagged(public_json(&context, &set), &published_tag(&set), &headers)
        }
        Err(error) => refuse(error, &context, &app),
    }
}

/// The key set's entity tag: it changes when the names of its keys do.
fn published_tag(set: &JwkSet) -> String {
    let kids: Vec<_> = set.keys.iter().map(|key| key.kid.as_str()).collect();
    format!("\"{}\"", kids.join("."))
}

/// The answer with its entity tag, or without its body where the reader has it
/// (RFC 9110 13.1.2).
fn tagged(mut answer: Response, tag: &str, headers: &HeaderMap) -> Response {
    let Ok(value) = HeaderValue::from_str(tag) else {
        return answer;
    };
    answer.headers_mut().insert(ETAG, value);
    let known = headers.get_all(IF_NONE_MATCH).iter();
    let mut known = known.filter_map(|value| value.to_str().ok());
    let is_known = |list: &str| {
        let mut tags = list.split(',').map(str::trim);
        tags.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    };
    if known.any(is_known) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        *answer.body_mut() = Body::empty();
    }
    answer
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
