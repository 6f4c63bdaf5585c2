//! Reading applications.

use casbah_model::identity::Application;
use casbah_store::{ApplicationCounts, ApplicationQuery};
use serde_json::Value;

use super::find::find;
use crate::identity::graph::caller::{Caller, Right};
use crate::identity::graph::certificates;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::reply::Reply;
use crate::identity::graph::wire;
use crate::state::App;

/// `GET /applications`
pub(in crate::identity::graph) async fn list(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let tenant = call.caller.tenant.id;
    let query = ApplicationQuery::default();
    let all = call.app.store.applications(tenant, query).await?;
    page(call, all).await
}

/// How many applications the caller's tenant has to do with; no call of Graph asks so.
pub(crate) async fn count(app: &App, caller: &Caller) -> Result<ApplicationCounts, GraphError> {
    caller.require(Right::Read)?;
    Ok(app.store.application_counts(caller.tenant.id).await?)
}

/// `GET /directory/deletedItems/microsoft.graph.application`
pub(in crate::identity::graph) async fn list_deleted(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let store = &call.app.store;
    let all = store.deleted_applications(call.caller.tenant.id).await?;
    page(call, all).await
}

async fn page(call: &Call<'_>, all: Vec<Application>) -> Result<Reply, GraphError> {
    let kept = call.options.keep(all, property)?;
    let mut objects = Vec::new();
    for application in &kept {
        objects.push(object(call, application).await?);
    }
    let authority = &call.app.authority;
    Ok(Reply::Ok(call.options.page(
        authority,
        "applications",
        &objects,
        Value::clone,
    )))
}

/// `GET /applications/{id}`
pub(in crate::identity::graph) async fn show(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let application = find(call, key).await?;
    let mut object = object(call, &application).await?;
    if call.options.selects("keyCredentials") {
        certificates::show_keys(&application, &mut object);
    }
    Ok(Reply::Ok(call.options.select(object)))
}

/// An application with the names of its secrets.
pub(in crate::identity::graph) async fn object(
    call: &Call<'_>,
    application: &Application,
) -> Result<Value, GraphError> {
    let tenant = &call.caller.tenant;
    let store = &call.app.store;
    let secrets = store.client_secrets(tenant.id, application.id).await?;
    Ok(wire::application(
        application,
        &secrets,
        &tenant.default_domain,
    ))
}

fn property(application: &Application, name: &str) -> Option<Vec<String>> {
    match name {
        "id" => Some(vec![application.id.to_string()]),
        "appid" => Some(vec![application.app_id.to_string()]),
        "displayname" => Some(vec![application.display_name.clone()]),
        "signinaudience" => Some(vec![application.sign_in_audience.to_string()]),
        "identifieruris" => Some(application.identifier_uris.clone()),
        _ => None,
    }
}
