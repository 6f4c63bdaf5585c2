//! The client-credentials grant.

use casbah_identity::answer::TokenAnswer;
use casbah_identity::client_credentials::{
    ClientCredentials, ClientFacts, authorize_client_credentials,
};
use casbah_model::ids::TenantId;

use super::Asked;
use super::client::{issuer_keys, proof_facts, spend};
use super::error::TokenError;
use super::told::Told;
use crate::identity::context::RequestContext;
use crate::identity::resources;
use crate::state::App;

/// Decides and signs.
pub(super) async fn grant(
    app: &App,
    tenant: TenantId,
    asked: &Asked,
    resource_name: &str,
    context: &RequestContext,
    told: &mut Told,
) -> Result<TokenAnswer, TokenError> {
    let origin = app.authority.origin();
    let resource_id = resources::app_id_of(&app.store, tenant, resource_name, origin).await?;
    let facts = app
        .store
        .token_facts(tenant, asked.client.app_id, resource_id)
        .await?;
    let resource = resource_id.and_then(|id| {
        let principal = facts.resource_principal.clone();
        resources::resource(id, principal, facts.resource_application.clone())
    });
    let application = facts.application.as_ref();
    // For who may not act here anyway, nobody else is called.
    let is_enabled = facts.principal.as_ref().is_some_and(|one| one.enabled);
    let trusting = application.filter(|_| is_enabled);
    let keys = issuer_keys(app, asked, trusting, context.now).await;
    let grant = authorize_client_credentials(
        ClientCredentials {
            endpoint: asked.endpoint,
            client: &asked.client,
            resource: resource_name,
        },
        ClientFacts {
            tenant,
            application,
            service_principal: facts.principal.as_ref(),
            proof: proof_facts(app, asked, application, &facts.secrets, keys.as_deref()),
            resource: resource.as_ref(),
            assignments: &facts.assignments,
        },
        &app.authority,
        casbah_token::token_id()?,
        context.now,
    )?;
    told.proven = Some(grant.proven.clone());
    spend(app, asked, application, context.now).await?;
    let key = app.keys.signer(context.now).ok_or(TokenError::NoKey)?;
    Ok(grant.answer(key.sign_access(&grant.token)?))
}
