//! `GET /common/discovery/instance`: which servers are one instance.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use casbah_identity::AadError;
use casbah_identity::discovery::instance_discovery;

use super::answer::{metadata_error, public_json};
use super::context::RequestContext;
use crate::state::AppState;

/// Says that this server is the only one of its instance.
pub(super) async fn discover(
    State(app): State<AppState>,
    RawQuery(query): RawQuery,
    context: RequestContext,
) -> Response {
    let query = query.unwrap_or_default();
    let value = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let version = value("api-version").unwrap_or_default();
    let outcome = value("authorization_endpoint")
        .ok_or(AadError::MissingParameter("authorization_endpoint"))
        .and_then(|endpoint| instance_discovery(&app.authority, &version, &endpoint));
    match outcome {
        Ok(document) => public_json(&context, &document),
        Err(error) => metadata_error(&context.report(error), &context, &app.authority),
    }
}
