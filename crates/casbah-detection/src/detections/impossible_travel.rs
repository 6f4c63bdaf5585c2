//! Impossible travel (ATT&CK T1078.004, valid cloud accounts).
//!
//! Fires when one person is active in two countries that do not border each other
//! sooner than a flight between their nearest points takes. Quiet where both
//! addresses are the company's own or its VPN's (unless sensitivity is high), where
//! both countries are usual for the person, and, at low sensitivity, where the
//! provider is usual in the tenant.

use std::net::IpAddr;

use casbah_model::activity::ActivityId;
use casbah_model::alert::Severity;
use serde::{Deserialize, Serialize};

use super::finding::{country_entity, evidence, ip_entity, person_entities};
use super::settings::Sensitivity;
use super::{AlertKey, DetectionId, Finding, Observed, Profile, Settings, TenantState};
use crate::enrich::{Countries, registered_country};

const DETECTION: DetectionId = DetectionId::ImpossibleTravel;

/// In how many countries a person's last activity is remembered.
const MOST_COUNTRIES: usize = 8;

/// Half of the way around the earth: no flight takes longer than this at any speed
/// that a setting may hold.
const LONGEST_WAY_KM: f64 = 20_040.0;

const EARTH_RADIUS_KM: f64 = 6371.0;

/// What is remembered of a person: the last activity in each recent country.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TravelState {
    stays: Vec<Stay>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stay {
    country: String,
    activity: ActivityId,
    address: Option<IpAddr>,
    point: Option<(f64, f64)>,
    is_corporate: bool,
}

/// How the person would have had to travel.
struct Travel {
    from: Stay,
    kilometres: f64,
    minutes: i64,
    minutes_needed: i64,
}

impl TravelState {
    /// Looks at an activity.
    pub fn check(
        &mut self,
        observed: &Observed,
        profile: &Profile,
        tenant: &TenantState,
        settings: &Settings,
    ) -> Option<Finding> {
        if !observed.tells_place() {
            return None;
        }
        let country = observed.country.as_deref()?;
        let now = observed.timestamp();
        let may_speak = settings.impossible_travel.enabled && !profile.is_learning(now, settings);
        let travel = self
            .stays
            .iter()
            .filter(|_| may_speak)
            .filter_map(|stay| travel(stay, observed, country, settings))
            .filter(|travel| !is_quiet(travel, observed, country, profile, tenant, settings))
            .max_by_key(|travel| travel.minutes_needed - travel.minutes);
        self.remember(observed, country, settings);
        travel.map(|travel| finding(&travel, observed, country, profile, settings))
    }

    fn remember(&mut self, observed: &Observed, country: &str, settings: &Settings) {
        let now = observed.timestamp().millis();
        let speed = settings.impossible_travel.kilometres_per_hour.max(1.0);
        let hours = (LONGEST_WAY_KM / speed).ceil();
        self.stays.retain(|stay| {
            let age = now - stay.activity.timestamp.millis();
            stay.country != country && (age as f64) < hours * 3_600_000.0
        });
        if self.stays.len() == MOST_COUNTRIES {
            self.stays.remove(0);
        }
        self.stays.push(Stay {
            country: country.to_owned(),
            activity: observed.id,
            address: observed.address,
            point: observed.point,
            is_corporate: observed.is_corporate(),
        });
    }
}

/// The travel between a stay and an activity, if it was impossible.
fn travel(stay: &Stay, observed: &Observed, country: &str, settings: &Settings) -> Option<Travel> {
    let settings = &settings.impossible_travel;
    let apart = Countries::get().distance(&stay.country, country)?;
    if apart == 0 {
        return None;
    }
    let kilometres = stay
        .point
        .zip(observed.point)
        .map_or(f64::from(apart), |(from, to)| great_circle(from, to));
    let elapsed = observed.timestamp().millis() - stay.activity.timestamp.millis();
    let needed = kilometres / settings.kilometres_per_hour.max(1.0) * 3_600_000.0;
    if kilometres < settings.nearest_kilometres || (elapsed as f64) >= needed {
        return None;
    }
    Some(Travel {
        from: stay.clone(),
        kilometres,
        minutes: elapsed / 60_000,
        minutes_needed: whole(needed / 60_000.0),
    })
}

