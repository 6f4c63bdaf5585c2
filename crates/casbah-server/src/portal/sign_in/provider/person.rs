//! Whom of the tenant a provider's person is.

use casbah_identity::identity_provider::{ProvenPerson, name_of, new_person};
use casbah_model::identity::{IdentityProvider, ProviderLink, Tenant, User};
use casbah_store::AuditRecord;

use super::error::ProviderError;
use crate::identity::context::RequestContext;
use crate::portal::sign_in::error::SignInError;
use crate::state::App;

/// Finds the person whom the provider's subject means. A subject that was seen before means
/// whom it meant then, whatever else the provider says of it by now; a new one is linked to
/// the person of the name that the provider says, and to nobody who has another already.
pub(super) async fn find(
    app: &App,
    tenant: &Tenant,
    provider: &IdentityProvider,
    proven: &ProvenPerson,
    context: &RequestContext,
) -> Result<User, SignInError> {
    let store = &app.store;
    let known = store.provider_link(tenant.id, provider.id, &proven.subject);
    let user = match known.await? {
        Some(link) => {
            let user = store.user(tenant.id, link.user).await?;
            user.ok_or(ProviderError::PersonGone)?
        }
        None => first_time(app, tenant, provider, proven, context).await?,
    };
    if !user.enabled {
        return Err(ProviderError::Disabled.into());
    }
    Ok(user)
}

async fn first_time(
    app: &App,
    tenant: &Tenant,
    provider: &IdentityProvider,
    proven: &ProvenPerson,
    context: &RequestContext,
) -> Result<User, SignInError> {
    let all = app.store.identity_providers(tenant.id).await?;
    let name = name_of(proven, provider, &all, tenant).map_err(ProviderError::Name)?;
    let (user, is_new) = match app.store.user_by_upn(tenant.id, name).await? {
        Some(user) if !user.enabled => return Err(ProviderError::Disabled.into()),
        Some(user) => (user, false),
        None if provider.creates_people => (new_person(proven, name, provider, context.now), true),
        None => return Err(ProviderError::Unknown.into()),
    };
    let link = ProviderLink {
        tenant: tenant.id,
        provider: provider.id,
        subject: proven.subject.clone(),
        user: user.id,
        created: context.now,
    };
    let record = |action, detail| {
        AuditRecord::new(&user.upn, action, &user.id)
            .at(context.now)
            .from(context.origin())
            .detail(detail)
    };
    let by = format!("{} {}", provider.display_name, provider.id);
    let linked = record(
        "identity_provider.link",
        format!("{by}: subject {}", proven.subject),
    );
    let is_linked = if is_new {
        let created = record("user.create", format!("at the first sign-in through {by}"));
        let store = &app.store;
        store
            .create_linked_person(user.clone(), link, [created, linked])
            .await?
    } else {
        app.store.link_person(link, linked).await?
    };
    if is_linked {
        Ok(user)
    } else {
        Err(ProviderError::OtherAccount.into())
    }
}
