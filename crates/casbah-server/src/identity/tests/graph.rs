use axum::http::Method;
use casbah_model::identity::{Application, CLOUD_APP_SECURITY, MICROSOFT_GRAPH};
use casbah_model::ids::TenantId;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::Directory;
use super::browser::Page;
use super::sign_in::{authorize, first_sign_in, redeem};
use crate::testing::{save, save_user};

/// Who calls the directory.
pub(super) struct Caller<'a> {
    directory: &'a Directory,
    pub(super) token: String,
}

impl<'a> Caller<'a> {
    /// Who has this token.
    pub(super) const fn new(directory: &'a Directory, token: String) -> Self {
        Self { directory, token }
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Value) -> Page {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let method: Method = method.parse().unwrap();
        self.directory
            .browser()
            .send(method, path, &headers, body)
            .await
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let page = self.call("GET", path, Value::Null).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        page.json()
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Page {
        self.call("POST", path, body).await
    }

    /// The object id of an application's service principal.
    pub(super) async fn principal_of(&self, app_id: &str) -> String {
        let list = self
            .get(&format!(
                "/v1.0/servicePrincipals?$filter=appId%20eq%20'{app_id}'"
            ))
            .await;
        list["value"][0]["id"].as_str().unwrap().to_owned()
    }
}

/// The administrator, with a token for the directory.
pub(super) async fn admin(directory: &Directory) -> Caller<'_> {
    let mut browser = directory.browser();
    let scope = ("scope", "https://localhost:8443//.default openid");
    let sent = first_sign_in(directory, &mut browser, &authorize("common", &[scope])).await;
    let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    Caller { directory, token }
}

/// An application with a token of its own, for any resource.
pub(super) async fn application<'a>(
    directory: &'a Directory,
    tenant: TenantId,
    client: &str,
    secret: &str,
    resource: &str,
) -> Caller<'a> {
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let scope = format!("{resource}/.default");
    let page = directory
        .browser()
        .post(
            &path,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", client),
                ("client_secret", secret),
                ("scope", &scope),
            ],
        )
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
    let token = page.json()["access_token"].as_str().unwrap().to_owned();
    Caller { directory, token }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn an_administrator_registers_an_application_and_grants_it_a_permission() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let created = admin
        .post(
            "/v1.0/applications",
            json!({
                "displayName": "SIEM reader",
                "requiredResourceAccess": [{
                    "resourceAppId": CLOUD_APP_SECURITY.app_id,
                    "resourceAccess": [{
                        "id": Permission::InvestigationRead.app_role_id(),
                        "type": "Role",
                    }],
                }],
                "somethingNew": true,
            }),
        )
        .await;
    assert_eq!(created.status, 201, "{}", created.text);
    let created = created.json();
    assert_json_snapshot!("application", created, {
        ".id" => "[id]", ".appId" => "[id]", ".createdDateTime" => "[time]",
    });
    let id = created["id"].as_str().unwrap();
    let app_id = created["appId"].as_str().unwrap();

    let secret = admin
        .post(
            &format!("/v1.0/applications/{id}/addPassword"),
            json!({"passwordCredential": {"displayName": null, "endDateTime": "2099-01-01T00:00:00Z"}}),
        )
        .await;
    assert_eq!(secret.status, 200);
    let secret = secret.json();
    assert_json_snapshot!("secret", secret, {
        ".keyId" => "[id]", ".startDateTime" => "[time]", ".hint" => "[text]",
        ".secretText" => "[text]",
    });
    let text = secret["secretText"].as_str().unwrap();
    assert!(text.starts_with(secret["hint"].as_str().unwrap()));
    let shown = admin.get(&format!("/v1.0/applications/{id}")).await;
    assert!(shown["passwordCredentials"][0]["secretText"].is_null());

    let principal = admin
        .post(
            "/v1.0/servicePrincipals",
            json!({"appId": app_id, "accountEnabled": true}),
        )
        .await;
    assert_eq!(principal.status, 201);
    let principal = principal.json()["id"].as_str().unwrap().to_owned();
    let again = admin
        .post("/v1.0/servicePrincipals", json!({"appId": app_id}))
        .await;
    assert_eq!(again.status, 409);
    let unknown = admin
        .post(
            "/v1.0/servicePrincipals",
            json!({"appId": "11111111-2222-3333-4444-555555555555"}),
        )
        .await;
    assert!(
        unknown.text.contains(" does not reference "),
        "{}",
        unknown.text
    );

    let own_resource = CLOUD_APP_SECURITY.app_id.to_string();
    let roles = async || {
        let caller = application(&directory, directory.tenant, app_id, text, &own_resource).await;
        let claims = casbah_token::decode_unverified(&caller.token)
            .unwrap()
            .claims;
        claims.get("roles").cloned()
    };
    assert_eq!(
        roles().await,
        None,
        "to ask for a permission is not to have it"
    );
    let resource = admin.principal_of(&own_resource).await;
    let assign = json!({
        "principalId": principal,
        "resourceId": resource,
        "appRoleId": Permission::InvestigationRead.app_role_id(),
    });
    let path = format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments");
    let assigned = admin.post(&path, assign.clone()).await;
    assert_eq!(assigned.status, 201, "{}", assigned.text);
    assert_json_snapshot!("assignment", assigned.json(), {
        ".id" => "[id]", ".createdDateTime" => "[time]", ".principalId" => "[id]",
        ".resourceId" => "[id]",
    });
    assert_eq!(roles().await, Some(json!(["investigation.read"])));
    let twice = admin.post(&path, assign).await;
    assert_eq!(twice.status, 400);
    assert!(
        twice
            .text
            .contains("Permission being assigned already exists on the object")
    );
    let to = admin
        .get(&format!(
            "/v1.0/servicePrincipals/{resource}/appRoleAssignedTo"
        ))
        .await;
    assert_eq!(to["value"][0]["principalDisplayName"], "SIEM reader");
    let assignment = assigned.json()["id"].as_str().unwrap().to_owned();
    let gone = admin
        .call("DELETE", &format!("{path}/{assignment}"), Value::Null)
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(roles().await, None);

    let audit = directory
        .server
        .app
        .store
        .audit_records(directory.tenant, 20)
        .await
        .unwrap();
    let mut actions: Vec<_> = audit.iter().map(|record| record.action.as_str()).collect();
    actions.sort_unstable();
    actions.dedup();
    assert_eq!(
        actions,
        [
            "app_role.assign",
            "app_role.unassign",
            "application.add_secret",
            "application.create",
            "service_principal.create",
            "sign_in",
            "token.issue",
            "user.change_password",
        ]
    );
}

