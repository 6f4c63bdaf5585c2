//! What an application was granted in the tenant, and what that lets it do.

use std::collections::HashMap;

use casbah_identity::consent::{Ability, ConsentPlan, may};
use casbah_identity::resource::Resource;
use casbah_model::identity::{
    AppRole, MemberType, PermissionScope, ResourceAccessType, ScopeType, User,
};
use casbah_model::ids::{AppId, KeyId, ObjectId};
use casbah_model::permission::{Action, Permission};
use serde_json::json;

use super::directory::Directory;
use super::error::PortalError;
use super::moment::Moment;
use super::objects::{Assignment, Grant, Principal};

/// One permission of a resource.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    /// The resource's client id.
    pub(super) resource: AppId,
    /// Its name.
    pub(super) resource_name: String,
    /// Whether it is for an application itself or for a person's sake.
    pub(super) kind: ResourceAccessType,
    /// The id of the role or scope.
    pub(super) id: KeyId,
    /// The text in tokens.
    pub(super) value: String,
    /// What it allows.
    pub(super) description: String,
    /// Whether an administrator must consent.
    pub(super) needs_admin: bool,
}

impl Offered {
    fn role(resource: AppId, resource_name: &str, role: &AppRole) -> Self {
        Self {
            resource,
            resource_name: resource_name.to_owned(),
            kind: ResourceAccessType::Role,
            id: role.id,
            value: role.value.as_ref().unwrap_or(&role.display_name).clone(),
            description: first(&role.description, &role.display_name).to_owned(),
            needs_admin: true,
        }
    }

    fn scope(resource: AppId, resource_name: &str, scope: &PermissionScope) -> Self {
        let description = first(
            &scope.admin_consent_description,
            &scope.admin_consent_display_name,
        );
        Self {
            resource,
            resource_name: resource_name.to_owned(),
            kind: ResourceAccessType::Scope,
            id: scope.id,
            value: scope.value.clone(),
            description: description.to_owned(),
            needs_admin: scope.consent == ScopeType::Admin,
        }
    }

    /// What a consent would grant.
    pub(super) fn planned(plan: &ConsentPlan<'_>) -> Vec<Self> {
        let name = |resource: &Resource| resource.service_principal.display_name.clone();
        let roles = plan.roles.iter();
        let roles = roles.map(|one| Self::role(one.resource.app_id, &name(one.resource), one.role));
        let scopes = plan.scopes.iter();
        let scopes =
            scopes.map(|one| Self::scope(one.resource.app_id, &name(one.resource), one.scope));
        roles.chain(scopes).collect()
    }

    /// `Application` or `Delegated`.
    pub(super) const fn kind_title(&self) -> &'static str {
        match self.kind {
            ResourceAccessType::Role => "Application",
            ResourceAccessType::Scope => "Delegated",
        }
    }

    /// The kind's name in addresses and forms.
    pub(super) const fn kind_name(&self) -> &'static str {
        kind_name(self.kind)
    }

    /// What it lets a holder do, where it is one of the six permissions of the API.
    pub(super) fn allows(&self) -> Vec<&'static str> {
        let permission = Permission::from_value(&self.value)
            .filter(|_| self.resource == casbah_model::identity::CLOUD_APP_SECURITY.app_id);
        let Some(permission) = permission else {
            return Vec::new();
        };
        let allowed = Action::ALL
            .iter()
            .filter(|action| permission.allows(**action));
        allowed.map(|action| action.description()).collect()
    }
}

/// Whether a person may grant permissions of a kind for everyone, and take them back.
/// The directory decides; this only tells beforehand.
pub(super) fn may_grant(user: &User, kind: ResourceAccessType) -> bool {
    may(
        user,
        match kind {
            ResourceAccessType::Role => Ability::ConsentToAppRoles,
            ResourceAccessType::Scope => Ability::ConsentForEveryone,
        },
    )
}

/// The name of a kind in addresses and forms.
pub(super) const fn kind_name(kind: ResourceAccessType) -> &'static str {
    match kind {
        ResourceAccessType::Role => "application",
        ResourceAccessType::Scope => "delegated",
    }
}

/// The kind of this name.
pub(super) fn kind_of(name: &str) -> Option<ResourceAccessType> {
    [ResourceAccessType::Role, ResourceAccessType::Scope]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
}

impl Principal {
    /// All permissions of one kind that it offers.
    pub(super) fn offers(&self, kind: ResourceAccessType) -> Vec<Offered> {
        let (id, name) = (self.app_id, &self.display_name);
        match kind {
            ResourceAccessType::Role => {
                let roles = self.app_roles.iter().filter(|role| role.is_enabled);
                let roles = roles
                    .filter(|role| role.allowed_member_types.contains(&MemberType::Application));
                roles.map(|role| Offered::role(id, name, role)).collect()
            }
            ResourceAccessType::Scope => {
                let scopes = self.oauth2_permission_scopes.iter();
                let scopes = scopes.filter(|scope| scope.is_enabled);
                scopes
                    .map(|scope| Offered::scope(id, name, scope))
                    .collect()
            }
        }
    }

    /// The permission of this id, if it is offered.
    pub(super) fn offer(&self, kind: ResourceAccessType, id: KeyId) -> Option<Offered> {
        self.offers(kind).into_iter().find(|one| one.id == id)
    }
}

