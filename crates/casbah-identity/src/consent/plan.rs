//! What an administrator's consent would grant.

use casbah_model::identity::{
    AppRole, AppRoleAssignment, ConsentGrant, ConsentType, PermissionScope, RequiredResourceAccess,
    ResourceAccessType, User,
};
use casbah_model::ids::{AppId, KeyId, ObjectId};

use super::ability::{Ability, may};
use super::delegated::has_scope;
use crate::resource::Resource;

/// An app role that is asked for.
#[derive(Debug, Clone)]
pub struct PlannedRole<'a> {
    /// Of which resource.
    pub resource: &'a Resource,
    /// Which role.
    pub role: &'a AppRole,
    /// Whether it was granted before.
    pub is_granted: bool,
}

/// A delegated scope that is asked for.
#[derive(Debug, Clone)]
pub struct PlannedScope<'a> {
    /// Of which resource.
    pub resource: &'a Resource,
    /// Which scope.
    pub scope: &'a PermissionScope,
    /// Whether it was granted to everyone before.
    pub is_granted: bool,
}

/// Everything that an application asks for, for the consent page and for the
/// store: what is not granted yet is to be granted.
#[derive(Debug, Clone, Default)]
pub struct ConsentPlan<'a> {
    /// App roles.
    pub roles: Vec<PlannedRole<'a>>,
    /// Delegated scopes.
    pub scopes: Vec<PlannedScope<'a>>,
    /// Permissions that no resource of the tenant offers; they are left out.
    pub unknown: Vec<(AppId, KeyId)>,
}

impl ConsentPlan<'_> {
    /// Whether `user` may approve all of it.
    pub fn may_be_approved_by(&self, user: &User) -> bool {
        let roles_allowed = self.roles.is_empty() || may(user, Ability::ConsentToAppRoles);
        roles_allowed && may(user, Ability::ConsentForEveryone)
    }

    /// Assignments to make: resource's principal and role.
    pub fn new_assignments(&self) -> impl Iterator<Item = (ObjectId, KeyId)> {
        self.roles
            .iter()
            .filter(|planned| !planned.is_granted)
            .map(|planned| (planned.resource.service_principal.id, planned.role.id))
    }

    /// Scopes to grant to everyone: resource's principal and value.
    pub fn new_scopes(&self) -> impl Iterator<Item = (ObjectId, &str)> {
        self.scopes
            .iter()
            .filter(|planned| !planned.is_granted)
            .map(|planned| {
                (
                    planned.resource.service_principal.id,
                    planned.scope.value.as_str(),
                )
            })
    }
}

/// Plans the consent for what an application requires. `principal` is its
/// service principal in the tenant; the rest is what the tenant has.
pub fn plan_admin_consent<'a>(
    required: &[RequiredResourceAccess],
    resources: &'a [Resource],
    principal: Option<ObjectId>,
    assignments: &[AppRoleAssignment],
    grants: &[ConsentGrant],
) -> ConsentPlan<'a> {
    let mut plan = ConsentPlan::default();
    for access in required {
        let resource = resources
            .iter()
            .find(|resource| resource.app_id == access.resource_app_id);
        for permission in &access.resource_access {
            let is_known = resource.is_some_and(|resource| match permission.kind {
                ResourceAccessType::Role => {
                    plan.add_role(resource, permission.id, principal, assignments)
                }
                ResourceAccessType::Scope => {
                    plan.add_scope(resource, permission.id, principal, grants)
                }
            });
            if !is_known {
                plan.unknown.push((access.resource_app_id, permission.id));
            }
        }
    }
    plan
}

impl<'a> ConsentPlan<'a> {
    fn add_role(
        &mut self,
        resource: &'a Resource,
        id: KeyId,
        principal: Option<ObjectId>,
        assignments: &[AppRoleAssignment],
    ) -> bool {
        let Some(role) = resource
            .app_roles
            .iter()
            .find(|role| role.id == id && role.is_enabled)
        else {
            return false;
        };
        let is_granted = assignments.iter().any(|assignment| {
            Some(assignment.principal_id) == principal
                && assignment.resource_id == resource.service_principal.id
                && assignment.app_role_id == id
        });
        self.roles.push(PlannedRole {
            resource,
            role,
            is_granted,
        });
        true
    }

    fn add_scope(
        &mut self,
        resource: &'a Resource,
        id: KeyId,
        principal: Option<ObjectId>,
        grants: &[ConsentGrant],
    ) -> bool {
        let Some(scope) = resource
            .scopes
            .iter()
            .find(|scope| scope.id == id && scope.is_enabled)
        else {
            return false;
        };
        let is_granted = grants.iter().any(|grant| {
            Some(grant.client_id) == principal
                && grant.resource_id == resource.service_principal.id
                && grant.consent_type == ConsentType::AllPrincipals
                && has_scope(grant, scope)
        });
        self.scopes.push(PlannedScope {
            resource,
            scope,
            is_granted,
        });
        true
    }
}
