//! The directory: tenants, people, applications, and what they were granted.

mod api_tokens;
mod applications;
mod assertions;
mod client_secrets;
mod consent;
mod credentials;
mod devices;
mod exchange;
mod grants;
mod identifier_uris;
mod identity_providers;
mod invitations;
mod keys;
mod owners;
mod people;
mod recovery_codes;
mod registrations;
mod remembered;
mod second_factors;
mod service_principals;
mod sessions;
mod sign_in;
mod tenants;
mod users;

pub use applications::{ApplicationCounts, ApplicationQuery, TokenFacts};
pub use consent::Consent;
pub use exchange::Denied;
pub use invitations::NewInvitation;
pub(crate) use keys::audit_at_home;
pub(crate) use remembered::Remembered;
pub use tenants::NewTenant;
