//! `/me`, `/organization`, `/domains`, `/users`: reading only.

use serde_json::json;

use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use super::wire;

/// `GET /me`
pub(super) fn me(call: &Call<'_>) -> Result<Reply, GraphError> {
    let user = call.caller.oneself()?;
    Ok(Reply::Ok(call.options.select(wire::user(user))))
}

/// `GET /organization`
pub(super) fn organization(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let tenants = [&call.caller.tenant];
    let page = call
        .options
        .page(&call.app.authority, "organization", &tenants, |tenant| {
            wire::organization(tenant)
        });
    Ok(Reply::Ok(page))
}

/// `GET /domains`
pub(super) fn domains(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let tenant = &call.caller.tenant;
    let page = call
        .options
        .page(&call.app.authority, "domains", &tenant.domains, |domain| {
            json!({
                "id": domain,
                "authenticationType": "Managed",
                "isAdminManaged": true,
                "isDefault": *domain == tenant.default_domain,
                "isInitial": *domain == tenant.default_domain,
                "isVerified": true,
            })
        });
    Ok(Reply::Ok(page))
}

/// `GET /users`
pub(super) async fn users(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let all = call.app.store.users(call.caller.tenant.id).await?;
    let kept = call.options.keep(all, |user, name| match name {
        "id" => Some(vec![user.id.to_string()]),
        "userprincipalname" | "mail" => Some(vec![user.upn.clone()]),
        "displayname" => Some(vec![user.display_name.clone()]),
        _ => None,
    })?;
    let page = call
        .options
        .page(&call.app.authority, "users", &kept, wire::user);
    Ok(Reply::Ok(page))
}

/// `GET /users/{id}`, by object id or sign-in name.
pub(super) async fn user(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let tenant = call.caller.tenant.id;
    let store = &call.app.store;
    let found = match key.parse() {
        Ok(id) => store.user(tenant, id).await?,
        Err(_) => store.user_by_upn(tenant, key).await?,
    };
    let user = found.ok_or_else(|| GraphError::NotFound(key.to_owned()))?;
    Ok(Reply::Ok(call.options.select(wire::user(&user))))
}
