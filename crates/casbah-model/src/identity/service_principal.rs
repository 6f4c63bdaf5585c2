//! A service principal: an application's presence in one tenant.

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, ObjectId, TenantId};
use crate::time::Timestamp;

/// An application's presence in one tenant: what assignments are given to and
/// what tokens name as `oid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipal {
    /// Object id in this tenant.
    pub id: ObjectId,
    /// The tenant.
    pub tenant: TenantId,
    /// The application it stands for.
    pub app_id: AppId,
    /// The application's home tenant.
    pub app_owner_tenant: TenantId,
    /// The application's name when it came to this tenant.
    pub display_name: String,
    /// Whether it may sign in and be called. Switching it off ends its tokens.
    pub enabled: bool,
    /// Whether only who holds a role of it gets a token for it.
    pub app_role_assignment_required: bool,
    /// When it was created.
    pub created: Timestamp,
}
