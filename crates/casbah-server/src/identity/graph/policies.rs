//! `/policies/authorizationPolicy`: what people without a role may do.

use serde::Deserialize;
use serde_json::{Value, json};

use super::body;
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Changes {
    default_user_role_permissions: Permissions,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Permissions {
    allowed_to_create_apps: Option<bool>,
}

/// `GET /policies/authorizationPolicy`
pub(super) fn show(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    Ok(Reply::Ok(call.options.select(object(call))))
}

/// `PATCH /policies/authorizationPolicy`
pub(super) async fn change(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::SetPolicies)?;
    let changes: Changes = body::read(&call.body)?;
    let may = changes.default_user_role_permissions.allowed_to_create_apps;
    if let Some(may) = may {
        let target = format!("members register applications: {may}");
        let record = call.record("tenant.change_policy", &target);
        let store = &call.app.store;
        store
            .set_members_register(call.caller.tenant.id, may, record)
            .await?;
    }
    Ok(Reply::Done)
}

fn object(call: &Call<'_>) -> Value {
    json!({
        "id": "authorizationPolicy",
        "displayName": "Authorization Policy",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": call.caller.tenant.members_register,
            "allowedToCreateSecurityGroups": false,
        },
    })
}
