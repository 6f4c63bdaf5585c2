//! Detections: what activities, one by one in order, say when the past is remembered.
//!
//! A detection is a pure function of an activity and its state. State has the scope
//! of a person or of the tenant, has a bounded size, and learns on the time of the
//! events, so the same events in the same order always give the same findings,
//! whenever and in however many batches they are read.

mod clock;
mod detector;
pub mod failed_logins;
mod finding;
pub mod impossible_travel;
mod observed;
mod profile;
mod settings;
mod tenant;

pub use clock::Clock;
pub use detector::{Detector, PersonState, State, Step};
pub use finding::{AlertKey, DetectionId, Finding, JOIN_WINDOW_MS, POLICY_TYPE};
pub use observed::Observed;
pub use profile::Profile;
pub use settings::{FailedLoginSettings, Sensitivity, Settings, TravelSettings};
pub use tenant::TenantState;

#[cfg(test)]
mod scenarios;
