//! `/casbah/v1/api_tokens`: legacy API tokens, made and revoked.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_identity::api_token::{ApiTokenError, new_api_token};
use casbah_model::identity::{ApiToken, may_manage_api_tokens};
use casbah_model::ids::{KeyId, ObjectId};
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Casbah(CasbahRole::ApiTokenManage);
    routes
        .of("Legacy API tokens")
        .get(
            "/casbah/v1/api_tokens",
            need,
            "List legacy API tokens: one's own, or an administrator all",
            list,
        )
        .answers::<Listed<ApiTokenRecord>>()
        .post(
            "/casbah/v1/api_tokens",
            need,
            "Make a legacy API token (people alone)",
            create,
        )
        .takes(const { &[Parameter::new("name", Kind::Text, "What it is for").required()] })
        .answers_as::<NewApiToken>(StatusCode::CREATED)
        .delete(
            "/casbah/v1/api_tokens/{id}",
            need,
            "Revoke a legacy API token",
            revoke,
        )
        .answers_nothing(StatusCode::NO_CONTENT)
}

/// The only issuer whose tokens the caller sees; none for whoever sees all.
fn own_alone(caller: &Caller) -> Option<ObjectId> {
    let (person, roles) = caller.person()?;
    let manages = roles.iter().any(|role| may_manage_api_tokens(*role));
    (!manages).then_some(person)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<ApiTokenRecord>>, ApiError> {
    let tokens = app.store.api_tokens(caller.tenant, own_alone(&caller));
    let (tokens, now) = (tokens.await?, Timestamp::now());
    let records = tokens.iter().map(|token| ApiTokenRecord::at(now, token));
    Ok(Json(records.collect()))
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<(StatusCode, Json<NewApiToken>), ApiError> {
    // A token carries a person's rights; an application has its own tokens.
    let (person, _) = caller.person().ok_or(ApiError::Forbidden)?;
    let issuer = app.store.user(caller.tenant, person).await?;
    let issuer = issuer.ok_or(ApiError::Forbidden)?;
    let name = parameters.required_name("name")?;
    let now = Timestamp::now();
    let new = new_api_token(&issuer, &name, now).map_err(|error| match error {
        ApiTokenError::Name => ApiError::bad_value("name", &name),
        ApiTokenError::Random(_) => ApiError::Internal("a token cannot be made"),
    })?;
    let audit = caller.record("api_token.create", &new.stored.id);
    let answer = NewApiToken {
        record: ApiTokenRecord::at(now, &new.stored),
        token: new.text.expose_secret().to_owned(),
    };
    app.store.create_api_token(new.stored, audit).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn revoke(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: KeyId = id.parse().map_err(|_| ApiError::NotFound)?;
    let audit = caller.record("api_token.revoke", &id);
    let issuer = own_alone(&caller);
    let revoked = app.store.delete_api_token(caller.tenant, id, issuer, audit);
    if revoked.await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}

/// A legacy API token as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ApiTokenRecord {
    id: KeyId,
    name: String,
    /// Whose rights it carries.
    issuer: String,
    issuer_id: ObjectId,
    /// `Generated` until it is used, then `Active`; `Inactive` after a week without use.
    state: &'static str,
    created: Iso,
    last_used: Option<Iso>,
}

/// A token that was just made.
#[derive(Serialize, JsonSchema)]
struct NewApiToken {
    #[serde(flatten)]
    record: ApiTokenRecord,
    /// The token itself, which is not shown again.
    token: String,
}

impl ApiTokenRecord {
    fn at(now: Timestamp, token: &ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            issuer: token.issuer_name.clone(),
            issuer_id: token.issuer,
            state: token.state(now).name(),
            created: token.created.into(),
            last_used: token.last_used.map(Iso),
        }
    }
}