#[tokio::test]
async fn lists_are_filtered_selected_and_paged() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    for name in ["Alpha", "Beta", "alphabet"] {
        let body = json!({"displayName": name, "identifierUris": [format!("api://{name}")]});
        assert_eq!(admin.post("/v1.0/applications", body).await.status, 201);
    }
    let names = |list: &Value| -> Vec<String> {
        let all = list["value"].as_array().unwrap().iter();
        all.map(|one| one["displayName"].as_str().unwrap().to_owned())
            .collect()
    };
    for (filter, expected) in [
        ("startswith(displayName,'alpha')", vec!["Alpha", "alphabet"]),
        ("displayName eq 'Beta'", vec!["Beta"]),
        ("identifierUris/any(s:s eq 'api://Beta')", vec!["Beta"]),
        (
            "startswith(displayName,'alpha') and displayName eq 'Alpha'",
            vec!["Alpha"],
        ),
    ] {
        let query: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let list = admin
            .get(&format!("/v1.0/applications?$filter={query}"))
            .await;
        assert_eq!(names(&list), expected, "{filter}");
    }
    let page = admin
        .get("/v1.0/applications?$top=2&$select=displayName")
        .await;
    assert_eq!(names(&page), ["Alpha", "alphabet"]);
    assert!(page["value"][0].get("appId").is_none());
    let next = page["@odata.nextLink"].as_str().unwrap();
    let next = next.strip_prefix("https://localhost:8443").unwrap();
    let last = admin.get(next).await;
    assert_eq!(names(&last), ["Beta"]);
    assert!(last.get("@odata.nextLink").is_none());
    let graph = admin
        .get("/graph/v1.0/SERVICEPRINCIPALS?$filter=servicePrincipalNames/any(c:c%20eq%20'https://graph.microsoft.com')")
        .await;
    assert_eq!(
        graph["value"][0]["appId"],
        MICROSOFT_GRAPH.app_id.to_string()
    );
    assert!(
        !graph["value"][0]["oauth2PermissionScopes"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let bad = admin
        .call(
            "GET",
            "/v1.0/applications?$filter=color%20ne%20'red'",
            Value::Null,
        )
        .await;
    assert_eq!(bad.status, 400);
    assert_eq!(bad.json()["error"]["code"], "Request_UnsupportedQuery");
}

#[tokio::test]
async fn only_who_may_does() {
    let directory = Directory::new().await;
    let store = &directory.server.app.store;
    let admin = admin(&directory).await;
    let missing = directory.browser().get("/v1.0/applications").await;
    assert_eq!(missing.status, 401);
    assert!(missing.header("www-authenticate").starts_with("Bearer "));
    let mut body = missing.json();
    let inner = body["error"]["innerError"].as_object_mut().unwrap();
    inner
        .values_mut()
        .for_each(|value| *value = json!("[text]"));
    assert_json_snapshot!("unauthenticated", body);

    let one = directory.register(|_| {}).await;
    let client = one.application.app_id.to_string();
    let graph = "https://graph.microsoft.com";
    let app = application(&directory, directory.tenant, &client, &one.secret, graph).await;
    let refused = app.call("GET", "/v1.0/applications", Value::Null).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["error"]["code"],
        "Authorization_RequestDenied"
    );
    let me = app.call("GET", "/v1.0/me", Value::Null).await;
    assert_eq!(
        (me.status, &me.json()["error"]["code"]),
        (400, &json!("BadRequest"))
    );
    let other = application(
        &directory,
        directory.tenant,
        &client,
        &one.secret,
        "05a65629-4c1b-48c1-a78b-804c4abdd4af",
    )
    .await;
    let refused = other.call("GET", "/v1.0/applications", Value::Null).await;
    assert_eq!(refused.status, 401, "a token for another resource");

    // Application.ReadWrite.All: registers and manages, but grants nothing.
    let resource = admin
        .principal_of(&MICROSOFT_GRAPH.app_id.to_string())
        .await;
    let body = json!({
        "principalId": one.principal.id,
        "resourceId": resource,
        "appRoleId": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    });
    let path = format!(
        "/v1.0/servicePrincipals/{}/appRoleAssignments",
        one.principal.id
    );
    assert_eq!(admin.post(&path, body).await.status, 201);
    let arm = "https://localhost:8443/arm";
    for resource in [graph, "https://localhost:8443/", arm] {
        let app = application(&directory, directory.tenant, &client, &one.secret, resource).await;
        assert_eq!(
            app.call("GET", "/v1.0/applications", Value::Null)
                .await
                .status,
            200
        );
        let body = json!({"displayName": "By an application"});
        assert_eq!(app.post("/v1.0/applications", body).await.status, 201);
        let body = json!({
            "principalId": one.principal.id,
            "resourceId": resource,
            "appRoleId": "06b708a9-e830-4db3-a914-8e69da51d44f",
        });
        assert_eq!(
            app.post(&path, body).await.status,
            403,
            "it cannot raise itself"
        );
    }

    // The same person without the role reads and does no more.
    let mut user = store
        .user(directory.tenant, directory.admin.id)
        .await
        .unwrap()
        .unwrap();
    user.roles.clear();
    save_user(store, &user).await;
    assert_eq!(
        admin.get("/v1.0/me").await["userPrincipalName"],
        directory.admin.upn
    );
    admin.get("/v1.0/applications").await;
    let body = json!({"displayName": "Mine"});
    assert_eq!(admin.post("/v1.0/applications", body).await.status, 403);
    let secret = format!("/v1.0/applications/{}/addPassword", one.application.id);
    assert_eq!(admin.post(&secret, Value::Null).await.status, 403);
    user.enabled = false;
    save_user(store, &user).await;
    assert_eq!(admin.call("GET", "/v1.0/me", Value::Null).await.status, 401);
}

