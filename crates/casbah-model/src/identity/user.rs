//! A person in a tenant.

use std::collections::BTreeSet;

use super::{DirectoryRole, PasswordHash};
use crate::ids::{ObjectId, TenantId};
use crate::time::Timestamp;

/// The id of every person's password among the authentication methods (Microsoft Graph,
/// `passwordAuthenticationMethod`).
pub const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";

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
    /// Sign-ins before this moment have ended, and with them the sessions, codes and
    /// refresh tokens that came of them.
    pub sign_ins_from: Timestamp,
    /// Access tokens that were signed before this second (Unix time) have ended. Tokens
    /// know seconds only, so it is the next second after that moment, and none is dated
    /// earlier: whatever happens within a second, old and new tokens differ.
    pub tokens_from: i64,
}

impl User {
    /// Whether the person has any of these roles.
    pub fn has_any_role(&self, roles: &[DirectoryRole]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Whether a sign-in of this time still counts.
    pub fn counts_sign_in_at(&self, at: Timestamp) -> bool {
        at >= self.sign_ins_from
    }

    /// Ends all sign-ins until `now`. What has ended does not come back where the clocks
    /// of several nodes differ; what was signed by one that is ahead lives as much longer.
    pub fn end_sign_ins(&mut self, now: Timestamp) {
        self.sign_ins_from = self.sign_ins_from.max(now.plus_millis(1));
        self.tokens_from = self.tokens_from.max(now.seconds()).saturating_add(1);
    }
}

/// A person as a change finds it, in the transaction of that change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentUser {
    /// The person.
    pub user: User,
    /// Whether no other enabled person of the tenant is a Global Administrator, while
    /// this one is.
    pub is_last_administrator: bool,
}
