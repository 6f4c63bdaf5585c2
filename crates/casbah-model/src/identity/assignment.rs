//! What was granted: app roles and delegated scopes.

use serde::{Deserialize, Serialize};

use crate::ids::{KeyId, ObjectId, TenantId};
use crate::time::Timestamp;

/// What an app role is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrincipalType {
    /// An application's service principal: an application permission.
    ServicePrincipal,
    /// A person.
    User,
}

/// An app role given to a principal. This, and nothing else, puts the role into
/// tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRoleAssignment {
    /// The assignment's own id.
    pub id: ObjectId,
    /// The tenant.
    pub tenant: TenantId,
    /// Who holds the role.
    pub principal_id: ObjectId,
    /// What the holder is.
    pub principal_type: PrincipalType,
    /// The service principal of the resource.
    pub resource_id: ObjectId,
    /// The role.
    pub app_role_id: KeyId,
    /// When it was given.
    pub created: Timestamp,
}

/// For whom delegated scopes were granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConsentType {
    /// Everyone in the tenant, by an administrator.
    AllPrincipals,
    /// One person, by herself.
    Principal(ObjectId),
}

/// Delegated scopes granted to an application (`oauth2PermissionGrant`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentGrant {
    /// The grant's own id.
    pub id: ObjectId,
    /// The tenant.
    pub tenant: TenantId,
    /// The client's service principal.
    pub client_id: ObjectId,
    /// For whom.
    pub consent_type: ConsentType,
    /// The resource's service principal.
    pub resource_id: ObjectId,
    /// The scopes' values.
    pub scopes: Vec<String>,
    /// When it was first given.
    pub created: Timestamp,
}
