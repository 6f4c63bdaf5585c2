//! Pages for people.
//!
//! The portal asks the directory and the API what it shows and changes, as any client
//! of a signed-in person would ([`directory`]): no page decides what a person may do.

mod activities;
mod alerts;
mod api;
mod apps;
mod assets;
mod confirm;
mod directory;
mod done;
mod enterprise;
mod error;
mod form;
mod html;
mod json;
mod listing;
mod local_path;
mod markdown;
mod moment;
mod objects;
mod overview;
mod page;
mod pages;
mod permissions;
mod query;
mod security;
mod settings;
pub(crate) mod sign_in;
mod span;
mod start;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod users;
mod visitor;

use axum::response::Redirect;
use axum::routing::get;
use axum::{Extension, Router};

use error::PortalError;
use pages::{Answer, Pages};
use visitor::Visitor;

use crate::state::AppState;

pub(crate) use local_path::LocalPath;

/// The portal's routes; pages ask these routes of the API.
pub(crate) fn router(api: Router) -> Router<AppState> {
    Router::new()
        .route("/", get(start::show))
        .route("/portal", get(|| async { Redirect::to("/portal/") }))
        .merge(pages().into_router())
        .layer(Extension(api::Routes::new(api)))
        .merge(assets::router())
}

/// All pages and forms.
fn pages() -> Pages {
    let pages = Pages::default()
        .page("/portal/", overview::show)
        .page("/portal/{*rest}", no_page);
    let pages = activities::pages(alerts::pages(pages));
    let pages = enterprise::pages(apps::pages(pages));
    let pages = users::pages(security::pages(pages));
    tokens::pages(settings::pages(pages))
}

/// Whatever else stands under the portal.
async fn no_page(_: Visitor, _: String) -> Answer {
    Err(PortalError::NotFound)
}
