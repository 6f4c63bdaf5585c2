//! What a detection found, and the alert that it becomes.

use casbah_model::activity::ActivityId;
use casbah_model::alert::{
    Alert, AlertEntity, AlertPolicy, AlertStatus, Evidence, Intent, Resolution, Severity, Story,
    Template,
};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Observed;

/// For so long after an open alert last grew, the same finding joins it.
pub const JOIN_WINDOW_MS: i64 = DAY_MS;

/// The most activities and entities that an alert lists.
const MOST_ACTIVITIES: usize = 200;
const MOST_ENTITIES: usize = 100;

/// The longest description, in bytes.
const LONGEST_DESCRIPTION: usize = 8 * 1024;

/// Which detection it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectionId {
    /// [`super::failed_logins`].
    FailedLogins,
    /// [`super::impossible_travel`].
    ImpossibleTravel,
}

impl DetectionId {
    /// All detections.
    pub const ALL: &'static [Self] = &[Self::FailedLogins, Self::ImpossibleTravel];

    /// The name in code and storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailedLogins => "failed_logins",
            Self::ImpossibleTravel => "impossible_travel",
        }
    }

    /// The name of its policy and the title of its alerts.
    pub const fn title(self) -> &'static str {
        match self {
            Self::FailedLogins => "Multiple failed login attempts",
            Self::ImpossibleTravel => "Impossible travel activity",
        }
    }

    /// What it finds, with the numbers of the default settings.
    pub const fn description(self) -> &'static str {
        match self {
            Self::FailedLogins => {
                "More failed sign-ins of one person in one session than 10, and than five \
                 times what is usual for the person"
            }
            Self::ImpossibleTravel => {
                "Two successful activities of one person in countries that lie too far apart \
                 for the time between them, at 900 kilometres an hour"
            }
        }
    }

    /// The detection whose policy has this id.
    pub fn of_policy(id: RecordId) -> Option<Self> {
        let all = Self::ALL.iter().copied();
        all.into_iter()
            .find(|detection| detection.policy_id() == id)
    }

    /// The number of the kind of alert (`idValue`). These numbers are Casbah's own.
    pub const fn id_value(self) -> i32 {
        match self {
            Self::FailedLogins => 15_990_785,
            Self::ImpossibleTravel => 15_990_786,
        }
    }

    /// The id of its policy.
    pub const fn policy_id(self) -> RecordId {
        match self {
            Self::FailedLogins => RecordId::from_bytes(*b"casbah-det01"),
            Self::ImpossibleTravel => RecordId::from_bytes(*b"casbah-det02"),
        }
    }

    /// Techniques of MITRE ATT&CK.
    pub const fn techniques(self) -> &'static [&'static str] {
        match self {
            Self::FailedLogins => &["T1110"],
            Self::ImpossibleTravel => &["T1078.004"],
        }
    }

    /// Steps of an attack.
    pub const fn intent(self) -> &'static [Intent] {
        match self {
            Self::FailedLogins => &[Intent::CredentialAccess],
            Self::ImpossibleTravel => &[Intent::InitialAccess],
        }
    }
}

/// What makes two findings one story: they join the same open alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// The detection.
    pub detection: DetectionId,
    /// The person, by principal name in lower case.
    pub person: String,
    /// What tells stories of one person apart.
    pub key: String,
}

impl AlertKey {
    /// Whether a finding joins an alert with the same key that is open and was raised or
    /// last grew at `alert`.
    pub fn joins(alert: Timestamp, finding: Timestamp) -> bool {
        finding.millis().saturating_sub(alert.millis()) <= JOIN_WINDOW_MS
    }
}

