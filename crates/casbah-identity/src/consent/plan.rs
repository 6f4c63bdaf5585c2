//! What a consent would grant: for the page that asks, and for the store.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::identity::{
    AppRole, AppRoleAssignment, ConsentGrant, ConsentType, MemberType, PermissionScope,
    RequiredResourceAccess, ResourceAccessType, ScopeType, User,
};
use casbah_model::ids::{AppId, KeyId, ObjectId};

use super::ability::{Ability, may};
use super::delegated::{ScopeFacts, asked_scopes, has_scope};
use crate::error::AadError;
use crate::request::DelegatedScopes;
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
    /// Whether it was granted before.
    pub is_granted: bool,
}

/// Everything that is asked for; what is not granted yet is to be granted.
#[derive(Debug, Clone, Default)]
pub struct ConsentPlan<'a> {
    /// App roles.
    pub roles: Vec<PlannedRole<'a>>,
    /// Delegated scopes.
    pub scopes: Vec<PlannedScope<'a>>,
    /// OpenID's own scopes, which let the application know who signs in.
    pub openid: Vec<&'static str>,
    /// Permissions that no resource of the tenant offers; they are left out.
    pub unknown: Vec<(AppId, KeyId)>,
}

impl ConsentPlan<'_> {
    /// Whether only an administrator can approve all of it.
    pub fn needs_administrator(&self) -> bool {
        let for_administrators =
            |planned: &PlannedScope<'_>| planned.scope.consent == ScopeType::Admin;
        !self.roles.is_empty() || self.scopes.iter().any(for_administrators)
    }

    /// Whether `user` may approve all of it for everyone.
    pub fn may_be_approved_by(&self, user: &User) -> bool {
        let roles_allowed = self.roles.is_empty() || may(user, Ability::ConsentToAppRoles);
        roles_allowed && may(user, Ability::ConsentForEveryone)
    }

    /// The same without what was granted before.
    #[must_use]
    pub fn missing(mut self) -> Self {
        self.roles.retain(|planned| !planned.is_granted);
        self.scopes.retain(|planned| !planned.is_granted);
        self
    }

    /// Whether there is nothing that could be granted.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.scopes.is_empty() && self.openid.is_empty()
    }

    /// Assignments to make: resource's principal and role.
    pub fn new_assignments(&self) -> impl Iterator<Item = (ObjectId, KeyId)> {
        self.roles
            .iter()
            .filter(|planned| !planned.is_granted)
            .map(|planned| (planned.resource.service_principal.id, planned.role.id))
    }

    /// Scopes to grant: resource's principal and value.
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

    /// A mark of all that is asked for. The form of the consent page carries it, so that
    /// nothing is granted that was not shown: an application may change what it asks for
    /// while somebody reads.
    pub fn mark(&self) -> String {
        let roles = self.roles.iter();
        let roles = roles.map(|one| format!("role {} {}", one.resource.app_id, one.role.id));
        let scopes = self.scopes.iter();
        let scopes = scopes.map(|one| {
            let (resource, scope) = (one.resource.app_id, one.scope);
            format!("scope {resource} {} {}", scope.id, scope.value)
        });
        // Whom the answer is for stands on the page, too.
        let answer = format!("administrator {}", self.needs_administrator());
        let openid = self.openid.iter().map(|name| format!("openid {name}"));
        let all = roles.chain(scopes).chain(openid).chain([answer]);
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all.dedup();
        URL_SAFE_NO_PAD.encode(digest(&SHA256, all.join("\n").as_bytes()))
    }
}

