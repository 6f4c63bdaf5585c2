//! The habits of a tenant as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Observed, Settings};

/// The most providers that are remembered of a tenant.
const MOST_PROVIDERS: usize = 512;

/// From so many people on, on so many days, a provider is usual.
const USUAL_PEOPLE: usize = 3;
const USUAL_DAYS: u32 = 7;

/// What a tenant's people usually do. Size is bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantState {
    providers: BTreeMap<String, ProviderUse>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ProviderUse {
    days: u32,
    last_day: i64,
    /// The first few people who used it.
    people: BTreeSet<String>,
}

impl TenantState {
    /// Whether several people have used the provider on many days.
    pub fn is_usual_provider(&self, provider: &str, day: i64, settings: &Settings) -> bool {
        self.providers.get(provider).is_some_and(|used| {
            used.days >= USUAL_DAYS
                && used.people.len() >= USUAL_PEOPLE
                && day - used.last_day <= settings.forget_days
        })
    }

    /// Learns from an activity, after the detections have seen it.
    pub(super) fn learn(&mut self, observed: &Observed) {
        let Some(provider) = observed.isp.as_ref().filter(|_| observed.is_success) else {
            return;
        };
        let today = observed.timestamp().day();
        let used = self
            .providers
            .entry(provider.clone())
            .or_insert(ProviderUse {
                days: 0,
                last_day: i64::MIN,
                people: BTreeSet::new(),
            });
        if used.last_day < today {
            used.days += 1;
            used.last_day = today;
        }
        if used.people.len() < USUAL_PEOPLE {
            used.people.insert(observed.person.clone());
        }
        if self.providers.len() > MOST_PROVIDERS {
            let oldest = self
                .providers
                .iter()
                .min_by_key(|(_, used)| used.last_day)
                .map(|(name, _)| name.clone());
            if let Some(oldest) = oldest {
                self.providers.remove(&oldest);
            }
        }
    }
}
