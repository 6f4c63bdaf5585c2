//! Objects of any kind: by their ids, and what somebody owns.

use casbah_model::identity::{Application, DirectoryObject, FirstPartyApp, ServicePrincipal};
use casbah_model::ids::ObjectId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use super::{applications, body, service_principals, wire};

/// The most ids that one call may ask about.
const MAX_IDS: usize = 1_000;

#[derive(Deserialize)]
struct Wanted {
    ids: Vec<ObjectId>,
    #[serde(default)]
    types: Vec<String>,
}

/// `POST /directoryObjects/getByIds`
pub(super) async fn get_by_ids(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let Wanted { ids, types } = body::read(&call.body)?;
    if ids.len() > MAX_IDS {
        return Err(GraphError::Invalid(format!(
            "More than {MAX_IDS} ids were asked for."
        )));
    }
    let store = &call.app.store;
    let mut found = store.directory_objects(call.caller.tenant.id, ids).await?;
    let is_wanted = |object: &DirectoryObject| {
        types.is_empty()
            || types.iter().any(|name| {
                name.eq_ignore_ascii_case("directoryObject")
                    || name.eq_ignore_ascii_case(kind(object))
            })
    };
    found.retain(is_wanted);
    page(call, &found).await
}

/// `GET /me/ownedObjects`
pub(super) async fn owned_by_me(call: &Call<'_>) -> Result<Reply, GraphError> {
    let user = call.caller.oneself()?;
    call.caller.require(Right::Read)?;
    let store = &call.app.store;
    let owned = store.owned_objects(user.tenant, user.id).await?;
    page(call, &owned).await
}

/// A list of objects of any kind.
pub(super) async fn page(call: &Call<'_>, all: &[DirectoryObject]) -> Result<Reply, GraphError> {
    let mut objects = Vec::new();
    for one in all {
        objects.push(object(call, one).await?);
    }
    let authority = &call.app.authority;
    Ok(Reply::Ok(call.options.page(
        authority,
        "directoryObjects",
        &objects,
        Value::clone,
    )))
}

/// The object with its type, which clients tell kinds apart by. Of people, who may not
/// read them sees the id alone.
async fn object(call: &Call<'_>, one: &DirectoryObject) -> Result<Value, GraphError> {
    let mut object = match one {
        DirectoryObject::Application(application) => {
            applications::object(call, application).await?
        }
        DirectoryObject::ServicePrincipal(principal) => {
            service_principals::object(call, principal).await?
        }
        DirectoryObject::User(user) if call.caller.require(Right::ReadPeople).is_ok() => {
            wire::user(user)
        }
        DirectoryObject::User(user) => json!({ "id": user.id }),
    };
    object["@odata.type"] = format!("#microsoft.graph.{}", kind(one)).into();
    Ok(object)
}

fn kind(object: &DirectoryObject) -> &'static str {
    match object {
        DirectoryObject::Application(_) => "application",
        DirectoryObject::ServicePrincipal(_) => "servicePrincipal",
        DirectoryObject::User(_) => "user",
    }
}

/// An application, for who manages all or owns it.
pub(super) async fn managed_application(
    call: &Call<'_>,
    key: &str,
) -> Result<Application, GraphError> {
    call.caller.require(Right::Read)?;
    let application = applications::find(call, key).await?;
    call.caller.require_over(call.app, application.id).await?;
    Ok(application)
}

/// A service principal, for who manages all or owns it.
pub(super) async fn managed_principal(
    call: &Call<'_>,
    key: &str,
) -> Result<ServicePrincipal, GraphError> {
    call.caller.require(Right::Read)?;
    let principal = service_principals::find(call, key).await?;
    call.caller.require_over(call.app, principal.id).await?;
    Ok(principal)
}

/// The same, of one that is no part of the server: nobody acts as those or owns them.
pub(super) async fn foreign_principal(
    call: &Call<'_>,
    key: &str,
) -> Result<ServicePrincipal, GraphError> {
    let principal = managed_principal(call, key).await?;
    if FirstPartyApp::by_app_id(principal.app_id).is_some() {
        return Err(GraphError::Invalid(
            "This service principal is part of the server; it can only be switched off.".to_owned(),
        ));
    }
    Ok(principal)
}
