//! Registering, changing, deleting and restoring applications.

use casbah_model::identity::{
    AppRole, Application, FirstPartyApp, PermissionScope, RequestedTokenVersion,
    RequiredResourceAccess, SignInAudience,
};
use casbah_model::ids::ObjectId;
use casbah_store::{AuditRecord, Conflict, StoreError};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::listing::object;
use crate::identity::graph::body::{self, Member};
use crate::identity::graph::caller::Right;
use crate::identity::graph::certificates;
use crate::identity::graph::dispatch::Call;
use crate::identity::graph::error::GraphError;
use crate::identity::graph::objects::managed_application;
use crate::identity::graph::reply::Reply;

/// Schemes that a browser would run or read instead of visiting.
const UNSAFE_SCHEMES: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

/// What a body may set. What is absent stays; what is null goes.
#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Changes {
    display_name: Member<String>,
    sign_in_audience: Member<String>,
    required_resource_access: Member<Vec<RequiredResourceAccess>>,
    identifier_uris: Member<Vec<String>>,
    app_roles: Member<Vec<AppRole>>,
    is_fallback_public_client: Member<bool>,
    is_single_use_assertion_required: Member<bool>,
    web: Member<Redirects>,
    public_client: Member<Redirects>,
    spa: Member<Redirects>,
    api: Member<Api>,
    password_credentials: Member<Vec<Value>>,
    key_credentials: Member<Vec<certificates::Wanted>>,
}

/// Null where it stands for the whole means every part of it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redirects {
    #[serde(default)]
    redirect_uris: Member<Vec<String>>,
}

