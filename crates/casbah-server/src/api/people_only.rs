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

/// Path, and what one would list and fetch there.
const RESOURCES: [(&str, &str, &str); 6] = [
    (
        "app_permissions",
        "List permissions of apps (none)",
        "Fetch or change a permission of an app (none)",
    ),
    (
        "data_sources",
        "List data sources (none)",
        "Fetch or change a data source (none)",
    ),
    (
        "discovery/data_sources",
        "List data sources of cloud discovery (none)",
        "Fetch or change a data source of cloud discovery (none)",
    ),
    (
        "discovery/log_collectors",
        "List log collectors of cloud discovery (none)",
        "Fetch or change a log collector of cloud discovery (none)",
    ),
    (
        "log_collectors",
        "List log collectors (none)",
        "Fetch or change a log collector (none)",
    ),
    (
        "reports",
        "List reports of the service (none)",
        "Fetch or change a report of the service (none)",
    ),
];

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    let routes = routes
        .of("For people alone")
        .list("/api/autocomplete", need, "List completions (none)", empty)
        .answers::<Envelope<Value>>()
        .list(
            "/api/autocomplete/{*rest}",
            need,
            "Complete a word (none)",
            empty,
        )
        .answers::<Envelope<Value>>()
        // Whoever asks for a flow by POST must not believe to have one.
        .get("/api/ms_flow", need, "List flows (none)", empty)
        .answers::<Envelope<Value>>()
        .any(
            "/api/ms_flow/{*rest}",
            need,
            "Fetch or change a flow (none)",
            none,
        );
    RESOURCES
        .into_iter()
        .fold(routes, |routes, (name, list, other)| {
            routes
                .list(&format!("/api/{name}"), need, list, empty)
                .answers::<Envelope<Value>>()
                .any(&format!("/api/{name}/{{*rest}}"), need, other, none)
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
