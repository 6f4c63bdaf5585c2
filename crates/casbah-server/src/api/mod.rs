//! The Cloud App Security API: one file a resource.

mod activities;
mod alerts;
mod api_tokens;
mod audit;
mod casbah;
mod credentials;
mod discovery;
mod entities;
mod envelope;
mod error;
mod files;
mod governance;
mod keys;
mod parameters;
mod path;
mod people_only;
mod policies;
#[cfg(test)]
mod reference;
mod routes;
mod subnets;
mod tags;
mod uploads;
mod usage;
mod user_groups;

use std::sync::Arc;

use axum::Router;

pub(crate) use error::{ApiError, in_form};
#[cfg(test)]
pub(crate) use routes::Operation;
use routes::Routes;

use crate::state::App;

/// All routes of the API, under the one path that [`crate::paths`] turns the
/// others into.
pub(crate) fn router(app: Arc<App>) -> Router<Arc<App>> {
    routes(app).into_router().merge(uploads::router())
}

/// What the API can do, for tests that go through all of it.
#[cfg(test)]
pub(crate) fn operations(app: Arc<App>) -> Vec<Operation> {
    routes(app).operations()
}

/// All operations that need a caller.
fn routes(app: Arc<App>) -> Routes {
    let routes = Routes::new(app);
    let routes = activities::routes(routes);
    let routes = alerts::routes(routes);
    let routes = entities::routes(routes);
    let routes = subnets::routes(routes);
    let routes = uploads::routes(routes);
    let routes = discovery::routes(routes);
    let routes = people_only::routes(routes);
    let routes = files::routes(routes);
    let routes = policies::routes(routes);
    let routes = governance::routes(routes);
    let routes = tags::routes(routes);
    let routes = user_groups::routes(routes);
    let routes = casbah::routes(routes);
    let routes = audit::routes(routes);
    let routes = usage::routes(routes);
    let routes = credentials::routes(routes);
    let routes = api_tokens::routes(routes);
    keys::routes(routes)
}
