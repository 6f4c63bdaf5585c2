//! Who did what.

use askama::Template;
use serde::Deserialize;

use crate::portal::error::PortalError;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::query::{Query, address};
use crate::portal::visitor::Visitor;

/// Records on a page.
const RECORDS: &str = "50";

/// Filters that the form has, by the names that the API knows them by, too.
const FILTERS: [&str; 6] = ["actor", "action", "target", "outcome", "since", "until"];

/// What actions begin with, for the form to propose.
const ACTIONS: [&str; 14] = [
    "application.",
    "service_principal.",
    "app_role.",
    "scope.",
    "sign_in",
    "sign_out",
    "token.issue",
    "token.refuse",
    "user.",
    "tenant.",
    "signing_key.",
    "activity.ingest",
    "discovery_upload.",
    "ip_range.",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    timestamp: Moment,
    actor: String,
    app_id: Option<String>,
    action: String,
    target: String,
    outcome: String,
    code: Option<u32>,
    detail: String,
    source: Option<String>,
    correlation_id: Option<String>,
    count: u32,
}

impl Record {
    fn is_refused(&self) -> bool {
        self.outcome == "refused"
    }

    /// The words of the target, and whether each is an id, which is not broken.
    fn words(&self) -> Vec<(&str, bool)> {
        let words = self.target.split_whitespace();
        words
            .map(|word| (word, word.parse::<uuid::Uuid>().is_ok()))
            .collect()
    }
}

#[derive(Deserialize)]
struct Records {
    data: Vec<Record>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/settings/audit.html")]
struct Audit<'a> {
    frame: Frame<'a>,
    query: &'a Query,
    complaint: Option<String>,
    is_filtered: bool,
    is_first: bool,
    records: Vec<Record>,
    /// The address of the list in the other order.
    turned: String,
    is_oldest_first: bool,
    next: Option<String>,
    first: String,
}

/// `GET /portal/audit`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let query = &visitor.query;
    let filters: Vec<_> = FILTERS
        .iter()
        .map(|name| (*name, query.text(name)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let is_oldest_first = query.text("sort") == "date";
    let asked = |after: &str, more: &[(&'static str, &str)], path: &str| {
        let mut all = filters.clone();
        all.extend_from_slice(more);
        let after = [("after", after)];
        let all: Vec<_> = all
            .iter()
            .map(|(name, value)| (*name, *value))
            .chain(after)
            .collect();
        address(path, &all)
    };
    let after = query.text("after");
    let direction = if is_oldest_first { "asc" } else { "desc" };
    let more = [("limit", RECORDS), ("sortDirection", direction)];
    let wanted = asked(after, &more, "/casbah/v1/audit");
    let sort = ("sort", if is_oldest_first { "date" } else { "" });
    let other = ("sort", if is_oldest_first { "" } else { "date" });
    let (found, complaint) = match visitor.api().get::<Records>(&wanted).await {
        Ok(found) => (found, None),
        Err(PortalError::Api { status, text }) if status.as_u16() == 400 => {
            let none = Records {
                data: Vec::new(),
                next: None,
            };
            (none, Some(text))
        }
        Err(error) => return Err(error),
    };
    let page = Audit {
        frame: Frame::new(&visitor, Section::Audit, "Audit logs"),
        query,
        complaint,
        is_filtered: !filters.is_empty(),
        is_first: after.is_empty(),
        turned: asked("", &[other], "/portal/audit"),
        is_oldest_first,
        next: found
            .next
            .map(|next| asked(&next, &[sort], "/portal/audit")),
        first: asked("", &[sort], "/portal/audit"),
        records: found.data,
    };
    Ok(page::show(&page, &visitor.context)?)
}
