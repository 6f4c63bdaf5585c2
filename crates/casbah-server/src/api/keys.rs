//! `/casbah/v1/keys`: the keys that sign tokens, for every tenant of the server.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_identity::signing_keys::Rotation;
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_token::UnknownAlgorithm;
use serde_json::{Value, json};

use super::casbah::require_home;
use super::error::ApiError;
use super::parameters::Parameters;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::identity::keys::KnownKey;
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::TenantManage);
    routes
        .of("Signing keys")
        .get("/casbah/v1/keys", need, "List signing keys", list)
        .post(
            "/casbah/v1/keys/rotate",
            need,
            "Change the signing key",
            rotate,
        )
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    require_home(&app, &caller).await?;
    let now = Timestamp::now();
    let known = app.keys.known();
    let published = known.iter().filter(|key| key.record.is_published_at(now));
    let keys: Vec<_> = published.map(|key| wire(key, now)).collect();
    Ok(Json(json!({ "data": keys })))
}

async fn rotate(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    require_home(&app, &caller).await?;
    let rotation = if parameters.flag("now")? {
        Rotation::AtOnce
    } else {
        Rotation::Overlapping
    };
    let algorithm = parameters.text("algorithm")?;
    let algorithm = algorithm.map(|name| {
        name.parse()
            .map_err(|UnknownAlgorithm| ApiError::bad_value("algorithm", name))
    });
    let algorithm = algorithm.transpose()?;
    let made = app
        .keys
        .rotate(&app, rotation, algorithm, |action, kid| {
            caller.record(action, &kid)
        })
        .await
        .map_err(|error| {
            tracing::error!(%error, "the signing keys cannot be rotated");
            ApiError::Internal("the signing keys cannot be rotated")
        })?;
    Ok((StatusCode::CREATED, Json(wire(&made, Timestamp::now()))))
}

fn wire(
    KnownKey {
        record: key,
        algorithm,
    }: &KnownKey,
    now: Timestamp,
) -> Value {
    let state = if now < key.signs_from {
        "published"
    } else if key.signs_at(now) {
        "signing"
    } else {
        "retired"
    };
    json!({
        "kid": key.kid,
        "algorithm": algorithm.name(),
        "state": state,
        "created": key.created.to_iso(),
        "signsFrom": key.signs_from.to_iso(),
        "signsUntil": key.signs_until.to_iso(),
        "publishedUntil": key.published_until.to_iso(),
    })
}
