//! Outbound traffic, all of it under one policy.
//!
//! Addresses that the server calls come from configuration that administrators
//! of tenants write, and from documents of other services. Whoever can choose
//! one must not reach what only this machine can reach: so https alone, no
//! redirects, and no address of a private network unless its host is allowed by
//! name. Log receivers, which speak no HTTP, are subject to the same but for https. The address that was looked at is the one that is connected to, so a
//! name cannot mean something else a moment later.

mod address;
mod connector;
mod host;
mod resolver;

pub use address::is_public;
pub use connector::{
    Answer, ConnectError, Connector, Egress, EgressError, Receipt, Transmission, Transport,
};
pub use host::{AllowedHost, ParseHostError};
