//! `/api/v1/entities/`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use casbah_model::entity::{Entity, EntityKey, EntityType};
use casbah_model::filter::{ENTITIES, parse_query};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::error::ApiError;
use super::lines::{self, ListForm};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

const PADDED_OR_NOT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PADDED_OR_NOT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDED_OR_NOT);

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::EntitiesRead);
    routes
        .of("Entities")
        .list("/api/entities", read, "List entities", list)
        .get("/api/entities/{key}", read, "Fetch an entity", fetch)
        .get(
            "/api/entities/{key}/retrieve_tree",
            read,
            "Fetch a user with all accounts",
            tree,
        )
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let query = parse_query(&ENTITIES, &parameters.0, Timestamp::now())?;
    let tenant = caller.tenant;
    if form == ListForm::Page {
        return form.answer(app.store.list_entities(tenant, query).await?);
    }
    lines::walk(&query.clone(), &parameters, move |walk, limit| {
        let (store, query) = (app.store.clone(), query.clone());
        async move { store.walk_entities(tenant, query, walk, limit).await }
    })
    .await
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
) -> Result<Json<Entity>, ApiError> {
    let key = read_key(&key).ok_or(ApiError::NotFound)?;
    let entities = app.store.entity(caller.tenant, key).await?;
    entities
        .into_iter()
        .next()
        .map(Json)
        .ok_or(ApiError::NotFound)
}

/// A user with all its accounts; an account with its parent and siblings.
async fn tree(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let key = read_key(&key).ok_or(ApiError::NotFound)?;
    let entities = app.store.entity(caller.tenant, key).await?;
    let entity = entities.into_iter().next().ok_or(ApiError::NotFound)?;
    let person = entity.email.clone().unwrap_or_else(|| entity.id.clone());
    let accounts = app.store.accounts_of(caller.tenant, person.clone()).await?;
    let root = match entity.kind {
        EntityType::User => entity,
        EntityType::Account => parent(&app, &caller, person).await?.unwrap_or(entity),
    };
    let mut answer = json!(root);
    answer["accounts"] = json!(accounts);
    Ok(Json(answer))
}

async fn parent(app: &App, caller: &Caller, person: String) -> Result<Option<Entity>, ApiError> {
    let user = json!({"filters": {"type": {"eq": "user"}, "entity": {"eq": person}}});
    let user = user.as_object().cloned().unwrap_or_default();
    let query = parse_query(&ENTITIES, &user, Timestamp::now())?;
    Ok(app
        .store
        .list_entities(caller.tenant, query)
        .await?
        .data
        .into_iter()
        .next())
}

/// A pk: base64, of either alphabet and padded or not, of
/// `{"id": …, "saas": …, "inst": …}`.
fn read_key(text: &str) -> Option<EntityKey> {
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use casbah_model::ids::SaasId;

    use super::*;

    #[test]
    fn keys_are_read_in_every_encoding() {
        let json = "{\"id\":\"ä?>~\",\"inst\":0,\"saas\":11161}";
        let key = EntityKey {
            id: "ä?>~".to_owned(),
            saas: SaasId(11161),
            inst: 0,
        };
        for text in [
            BASE64_STANDARD.encode(json),
            BASE64_URL_SAFE_NO_PAD.encode(json),
        ] {
            assert_eq!(read_key(&text), Some(key.clone()), "{text}");
        }
        for text in ["", "e30=", "%%", "bm90IGpzb24="] {
            assert_eq!(read_key(text), None, "{text}");
        }
    }
}
