//! The identity service over HTTP: tokens, metadata, sign-in, directory.
//!
//! Handlers fetch facts from the store, ask `casbah-identity` for the decision
//! and write its answer; no rule is here.

pub(crate) mod keys;

pub(crate) mod answer;
mod arm;
pub(crate) mod consent;
pub(crate) mod context;
mod device_code;
pub(crate) mod graph;
pub(crate) mod hashing;
mod instance;
pub(crate) mod issuers;
mod metadata;
pub(crate) mod passkeys;
mod resources;
pub(crate) mod source;
pub(crate) mod tenant;
#[cfg(test)]
mod tests;
pub(crate) mod throttle;
pub(crate) mod token;
mod user_realm;
pub(crate) mod user_scopes;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::portal::sign_in;
use crate::state::AppState;

/// The longest body of a request, bytes: an assertion with certificates fits.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// All routes of the identity service.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(token::v2))
        .route("/{tenant}/oauth2/token", post(token::v1))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device_code::v2))
        .route("/{tenant}/oauth2/devicecode", post(device_code::v1))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(metadata::v2),
        )
        .route(
            "/{tenant}/.well-known/openid-configuration",
            get(metadata::v1),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(metadata::keys))
        .route("/{tenant}/discovery/keys", get(metadata::keys))
        .route("/common/discovery/instance", get(instance::discover))
        .route("/common/userrealm/{upn}", get(user_realm::show))
        .merge(arm::router())
        .merge(graph::router())
        .merge(sign_in::router())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}
