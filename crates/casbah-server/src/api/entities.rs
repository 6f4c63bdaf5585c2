//! `/api/v1/entities/`.

mod key;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use casbah_model::entity::Entity;
use casbah_model::filter::{ENTITIES, parse_query};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::ApiError;
use super::lines::{self, ListForm};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::EntitiesRead);
    routes
        .of("Entities")
        .list("/api/entities", read, "List entities", list)
        .pages::<Entity>(&ENTITIES)
        .and_lines::<Entity>()
        .get("/api/entities/{key}", read, "Fetch an entity", fetch)
        .answers::<Entity>()
        .get(
            "/api/entities/{key}/retrieve_tree",
            read,
            "Fetch a user with all accounts",
            tree,
        )
        .answers::<EntityTree>()
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
    let key = key::read(&key).ok_or(ApiError::NotFound)?;
    let entities = app.store.entity(caller.tenant, key).await?;
    entities
        .into_iter()
        .next()
        .map(Json)
        .ok_or(ApiError::NotFound)
}

/// A user with all its accounts.
#[derive(Debug, Serialize, JsonSchema)]
struct EntityTree {
    #[serde(flatten)]
    root: Entity,
    accounts: Vec<Entity>,
}

/// A user with all its accounts; an account with its parent and siblings.
async fn tree(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
) -> Result<Json<EntityTree>, ApiError> {
    let key = key::read(&key).ok_or(ApiError::NotFound)?;
    let tree = app.store.entity_tree(caller.tenant, key).await?;
    let (root, accounts) = tree.ok_or(ApiError::NotFound)?;
    Ok(Json(EntityTree { root, accounts }))
}
