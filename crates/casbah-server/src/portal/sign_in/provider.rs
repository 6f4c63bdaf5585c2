//! Sign-in through a company's own provider (OpenID Connect Core 1.0 section 3.1).
//!
//! The browser goes to the provider with what it must bring back; what that proves lies in
//! the store until it comes, once, in the same browser. What comes back names a person at
//! the provider, and a link says whom of the tenant that means.

mod begin;
mod callback;
mod error;
mod offers;
mod person;
mod redeem;

use axum::Router;
use axum::routing::get;
use casbah_identity::Authority;

use crate::state::AppState;

pub(super) use begin::{lead_on, receive};
pub(crate) use error::ProviderError;
pub(super) use offers::{Offers, required};

/// Its path.
const CALLBACK: &str = "/casbah/sign_in/callback";

/// Where providers send people back to, as they must know it to the letter.
pub(crate) fn redirect_uri(authority: &Authority) -> String {
    format!("{}{CALLBACK}", authority.origin())
}

/// The route that all providers send people back to.
pub(super) fn router() -> Router<AppState> {
    Router::new().route(CALLBACK, get(callback::receive))
}
