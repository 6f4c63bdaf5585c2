//! `GET /portal/activities`

use askama::Template;
use casbah_model::activity::{Activity, GEOIP_ATTRIBUTION};
use casbah_model::ids::SaasId;

use super::{HERE, TITLE, address, closed, filter};
use crate::portal::alerts;
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
    Heading::plain("User"),
    Heading::plain("App"),
    Heading::plain("Activity"),
    Heading::plain("IP address"),
    Heading::plain("Country"),
];

#[derive(Template)]
#[template(path = "portal/activities/list.html")]
struct List<'a> {
    frame: Frame<'a>,
    query: &'a Query,
    apps: Vec<(SaasId, String, bool)>,
    spans: Vec<Choice>,
    /// The page of the alert whose evidence is listed alone.
    proven: Option<String>,
    is_filtered: bool,
    complaint: Option<String>,
    table: Controls,
    activities: Vec<Activity>,
}

/// `GET /portal/activities`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let query = &visitor.query;
    let fields = filter::fields();
    let listing = Listing::new(HERE, query, &fields, HEADINGS);
    let found = listing.find(&visitor, "/api/archived_activities", filter::filters(query));
    let (found, complaint) = found.await?;
    let Some(found) = found else {
        return closed(&visitor);
    };
    if let Some(first) = listing.instead_of(&found) {
        return Ok(page::go(&first));
    }
    let page = List {
        frame: Frame::new(&visitor, Section::Activities, TITLE),
        query,
        apps: filter::apps(query),
        spans: filter::spans(query),
        proven: query.text("alert").parse().ok().map(alerts::address),
        is_filtered: listing.is_filtered(),
        complaint,
        table: listing.controls(&found),
        activities: found.data,
    };
    Ok(page::show(&page, &visitor.context)?)
}
