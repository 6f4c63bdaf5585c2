//! Who may manage whom.

use casbah_model::identity::MICROSOFT_GRAPH;
use serde_json::{Value, json};

use super::Directory;
use super::graph::{admin, application};
use super::people::{PASSWORD, assign, body, make, sign_in};

const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const PRIVILEGED: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";

#[tokio::test]
async fn nobody_climbs_above_the_own_role() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let global = directory.admin.id.to_string();
    let (helper, reader) = (make(&admin, "helper").await, make(&admin, "reader").await);
    assert_eq!(assign(&admin, &helper, PRIVILEGED).await.status, 201);
    assert_eq!(assign(&admin, &reader, READER).await.status, 201);
    let by_helper = sign_in(&directory, "helper").await.caller;
    let by_reader = sign_in(&directory, "reader").await.caller;

    let new = make(&by_helper, "new").await;
    assert_eq!(assign(&by_helper, &new, READER).await.status, 201);
    for (person, role) in [
        (&new, GLOBAL),
        (&new, PRIVILEGED),
        (&helper, GLOBAL),
        (&global, READER),
    ] {
        assert_eq!(assign(&by_helper, person, role).await.status, 403, "{role}");
    }
    let password = json!({"passwordProfile": {"password": PASSWORD}});
    let off = json!({"accountEnabled": false});
    let name = json!({"displayName": "Mallory"});
    let invited = json!({"invitedUserEmailAddress": "eve@fabrikam.example"});
    for person in [&global, &helper] {
        let path = format!("/v1.0/users/{person}");
        let reset = format!(
            "{path}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword"
        );
        for caller in [&by_helper, &by_reader] {
            for change in [&password, &off, &name] {
                let refused = caller.call("PATCH", &path, change.clone()).await;
                assert_eq!(refused.status, 403, "{change}: {}", refused.text);
            }
            assert_eq!(caller.call("DELETE", &path, Value::Null).await.status, 403);
            assert_eq!(caller.post(&reset, Value::Null).await.status, 403);
        }
        let sessions = format!("{path}/revokeSignInSessions");
        assert_eq!(by_reader.post(&sessions, Value::Null).await.status, 403);
    }
    let list = "/v1.0/roleManagement/directory/roleAssignments";
    let held = admin
        .get(&format!(
            "{list}?$filter=roleDefinitionId%20eq%20'{GLOBAL}'"
        ))
        .await;
    let held = format!("{list}/{}", held["value"][0]["id"].as_str().unwrap());
    assert_eq!(
        by_helper.call("DELETE", &held, Value::Null).await.status,
        403
    );

    // Who has no role for it makes, invites and changes nobody, though everyone may look.
    by_reader.get("/v1.0/users").await;
    by_reader.get(list).await;
    assert_eq!(by_reader.post("/v1.0/users", body("eve")).await.status, 403);
    assert_eq!(
        by_reader.post("/v1.0/invitations", invited).await.status,
        403
    );
    assert_eq!(assign(&by_reader, &new, READER).await.status, 403);
    let path = format!("/v1.0/users/{new}");
    assert_eq!(by_reader.call("PATCH", &path, name).await.status, 403);
    assert_eq!(
        by_reader.call("DELETE", &path, Value::Null).await.status,
        403
    );

    // But everyone may sign out everywhere.
    let mut signed_in = sign_in(&directory, "reader").await;
    let done = signed_in
        .caller
        .post("/v1.0/me/revokeSignInSessions", Value::Null)
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(signed_in.stands().await, [false; 3]);
}

#[tokio::test]
async fn the_last_administrator_cannot_go() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let path = format!("/v1.0/users/{}", directory.admin.id);
    let list = "/v1.0/roleManagement/directory/roleAssignments";
    let held = admin.get(list).await;
    let held = format!("{list}/{}", held["value"][0]["id"].as_str().unwrap());
    let off = json!({"accountEnabled": false});
    let other = make(&admin, "other").await;
    let try_all = async |status: u16| {
        let answers = [
            admin.call("PATCH", &path, off.clone()).await,
            admin.call("DELETE", &path, Value::Null).await,
            admin.call("DELETE", &held, Value::Null).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, status, "{}", answer.text);
            assert!(answer.text.contains("last enabled Global Administrator"));
        }
    };
    try_all(400).await;
    // One who cannot sign in is none.
    assert_eq!(assign(&admin, &other, GLOBAL).await.status, 201);
    let other = format!("/v1.0/users/{other}");
    assert_eq!(admin.call("PATCH", &other, off.clone()).await.status, 204);
    try_all(400).await;
    let on = json!({"accountEnabled": true});
    assert_eq!(admin.call("PATCH", &other, on).await.status, 204);
    assert_eq!(admin.call("DELETE", &held, Value::Null).await.status, 204);
}

#[tokio::test]
async fn applications_manage_nobody() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let one = directory.register(|_| {}).await;
    let resource = admin
        .principal_of(&MICROSOFT_GRAPH.app_id.to_string())
        .await;
    let grants = format!(
        "/v1.0/servicePrincipals/{}/appRoleAssignments",
        one.principal.id
    );
    for role in MICROSOFT_GRAPH.app_roles().iter() {
        let body = json!({
            "principalId": one.principal.id, "resourceId": resource, "appRoleId": role.id,
        });
        assert_eq!(admin.post(&grants, body).await.status, 201);
    }
    let app_id = one.application.app_id.to_string();
    let graph = "https://graph.microsoft.com";
    let caller = application(&directory, directory.tenant, &app_id, &one.secret, graph).await;
    let person = format!("/v1.0/users/{}", directory.admin.id);
    let invited = json!({"invitedUserEmailAddress": "eve@fabrikam.example"});
    for (method, path, body) in [
        ("GET", "/v1.0/users", Value::Null),
        ("POST", "/v1.0/users", body("eve")),
        ("PATCH", &person, json!({"displayName": "Eve"})),
        ("DELETE", &person, Value::Null),
        (
            "POST",
            &format!("{person}/revokeSignInSessions"),
            Value::Null,
        ),
        ("POST", "/v1.0/invitations", invited),
        (
            "GET",
            "/v1.0/roleManagement/directory/roleAssignments",
            Value::Null,
        ),
    ] {
        let answer = caller.call(method, path, body).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text);
    }
    caller.get("/v1.0/applications").await;
}
