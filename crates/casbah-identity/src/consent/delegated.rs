//! Which scopes a sign-in yields, and what consent it still needs.

use casbah_model::identity::{
    ConsentGrant, ConsentType, PermissionScope, RequiredResourceAccess, ResourceAccessType,
    ScopeType,
};
use casbah_model::ids::ObjectId;

use crate::error::AadError;
use crate::request::{ResourceScopes, Wanted};
use crate::resource::Resource;

/// What is known of a sign-in's client and person.
#[derive(Debug, Clone, Copy)]
pub struct ScopeFacts<'a> {
    /// The resource that is asked for.
    pub resource: &'a Resource,
    /// The client's service principal in the tenant.
    pub client: Option<ObjectId>,
    /// The person.
    pub user: ObjectId,
    /// What the client's registration requires.
    pub required: &'a [RequiredResourceAccess],
    /// The tenant's grants to the client.
    pub grants: &'a [ConsentGrant],
    /// A client that is part of the server needs no consent: it can do what the
    /// person can do anyway.
    pub is_first_party: bool,
}

/// What a sign-in yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeDecision {
    /// Values of the scopes for the token.
    Granted(Vec<String>),
    /// Consent is missing.
    NeedsConsent {
        /// To these.
        missing: Vec<PermissionScope>,
        /// Whether only an administrator can give it.
        by_administrator: bool,
    },
}

/// Decides which scopes of the resource go into the token.
///
/// # Errors
/// [`AadError::ScopeMalformed`] for a name that the resource does not offer,
/// [`AadError::ConsentMissing`] when there is nothing that could be consented to.
pub fn decide_scopes(
    wanted: &ResourceScopes,
    facts: ScopeFacts<'_>,
) -> Result<ScopeDecision, AadError> {
    let asked = asked_scopes(wanted, facts)?;
    let missing: Vec<PermissionScope> = asked
        .iter()
        .filter(|scope| !facts.is_granted(scope))
        .map(|scope| (*scope).clone())
        .collect();
    if missing.is_empty() {
        let values = asked.iter().map(|scope| scope.value.clone()).collect();
        return Ok(ScopeDecision::Granted(values));
    }
    let by_administrator = missing
        .iter()
        .any(|scope| scope.consent == ScopeType::Admin);
    Ok(ScopeDecision::NeedsConsent {
        missing,
        by_administrator,
    })
}

/// The scopes of the resource that a client's words mean, granted or not.
///
/// # Errors
/// As [`decide_scopes`].
pub(super) fn asked_scopes<'a>(
    wanted: &ResourceScopes,
    facts: ScopeFacts<'a>,
) -> Result<Vec<&'a PermissionScope>, AadError> {
    let offered = facts.resource.scopes.iter();
    let offered: Vec<_> = offered.filter(|scope| scope.is_enabled).collect();
    let find = |name: &String| {
        let mut offered = offered.iter().copied();
        offered
            .find(|scope| scope.value.eq_ignore_ascii_case(name))
            .ok_or_else(|| AadError::ScopeMalformed(format!("{}/{name}", wanted.resource)))
    };
    let asked: Vec<_> = match &wanted.wanted {
        Wanted::Named(names) => names.iter().map(find).collect::<Result<_, _>>()?,
        Wanted::Default => offered
            .into_iter()
            .filter(|scope| facts.is_required(scope) || facts.is_granted(scope))
            .collect(),
    };
    if asked.is_empty() {
        return Err(AadError::ConsentMissing);
    }
    Ok(asked)
}

/// Those of a token's scopes that are granted by now: what was taken back since
/// the token was signed is gone from it.
pub fn scopes_still_granted(claimed: &[String], facts: ScopeFacts<'_>) -> Vec<String> {
    facts
        .resource
        .scopes
        .iter()
        .filter(|scope| scope.is_enabled && claimed.contains(&scope.value))
        .filter(|scope| facts.is_granted(scope))
        .map(|scope| scope.value.clone())
        .collect()
}

/// Whether a grant has the scope, in whatever case it was once written.
pub(super) fn has_scope(grant: &ConsentGrant, scope: &PermissionScope) -> bool {
    let mut granted = grant.scopes.iter();
    granted.any(|value| value.eq_ignore_ascii_case(&scope.value))
}

