//! A finding on its way into an alert.

use casbah_detection::detections::{Finding, JOIN_WINDOW_MS};
use casbah_model::alert::Alert;
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::Story;

/// A finding with the alert that it becomes where it joins none.
pub(super) struct FoundStory {
    key: String,
    finding: Finding,
    alert: Alert,
}

impl FoundStory {
    pub(super) fn new(tenant: TenantId, finding: Finding) -> Self {
        let id = RecordId::generate(finding.timestamp.seconds());
        let key = &finding.key;
        Self {
            key: format!("{}/{}/{}", key.detection.name(), key.person, key.key),
            alert: finding.clone().into_alert(id, tenant),
            finding,
        }
    }
}

impl Story for FoundStory {
    fn key(&self) -> &str {
        &self.key
    }

    fn joins_since(&self) -> Timestamp {
        self.finding.since.plus_millis(-JOIN_WINDOW_MS)
    }

    fn alert(&self) -> &Alert {
        &self.alert
    }

    fn join(&self, open: &mut Alert) {
        self.finding.merge_into(open);
    }
}
