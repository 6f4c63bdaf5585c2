//! `/me`, `/organization`, `/domains`: reading only.

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
