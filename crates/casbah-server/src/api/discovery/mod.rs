//! Cloud discovery: reports, discovered apps, tags, block scripts.

mod apps;
mod block_scripts;
mod catalog;
mod report;
mod streams;
mod tags;

pub(super) use apps::{number_matches, text_matches};
pub(super) use tags::{AppTag, app_tags};

use super::routes::Routes;

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = streams::routes(routes.of("Cloud discovery"));
    let routes = apps::routes(routes);
    let routes = tags::routes(routes);
    let routes = catalog::routes(routes);
    block_scripts::routes(routes)
}
