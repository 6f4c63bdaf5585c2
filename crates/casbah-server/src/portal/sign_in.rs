//! Sign-in of people: the authorisation endpoint and its pages.
//!
//! No state is kept between the pages: the address of the form carries the
//! client's request, which is read and checked anew each time. The form itself
//! is bound to the browser by a cookie and a token made from it.

mod assets;
mod attempt;
mod authorize;
mod client;
mod conclude;
mod cookies;
mod error;
mod flow;
mod pages;
mod password;
mod session;
mod sign_out;
mod told;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(crate) use client::{Client, find_client};

/// The pages' routes.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::v2))
        .route("/{tenant}/oauth2/authorize", get(authorize::v1))
        .route("/{tenant}/sign_in/v2.0", post(password::v2))
        .route("/{tenant}/sign_in/v1.0", post(password::v1))
        .route("/{tenant}/oauth2/v2.0/logout", get(sign_out::end))
        .route("/{tenant}/oauth2/logout", get(sign_out::end))
        .route("/error", get(error::explain))
        .route("/casbah/assets/sign_in.css", get(assets::style))
        .route("/casbah/assets/form_post.js", get(assets::form_post))
}
