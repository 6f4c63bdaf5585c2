//! `/casbah/v1/keys`: the keys that sign tokens, for every tenant of the server.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_identity::signing_keys::Rotation;
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_token::UnknownAlgorithm;
use schemars::JsonSchema;
use serde::Serialize;

use super::casbah::require_home;
use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::operation::{Kind, Parameter};
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
        .answers::<Listed<KeyRecord>>()
        .post(
            "/casbah/v1/keys/rotate",
            need,
            "Change the signing key",
            rotate,
        )
        .takes(
            const {
                &[
                    Parameter::new(
                        "now",
                        Kind::Flag,
                        "Sign with it at once, also before others know it",
                    ),
                    Parameter::new(
                        "algorithm",
                        Kind::Word(&["RS256", "ES256"]),
                        "What it signs by",
                    ),
                ]
            },
        )
        .answers_as::<KeyRecord>(StatusCode::CREATED)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<KeyRecord>>, ApiError> {
    require_home(&app, &caller).await?;
    let now = Timestamp::now();
    let known = app.keys.known();
    let published = known.iter().filter(|key| key.record.is_published_at(now));
    Ok(Json(published.map(|key| KeyRecord::at(now, key)).collect()))
}

async fn rotate(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<KeyRecord>), ApiError> {
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
    let record = KeyRecord::at(Timestamp::now(), &made);
    Ok((StatusCode::CREATED, Json(record)))
}

/// A signing key as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KeyRecord {
    /// Its id in tokens.
    kid: String,
    algorithm: &'static str,
    state: KeyState,
    created: Iso,
    signs_from: Iso,
    signs_until: Iso,
    published_until: Iso,
}

/// What becomes of a key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum KeyState {
    /// It is known and does not sign yet.
    Published,
    /// It signs.
    Signing,
    /// What it signed is still good.
    Retired,
}

impl KeyRecord {
    fn at(now: Timestamp, known: &KnownKey) -> Self {
        let key = &known.record;
        let state = if now < key.signs_from {
            KeyState::Published
        } else if key.signs_at(now) {
            KeyState::Signing
        } else {
            KeyState::Retired
        };
        Self {
            kid: key.kid.clone(),
            algorithm: known.algorithm.name(),
            state,
            created: key.created.into(),
            signs_from: key.signs_from.into(),
            signs_until: key.signs_until.into(),
            published_until: key.published_until.into(),
        }
    }
}
