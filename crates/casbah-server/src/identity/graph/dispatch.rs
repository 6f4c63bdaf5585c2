//! Which operation a path and a method mean.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use casbah_model::identity::PASSWORD_METHOD;
use casbah_store::AuditRecord;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::caller::Caller;
use super::error::GraphError;
use super::list::Options;
use super::owners::{self, Owned};
use super::reply::Reply;
use super::{
    applications, assignments, certificates, federated, grants, identity_providers, objects,
    organization, passwords, people, policies, service_principals,
};
use crate::identity::context::RequestContext;
use crate::state::{App, AppState};

/// One call, with all that an operation may need.
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    pub(super) caller: Caller,
    pub(super) options: Options,
    pub(super) body: Bytes,
    pub(super) context: RequestContext,
}

impl Call<'_> {
    /// What the audit keeps of the change that this call makes.
    pub(super) fn record(&self, action: &'static str, target: &impl ToString) -> AuditRecord {
        let record = self.caller.record(self.context.now, action, target);
        record.from(self.context.origin())
    }
}

/// Every path under `/v1.0`.
pub(super) async fn handle(
    State(app): State<AppState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    context: RequestContext,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match call(&app, &method, &uri, &headers, context, body).await {
        Ok(reply) => reply.respond(&context),
        Err(error) => error.respond(&context, &app.authority),
    }
}

async fn call(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    context: RequestContext,
    body: Result<Bytes, BytesRejection>,
) -> Result<Reply, GraphError> {
    let caller = Caller::find(app, headers).await?;
    let target = (uri.path(), uri.query().unwrap_or_default());
    let body = body.map_err(|_| GraphError::Body)?;
    run(app, caller, context, method, target, body).await
}

/// A call from within the server; answers the object or list, none where there is
/// nothing to say. `target` is a path under `/v1.0` with its query.
pub(crate) async fn ask(
    app: &App,
    caller: Caller,
    context: RequestContext,
    method: &Method,
    target: &str,
    body: Option<&Value>,
) -> Result<Option<Value>, GraphError> {
    let target = target.split_once('?').unwrap_or((target, ""));
    let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
    Ok(
        match run(app, caller, context, method, target, body).await? {
            Reply::Ok(value) | Reply::Created(value) | Reply::Accepted(value) => Some(value),
            Reply::Done => None,
        },
    )
}

async fn run(
    app: &App,
    caller: Caller,
    context: RequestContext,
    method: &Method,
    (path, query): (&str, &str),
    body: Bytes,
) -> Result<Reply, GraphError> {
    let options = Options::parse(path, query)?;
    let call = Call {
        app,
        caller,
        options,
        body,
        context,
    };
    let path = segments(path)?;
    let path: Vec<_> = path
        .iter()
        .map(|segment| (segment.name.as_str(), segment.raw.as_str()))
        .collect();
    route(&call, method.as_str(), &path).await
}

/// The table of operations. A segment is its name in lower case and the text as
/// it came, which may be an id.
async fn route(call: &Call<'_>, method: &str, path: &[(&str, &str)]) -> Result<Reply, GraphError> {
    match (method, path) {
        ("GET", [("applications", _)]) => applications::list(call).await,
        ("POST", [("applications", _)]) => applications::create(call).await,
        ("GET", [("applications", _), (_, id)]) => applications::show(call, id).await,
        ("PATCH", [("applications", _), (_, id)]) => applications::change(call, id).await,
        ("DELETE", [("applications", _), (_, id)]) => applications::delete(call, id).await,
        ("POST", [("applications", _), (_, id), ("addpassword", _)]) => {
            passwords::add(call, id).await
        }
        ("POST", [("applications", _), (_, id), ("removepassword", _)]) => {
            passwords::remove(call, id).await
        }
        ("POST", [("applications", _), (_, id), ("addkey", _)]) => {
            certificates::add(call, id).await
        }
        ("POST", [("applications", _), (_, id), ("removekey", _)]) => {
            certificates::remove(call, id).await
        }
        (
            _,
            [
                ("applications", _),
                (_, id),
                ("federatedidentitycredentials", _),
                rest @ ..,
            ],
        ) => route_federated(call, method, id, rest).await,
        (
            "GET",
            [
                ("directory", _),
                ("deleteditems", _),
                ("microsoft.graph.application", _),
            ],
        ) => applications::list_deleted(call).await,
        (
            "POST",
            [
                ("directory", _),
                ("deleteditems", _),
                (_, id),
                ("restore", _),
            ],
        ) => applications::restore(call, id).await,
        (
            _,
            [
                (set @ ("applications" | "serviceprincipals"), _),
                (_, id),
                ("owners", _),
                rest @ ..,
            ],
        ) => {
            let of = match *set {
                "applications" => Owned::Application,
                _ => Owned::ServicePrincipal,
            };
            route_owners(call, method, of, id, rest).await
        }
        (_, [("serviceprincipals", _), ..]) => route_principals(call, method, path).await,
        ("GET", [("oauth2permissiongrants", _)]) => grants::list(call).await,
        ("POST", [("oauth2permissiongrants", _)]) => grants::create(call).await,
        ("PATCH", [("oauth2permissiongrants", _), (_, id)]) => grants::change(call, id).await,
        ("DELETE", [("oauth2permissiongrants", _), (_, id)]) => grants::delete(call, id).await,
        (method, path) => route_others(call, method, path).await,
    }
}

