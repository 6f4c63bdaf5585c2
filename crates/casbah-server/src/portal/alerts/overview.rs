//! `GET /portal/alerts/{id}`

use askama::Template;
use casbah_model::activity::{Activity, GEOIP_ATTRIBUTION};
use casbah_model::alert::{Alert, AlertEntity, AlertStatus, Resolution};
use casbah_model::ids::RecordId;
use casbah_model::permission::Action;
use serde_json::json;

use super::handle::Entered;
use super::history::{self, Step};
use super::words::{self, CLOSINGS, Look, filled};
use super::{HERE, TITLE, address, closed, find};
use crate::auth::Need;
use crate::portal::activities;
use crate::portal::error::{PortalError, where_allowed};
use crate::portal::listing::Listed;
use crate::portal::markdown::{self, Block};
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// An entity: what it is, its name, and its activities.
struct Entity {
    kind: &'static str,
    label: String,
    activities: String,
}

#[derive(Template)]
#[template(path = "portal/alerts/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    alert: &'a Alert,
    description: Vec<Block>,
    entities: Table<Entity>,
    /// The activities that prove it; none for whoever may not see activities.
    evidence: Option<Table<Activity>>,
    history: Table<Step>,
    /// How often it was handled beside what is shown.
    unseen: usize,
    may_close: bool,
    entered: Entered<'a>,
}

impl Overview<'_> {
    fn severity(&self) -> Look {
        words::severity(self.alert.severity_value)
    }

    fn standing(&self) -> Look {
        words::standing(self.alert.resolution_status_value)
    }

    fn status(&self) -> &'static str {
        words::status(self.alert.status_value)
    }

    fn is_open(&self) -> bool {
        self.alert.resolution_status_value == Resolution::Open
    }

    fn is_unread(&self) -> bool {
        self.alert.status_value == AlertStatus::Unread
    }

    /// Where all of its evidence is listed.
    fn all_evidence(&self) -> String {
        activities::found_by("alert", &self.alert.id.to_string())
    }
}

/// `GET /portal/alerts/{id}`
pub(super) async fn show(visitor: Visitor, id: RecordId) -> Answer {
    let Some(alert) = where_allowed(find(&visitor, id).await)? else {
        return closed(&visitor);
    };
    render(&visitor, &alert, Entered::default()).await
}

/// The page, with what was entered into a form and is wrong.
pub(super) async fn render(visitor: &Visitor, alert: &Alert, entered: Entered<'_>) -> Answer {
    let (history, unseen) = history::read(visitor, alert.id).await?;
    let evidence = where_allowed(evidence(visitor, alert).await)?;
    let page = Overview {
        frame: Frame::new(visitor, Section::Alerts, &alert.title),
        alert,
        description: if alert.is_markdown {
            markdown::read(&alert.description)
        } else {
            markdown::plain(&alert.description)
        },
        entities: entities(visitor, alert),
        evidence,
        history,
        unseen,
        may_close: visitor.api().lets_in(Need::Action(Action::AlertsClose)),
        entered,
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// The latest activities that prove it.
async fn evidence(visitor: &Visitor, alert: &Alert) -> Result<Table<Activity>, PortalError> {
    let question = json!({"filters": {"activity.alertId": {"eq": alert.id}}});
    let path = "/api/archived_activities";
    let found: Listed<Activity> = visitor.api().post(path, &question).await?;
    let columns = [
        Column::new("date", "Time", |one: &Activity| {
            Key::Number(one.timestamp.millis())
        }),
        Column::new("user", "User", |one| {
            Key::text(one.user_name().unwrap_or_default())
        }),
        Column::new("activity", "Activity", |one| Key::text(&one.description)),
        Column::new("address", "IP address", |one| {
            Key::text(one.device.client_ip.as_deref().unwrap_or_default())
        }),
        Column::new("country", "Country", |one| {
            Key::text(one.country().unwrap_or_default())
        }),
    ];
    let path = address(alert.id);
    Ok(Table::part(
        &path,
        &visitor.query,
        "evidence",
        &columns,
        found.data,
    ))
}

fn entities(visitor: &Visitor, alert: &Alert) -> Table<Entity> {
    let columns = [
        Column::new("kind", "Kind", |one: &Entity| Key::text(one.kind)),
        Column::new("name", "Name", |one| Key::text(&one.label)),
    ];
    let all = alert.entities.iter().map(entity).collect();
    let path = address(alert.id);
    Table::part(&path, &visitor.query, "entities", &columns, all)
}

fn entity(entity: &AlertEntity) -> Entity {
    let of = |kind, label: &str, field, value: &str| Entity {
        kind,
        label: label.to_owned(),
        activities: if value.is_empty() {
            String::new()
        } else {
            activities::found_by(field, value)
        },
    };
    match entity {
        AlertEntity::Account { label, pa, .. } => {
            of("Account", label, "user", pa.as_deref().unwrap_or_default())
        }
        AlertEntity::User { id, label } => of("User", label, "user", id),
        AlertEntity::Ip { id, label } => of("IP address", label, "address", id),
        AlertEntity::Country { id, label } => of("Country", label, "country", id),
        AlertEntity::Service { id, label } => of("App", label, "app", &id.to_string()),
        AlertEntity::PolicyRule { label, .. } => of("Policy", label, "", ""),
        AlertEntity::File { label, .. } => of("File", label, "text", label),
    }
}