impl Default for Redirects {
    fn default() -> Self {
        Self {
            redirect_uris: Member::Null,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Api {
    #[serde(default)]
    requested_access_token_version: Member<RequestedTokenVersion>,
    #[serde(default)]
    oauth2_permission_scopes: Member<Vec<PermissionScope>>,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            requested_access_token_version: Member::Null,
            oauth2_permission_scopes: Member::Null,
        }
    }
}

/// `POST /applications`
pub(in crate::identity::graph) async fn create(call: &Call<'_>) -> Result<Reply, GraphError> {
    call.caller.require(Right::Register)?;
    let changes: Changes = body::read(&call.body)?;
    if changes.display_name == Member::Absent {
        return Err(invalid(
            "Property displayName is required but is not present.",
        ));
    }
    let mut application = Application::new(call.caller.tenant.id, "", call.context.now);
    apply(&mut application, changes, call.app.authority.origin())?;
    let record = call.record("application.create", &application.id);
    let store = &call.app.store;
    store
        .create_application(application.clone(), Some(call.caller.object_id()), record)
        .await?;
    Ok(Reply::Created(object(call, &application).await?))
}

/// `PATCH /applications/{id}`
pub(in crate::identity::graph) async fn change(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    let changes: Changes = body::read(&call.body)?;
    let origin = call.app.authority.origin().to_owned();
    change_one(call, key, "application.change", move |application| {
        apply(application, changes.clone(), &origin)
    })
    .await
}

/// `DELETE /applications/{id}`: it can be restored for 30 days.
pub(in crate::identity::graph) async fn delete(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    let now = call.context.now;
    change_one(call, key, "application.delete", move |application| {
        application.deleted = Some(now);
        Ok(())
    })
    .await
}

/// Changes the application as it is in the moment of the write.
pub(in crate::identity::graph) async fn change_one(
    call: &Call<'_>,
    key: &str,
    action: &'static str,
    change: impl Fn(&mut Application) -> Result<(), GraphError> + Send + 'static,
) -> Result<Reply, GraphError> {
    let application = managed_application(call, key).await?;
    let record = call.record(action, &application.id);
    change_part(call, &application, record, change).await?;
    Ok(Reply::Done)
}

/// The same, of an application that was found, with a record of its own.
pub(in crate::identity::graph) async fn change_part(
    call: &Call<'_>,
    application: &Application,
    record: AuditRecord,
    change: impl Fn(&mut Application) -> Result<(), GraphError> + Send + 'static,
) -> Result<Application, GraphError> {
    let (id, tenant) = (application.id, application.tenant);
    let store = &call.app.store;
    store
        .change_application(tenant, id, record, move |present| {
            let mut application = present
                .filter(|application| application.deleted.is_none())
                .ok_or_else(|| GraphError::NotFound(id.to_string()))?;
            change(&mut application)?;
            Ok::<_, GraphError>(application)
        })
        .await?
}

/// `POST /directory/deletedItems/{id}/restore`
pub(in crate::identity::graph) async fn restore(
    call: &Call<'_>,
    key: &str,
) -> Result<Reply, GraphError> {
    call.caller.require(Right::Read)?;
    let id: ObjectId = key
        .parse()
        .map_err(|_| GraphError::NotFound(key.to_owned()))?;
    call.caller.require_over(call.app, id).await?;
    let oldest = call.context.now.minus_days(Application::RESTORABLE_DAYS);
    let record = call.record("application.restore", &id);
    let restored = call
        .app
        .store
        .change_application(call.caller.tenant.id, id, record, move |present| {
            let mut application = present
                .filter(|application| application.deleted.is_some_and(|at| at > oldest))
                .ok_or_else(|| GraphError::NotFound(id.to_string()))?;
            application.deleted = None;
            Ok::<_, GraphError>(application)
        })
        .await??;
    Ok(Reply::Ok(object(call, &restored).await?))
}

fn apply(application: &mut Application, changes: Changes, origin: &str) -> Result<(), GraphError> {
    let is_given = |all: Member<Vec<Value>>| all.set().is_some_and(|all| !all.is_empty());
    if is_given(changes.password_credentials) {
        return Err(invalid(
            "Property passwordCredentials is read-only: use addPassword and removePassword.",
        ));
    }
    if let Some(wanted) = changes.key_credentials.set() {
        certificates::replace(application, wanted)?;
    }
    if let Some(name) = changes.display_name.set_present("displayName")? {
        application.display_name = body::display_name(&name)?;
    }
    if let Some(audience) = changes.sign_in_audience.set_present("signInAudience")? {
        application.sign_in_audience = audience
            .parse::<SignInAudience>()
            .map_err(|_| invalid("signInAudience must be AzureADMyOrg or AzureADMultipleOrgs."))?;
    }
    if let Some(uris) = changes.identifier_uris.set() {
        check_identifier_uris(&uris, origin)?;
        application.identifier_uris = uris;
    }
    if let Some(roles) = changes.app_roles.set() {
        application.app_roles = roles;
    }
    if let Some(required) = changes.required_resource_access.set() {
        application.required_resource_access = required;
    }
    if let Some(value) = changes.is_fallback_public_client.set() {
        application.is_fallback_public_client = value;
    }
    if let Some(value) = changes.is_single_use_assertion_required.set() {
        application.single_use_assertions = value;
    }
    set_redirects(&mut application.web_redirect_uris, changes.web)?;
    set_redirects(
        &mut application.public_client_redirect_uris,
        changes.public_client,
    )?;
    set_redirects(&mut application.spa_redirect_uris, changes.spa)?;
    if let Some(api) = changes.api.set() {
        match api.requested_access_token_version {
            Member::Absent => {}
            Member::Null => application.requested_access_token_version = None,
            Member::Value(version) => application.requested_access_token_version = Some(version),
        }
        if let Some(scopes) = api.oauth2_permission_scopes.set() {
            application.oauth2_permission_scopes = scopes;
        }
    }
    Ok(())
}

fn set_redirects(present: &mut Vec<String>, changes: Member<Redirects>) -> Result<(), GraphError> {
    let Some(uris) = changes
        .set()
        .and_then(|changes| changes.redirect_uris.set())
    else {
        return Ok(());
    };
    for uri in &uris {
        check_redirect(uri)?;
    }
    *present = uris;
    Ok(())
}

/// A redirect address is absolute, has no fragment (RFC 6749 section 3.1.2), and
/// is `http` only on the person's own machine.
fn check_redirect(uri: &str) -> Result<(), GraphError> {
    let refuse = || invalid(&format!("'{uri}' cannot be a redirect URI."));
    let url = Url::parse(uri).map_err(|_| refuse())?;
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_good = url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !UNSAFE_SCHEMES.contains(&url.scheme())
        && (url.scheme() != "http" || is_loopback)
        && !uri.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_good { Ok(()) } else { Err(refuse()) }
}

/// No application may take the name of a part of the server; whether it takes that of
/// another application, only the store can tell.
fn check_identifier_uris(uris: &[String], origin: &str) -> Result<(), GraphError> {
    for uri in uris {
        if FirstPartyApp::by_resource(uri, origin).is_some() {
            return Err(StoreError::Conflict(Conflict::IdentifierUri(uri.clone())).into());
        }
        if Url::parse(uri).is_err() {
            return Err(invalid(&format!("'{uri}' cannot be an identifier URI.")));
        }
    }
    Ok(())
}

fn invalid(text: &str) -> GraphError {
    GraphError::Invalid(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_that_would_harm_are_refused() {
        for (uri, is_good) in [
            ("https://app.example/cb", true),
            ("http://localhost", true),
            ("http://127.0.0.1:8080/x", true),
            ("msal2c0f8f5e://auth", true),
            ("http://app.example/cb", false),
            ("https://app.example/cb#x", false),
            ("https://user@app.example/", false),
            ("javascript:alert(1)", false),
            ("JavaScript:alert(1)", false),
            ("data:text/html,x", false),
            ("/relative", false),
            ("https://app.example/ x", false),
        ] {
            assert_eq!(check_redirect(uri).is_ok(), is_good, "{uri}");
        }
    }
}
