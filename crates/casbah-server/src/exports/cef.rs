//! Records as lines of the Common Event Format (CEF), with the fields that the SIEM agent
//! of Microsoft Defender for Cloud Apps writes (`MicrosoftDocs`,
//! `CloudAppSecurityDocs/siem.md`).

use std::fmt::Write as _;
use std::net::IpAddr;

use casbah_model::activity::Activity;
use casbah_model::alert::{Alert, AlertEntity, Severity};
use casbah_model::ids::SaasId;

/// The most bytes of one value, so that a line fits into a datagram whatever it says: twice
/// as much where every byte is escaped, in at most eleven values.
const MOST: usize = 2_048;

/// A line that grows.
struct Line {
    text: String,
    /// Whether it has no fields yet.
    is_bare: bool,
}

impl Line {
    fn new(class: &str, name: &str, severity: u8) -> Self {
        let mut line = Self {
            text: concat!("CEF:0|Casbah|SIEM_Agent|", env!("CARGO_PKG_VERSION")).to_owned(),
            is_bare: true,
        };
        for part in [class, name, &severity.to_string()] {
            line.text.push('|');
            line.header(part);
        }
        line.text.push('|');
        line
    }

    /// A part of the header, which is one line and ends at a bar.
    fn header(&mut self, text: &str) {
        for character in shortened(text).chars() {
            match character {
                '\r' | '\n' => self.text.push(' '),
                '\\' | '|' => self.text.extend(['\\', character]),
                other => self.text.push(other),
            }
        }
    }

    /// A field of the extension. A value ends where the next name begins, that is at the
    /// next bare `=`.
    fn field(&mut self, name: &str, value: &str) {
        if !std::mem::take(&mut self.is_bare) {
            self.text.push(' ');
        }
        self.text.push_str(name);
        self.text.push('=');
        for character in shortened(value).chars() {
            match character {
                '\r' => self.text.push_str("\\r"),
                '\n' => self.text.push_str("\\n"),
                '\\' | '=' => self.text.extend(['\\', character]),
                other => self.text.push(other),
            }
        }
    }

    fn labelled(&mut self, field: &str, label: &str, value: &str) {
        self.field(&format!("{field}Label"), label);
        self.field(field, value);
    }
}

/// The beginning of a text that is too long.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST)]
}

/// An activity as a line.
pub(super) fn activity(origin: &str, activity: &Activity) -> String {
    let class = activity.event_type_name;
    let mut line = Line::new(class.as_str(), class.label(), 0);
    let time = activity.timestamp.millis().to_string();
    let id = activity.id.to_string();
    line.field("externalId", &id);
    for name in ["rt", "start", "end"] {
        line.field(name, &time);
    }
    line.field("msg", &activity.description);
    line.field("suser", activity.user_name().unwrap_or_default());
    line.field("destinationServiceName", &activity.app_name);
    let (v4, v6) = by_version(activity.ip());
    line.field("dvc", &v4);
    let agent = activity.agent_text().unwrap_or_default();
    line.field("requestClientApplication", agent);
    let page = format!("{origin}/#/audits?activity.id=eq({id},)");
    line.labelled("cs1", "portalURL", &page);
    line.labelled("cs2", "uniqueServiceAppIds", &app_id(activity.app_id));
    let targets = activity.targets().map(|target| target.name.as_str());
    line.labelled("cs3", "targetObjects", &joined(targets));
    line.labelled("cs4", "policyIDs", "");
    line.labelled("cs5", "tenantId", &activity.aad_tenant_id.to_string());
    line.labelled("c6a1", "\"Device IPv6 Address\"", &v6);
    line.text
}

