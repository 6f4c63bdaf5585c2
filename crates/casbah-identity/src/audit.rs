//! The audit's chain: what a link is made of, who signs it, and how it is verified.
//!
//! Every record has a digest over its canonical bytes. A link signs the ids and
//! digests of its records together with the link before it, so that a record cannot
//! be changed, removed, put in or moved without a key that is not in the database.
//! Cutting off a chain's end leaves a shorter chain that is whole: only a copy of
//! its end kept elsewhere shows that.

mod canonical;
mod key;
mod verify;

pub use canonical::record_digest;
pub use key::{AuditKey, AuditKeyError};
pub use verify::{ChainReport, ChainVerifier, ExpectedEnd, Finding, FindingKind};
