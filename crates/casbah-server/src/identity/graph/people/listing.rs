//! People, as they are read.

use casbah_model::identity::User;

use crate::identity::graph::caller::Right;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;
use crate::identity::graph::wire;

/// `GET /users`
pub(in crate::identity::graph) async fn list(call: &Call<'_>) -> Result<Reply, GraphError> {
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
pub(in crate::identity::graph) async fn show(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let user = find(call, key).await?;
    Ok(Reply::Ok(call.options.select(wire::user(&user))))
}

/// `GET /users/{id}/memberOf`: the person's roles.
pub(in crate::identity::graph) async fn member_of(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::ReadPeople)?;
    let user = find(call, key).await?;
    let roles: Vec<_> = user.roles.into_iter().collect();
    let authority = &call.app.authority;
    let page = call
        .options
        .page(authority, "directoryObjects", &roles, |role| {
            wire::directory_role(*role)
        });
    Ok(Reply::Ok(page))
}

/// The person with this object id or sign-in name.
pub(in crate::identity::graph) async fn find(
    call: &Call<'_>,
    key: &str,
) -> Result<User, GraphError> {
    let (tenant, store) = (call.caller.tenant.id, &call.app.store);
    let found = match key.parse() {
        Ok(id) => store.user(tenant, id).await?,
        Err(_) => store.user_by_upn(tenant, key).await?,
    };
    found.ok_or_else(|| GraphError::NotFound(key.to_owned()))
}
