//! Which providers a sign-in may go through.

use casbah_identity::identity_provider::{domain_of, is_required};
use casbah_model::identity::{IdentityProvider, Tenant};
use casbah_model::ids::ObjectId;
use casbah_store::StoreError;

use crate::portal::sign_in::flow::Flow;
use crate::state::App;

/// What the page with the password offers beside it.
pub(in crate::portal::sign_in) struct Offers {
    /// Where the choice is sent.
    pub(in crate::portal::sign_in) action: String,
    /// The providers of the tenant in the address.
    pub(in crate::portal::sign_in) providers: Vec<IdentityProvider>,
    /// Whether the typed name decides which provider it is.
    pub(in crate::portal::sign_in) is_by_name: bool,
}

impl Offers {
    /// What a request's page offers. Where the address names no tenant, the name does.
    pub(in crate::portal::sign_in) async fn of(app: &App, flow: &Flow) -> Result<Self, StoreError> {
        let (providers, is_by_name) = match flow.tenant.one() {
            Some(tenant) => (enabled(app, tenant).await?, false),
            None => (Vec::new(), app.store.has_identity_providers().await?),
        };
        Ok(Self {
            action: flow.provider_address(),
            providers,
            is_by_name,
        })
    }
}

/// The provider at which the person of this name must sign in.
pub(in crate::portal::sign_in) async fn required(
    app: &App,
    tenant: Option<&Tenant>,
    username: &str,
) -> Result<Option<IdentityProvider>, StoreError> {
    let (Some(tenant), Some(domain)) = (tenant, domain_of(username)) else {
        return Ok(None);
    };
    let mut all = enabled(app, tenant).await?.into_iter();
    Ok(all.find(|one| is_required(one, domain)))
}

/// The provider that was chosen: by its id, by the name's domain, or as the tenant's only one.
pub(super) async fn chosen(
    app: &App,
    tenant: Option<&Tenant>,
    id: Option<ObjectId>,
    username: &str,
) -> Result<Option<IdentityProvider>, StoreError> {
    if let Some(required) = required(app, tenant, username).await? {
        return Ok(Some(required));
    }
    let Some(tenant) = tenant else {
        return Ok(None);
    };
    let all = enabled(app, tenant).await?;
    Ok(match (id, <[IdentityProvider; 1]>::try_from(all)) {
        (None, Ok([only])) => Some(only),
        (None, Err(_)) => None,
        (Some(id), Ok([only])) => Some(only).filter(|one| one.id == id),
        (Some(id), Err(all)) => all.into_iter().find(|one| one.id == id),
    })
}

async fn enabled(app: &App, tenant: &Tenant) -> Result<Vec<IdentityProvider>, StoreError> {
    let mut all = app.store.identity_providers(tenant.id).await?;
    all.retain(|one| one.enabled);
    Ok(all)
}
