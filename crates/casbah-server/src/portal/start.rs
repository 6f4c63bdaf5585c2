//! The page at the server's bare address, which leads on to others.
//!
//! Records of alerts name their page behind a number sign, which browsers send to no
//! server, so a script reads it. It does so before the sign-in, which then comes back to
//! the page of the alert as to any other.

use askama::Template;
use axum::response::Response;

use super::error::PortalError;
use super::page;
use crate::identity::context::RequestContext;

#[derive(Template)]
#[template(path = "portal/start.html")]
struct Start;

/// `GET /`
pub(super) async fn show(context: RequestContext) -> Response {
    let page = page::show(&Start, &context);
    page.unwrap_or_else(|error| PortalError::from(error).respond(&context))
}
