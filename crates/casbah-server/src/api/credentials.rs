//! `/casbah/v1/credentials`: the secrets of all applications and when they end.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Json};
use casbah_identity::expiry::days_left;
use casbah_model::identity::{Application, ClientSecret};
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::error::ApiError;
use super::parameters::Parameters;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::AuditRead);
    routes.route("/casbah/v1/credentials", need, get(list))
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let now = Timestamp::now();
    let before = match parameters.number("expiringDays")? {
        Some(days) if days < 0 => {
            return Err(ApiError::bad_value("expiringDays", days.to_string()));
        }
        Some(days) => Some(now.minus_days(days.saturating_neg())),
        None => None,
    };
    let all = app.store.credentials(caller.tenant).await?;
    let wanted = all
        .iter()
        .filter(|(_, secret)| before.is_none_or(|before| secret.end <= before));
    let data: Vec<_> = wanted
        .map(|(application, secret)| record(application, secret, now))
        .collect();
    Ok(Json(json!({"data": data})))
}

fn record(application: &Application, secret: &ClientSecret, now: Timestamp) -> Value {
    json!({
        "appId": application.app_id,
        "displayName": application.display_name,
        "kind": "secret",
        "keyId": secret.key_id,
        "name": secret.display_name,
        "hint": secret.hint,
        "start": secret.start.to_iso(),
        "end": secret.end.to_iso(),
        "daysLeft": days_left(secret.end, now),
        "expired": secret.end <= now,
    })
}
