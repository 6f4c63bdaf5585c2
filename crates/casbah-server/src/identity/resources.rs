//! Resources as clients name them.

use casbah_identity::resource::Resource;
use casbah_model::identity::{Application, FirstPartyApp, ServicePrincipal};
use casbah_model::ids::{AppId, TenantId};
use casbah_store::{Store, StoreError};

/// The application that a resource's name means in a tenant: a client id or an
/// identifier URI, with or without a slash at the end.
pub(crate) async fn app_id_of(
    store: &Store,
    tenant: TenantId,
    name: &str,
    origin: &str,
) -> Result<Option<AppId>, StoreError> {
    if let Some(app) = FirstPartyApp::by_resource(name, origin) {
        return Ok(Some(app.app_id));
    }
    let name = name.strip_suffix('/').unwrap_or(name);
    if let Ok(app_id) = name.parse() {
        return Ok(Some(app_id));
    }
    store.app_id_of_identifier_uri(tenant, name).await
}

/// The resource, from what the store knows of it in the tenant.
pub(crate) fn resource(
    app_id: AppId,
    principal: Option<ServicePrincipal>,
    application: Option<Application>,
) -> Option<Resource> {
    let principal = principal?;
    match FirstPartyApp::by_app_id(app_id) {
        Some(app) => Some(Resource::first_party(&app, principal)),
        None => Some(Resource::from_application(application?, principal)),
    }
}
