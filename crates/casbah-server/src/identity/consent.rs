//! What a tenant knows that decides a consent, and what it grants by one.

use casbah_identity::AadError;
use casbah_identity::consent::{ConsentPlan, ScopeFacts, plan_admin_consent, plan_scopes};
use casbah_identity::request::DelegatedScopes;
use casbah_identity::resource::Resource;
use casbah_model::audit::AuditRecord;
use casbah_model::identity::{
    AppRoleAssignment, Application, ConsentGrant, ConsentType, MICROSOFT_GRAPH, ServicePrincipal,
    User,
};
use casbah_model::ids::{KeyId, ObjectId};
use casbah_model::time::Timestamp;
use casbah_store::{Consent, StoreError};

use super::context::RequestContext;
use super::user_scopes::find_resource;
use crate::audit::AuditFailed;
use crate::state::App;

/// What is to be consented to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All that the application registered, and these scopes of OpenID.
    Registered(Vec<&'static str>),
    /// These scopes.
    Scopes(DelegatedScopes),
}

/// Why an administrator's consent was not given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApprovalError {
    /// The person may not approve all of it.
    #[error("the person may not consent to all of this")]
    NotAllowed,
    /// What is missing is not what the person was shown.
    #[error("what is asked for or granted has changed")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit failed.
    #[error(transparent)]
    Audit(#[from] AuditFailed),
}

/// An application's wish before a person of a tenant.
pub(crate) struct Proposal<'a> {
    asked: Asked,
    application: &'a Application,
    user: &'a User,
    principal: Option<ServicePrincipal>,
    resources: Vec<Resource>,
    /// Where consent to OpenID's scopes is kept.
    graph: Option<Resource>,
    assignments: Vec<AppRoleAssignment>,
    grants: Vec<ConsentGrant>,
}

impl<'a> Proposal<'a> {
    /// Gathers what the person's tenant knows.
    pub(crate) async fn find(
        app: &App,
        application: &'a Application,
        asked: Asked,
        user: &'a User,
    ) -> Result<Self, StoreError> {
        let (store, tenant) = (&app.store, user.tenant);
        let principal = store
            .service_principal_by_app_id(tenant, application.app_id)
            .await?;
        let (assignments, grants) = match &principal {
            Some(principal) => (
                store.assignments_of(tenant, principal.id).await?,
                store.consent_grants(tenant, Some(principal.id)).await?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        let names: Vec<String> = match &asked {
            Asked::Registered(_) => {
                let required = application.required_resource_access.iter();
                required
                    .map(|access| access.resource_app_id.to_string())
                    .collect()
            }
            Asked::Scopes(scopes) => {
                let named = scopes.resource.iter();
                named.map(|named| named.resource.clone()).collect()
            }
        };
        let mut resources = Vec::new();
        for name in names {
            resources.extend(find_resource(app, user, &name).await?);
        }
        let graph = find_resource(app, user, &MICROSOFT_GRAPH.app_id.to_string()).await?;
        Ok(Self {
            asked,
            application,
            user,
            principal,
            resources,
            graph,
            assignments,
            grants,
        })
    }

    /// What a consent would grant.
    ///
    /// # Errors
    /// A scope that no resource offers, or nothing at all to consent to.
    pub(crate) fn plan(&self) -> Result<ConsentPlan<'_>, AadError> {
        let client = self.principal.as_ref().map(|principal| principal.id);
        let required = &self.application.required_resource_access;
        match &self.asked {
            Asked::Registered(openid) => Ok(ConsentPlan {
                openid: openid.clone(),
                ..self.registered()
            }),
            Asked::Scopes(scopes) => {
                let resource = match &scopes.resource {
                    Some(named) => self
                        .resources
                        .first()
                        .ok_or_else(|| AadError::ResourceNotFound(named.resource.clone()))?,
                    None => self.graph.as_ref().ok_or(AadError::ConsentMissing)?,
                };
                let facts = ScopeFacts {
                    resource,
                    client,
                    user: self.user.id,
                    required,
                    grants: &self.grants,
                    is_first_party: false,
                };
                plan_scopes(scopes, facts)
            }
        }
    }

    fn registered(&self) -> ConsentPlan<'_> {
        plan_admin_consent(
            &self.application.required_resource_access,
            &self.resources,
            self.principal.as_ref().map(|principal| principal.id),
            &self.assignments,
            &self.grants,
        )
    }

