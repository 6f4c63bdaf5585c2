//! Event sources, enrichment and detections.
//!
//! A record goes through three steps, none of which knows HTTP or SQL:
//! [`sources`] read it into the words that all services share, enrichment adds
//! what is known of its address and program and makes the activity, and
//! detections look at activities one by one with what they remember.

pub mod demo;
pub mod detections;
pub mod enrich;
pub mod normalise;
pub mod published;
pub mod sources;