/// An alert as a line.
pub(super) fn alert(origin: &str, alert: &Alert, is_test: bool) -> String {
    let policy = alert.policy.as_ref();
    let kind = policy.map_or("", |policy| policy.policy_type.as_str());
    let name = policy.map_or(&alert.title, |policy| &policy.label);
    let mut line = Line::new(class(kind), name, severity(alert.severity_value));
    let time = alert.timestamp.millis().to_string();
    line.field("externalId", &alert.id.to_string());
    for name in ["rt", "start", "end"] {
        line.field(name, &time);
    }
    line.field("msg", &alert.description);
    line.field("suser", person(alert).unwrap_or_default());
    let apps = || {
        alert.entities.iter().filter_map(|entity| match entity {
            AlertEntity::Service { id, label } => Some((*id, label.as_str())),
            _ => None,
        })
    };
    let names = apps().map(|(_, name)| name);
    line.field("destinationServiceName", &joined(names));
    let address = alert.entities.iter().find_map(|entity| match entity {
        AlertEntity::Ip { id, .. } => id.parse().ok(),
        _ => None,
    });
    let (v4, v6) = by_version(address);
    line.field("src", &v4);
    let score = match alert.threat_score {
        0 => String::new(),
        score => score.to_string(),
    };
    line.labelled("cn1", "riskScore", &score);
    let page = format!("{origin}/#/alerts/{}", alert.id);
    line.labelled("cs1", "portalURL", &page);
    let ids: Vec<_> = apps().map(|(id, _)| app_id(id)).collect();
    line.labelled("cs2", "uniqueServiceAppIds", &ids.join(","));
    let audits = alert.audits.iter().map(String::as_str);
    line.labelled("cs3", "relatedAudits", &joined(audits));
    let policy = policy.map_or("", |policy| policy.id.as_str());
    line.labelled("cs4", "policyIDs", policy);
    line.labelled("cs5", "tenantId", &alert.context_id.to_string());
    line.labelled("c6a1", "\"Device IPv6 Address\"", &v6);
    if is_test {
        line.labelled("cs6", "test", "true");
    }
    line.text
}

/// The kind of alert that a kind of policy raises, by the names that Microsoft publishes
/// (`MicrosoftDocs`, `monitor-alerts.md`).
fn class(policy_type: &str) -> &'static str {
    match policy_type {
        "AUDIT" => "ALERT_CABINET_EVENT_MATCH_AUDIT",
        "FILE" => "ALERT_CABINET_EVENT_MATCH_FILE",
        "INLINE" => "ALERT_CABINET_INLINE_EVENT_MATCH",
        "NEW_SERVICE" => "ALERT_CABINET_DISCOVERY_NEW_SERVICE",
        "ANOMALY_DISCOVERY" => "ALERT_DISCOVERY_ANOMALY_DETECTION",
        _ => "ALERT_SUSPICIOUS_ACTIVITY",
    }
}

/// CEF's severities reach from 0 to 10.
const fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 0,
        Severity::Low => 3,
        Severity::Medium => 6,
        Severity::High => 9,
    }
}

fn person(alert: &Alert) -> Option<&str> {
    let entities = alert.entities.iter();
    let user = entities.clone().find_map(|entity| match entity {
        AlertEntity::User { id, .. } => Some(id.as_str()),
        _ => None,
    });
    user.or_else(|| {
        entities.clone().find_map(|entity| match entity {
            AlertEntity::Account { pa, label, .. } => Some(pa.as_deref().unwrap_or(label)),
            _ => None,
        })
    })
}

fn app_id(app: SaasId) -> String {
    format!("APPID_{app}")
}

/// An address in the place of its version.
fn by_version(address: Option<IpAddr>) -> (String, String) {
    match address {
        Some(IpAddr::V4(address)) => (address.to_string(), String::new()),
        Some(IpAddr::V6(address)) => (String::new(), address.to_string()),
        None => (String::new(), String::new()),
    }
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut all = String::new();
    for part in parts {
        // A string takes any text.
        let _ = write!(all, "{}{part}", if all.is_empty() { "" } else { "," });
    }
    all
}

#[cfg(test)]
mod tests;
