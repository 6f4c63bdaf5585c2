//! Multiple failed sign-ins of one person (ATT&CK T1110, brute force).
//!
//! Fires when more sign-ins fail in one session than the larger of a floor and a
//! multiple of the 95th percentile of the person's own sessions. A session that was
//! reported is no habit: one attack must not raise the limit for the next. A sign-in
//! that succeeds afterwards settles how bad it is: from a usual place it was most
//! likely the person.

use std::collections::BTreeSet;
use std::net::IpAddr;

use casbah_model::activity::{ActivityId, EventCategory};
use casbah_model::alert::Severity;
use casbah_model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::finding::{country_entity, evidence, ip_entity, person_entities};
use super::{AlertKey, DetectionId, FailedLoginSettings, Finding, Observed, Profile, Settings};

const DETECTION: DetectionId = DetectionId::FailedLogins;

/// How many sessions of a person are remembered.
const MOST_SESSIONS: usize = 100;

/// How many activities, addresses and countries of a session are remembered.
const MOST_ACTIVITIES: usize = 100;
const MOST_PLACES: usize = 32;

/// What is remembered of a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FailedLoginState {
    /// Failures in each of the last sessions that were not reported, oldest first.
    sessions: Vec<u32>,
    session: Option<Session>,
}

/// Activities of a person without a long pause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Session {
    last: Timestamp,
    failures: u32,
    first_failure: Option<Timestamp>,
    last_failure: Option<Timestamp>,
    activities: Vec<ActivityId>,
    addresses: BTreeSet<IpAddr>,
    countries: BTreeSet<String>,
    /// The description of the finding, once there is one.
    reported: Option<String>,
    /// Whether a sign-in has succeeded since, which ends the story.
    settled: bool,
}

impl Session {
    fn new(start: Timestamp) -> Self {
        Self {
            last: start,
            failures: 0,
            first_failure: None,
            last_failure: None,
            activities: Vec::new(),
            addresses: BTreeSet::new(),
            countries: BTreeSet::new(),
            reported: None,
            settled: false,
        }
    }

    fn add_failure(&mut self, observed: &Observed) {
        self.failures += 1;
        self.first_failure.get_or_insert(observed.timestamp());
        self.last_failure = Some(observed.timestamp());
        if self.activities.len() < MOST_ACTIVITIES {
            self.activities.push(observed.id);
        }
        if let Some(address) = observed.address
            && self.addresses.len() < MOST_PLACES
        {
            self.addresses.insert(address);
        }
        if let Some(country) = &observed.country
            && self.countries.len() < MOST_PLACES
        {
            self.countries.insert(country.clone());
        }
    }
}

/// How a story of failures stands.
#[derive(Clone, Copy)]
enum Ending {
    /// They go on.
    Open,
    /// A sign-in succeeded from a usual place.
    Usual,
    /// A sign-in succeeded from elsewhere.
    Unusual,
}

impl FailedLoginState {
    /// Looks at an activity.
    pub fn check(
        &mut self,
        observed: &Observed,
        profile: &Profile,
        settings: &Settings,
    ) -> Option<Finding> {
        let now = observed.timestamp();
        let threshold = self.threshold(settings);
        self.enter_session(now, settings.session_gap_ms);
        let session = self.session.as_mut()?;
        let is_login = observed.category == EventCategory::Login && observed.is_success;
        let ending = match observed.category {
            EventCategory::FailedLogin => {
                // Who goes on guessing after a sign-in that settled the story begins another:
                // the person's own success must not hide the rest of an attack.
                if session.settled {
                    *session = Session::new(now);
                }
                session.add_failure(observed);
                Ending::Open
            }
            _ if is_login && is_usual(session, observed, profile, settings) => Ending::Usual,
            _ if is_login => Ending::Unusual,
            _ => return None,
        };
        let is_quiet = session.failures <= threshold || session.settled;
        if is_quiet || !settings.failed_logins.enabled {
            return None;
        }
        session.settled = !matches!(ending, Ending::Open);
        Some(finding(session, observed, threshold, ending))
    }

