//! Sign-in of people: the authorisation endpoint and its pages.
//!
//! No state is kept between the pages: the address of the form carries the
//! request, which is read and checked anew each time. The form itself is bound to
//! the browser by a cookie and a token made from it.

mod attempt;
mod authorize;
mod client;
mod complete;
mod conclude;
mod consent;
mod cookies;
mod device;
mod error;
mod fields;
mod flow;
mod form_guard;
mod invitation;
mod new_password;
mod pages;
mod passkey;
mod password;
mod provider;
mod second_factor;
mod session;
mod sign_out;
mod step;
mod told;
mod visit;

use axum::Router;
use axum::routing::{get, post};
use casbah_identity::request::Endpoint;

use crate::state::AppState;
use authorize::begin;
use flow::Entry;
use password::receive;

pub(crate) use attempt::{Attempt, Outcome, attempt};
pub(crate) use client::{Client, find_client};
pub(crate) use provider::redirect_uri as provider_redirect_uri;
pub(crate) use session::{SignedIn, find as find_session};

/// Where people sign in to the portal, and come back to the page they wanted (`to`).
const PORTAL_SIGN_IN: &str = "/portal/sign_in";

/// The parameter of that address by which an earlier sign-in is none.
const FRESH: &str = "fresh";
pub(crate) use device::DEVICE_PAGE;
pub(crate) use error::SignInError;
pub(crate) use told::Told as AttemptTold;

/// Where a person signs in to come to a page of ours; anew, where an earlier sign-in is
/// none for it.
pub(crate) fn sign_in_address(to: &str, is_fresh: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("to", to);
    if is_fresh {
        query.append_pair(FRESH, "1");
    }
    format!("{PORTAL_SIGN_IN}?{}", query.finish())
}

/// The pages' routes.
pub(crate) fn router() -> Router<AppState> {
    const V1: Entry = Entry::Authorize(Endpoint::V1);
    const V2: Entry = Entry::Authorize(Endpoint::V2);
    const ADMIN_V1: Entry = Entry::AdminConsent(Endpoint::V1);
    const ADMIN_V2: Entry = Entry::AdminConsent(Endpoint::V2);
    // The address that a sign-in begins at, and the ends of those of its later pages.
    let entries = [
        ("/{tenant}/oauth2/authorize", V1, "/{tenant}", "/v1.0"),
        ("/{tenant}/oauth2/v2.0/authorize", V2, "/{tenant}", "/v2.0"),
        (
            "/{tenant}/adminconsent",
            ADMIN_V1,
            "/{tenant}",
            "/admin/v1.0",
        ),
        (
            "/{tenant}/v2.0/adminconsent",
            ADMIN_V2,
            "/{tenant}",
            "/admin/v2.0",
        ),
        (PORTAL_SIGN_IN, Entry::Portal, "/portal", ""),
    ];
    let mut router = Router::new();
    for (first, entry, before, after) in entries {
        let at = |page: &str| format!("{before}/{page}{after}");
        router = router
            .route(first, get(move |visit| begin(entry, visit)))
            .route(
                &at("sign_in"),
                post(move |visit, body| receive(entry, visit, body)),
            )
            .route(
                &at("second_factor"),
                post(move |visit, body| second_factor::receive(entry, visit, body)),
            )
            .route(
                &at("new_password"),
                post(move |visit, body| new_password::receive(entry, visit, body)),
            )
            .route(
                &at("passkey"),
                get(move |visit| passkey::show(entry, visit))
                    .post(move |visit, body| passkey::receive(entry, visit, body)),
            )
            .route(
                &at("provider"),
                post(move |visit, body| provider::receive(entry, visit, body)),
            )
            .route(
                &at("consent"),
                post(move |visit, body| consent::receive(entry, visit, body)),
            );
    }
    router
        .merge(provider::router())
        .route("/{tenant}/oauth2/v2.0/logout", get(sign_out::end))
        .route("/{tenant}/oauth2/logout", get(sign_out::end))
        .route(DEVICE_PAGE, get(device::show).post(device::receive))
        .route("/error", get(error::explain))
        .route(
            "/casbah/invitation/{link}",
            get(invitation::show).post(invitation::accept),
        )
}
