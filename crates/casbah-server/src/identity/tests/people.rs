//! People in the directory: made, changed, deleted, and what that ends.

use serde_json::{Value, json};

use super::Directory;
use super::browser::{Browser, Page};
use super::graph::{Caller, admin};
use super::sign_in::{authorize, redeem, submit};

const GRAPH: (&str, &str) = (
    "scope",
    "https://localhost:8443//.default openid offline_access",
);
pub(super) const PASSWORD: &str = "a good long password";

/// What a person has after a sign-in.
pub(super) struct SignedIn<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) refresh_token: String,
    pub(super) browser: Browser,
}

/// Makes a person through the directory, with a password that need not be changed.
pub(super) async fn make(admin: &Caller<'_>, name: &str) -> String {
    let page = admin.post("/v1.0/users", body(name)).await;
    assert_eq!(page.status, 201, "{}", page.text);
    page.json()["id"].as_str().unwrap().to_owned()
}

pub(super) fn body(name: &str) -> Value {
    json!({
        "accountEnabled": true,
        "displayName": name,
        "mailNickname": name,
        "userPrincipalName": format!("{name}@fabrikam.example"),
        "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": false},
    })
}

/// Gives a role, by its template id.
pub(super) async fn assign(caller: &Caller<'_>, person: &str, role: &str) -> Page {
    let body = json!({"principalId": person, "roleDefinitionId": role, "directoryScopeId": "/"});
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    caller.post(path, body).await
}

/// Signs a person in to the directory.
pub(super) async fn sign_in<'a>(directory: &'a Directory, name: &str) -> SignedIn<'a> {
    let mut browser = directory.browser();
    let page = browser.get(&authorize("common", &[GRAPH])).await;
    let upn = format!("{name}@fabrikam.example");
    let fields = [("username", upn.as_str()), ("password", PASSWORD)];
    let sent = submit(&mut browser, &page, &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let answer = redeem(&mut browser, &sent.sent("code").unwrap(), &[]).await;
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    SignedIn {
        caller: Caller::new(directory, text("access_token")),
        refresh_token: text("refresh_token"),
        browser,
    }
}

impl SignedIn<'_> {
    /// Whether access token, refresh token and browser session are still good.
    pub(super) async fn stands(&mut self) -> [bool; 3] {
        let me = self.caller.call("GET", "/v1.0/me", Value::Null).await;
        let client = casbah_model::identity::CASBAH_CLI.app_id.to_string();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", &self.refresh_token),
        ];
        let refreshed = self
            .browser
            .post("/common/oauth2/v2.0/token", &fields)
            .await;
        if let Some(next) = refreshed.json()["refresh_token"].as_str() {
            self.refresh_token = next.to_owned();
        }
        let page = self.browser.get(&authorize("common", &[GRAPH])).await;
        [
            me.status == 200,
            refreshed.status == 200,
            page.status == 303,
        ]
    }
}

#[tokio::test]
async fn a_person_is_made_changed_and_deleted() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let id = make(&admin, "bo").await;
    let path = format!("/v1.0/users/{id}");
    let shown = admin.get("/v1.0/users/BO@fabrikam.example").await;
    assert_eq!(
        (&shown["id"], &shown["accountEnabled"]),
        (&json!(id), &json!(true))
    );
    assert!(!shown.to_string().contains("argon2"), "{shown}");

    for (change, text) in [
        (
            json!({"userPrincipalName": "bo@contoso.example"}),
            "contoso.example",
        ),
        (json!({"userPrincipalName": "bo"}), "userPrincipalName"),
        (json!({"displayName": ""}), "displayName"),
        (json!({"displayName": null}), "displayName"),
        (
            json!({"passwordProfile": {"password": "short"}}),
            "password",
        ),
        (
            json!({"userPrincipalName": directory.admin.upn}),
            "userPrincipalName",
        ),
    ] {
        let refused = admin.call("PATCH", &path, change.clone()).await;
        assert_eq!(refused.status, 400, "{change}");
        assert!(refused.text.contains(text), "{change}: {}", refused.text);
        let mut new = body("new");
        new.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let refused = admin.post("/v1.0/users", new).await;
        assert_eq!(refused.status, 400, "{change}: {}", refused.text);
    }
    for missing in [
        "accountEnabled",
        "displayName",
        "userPrincipalName",
        "passwordProfile",
    ] {
        let mut new = body("new");
        new.as_object_mut().unwrap().remove(missing);
        let refused = admin.post("/v1.0/users", new).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(missing), "{}", refused.text);
    }
    let change = json!({"displayName": "Bo B.", "userPrincipalName": "bob@fabrikam.example"});
    assert_eq!(admin.call("PATCH", &path, change).await.status, 204);
    let listed = admin
        .get("/v1.0/users?$filter=displayName%20eq%20'bo%20b.'&$top=1")
        .await;
    assert_eq!(
        listed["value"][0]["userPrincipalName"],
        "bob@fabrikam.example"
    );
    assert_eq!(sign_in(&directory, "bob").await.stands().await, [true; 3]);

    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(admin.call("GET", &path, Value::Null).await.status, 404);
    make(&admin, "bob").await;

    let store = &directory.server.app.store;
    let records = store.audit_records(directory.tenant, 50).await.unwrap();
    let told: Vec<_> = records
        .iter()
        .filter(|stored| stored.target == id)
        .map(|stored| (stored.action.as_str(), stored.detail.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("user.delete", "bob@fabrikam.example"),
            (
                "user.change",
                "userPrincipalName bob@fabrikam.example, displayName Bo B."
            ),
            ("user.create", "bo@fabrikam.example"),
        ]
    );
}

