//! Sign-in through a company's own provider (OpenID Connect): which providers a tenant may
//! have, what is asked of one, and whom its answer means.

mod answer;
mod id_token;
mod metadata;
mod person;
mod request;

use casbah_model::identity::{IdentityProvider, NameClaim, ParseNameClaimError, Tenant};
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;

use crate::federated::is_issuer;

pub use answer::ProviderAnswer;
pub use id_token::{ExpectedToken, IdTokenRefusal, ProvenPerson, SignInAge, verify_id_token};
pub use metadata::{ClientMethod, MetadataProblem, ProviderMetadata};
pub use person::{NameRefusal, domain_of, is_required, name_of, new_person};
pub use request::{
    Ask, AuthorizationRequest, BeginError, NewSignIn, begin, begun, secret_place, state_tenant,
    verifier,
};

/// The scopes where nobody says others.
const DEFAULT_SCOPES: [&str; 3] = ["openid", "profile", "email"];
/// The longest name, characters.
const MAX_NAME: usize = 120;
/// The longest other text, characters.
const MAX_TEXT: usize = 600;
/// The most scopes.
const MAX_SCOPES: usize = 20;

/// What is said of a provider; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ProviderChanges {
    /// The name that people read.
    pub display_name: Option<String>,
    /// `iss` of its tokens.
    pub issuer: Option<String>,
    /// The id of the tenant's client there.
    pub client_id: Option<String>,
    /// The scopes to ask for, with spaces between them.
    pub scope: Option<String>,
    /// The claim that names people.
    pub name_claim: Option<String>,
    /// The domains whose people must sign in there.
    pub domains: Option<Vec<String>>,
    /// Whether unknown people are created.
    pub creates_people: Option<bool>,
    /// Whether anybody may sign in there.
    pub enabled: Option<bool>,
}

/// Why a provider cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    /// A value is missing or wrong; says which.
    #[error("{0}")]
    Invalid(&'static str),
    /// The claim cannot name people.
    #[error(transparent)]
    NameClaim(#[from] ParseNameClaimError),
    /// A domain is none of the tenant's.
    #[error("{0} is no domain of the tenant")]
    Domain(String),
}

/// A new provider of a tenant.
///
/// # Errors
/// [`ProviderRefusal`]
pub fn new_provider(
    tenant: &Tenant,
    id: ObjectId,
    changes: ProviderChanges,
    now: Timestamp,
) -> Result<IdentityProvider, ProviderRefusal> {
    let new = IdentityProvider {
        id,
        tenant: tenant.id,
        display_name: String::new(),
        issuer: changes.issuer.clone().unwrap_or_default(),
        client_id: String::new(),
        scopes: DEFAULT_SCOPES.map(str::to_owned).to_vec(),
        name_claim: NameClaim::default(),
        domains: Vec::new(),
        creates_people: false,
        enabled: true,
        created: now,
    };
    change_provider(tenant, new, changes)
}

/// The provider with these changes.
///
/// # Errors
/// [`ProviderRefusal`]
pub fn change_provider(
    tenant: &Tenant,
    mut one: IdentityProvider,
    changes: ProviderChanges,
) -> Result<IdentityProvider, ProviderRefusal> {
    let invalid = ProviderRefusal::Invalid;
    // Subjects are names that an issuer gave: under another they would mean other people.
    if changes.issuer.is_some_and(|issuer| issuer != one.issuer) {
        return Err(invalid(
            "the issuer cannot be changed: delete the provider and add another",
        ));
    }
    one.display_name = changes.display_name.unwrap_or(one.display_name);
    one.client_id = changes.client_id.unwrap_or(one.client_id);
    one.creates_people = changes.creates_people.unwrap_or(one.creates_people);
    one.enabled = changes.enabled.unwrap_or(one.enabled);
    if let Some(scope) = changes.scope {
        one.scopes = scopes(&scope)?;
    }
    if let Some(claim) = changes.name_claim {
        one.name_claim = claim.parse()?;
    }
    if let Some(domains) = changes.domains {
        one.domains = own_domains(tenant, &domains)?;
    }
    if !is_text(&one.display_name, MAX_NAME) {
        return Err(invalid(
            "the display name must have 1 to 120 characters, and no white space around them",
        ));
    }
    if !is_text(&one.issuer, MAX_TEXT) || !is_issuer(&one.issuer) {
        return Err(invalid(
            "the issuer must be an https address without a query, as the tokens have it",
        ));
    }
    if !is_text(&one.client_id, MAX_TEXT) {
        return Err(invalid(
            "the client id must have 1 to 600 characters, and no white space around them",
        ));
    }
    Ok(one)
}

/// Whether a secret can be one.
///
/// # Errors
/// [`ProviderRefusal::Invalid`]
pub fn check_secret(secret: &str) -> Result<(), ProviderRefusal> {
    if is_text(secret, MAX_TEXT) {
        return Ok(());
    }
    Err(ProviderRefusal::Invalid(
        "the client secret must have 1 to 600 characters, and no white space around them",
    ))
}

/// What is invisible is never in a name or a secret on purpose.
fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count())
        && text.trim() == text
        && !text.contains(char::is_control)
}

/// Scopes as a request has them (RFC 6749 section 3.3), `openid` among them.
fn scopes(text: &str) -> Result<Vec<String>, ProviderRefusal> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
        if !scopes.iter().any(|one| one == scope) {
            scopes.push(scope.to_owned());
        }
    }
    let is_scope = |scope: &String| {
        let mut bytes = scope.bytes();
        bytes.all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    let is_good = scopes.len() <= MAX_SCOPES
        && text.len() <= MAX_TEXT
        && scopes.iter().all(is_scope)
        && scopes.iter().any(|scope| scope == "openid");
    if is_good {
        return Ok(scopes);
    }
    Err(ProviderRefusal::Invalid(
        "the scope must have openid in it, and names with spaces between them",
    ))
}

/// Domains of the tenant's own, each once.
fn own_domains(tenant: &Tenant, wanted: &[String]) -> Result<Vec<String>, ProviderRefusal> {
    let mut domains = Vec::new();
    for domain in wanted {
        let own = tenant.domains.iter();
        let own = own.clone().find(|own| own.eq_ignore_ascii_case(domain));
        let own = own.ok_or_else(|| ProviderRefusal::Domain(domain.clone()))?;
        let own = own.to_lowercase();
        if !domains.contains(&own) {
            domains.push(own);
        }
    }
    Ok(domains)
}

#[cfg(test)]
mod tests;
