//! *Activities*: what people did in the apps, and what was said of it.

mod facts;
mod feedback;
mod filter;
mod list;
mod overview;

use casbah_model::activity::{Activity, ActivityId};

use super::error::PortalError;
use super::page::{self, Section};
use super::pages::{Answer, Pages};
use super::query;
use super::visitor::Visitor;

/// The list.
pub(super) const HERE: &str = "/portal/activities";

const TITLE: &str = "Activities";

/// Who may see them.
const WHY: &str = "Activities are for Security Readers, Security Operators, Compliance \
    Administrators, Global Readers and administrators of security. Your roles do not allow it.";

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(HERE, list::show)
        .page("/portal/activities/{id}", overview::show)
        .form("/portal/activities/{id}/feedback", feedback::give)
}

/// The address of an activity's page.
pub(super) fn address(id: ActivityId) -> String {
    format!("{HERE}/{id}")
}

/// The address of those activities of any age that a filter of the list finds.
pub(super) fn found_by(field: &'static str, value: &str) -> String {
    query::address(HERE, &[(field, value), ("days", "all")])
}

async fn find(visitor: &Visitor, id: ActivityId) -> Result<Activity, PortalError> {
    visitor.api().get(&format!("/api/activities/{id}")).await
}

fn closed(visitor: &Visitor) -> Answer {
    page::closed(visitor, Section::Activities, TITLE, WHY)
}