fn first<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// What was granted to a principal.
pub(super) struct Granted {
    principal: ObjectId,
    pub(super) assignments: Vec<Assignment>,
    pub(super) grants: Vec<Grant>,
    /// The resources that something was granted on.
    resources: HashMap<ObjectId, Principal>,
}

/// A permission that a principal holds.
pub(super) struct Held {
    /// The permission.
    pub(super) offered: Offered,
    /// The person for whose sake alone; none means everyone.
    pub(super) person: Option<ObjectId>,
    /// Since when, where it is known.
    pub(super) since: Option<Moment>,
}

impl Granted {
    /// Reads what was granted to a principal.
    pub(super) async fn read(
        directory: &Directory<'_>,
        principal: ObjectId,
    ) -> Result<Self, PortalError> {
        let path = format!("/servicePrincipals/{principal}");
        let assignments: Vec<Assignment> = directory
            .list(&format!("{path}/appRoleAssignments?$top=999"))
            .await?;
        let grants: Vec<Grant> = directory
            .list(&format!("{path}/oauth2PermissionGrants?$top=999"))
            .await?;
        let mut resources = HashMap::new();
        let ids = assignments.iter().map(|one| one.resource_id);
        for id in ids.chain(grants.iter().map(|one| one.resource_id)) {
            if !resources.contains_key(&id)
                && let Some(resource) = Principal::by_id(directory, id).await?
            {
                resources.insert(id, resource);
            }
        }
        Ok(Self {
            principal,
            assignments,
            grants,
            resources,
        })
    }

    /// Each permission that was granted. What a resource offers no more is left out: it
    /// stands in no token.
    pub(super) fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for one in &self.assignments {
            let resource = self.resources.get(&one.resource_id);
            let offered = resource
                .and_then(|resource| resource.offer(ResourceAccessType::Role, one.app_role_id));
            held.extend(offered.map(|offered| Held {
                offered,
                person: None,
                since: Some(one.created_date_time),
            }));
        }
        for one in &self.grants {
            let Some(resource) = self.resources.get(&one.resource_id) else {
                continue;
            };
            let scopes = resource.offers(ResourceAccessType::Scope).into_iter();
            let granted = scopes.filter(|scope| one.has(&scope.value));
            held.extend(granted.map(|offered| Held {
                offered,
                person: one.principal_id,
                since: None,
            }));
        }
        held
    }

    /// Whether a permission was granted for everyone.
    pub(super) fn has(&self, wanted: &Offered) -> bool {
        self.held().iter().any(|held| {
            held.person.is_none()
                && held.offered.kind == wanted.kind
                && held.offered.resource == wanted.resource
                && held.offered.id == wanted.id
        })
    }

    /// Takes a permission back, for everyone or for one person.
    pub(super) async fn revoke(
        &self,
        directory: &Directory<'_>,
        resource: AppId,
        kind: ResourceAccessType,
        id: KeyId,
        person: Option<ObjectId>,
    ) -> Result<(), PortalError> {
        let resource = self.resources.values().find(|one| one.app_id == resource);
        let resource = resource.ok_or(PortalError::NotFound)?;
        match kind {
            ResourceAccessType::Role => {
                let mut all = self.assignments.iter();
                let found = all
                    .find(|one| one.resource_id == resource.id && one.app_role_id == id)
                    .ok_or(PortalError::NotFound)?;
                self.unassign(directory, found).await
            }
            ResourceAccessType::Scope => {
                let scope = resource.offer(kind, id).ok_or(PortalError::NotFound)?;
                let mut all = self.grants.iter();
                let found = all
                    .find(|one| one.resource_id == resource.id && one.principal_id == person)
                    .ok_or(PortalError::NotFound)?;
                found.without(directory, &scope.value).await
            }
        }
    }

    /// Takes everything back.
    pub(super) async fn revoke_all(&self, directory: &Directory<'_>) -> Result<(), PortalError> {
        for one in &self.assignments {
            self.unassign(directory, one).await?;
        }
        for one in &self.grants {
            one.delete(directory).await?;
        }
        Ok(())
    }

    async fn unassign(
        &self,
        directory: &Directory<'_>,
        one: &Assignment,
    ) -> Result<(), PortalError> {
        let (principal, id) = (self.principal, one.id);
        let path = format!("/servicePrincipals/{principal}/appRoleAssignments/{id}");
        directory.delete(&path).await
    }
}

impl Grant {
    /// Whether a scope is among those that were granted.
    fn has(&self, scope: &str) -> bool {
        let mut all = self.scope.split_whitespace();
        all.any(|one| one.eq_ignore_ascii_case(scope))
    }

    async fn without(&self, directory: &Directory<'_>, scope: &str) -> Result<(), PortalError> {
        let all = self.scope.split_whitespace();
        let left: Vec<_> = all.filter(|one| !one.eq_ignore_ascii_case(scope)).collect();
        match left.as_slice() {
            [] => self.delete(directory).await,
            left => self.set(directory, &left.join(" ")).await,
        }
    }

    async fn set(&self, directory: &Directory<'_>, scope: &str) -> Result<(), PortalError> {
        let path = format!("/oauth2PermissionGrants/{}", self.id);
        directory.patch(&path, &json!({ "scope": scope })).await
    }

    async fn delete(&self, directory: &Directory<'_>) -> Result<(), PortalError> {
        let path = format!("/oauth2PermissionGrants/{}", self.id);
        directory.delete(&path).await
    }
}
