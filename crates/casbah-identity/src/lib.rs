//! Rules of applications, credentials, consent and grants.
//!
//! Every decision is a pure function over facts that the caller fetched: no
//! HTTP and no SQL here. What an endpoint answers when it says no is an
//! [`AadError`], named for its cause.

pub mod answer;
pub mod api_token;
pub mod audit;
pub mod authority;
pub mod client_credentials;
pub mod consent;
pub mod crypto;
pub mod discovery;
pub mod error;
pub mod expiry;
pub mod federated;
mod host_alias;
pub mod identity_provider;
pub mod invitation;
pub mod least_privilege;
pub mod password;
pub mod people;
pub mod proof;
pub mod random;
pub mod request;
pub mod resource;
pub mod secret;
pub mod signin;
pub mod signing_keys;
pub mod webhook;

pub use authority::{Authority, TenantAlias};
pub use error::AadError;
pub use host_alias::{HostAlias, ParseAliasError};

#[cfg(test)]
mod testing;
