//! `GET /portal/activities/{id}`

use askama::Template;
use casbah_model::activity::{Activity, ActivityId, GEOIP_ATTRIBUTION};
use casbah_model::alert::Alert;
use casbah_model::feedback::ActivityFeedback;
use casbah_model::permission::Action;
use serde_json::json;

use super::facts::{self, Group, Participant, Shown};
use super::feedback::Entered;
use super::{HERE, TITLE, address, closed, find};
use crate::auth::Need;
use crate::portal::alerts::{self, severity, standing};
use crate::portal::error::{PortalError, where_allowed};
use crate::portal::json::pretty;
use crate::portal::listing::Listed;
use crate::portal::moment::Moment;
use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/activities/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    activity: &'a Activity,
    groups: Vec<Group>,
    participants: Table<Participant>,
    /// Alerts that it proves.
    alerts: Table<Alert>,
    feedback: Table<ActivityFeedback>,
    /// How much was said beside what is shown.
    unseen: usize,
    may_say: bool,
    entered: Entered<'a>,
    original: String,
}

/// `GET /portal/activities/{id}`
pub(super) async fn show(visitor: Visitor, id: ActivityId) -> Answer {
    let Some(activity) = where_allowed(find(&visitor, id).await)? else {
        return closed(&visitor);
    };
    render(&visitor, &activity, Entered::default()).await
}

/// The page, with what was entered into the form and is wrong.
pub(super) async fn render(visitor: &Visitor, activity: &Activity, entered: Entered<'_>) -> Answer {
    let said = feedback(visitor, activity.id).await?;
    let page = Overview {
        frame: Frame::new(visitor, Section::Activities, &activity.description),
        activity,
        groups: facts::of(activity),
        participants: participants(visitor, activity),
        alerts: alerts(visitor, activity).await?,
        unseen: said.total.saturating_sub(said.data.len()),
        feedback: table(visitor, activity.id, said.data),
        may_say: visitor
            .api()
            .lets_in(Need::Action(Action::ActivitiesFeedback)),
        entered,
        original: pretty(activity.raw_data_json.text()),
    };
    Ok(page::show(&page, &visitor.context)?)
}

/// The alerts that it proves, for whoever may see alerts: among those of the person that
/// were raised, or last grew, when it happened or later.
async fn alerts(visitor: &Visitor, activity: &Activity) -> Result<Table<Alert>, PortalError> {
    let id = activity.id.to_string();
    let mut found = Listed::none();
    if let Some(user) = activity.user_name() {
        let question = json!({
            "filters": {
                "entity.user": {"eq": user},
                "date": {"gte": activity.timestamp},
            },
            "sortDirection": "asc",
        });
        let asked = visitor.api().post("/api/alerts", &question).await;
        found = where_allowed(asked)?.unwrap_or(found);
    }
    found
        .data
        .retain(|alert: &Alert| alert.audits.contains(&id));
    let columns = [
        Column::new("date", "Time", |alert: &Alert| {
            Key::Number(alert.timestamp.millis())
        }),
        Column::new("severity", "Severity", |alert| {
            Key::Number(alert.severity_value.value())
        }),
        Column::new("title", "Alert", |alert| Key::text(&alert.title)),
        Column::new("standing", "Status", |alert| {
            Key::text(standing(alert.resolution_status_value).word)
        }),
    ];
    let path = address(activity.id);
    Ok(Table::part(
        &path,
        &visitor.query,
        "alerts",
        &columns,
        found.data,
    ))
}

/// The latest that was said.
async fn feedback(
    visitor: &Visitor,
    id: ActivityId,
) -> Result<Listed<ActivityFeedback>, PortalError> {
    let path = format!("/casbah/v1/activities/{id}/feedback");
    visitor.api().get(&path).await
}

fn table(
    visitor: &Visitor,
    id: ActivityId,
    said: Vec<ActivityFeedback>,
) -> Table<ActivityFeedback> {
    let columns = [
        Column::new("date", "Date", |one: &ActivityFeedback| {
            Key::Number(one.timestamp.millis())
        }),
        Column::new("by", "Given by", |one| Key::text(&one.by)),
        Column::new("verdict", "Verdict", |one| {
            Key::text(&one.verdict.feedback_value)
        }),
        Column::new("text", "Remark", |one| {
            Key::text(one.verdict.feedback.feedback_text.as_deref().unwrap_or(""))
        }),
    ];
    Table::part(&address(id), &visitor.query, "feedback", &columns, said)
}

fn participants(visitor: &Visitor, activity: &Activity) -> Table<Participant> {
    let columns = [
        Column::new("part", "Part", |one: &Participant| Key::text(one.part)),
        Column::new("kind", "Kind", |one| Key::text(&one.kind)),
        Column::new("name", "Name", |one| Key::text(&one.name)),
        Column::new("id", "ID", |one| Key::text(&one.id)),
    ];
    let rows = facts::participants(activity);
    let path = address(activity.id);
    Table::part(&path, &visitor.query, "objects", &columns, rows)
}