impl ScopeFacts<'_> {
    pub(super) fn is_granted(&self, scope: &PermissionScope) -> bool {
        self.is_first_party
            || self.grants.iter().any(|grant| {
                Some(grant.client_id) == self.client
                    && grant.resource_id == self.resource.service_principal.id
                    && match grant.consent_type {
                        ConsentType::AllPrincipals => true,
                        ConsentType::Principal(person) => person == self.user,
                    }
                    && has_scope(grant, scope)
            })
    }

    fn is_required(&self, scope: &PermissionScope) -> bool {
        self.required
            .iter()
            .filter(|access| access.resource_app_id == self.resource.app_id)
            .flat_map(|access| &access.resource_access)
            .any(|access| access.kind == ResourceAccessType::Scope && access.id == scope.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::plan_admin_consent;
    use casbah_model::identity::{
        AppRoleAssignment, CLOUD_APP_SECURITY, FIRST_PARTY_TENANT, FirstPartyApp, MICROSOFT_GRAPH,
        PrincipalType, ResourceAccess, ServicePrincipal,
    };
    use casbah_model::ids::TenantId;
    use casbah_model::time::Timestamp;

    const NOW: Timestamp = Timestamp(0);

    fn resource(app: &FirstPartyApp, tenant: TenantId) -> Resource {
        let principal = ServicePrincipal {
            id: ObjectId::random(),
            tenant,
            app_id: app.app_id,
            app_owner_tenant: FIRST_PARTY_TENANT,
            display_name: app.display_name.into(),
            enabled: true,
            app_role_assignment_required: false,
            created: NOW,
        };
        Resource::first_party(app, principal)
    }

    struct Setting {
        resource: Resource,
        client: ObjectId,
        user: ObjectId,
        required: Vec<RequiredResourceAccess>,
        grants: Vec<ConsentGrant>,
        is_first_party: bool,
    }

    impl Setting {
        fn new(app: &FirstPartyApp) -> Self {
            Self {
                resource: resource(app, TenantId::random()),
                client: ObjectId::random(),
                user: ObjectId::random(),
                required: Vec::new(),
                grants: Vec::new(),
                is_first_party: false,
            }
        }

        fn grant(&mut self, consent_type: ConsentType, scopes: &[&str]) {
            self.grants.push(ConsentGrant {
                id: ObjectId::random(),
                tenant: self.resource.service_principal.tenant,
                client_id: self.client,
                consent_type,
                resource_id: self.resource.service_principal.id,
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                created: NOW,
            });
        }

        fn require(&mut self, kind: ResourceAccessType, ids: &[casbah_model::ids::KeyId]) {
            self.required.push(RequiredResourceAccess {
                resource_app_id: self.resource.app_id,
                resource_access: ids
                    .iter()
                    .map(|id| ResourceAccess { id: *id, kind })
                    .collect(),
            });
        }

        fn facts(&self) -> ScopeFacts<'_> {
            ScopeFacts {
                resource: &self.resource,
                client: Some(self.client),
                user: self.user,
                required: &self.required,
                grants: &self.grants,
                is_first_party: self.is_first_party,
            }
        }

        fn ask(&self, wanted: Wanted) -> Result<ScopeDecision, AadError> {
            let scopes = ResourceScopes {
                resource: "r".into(),
                wanted,
            };
            decide_scopes(&scopes, self.facts())
        }

        fn named(&self, name: &str) -> Result<ScopeDecision, AadError> {
            self.ask(Wanted::Named(vec![name.into()]))
        }
    }

    fn granted(values: &[&str]) -> ScopeDecision {
        ScopeDecision::Granted(values.iter().map(|value| (*value).to_owned()).collect())
    }

    fn needs(decision: Result<ScopeDecision, AadError>) -> (usize, bool) {
        match decision {
            Ok(ScopeDecision::NeedsConsent {
                missing,
                by_administrator,
            }) => (missing.len(), by_administrator),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn scopes_need_consent_and_get_their_own_spelling() {
        let mut setting = Setting::new(&CLOUD_APP_SECURITY);
        assert_eq!(needs(setting.named("Investigation.Read")), (1, true));
        setting.grant(
            ConsentType::Principal(ObjectId::random()),
            &["investigation.read"],
        );
        assert_eq!(
            needs(setting.named("Investigation.Read")),
            (1, true),
            "someone else's"
        );
        setting.grant(
            ConsentType::Principal(setting.user),
            &["investigation.read"],
        );
        assert_eq!(
            setting.named("Investigation.Read"),
            Ok(granted(&["investigation.read"]))
        );
        assert_eq!(
            setting.named("Everything"),
            Err(AadError::ScopeMalformed("r/Everything".into()))
        );
        let graph = Setting::new(&MICROSOFT_GRAPH);
        assert_eq!(needs(graph.named("User.Read")), (1, false));
    }

    #[test]
    fn a_token_keeps_what_is_granted_and_no_more() {
        let mut setting = Setting::new(&CLOUD_APP_SECURITY);
        let claimed = ["settings.read", "investigation.read", "everything"].map(str::to_owned);
        let still = |setting: &Setting| scopes_still_granted(&claimed, setting.facts());
        assert!(still(&setting).is_empty());
        setting.grant(ConsentType::Principal(setting.user), &["settings.read"]);
        setting.grant(ConsentType::AllPrincipals, &["discovery.read"]);
        assert_eq!(still(&setting), ["settings.read"]);
        setting.user = ObjectId::random();
        assert!(still(&setting).is_empty(), "someone else's");
        setting.is_first_party = true;
        assert_eq!(still(&setting), ["investigation.read", "settings.read"]);
    }

    #[test]
    fn a_grant_counts_in_whatever_case_it_was_written() {
        let mut setting = Setting::new(&CLOUD_APP_SECURITY);
        setting.grant(ConsentType::AllPrincipals, &["Investigation.READ"]);
        assert_eq!(
            setting.named("investigation.read"),
            Ok(granted(&["investigation.read"]))
        );
        let scope = setting.resource.scopes[0].id;
        setting.require(ResourceAccessType::Scope, &[scope]);
        let resources = [setting.resource.clone()];
        let client = Some(setting.client);
        let plan = plan_admin_consent(&setting.required, &resources, client, &[], &setting.grants);
        assert!(plan.scopes[0].is_granted);
    }

    #[test]
    fn default_means_what_was_granted_and_what_is_required() {
        let mut setting = Setting::new(&CLOUD_APP_SECURITY);
        assert_eq!(setting.ask(Wanted::Default), Err(AadError::ConsentMissing));
        setting.grant(ConsentType::AllPrincipals, &["settings.read"]);
        assert_eq!(
            setting.ask(Wanted::Default),
            Ok(granted(&["settings.read"]))
        );
        let id = setting.resource.scopes[0].id;
        setting.require(ResourceAccessType::Scope, &[id]);
        assert_eq!(needs(setting.ask(Wanted::Default)), (1, true));
        setting.grant(ConsentType::AllPrincipals, &["investigation.read"]);
        assert_eq!(
            setting.ask(Wanted::Default),
            Ok(granted(&["investigation.read", "settings.read"]))
        );
    }

    #[test]
    fn clients_of_the_server_itself_need_no_consent() {
        let mut setting = Setting::new(&CLOUD_APP_SECURITY);
        setting.is_first_party = true;
        assert_eq!(
            setting.named("settings.read"),
            Ok(granted(&["settings.read"]))
        );
        match setting.ask(Wanted::Default) {
            Ok(ScopeDecision::Granted(scopes)) => assert_eq!(scopes.len(), 6),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn admin_consent_grants_what_is_required_and_missing() {
        let mut setting = Setting::new(&CLOUD_APP_SECURITY);
        let roles: Vec<_> = setting
            .resource
            .app_roles
            .iter()
            .map(|role| role.id)
            .collect();
        let scope = setting.resource.scopes[0].id;
        let unknown = casbah_model::ids::KeyId::random();
        setting.require(ResourceAccessType::Role, &[roles[0], roles[2], unknown]);
        setting.require(ResourceAccessType::Scope, &[scope, roles[0]]);
        let assignment = AppRoleAssignment {
            id: ObjectId::random(),
            tenant: setting.resource.service_principal.tenant,
            principal_id: setting.client,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: setting.resource.service_principal.id,
            app_role_id: roles[0],
            created: NOW,
        };
        let resources = [setting.resource.clone()];
        let plan = plan_admin_consent(
            &setting.required,
            &resources,
            Some(setting.client),
            &[assignment],
            &setting.grants,
        );
        let resource_id = setting.resource.service_principal.id;
        assert_eq!(plan.roles.len(), 2);
        assert_eq!(
            plan.new_assignments().collect::<Vec<_>>(),
            [(resource_id, roles[2])]
        );
        assert_eq!(
            plan.new_scopes().collect::<Vec<_>>(),
            [(resource_id, "investigation.read")]
        );
        let app_id = CLOUD_APP_SECURITY.app_id;
        assert_eq!(plan.unknown, [(app_id, unknown), (app_id, roles[0])]);
    }
}
