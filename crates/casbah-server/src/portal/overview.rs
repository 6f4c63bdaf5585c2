//! The portal's first page.

use askama::Template;

use super::page::{self, Frame, Section};
use super::pages::Answer;
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
}

/// `GET /portal/`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let page = Overview {
        frame: Frame::new(&visitor, Section::Overview, "Overview"),
    };
    Ok(page::show(&page, &visitor.context)?)
}
