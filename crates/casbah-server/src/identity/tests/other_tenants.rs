//! Every operation of the directory that names an object, with an object of another tenant.

use std::collections::BTreeSet;

use casbah_model::identity::{CLOUD_APP_SECURITY, DirectoryRole, PASSWORD_METHOD};
use casbah_model::permission::Permission;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Directory;
use super::graph::{Caller, admin};
use super::sign_in::{NEW, authorize, redeem, submit};

/// The tables of operations. An arm that names an object calls its handler with more than
/// the call itself.
const TABLES: [&str; 2] = [
    include_str!("../graph/dispatch.rs"),
    include_str!("../graph/identity_providers.rs"),
];

/// The handlers of all operations that name an object, as the tables call them.
fn handlers() -> BTreeSet<String> {
    let [all, providers] = TABLES.map(|text| text.split_once("    match (method, ").unwrap().1);
    let (all, _) = all.split_once("\n#[cfg(test)]").unwrap();
    let (providers, _) = providers.split_once("\n}\n").unwrap();
    let mut found = BTreeSet::new();
    for table in [all, providers] {
        for (at, _) in table
            .match_indices("(call, ")
            .chain(table.match_indices("(&call, "))
        {
            let name =
                table[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
            found.insert(name.map(str::to_owned).next().unwrap());
        }
    }
    // Tables that lead on.
    found.retain(|name| !name.starts_with("route") && !name.ends_with("::route"));
    found
}

/// All operations that name an object: the handler, the method and the path, in an order in
/// which a tenant's own administrator can do each of them.
const OPERATIONS: &str = "
applications::show GET applications/{app}
applications::change PATCH applications/{app}
passwords::add POST applications/{app}/addPassword
certificates::add POST applications/{app}/addKey
certificates::remove POST applications/{app}/removeKey
passwords::remove POST applications/{app}/removePassword
federated::list GET applications/{app}/federatedIdentityCredentials
federated::create POST applications/{app}/federatedIdentityCredentials
federated::show GET applications/{app}/federatedIdentityCredentials/{federated}
federated::change PATCH applications/{app}/federatedIdentityCredentials/{federated}
federated::delete DELETE applications/{app}/federatedIdentityCredentials/{federated}
owners::list GET applications/{app}/owners
owners::add POST applications/{app}/owners/$ref
owners::remove DELETE applications/{app}/owners/{person}/$ref
owners::list GET servicePrincipals/{principal}/owners
owners::add POST servicePrincipals/{principal}/owners/$ref
owners::remove DELETE servicePrincipals/{principal}/owners/{person}/$ref
service_principals::show GET servicePrincipals/{principal}
service_principals::change PATCH servicePrincipals/{principal}
passwords::add_to_principal POST servicePrincipals/{principal}/addPassword
passwords::remove_from_principal POST servicePrincipals/{principal}/removePassword
assignments::list_of GET servicePrincipals/{principal}/appRoleAssignments
assignments::list_to GET servicePrincipals/{principal}/appRoleAssignedTo
assignments::create POST servicePrincipals/{principal}/appRoleAssignments
assignments::create POST servicePrincipals/{api}/appRoleAssignedTo
assignments::delete DELETE servicePrincipals/{principal}/appRoleAssignments/{assignment}
grants::list_of GET servicePrincipals/{principal}/oauth2PermissionGrants
grants::change PATCH oauth2PermissionGrants/{grant}
grants::delete DELETE oauth2PermissionGrants/{grant}
organization::show GET organization/{tenant}
organization::change PATCH organization/{tenant}
people::show GET users/{person}
people::change PATCH users/{person}
people::member_of GET users/{person}/memberOf
people::sign_out POST users/{person}/revokeSignInSessions
people::methods GET users/{person}/authentication/methods
people::delete_method DELETE users/{person}/authentication/softwareOathMethods/{person}
people::reset_password POST users/{person}/authentication/methods/{password}/resetPassword
people::role_assignment GET roleManagement/directory/roleAssignments/{role}
people::unassign_role DELETE roleManagement/directory/roleAssignments/{role}
people::delete DELETE users/{other}
find GET identity/identityProviders/{provider}
change PATCH identity/identityProviders/{provider}
test POST identity/identityProviders/{provider}/test
links GET identity/identityProviders/{provider}/links
unlink DELETE identity/identityProviders/{provider}/links/{person}
delete DELETE identity/identityProviders/{provider}
service_principals::delete DELETE servicePrincipals/{principal}
applications::delete DELETE applications/{app}
applications::restore POST directory/deletedItems/{app}/restore
";

/// One of them, about an object.
struct Operation {
    handler: &'static str,
    method: &'static str,
    path: String,
    body: Value,
}

/// What the tenant has, by its ids.
struct Objects {
    tenant: String,
    app: String,
    secret: String,
    principal: String,
    person: String,
    other: String,
    role: String,
    grant: String,
    assignment: String,
    federated: String,
    provider: String,
    api: String,
}

async fn created(admin: &Caller<'_>, path: &str, body: Value) -> Value {
    let page = admin.post(path, body).await;
    assert!([200, 201].contains(&page.status), "{path}: {}", page.text);
    page.json()
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

impl Objects {
    async fn of(directory: &Directory, admin: &Caller<'_>) -> Self {
        let named = json!({"displayName": "Console"});
        let app = created(admin, "/v1.0/applications", named).await;
        let body = json!({"appId": app["appId"]});
        let principal = id(&created(admin, "/v1.0/servicePrincipals", body).await);
        let app = id(&app);
        let path = format!("/v1.0/applications/{app}/addPassword");
        let secret = created(admin, &path, json!({})).await["keyId"].clone();
        let path = format!("/v1.0/applications/{app}/federatedIdentityCredentials");
        let federated = id(&created(admin, &path, federated("one")).await);
        let api = admin
            .principal_of(&CLOUD_APP_SECURITY.app_id.to_string())
            .await;
        let path = format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments");
        let role = Permission::InvestigationRead;
        let assignment = id(&created(admin, &path, assigned(&principal, &api, role)).await);
        let body = json!({"clientId": principal, "consentType": "AllPrincipals",
            "resourceId": api, "scope": "investigation.read"});
        let grant = id(&created(admin, "/v1.0/oauth2PermissionGrants", body).await);
        let person = directory.person("ada", &[]).await;
        directory.authenticator(&person).await;
        let other = directory
            .person("bob", &[DirectoryRole::GlobalReader])
            .await;
        let roles = admin
            .get("/v1.0/roleManagement/directory/roleAssignments")
            .await;
        let of_other = roles["value"].as_array().unwrap().iter();
        let of_other: Vec<_> = of_other
            .filter(|role| role["principalId"] == other.id.to_string())
            .collect();
        let provider = super::identity_providers::body(&json!({}));
        let path = "/v1.0/identity/identityProviders";
        Self {
            tenant: directory.tenant.to_string(),
            role: id(of_other[0]),
            provider: id(&created(admin, path, provider).await),
            person: person.id.to_string(),
            other: other.id.to_string(),
            secret: secret.as_str().unwrap().to_owned(),
            app,
            principal,
            grant,
            assignment,
            federated,
            api,
        }
    }

    /// All operations about these objects.
    fn operations(&self) -> Vec<Operation> {
        let lines = OPERATIONS.trim().lines();
        let operations = lines.map(|line| {
            let [handler, method, path] = <[_; 3]>::try_from(line.split(' ').collect::<Vec<_>>())
                .unwrap_or_else(|_| panic!("{line}"));
            Operation {
                handler,
                method,
                path: format!("/v1.0/{}", self.filled(path)),
                body: self.body(handler, path),
            }
        });
        operations.collect()
    }

    fn filled(&self, path: &str) -> String {
        let parts: Vec<_> = path.split('/').map(|part| self.named(part)).collect();
        parts.join("/")
    }

    /// The object that a part of a path stands for, or the part.
    fn named<'a>(&'a self, part: &'a str) -> &'a str {
        match part {
            "{tenant}" => &self.tenant,
            "{app}" => &self.app,
            "{principal}" => &self.principal,
            "{person}" => &self.person,
            "{other}" => &self.other,
            "{role}" => &self.role,
            "{grant}" => &self.grant,
            "{assignment}" => &self.assignment,
            "{federated}" => &self.federated,
            "{provider}" => &self.provider,
            "{api}" => &self.api,
            "{password}" => PASSWORD_METHOD,
            part => part,
        }
    }

    /// What the operation is sent.
    fn body(&self, handler: &str, path: &str) -> Value {
        match handler {
            "service_principals::change" => json!({"accountEnabled": true}),
            "federated::change" => json!({"subject": "another"}),
            "grants::change" => json!({"scope": "settings.read"}),
            name if name.ends_with("change") => json!({"displayName": "Changed"}),
            "certificates::add" => {
                let (_, key) = super::certificates::certificate();
                json!({"keyCredential": {"key": key, "type": "AsymmetricX509Cert",
                    "usage": "Verify"}})
            }
            "certificates::remove" | "passwords::remove" | "passwords::remove_from_principal" => {
                json!({ "keyId": self.secret })
            }
            "federated::create" => federated("two"),
            "owners::add" => reference(&self.person),
            "assignments::create" if path.ends_with("To") => {
                assigned(&self.principal, &self.api, Permission::DiscoveryRead)
            }
            "assignments::create" => assigned(&self.principal, &self.api, Permission::SettingsRead),
            "passwords::add" | "passwords::add_to_principal" | "people::reset_password" => {
                json!({})
            }
            _ => Value::Null,
        }
    }
}

fn federated(name: &str) -> Value {
    json!({"name": name, "issuer": "https://issuer.example", "subject": name,
        "audiences": ["api://AzureADTokenExchange"]})
}

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://localhost:8443/v1.0/directoryObjects/{id}") })
}

fn assigned(principal: &str, resource: &str, permission: Permission) -> Value {
    json!({"principalId": principal, "resourceId": resource,
        "appRoleId": permission.app_role_id()})
}

/// An administrator of another tenant.
async fn stranger(directory: &Directory) -> Caller<'_> {
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example");
    let other = other.await;
    let mut browser = directory.browser();
    let scope = ("scope", "https://localhost:8443//.default openid");
    let page = browser.get(&authorize("common", &[scope])).await;
    let fields = [
        ("username", other.administrator.upn.as_str()),
        ("password", other.password.expose_secret()),
        ("new_password", NEW),
        ("new_password_again", NEW),
    ];
    let sent = submit(&mut browser, &page, &fields).await;
    let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    Caller::new(directory, token)
}