/// Plans the consent to the scopes that a client names.
///
/// # Errors
/// [`AadError::ScopeMalformed`] for a name that the resource does not offer,
/// [`AadError::ConsentMissing`] when there is nothing that could be consented to.
pub fn plan_scopes<'a>(
    scopes: &DelegatedScopes,
    facts: ScopeFacts<'a>,
) -> Result<ConsentPlan<'a>, AadError> {
    let asked = match &scopes.resource {
        Some(wanted) => asked_scopes(wanted, facts)?,
        None => Vec::new(),
    };
    let planned = |scope| PlannedScope {
        resource: facts.resource,
        scope,
        is_granted: facts.is_granted(scope),
    };
    Ok(ConsentPlan {
        scopes: asked.into_iter().map(planned).collect(),
        openid: scopes.openid.names(),
        ..ConsentPlan::default()
    })
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
        let is_for_applications =
            |role: &&AppRole| role.allowed_member_types.contains(&MemberType::Application);
        let Some(role) = resource
            .app_roles
            .iter()
            .filter(is_for_applications)
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

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::identity::{
        CLOUD_APP_SECURITY, DirectoryRole, FIRST_PARTY_TENANT, FirstPartyApp, MICROSOFT_GRAPH,
        PrincipalType, ResourceAccess, ServicePrincipal,
    };
    use casbah_model::ids::TenantId;
    use casbah_model::time::Timestamp;

    fn resource(app: &FirstPartyApp) -> Resource {
        let principal = ServicePrincipal {
            id: ObjectId::random(),
            tenant: TenantId::random(),
            app_id: app.app_id,
            app_owner_tenant: FIRST_PARTY_TENANT,
            display_name: app.display_name.into(),
            enabled: true,
            app_role_assignment_required: false,
            created: Timestamp(0),
        };
        Resource::first_party(app, principal)
    }

    fn person(roles: &[DirectoryRole]) -> User {
        User {
            id: ObjectId::random(),
            tenant: TenantId::random(),
            upn: "ada@a.example".into(),
            display_name: "Ada".into(),
            roles: roles.iter().copied().collect(),
            enabled: true,
            password: None,
            must_change_password: false,
            created: Timestamp(0),
            sign_ins_from: Timestamp(0),
            tokens_from: 0,
        }
    }

    fn registered(
        resource: &Resource,
        kind: ResourceAccessType,
        id: KeyId,
    ) -> RequiredResourceAccess {
        RequiredResourceAccess {
            resource_app_id: resource.app_id,
            resource_access: vec![ResourceAccess { id, kind }],
        }
    }

    #[test]
    fn who_may_approve_depends_on_what_is_asked() {
        let api = resource(&CLOUD_APP_SECURITY);
        let graph = resource(&MICROSOFT_GRAPH);
        let role = registered(&api, ResourceAccessType::Role, api.app_roles[0].id);
        let for_admins = registered(&api, ResourceAccessType::Scope, api.scopes[0].id);
        let user_read = graph
            .scopes
            .iter()
            .find(|scope| scope.value == "User.Read")
            .unwrap();
        let for_people = registered(&graph, ResourceAccessType::Scope, user_read.id);
        let resources = [api, graph];
        let global = person(&[DirectoryRole::GlobalAdministrator]);
        let of_apps = person(&[DirectoryRole::CloudApplicationAdministrator]);
        let reader = person(&[DirectoryRole::SecurityReader]);
        for (required, needs_administrator, approved_by) in [
            (role, true, [true, false, false]),
            (for_admins, true, [true, true, false]),
            (for_people, false, [true, true, false]),
        ] {
            let plan = plan_admin_consent(&[required], &resources, None, &[], &[]);
            assert_eq!(plan.needs_administrator(), needs_administrator);
            let may = [&global, &of_apps, &reader].map(|user| plan.may_be_approved_by(user));
            assert_eq!(may, approved_by);
        }
    }

    #[test]
    fn what_is_missing_is_what_was_not_granted_yet() {
        let mut api = resource(&CLOUD_APP_SECURITY);
        let mut roles = api.app_roles.to_vec();
        roles[2].allowed_member_types = vec![MemberType::User];
        api.app_roles = roles.into();
        let of = |index: usize| registered(&api, ResourceAccessType::Role, api.app_roles[index].id);
        let scope = registered(&api, ResourceAccessType::Scope, api.scopes[0].id);
        let required = [of(0), of(1), of(2), scope];
        let principal = ObjectId::random();
        let granted = |index: usize| AppRoleAssignment {
            id: ObjectId::random(),
            tenant: api.service_principal.tenant,
            principal_id: principal,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: api.service_principal.id,
            app_role_id: api.app_roles[index].id,
            created: Timestamp(0),
        };
        let grant = ConsentGrant {
            id: ObjectId::random(),
            tenant: api.service_principal.tenant,
            client_id: principal,
            consent_type: ConsentType::AllPrincipals,
            resource_id: api.service_principal.id,
            scopes: vec![api.scopes[0].value.clone()],
            created: Timestamp(0),
        };
        let resources = [api.clone()];
        let of_apps = person(&[DirectoryRole::CloudApplicationAdministrator]);
        for (assignments, grants, roles, scopes, approved) in [
            (vec![], vec![], 2, 1, false),
            (vec![granted(0)], vec![], 1, 1, false),
            (vec![granted(0), granted(1)], vec![], 0, 1, true),
            (vec![granted(0), granted(1)], vec![grant], 0, 0, true),
        ] {
            let plan = || {
                let client = Some(principal);
                plan_admin_consent(&required, &resources, client, &assignments, &grants)
            };
            let missing = plan().missing();
            assert_eq!((missing.roles.len(), missing.scopes.len()), (roles, scopes));
            assert_eq!(missing.may_be_approved_by(&of_apps), approved);
            assert_eq!(missing.is_empty(), roles + scopes == 0);
            assert_eq!(missing.unknown, [(api.app_id, api.app_roles[2].id)]);
            assert_eq!(plan().roles.len(), 2, "a role for people is in no plan");
        }
    }

    #[test]
    fn the_mark_tells_plans_apart() {
        let api = resource(&CLOUD_APP_SECURITY);
        let of = |index: usize| registered(&api, ResourceAccessType::Role, api.app_roles[index].id);
        let scope = registered(&api, ResourceAccessType::Scope, api.scopes[0].id);
        let resources = [api.clone()];
        let mark = |required: &[RequiredResourceAccess]| {
            plan_admin_consent(required, &resources, None, &[], &[]).mark()
        };
        assert_eq!(mark(&[of(0), of(1)]), mark(&[of(1), of(0)]));
        let different = [vec![of(0)], vec![of(1)], vec![of(0), of(1)], vec![scope]];
        for (index, one) in different.iter().enumerate() {
            for other in &different[index + 1..] {
                assert_ne!(mark(one), mark(other));
            }
        }
    }

    #[test]
    fn the_mark_tells_what_a_scope_became_while_somebody_read() {
        let api = resource(&MICROSOFT_GRAPH);
        let user_read = api.scopes.iter().position(|one| one.value == "User.Read");
        let index = user_read.unwrap();
        let required = [registered(
            &api,
            ResourceAccessType::Scope,
            api.scopes[index].id,
        )];
        let mark = |change: fn(&mut PermissionScope)| {
            let mut changed = api.clone();
            let mut scopes = changed.scopes.to_vec();
            change(&mut scopes[index]);
            changed.scopes = scopes.into();
            plan_admin_consent(&required, &[changed], None, &[], &[]).mark()
        };
        let shown = mark(|_| {});
        assert_eq!(shown, mark(|_| {}));
        assert_ne!(shown, mark(|scope| scope.value = "Mail.Read".to_owned()));
        assert_ne!(shown, mark(|scope| scope.consent = ScopeType::Admin));
    }
}
