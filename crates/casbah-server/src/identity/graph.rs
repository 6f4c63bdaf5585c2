//! The part of Microsoft Graph that registers applications, grants them permissions
//! and manages people, at `/v1.0` and `/graph/v1.0`.
//!
//! Clients write path segments in any case, so one handler takes every path and
//! [`dispatch`] says what it means.

mod applications;
mod assignments;
mod body;
mod caller;
mod certificates;
mod dispatch;
mod error;
mod federated;
mod filter;
mod grants;
mod identity_providers;
mod list;
mod objects;
mod organization;
mod owners;
mod passwords;
mod people;
mod policies;
mod reply;
mod service_principals;
mod wire;

use axum::Router;
use axum::routing::any;

pub(crate) use applications::count as count_applications;
pub(crate) use caller::{Caller, Right};
pub(crate) use dispatch::ask;
pub(crate) use error::GraphError;

use crate::state::AppState;

/// The routes, all of one handler.
pub(super) fn router() -> Router<AppState> {
    let mut router = Router::new();
    for root in ["/v1.0", "/graph/v1.0"] {
        for path in [root, &format!("{root}/"), &format!("{root}/{{*path}}")] {
            router = router.route(path, any(dispatch::handle));
        }
    }
    router
}
