//! What a tenant can tune.

use casbah_model::time::DAY_MS;
use serde::{Deserialize, Serialize};

/// How readily detections speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// What the system, the tenant or the user has shown to be usual is quiet.
    Low,
    /// What the system or the user has shown to be usual is quiet.
    #[default]
    Medium,
    /// Only what the system knows to be harmless is quiet.
    High,
}

impl Sensitivity {
    /// Whether habits of the tenant as a whole quieten.
    pub const fn minds_tenant(self) -> bool {
        matches!(self, Self::Low)
    }

    /// Whether habits of the person quieten.
    pub const fn minds_person(self) -> bool {
        matches!(self, Self::Low | Self::Medium)
    }
}

/// Settings of a tenant's detections. Absent ones have their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// How late an activity may arrive and still be seen in its order.
    pub lateness_ms: i64,
    /// For how long after a person's first activity only what needs no baseline speaks.
    pub learning_ms: i64,
    /// The longest pause within a session.
    pub session_gap_ms: i64,
    /// On how many days a country must be used to be usual.
    pub usual_days: u32,
    /// After how many days without use a habit is forgotten.
    pub forget_days: i64,
    /// Multiple failed sign-ins.
    pub failed_logins: FailedLoginSettings,
    /// Impossible travel.
    pub impossible_travel: TravelSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lateness_ms: 5 * 60_000,
            learning_ms: 7 * DAY_MS,
            session_gap_ms: 30 * 60_000,
            usual_days: 3,
            forget_days: 60,
            failed_logins: FailedLoginSettings::default(),
            impossible_travel: TravelSettings::default(),
        }
    }
}

/// Settings of [`super::failed_logins`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FailedLoginSettings {
    /// Whether it runs.
    pub enabled: bool,
    /// So many failures in one session are never too many.
    pub floor: u32,
    /// So many times the 95th percentile of the person's sessions is too many.
    pub factor: u32,
}

impl Default for FailedLoginSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            floor: 10,
            factor: 5,
        }
    }
}

/// Settings of [`super::impossible_travel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TravelSettings {
    /// Whether it runs.
    pub enabled: bool,
    /// How readily it speaks.
    pub sensitivity: Sensitivity,
    /// The speed of a scheduled flight.
    pub kilometres_per_hour: f64,
    /// Countries that are nearer than this count as bordering: a lookup may be that wrong.
    pub nearest_kilometres: f64,
}

impl Default for TravelSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            sensitivity: Sensitivity::default(),
            kilometres_per_hour: 900.0,
            nearest_kilometres: 100.0,
        }
    }
}
