//! Consent: who may give it, what it grants, and what is missing.
//!
//! An application lists the permissions that it asks for; that list changes no
//! token. Consent turns it into app-role assignments and scope grants, and only
//! these do.

mod ability;
mod delegated;
mod plan;
mod sign_in;
mod spelling;

pub use ability::{Ability, may};
pub use delegated::{ScopeDecision, ScopeFacts, decide_scopes, scopes_still_granted};
pub use plan::{ConsentPlan, PlannedRole, PlannedScope, plan_admin_consent, plan_scopes};
pub use sign_in::SignInFacts;
pub use spelling::{UnknownScope, spelled_scopes};
