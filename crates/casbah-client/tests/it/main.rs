//! The client against a server that answers as the specifications say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lists;
mod support;
mod tokens;
mod uploads;
