//! `…/owners`: who may manage an application or a service principal without a role.

use casbah_model::ids::{ObjectId, TenantId};
use casbah_store::{Conflict, StoreError};
use serde::Deserialize;

use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::objects::{self, foreign_principal, managed_application};
use super::reply::Reply;
use super::{applications, body, service_principals};

/// Collections whose objects may be named as owners.
const COLLECTIONS: [&str; 3] = ["directoryobjects", "users", "serviceprincipals"];

/// Whose owners a path is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owned {
    /// `/applications/{id}`
    Application,
    /// `/servicePrincipals/{id}`
    ServicePrincipal,
}

impl Owned {
    async fn seen(self, call: &Call<'_>, key: &str) -> Result<ObjectId, GraphError> {
        call.caller.require(Right::Read)?;
        Ok(match self {
            Self::Application => applications::find(call, key).await?.id,
            Self::ServicePrincipal => service_principals::find(call, key).await?.id,
        })
    }

    async fn managed(self, call: &Call<'_>, key: &str) -> Result<ObjectId, GraphError> {
        Ok(match self {
            Self::Application => managed_application(call, key).await?.id,
            Self::ServicePrincipal => foreign_principal(call, key).await?.id,
        })
    }

    const fn actions(self) -> (&'static str, &'static str) {
        match self {
            Self::Application => ("application.add_owner", "application.remove_owner"),
            Self::ServicePrincipal => (
                "service_principal.add_owner",
                "service_principal.remove_owner",
            ),
        }
    }
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "@odata.id")]
    id: String,
}

/// `GET …/owners`
pub(super) async fn list(call: &Call<'_>, of: Owned, key: &str) -> Result<Reply, GraphError> {
    let id = of.seen(call, key).await?;
    let store = &call.app.store;
    let owners = store.owners(call.caller.tenant.id, id).await?;
    objects::page(call, &owners).await
}

/// `POST …/owners/$ref`
pub(super) async fn add(call: &Call<'_>, of: Owned, key: &str) -> Result<Reply, GraphError> {
    let id = of.managed(call, key).await?;
    let reference: Reference = body::read(&call.body)?;
    let owner = referred(&reference.id)
        .ok_or_else(|| GraphError::Invalid(format!("'{}' names no object.", reference.id)))?;
    let tenant = call.caller.tenant.id;
    check_kind(call, tenant, owner).await?;
    let record = call.record(of.actions().0, &format!("{id} {owner}"));
    match call.app.store.add_owner(tenant, id, owner, record).await {
        Err(StoreError::Conflict(Conflict::Exists)) => Err(GraphError::Invalid(
            "One or more added object references already exist for the following modified \
             properties: 'owners'."
                .to_owned(),
        )),
        outcome => {
            outcome?;
            Ok(Reply::Done)
        }
    }
}

/// `DELETE …/owners/{owner}/$ref`
pub(super) async fn remove(
    call: &Call<'_>,
    of: Owned,
    key: &str,
    owner: &str,
) -> Result<Reply, GraphError> {
    let id = of.managed(call, key).await?;
    let missing = || GraphError::NotFound(owner.to_owned());
    let owner: ObjectId = owner.parse().map_err(|_| missing())?;
    let record = call.record(of.actions().1, &format!("{id} {owner}"));
    let tenant = call.caller.tenant.id;
    let store = &call.app.store;
    if store.remove_owner(tenant, id, owner, record).await? {
        Ok(Reply::Done)
    } else {
        Err(missing())
    }
}

/// Only who can act can own: people and service principals.
async fn check_kind(call: &Call<'_>, tenant: TenantId, owner: ObjectId) -> Result<(), GraphError> {
    let store = &call.app.store;
    if store.user(tenant, owner).await?.is_some()
        || store.service_principal(tenant, owner).await?.is_some()
    {
        Ok(())
    } else {
        Err(GraphError::NotFound(owner.to_string()))
    }
}

/// The id at the end of an address like `HOST/v1.0/directoryObjects/{id}`.
fn referred(address: &str) -> Option<ObjectId> {
    let (collection, id) = address.rsplit_once('/')?;
    let collection = collection
        .rsplit_once('/')
        .map_or(collection, |(_, last)| last);
    COLLECTIONS
        .iter()
        .any(|known| collection.eq_ignore_ascii_case(known))
        .then(|| id.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_addresses_of_objects() {
        let id = "7d4bd1c6-7a1f-4f7e-9d55-6f0c4c7c1b0a";
        for (address, is_good) in [
            (
                format!("https://localhost:8443/v1.0/directoryObjects/{id}"),
                true,
            ),
            (format!("https://localhost:8443//v1.0/users/{id}"), true),
            (format!("directoryobjects/{id}"), true),
            (format!("https://localhost:8443/v1.0/groups/{id}"), false),
            (
                "https://localhost:8443/v1.0/directoryObjects/x".to_owned(),
                false,
            ),
            (id.to_owned(), false),
        ] {
            assert_eq!(referred(&address).is_some(), is_good, "{address}");
        }
    }
}
