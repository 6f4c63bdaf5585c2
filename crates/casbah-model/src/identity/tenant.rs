//! A tenant: one organisation's directory.

use serde::{Deserialize, Serialize};

use crate::ids::TenantId;
use crate::time::Timestamp;

/// One organisation's directory. Everything else belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The tenant's id, `tid` in tokens.
    pub id: TenantId,
    /// The organisation's name.
    pub display_name: String,
    /// The domain that new user names are proposed with.
    pub default_domain: String,
    /// Verified domain names, lower case, the default one among them. Each
    /// belongs to one tenant and may stand for its id in addresses.
    pub domains: Vec<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Whether this is the tenant that the server was set up with; only its
    /// applications may create other tenants.
    pub is_home: bool,
    /// Whether people without a role may register applications, which they then own.
    pub members_register: bool,
    /// Grows whenever something is revoked. A token that was found good is
    /// believed again without a check only while this stands still.
    pub auth_epoch: i64,
}
