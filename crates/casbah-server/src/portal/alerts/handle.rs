//! What is done to an alert.

use casbah_model::ids::RecordId;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::overview::render;
use super::words::Closing;
use super::{address, find};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

/// What was entered into a form, and what is wrong with it.
#[derive(Default)]
pub(super) struct Entered<'a> {
    pub(super) closing: &'a str,
    pub(super) comment: &'a str,
    pub(super) complaint: Option<String>,
}

/// What the API says of a change of many alerts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handled {
    #[serde(default)]
    alerts_not_found: Vec<String>,
}

/// `POST /portal/alerts/{id}/close`
pub(super) async fn close(posted: Posted, id: RecordId) -> Answer {
    let visitor = &posted.visitor;
    find(visitor, id).await?;
    let entered = Entered {
        closing: posted.text("closing"),
        comment: posted.text("comment"),
        complaint: None,
    };
    let Some(closing) = Closing::from_name(entered.closing) else {
        let error = PortalError::Entry("Choose how to close the alert.");
        return outcome(visitor, id, entered, Err(error), Done::AlertClosed).await;
    };
    // The form shows the reasons of all ways; those of the others do not count.
    let reason = posted.text(&format!("{}_reason", closing.name));
    let body = json!({
        "filters": {"id": {"eq": [id]}},
        "comment": entered.comment,
        "reasonId": reason,
    });
    let closed = handle(visitor, closing.path, &body).await;
    outcome(visitor, id, entered, closed, Done::AlertClosed).await
}

/// `POST /portal/alerts/{id}/reopen`
pub(super) async fn reopen(posted: Posted, id: RecordId) -> Answer {
    let visitor = &posted.visitor;
    find(visitor, id).await?;
    let entered = Entered {
        comment: posted.text("comment"),
        ..Entered::default()
    };
    let body = json!({"filters": {"id": {"eq": [id]}}, "comment": entered.comment});
    let reopened = handle(visitor, "/api/alerts/reopen", &body).await;
    outcome(visitor, id, entered, reopened, Done::AlertReopened).await
}

/// `POST /portal/alerts/{id}/read`
pub(super) async fn mark_read(posted: Posted, id: RecordId) -> Answer {
    mark(&posted, id, "read", Done::AlertRead).await
}

/// `POST /portal/alerts/{id}/unread`
pub(super) async fn mark_unread(posted: Posted, id: RecordId) -> Answer {
    mark(&posted, id, "unread", Done::AlertUnread).await
}

async fn mark(posted: &Posted, id: RecordId, how: &str, done: Done) -> Answer {
    let path = format!("/api/alerts/{id}/{how}");
    let visitor = &posted.visitor;
    visitor.api().post::<IgnoredAny>(&path, &json!({})).await?;
    Ok(done.at(&address(id)))
}

/// Changes one alert, which somebody else may have changed since the page was shown.
async fn handle(visitor: &Visitor, path: &str, body: &Value) -> Result<(), PortalError> {
    let handled: Handled = visitor.api().post(path, body).await?;
    if handled.alerts_not_found.is_empty() {
        Ok(())
    } else {
        Err(PortalError::Entry(
            "Somebody else has handled the alert meanwhile. See what was done.",
        ))
    }
}

async fn outcome(
    visitor: &Visitor,
    id: RecordId,
    mut entered: Entered<'_>,
    handled: Result<(), PortalError>,
    done: Done,
) -> Answer {
    match handled {
        Ok(()) => Ok(done.at(&address(id))),
        Err(error) => {
            entered.complaint = Some(error.complaint()?);
            render(visitor, &find(visitor, id).await?, entered).await
        }
    }
}
