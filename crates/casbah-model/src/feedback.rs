//! What people say of alerts and activities, beside handling them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A remark, and whether its author may be asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Feedback {
    /// The remark.
    pub feedback_text: Option<String>,
    /// Whether the author may be asked.
    pub allow_contact: bool,
    /// Where.
    pub contact_email: Option<String>,
}

/// What is said of an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityVerdict {
    /// The verdict in the caller's own words; clients send numbers as text.
    pub feedback_value: String,
    /// The remark.
    #[serde(flatten)]
    pub feedback: Feedback,
}

/// What somebody said of an activity, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityFeedback {
    /// When.
    pub timestamp: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub verdict: ActivityVerdict,
}
