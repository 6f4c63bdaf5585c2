//! Alerts: what a detection or policy found, and how people handled it.

mod history;

pub use history::AlertHandling;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{RecordId, SaasId, TenantId};
use crate::time::Timestamp;
use crate::wire_enum::wire_enum;

wire_enum!(
    /// `statusValue`: whether somebody has seen the alert.
    AlertStatus {
        /// Not seen.
        Unread = 0,
        /// Seen.
        Read = 1,
        /// Closed.
        Archived = 2,
    }
);

wire_enum!(
    /// `severityValue`.
    Severity {
        /// Low.
        Low = 0,
        /// Medium.
        Medium = 1,
        /// High.
        High = 2,
        /// Informational.
        Informational = 3,
    }
);

wire_enum!(
    /// `resolutionStatusValue`: how an alert was closed.
    Resolution {
        /// Not closed.
        Open = 0,
        /// Dismissed (deprecated; new closes are false positives).
        Dismissed = 1,
        /// Resolved (deprecated; new closes are true positives).
        Resolved = 2,
        /// Closed as false positive.
        FalsePositive = 3,
        /// Closed as benign.
        Benign = 4,
        /// Closed as true positive.
        TruePositive = 5,
    }
);

wire_enum!(
    /// `stories`: what an alert is about.
    Story {
        /// Threat detection.
        ThreatDetection = 0,
        /// Privileged account monitoring.
        PrivilegedAccount = 1,
        /// Compliance.
        Compliance = 2,
        /// Data loss prevention.
        DataLossPrevention = 3,
        /// Cloud discovery.
        Discovery = 4,
        /// Sharing control.
        SharingControl = 5,
        /// Access control.
        AccessControl = 7,
        /// Configuration monitoring.
        Configuration = 8,
    }
);

wire_enum!(
    /// `intent`: the step of an attack (MITRE ATT&CK tactics).
    Intent {
        /// Not known.
        Unknown = 0,
        /// Before the attack.
        PreAttack = 1,
        /// Initial access.
        InitialAccess = 2,
        /// Persistence.
        Persistence = 3,
        /// Privilege escalation.
        PrivilegeEscalation = 4,
        /// Defense evasion.
        DefenseEvasion = 5,
        /// Credential access.
        CredentialAccess = 6,
        /// Discovery.
        Discovery = 7,
        /// Lateral movement.
        LateralMovement = 8,
        /// Execution.
        Execution = 9,
        /// Collection.
        Collection = 10,
        /// Exfiltration.
        Exfiltration = 11,
        /// Command and control.
        CommandAndControl = 12,
        /// Impact.
        Impact = 13,
    }
);

/// Something an alert speaks of (`entities[]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum AlertEntity {
    /// An account in an app.
    Account {
        /// The account's id within its app.
        id: String,
        /// Its name.
        label: String,
        /// The principal address.
        pa: Option<String>,
        /// The e-mail address.
        #[serde(skip_serializing_if = "Option::is_none")]
        em: Option<String>,
        /// The app's instance.
        inst: i32,
        /// The app.
        #[serde(skip_serializing_if = "Option::is_none")]
        saas: Option<SaasId>,
        /// Always 2 on the wire.
        #[serde(rename = "entityType")]
        entity_type: i32,
    },
    /// A person.
    User {
        /// The user's principal name.
        id: String,
        /// The same, for display.
        label: String,
    },
    /// An IP address.
    Ip {
        /// The address.
        id: String,
        /// The address.
        label: String,
    },
    /// A country.
    Country {
        /// ISO 3166 code.
        id: String,
        /// ISO 3166 code.
        label: String,
    },
    /// An app.
    Service {
        /// Its number.
        id: SaasId,
        /// Its name.
        label: String,
    },
    /// The policy that raised the alert.
    PolicyRule {
        /// The policy's id.
        id: String,
        /// Its name.
        label: String,
        /// `ANOMALY_DETECTION` and others.
        #[serde(rename = "policyType")]
        policy_type: String,
    },
    /// A file.
    File {
        /// `<drive>|<item>`.
        id: String,
        /// Its name.
        label: String,
    },
}

