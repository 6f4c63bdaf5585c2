//! What an export sends: records of one feed.

use casbah_model::activity::Activity;
use casbah_model::alert::{Alert, AlertEntity, AlertStatus, Resolution, Severity, Story};
use casbah_model::ids::RecordId;
use casbah_model::time::Timestamp;
use casbah_store::{Export, Feed};
use serde_json::value::RawValue;

use crate::api::alert_record;
use crate::state::App;

/// Records of one feed, in its order.
pub(super) enum Records {
    /// Activities, as JSON text.
    Activities(Vec<Vec<u8>>),
    /// Alerts.
    Alerts(Vec<Alert>),
}

impl Records {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Activities(records) => records.len(),
            Self::Alerts(records) => records.len(),
        }
    }

    pub(super) const fn feed(&self) -> Feed {
        match self {
            Self::Activities(_) => Feed::Activities,
            Self::Alerts(_) => Feed::Alerts,
        }
    }

    /// The records as the lists have them.
    pub(super) fn raw(&self, app: &App) -> Result<Vec<Box<RawValue>>, serde_json::Error> {
        match self {
            Self::Activities(records) => records
                .iter()
                .map(|record| serde_json::from_slice(record))
                .collect(),
            Self::Alerts(records) => records
                .iter()
                .map(|alert| serde_json::value::to_raw_value(&alert_record(app, alert.clone())))
                .collect(),
        }
    }

    /// The activities, if it is them.
    pub(super) fn activities(records: &[Vec<u8>]) -> Result<Vec<Activity>, serde_json::Error> {
        records
            .iter()
            .map(|record| serde_json::from_slice(record))
            .collect()
    }

    /// A made-up alert.
    pub(super) fn test(export: &Export, now: Timestamp) -> Self {
        let user = "test@casbah.example";
        Self::Alerts(vec![Alert {
            id: RecordId::generate(now.seconds()),
            context_id: export.tenant,
            timestamp: now,
            title: "Test of an export".to_owned(),
            description: format!(
                "This record is made up, to try the export '{}'",
                export.name
            ),
            is_markdown: false,
            status_value: AlertStatus::Unread,
            severity_value: Severity::Informational,
            resolution_status_value: Resolution::Open,
            stories: vec![Story::ThreatDetection],
            evidence: Vec::new(),
            intent: Vec::new(),
            is_preview: false,
            audits: Vec::new(),
            threat_score: 0,
            id_value: 0,
            is_system_alert: true,
            comment: None,
            handled_by_user: None,
            resolve_time: None,
            policy: None,
            threat_score_reasoning: Vec::new(),
            entities: vec![AlertEntity::User {
                id: user.to_owned(),
                label: user.to_owned(),
            }],
        }])
    }
}
