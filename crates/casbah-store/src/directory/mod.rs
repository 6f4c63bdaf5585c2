//! The directory: tenants, people, applications, and what they were granted.

mod applications;
mod exchange;
mod grants;
mod keys;
mod service_principals;
mod sign_in;
mod tenants;
mod users;

pub use applications::{ApplicationQuery, TokenFacts};
pub use exchange::Denied;
