//! Tags on discovered apps.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_discovery::Catalog;
use casbah_model::activity::tenant_number;
use casbah_model::discovery::DiscoveredAppId;
use casbah_model::ids::TenantId;
use casbah_model::permission::Action;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::parameters::Parameters;
use crate::api::path::Path;
use crate::api::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// The built-in tags, which exclude each other.
pub(super) const SANCTIONED: &str = "Sanctioned";
pub(super) const UNSANCTIONED: &str = "Unsanctioned";

/// What a tag marks: a discovered app.
const TAG_OF_APP: i32 = 6;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::DiscoveryRead);
    let manage = Need::Action(Action::DiscoveryManage);
    routes
        .list(
            "/api/discovery/app_tags",
            read,
            "List the tags of apps",
            list,
        )
        .post(
            "/api/discovery/discovery_app/{app}/add_tag",
            manage,
            "Tag an app",
            add,
        )
        .post(
            "/api/discovery/discovery_app/{app}/remove_tag",
            manage,
            "Take a tag from an app",
            remove,
        )
        .post(
            "/api/discovery/discovery_app/{app}/set_sanctioned",
            manage,
            "Sanction an app",
            set_sanctioned,
        )
        .post(
            "/api/discovery/discovery_app/{app}/set_banned",
            manage,
            "Mark an app unsanctioned",
            set_banned,
        )
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Vec<Value>>, ApiError> {
    Ok(Json(app_tags(&app, caller.tenant).await?))
}

/// The built-in tags and a tenant's own, each with its apps.
pub(in crate::api) async fn app_tags(app: &App, tenant: TenantId) -> Result<Vec<Value>, ApiError> {
    let mut apps: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for built_in in [SANCTIONED, UNSANCTIONED] {
        apps.insert(built_in.to_owned(), Vec::new());
    }
    for (id, tags) in app.store.app_tags(tenant).await? {
        for tag in tags {
            apps.entry(tag).or_default().push(id.0);
        }
    }
    let number = tenant_number(tenant);
    let record = |(name, ids): (String, Vec<i32>)| {
        let built_in = [SANCTIONED, UNSANCTIONED].contains(&name.as_str());
        json!({
            "name": name,
            "target": TAG_OF_APP,
            "id": tag_id(tenant.uuid(), &name),
            "_tid": if built_in { 0 } else { number },
            "appIds": ids,
            "builtIn": built_in,
        })
    };
    Ok(apps.into_iter().map(record).collect())
}

/// A tag's id follows from its name, so it needs no table: 24 hex digits.
fn tag_id(tenant: Uuid, name: &str) -> String {
    let id = Uuid::new_v5(&tenant, name.to_lowercase().as_bytes());
    id.simple().to_string()[..24].to_owned()
}

async fn add(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let tag = parameters.required_text("tagName")?;
    put(&app, &caller, &id, &tag).await
}

async fn set_sanctioned(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    put(&app, &caller, &id, SANCTIONED).await
}

async fn set_banned(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    put(&app, &caller, &id, UNSANCTIONED).await
}

async fn remove(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let id = known_app(&id)?;
    let tag = built_in_spelling(parameters.required_text("tagName")?);
    let target = format!("{} {tag}", id.0);
    let audit = caller.record("discovered_app.remove_tag", &target);
    if !app.store.untag_app(caller.tenant, id, tag, audit).await? {
        return Err(ApiError::NotFound);
    }
    Ok(Json(json!({"success": true})))
}

async fn put(app: &App, caller: &Caller, id: &str, tag: &str) -> Result<Json<Value>, ApiError> {
    let id = known_app(id)?;
    let tag = built_in_spelling(tag.to_owned());
    let instead: &'static [&'static str] = match tag.as_str() {
        SANCTIONED => &[UNSANCTIONED],
        UNSANCTIONED => &[SANCTIONED],
        _ => &[],
    };
    let target = format!("{} {tag}", id.0);
    let audit = caller.record("discovered_app.add_tag", &target);
    app.store
        .tag_app(caller.tenant, id, tag, instead, audit)
        .await?;
    Ok(Json(json!({"success": true})))
}

fn built_in_spelling(tag: String) -> String {
    let built_in = [SANCTIONED, UNSANCTIONED]
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(&tag));
    built_in.map_or(tag, str::to_owned)
}

fn known_app(id: &str) -> Result<DiscoveredAppId, ApiError> {
    let id = DiscoveredAppId(id.parse().map_err(|_| ApiError::NotFound)?);
    Catalog::built_in()
        .app(id)
        .map(|app| app.id)
        .ok_or(ApiError::NotFound)
}
