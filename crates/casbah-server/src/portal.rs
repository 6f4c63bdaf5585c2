//! Pages for people.
//!
//! The portal asks the directory and the API what it shows and changes, as any client
//! of a signed-in person would ([`directory`]): no page decides what a person may do.

mod assets;
mod directory;
mod error;
mod form;
mod html;
mod local_path;
mod overview;
mod page;
pub(crate) mod sign_in;
#[cfg(test)]
mod tests;
mod visitor;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use crate::state::AppState;

pub(crate) use local_path::LocalPath;

/// The portal's routes.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/portal/") }))
        .route("/portal", get(|| async { Redirect::to("/portal/") }))
        .route("/portal/", get(overview::show))
        .merge(assets::router())
}
