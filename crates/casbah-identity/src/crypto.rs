//! Encryption at rest: a master key outside the database, data keys in it.
//!
//! The master key seals data keys, data keys seal everything else (signing keys,
//! peppers, credentials of connectors). A new master key then means sealing a
//! handful of data keys again, not every row.

mod master_key;
mod seal;
mod vault;

pub use master_key::{MasterKey, MasterKeyError};
pub use seal::{SealContext, SealError};
pub use vault::{RewrapError, Vault};
