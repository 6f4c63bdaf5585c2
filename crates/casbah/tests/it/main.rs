//! The real binary, over HTTPS.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod command_line;
mod demo;
mod federated;
mod identity_provider;
mod keys;
mod migrate;
mod people;
mod support;
mod watch;
