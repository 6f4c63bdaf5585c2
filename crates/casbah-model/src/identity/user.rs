//! A person in a tenant.

use std::collections::BTreeSet;

use super::{DirectoryRole, PasswordHash};
use crate::ids::{ObjectId, TenantId};
use crate::time::Timestamp;

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Object id, `oid` in tokens.
    pub id: ObjectId,
    /// The tenant the person belongs to.
    pub tenant: TenantId,
    /// The sign-in name, `name@domain`. Compared without regard to case.
    pub upn: String,
    /// The name that others read.
    pub display_name: String,
    /// What the person may do in the tenant.
    pub roles: BTreeSet<DirectoryRole>,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// The password, hashed; without one nobody can sign in as this person.
    pub password: Option<PasswordHash>,
    /// Whether the password was given by someone else and must be changed at
    /// the next sign-in.
    pub must_change_password: bool,
    /// When the person was created.
    pub created: Timestamp,
}

impl User {
    /// Whether the person has any of these roles.
    pub fn has_any_role(&self, roles: &[DirectoryRole]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}
