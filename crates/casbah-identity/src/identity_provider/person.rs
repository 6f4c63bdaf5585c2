//! Whom a provider means whose subject was not seen before.

use casbah_model::filter::fold;
use casbah_model::identity::{IdentityProvider, NameClaim, Tenant, User};
use casbah_model::ids::ObjectId;
use casbah_model::time::Timestamp;

use super::id_token::ProvenPerson;

/// The longest sign-in name.
const MAX_NAME: usize = 256;

/// Why a person's name is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameRefusal {
    /// The provider does not say the name, or not that it is the person's.
    #[error("the provider does not say a verified {0} of the person")]
    Missing(NameClaim),
    /// The name is none that a person can have.
    #[error("the name that the provider says is no sign-in name")]
    Form,
    /// The name's domain is none of the tenant's.
    #[error("the name that the provider says is of a domain that is not the tenant's")]
    Domain,
    /// People of the name's domain must sign in elsewhere.
    #[error("people of the name's domain must sign in at another provider")]
    OtherProvider,
}

/// The sign-in name of a person by a provider's words. A provider may speak for a tenant's
/// own domains alone, and not for those whose people must sign in at another of `all` the
/// tenant's providers.
///
/// # Errors
/// [`NameRefusal`]
pub fn name_of<'p>(
    person: &'p ProvenPerson,
    provider: &IdentityProvider,
    all: &[IdentityProvider],
    tenant: &Tenant,
) -> Result<&'p str, NameRefusal> {
    let name = person
        .claimed(provider.name_claim)
        .ok_or(NameRefusal::Missing(provider.name_claim))?;
    if !is_sign_in_name(name) {
        return Err(NameRefusal::Form);
    }
    let domain = domain_of(name).ok_or(NameRefusal::Form)?;
    let is_own = tenant.id == provider.tenant
        && tenant
            .domains
            .iter()
            .any(|own| own.eq_ignore_ascii_case(domain));
    if !is_own {
        return Err(NameRefusal::Domain);
    }
    let is_elsewhere = all
        .iter()
        .any(|one| one.enabled && one.id != provider.id && is_required(one, domain));
    if is_elsewhere {
        return Err(NameRefusal::OtherProvider);
    }
    Ok(name)
}

/// Whether people of a domain must sign in at a provider. Domains are compared folded, as
/// sign-in names are: another spelling of a name must not be a way around the provider.
pub fn is_required(provider: &IdentityProvider, domain: &str) -> bool {
    let folded = fold(domain);
    provider.domains.iter().any(|own| fold(own) == folded)
}

/// The domain of a sign-in name.
pub fn domain_of(name: &str) -> Option<&str> {
    let (local, domain) = name.rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then_some(domain)
}

/// One `@`, and nothing that can be taken for something else: names are compared folded, and
/// a letter such as the Kelvin sign folds to the `k` of another person's name.
fn is_sign_in_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.matches('@').count() == 1
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && fold(text) == text.to_ascii_lowercase()
}

/// A person whom a provider brings into the tenant: without a role, and without a password.
pub fn new_person(
    person: &ProvenPerson,
    name: &str,
    provider: &IdentityProvider,
    now: Timestamp,
) -> User {
    User {
        id: ObjectId::random(),
        tenant: provider.tenant,
        upn: name.to_owned(),
        display_name: person
            .display_name
            .clone()
            .unwrap_or_else(|| name.to_owned()),
        roles: [].into(),
        enabled: true,
        password: None,
        must_change_password: false,
        created: now,
        // There is nothing to end.
        sign_ins_from: Timestamp(0),
        tokens_from: 0,
    }
}
