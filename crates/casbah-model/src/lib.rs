//! Types of the domain and of the wire, without input or output.
//!
//! Every other crate speaks in these words; none of them is known here. A type
//! that crosses the wire serialises to exactly what the original service sends.

pub mod activity;
pub mod alert;
pub mod audit;
pub mod built_in_range;
pub mod claims;
pub mod detector;
pub mod discovery;
pub mod entity;
pub mod export;
pub mod feedback;
pub mod filter;
pub mod identity;
pub mod ids;
pub mod ip_range;
pub mod ip_tag;
pub mod lab;
pub mod permission;
pub mod saas;
pub mod time;
mod wire_enum;
