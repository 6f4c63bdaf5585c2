//! `/api/v1/user_tags/`: groups of people and accounts.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use casbah_model::entity::UserGroup;
use casbah_model::filter::{USER_GROUPS, parse_query};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::Page;

use super::envelope::Envelope;
use super::error::ApiError;
use super::operation::{Kind, LARGEST, Parameter};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    routes
        .list("/api/user_tags", need, "List groups", list)
        .pages::<UserGroup>(&USER_GROUPS)
        .get("/api/user_tags/{id}", need, "Fetch a group", fetch)
        .answers::<UserGroup>()
        .post(
            "/api/user_tags/create_tag",
            need,
            "Import a group of an app (none is offered)",
            import,
        )
        .takes(
            const {
                &[
                    Parameter::new("appId", Kind::UpTo(LARGEST), "The app"),
                    Parameter::new("groupId", Kind::Text, "The group's id there"),
                    Parameter::new(
                        "shouldNotify",
                        Kind::Flag,
                        "Whether to say when it is imported",
                    ),
                ]
            },
        )
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Envelope<UserGroup>>, ApiError> {
    let query = parse_query(
        &USER_GROUPS,
        &parameters.sorted_a_to_z().0,
        Timestamp::now(),
    )?;
    let mut groups = app.store.groups(caller.tenant).await?;
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    if query.sort.descending {
        groups.reverse();
    }
    Ok(Json(Page::of(groups, &query).into()))
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<UserGroup>, ApiError> {
    let id = id.parse().map_err(|_| ApiError::NotFound)?;
    let groups = app.store.groups(caller.tenant).await?;
    let group = groups.into_iter().find(|group| group.id == id);
    group.map(Json).ok_or(ApiError::NotFound)
}

/// No app's groups are read, so whichever is meant is not there.
async fn import() -> ApiError {
    ApiError::NotFound
}
