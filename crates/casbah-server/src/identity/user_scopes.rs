//! Which scopes a client gets for a person.

use casbah_identity::AadError;
use casbah_identity::consent::{ScopeDecision, ScopeFacts, SignInFacts, decide_scopes};
use casbah_identity::request::{DelegatedScopes, OpenIdScopes, ResourceScopes, Wanted};
use casbah_identity::resource::Resource;
use casbah_model::identity::{Application, MICROSOFT_GRAPH, RequestedResource, User};
use casbah_model::ids::AppId;
use casbah_store::StoreError;

use super::resources;
use crate::state::App;

/// What a client gets for a person.
pub(crate) struct UserScopes {
    /// The resource; Microsoft Graph where only OpenID's scopes were asked.
    pub(crate) resource: Resource,
    /// The resource and scopes as the client named them.
    pub(crate) requested: ResourceScopes,
    /// Values of the resource's scopes.
    pub(crate) granted: Vec<String>,
}

impl UserScopes {
    /// OpenID's scopes and the resource's, as a stored grant remembers them.
    pub(crate) fn names(&self, openid: OpenIdScopes) -> Vec<String> {
        let openid = openid.names().into_iter().map(str::to_owned);
        openid.chain(self.granted.iter().cloned()).collect()
    }

    /// The resource as a stored grant remembers it; none where no resource was asked for.
    pub(crate) fn stored_resource(&self, asked: &DelegatedScopes) -> Option<RequestedResource> {
        asked.resource.as_ref().map(|named| RequestedResource {
            requested: named.resource.clone(),
            app_id: self.resource.app_id,
        })
    }
}

/// Decides with what the tenant has granted by now. `application` is the client's
/// registration; none for a part of the server.
pub(crate) async fn decide(
    app: &App,
    user: &User,
    client: AppId,
    application: Option<&Application>,
    scopes: &DelegatedScopes,
) -> Result<Result<UserScopes, AadError>, StoreError> {
    let principal = app
        .store
        .service_principal_by_app_id(user.tenant, client)
        .await?;
    let grants = match &principal {
        Some(principal) => {
            app.store
                .consent_grants(user.tenant, Some(principal.id))
                .await?
        }
        None => Vec::new(),
    };
    let sign_in = SignInFacts {
        client,
        application,
        principal: principal.as_ref(),
        user,
        grants: &grants,
    };
    if let Err(refusal) = sign_in.check_presence() {
        return Ok(Err(refusal));
    }
    if let Some(principal) = &principal
        && principal.app_role_assignment_required
    {
        let held = app.store.assignments_of(user.tenant, user.id).await?;
        if !held.iter().any(|held| held.resource_id == principal.id) {
            return Ok(Err(AadError::UserRoleRequired));
        }
    }
    let requested = scopes.resource.clone().unwrap_or_else(|| ResourceScopes {
        resource: MICROSOFT_GRAPH.app_id.to_string(),
        wanted: Wanted::Named(Vec::new()),
    });
    let Some(resource) = find_resource(app, user, &requested.resource).await? else {
        return Ok(Err(AadError::ResourceNotFound(requested.resource)));
    };
    if scopes.resource.is_none() {
        return Ok(sign_in.check_consent().map(|()| UserScopes {
            resource,
            requested,
            granted: Vec::new(),
        }));
    }
    let facts = ScopeFacts {
        resource: &resource,
        client: principal.as_ref().map(|principal| principal.id),
        user: user.id,
        required: application.map_or(&[], |application| &application.required_resource_access),
        grants: &grants,
        is_first_party: application.is_none(),
    };
    Ok(match decide_scopes(&requested, facts) {
        Ok(ScopeDecision::Granted(granted)) => Ok(UserScopes {
            resource,
            requested,
            granted,
        }),
        Ok(ScopeDecision::NeedsConsent { .. }) => Err(AadError::ConsentMissing),
        Err(refusal) => Err(refusal),
    })
}

/// The resource of this name in the person's tenant, unless it is switched off there.
pub(crate) async fn find_resource(
    app: &App,
    user: &User,
    name: &str,
) -> Result<Option<Resource>, StoreError> {
    let origin = app.authority.origin();
    let Some(id) = resources::app_id_of(&app.store, user.tenant, name, origin).await? else {
        return Ok(None);
    };
    let facts = app.store.token_facts(user.tenant, id, Some(id)).await?;
    let found = resources::resource(
        id,
        facts.resource_principal.clone(),
        facts.resource_application.clone(),
    );
    Ok(found.filter(|resource| resource.service_principal.enabled))
}