    /// Starts a new session after a long pause, and remembers the old one if it was usual.
    fn enter_session(&mut self, now: Timestamp, gap_ms: i64) {
        match &mut self.session {
            Some(session) if now.millis() - session.last.millis() <= gap_ms => session.last = now,
            _ => {
                let past = self.session.replace(Session::new(now));
                if let Some(past) = past.filter(|past| past.reported.is_none()) {
                    if self.sessions.len() == MOST_SESSIONS {
                        self.sessions.remove(0);
                    }
                    self.sessions.push(past.failures);
                }
            }
        }
    }

    /// So many failures are still not too many.
    fn threshold(&self, settings: &Settings) -> u32 {
        let FailedLoginSettings { floor, factor, .. } = settings.failed_logins;
        floor.max(percentile_95(&self.sessions).saturating_mul(factor))
    }
}

/// The nearest-rank 95th percentile; 0 of nothing.
fn percentile_95(values: &[u32]) -> u32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 95).div_ceil(100);
    rank.checked_sub(1)
        .and_then(|place| sorted.get(place))
        .copied()
        .unwrap_or(0)
}

fn is_usual(
    session: &Session,
    observed: &Observed,
    profile: &Profile,
    settings: &Settings,
) -> bool {
    let now = observed.timestamp();
    let Some(address) = observed.address else {
        return false;
    };
    let country = observed.country.as_deref();
    observed.is_corporate()
        || profile.knows_address(address, now, settings)
        || (!session.addresses.contains(&address)
            && country.is_some_and(|country| profile.is_usual_country(country, now, settings)))
}

fn finding(session: &mut Session, observed: &Observed, threshold: u32, ending: Ending) -> Finding {
    let first = session.first_failure.unwrap_or(session.last);
    let last = session.last_failure.unwrap_or(session.last);
    let minutes = counted(
        &((last.millis() - first.millis()) / 60_000),
        "minute",
        "minutes",
    );
    let (severity, end) = match ending {
        Ending::Open => (Severity::Low, String::new()),
        Ending::Usual => (
            Severity::Informational,
            format!(
                " A sign-in from a usual place ({}) succeeded afterwards.",
                place(observed)
            ),
        ),
        Ending::Unusual => (
            Severity::Medium,
            format!(
                " A sign-in from an unusual place ({}) succeeded afterwards.",
                place(observed)
            ),
        ),
    };
    let countries: Vec<&str> = session.countries.iter().map(String::as_str).collect();
    let from = if countries.is_empty() {
        String::new()
    } else {
        format!(" in {}", countries.join(", "))
    };
    let addresses = counted(&session.addresses.len(), "address", "addresses");
    let description = format!(
        "{} failed sign-ins of {} within {minutes} from {addresses}{from}; up to {threshold} are usual.{end}",
        session.failures, observed.name,
    );
    let mut activities = session.activities.clone();
    if !matches!(ending, Ending::Open) {
        activities.push(observed.id);
    }
    let mut entities = person_entities(DETECTION, observed);
    entities.extend(session.addresses.iter().copied().map(ip_entity));
    entities.extend(countries.iter().copied().map(country_entity));
    Finding {
        key: AlertKey {
            detection: DETECTION,
            person: observed.person.clone(),
            key: String::new(),
        },
        since: observed.timestamp(),
        timestamp: observed.timestamp(),
        severity,
        supersedes: session.reported.replace(description.clone()),
        description,
        evidence: evidence(
            DETECTION,
            "{failures} failed sign-ins in one session, where up to {threshold} are usual",
            [
                ("failures", session.failures.into()),
                ("threshold", threshold.into()),
                ("duration", minutes.into()),
            ],
        ),
        activities,
        entities,
    }
}

fn counted<N: PartialEq + From<u8> + std::fmt::Display>(
    count: &N,
    one: &str,
    many: &str,
) -> String {
    let word = if *count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

fn place(observed: &Observed) -> String {
    let address = observed.address.map(|address| address.to_string());
    [address, observed.country.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_the_nearest_rank() {
        assert_eq!(percentile_95(&[]), 0);
        assert_eq!(percentile_95(&[7]), 7);
        let values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentile_95(&values), 95);
        assert_eq!(percentile_95(&values[..20]), 99);
    }
}