#[tokio::test]
async fn no_operation_of_the_directory_reaches_an_object_of_another_tenant() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let stranger = stranger(&directory).await;
    let objects = Objects::of(&directory, &admin).await;
    let operations = objects.operations();

    let walked = operations.iter().map(|one| one.handler.to_owned());
    let known = ["people::role_definition"].map(str::to_owned);
    let walked: BTreeSet<_> = walked.chain(known).collect();
    let missing: Vec<_> = handlers().difference(&walked).cloned().collect();
    assert!(
        missing.is_empty(),
        "operations that name an object: {missing:?}"
    );

    let store = &directory.server.app.store;
    let before = store.audit_records(directory.tenant, 1_000).await.unwrap();
    let mut wrong = Vec::new();
    for Operation {
        method, path, body, ..
    } in &operations
    {
        let page = stranger.call(method, path, body.clone()).await;
        if page.status != 404 || page.text.contains("Console") {
            wrong.push(format!("{method} {path}: {} {}", page.status, page.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let after = store.audit_records(directory.tenant, 1_000).await.unwrap();
    assert_eq!(before, after, "nothing was changed");
    for Operation {
        method, path, body, ..
    } in &operations
    {
        let page = admin.call(method, path, body.clone()).await;
        // What an administrator may not do, or what was never there, says so in other words.
        let is_reached = page.status < 300 || [400, 409].contains(&page.status);
        if !is_reached && !path.contains("/links/") {
            wrong.push(format!("{method} {path}: {} {}", page.status, page.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn no_object_of_another_tenant_can_be_named_in_a_body() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let stranger = stranger(&directory).await;
    let theirs = Objects::of(&directory, &admin).await;
    let app = created(
        &stranger,
        "/v1.0/applications",
        json!({"displayName": "Own"}),
    )
    .await;
    let body = json!({"appId": app["appId"]});
    let own = id(&created(&stranger, "/v1.0/servicePrincipals", body).await);
    let api = stranger
        .principal_of(&CLOUD_APP_SECURITY.app_id.to_string())
        .await;
    let role = Permission::InvestigationRead;
    let roles = admin
        .get("/v1.0/roleManagement/directory/roleDefinitions")
        .await;
    let definition = id(&roles["value"][0]);
    let path = format!("/v1.0/servicePrincipals/{own}/appRoleAssignments");
    let to = format!("/v1.0/servicePrincipals/{api}/appRoleAssignedTo");
    let grant = |client: &str, resource: &str| {
        json!({"clientId": client, "consentType": "AllPrincipals", "resourceId": resource,
            "scope": "investigation.read"})
    };
    let grants = "/v1.0/oauth2PermissionGrants".to_owned();
    let of_person = json!({"clientId": own, "consentType": "Principal", "resourceId": api,
        "principalId": theirs.person, "scope": "investigation.read"});
    let owners = format!("/v1.0/applications/{}/owners/$ref", id(&app));
    let assignments = "/v1.0/roleManagement/directory/roleAssignments".to_owned();
    let before = directory
        .server
        .app
        .store
        .audit_records(directory.tenant, 1_000);
    let before = before.await.unwrap();
    for (path, body) in [
        (path, assigned(&own, &theirs.api, role)),
        (to.clone(), assigned(&theirs.principal, &api, role)),
        (to, assigned(&theirs.person, &api, role)),
        (grants.clone(), grant(&theirs.principal, &api)),
        (grants.clone(), grant(&own, &theirs.api)),
        (grants, of_person),
        (owners.clone(), reference(&theirs.person)),
        (owners, reference(&theirs.principal)),
        (
            assignments,
            json!({"principalId": theirs.person, "roleDefinitionId": definition,
                "directoryScopeId": "/"}),
        ),
    ] {
        let page = stranger.post(&path, body.clone()).await;
        assert!(
            [400, 404].contains(&page.status),
            "{path} {body}: {}",
            page.text
        );
    }
    let body = json!({"ids": [theirs.app, theirs.principal, theirs.person, theirs.api]});
    let found = stranger.post("/v1.0/directoryObjects/getByIds", body).await;
    assert_eq!(found.json()["value"], json!([]), "{}", found.text);
    let after = directory
        .server
        .app
        .store
        .audit_records(directory.tenant, 1_000);
    assert_eq!(before, after.await.unwrap(), "nothing was changed");
}
