//! Alerts in words.

use casbah_model::alert::{
    Alert, AlertStatus, CloseKind, Intent, Resolution, Severity, Story, Template,
};
use serde_json::Value;

/// A word, and how it looks.
pub(in crate::portal) struct Look {
    /// The word.
    pub(in crate::portal) word: &'static str,
    /// The classes of its mark.
    pub(in crate::portal) class: &'static str,
}

const fn look(word: &'static str, class: &'static str) -> Look {
    Look { word, class }
}

/// How bad it is.
pub(in crate::portal) const fn severity(severity: Severity) -> Look {
    match severity {
        Severity::Low => look("Low", "state"),
        Severity::Medium => look("Medium", "state soon"),
        Severity::High => look("High", "state bad"),
        Severity::Informational => look("Informational", "state"),
    }
}

/// What became of an alert.
pub(in crate::portal) const fn standing(resolution: Resolution) -> Look {
    match resolution {
        Resolution::Open => look("Open", "state soon"),
        Resolution::Dismissed => look("Dismissed", "state"),
        Resolution::Resolved => look("Resolved", "state"),
        Resolution::FalsePositive => look("Closed: false positive", "state"),
        Resolution::Benign => look("Closed: benign", "state"),
        Resolution::TruePositive => look("Closed: true positive", "state"),
    }
}

/// Whether somebody has seen it.
pub(super) const fn status(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::Unread => "Unread",
        AlertStatus::Read => "Read",
        AlertStatus::Archived => "Archived",
    }
}

/// A way to close alerts, as the form offers it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    pub(super) kind: CloseKind,
    /// The form's name of it.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) hint: &'static str,
    /// The API's path.
    pub(super) path: &'static str,
}

/// All ways.
pub(super) const CLOSINGS: [Closing; 3] = [
    Closing {
        kind: CloseKind::TruePositive,
        name: "true_positive",
        title: "True positive",
        hint: "It was what it seems: an attack or a breach of the rules",
        path: "/api/alerts/close_true_positive",
    },
    Closing {
        kind: CloseKind::Benign,
        name: "benign",
        title: "Benign",
        hint: "It happened, and is allowed",
        path: "/api/alerts/close_benign",
    },
    Closing {
        kind: CloseKind::FalsePositive,
        name: "false_positive",
        title: "False positive",
        hint: "It did not happen as it seems",
        path: "/api/alerts/close_false_positive",
    },
];

impl Closing {
    /// The way that a form names.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        CLOSINGS.into_iter().find(|one| one.name == name)
    }

    /// Its reasons: number and words.
    pub(super) fn reasons(self) -> Vec<(i64, &'static str)> {
        let all = self.kind.reasons().iter();
        all.map(|number| (*number, reason_of(self.kind, *number)))
            .collect()
    }
}

/// The reason for which an alert was closed; nothing where none was given.
pub(super) fn reason(resolution: Resolution, number: Option<i64>) -> Option<&'static str> {
    let kind = match resolution {
        Resolution::Benign => CloseKind::Benign,
        Resolution::FalsePositive | Resolution::Dismissed => CloseKind::FalsePositive,
        Resolution::Open | Resolution::Resolved | Resolution::TruePositive => return None,
    };
    number.map(|number| reason_of(kind, number))
}

const fn reason_of(kind: CloseKind, number: i64) -> &'static str {
    match (kind, number) {
        (CloseKind::Benign, 2) => "Actual severity is lower",
        (CloseKind::Benign, 5) => "Confirmed with the end user",
        (CloseKind::Benign, 6) => "Triggered by a test",
        (CloseKind::FalsePositive, 0) => "Not of interest",
        (CloseKind::FalsePositive, 1) => "Too many similar alerts",
        (CloseKind::FalsePositive, 3) => "Alert is not accurate",
        _ => "Other",
    }
}

const fn story(story: Story) -> &'static str {
    match story {
        Story::ThreatDetection => "Threat detection",
        Story::PrivilegedAccount => "Privileged account",
        Story::Compliance => "Compliance",
        Story::DataLossPrevention => "Data loss prevention",
        Story::Discovery => "Cloud discovery",
        Story::SharingControl => "Sharing control",
        Story::AccessControl => "Access control",
        Story::Configuration => "Configuration",
    }
}

const fn intent(intent: Intent) -> &'static str {
    match intent {
        Intent::Unknown => "Unknown",
        Intent::PreAttack => "Preattack",
        Intent::InitialAccess => "Initial access",
        Intent::Persistence => "Persistence",
        Intent::PrivilegeEscalation => "Privilege escalation",
        Intent::DefenseEvasion => "Defense evasion",
        Intent::CredentialAccess => "Credential access",
        Intent::Discovery => "Discovery",
        Intent::LateralMovement => "Lateral movement",
        Intent::Execution => "Execution",
        Intent::Collection => "Collection",
        Intent::Exfiltration => "Exfiltration",
        Intent::CommandAndControl => "Command and control",
        Intent::Impact => "Impact",
    }
}

/// What an alert is about.
pub(super) fn stories(alert: &Alert) -> String {
    let all = alert.stories.iter().map(|one| story(*one));
    all.collect::<Vec<_>>().join(", ")
}

/// The steps of an attack.
pub(super) fn intents(alert: &Alert) -> String {
    let all = alert.intent.iter().map(|one| intent(*one));
    all.collect::<Vec<_>>().join(", ")
}

/// A template with what stands in its places; a place of which nothing is known stays.
pub(super) fn filled(template: &Template) -> String {
    let mut text = String::new();
    let mut rest = template.template.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let place = after.split_once('}');
        let value = place.and_then(|(name, _)| template.parameters.get(name));
        if let (Some(value), Some((_, behind))) = (value, place) {
            match value {
                Value::String(value) => text.push_str(value),
                other => text.push_str(&other.to_string()),
            }
            rest = behind;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_reason_that_is_allowed_has_words_of_its_own() {
        for closing in CLOSINGS {
            let words: Vec<_> = closing
                .reasons()
                .into_iter()
                .map(|(_, word)| word)
                .collect();
            let others = words.iter().filter(|word| **word == "Other").count();
            assert_eq!(others, usize::from(!words.is_empty()), "{words:?}");
            assert_eq!(
                Closing::from_name(closing.name).map(|found| found.kind),
                Some(closing.kind)
            );
        }
        assert_eq!(
            reason(Resolution::Benign, Some(6)),
            Some("Triggered by a test")
        );
        assert_eq!(reason(Resolution::FalsePositive, None), None);
        assert_eq!(reason(Resolution::Open, Some(6)), None);
    }

    #[test]
    fn templates_are_filled() {
        let parameters = json!({"n": 12, "who": "{n}", "open": "x"});
        for (template, expected) in [
            ("", ""),
            ("{n} failures of {who}", "12 failures of {n}"),
            ("{unknown} {n}", "{unknown} 12"),
            ("an { open brace, {n", "an { open brace, {n"),
        ] {
            let template = Template {
                template: template.to_owned(),
                parameters: parameters.as_object().unwrap().clone(),
            };
            assert_eq!(filled(&template), expected);
        }
    }
}
