//! A resource of a token request: what the decision needs to know of it.

use std::sync::Arc;

use casbah_model::identity::{
    AppRole, AppRoleAssignment, Application, FirstPartyApp, MemberType, PermissionScope,
    RequestedTokenVersion, ServicePrincipal,
};
use casbah_model::ids::{AppId, ObjectId};
use casbah_token::TokenVersion;

/// A resource as it is present in one tenant.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its client id.
    pub app_id: AppId,
    /// Its presence in the tenant.
    pub service_principal: ServicePrincipal,
    /// The app roles it offers.
    pub app_roles: Arc<[AppRole]>,
    /// The delegated scopes it offers.
    pub scopes: Arc<[PermissionScope]>,
    /// The version of the tokens it receives.
    pub token_version: TokenVersion,
}

impl Resource {
    /// A registered application as a resource.
    pub fn from_application(application: Application, principal: ServicePrincipal) -> Self {
        Self {
            app_id: application.app_id,
            service_principal: principal,
            app_roles: application.app_roles.into(),
            scopes: application.oauth2_permission_scopes.into(),
            token_version: match application.requested_access_token_version {
                None | Some(RequestedTokenVersion::V1) => TokenVersion::V1,
                Some(RequestedTokenVersion::V2) => TokenVersion::V2,
            },
        }
    }

    /// A first-party application as a resource.
    pub fn first_party(app: &FirstPartyApp, principal: ServicePrincipal) -> Self {
        Self {
            app_id: app.app_id,
            service_principal: principal,
            app_roles: app.app_roles(),
            scopes: app.permission_scopes(),
            token_version: match app.token_version() {
                RequestedTokenVersion::V1 => TokenVersion::V1,
                RequestedTokenVersion::V2 => TokenVersion::V2,
            },
        }
    }

    /// The values of the roles that `principal` was assigned, in the order in
    /// which the resource lists them. Roles that are switched off, have no value
    /// or are not for this kind of member do not count; neither does what an
    /// application merely asks for.
    pub fn roles_of(
        &self,
        principal: ObjectId,
        member: MemberType,
        assignments: &[AppRoleAssignment],
    ) -> Vec<String> {
        let assigned = |role: &AppRole| {
            assignments.iter().any(|assignment| {
                assignment.principal_id == principal
                    && assignment.resource_id == self.service_principal.id
                    && assignment.app_role_id == role.id
            })
        };
        self.app_roles
            .iter()
            .filter(|role| role.is_enabled && role.allowed_member_types.contains(&member))
            .filter(|role| assigned(role))
            .filter_map(|role| role.value.clone())
            .collect()
    }

    /// The audience of a token: version 1.0 repeats the request, 2.0 has the id.
    pub fn audience(&self, requested: &str) -> String {
        match self.token_version {
            TokenVersion::V1 => requested.to_owned(),
            TokenVersion::V2 => self.app_id.to_string(),
        }
    }
}
