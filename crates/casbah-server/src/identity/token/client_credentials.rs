//! The client-credentials grant.

use casbah_identity::answer::TokenAnswer;
use casbah_identity::client_credentials::{
    ClientCredentials, ClientFacts, authorize_client_credentials,
};
use casbah_identity::proof::ProofFacts;
use casbah_model::ids::TenantId;

use super::Asked;
use super::error::TokenError;
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
    let grant = authorize_client_credentials(
        ClientCredentials {
            endpoint: asked.endpoint,
            client: &asked.client,
            resource: resource_name,
        },
        ClientFacts {
            tenant,
            application: facts.application.as_ref(),
            service_principal: facts.principal.as_ref(),
            proof: ProofFacts {
                secrets: &facts.secrets,
                certificates: facts
                    .application
                    .as_ref()
                    .map_or(&[], |application| &application.key_credentials),
                peppers: &app.peppers,
                place: &asked.place,
            },
            resource: resource.as_ref(),
            assignments: &facts.assignments,
        },
        &app.authority,
        casbah_token::token_id()?,
        context.now,
    )?;
    let key = app.keys.signer(context.now).ok_or(TokenError::NoKey)?;
    Ok(grant.answer(key.sign_access(&grant.token)?))
}
