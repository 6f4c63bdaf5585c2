//! Which granted permissions an application uses, and which it could do without.

use askama::Template;
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;
use serde::Deserialize;

use super::object::{Object, Tab, find};
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Deserialize)]
struct Report {
    days: i64,
    permissions: Vec<Permission>,
    remove: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    resource: String,
    #[serde(rename = "permission")]
    value: String,
    granted: Moment,
    last_used: Option<Moment>,
    last_call: Option<String>,
    count: u64,
    actions: Vec<String>,
    keep: bool,
    reason: String,
}

impl Permission {
    /// How old the grant is, in words.
    fn age(&self, now: Timestamp) -> String {
        match now.day() - self.granted.0.day() {
            ..=0 => "today".to_owned(),
            1 => "yesterday".to_owned(),
            days => format!("{days} days ago"),
        }
    }
}

/// The report as the page shows it.
struct Reported {
    table: Table<Permission>,
    days: i64,
    /// The permissions that could be taken away.
    remove: Vec<String>,
}

/// What is known of the use.
enum Known {
    Report(Box<Reported>),
    /// The application has no principal here, so it was granted nothing.
    Nothing,
    /// The person may not read it.
    Forbidden,
}

#[derive(Template)]
#[template(path = "portal/apps/usage.html")]
struct Usage<'a> {
    frame: Frame<'a>,
    object: Object<'a>,
    known: Known,
    now: Timestamp,
}

/// `GET /portal/apps/{id}/usage`
pub(super) async fn show(visitor: Visitor, id: ObjectId) -> Answer {
    let app = find(&visitor, id).await?;
    let path = format!("/casbah/v1/apps/{}/usage", app.app_id);
    let known = match visitor.api().get(&path).await {
        Ok(report) => known(&visitor, id, report),
        Err(error) if error.is_missing() => Known::Nothing,
        Err(error) if error.is_forbidden() => Known::Forbidden,
        Err(error) => return Err(error),
    };
    let title = format!("{} - {}", Tab::Usage.title(), app.display_name);
    let page = Usage {
        frame: Frame::new(&visitor, Section::AppRegistrations, &title),
        object: Object::read(&visitor, &app, Tab::Usage).await?,
        known,
        now: visitor.context.now,
    };
    Ok(page::show(&page, &visitor.context)?)
}

fn known(visitor: &Visitor, id: ObjectId, report: Report) -> Known {
    let columns = [
        Column::new("permission", "Permission", |one: &Permission| {
            Key::text(&one.value)
        }),
        Column::new("proposal", "Proposal", |one| {
            Key::Number(i64::from(!one.keep))
        }),
        Column::new("calls", "Calls", |one| {
            Key::Number(i64::try_from(one.count).unwrap_or(i64::MAX))
        }),
        Column::new("used", "Last used", |one| {
            Key::Number(one.last_used.map_or(0, |used| used.0.millis()))
        }),
        Column::new("actions", "Used for", |one| {
            Key::text(&one.actions.join(" "))
        }),
        Column::new("granted", "Granted", |one| {
            Key::Number(one.granted.0.millis())
        }),
    ];
    let Report {
        days,
        permissions,
        remove,
    } = report;
    let path = Tab::Usage.address(id);
    Known::Report(Box::new(Reported {
        table: Table::part(&path, &visitor.query, "permissions", &columns, permissions),
        days,
        remove,
    }))
}