/// What is about neither applications nor what was granted to them.
async fn route_others(
    call: &Call<'_>,
    method: &str,
    path: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    match (method, path) {
        (
            "POST",
            [
                ("directoryobjects", _),
                ("getbyids" | "microsoft.graph.getbyids", _),
            ],
        ) => objects::get_by_ids(call).await,
        ("GET", [("me", _), ("ownedobjects", _)]) => objects::owned_by_me(call).await,
        ("GET", [("policies", _), ("authorizationpolicy", _)]) => policies::show(call),
        ("PATCH", [("policies", _), ("authorizationpolicy", _)]) => policies::change(call).await,
        (_, [("identity", _), ("identityproviders", _), rest @ ..]) => {
            identity_providers::route(call, method, rest).await
        }
        ("GET", [("me", _)]) => organization::me(call),
        ("GET", [("organization", _)]) => organization::list(call),
        ("GET", [("organization", _), (_, id)]) => organization::show(call, id),
        ("PATCH", [("organization", _), (_, id)]) => organization::change(call, id).await,
        ("GET", [("domains", _)]) => organization::domains(call),
        (_, [("users", _), ..]) => route_people(call, method, path).await,
        ("POST", [("me", _), ("revokesigninsessions", _)]) => people::sign_out_oneself(call).await,
        ("POST", [("invitations", _)]) => people::invite(call).await,
        (_, [("rolemanagement", _), ("directory", _), rest @ ..]) => {
            route_roles(call, method, rest).await
        }
        (_, path) => Err(no_such_path(path)),
    }
}

async fn route_people(
    call: &Call<'_>,
    method: &str,
    path: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    match (method, path) {
        ("GET", [("users", _)]) => people::list(call).await,
        ("POST", [("users", _)]) => people::create(call).await,
        ("GET", [("users", _), (_, id)]) => people::show(call, id).await,
        ("PATCH", [("users", _), (_, id)]) => people::change(call, id).await,
        ("DELETE", [("users", _), (_, id)]) => people::delete(call, id).await,
        ("GET", [("users", _), (_, id), ("memberof", _)]) => people::member_of(call, id).await,
        ("POST", [("users", _), (_, id), ("revokesigninsessions", _)]) => {
            people::sign_out(call, id).await
        }
        ("GET", [("users", _), (_, id), ("authentication", _), ("methods", _)]) => {
            people::methods(call, id).await
        }
        (
            "DELETE",
            [
                ("users", _),
                (_, id),
                ("authentication", _),
                (kind @ ("softwareoathmethods" | "fido2methods"), _),
                (_, method),
            ],
        ) => people::delete_method(call, id, kind, method).await,
        (
            "POST",
            [
                ("users", _),
                (_, id),
                ("authentication", _),
                ("methods" | "passwordmethods", _),
                (PASSWORD_METHOD, _),
                ("resetpassword", _),
            ],
        ) => people::reset_password(call, id).await,
        (_, path) => Err(no_such_path(path)),
    }
}

async fn route_roles(
    call: &Call<'_>,
    method: &str,
    rest: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    match (method, rest) {
        ("GET", [("roledefinitions", _)]) => people::role_definitions(call),
        ("GET", [("roledefinitions", _), (_, id)]) => people::role_definition(call, id),
        ("GET", [("roleassignments", _)]) => people::role_assignments(call).await,
        ("POST", [("roleassignments", _)]) => people::assign_role(call).await,
        ("GET", [("roleassignments", _), (_, id)]) => people::role_assignment(call, id).await,
        ("DELETE", [("roleassignments", _), (_, id)]) => people::unassign_role(call, id).await,
        (_, path) => Err(no_such_path(path)),
    }
}

