//! `/api/v1/tags/`: the tags on addresses and on apps.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_model::filter::{TAGS, fold, parse_query};
use casbah_model::ids::TenantId;
use casbah_model::ip_tag::IpTag;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::Page;
use schemars::JsonSchema;
use serde::Serialize;

use super::discovery::{AppTag, app_tags};
use super::envelope::Envelope;
use super::error::ApiError;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    routes
        .list("/api/tags", need, "List tags", list)
        .pages_with::<Tag>(
            &TAGS,
            const {
                &[Parameter::new(
                    "target",
                    Kind::Word(&["ip", "app"]),
                    "What they mark",
                )]
            },
        )
        .get("/api/tags/{id}", need, "Fetch a tag", fetch)
        .answers::<Tag>()
}

/// A tag, whatever it marks.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Tag {
    OfAddresses(IpTag),
    OfApps(AppTag),
}

impl Tag {
    fn id(&self) -> &str {
        match self {
            Self::OfAddresses(tag) => &tag.id,
            Self::OfApps(tag) => &tag.id,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::OfAddresses(tag) => &tag.name,
            Self::OfApps(tag) => &tag.name,
        }
    }
}

/// What tags mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Addresses,
    Apps,
}

impl Target {
    const ALL: &'static [Self] = &[Self::Addresses, Self::Apps];

    /// What a client asks for by name or number; nothing has tags beside these two.
    fn asked(text: Option<&str>) -> &'static [Self] {
        match text {
            None => Self::ALL,
            Some("ip" | "1") => &[Self::Addresses],
            Some("app" | "6") => &[Self::Apps],
            Some(_) => &[],
        }
    }
}

async fn tags(app: &App, tenant: TenantId, targets: &[Target]) -> Result<Vec<Tag>, ApiError> {
    let mut tags = Vec::new();
    if targets.contains(&Target::Addresses) {
        let own = app.store.ip_tags(tenant).await?;
        tags.extend(IpTag::all_built_in().chain(own).map(Tag::OfAddresses));
    }
    if targets.contains(&Target::Apps) {
        tags.extend(app_tags(app, tenant).await?.into_iter().map(Tag::OfApps));
    }
    tags.sort_by_cached_key(|tag| fold(tag.name()));
    Ok(tags)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Envelope<Tag>>, ApiError> {
    let target = parameters.text("target")?;
    let query = parse_query(&TAGS, &parameters.sorted_a_to_z().0, Timestamp::now())?;
    let mut tags = tags(&app, caller.tenant, Target::asked(target.as_deref())).await?;
    if query.sort.descending {
        tags.reverse();
    }
    Ok(Json(Page::of(tags, &query).into()))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Tag>, ApiError> {
    let tags = tags(&app, caller.tenant, Target::ALL).await?;
    let tag = tags.into_iter().find(|tag| tag.id() == id);
    tag.map(Json).ok_or(ApiError::NotFound)
}