#[tokio::test]
async fn roles_are_given_and_taken_as_graph_does_it() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let definitions = admin
        .get("/v1.0/roleManagement/directory/roleDefinitions")
        .await;
    insta::assert_json_snapshot!("role_definitions", definitions);
    let id = make(&admin, "bo").await;
    let reader = "5d6b6bb7-de71-4623-b4af-96380a352509";
    let given = assign(&admin, &id, reader).await;
    assert_eq!(given.status, 201, "{}", given.text);
    let given = given.json();
    assert_eq!(given["principalId"], id);
    assert_eq!(assign(&admin, &id, reader).await.status, 400, "twice");
    assert_eq!(assign(&admin, &id, &id).await.status, 404, "no such role");
    assert_eq!(
        assign(&admin, reader, reader).await.status,
        404,
        "no such person"
    );
    let filter =
        format!("/v1.0/roleManagement/directory/roleAssignments?$filter=principalId%20eq%20'{id}'");
    assert_eq!(admin.get(&filter).await["value"], json!([given]));
    let member = admin.get(&format!("/v1.0/users/{id}/memberOf")).await;
    assert_eq!(member["value"][0]["displayName"], "Security Reader");
    assert_eq!(member["value"][0]["roleTemplateId"], reader);
    let path = format!(
        "/v1.0/roleManagement/directory/roleAssignments/{}",
        given["id"].as_str().unwrap()
    );
    assert_eq!(admin.get(&path).await, given);
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(admin.get(&filter).await["value"], json!([]));
}

#[tokio::test]
async fn what_a_person_signed_in_to_ends_with_the_right_to_it() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let id = make(&admin, "bo").await;
    let path = format!("/v1.0/users/{id}");
    let reset =
        format!("{path}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword");
    let revoke = format!("{path}/revokeSignInSessions");
    let on = json!({"accountEnabled": true});
    let off = json!({"accountEnabled": false});
    let password = json!({"passwordProfile": {
        "password": PASSWORD, "forceChangePasswordNextSignIn": false,
    }});
    let name = json!({"displayName": "Bo"});
    for (method, path, change, status, stands) in [
        ("PATCH", &path, name, 204, true),
        ("PATCH", &path, off, 204, false),
        ("PATCH", &path, password.clone(), 204, false),
        ("POST", &reset, json!({"newPassword": PASSWORD}), 202, false),
        ("POST", &revoke, Value::Null, 200, false),
        ("DELETE", &path, Value::Null, 204, false),
    ] {
        // No second passes between the sign-in and its end, nor before the next sign-in.
        let mut before = sign_in(&directory, "bo").await;
        let page = before.browser.get(&authorize("common", &[GRAPH])).await;
        let code = page.sent("code").unwrap();
        assert_eq!(before.stands().await, [true; 3], "{change}");
        let done = admin.call(method, path, change.clone()).await;
        assert_eq!(done.status, status, "{}", done.text);
        assert_eq!(
            before.stands().await,
            [stands; 3],
            "{method} {path} {change}"
        );
        let redeemed = redeem(&mut before.browser, &code, &[]).await;
        assert_eq!(redeemed.status == 200, stands, "{}", redeemed.text);
        if method != "DELETE" {
            for change in [on.clone(), password.clone()] {
                let path = format!("/v1.0/users/{id}");
                assert_eq!(admin.call("PATCH", &path, change).await.status, 204);
            }
            let now = if stands {
                [false; 3]
            } else {
                before.stands().await
            };
            assert_eq!(now, [false; 3], "what has ended does not come back");
        }
    }
}

#[tokio::test]
async fn a_reset_password_is_answered_once_and_must_be_changed() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let id = make(&admin, "bo").await;
    let reset = format!(
        "/v1.0/users/{id}/authentication/passwordMethods/28C10230-6103-485E-B985-444C60001490/resetPassword"
    );
    let done = admin.post(&reset, Value::Null).await;
    assert_eq!(done.status, 202, "{}", done.text);
    let given = done.json()["newPassword"].as_str().unwrap().to_owned();
    let mut browser = directory.browser();
    let page = browser.get(&authorize("common", &[GRAPH])).await;
    let typed = |password| [("username", "bo@fabrikam.example"), ("password", password)];
    let old = submit(&mut browser, &page, &typed(PASSWORD)).await;
    assert_eq!(old.status, 401);
    let page = browser.get(&authorize("common", &[GRAPH])).await;
    let asked = submit(&mut browser, &page, &typed(&given)).await;
    assert!(asked.text.contains("new_password_again"), "{}", asked.text);

    let own = format!(
        "/v1.0/users/{}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword",
        directory.admin.id
    );
    let refused = admin.post(&own, Value::Null).await;
    assert_eq!(
        refused.status, 400,
        "a stolen token does not take the account over"
    );
}
