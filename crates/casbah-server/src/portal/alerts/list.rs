//! `GET /portal/alerts`

use askama::Template;
use casbah_model::alert::{Alert, AlertEntity, AlertStatus};

use super::words::{severity, standing};
use super::{HERE, TITLE, address, closed, filter};
use crate::portal::listing::{Heading, Listing};
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::query::Query;
use crate::portal::span::Choice;
use crate::portal::table::Controls;
use crate::portal::visitor::Visitor;

const HEADINGS: &[Heading] = &[
    Heading::sorted("date", "Time"),
    Heading::sorted("severity", "Severity"),
    Heading::plain("Alert"),
    Heading::plain("Users"),
    Heading::plain("App"),
    Heading::sorted("status", "Status"),
];

#[derive(Template)]
#[template(path = "portal/alerts/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    query: &'a Query,
    severities: Vec<(String, &'static str, bool)>,
    standings: Vec<(String, &'static str, bool)>,
    spans: Vec<Choice>,
    is_filtered: bool,
    complaint: Option<String>,
    table: Controls,
    alerts: Vec<Alert>,
}

fn is_unread(alert: &Alert) -> bool {
    alert.status_value == AlertStatus::Unread
}

fn users(alert: &Alert) -> String {
    labels(alert, |entity| match entity {
        AlertEntity::User { label, .. } => Some(label),
        _ => None,
    })
}

fn apps(alert: &Alert) -> String {
    labels(alert, |entity| match entity {
        AlertEntity::Service { label, .. } => Some(label),
        _ => None,
    })
}

/// What an alert's entities of one kind are called.
fn labels(alert: &Alert, label: fn(&AlertEntity) -> Option<&String>) -> String {
    let all = alert.entities.iter().filter_map(label);
    all.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// `GET /portal/alerts`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let query = &visitor.query;
    let fields = filter::fields();
    let listing = Listing::new(HERE, query, &fields, HEADINGS);
    let found = listing.find(&visitor, "/api/alerts", filter::filters(query));
    let (found, complaint) = found.await?;
    let Some(found) = found else {
        return closed(&visitor);
    };
    if let Some(first) = listing.instead_of(&found) {
        return Ok(page::go(&first));
    }
    let page = List {
        frame: Frame::new(&visitor, Section::Alerts, TITLE),
        query,
        severities: filter::severities(query),
        standings: filter::standings(query),
        spans: filter::spans(query),
        is_filtered: listing.is_filtered(),
        complaint,
        table: listing.controls(&found),
        alerts: found.data,
    };
    Ok(page::show(&page, &visitor.context)?)
}
