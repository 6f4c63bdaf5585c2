//! `/casbah/v1/credentials`: the credentials of all applications and when they end.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_identity::expiry::days_left;
use casbah_model::identity::HeldCredential;
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
    routes.of("Credentials").get(
        "/casbah/v1/credentials",
        need,
        "List the credentials of all applications",
        list,
    )
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
        .filter(|held| before.is_none_or(|before| held.end.is_some_and(|end| end <= before)));
    let data: Vec<_> = wanted.map(|held| record(held, now)).collect();
    Ok(Json(json!({"data": data})))
}

fn record(held: &HeldCredential, now: Timestamp) -> Value {
    json!({
        "appId": held.app_id,
        "displayName": held.holder,
        "holder": if held.is_of_principal { "servicePrincipal" } else { "application" },
        "kind": held.kind.name(),
        "keyId": held.key_id,
        "name": held.name,
        "hint": held.hint,
        "start": held.start.map(Timestamp::to_iso),
        "end": held.end.map(Timestamp::to_iso),
        "daysLeft": held.end.map(|end| days_left(end, now)),
        "expired": held.end.is_some_and(|end| end <= now),
    })
}
