//! How an alert was handled, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Resolution;
use crate::feedback::Feedback;
use crate::time::Timestamp;

/// One time that somebody closed an alert or opened it again.
///
/// The alert itself shows the last of each; none of these is ever changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertHandling {
    /// When.
    pub timestamp: Timestamp,
    /// Who.
    pub by: String,
    /// What the alert became; open, where it was opened again.
    pub resolution_status_value: Resolution,
    /// The number of the reason, which the kind of close gives its meaning
    /// ([`CloseKind::reasons`](super::CloseKind::reasons)).
    pub reason_id: Option<i64>,
    /// What was written.
    pub comment: Option<String>,
    /// Whether the remark was meant for those who make the detections.
    pub send_feedback: bool,
    /// The remark.
    #[serde(flatten)]
    pub feedback: Feedback,
}

impl AlertHandling {
    /// Handled so, without a word.
    pub fn new(resolution: Resolution, by: impl Into<String>, at: Timestamp) -> Self {
        Self {
            timestamp: at,
            by: by.into(),
            resolution_status_value: resolution,
            reason_id: None,
            comment: None,
            send_feedback: false,
            feedback: Feedback::default(),
        }
    }
}
