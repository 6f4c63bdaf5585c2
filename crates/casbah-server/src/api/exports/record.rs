//! Exports as the wire has them.

use casbah_model::export::ExportTarget;
use casbah_model::ids::KeyId;
use casbah_store::Export;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::iso::Iso;

/// An export as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportRecord {
    id: KeyId,
    name: String,
    state: ExportState,
    #[serde(flatten)]
    target: ExportTarget,
    feeds: Vec<FollowedFeed>,
    created: Iso,
    /// How many records were sent.
    sent: u64,
    last_sent: Option<Iso>,
    /// How often the batch that is to be sent was refused.
    failures: u32,
    last_error: Option<String>,
    next_try: Option<Iso>,
}

/// What becomes of an export.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ExportState {
    /// It rests.
    Disabled,
    /// It sends what comes.
    Running,
    /// What it sends is refused.
    Failing,
}

/// A feed that an export follows.
#[derive(Debug, Serialize, JsonSchema)]
struct FollowedFeed {
    /// `activities` or `alerts`.
    feed: &'static str,
    /// Behind what was sent.
    place: String,
    /// How often changes were gone before they were sent.
    gaps: u32,
}

/// An export that was just made.
#[derive(Serialize, JsonSchema)]
pub(super) struct NewExport {
    #[serde(flatten)]
    pub(super) record: ExportRecord,
    /// By which a webhook's messages are signed; it is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
}

/// What became of a record that was made up.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TestResult {
    pub(super) sent: bool,
    /// Why it was not.
    pub(super) error: Option<String>,
}

impl From<Export> for ExportRecord {
    fn from(export: Export) -> Self {
        let feeds = export.feeds.iter().map(|followed| FollowedFeed {
            feed: followed.feed.name(),
            place: followed.place.to_string(),
            gaps: followed.gaps,
        });
        Self {
            id: export.id,
            state: match (export.enabled, export.failures) {
                (false, _) => ExportState::Disabled,
                (true, 0) => ExportState::Running,
                (true, _) => ExportState::Failing,
            },
            feeds: feeds.collect(),
            name: export.name,
            target: export.target,
            created: export.created.into(),
            sent: export.sent,
            last_sent: export.last_sent.map(Iso),
            failures: export.failures,
            last_error: export.last_error,
            next_try: export.next_try.map(Iso),
        }
    }
}
