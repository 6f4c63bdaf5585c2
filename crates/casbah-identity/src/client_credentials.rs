//! The decision on a client-credentials request (RFC 6749 section 4.4).

use casbah_model::identity::{AppRoleAssignment, Application, MemberType, ServicePrincipal};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;
use casbah_token::{AccessToken, Client, Life, Subject};

use crate::answer::{TOKEN_SECONDS, TokenAnswer};
use crate::authority::Authority;
use crate::error::AadError;
use crate::proof::{ProofFacts, Proven, check_assertion, check_secret};
use crate::request::{Credential, Endpoint, PresentedClient};
use crate::resource::Resource;

/// What the server fetched for the decision. Whatever does not exist is absent
/// or empty; nothing here is judged yet.
#[derive(Debug, Clone, Copy)]
pub struct ClientFacts<'a> {
    /// The tenant that the address names.
    pub tenant: TenantId,
    /// The application, wherever it is registered.
    pub application: Option<&'a Application>,
    /// The application's service principal in this tenant.
    pub service_principal: Option<&'a ServicePrincipal>,
    /// What the application's proof is checked against.
    pub proof: ProofFacts<'a>,
    /// The resource that the request names, in this tenant.
    pub resource: Option<&'a Resource>,
    /// Assignments of the service principal to the resource.
    pub assignments: &'a [AppRoleAssignment],
}

/// A request to decide on.
#[derive(Debug, Clone, Copy)]
pub struct ClientCredentials<'a> {
    /// Which endpoint was asked.
    pub endpoint: Endpoint,
    /// Who asks.
    pub client: &'a PresentedClient,
    /// For which resource, as named.
    pub resource: &'a str,
}

/// Yes: the token to sign, and how to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token to sign.
    pub token: AccessToken,
    /// By what the client proved itself.
    pub proven: Proven,
    endpoint: Endpoint,
    resource: String,
}

impl Grant {
    /// The answer's body with the signed token.
    pub fn answer(&self, access_token: String) -> TokenAnswer {
        TokenAnswer::for_app(self.endpoint, &self.resource, self.token.life, access_token)
    }
}

/// Decides, in the order of the original: application, its presence in the
/// tenant, its proof, then the resource and the roles.
///
/// `token_id` is the new token's `uti`, see [`casbah_token::token_id`].
///
/// # Errors
/// [`AadError`], named for the first thing that stands against it.
pub fn authorize_client_credentials(
    request: ClientCredentials<'_>,
    facts: ClientFacts<'_>,
    authority: &Authority,
    token_id: String,
    now: Timestamp,
) -> Result<Grant, AadError> {
    let app_id = request.client.app_id;
    let principal = check_presence(app_id, facts)?;
    let proven = check_credential(request.client, facts.proof, now)?;
    let resource = facts
        .resource
        .filter(|resource| resource.service_principal.enabled)
        .ok_or_else(|| AadError::ResourceNotFound(request.resource.to_owned()))?;
    let roles = resource.roles_of(principal.id, MemberType::Application, facts.assignments);
    if roles.is_empty() && resource.service_principal.app_role_assignment_required {
        return Err(AadError::RoleRequired);
    }
    let token = AccessToken {
        version: resource.token_version,
        audience: resource.audience(request.resource),
        issuer: authority.issuer(resource.token_version, facts.tenant),
        tenant: facts.tenant.to_string(),
        client: Client {
            id: app_id.to_string(),
            auth: proven.auth(),
        },
        subject: Subject::App {
            object_id: principal.id.to_string(),
        },
        roles,
        life: Life::starting(now.seconds(), TOKEN_SECONDS),
        token_id,
    };
    Ok(Grant {
        token,
        proven,
        endpoint: request.endpoint,
        resource: request.resource.to_owned(),
    })
}

/// The application's service principal, if the application may be used here.
fn check_presence(app_id: AppId, facts: ClientFacts<'_>) -> Result<&ServicePrincipal, AadError> {
    let application = facts
        .application
        .filter(|application| application.deleted.is_none())
        .filter(|application| application.is_offered_to(facts.tenant))
        .ok_or_else(|| AadError::ApplicationNotFound(app_id.to_string()))?;
    let principal = facts.service_principal.ok_or_else(|| {
        if application.tenant == facts.tenant {
            AadError::NoServicePrincipal(app_id.to_string())
        } else {
            AadError::ApplicationNotFound(app_id.to_string())
        }
    })?;
    if principal.enabled {
        Ok(principal)
    } else {
        Err(AadError::ApplicationDisabled(app_id.to_string()))
    }
}

fn check_credential(
    client: &PresentedClient,
    facts: ProofFacts<'_>,
    now: Timestamp,
) -> Result<Proven, AadError> {
    match &client.credential {
        Credential::None => Err(AadError::NoClientCredential),
        Credential::Secret(secret) => check_secret(client.app_id, secret, facts, now),
        Credential::Assertion(assertion) => check_assertion(client.app_id, assertion, facts, now),
    }
}

#[cfg(test)]
mod tests;
