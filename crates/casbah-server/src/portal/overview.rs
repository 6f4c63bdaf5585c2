//! The portal's first page.

use askama::Template;
use axum::response::Response;

use super::error::PortalError;
use super::page::{self, Frame, Section};
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
}

/// `GET /portal/`
pub(super) async fn show(visitor: Visitor) -> Response {
    try_show(&visitor).unwrap_or_else(|error| error.respond(&visitor.context))
}

fn try_show(visitor: &Visitor) -> Result<Response, PortalError> {
    let page = Overview {
        frame: Frame::new(visitor, Section::Overview, "Overview"),
    };
    Ok(page::show(&page, &visitor.context)?)
}