/// What a detection found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which story it belongs to.
    pub key: AlertKey,
    /// When the first activity of it happened that no earlier finding tells of. An alert
    /// that it joins has not grown for longer than [`JOIN_WINDOW_MS`] by then.
    pub since: Timestamp,
    /// When the last activity of it happened.
    pub timestamp: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// What happened, with numbers.
    pub description: String,
    /// The description of an earlier finding that this one replaces.
    pub supersedes: Option<String>,
    /// Why it was raised: template and numbers.
    pub evidence: Evidence,
    /// The activities that prove it.
    pub activities: Vec<ActivityId>,
    /// What it speaks of.
    pub entities: Vec<AlertEntity>,
}

impl Finding {
    /// Takes an earlier finding in, so that merging this one alone gives the alert that
    /// merging both would; gives it back if both are needed.
    pub(super) fn absorb(&mut self, earlier: Self) -> Option<Self> {
        let replaces = self.key == earlier.key
            && self.severity == earlier.severity
            && self.supersedes.as_deref() == Some(earlier.description.as_str())
            && self.activities.starts_with(&earlier.activities);
        if !replaces {
            return Some(earlier);
        }
        self.since = earlier.since;
        self.supersedes = earlier.supersedes;
        // The order of an alert's entities is that in which they came.
        let later = std::mem::replace(&mut self.entities, earlier.entities);
        for entity in later {
            if !self.entities.contains(&entity) {
                self.entities.push(entity);
            }
        }
        None
    }

    /// The alert of a finding that joins no other.
    pub fn into_alert(self, id: RecordId, tenant: TenantId) -> Alert {
        let detection = self.key.detection;
        let mut alert = Alert {
            id,
            context_id: tenant,
            timestamp: self.timestamp,
            title: detection.title().to_owned(),
            description: String::new(),
            is_markdown: false,
            status_value: AlertStatus::Unread,
            severity_value: self.severity,
            resolution_status_value: Resolution::Open,
            stories: vec![Story::ThreatDetection],
            evidence: Vec::new(),
            intent: detection.intent().to_vec(),
            is_preview: false,
            audits: Vec::new(),
            threat_score: 0,
            id_value: detection.id_value(),
            is_system_alert: false,
            comment: None,
            handled_by_user: None,
            resolve_time: None,
            policy: Some(AlertPolicy {
                id: detection.policy_id().to_string(),
                label: detection.title().to_owned(),
                policy_type: POLICY_TYPE.to_owned(),
                kind: "policyRule".to_owned(),
            }),
            threat_score_reasoning: Vec::new(),
            entities: Vec::new(),
        };
        self.merge_into(&mut alert);
        alert
    }

    /// Lets an open alert with the same key grow. Doing it twice is doing it once.
    pub fn merge_into(&self, alert: &mut Alert) {
        alert.timestamp = alert.timestamp.max(self.timestamp);
        alert.description = self.grown_description(&alert.description);
        let is_only_story = alert.description.lines().count() <= 1;
        // A story that ends well does not make an earlier one harmless.
        if is_only_story || weight(self.severity) > weight(alert.severity_value) {
            alert.severity_value = self.severity;
        }
        let template = &self.evidence.title.template;
        alert
            .evidence
            .retain(|known| known.title.template != *template);
        alert.evidence.push(self.evidence.clone());
        for activity in &self.activities {
            let id = activity.to_string();
            if alert.audits.len() < MOST_ACTIVITIES && !alert.audits.contains(&id) {
                alert.audits.push(id);
            }
        }
        for entity in &self.entities {
            if alert.entities.len() < MOST_ENTITIES && !alert.entities.contains(entity) {
                alert.entities.push(entity.clone());
            }
        }
    }

    /// One line a story within the alert; a line is replaced by its later form.
    fn grown_description(&self, known: &str) -> String {
        let mut lines: Vec<&str> = known.lines().collect();
        if lines.contains(&self.description.as_str()) {
            return known.to_owned();
        }
        let earlier = self
            .supersedes
            .as_deref()
            .and_then(|earlier| lines.iter().position(|line| *line == earlier));
        match earlier {
            Some(place) => lines[place] = &self.description,
            None if known.len() + self.description.len() < LONGEST_DESCRIPTION => {
                lines.push(&self.description);
            }
            None => {}
        }
        lines.join("\n")
    }
}