async fn route_federated(
    call: &Call<'_>,
    method: &str,
    id: &str,
    rest: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    match (method, rest) {
        ("GET", []) => federated::list(call, id).await,
        ("POST", []) => federated::create(call, id).await,
        ("GET", [(_, which)]) => federated::show(call, id, which).await,
        ("PATCH", [(_, which)]) => federated::change(call, id, which).await,
        ("DELETE", [(_, which)]) => federated::delete(call, id, which).await,
        (_, rest) => {
            let segment = rest
                .last()
                .map_or("federatedIdentityCredentials", |(_, raw)| raw);
            Err(GraphError::NoSuchPath(segment.to_owned()))
        }
    }
}

async fn route_owners(
    call: &Call<'_>,
    method: &str,
    of: Owned,
    id: &str,
    rest: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    match (method, rest) {
        ("GET", []) => owners::list(call, of, id).await,
        ("POST", [("$ref", _)]) => owners::add(call, of, id).await,
        ("DELETE", [(_, owner), ("$ref", _)]) => owners::remove(call, of, id, owner).await,
        (_, rest) => {
            let segment = rest.last().map_or("owners", |(_, raw)| raw);
            Err(GraphError::NoSuchPath(segment.to_owned()))
        }
    }
}

async fn route_principals(
    call: &Call<'_>,
    method: &str,
    path: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    match (method, path) {
        ("GET", [("serviceprincipals", _)]) => service_principals::list(call).await,
        ("POST", [("serviceprincipals", _)]) => service_principals::create(call).await,
        ("GET", [("serviceprincipals", _), (_, id)]) => service_principals::show(call, id).await,
        ("PATCH", [("serviceprincipals", _), (_, id)]) => {
            service_principals::change(call, id).await
        }
        ("DELETE", [("serviceprincipals", _), (_, id)]) => {
            service_principals::delete(call, id).await
        }
        ("POST", [("serviceprincipals", _), (_, id), ("addpassword", _)]) => {
            passwords::add_to_principal(call, id).await
        }
        ("POST", [("serviceprincipals", _), (_, id), ("removepassword", _)]) => {
            passwords::remove_from_principal(call, id).await
        }
        ("GET", [("serviceprincipals", _), (_, id), ("approleassignments", _)]) => {
            assignments::list_of(call, id).await
        }
        ("GET", [("serviceprincipals", _), (_, id), ("approleassignedto", _)]) => {
            assignments::list_to(call, id).await
        }
        (
            "POST",
            [
                ("serviceprincipals", _),
                (_, id),
                ("approleassignments" | "approleassignedto", _),
            ],
        ) => assignments::create(call, id).await,
        (
            "DELETE",
            [
                ("serviceprincipals", _),
                (_, id),
                ("approleassignments" | "approleassignedto", _),
                (_, assignment),
            ],
        ) => assignments::delete(call, id, assignment).await,
        (
            "GET",
            [
                ("serviceprincipals", _),
                (_, id),
                ("oauth2permissiongrants", _),
            ],
        ) => grants::list_of(call, id).await,
        (_, path) => Err(no_such_path(path)),
    }
}

fn no_such_path(path: &[(&str, &str)]) -> GraphError {
    let segment = path.last().map_or("", |(_, raw)| raw);
    GraphError::NoSuchPath(segment.to_owned())
}

struct Segment {
    name: String,
    raw: String,
}

/// The segments behind `/v1.0`, decoded. `set(key='value')` is two of them.
fn segments(path: &str) -> Result<Vec<Segment>, GraphError> {
    let path = path.strip_prefix("/graph").unwrap_or(path);
    let path = path.strip_prefix("/v1.0").unwrap_or(path);
    let mut segments = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let part = percent_decode_str(part)
            .decode_utf8()
            .map_err(|_| GraphError::Invalid("The path is not UTF-8.".to_owned()))?;
        let (name, key) = match part.split_once('(') {
            Some((name, key)) => (name, key.strip_suffix(')')),
            None => (&*part, None),
        };
        for raw in [Some(name), key].into_iter().flatten() {
            segments.push(Segment {
                name: raw.to_ascii_lowercase(),
                raw: raw.to_owned(),
            });
        }
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_parentheses_are_segments() {
        for (path, expected) in [
            (
                "/v1.0/Applications/a1/addPassword",
                vec!["applications", "a1", "addpassword"],
            ),
            ("/graph/v1.0/me", vec!["me"]),
            (
                "/v1.0//applications(appId='A')",
                vec!["applications", "appid='a'"],
            ),
            (
                "/v1.0/applications(appId%3D'a')/",
                vec!["applications", "appid='a'"],
            ),
        ] {
            let segments = segments(path).unwrap();
            let names: Vec<_> = segments.into_iter().map(|one| one.name).collect();
            assert_eq!(names, expected, "{path}");
        }
        assert!(segments("/v1.0/applications/%FF").is_err());
    }
}
