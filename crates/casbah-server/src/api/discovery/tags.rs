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
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::operation::{Kind, Parameter};
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

const TAG: [Parameter; 1] =
    [Parameter::new("tagName", Kind::Text, "The tag; one that is new is made").required()];

/// A tag on discovered apps as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct AppTag {
    /// Its name.
    pub(in crate::api) name: String,
    /// What it marks: 6, a discovered app.
    target: i32,
    /// Its id.
    pub(in crate::api) id: String,
    /// The tenant's number; 0 where built in.
    #[serde(rename = "_tid")]
    tid: i32,
    /// The apps that have it.
    app_ids: Vec<DiscoveredAppId>,
    /// Whether every tenant has it.
    built_in: bool,
}

/// It was done.
#[derive(Debug, Serialize, JsonSchema)]
struct Done {
    /// Always true.
    success: bool,
}

impl Done {
    const YES: Self = Self { success: true };
}

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
        .answers::<Vec<AppTag>>()
        .post(
            "/api/discovery/discovery_app/{app}/add_tag",
            manage,
            "Tag an app",
            add,
        )
        .takes(&TAG)
        .answers::<Done>()
        .post(
            "/api/discovery/discovery_app/{app}/remove_tag",
            manage,
            "Take a tag from an app",
            remove,
        )
        .takes(&TAG)
        .answers::<Done>()
        .post(
            "/api/discovery/discovery_app/{app}/set_sanctioned",
            manage,
            "Sanction an app",
            set_sanctioned,
        )
        .answers::<Done>()
        .post(
            "/api/discovery/discovery_app/{app}/set_banned",
            manage,
            "Mark an app unsanctioned",
            set_banned,
        )
        .answers::<Done>()
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Vec<AppTag>>, ApiError> {
    Ok(Json(app_tags(&app, caller.tenant).await?))
}

/// The built-in tags and a tenant's own, each with its apps.
pub(in crate::api) async fn app_tags(app: &App, tenant: TenantId) -> Result<Vec<AppTag>, ApiError> {
    let mut apps: BTreeMap<String, Vec<DiscoveredAppId>> = BTreeMap::new();
    for built_in in [SANCTIONED, UNSANCTIONED] {
        apps.insert(built_in.to_owned(), Vec::new());
    }
    for (id, tags) in app.store.app_tags(tenant).await? {
        for tag in tags {
            apps.entry(tag).or_default().push(id);
        }
    }
    let number = tenant_number(tenant);
    let record = |(name, app_ids): (String, Vec<DiscoveredAppId>)| {
        let built_in = [SANCTIONED, UNSANCTIONED].contains(&name.as_str());
        AppTag {
            target: TAG_OF_APP,
            id: tag_id(tenant.uuid(), &name),
            name,
            tid: if built_in { 0 } else { number },
            app_ids,
            built_in,
        }
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
) -> Result<Json<Done>, ApiError> {
    let tag = parameters.required_name("tagName")?;
    put(&app, &caller, &id, &tag).await
}

async fn set_sanctioned(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Done>, ApiError> {
    put(&app, &caller, &id, SANCTIONED).await
}

async fn set_banned(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Done>, ApiError> {
    put(&app, &caller, &id, UNSANCTIONED).await
}

async fn remove(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Done>, ApiError> {
    let id = known_app(&id)?;
    let tag = built_in_spelling(parameters.required_name("tagName")?);
    let target = format!("{} {tag}", id.0);
    let audit = caller.record("discovered_app.remove_tag", &target);
    if !app.store.untag_app(caller.tenant, id, tag, audit).await? {
        return Err(ApiError::NotFound);
    }
    Ok(Json(Done::YES))
}

async fn put(app: &App, caller: &Caller, id: &str, tag: &str) -> Result<Json<Done>, ApiError> {
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
    Ok(Json(Done::YES))
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
