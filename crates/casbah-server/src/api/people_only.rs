//! Resources that no application may read: for people and their tokens alone.
//!
//! Casbah keeps no files, governance log, user groups or saved reports yet; their
//! lists are empty, and nothing in them can be fetched.

use axum::Json;
use axum::routing::get;
use casbah_model::permission::Action;
use casbah_store::{Page, Total};
use serde_json::Value;

use super::envelope::Envelope;
use super::error::ApiError;
use super::routes::Routes;
use crate::auth::Need;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    ["files", "governance", "user_tags", "reports"]
        .into_iter()
        .fold(routes, |routes, name| {
            routes
                .route(&format!("/api/{name}"), need, get(empty).post(empty))
                .route(&format!("/api/{name}/{{id}}"), need, get(none))
        })
}

async fn empty() -> Json<Envelope<Value>> {
    Json(
        Page {
            data: Vec::new(),
            total: Total::Exactly(0),
            has_next: false,
        }
        .into(),
    )
}

async fn none() -> ApiError {
    ApiError::NotFound
}
