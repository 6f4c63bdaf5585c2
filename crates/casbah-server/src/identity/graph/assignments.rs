//! App-role assignments: what grants an application permission.

use casbah_model::identity::{AppRoleAssignment, MemberType, PrincipalType, ServicePrincipal};
use casbah_model::ids::{KeyId, ObjectId};
use casbah_store::{Conflict, StoreError};
use serde::Deserialize;
use serde_json::Value;

use super::body;
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use super::service_principals::{find, resource};
use super::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct New {
    principal_id: ObjectId,
    resource_id: ObjectId,
    app_role_id: KeyId,
}

/// `GET /servicePrincipals/{id}/appRoleAssignments`: what it was granted.
pub(super) async fn list_of(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let principal = find(call, key).await?;
    let store = &call.app.store;
    let all = store.assignments_of(principal.tenant, principal.id).await?;
    page(call, &all).await
}

/// `GET /servicePrincipals/{id}/appRoleAssignedTo`: what was granted on it.
pub(super) async fn list_to(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let resource = find(call, key).await?;
    let store = &call.app.store;
    let all = store.assignments_to(resource.tenant, resource.id).await?;
    page(call, &all).await
}

/// `POST /servicePrincipals/{id}/appRoleAssignments` or `/appRoleAssignedTo`, where
/// `{id}` is the principal or the resource.
pub(super) async fn create(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::GrantRoles)?;
    let addressed = find(call, key).await?;
    let new: New = body::read(&call.body)?;
    if ![new.principal_id, new.resource_id].contains(&addressed.id) {
        return Err(GraphError::Invalid(
            "principalId or resourceId must be that of the address.".to_owned(),
        ));
    }
    let (principal_type, principal_name) = holder(call, new.principal_id).await?;
    let resource_principal = find(call, &new.resource_id.to_string()).await?;
    check_role(call, &resource_principal, principal_type, new.app_role_id).await?;
    let assignment = AppRoleAssignment {
        id: ObjectId::random(),
        tenant: call.caller.tenant.id,
        principal_id: new.principal_id,
        principal_type,
        resource_id: new.resource_id,
        app_role_id: new.app_role_id,
        created: call.context.now,
    };
    let target = format!(
        "{} {} {}",
        new.principal_id, new.resource_id, new.app_role_id
    );
    let record = call.record("app_role.assign", &target);
    match call.app.store.assign(assignment.clone(), record).await {
        Err(StoreError::Conflict(Conflict::Exists)) => {
            return Err(GraphError::Invalid(
                "Permission being assigned already exists on the object".to_owned(),
            ));
        }
        outcome => outcome?,
    }
    Ok(Reply::Created(wire::assignment(
        &assignment,
        &principal_name,
        &resource_principal.display_name,
    )))
}

/// `DELETE …/appRoleAssignments/{id}`
pub(super) async fn delete(
    call: &Call<'_>,
    key: &str,
    assignment: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::GrantRoles)?;
    let missing = || GraphError::NotFound(assignment.to_owned());
    let addressed = find(call, key).await?;
    let id: ObjectId = assignment.parse().map_err(|_| missing())?;
    let store = &call.app.store;
    let held = store.assignments_of(addressed.tenant, addressed.id).await?;
    let given = store.assignments_to(addressed.tenant, addressed.id).await?;
    let found = held.iter().chain(&given).any(|one| one.id == id);
    let record = call.record("app_role.unassign", &id);
    if !found || !store.unassign(addressed.tenant, id, record).await? {
        return Err(missing());
    }
    Ok(Reply::Done)
}

/// What the holder is, and its name.
async fn holder(call: &Call<'_>, id: ObjectId) -> Result<(PrincipalType, String), GraphError> {
    let tenant = call.caller.tenant.id;
    let store = &call.app.store;
    if let Some(principal) = store.service_principal(tenant, id).await? {
        return Ok((PrincipalType::ServicePrincipal, principal.display_name));
    }
    match store.user(tenant, id).await? {
        Some(user) => Ok((PrincipalType::User, user.display_name)),
        None => Err(GraphError::NotFound(id.to_string())),
    }
}

/// Whether the resource offers the role to such a holder. The nil id is access
/// without a role.
async fn check_role(
    call: &Call<'_>,
    principal: &ServicePrincipal,
    holder: PrincipalType,
    role: KeyId,
) -> Result<(), GraphError> {
    if role.uuid().is_nil() {
        return Ok(());
    }
    let member = match holder {
        PrincipalType::ServicePrincipal => MemberType::Application,
        PrincipalType::User => MemberType::User,
    };
    let resource = resource(call, principal.clone()).await?;
    let is_offered = resource.is_some_and(|resource| {
        resource.app_roles.iter().any(|offered| {
            offered.id == role
                && offered.is_enabled
                && offered.allowed_member_types.contains(&member)
        })
    });
    if is_offered {
        Ok(())
    } else {
        Err(GraphError::Invalid(
            "Permission being assigned was not found on application".to_owned(),
        ))
    }
}

async fn page(call: &Call<'_>, all: &[AppRoleAssignment]) -> Result<Reply, GraphError> {
    let mut objects = Vec::new();
    for assignment in all {
        // Who is gone since has no name.
        let holder = holder(call, assignment.principal_id).await;
        let holder = holder.map(|(_, name)| name).unwrap_or_default();
        let resource = call
            .app
            .store
            .service_principal(assignment.tenant, assignment.resource_id)
            .await?;
        let resource = resource.map(|one| one.display_name).unwrap_or_default();
        objects.push(wire::assignment(assignment, &holder, &resource));
    }
    let authority = &call.app.authority;
    Ok(Reply::Ok(call.options.page(
        authority,
        "appRoleAssignments",
        &objects,
        Value::clone,
    )))
}
