//! What a client may still do in a tenant, whatever its tokens say.
//!
//! A token tells what was true when it was signed; the API and the directory ask
//! here what is true now.

use casbah_identity::consent::{ScopeFacts, scopes_still_granted};
use casbah_identity::resource::Resource;
use casbah_model::identity::{AppRoleAssignment, FirstPartyApp, MemberType, ServicePrincipal};
use casbah_model::ids::{AppId, ObjectId, TenantId};
use casbah_store::StoreError;

use crate::state::App;

/// A client as a tenant has it by now, before one of our own resources.
pub(crate) struct Standing {
    principal: ServicePrincipal,
    resource: Resource,
    assignments: Vec<AppRoleAssignment>,
    is_first_party: bool,
}

impl Standing {
    /// Finds the client; none if the tenant has switched it off or never had it, or
    /// if its registration is deleted or offered to others only.
    pub(crate) async fn find(
        app: &App,
        tenant: TenantId,
        client: AppId,
        resource: &FirstPartyApp,
    ) -> Result<Option<Self>, StoreError> {
        let facts = app
            .store
            .token_facts(tenant, client, Some(resource.app_id))
            .await?;
        let is_first_party = FirstPartyApp::by_app_id(client).is_some();
        let is_offered = facts
            .application
            .as_ref()
            .is_some_and(|application| application.is_offered_to(tenant));
        let principal = facts.principal.clone();
        let principal = principal.filter(|principal| principal.enabled);
        let resource_principal = facts.resource_principal.clone();
        let (Some(principal), Some(resource_principal)) = (principal, resource_principal) else {
            return Ok(None);
        };
        Ok((is_offered || is_first_party).then(|| Self {
            principal,
            resource: Resource::first_party(resource, resource_principal),
            assignments: facts.assignments.clone(),
            is_first_party,
        }))
    }

    /// The roles that an application holds by itself, if it is the one that
    /// `object_id` of its token names.
    pub(crate) fn roles(&self, object_id: Option<&str>) -> Option<Vec<String>> {
        let is_same = object_id == Some(self.principal.id.to_string().as_str());
        is_same.then(|| {
            self.resource.roles_of(
                self.principal.id,
                MemberType::Application,
                &self.assignments,
            )
        })
    }

    /// Those of a token's scopes that the client still has for the person.
    pub(crate) async fn scopes(
        &self,
        app: &App,
        user: ObjectId,
        claimed: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let tenant = self.principal.tenant;
        let grants = if self.is_first_party {
            Vec::new()
        } else {
            let client = Some(self.principal.id);
            app.store.consent_grants(tenant, client).await?
        };
        let facts = ScopeFacts {
            resource: &self.resource,
            client: Some(self.principal.id),
            user,
            required: &[],
            grants: &grants,
            is_first_party: self.is_first_party,
        };
        Ok(scopes_still_granted(claimed, facts))
    }
}