    /// What the application registered and was not granted for everyone yet.
    pub(crate) fn missing(&self) -> ConsentPlan<'_> {
        self.registered().missing()
    }

    /// Grants for everyone what is [missing](Self::missing), where the person may; `mark`
    /// is that of what the person was shown. Where nothing is missing, nothing changes.
    ///
    /// # Errors
    /// [`ApprovalError`]; then nothing is granted.
    pub(crate) async fn approve(
        &self,
        app: &App,
        mark: &str,
        context: &RequestContext,
    ) -> Result<(), ApprovalError> {
        let plan = self.missing();
        if plan.is_empty() {
            return Ok(());
        }
        let record = AuditRecord::new(&self.user.upn, "consent.give", &self.application.app_id)
            .at(context.now)
            .from(context.origin());
        if !plan.may_be_approved_by(self.user) {
            let record = record.refused(AadError::AdminConsentRequired.wire().code);
            app.audit.keep(Some(self.user.tenant), record).await?;
            return Err(ApprovalError::NotAllowed);
        }
        if mark != plan.mark() {
            return Err(ApprovalError::Changed);
        }
        let everyone = ConsentType::AllPrincipals;
        match self.give(app, &plan, everyone, context.now, record).await {
            // Somebody else granted or deleted something meanwhile.
            Err(StoreError::Conflict(_)) => Err(ApprovalError::Changed),
            outcome => Ok(outcome?),
        }
    }

    /// Grants what the plan of this proposal holds.
    pub(crate) async fn give(
        &self,
        app: &App,
        plan: &ConsentPlan<'_>,
        consent_type: ConsentType,
        now: Timestamp,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        let roles: Vec<(ObjectId, KeyId)> = plan.new_assignments().collect();
        let mut scopes: Vec<(ObjectId, Vec<String>)> = Vec::new();
        let mut add = |resource: ObjectId, scope: &str| {
            let present = scopes.iter_mut().find(|(found, _)| *found == resource);
            match present {
                Some((_, values)) => values.push(scope.to_owned()),
                None => scopes.push((resource, vec![scope.to_owned()])),
            }
        };
        for (resource, scope) in plan.new_scopes() {
            add(resource, scope);
        }
        if let Some(graph) = &self.graph {
            for scope in &plan.openid {
                add(graph.service_principal.id, scope);
            }
        }
        let consent = Consent {
            tenant: self.user.tenant,
            client: self.application.app_id,
            consent_type,
            roles,
            scopes,
            now,
        };
        let record = record.detail(described(plan, consent_type));
        app.store.give_consent(consent, record).await.map(drop)
    }
}

/// What was granted and for whom, in the audit's words.
fn described(plan: &ConsentPlan<'_>, consent_type: ConsentType) -> String {
    let roles = plan.roles.iter().map(|one| {
        let value = one.role.value.as_deref().unwrap_or_default();
        format!("role {value}")
    });
    let scopes = plan.scopes.iter();
    let scopes = scopes.map(|one| format!("scope {}", one.scope.value));
    let openid = plan.openid.iter().map(|name| format!("scope {name}"));
    let all: Vec<_> = roles.chain(scopes).chain(openid).collect();
    let whom = match consent_type {
        ConsentType::AllPrincipals => "everyone",
        ConsentType::Principal(_) => "oneself",
    };
    format!("for {whom}: {}", all.join(", "))
}
