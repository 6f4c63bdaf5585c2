//! `/casbah/v1/credentials`: the credentials of all applications and when they end.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_identity::expiry::days_left;
use casbah_model::identity::HeldCredential;
use casbah_model::ids::{AppId, KeyId};
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::operation::{Kind, LARGEST, Parameter};
use super::parameters::Parameters;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::AuditRead);
    routes
        .of("Credentials")
        .get(
            "/casbah/v1/credentials",
            need,
            "List the credentials of all applications",
            list,
        )
        .takes(
            const {
                &[Parameter::new(
                    "expiringDays",
                    Kind::UpTo(LARGEST),
                    "Only those that end within so many days, or have ended",
                )]
            },
        )
        .answers::<Listed<CredentialRecord>>()
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Listed<CredentialRecord>>, ApiError> {
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
    Ok(Json(
        wanted.map(|held| CredentialRecord::at(now, held)).collect(),
    ))
}

/// A credential as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CredentialRecord {
    /// The application's client id.
    app_id: AppId,
    /// The name of its holder.
    display_name: String,
    holder: Holder,
    /// `secret`, `certificate` or `federated`.
    kind: &'static str,
    key_id: KeyId,
    /// What people called it.
    name: Option<String>,
    /// By what people recognise it: a secret's first characters, a certificate's
    /// thumbprint, the issuer whose tokens are trusted.
    hint: String,
    start: Option<Iso>,
    /// Trust in an issuer has no end.
    end: Option<Iso>,
    days_left: Option<i64>,
    expired: bool,
}

/// What holds a credential.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Holder {
    ServicePrincipal,
    Application,
}

impl CredentialRecord {
    fn at(now: Timestamp, held: &HeldCredential) -> Self {
        let holder = if held.is_of_principal {
            Holder::ServicePrincipal
        } else {
            Holder::Application
        };
        Self {
            app_id: held.app_id,
            display_name: held.holder.clone(),
            holder,
            kind: held.kind.name(),
            key_id: held.key_id,
            name: held.name.clone(),
            hint: held.hint.clone(),
            start: held.start.map(Iso),
            end: held.end.map(Iso),
            days_left: held.end.map(|end| days_left(end, now)),
            expired: held.end.is_some_and(|end| end <= now),
        }
    }
}
