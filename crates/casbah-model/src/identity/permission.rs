//! What a resource offers: app roles and delegated scopes, in Graph's form.

use serde::{Deserialize, Serialize};

use crate::ids::KeyId;

/// Who can hold an app role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MemberType {
    /// Other applications: an application permission.
    Application,
    /// People and groups.
    User,
}

/// An app role: a permission that is assigned, and then stands in `roles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRole {
    /// The role's id, unique in its application.
    pub id: KeyId,
    /// Who can hold it.
    pub allowed_member_types: Vec<MemberType>,
    /// The name on consent pages.
    pub display_name: String,
    /// What it allows, for administrators.
    #[serde(default)]
    pub description: String,
    /// Whether it can be assigned and appears in tokens.
    #[serde(default = "enabled")]
    pub is_enabled: bool,
    /// The text in `roles`; a role without one appears in no token.
    #[serde(default)]
    pub value: Option<String>,
}

/// Who may consent to a delegated scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScopeType {
    /// Administrators only.
    Admin,
    /// Each person for herself.
    User,
}

/// A delegated permission: what an application may do for a signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionScope {
    /// The scope's id, unique in its application.
    pub id: KeyId,
    /// The text in `scp`.
    pub value: String,
    /// Who may consent.
    #[serde(rename = "type")]
    pub consent: ScopeType,
    /// The name that administrators read.
    #[serde(default)]
    pub admin_consent_display_name: String,
    /// What it allows, for administrators.
    #[serde(default)]
    pub admin_consent_description: String,
    /// The name that people read.
    #[serde(default)]
    pub user_consent_display_name: Option<String>,
    /// What it allows, for people.
    #[serde(default)]
    pub user_consent_description: Option<String>,
    /// Whether it can be asked for.
    #[serde(default = "enabled")]
    pub is_enabled: bool,
}

const fn enabled() -> bool {
    true
}
