//! Sign-in of people: the authorisation endpoint and its pages.
//!
//! No state is kept between the pages: the address of the form carries the
//! request, which is read and checked anew each time. The form itself is bound to
//! the browser by a cookie and a token made from it.

mod attempt;
mod authorize;
mod client;
mod conclude;
mod consent;
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
    const ADMIN_V1: Entry = Entry::AdminConsent(Endpoint::V1);
    const ADMIN_V2: Entry = Entry::AdminConsent(Endpoint::V2);
    let entries = [
        ("oauth2/authorize", V1, "v1.0"),
        ("oauth2/v2.0/authorize", V2, "v2.0"),
        ("adminconsent", ADMIN_V1, "admin/v1.0"),
        ("v2.0/adminconsent", ADMIN_V2, "admin/v2.0"),
    ];
    let mut router = Router::new();
    for (address, entry, name) in entries {
        router = router
            .route(
                &format!("/{{tenant}}/{address}"),
                get(move |visit| begin(entry, visit)),
            )
            .route(
                &format!("/{{tenant}}/sign_in/{name}"),
                post(move |visit, body| receive(entry, visit, body)),
            )
            .route(
                &format!("/{{tenant}}/consent/{name}"),
                post(move |visit, body| consent::receive(entry, visit, body)),
            );
    }
    router
        .route(
            PORTAL_SIGN_IN,
            get(|visit| begin(Entry::Portal, visit))
                .post(|visit, body| receive(Entry::Portal, visit, body)),
        )
        .route("/{tenant}/oauth2/v2.0/logout", get(sign_out::end))
        .route("/{tenant}/oauth2/logout", get(sign_out::end))
        .route("/error", get(error::explain))
}
