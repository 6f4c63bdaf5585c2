//! `/me`, `/organization`, `/domains`.

use casbah_model::ids::TenantId;
use serde::Deserialize;
use serde_json::json;

use super::body::{self, Member};
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

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Changes {
    display_name: Member<String>,
}

/// `GET /organization`
pub(super) fn list(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let tenants = [&call.caller.tenant];
    let page = call
        .options
        .page(&call.app.authority, "organization", &tenants, |tenant| {
            wire::organization(tenant)
        });
    Ok(Reply::Ok(page))
}

/// `GET /organization/{id}`
pub(super) fn show(call: &Call<'_>, id: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    check_own(call, id)?;
    let tenant = wire::organization(&call.caller.tenant);
    Ok(Reply::Ok(call.options.select(tenant)))
}

/// `PATCH /organization/{id}`: of what Graph lets a call set, the display name.
pub(super) async fn change(call: &Call<'_>, id: &str) -> Result<Reply, GraphError> {
    call.caller.require(Right::RenameOrganization)?;
    check_own(call, id)?;
    let changes: Changes = body::read(&call.body)?;
    let name = changes.display_name.set_present("displayName")?;
    let name = name.map(|name| body::display_name(&name)).transpose()?;
    let tenant = &call.caller.tenant;
    if let Some(name) = name.filter(|name| *name != tenant.display_name) {
        let record = call.record("tenant.rename", &tenant.id).detail(&name);
        let store = &call.app.store;
        store.rename_tenant(tenant.id, name, record).await?;
    }
    Ok(Reply::Done)
}

/// Any other tenant is as if there were none.
fn check_own(call: &Call<'_>, id: &str) -> Result<(), GraphError> {
    let is_own = id
        .parse()
        .is_ok_and(|id: TenantId| id == call.caller.tenant.id);
    if is_own {
        Ok(())
    } else {
        Err(GraphError::NotFound(id.to_owned()))
    }
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