/// The order of severities; their numbers on the wire have another.
const fn weight(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
    }
}

/// `policyType` of every detection.
pub const POLICY_TYPE: &str = "ANOMALY_DETECTION";

/// Evidence: a text with named places, the techniques among them.
pub(super) fn evidence(
    detection: DetectionId,
    template: &str,
    parameters: impl IntoIterator<Item = (&'static str, Value)>,
) -> Evidence {
    let mut places: Map<String, Value> = parameters
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    places.insert("techniques".to_owned(), detection.techniques().into());
    Evidence {
        title: Template {
            template: template.to_owned(),
            parameters: places,
        },
    }
}

/// The entities of every finding about a person.
pub(super) fn person_entities(detection: DetectionId, observed: &Observed) -> Vec<AlertEntity> {
    vec![
        AlertEntity::PolicyRule {
            id: detection.policy_id().to_string(),
            label: detection.title().to_owned(),
            policy_type: POLICY_TYPE.to_owned(),
        },
        AlertEntity::Account {
            id: observed.account.id.clone(),
            label: observed.name.clone(),
            pa: Some(observed.person.clone()),
            em: Some(observed.person.clone()),
            inst: observed.account.inst,
            saas: Some(observed.account.saas),
            entity_type: 2,
        },
        AlertEntity::User {
            id: observed.person.clone(),
            label: observed.person.clone(),
        },
        AlertEntity::Service {
            id: observed.app.0,
            label: observed.app.1.clone(),
        },
    ]
}

/// An address as an entity.
pub(super) fn ip_entity(address: std::net::IpAddr) -> AlertEntity {
    AlertEntity::Ip {
        id: address.to_string(),
        label: address.to_string(),
    }
}

/// A country as an entity.
pub(super) fn country_entity(country: &str) -> AlertEntity {
    AlertEntity::Country {
        id: country.to_owned(),
        label: country.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, description: &str, supersedes: Option<&str>) -> Finding {
        Finding {
            key: AlertKey {
                detection: DetectionId::FailedLogins,
                person: "ann@contoso.com".to_owned(),
                key: String::new(),
            },
            since: Timestamp(1),
            timestamp: Timestamp(1),
            severity,
            description: description.to_owned(),
            supersedes: supersedes.map(str::to_owned),
            evidence: evidence(DetectionId::FailedLogins, "", []),
            activities: Vec::new(),
            entities: Vec::new(),
        }
    }

    #[test]
    fn stories_grow_and_the_gravest_counts() {
        let tenant = TenantId::new(uuid::Uuid::from_u128(1));
        let first = finding(Severity::Low, "11 failures", None);
        let mut alert = first.into_alert(RecordId::from_bytes([0; 12]), tenant);
        for (finding, severity, description) in [
            (
                finding(
                    Severity::Medium,
                    "12 failures, success",
                    Some("11 failures"),
                ),
                Severity::Medium,
                "12 failures, success",
            ),
            (
                finding(Severity::Low, "15 failures", None),
                Severity::Medium,
                "12 failures, success\n15 failures",
            ),
            (
                finding(Severity::Informational, "16 failures", Some("15 failures")),
                Severity::Medium,
                "12 failures, success\n16 failures",
            ),
        ] {
            finding.merge_into(&mut alert);
            let once = alert.clone();
            finding.merge_into(&mut alert);
            assert_eq!(alert, once);
            assert_eq!(
                (alert.severity_value, alert.description.as_str()),
                (severity, description)
            );
        }
    }

    #[test]
    fn findings_join_for_a_day() {
        assert!(AlertKey::joins(Timestamp(0), Timestamp(DAY_MS)));
        assert!(!AlertKey::joins(Timestamp(0), Timestamp(DAY_MS + 1)));
    }
}
