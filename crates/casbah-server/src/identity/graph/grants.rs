//! `/oauth2PermissionGrants`: delegated scopes that were consented to.

use casbah_identity::consent::spelled_scopes;
use casbah_model::identity::{ConsentGrant, ConsentType};
use casbah_model::ids::ObjectId;
use casbah_store::{Conflict, StoreError};
use serde::Deserialize;

use super::body;
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use super::service_principals::{find, resource};
use super::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    client_id: ObjectId,
    consent_type: String,
    principal_id: Option<ObjectId>,
    resource_id: ObjectId,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct Changes {
    scope: String,
}

/// `GET /oauth2PermissionGrants`
pub(super) async fn list(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let store = &call.app.store;
    let all = store.consent_grants(call.caller.tenant.id, None).await?;
    page(call, all)
}

/// `GET /servicePrincipals/{id}/oauth2PermissionGrants`
pub(super) async fn list_of(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let client = find(call, key).await?;
    let store = &call.app.store;
    let all = store.consent_grants(client.tenant, Some(client.id)).await?;
    page(call, all)
}

/// `POST /oauth2PermissionGrants`
pub(super) async fn create(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::GrantScopes)?;
    let new: New = body::read(&call.body)?;
    let tenant = call.caller.tenant.id;
    let store = &call.app.store;
    find(call, &new.client_id.to_string()).await?;
    let scopes = spelled(call, new.resource_id, &new.scope).await?;
    let consent_type = match (new.consent_type.as_str(), new.principal_id) {
        ("AllPrincipals", None) => ConsentType::AllPrincipals,
        ("Principal", Some(person)) => {
            let user = store.user(tenant, person).await?;
            user.ok_or_else(|| GraphError::NotFound(person.to_string()))?;
            ConsentType::Principal(person)
        }
        _ => {
            return Err(GraphError::Invalid(
                "consentType must be AllPrincipals, or Principal with a principalId.".to_owned(),
            ));
        }
    };
    let grant = ConsentGrant {
        id: ObjectId::random(),
        tenant,
        client_id: new.client_id,
        consent_type,
        resource_id: new.resource_id,
        scopes,
        created: call.context.now,
    };
    let scope = grant.scopes.join(" ");
    let target = format!("{} {} {scope}", new.client_id, new.resource_id);
    let record = call.record("scope.grant", &target);
    match store.create_consent_grant(grant.clone(), record).await {
        Err(StoreError::Conflict(Conflict::Exists)) => {
            return Err(GraphError::Exists(
                "Permission entry already exists.".to_owned(),
            ));
        }
        outcome => outcome?,
    }
    Ok(Reply::Created(wire::grant(&grant)))
}

/// `PATCH /oauth2PermissionGrants/{id}`
pub(super) async fn change(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::GrantScopes)?;
    let grant = one(call, key).await?;
    let changes: Changes = body::read(&call.body)?;
    let scopes = spelled(call, grant.resource_id, &changes.scope).await?;
    let record = call.record("scope.change", &format!("{key} {}", scopes.join(" ")));
    let store = &call.app.store;
    let is_there = store
        .set_granted_scopes(grant.tenant, grant.id, scopes, record)
        .await?;
    done(is_there, key)
}

/// `DELETE /oauth2PermissionGrants/{id}`
pub(super) async fn delete(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::GrantScopes)?;
    let grant = one(call, key).await?;
    let record = call.record("scope.revoke", &grant.id);
    let store = &call.app.store;
    let is_there = store
        .delete_consent_grant(grant.tenant, grant.id, record)
        .await?;
    done(is_there, key)
}

/// The grant may have gone since it was found.
fn done(is_there: bool, key: &str) -> Result<Reply, GraphError> {
    if is_there {
        Ok(Reply::Done)
    } else {
        Err(GraphError::NotFound(key.to_owned()))
    }
}

async fn one(call: &Call<'_>, key: &str) -> Result<ConsentGrant, GraphError> {
    let missing = || GraphError::NotFound(key.to_owned());
    let id: ObjectId = key.parse().map_err(|_| missing())?;
    let store = &call.app.store;
    let found = store.consent_grant(call.caller.tenant.id, id).await?;
    found.ok_or_else(missing)
}

/// The words of `scope` as the resource spells them.
async fn spelled(
    call: &Call<'_>,
    resource_id: ObjectId,
    scope: &str,
) -> Result<Vec<String>, GraphError> {
    let missing = || GraphError::NotFound(resource_id.to_string());
    let principal = find(call, &resource_id.to_string()).await?;
    let resource = resource(call, principal).await?.ok_or_else(missing)?;
    spelled_scopes(scope, &resource)
        .map_err(|error| GraphError::Invalid(format!("The scope cannot be granted: {error}.")))
}

fn page(call: &Call<'_>, all: Vec<ConsentGrant>) -> Result<Reply, GraphError> {
    let kept = call.options.keep(all, |grant, name| match name {
        "clientid" => Some(vec![grant.client_id.to_string()]),
        "resourceid" => Some(vec![grant.resource_id.to_string()]),
        "consenttype" => Some(vec![
            match grant.consent_type {
                ConsentType::AllPrincipals => "AllPrincipals",
                ConsentType::Principal(_) => "Principal",
            }
            .to_owned(),
        ]),
        _ => None,
    })?;
    let authority = &call.app.authority;
    let page = call
        .options
        .page(authority, "oauth2PermissionGrants", &kept, wire::grant);
    Ok(Reply::Ok(page))
}