/// The policy of an alert (`policy`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertPolicy {
    /// The policy's id.
    pub id: String,
    /// Its name.
    pub label: String,
    /// `ANOMALY_DETECTION` and others.
    pub policy_type: String,
    /// Always `policyRule`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One reason for an alert (`evidence[]`): a text with named places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The reason.
    pub title: Template,
}

/// A text with named places and what stands in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Template {
    /// The text, or its key.
    pub template: String,
    /// What stands in its places.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// An alert as the wire has it, but for `URL`, which the server adds because it
/// alone knows its public address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The alert's id.
    #[serde(rename = "_id")]
    pub id: RecordId,
    /// The tenant.
    pub context_id: TenantId,
    /// When it was raised, or last grew.
    pub timestamp: Timestamp,
    /// The name of what was found.
    pub title: String,
    /// What happened, with numbers.
    pub description: String,
    /// Whether the description is Markdown.
    pub is_markdown: bool,
    /// Whether somebody has seen it.
    pub status_value: AlertStatus,
    /// How bad it is.
    pub severity_value: Severity,
    /// How it was closed.
    pub resolution_status_value: Resolution,
    /// What it is about.
    pub stories: Vec<Story>,
    /// Why it was raised.
    pub evidence: Vec<Evidence>,
    /// Steps of an attack.
    pub intent: Vec<Intent>,
    /// Whether the detection is on trial.
    pub is_preview: bool,
    /// Ids of the activities that prove it.
    pub audits: Vec<String>,
    /// The person's investigation priority when it was raised.
    pub threat_score: i32,
    /// The number of the kind of alert.
    pub id_value: i32,
    /// Whether it concerns this system itself.
    pub is_system_alert: bool,
    /// What people wrote when handling it.
    pub comment: Option<String>,
    /// Who handled it.
    pub handled_by_user: Option<String>,
    /// When it was closed: ISO 8601.
    pub resolve_time: Option<String>,
    /// The policy that raised it.
    pub policy: Option<AlertPolicy>,
    /// Why the score is what it is.
    pub threat_score_reasoning: Vec<Template>,
    /// What it speaks of.
    pub entities: Vec<AlertEntity>,
}

/// The three ways to close an alert, with the reasons each allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseKind {
    /// Suspicious, but allowed.
    Benign,
    /// Not suspicious at all.
    FalsePositive,
    /// An attack indeed.
    TruePositive,
}

impl CloseKind {
    /// The resolution that the alert gets.
    pub const fn resolution(self) -> Resolution {
        match self {
            Self::Benign => Resolution::Benign,
            Self::FalsePositive => Resolution::FalsePositive,
            Self::TruePositive => Resolution::TruePositive,
        }
    }

    /// The `reasonId` values that may come with it.
    pub const fn reasons(self) -> &'static [i64] {
        match self {
            Self::Benign => &[2, 4, 5, 6],
            Self::FalsePositive => &[0, 1, 3, 4],
            Self::TruePositive => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_have_the_shape_of_the_wire() {
        let entity = AlertEntity::Account {
            id: "2827c1e7".to_owned(),
            label: "dev".to_owned(),
            pa: Some("dev@contoso.example".to_owned()),
            em: None,
            inst: 0,
            saas: Some(SaasId(11161)),
            entity_type: 2,
        };
        assert_eq!(
            serde_json::to_value(entity).unwrap(),
            serde_json::json!({"type": "account", "id": "2827c1e7", "label": "dev",
                "pa": "dev@contoso.example", "inst": 0, "saas": 11161, "entityType": 2})
        );
    }

    #[test]
    fn unknown_numbers_are_refused() {
        assert!(serde_json::from_str::<Story>("6").is_err());
        assert_eq!(
            serde_json::from_str::<Story>("7").unwrap(),
            Story::AccessControl
        );
    }
}