fn is_quiet(
    travel: &Travel,
    observed: &Observed,
    country: &str,
    profile: &Profile,
    tenant: &TenantState,
    settings: &Settings,
) -> bool {
    let now = observed.timestamp();
    let sensitivity = settings.impossible_travel.sensitivity;
    let both_corporate = travel.from.is_corporate && observed.is_corporate();
    let is_usual = |country: &str| profile.is_usual_country(country, now, settings);
    let provider_is_usual = || {
        observed
            .isp
            .as_deref()
            .is_some_and(|isp| tenant.is_usual_provider(isp, now.day(), settings))
    };
    (sensitivity != Sensitivity::High && both_corporate)
        || (sensitivity.minds_person() && is_usual(country) && is_usual(&travel.from.country))
        || (sensitivity.minds_tenant() && provider_is_usual())
}

fn finding(
    travel: &Travel,
    observed: &Observed,
    country: &str,
    profile: &Profile,
    settings: &Settings,
) -> Finding {
    let Travel {
        from,
        kilometres,
        minutes,
        minutes_needed,
    } = travel;
    let kilometres = whole(*kilometres);
    let now = observed.timestamp();
    // The story is that of the unusual country, whichever of the two came first.
    let strange = if profile.is_usual_country(country, now, settings) {
        &from.country
    } else {
        country
    };
    let mut description = format!(
        "{} was active in {}{} and {minutes} minutes later in {country}{}: {kilometres} km apart, at least {minutes_needed} minutes by air.",
        observed.name,
        from.country,
        in_brackets(from.address),
        in_brackets(observed.address),
    );
    for (address, place) in [
        (from.address, from.country.as_str()),
        (observed.address, country),
    ] {
        if let Some(doubt) = doubt(address, place) {
            description.push_str(&doubt);
        }
    }
    let mut entities = person_entities(DETECTION, observed);
    entities.extend(
        from.address
            .into_iter()
            .chain(observed.address)
            .map(ip_entity),
    );
    entities.extend([country_entity(&from.country), country_entity(country)]);
    Finding {
        key: AlertKey {
            detection: DETECTION,
            person: observed.person.clone(),
            key: strange.to_owned(),
        },
        since: now,
        timestamp: now,
        severity: Severity::Medium,
        description,
        supersedes: None,
        evidence: evidence(
            DETECTION,
            "{kilometres} km from {from} to {to} in {minutes} minutes, where {minutesNeeded} are needed",
            [
                ("kilometres", kilometres.into()),
                ("from", from.country.as_str().into()),
                ("to", country.into()),
                ("minutes", (*minutes).into()),
                ("minutesNeeded", (*minutes_needed).into()),
            ],
        ),
        activities: vec![from.activity, observed.id],
        entities,
    }
}

fn in_brackets(address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| format!(" ({address})"))
}

/// A sentence for an address that the registries place elsewhere.
fn doubt(address: Option<IpAddr>, country: &str) -> Option<String> {
    let address = address?;
    let registered = registered_country(address).filter(|code| *code != country)?;
    Some(format!(
        " The location of {address} is uncertain: it is registered in {registered}."
    ))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "distances and times of travel are far below the limit, and the cast saturates"
)]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// Kilometres between two points, degrees north and east (haversine formula).
fn great_circle(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (lat1, lat2) = (from.0.to_radians(), to.0.to_radians());
    let half_lat = ((lat2 - lat1) / 2.0).sin();
    let half_lon = ((to.1 - from.1).to_radians() / 2.0).sin();
    let square = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_KM * square.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_on_the_sphere() {
        let berlin_tokyo = great_circle((52.52, 13.41), (35.68, 139.69));
        assert!((8_900.0..8_950.0).contains(&berlin_tokyo), "{berlin_tokyo}");
        assert!(great_circle((10.0, 179.9), (10.0, -179.9)) < 30.0);
        assert!(great_circle((f64::MAX, 0.0), (0.0, 0.0)).is_finite());
    }
}
