//! Sign-in of people: the authorisation endpoint and its pages.
//!
//! No state is kept between the pages: the address of the form carries the
//! request, which is read and checked anew each time. The form itself is bound to
//! the browser by a cookie and a token made from it.

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
mod visit;

use axum::Router;
use axum::routing::{get, post};
use casbah_identity::request::Endpoint;

use crate::state::AppState;
use authorize::begin;
use flow::Entry;
use password::receive;

pub(crate) use client::{Client, find_client};
pub(crate) use session::{SignedIn, find as find_session};

/// Where people sign in to the portal, and come back to the page they wanted (`to`).
pub(crate) const PORTAL_SIGN_IN: &str = "/portal/sign_in";

/// The pages' routes.
pub(crate) fn router() -> Router<AppState> {
    const V1: Entry = Entry::Authorize(Endpoint::V1);
    const V2: Entry = Entry::Authorize(Endpoint::V2);
    Router::new()
        .route("/{tenant}/oauth2/authorize", get(|visit| begin(V1, visit)))
        .route(
            "/{tenant}/oauth2/v2.0/authorize",
            get(|visit| begin(V2, visit)),
        )
        .route(
            "/{tenant}/sign_in/v1.0",
            post(|visit, body| receive(V1, visit, body)),
        )
        .route(
            "/{tenant}/sign_in/v2.0",
            post(|visit, body| receive(V2, visit, body)),
        )
        .route(
            PORTAL_SIGN_IN,
            get(|visit| begin(Entry::Portal, visit))
                .post(|visit, body| receive(Entry::Portal, visit, body)),
        )
        .route("/{tenant}/oauth2/v2.0/logout", get(sign_out::end))
        .route("/{tenant}/oauth2/logout", get(sign_out::end))
        .route("/error", get(error::explain))
}
