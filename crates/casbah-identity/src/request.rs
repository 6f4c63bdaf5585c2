//! What a client sends: form parameters, its credential, scopes.

mod client;
mod params;
mod scope;
mod token;

pub use client::{Credential, PresentedClient};
pub use params::Params;
pub use scope::{DelegatedScopes, OpenIdScopes, ResourceScopes, Wanted};
pub use token::{
    CodeRedemption, Endpoint, GrantRequest, RefreshRequest, TokenRequest, delegated_scopes,
};
