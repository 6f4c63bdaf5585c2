//! `/cas/api/v1/discovery/app_catalog/`: the app catalog.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use casbah_discovery::Catalog;
use casbah_discovery::risk::Weights;
use casbah_model::filter::fold;
use casbah_model::permission::Action;
use casbah_store::{Page, Total};
use serde_json::{Value, json};

use super::report;
use crate::api::envelope::Envelope;
use crate::api::error::ApiError;
use crate::api::parameters::Parameters;
use crate::api::routes::Routes;
use crate::auth::Need;
use crate::state::App;

/// The default and the largest page.
const LIMIT: i64 = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::DiscoveryRead);
    routes.route("/api/discovery/app_catalog", read, get(list).post(list))
}

async fn list(
    State(_app): State<Arc<App>>,
    parameters: Parameters,
) -> Result<Json<Envelope<Value>>, ApiError> {
    let filters = report::filters_of(&parameters).unwrap_or_default();
    let wanted = match &filters["name"]["contains"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(fold).collect(),
        Value::String(name) => vec![fold(name)],
        _ => Vec::new(),
    };
    let skip = usize::try_from(parameters.number("skip")?.unwrap_or(0))
        .map_err(|_| ApiError::bad_value("skip", "a negative number"))?;
    let limit = parameters
        .number("limit")?
        .filter(|limit| *limit != 0)
        .unwrap_or(LIMIT);
    let limit = usize::try_from(limit.min(LIMIT))
        .map_err(|_| ApiError::bad_value("limit", limit.to_string()))?;
    let year = report::current_year();
    let is_wanted = |name: &str| {
        let name = fold(name);
        wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str()))
    };
    let found: Vec<_> = Catalog::built_in()
        .apps()
        .filter(|app| is_wanted(&app.name.value))
        .collect();
    let total = found.len() as u64;
    let data: Vec<Value> = found
        .into_iter()
        .skip(skip)
        .take(limit)
        .map(|app| {
            json!({
                "appId": app.id,
                "name": app.name.value,
                "category": app.category(),
                "domain": app.domains.first().map(|domain| &domain.value),
                "domainList": report::domain_list(app),
                "score": app.risk(&Weights::default(), year).map(|score| score.rounded()),
            })
        })
        .collect();
    let end = (skip + data.len()) as u64;
    Ok(Json(
        Page {
            has_next: !data.is_empty() && end < total,
            data,
            total: Total::Exactly(total),
        }
        .into(),
    ))
}
