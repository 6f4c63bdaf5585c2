//! A person's habits.

use std::collections::BTreeMap;
use std::net::IpAddr;

use casbah_model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Observed, Settings};

/// The most countries and addresses that are remembered of a person.
const MOST_COUNTRIES: usize = 32;
const MOST_ADDRESSES: usize = 64;

/// For how many days what a finding spoke of teaches nothing.
const SUSPECT_DAYS: i64 = 7;

/// What a person usually does. Size is bounded: what was not used for longest goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The first activity ever.
    first_seen: Option<Timestamp>,
    countries: BTreeMap<String, Use>,
    addresses: BTreeMap<IpAddr, Use>,
    /// Addresses that findings spoke of, and the day when.
    suspects: BTreeMap<IpAddr, i64>,
}

/// How much something was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    /// On how many different days.
    days: u32,
    /// The last of them.
    last_day: i64,
}

impl Profile {
    /// Whether the person's habits are still being learned.
    pub fn is_learning(&self, now: Timestamp, settings: &Settings) -> bool {
        self.first_seen
            .is_none_or(|first| now.millis() - first.millis() < settings.learning_ms)
    }

    /// Whether the person is often in this country.
    pub fn is_usual_country(&self, country: &str, now: Timestamp, settings: &Settings) -> bool {
        self.countries.get(country).is_some_and(|used| {
            used.days >= settings.usual_days && now.day() - used.last_day <= settings.forget_days
        })
    }

    /// Whether the person has worked from this address before.
    pub fn knows_address(&self, address: IpAddr, now: Timestamp, settings: &Settings) -> bool {
        self.addresses
            .get(&address)
            .is_some_and(|used| now.day() - used.last_day <= settings.forget_days)
    }

    /// Whether both the country is usual and the address is known.
    pub fn is_at_home(&self, observed: &Observed, settings: &Settings) -> bool {
        let now = observed.timestamp();
        let country = observed.country.as_deref();
        country.is_some_and(|country| self.is_usual_country(country, now, settings))
            && observed
                .address
                .is_some_and(|address| self.knows_address(address, now, settings))
    }

    /// Learns from an activity, after the detections have seen it.
    pub(super) fn learn(&mut self, observed: &Observed, settings: &Settings) {
        let now = observed.timestamp();
        self.first_seen.get_or_insert(now);
        if !observed.is_success {
            return;
        }
        let Some(address) = observed.address else {
            return;
        };
        let is_suspect = self
            .suspects
            .get(&address)
            .is_some_and(|day| now.day() - day < SUSPECT_DAYS);
        if is_suspect {
            return;
        }
        note(&mut self.addresses, address, now, MOST_ADDRESSES, settings);
        if let Some(country) = observed.country.as_ref().filter(|_| observed.tells_place()) {
            note(
                &mut self.countries,
                country.clone(),
                now,
                MOST_COUNTRIES,
                settings,
            );
        }
    }

    /// Keeps an address from becoming usual, because a finding speaks of it.
    pub(super) fn suspect(&mut self, address: IpAddr, now: Timestamp) {
        self.suspects
            .retain(|_, day| now.day() - *day < SUSPECT_DAYS);
        if self.suspects.len() < MOST_ADDRESSES {
            self.suspects.insert(address, now.day());
        }
    }
}

fn note<K: Ord + Clone>(
    known: &mut BTreeMap<K, Use>,
    key: K,
    now: Timestamp,
    most: usize,
    settings: &Settings,
) {
    let today = now.day();
    let used = known.entry(key).or_insert(Use {
        days: 0,
        last_day: i64::MIN,
    });
    if used.last_day < today.saturating_sub(settings.forget_days) {
        used.days = 0;
    }
    if used.last_day < today {
        used.days += 1;
        used.last_day = today;
    }
    if known.len() > most {
        let oldest = known
            .iter()
            .min_by_key(|(_, used)| used.last_day)
            .map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            known.remove(&oldest);
        }
    }
}
