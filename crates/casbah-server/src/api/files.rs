//! `/api/v1/files/`: Casbah reads no files of apps, so there are none.

use axum::Json;
use casbah_model::filter::{FILES, parse_query};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::Page;
use serde_json::Value;

use super::envelope::Envelope;
use super::error::ApiError;
use super::parameters::Parameters;
use super::routes::Routes;
use crate::auth::Need;

pub(super) fn routes(routes: Routes) -> Routes {
    let need = Need::Action(Action::PeopleOnly);
    routes
        .list("/api/files", need, "List files (none is read)", list)
        .pages::<Value>(&FILES)
        .get(
            "/api/files/{id}",
            need,
            "Fetch a file (none is read)",
            fetch,
        )
}

async fn list(parameters: Parameters) -> Result<Json<Envelope<Value>>, ApiError> {
    let query = parse_query(&FILES, &parameters.0, Timestamp::now())?;
    Ok(Json(Page::of(Vec::new(), &query).into()))
}

async fn fetch() -> ApiError {
    ApiError::NotFound
}
