//! How an alert was handled, as its page shows it.

use casbah_model::alert::AlertHandling;
use casbah_model::ids::RecordId;

use super::address;
use super::words::{Look, reason, standing};
use crate::portal::error::PortalError;
use crate::portal::listing::Listed;
use crate::portal::moment::Moment;
use crate::portal::table::{Column, Key, Table};
use crate::portal::visitor::Visitor;

/// One time that somebody handled it.
pub(super) struct Step(AlertHandling);

impl Step {
    pub(super) const fn at(&self) -> Moment {
        Moment(self.0.timestamp)
    }

    pub(super) fn by(&self) -> &str {
        &self.0.by
    }

    /// What it became.
    pub(super) const fn look(&self) -> Look {
        standing(self.0.resolution_status_value)
    }

    pub(super) fn reason(&self) -> &'static str {
        reason(self.0.resolution_status_value, self.0.reason_id).unwrap_or_default()
    }

    pub(super) fn comment(&self) -> &str {
        self.0.comment.as_deref().unwrap_or_default()
    }

    /// What was said of the detection.
    pub(super) fn remark(&self) -> &str {
        self.0.feedback.feedback_text.as_deref().unwrap_or_default()
    }
}

/// The latest steps, and how many more there were.
pub(super) async fn read(
    visitor: &Visitor,
    id: RecordId,
) -> Result<(Table<Step>, usize), PortalError> {
    let path = format!("/casbah/v1/alerts/{id}/history");
    let found: Listed<AlertHandling> = visitor.api().get(&path).await?;
    let unseen = found.total.saturating_sub(found.data.len());
    let columns = [
        Column::new("date", "Date", |step: &Step| {
            Key::Number(step.0.timestamp.millis())
        }),
        Column::new("by", "Handled by", |step| Key::text(step.by())),
        Column::new("standing", "Became", |step| Key::text(step.look().word)),
        Column::new("reason", "Reason", |step| Key::text(step.reason())),
        Column::new("comment", "Comment", |step| Key::text(step.comment())),
    ];
    let steps = found.data.into_iter().map(Step).collect();
    let table = Table::part(&address(id), &visitor.query, "history", &columns, steps);
    Ok((table, unseen))
}
