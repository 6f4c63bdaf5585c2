//! What somebody says of an activity.

use casbah_model::activity::ActivityId;
use serde::de::IgnoredAny;
use serde_json::json;

use super::overview::render;
use super::{address, find};
use crate::portal::done::Done;
use crate::portal::error::PortalError;
use crate::portal::form::Posted;
use crate::portal::pages::Answer;

/// Verdicts that the form proposes; any other may be written, too.
pub(super) const VERDICTS: [&str; 4] = ["expected", "harmless", "suspicious", "malicious"];

/// What was entered, and what is wrong with it.
#[derive(Default)]
pub(super) struct Entered<'a> {
    pub(super) verdict: &'a str,
    pub(super) text: &'a str,
    pub(super) may_contact: bool,
    pub(super) contact: &'a str,
    pub(super) complaint: Option<String>,
}

/// `POST /portal/activities/{id}/feedback`
pub(super) async fn give(posted: Posted, id: ActivityId) -> Answer {
    let visitor = &posted.visitor;
    let activity = find(visitor, id).await?;
    let mut entered = Entered {
        verdict: posted.text("verdict"),
        text: posted.text("text"),
        may_contact: posted.text("contact_allowed") == "yes",
        contact: posted.text("contact"),
        complaint: None,
    };
    let given = if entered.verdict.is_empty() {
        Err(PortalError::Entry("Write a verdict, such as “harmless”."))
    } else {
        let path = format!("/api/activities/{id}/feedback");
        let body = json!({
            "feedbackValue": entered.verdict,
            "feedbackText": entered.text,
            "allowContact": entered.may_contact,
            "contactEmail": entered.contact,
        });
        visitor.api().post::<IgnoredAny>(&path, &body).await
    };
    match given {
        Ok(_) => Ok(Done::FeedbackGiven.at(&address(id))),
        Err(error) => {
            entered.complaint = Some(error.complaint()?);
            render(visitor, &activity, entered).await
        }
    }
}
