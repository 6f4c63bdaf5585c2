//! Runs the detections over activities in order.

use std::collections::{BTreeMap, BTreeSet};

use casbah_model::activity::Activity;
use casbah_model::alert::Severity;
use casbah_model::detector::DetectorPosition;
use casbah_model::ids::RecordId;
use serde::{Deserialize, Serialize};

use super::failed_logins::FailedLoginState;
use super::impossible_travel::TravelState;
use super::{DetectionId, Finding, Observed, Profile, Settings, TenantState};

/// What is remembered of one person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonState {
    profile: Profile,
    failed_logins: FailedLoginState,
    travel: TravelState,
}

/// What is remembered of a tenant and of those of its people who act in a batch.
///
/// The store keeps one row a person and one for the tenant: before a step it loads
/// [`Detector::people`] of the batch, after it it writes [`Step::changed`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The tenant's habits.
    pub tenant: TenantState,
    /// People by principal name in lower case.
    pub people: BTreeMap<String, PersonState>,
    /// How far was read.
    pub position: DetectorPosition,
}

/// What a step found and changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// What was found, in order. To be joined to open alerts one after the other.
    pub findings: Vec<Finding>,
    /// The people whose state changed.
    pub changed: BTreeSet<String>,
    /// How many activities of the batch were seen.
    pub seen: usize,
}

/// A tenant's detector. It holds settings only; all memory is in [`State`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detector {
    settings: Settings,
}

impl Detector {
    /// With these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same without the detections of these policies.
    #[must_use]
    pub fn without(&self, policies: &[RecordId]) -> Self {
        let is_on = |detection: DetectionId| !policies.contains(&detection.policy_id());
        let mut settings = self.settings.clone();
        settings.failed_logins.enabled &= is_on(DetectionId::FailedLogins);
        settings.impossible_travel.enabled &= is_on(DetectionId::ImpossibleTravel);
        Self { settings }
    }

    /// The people whose state a step over these activities needs.
    pub fn people(batch: &[Activity]) -> BTreeSet<String> {
        batch
            .iter()
            .filter_map(|activity| Some(Observed::of(activity)?.person))
            .collect()
    }

    /// Sees the ripe activities of a batch, which is in the order of their ids and
    /// continues where the last one ended, and moves the position behind them.
    ///
    /// Activities that are not ripe (see [`DetectorPosition::is_ripe`]) are left for a later
    /// step; those at or before the position were seen already.
    pub fn step(&self, batch: &[Activity], state: &mut State) -> Step {
        let mut step = Step::default();
        for activity in batch {
            if !state.position.is_ripe(activity.id) {
                continue;
            }
            state.position.last = Some(activity.id);
            step.seen += 1;
            let Some(observed) = Observed::of(activity) else {
                continue;
            };
            let person = state.people.entry(observed.person.clone()).or_default();
            for finding in self.see(&observed, person, &mut state.tenant) {
                tell(&mut step.findings, finding);
            }
            step.changed.insert(observed.person);
        }
        step
    }

    fn see(
        &self,
        observed: &Observed,
        person: &mut PersonState,
        tenant: &mut TenantState,
    ) -> Vec<Finding> {
        let PersonState {
            profile,
            failed_logins,
            travel,
        } = person;
        let findings: Vec<Finding> = [
            failed_logins.check(observed, profile, &self.settings),
            travel.check(observed, profile, tenant, &self.settings),
        ]
        .into_iter()
        .flatten()
        .collect();
        if findings.iter().any(is_grave)
            && let Some(address) = observed.address
            && !profile.is_at_home(observed, &self.settings)
        {
            profile.suspect(address, observed.timestamp());
        }
        profile.learn(observed, &self.settings);
        tenant.learn(observed);
        findings
    }
}

/// Adds a finding. One that says the same with higher numbers takes the place of the
/// earlier one, so that an alert that grows with every failure is written once a batch.
fn tell(findings: &mut Vec<Finding>, mut finding: Finding) {
    let earlier = findings.iter().rposition(|told| told.key == finding.key);
    if let Some(place) = earlier {
        let told = findings.remove(place);
        if let Some(told) = finding.absorb(told) {
            findings.insert(place, told);
        }
    }
    findings.push(finding);
}

/// Whether a finding speaks against the place it came from.
fn is_grave(finding: &Finding) -> bool {
    finding.severity != Severity::Informational
}