#[tokio::test]
async fn a_tenant_sees_and_changes_nothing_of_another() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let foreign = directory.server.tenant;
    let store = &directory.server.app.store;
    let application = Application::new(foreign, "Foreign", Timestamp::now());
    save(store, &application).await;
    let principal = directory.present(foreign, &application).await;
    let id = application.id;
    let list = admin.get("/v1.0/applications").await;
    assert_eq!(list["value"], json!([]));
    for (method, path) in [
        ("GET", format!("/v1.0/applications/{id}")),
        ("PATCH", format!("/v1.0/applications/{id}")),
        ("DELETE", format!("/v1.0/applications/{id}")),
        (
            "GET",
            format!("/v1.0/applications(appId='{}')", application.app_id),
        ),
        ("POST", format!("/v1.0/applications/{id}/addPassword")),
        ("GET", format!("/v1.0/servicePrincipals/{}", principal.id)),
        (
            "DELETE",
            format!("/v1.0/servicePrincipals/{}", principal.id),
        ),
    ] {
        let page = admin.call(method, &path, Value::Null).await;
        assert_eq!(page.status, 404, "{method} {path}: {}", page.text);
    }
    let body = json!({"appId": application.app_id});
    let refused = admin.post("/v1.0/servicePrincipals", body).await;
    assert_eq!(refused.status, 400, "it is offered to its own tenant only");
    let people = admin.get("/v1.0/users").await;
    assert_eq!(people["value"].as_array().unwrap().len(), 1);
    let organization = admin.get("/v1.0/organization").await;
    assert_eq!(organization["value"][0]["id"], directory.tenant.to_string());
    assert_eq!(
        admin.get("/v1.0/domains").await["value"][0]["id"],
        "fabrikam.example"
    );
}
