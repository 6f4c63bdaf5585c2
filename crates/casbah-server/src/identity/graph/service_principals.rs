//! `/servicePrincipals`: applications as the tenant has them.

use casbah_identity::resource::Resource;
use casbah_model::identity::{Application, FirstPartyApp, ServicePrincipal};
use casbah_model::ids::{AppId, ObjectId};
use casbah_store::{ApplicationQuery, Conflict, StoreError};
use serde::Deserialize;
use serde_json::Value;

use super::applications;
use super::body;
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::objects::{foreign_principal, managed_principal};
use super::reply::Reply;
use super::wire;
use crate::identity::resources;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    app_id: AppId,
    account_enabled: Option<bool>,
    app_role_assignment_required: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    account_enabled: Option<bool>,
    app_role_assignment_required: Option<bool>,
}

/// `GET /servicePrincipals`
pub(super) async fn list(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let tenant = call.caller.tenant.id;
    let query = ApplicationQuery::default();
    let all = call.app.store.service_principals(tenant, query).await?;
    let mut objects = Vec::new();
    for principal in &all {
        objects.push(object(call, principal).await?);
    }
    let kept = call.options.keep(objects, property)?;
    let authority = &call.app.authority;
    Ok(Reply::Ok(call.options.page(
        authority,
        "servicePrincipals",
        &kept,
        Value::clone,
    )))
}

/// `GET /servicePrincipals/{id}`
pub(super) async fn show(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let principal = find(call, key).await?;
    let object = object(call, &principal).await?;
    Ok(Reply::Ok(call.options.select(object)))
}

/// `POST /servicePrincipals`: brings an application into the tenant. It has no
/// permission by that.
pub(super) async fn create(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Register)?;
    let new: New = body::read(&call.body)?;
    let (tenant, created) = (call.caller.tenant.id, call.context.now);
    let id = ObjectId::random();
    let app_id = new.app_id;
    check_member(call, app_id).await?;
    let make = move |application: Option<Application>| {
        let application = application
            .filter(|application| application.is_offered_to(tenant))
            .ok_or_else(|| {
                // A client waits and tries again on this text.
                GraphError::Invalid(format!(
                    "The appId '{app_id}' of the service principal does not reference a valid application object.",
                ))
            })?;
        Ok::<_, GraphError>(ServicePrincipal {
            id,
            tenant,
            app_id,
            app_owner_tenant: application.tenant,
            display_name: application.display_name,
            enabled: new.account_enabled.unwrap_or(true),
            app_role_assignment_required: new.app_role_assignment_required.unwrap_or(false),
            created,
        })
    };
    let record = call.record("service_principal.create", &id);
    let store = &call.app.store;
    let principal = match store
        .create_service_principal(app_id, Some(call.caller.object_id()), record, make)
        .await
    {
        Err(StoreError::Conflict(Conflict::Exists)) => {
            return Err(GraphError::Exists(format!(
                "The service principal cannot be created: the appId '{app_id}' is already in use."
            )));
        }
        outcome => outcome??,
    };
    Ok(Reply::Created(object(call, &principal).await?))
}

/// Who registers without a role brings in only what is owned already.
async fn check_member(call: &Call<'_>, app_id: AppId) -> Result<(), GraphError> {
    if !call.caller.is_mere_member() {
        return Ok(());
    }
    let store = &call.app.store;
    match store.application_by_app_id(app_id).await? {
        Some(application) if application.tenant == call.caller.tenant.id => {
            call.caller.require_over(call.app, application.id).await
        }
        _ => Err(GraphError::Forbidden),
    }
}

/// `PATCH /servicePrincipals/{id}`: switching off ends tokens.
pub(super) async fn change(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    let ServicePrincipal { id, tenant, .. } = managed_principal(call, key).await?;
    let changes: Changes = body::read(&call.body)?;
    let record = call.record("service_principal.change", &id);
    let store = &call.app.store;
    store
        .change_service_principal(tenant, id, record, move |present| {
            let mut principal = present.ok_or_else(|| GraphError::NotFound(id.to_string()))?;
            if let Some(enabled) = changes.account_enabled {
                principal.enabled = enabled;
            }
            if let Some(required) = changes.app_role_assignment_required {
                principal.app_role_assignment_required = required;
            }
            Ok::<_, GraphError>(principal)
        })
        .await??;
    Ok(Reply::Done)
}

/// `DELETE /servicePrincipals/{id}`: with all that was granted to it and on it.
pub(super) async fn delete(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    let principal = foreign_principal(call, key).await?;
    let record = call.record("service_principal.delete", &principal.id);
    let store = &call.app.store;
    if store
        .delete_service_principal(principal.tenant, principal.id, record)
        .await?
    {
        Ok(Reply::Done)
    } else {
        Err(GraphError::NotFound(key.to_owned()))
    }
}

/// Finds by object id, or by `appId='…'`.
pub(super) async fn find(call: &Call<'_>, key: &str) -> Result<ServicePrincipal, GraphError> {
    let missing = || GraphError::NotFound(key.to_owned());
    let tenant = call.caller.tenant.id;
    let store = &call.app.store;
    let found = if let Some(app_id) = applications::app_id_key(key) {
        let app_id = app_id.parse().map_err(|_| missing())?;
        store.service_principal_by_app_id(tenant, app_id).await?
    } else {
        let id = key.parse().map_err(|_| missing())?;
        store.service_principal(tenant, id).await?
    };
    found.ok_or_else(missing)
}

/// A service principal as a resource, with what it offers.
pub(super) async fn resource(
    call: &Call<'_>,
    principal: ServicePrincipal,
) -> Result<Option<Resource>, GraphError> {
    let app_id = principal.app_id;
    let application = application(call, &principal).await?;
    Ok(resources::resource(app_id, Some(principal), application))
}

async fn application(
    call: &Call<'_>,
    principal: &ServicePrincipal,
) -> Result<Option<Application>, GraphError> {
    if FirstPartyApp::by_app_id(principal.app_id).is_some() {
        return Ok(None);
    }
    let store = &call.app.store;
    Ok(store.application_by_app_id(principal.app_id).await?)
}

pub(super) async fn object(
    call: &Call<'_>,
    principal: &ServicePrincipal,
) -> Result<Value, GraphError> {
    let application = application(call, principal).await?;
    let store = &call.app.store;
    let secrets = store.client_secrets(principal.tenant, principal.id).await?;
    Ok(wire::principal(
        principal,
        &secrets,
        application.as_ref(),
        &call.app.authority,
    ))
}

/// The values of a property, read from the object as it is answered.
fn property(object: &Value, name: &str) -> Option<Vec<String>> {
    let member = match name {
        "id" => "id",
        "appid" => "appId",
        "displayname" => "displayName",
        "serviceprincipaltype" => "servicePrincipalType",
        "appownerorganizationid" => "appOwnerOrganizationId",
        "serviceprincipalnames" => "servicePrincipalNames",
        _ => return None,
    };
    let texts = match &object[member] {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    };
    let texts = texts.into_iter().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}
