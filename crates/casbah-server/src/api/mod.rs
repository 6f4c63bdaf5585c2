//! The Cloud App Security API: one file a resource.

mod activities;
mod alerts;
mod api_tokens;
mod audit;
mod casbah;
mod changes;
mod credentials;
mod discovery;
mod entities;
mod entity_tag;
mod envelope;
mod error;
mod exports;
mod files;
mod governance;
mod ip_ranges;
mod iso;
mod keys;
mod lab;
mod lines;
mod openapi;
mod operation;
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

use axum::{Router, middleware};

pub(crate) use alerts::record as alert_record;
pub(crate) use error::{ApiError, in_form};
#[cfg(test)]
pub(crate) use operation::Operation;
use routes::Routes;
use tower_http::compression::CompressionLayer;

use crate::state::App;

/// All routes of the API, under the one path that [`crate::paths`] turns the
/// others into. Its answers are compressed for whoever understands it; no page is, whose
/// secrets its length might tell.
pub(crate) fn router(app: Arc<App>) -> Router<Arc<App>> {
    let (router, operations) = routes(app).into_parts();
    #[cfg(test)]
    openapi::check::remember(&operations);
    router
        .merge(uploads::router())
        .merge(openapi::router(operations))
        .layer(middleware::from_fn(entity_tag::add))
        .layer(CompressionLayer::new())
}

/// What the API can do, for tests that go through all of it.
#[cfg(test)]
pub(crate) fn operations(app: Arc<App>) -> Vec<Operation> {
    routes(app).into_parts().1
}

/// All operations that need a caller.
fn routes(app: Arc<App>) -> Routes {
    let routes = Routes::new(app);
    let routes = activities::routes(routes);
    let routes = alerts::routes(routes);
    let routes = entities::routes(routes);
    let routes = subnets::routes(routes);
    let routes = ip_ranges::routes(routes);
    let routes = uploads::routes(routes);
    let routes = discovery::routes(routes);
    let routes = people_only::routes(routes);
    let routes = changes::routes(routes);
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
    let routes = exports::routes(routes);
    let routes = keys::routes(routes);
    lab::routes(routes)
}
