//! Resources that no application may read: for people and their tokens alone.
//!
//! Casbah keeps none of these yet; their lists are empty, and nothing in them can be
//! fetched or changed. The paths are those that the MCAS PowerShell module
//! (github.com/microsoft/MCAS), the Power Automate connector and SOAR integrations call.

use axum::Json;
use casbah_model::permission::Action;
use casbah_store::{Page, Total};
use serde_json::Value;

use super::envelope::Envelope;
use super::error::ApiError;
use super::routes::Routes;
use crate::auth::Need;

const RESOURCES: [&str; 8] = [
    "app_permissions",
    "autocomplete",
    "data_sources",
    "discovery/data_sources",
    "discovery/log_collectors",
    "log_collectors",
    "ms_flow",
    "reports",
];

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    let routes = routes.of("For people alone");
    RESOURCES.into_iter().fold(routes, |routes, name| {
        routes
            .list(&format!("/api/{name}"), need, "List (none)", empty)
            .any(
                &format!("/api/{name}/{{*rest}}"),
                need,
                "Fetch or change (none)",
                none,
            )
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
