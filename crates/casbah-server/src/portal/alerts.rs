//! *Alerts*: what was found, and how it was handled.

mod filter;
mod handle;
mod history;
mod list;
mod overview;
mod words;

use casbah_model::alert::Alert;
use casbah_model::ids::RecordId;

use super::error::PortalError;
use super::page::{self, Section};
use super::pages::{Answer, Pages};
use super::visitor::Visitor;

pub(super) use words::{severity, standing};

/// The list.
pub(super) const HERE: &str = "/portal/alerts";

const TITLE: &str = "Alerts";

/// Who may see them.
const WHY: &str = "Alerts are for Security Readers, Security Operators, Compliance \
    Administrators, Global Readers and administrators of security. Your roles do not allow it.";

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(HERE, list::show)
        .page("/portal/alerts/{id}", overview::show)
        .form("/portal/alerts/{id}/close", handle::close)
        .form("/portal/alerts/{id}/reopen", handle::reopen)
        .form("/portal/alerts/{id}/read", handle::mark_read)
        .form("/portal/alerts/{id}/unread", handle::mark_unread)
}

/// The address of an alert's page.
pub(super) fn address(id: RecordId) -> String {
    format!("{HERE}/{id}")
}

async fn find(visitor: &Visitor, id: RecordId) -> Result<Alert, PortalError> {
    visitor.api().get(&format!("/api/alerts/{id}")).await
}

fn closed(visitor: &Visitor) -> Answer {
    page::closed(visitor, Section::Alerts, TITLE, WHY)
}
