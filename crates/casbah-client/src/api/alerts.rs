//! Alerts.

use casbah_model::alert::CloseKind;
use casbah_model::feedback::Feedback;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::api::list::{ListQuery, Pages, Walk};
use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;

/// How alerts are closed, and what is said about it.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The verdict.
    pub kind: CloseKind,
    /// Why; which numbers are allowed, the verdict says
    /// ([`CloseKind::reasons`]).
    pub reason: Option<i64>,
    /// Kept with the alert.
    pub comment: Option<String>,
    /// A remark on the detection itself, kept in the alert's history.
    pub feedback: Option<Feedback>,
}

/// What a close did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedAlerts {
    /// How many alerts were closed.
    pub closed: u64,
    /// Ids that are no open alerts.
    pub not_found: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloseAnswer {
    #[serde(default)]
    alerts_not_found: Vec<String>,
    #[serde(flatten)]
    counts: Map<String, Value>,
}

impl Client {
    /// Alerts, the newest first.
    pub fn alerts<T: DeserializeOwned>(&self, query: ListQuery) -> Pages<T> {
        Pages::new(self.clone(), "/api/v1/alerts/", query, Walk::Skip)
    }

    /// One alert.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn alert<T: DeserializeOwned>(&self, id: &str) -> Result<T, Error> {
        self.get(&format!("/api/v1/alerts/{}/", segment(id))).await
    }

    /// How an alert was handled, the latest first: who, when, with which reason and
    /// comment.
    pub fn alert_history<T: DeserializeOwned>(&self, id: &str, query: ListQuery) -> Pages<T> {
        let path = format!("/casbah/v1/alerts/{}/history", segment(id));
        Pages::new(self.clone(), path, query, Walk::Skip)
    }

    /// Marks an alert as read or unread, and gives it back.
    ///
    /// # Errors
    /// [`Error::Api`]
    pub async fn mark_alert<T: DeserializeOwned>(&self, id: &str, read: bool) -> Result<T, Error> {
        let mark = if read { "read" } else { "unread" };
        let path = format!("/api/v1/alerts/{}/{mark}/", segment(id));
        self.post(&path, Repeat::Safe, &json!({})).await
    }

    /// Closes alerts by their ids.
    ///
    /// # Errors
    /// [`Error::Api`]; ids that are not open are no error but told.
    pub async fn close_alerts(
        &self,
        ids: &[String],
        closing: &Closing,
    ) -> Result<ClosedAlerts, Error> {
        let verdict = match closing.kind {
            CloseKind::Benign => "close_benign",
            CloseKind::FalsePositive => "close_false_positive",
            CloseKind::TruePositive => "close_true_positive",
        };
        let mut body = json!({ "filters": { "id": { "eq": ids } } });
        if let Some(reason) = closing.reason {
            body["reasonId"] = reason.into();
        }
        if let Some(comment) = &closing.comment {
            body["comment"] = comment.as_str().into();
        }
        if let Some(feedback) = &closing.feedback {
            put_feedback(&mut body, feedback)?;
            body["sendFeedback"] = true.into();
        }
        let path = format!("/api/v1/alerts/{verdict}/");
        let answer: CloseAnswer = self.post(&path, Repeat::Safe, &body).await?;
        let key = verdict.replace("close_", "closed_");
        Ok(ClosedAlerts {
            closed: answer
                .counts
                .get(&key)
                .and_then(Value::as_u64)
                .ok_or_else(|| Error::answer(format!("{key} is missing")))?,
            not_found: answer.alerts_not_found,
        })
    }
}

/// Adds a remark to a body.
fn put_feedback(body: &mut Value, feedback: &Feedback) -> Result<(), Error> {
    let parts = serde_json::to_value(feedback).map_err(Error::answer)?;
    if let (Value::Object(body), Value::Object(parts)) = (body, parts) {
        body.extend(parts);
    }
    Ok(())
}
