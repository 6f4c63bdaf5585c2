//! Sign-in on another device: the code, the page, the polls.

use casbah_model::identity::{AZURE_CLI, CASBAH_CLI};
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::Directory;
use super::browser::{Browser, Page};
use super::graph::admin;
use super::people::{make, sign_in};
use super::sign_in::{SCOPE, authorize, first_sign_in, submit};

const PAGE: &str = "/common/oauth2/deviceauth";

/// A device that waits.
struct Device<'a> {
    directory: &'a Directory,
    client: String,
    code: String,
    user_code: String,
}

impl<'a> Device<'a> {
    async fn ask(directory: &'a Directory, tenant: &str, client: &str) -> Device<'a> {
        let fields = [("client_id", client), ("scope", SCOPE)];
        let path = format!("/{tenant}/oauth2/v2.0/devicecode");
        let answer = directory.browser().post(&path, &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let json = answer.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        assert_eq!(
            (&json["expires_in"], &json["interval"]),
            (&json!(900), &json!(5))
        );
        assert_eq!(
            json["verification_uri"],
            format!("https://localhost:8443{PAGE}")
        );
        assert!(text("message").contains(&text("user_code")));
        Self {
            directory,
            client: client.to_owned(),
            code: text("device_code"),
            user_code: text("user_code"),
        }
    }

    async fn poll_with(&self, change: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", self.client.as_str()),
            ("device_code", &self.code),
            ("client_info", "1"),
        ];
        for (name, value) in change {
            fields.retain(|(found, _)| found != name);
            fields.push((name, value));
        }
        let path = "/common/oauth2/v2.0/token";
        self.directory.browser().post(path, &fields).await
    }

    async fn poll(&self) -> Page {
        self.poll_with(&[]).await
    }
}

async fn signed_in(directory: &Directory) -> Browser {
    let mut browser = directory.browser();
    first_sign_in(directory, &mut browser, &authorize("common", &[])).await;
    browser
}

/// Types a code and comes to the question.
async fn type_code(browser: &mut Browser, code: &str) -> Page {
    let page = browser.get(PAGE).await;
    submit(browser, &page, &[("user_code", code)]).await
}

async fn decide(browser: &mut Browser, code: &str, decision: &str) -> Page {
    let asked = type_code(browser, code).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    submit(
        browser,
        &asked,
        &[("user_code", code), ("decision", decision)],
    )
    .await
}

#[tokio::test]
async fn a_device_is_signed_in_once_by_a_person_who_agrees() {
    let directory = Directory::new().await;
    let mut browser = signed_in(&directory).await;
    let device = Device::ask(&directory, "common", &CASBAH_CLI.app_id.to_string()).await;
    let pending = device.poll().await;
    assert_eq!(
        pending.code(),
        (400, "authorization_pending".into(), Some(70_016))
    );

    // As people type it.
    let typed = format!(
        "{}-{}",
        device.user_code[..4].to_lowercase(),
        &device.user_code[4..]
    );
    let asked = type_code(&mut browser, &typed).await;
    for text in [
        CASBAH_CLI.display_name,
        &CASBAH_CLI.app_id.to_string(),
        "part of this server",
        &directory.admin.upn,
        "If somebody sent you the code",
    ] {
        assert!(asked.text.contains(text), "{text}: {}", asked.text);
    }
    assert_eq!(asked.header("x-frame-options"), "DENY");
    assert_eq!(device.poll().await.code().1, "authorization_pending");
    let done = decide(&mut browser, &device.user_code, "accept").await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(
        type_code(&mut browser, &device.user_code).await.status,
        400,
        "answered"
    );

    let other = device
        .poll_with(&[("client_id", &AZURE_CLI.app_id.to_string())])
        .await;
    assert_eq!(other.code().1, "bad_verification_code");
    let answer = device.poll().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    assert!(
        json["refresh_token"].is_string() && json["id_token"].is_string(),
        "{json}"
    );
    assert!(json["client_info"].is_string());
    let access = json["access_token"].as_str().unwrap();
    let read = directory
        .server
        .call("GET", "/api/v1/alerts/", Some(access), "")
        .await;
    assert_eq!(read.status, 200, "{}", read.text);
    let again = device.poll().await;
    assert_eq!(again.code(), (400, "bad_verification_code".into(), None));

    let store = &directory.server.app.store;
    let records = store.audit_records(directory.tenant, 50).await.unwrap();
    let actions: Vec<_> = records
        .iter()
        .map(|record| record.action.as_str())
        .collect();
    assert!(actions.contains(&"device.accept"), "{actions:?}");
    let pending = records
        .iter()
        .filter(|record| record.outcome.code() == Some(70_016));
    assert_eq!(pending.count(), 0, "a device that waits is nothing to keep");
}

#[tokio::test]
async fn what_comes_of_other_answers() {
    let directory = Directory::new().await;
    let mut browser = signed_in(&directory).await;
    let client = CASBAH_CLI.app_id.to_string();
    let device = Device::ask(&directory, "organizations", &client).await;
    let done = decide(&mut browser, &device.user_code, "decline").await;
    assert!(done.text.contains("not signed in"), "{}", done.text);
    assert_eq!(device.poll().await.code().1, "authorization_declined");
    let unknown = device.poll_with(&[("device_code", "no such code")]).await;
    assert_eq!(unknown.code().1, "bad_verification_code");

    // Too late, for the person and for the device.
    let device = Device::ask(&directory, "common", &client).await;
    decide(&mut browser, &device.user_code, "accept").await;
    let late = Device::ask(&directory, "common", &client).await;
    let database = directory.server.database();
    let past = Timestamp::now().millis();
    database
        .execute("UPDATE device_code SET expires = ?1", [past])
        .unwrap();
    assert_eq!(type_code(&mut browser, &late.user_code).await.status, 400);
    for device in [device, late] {
        assert_eq!(
            device.poll().await.code(),
            (400, "expired_token".into(), None)
        );
    }

    // Another tenant's device is nobody's here, and one that was asked for at its address
    // is polled there.
    let device = Device::ask(&directory, "contoso.example", &client).await;
    assert_eq!(type_code(&mut browser, &device.user_code).await.status, 400);
    let own = Device::ask(&directory, &directory.tenant.to_string(), &client).await;
    decide(&mut browser, &own.user_code, "accept").await;
    assert_eq!(own.poll().await.status, 200);

    // A person who is signed out everywhere before the device comes back.
    let device = Device::ask(&directory, "common", &client).await;
    decide(&mut browser, &device.user_code, "accept").await;
    let store = &directory.server.app.store;
    let user = store
        .user(directory.tenant, directory.admin.id)
        .await
        .unwrap();
    let mut user = user.unwrap();
    user.end_sign_ins(Timestamp::now());
    crate::testing::save_user(store, &user).await;
    assert_eq!(device.poll().await.code().2, Some(50_173));
}

#[tokio::test]
async fn nobody_is_asked_without_a_session_or_from_elsewhere() {
    let directory = Directory::new().await;
    let client = CASBAH_CLI.app_id.to_string();
    let device = Device::ask(&directory, "common", &client).await;
    let mut stranger = directory.browser();
    let sent = type_code(&mut stranger, &device.user_code).await;
    assert_eq!(sent.status, 303);
    let back = format!("{PAGE}?user_code={}", device.user_code);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("to", &back)
        .finish();
    assert_eq!(sent.header("location"), format!("/portal/sign_in?{query}"));
    assert!(
        stranger.get(&back).await.text.contains(&device.user_code),
        "filled in"
    );
    let none = type_code(&mut stranger, "BBBBBBBBB").await;
    assert_eq!(none.status, 303, "who is not signed in learns nothing");
    let hostile = format!("{PAGE}?user_code=%22%3E%3Cscript%3E//evil");
    let page = stranger.get(&hostile).await;
    assert!(!page.text.contains("<script"), "{}", page.text);

    // A page elsewhere cannot send the form, not even a signed-in person's.
    let mut browser = signed_in(&directory).await;
    for csrf in ["", "forged"] {
        let fields = [
            ("csrf", csrf),
            ("user_code", &device.user_code),
            ("decision", "accept"),
        ];
        assert_eq!(browser.post(PAGE, &fields).await.status, 403);
    }
    assert_eq!(device.poll().await.code().1, "authorization_pending");
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let directory = Directory::new().await;
    let mut browser = signed_in(&directory).await;
    let device = Device::ask(&directory, "common", &CASBAH_CLI.app_id.to_string()).await;
    for _ in 0..3 {
        // The right one is not counted.
        assert_eq!(type_code(&mut browser, &device.user_code).await.status, 200);
    }
    let mut page = type_code(&mut browser, "BBBBBBBBB").await;
    let mut tries = 1;
    while page.status == 400 && tries < 50 {
        page = submit(&mut browser, &page, &[("user_code", "BBBBBBBBB")]).await;
        tries += 1;
    }
    assert_eq!((page.status, tries), (429, 21), "{}", page.text);
    assert!(!page.header("retry-after").is_empty());
    let right = type_code(&mut browser, &device.user_code).await;
    assert_eq!(right.status, 429);

    let database = directory.server.database();
    let kept: Vec<u8> = database
        .query_row("SELECT user_code FROM device_code", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept.len(), 32, "its digest");
}

#[tokio::test]
async fn a_device_may_not_have_what_nobody_consented_to() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let confidential = directory
        .register(|app| app.web_redirect_uris = vec!["https://app.example/cb".into()])
        .await;
    let public = directory
        .register(|app| app.is_fallback_public_client = true)
        .await;
    make(&admin, "bo").await;
    let mut browser = sign_in(&directory, "bo").await.browser;
    let tenant = directory.tenant.to_string();
    let ask = async |one: &super::Registered, scope: &str| -> Value {
        let client = one.application.app_id.to_string();
        let fields = [("client_id", client.as_str()), ("scope", scope)];
        let path = format!("/{tenant}/oauth2/v2.0/devicecode");
        directory.browser().post(&path, &fields).await.json()
    };
    let alerts = "05a65629-4c1b-48c1-a78b-804c4abdd4af/investigation.read";
    let asked = ask(&public, alerts).await;
    let refused = type_code(&mut browser, asked["user_code"].as_str().unwrap()).await;
    assert!(refused.text.contains("AADSTS65001"), "{}", refused.text);

    // A web application proves itself; one that is registered as public need not.
    for (one, secret, expected) in [
        (&confidential, None, Some(7_000_218)),
        (&confidential, Some(&confidential.secret), None),
        (&public, None, None),
    ] {
        let asked = ask(one, "openid offline_access").await;
        decide(&mut browser, asked["user_code"].as_str().unwrap(), "accept").await;
        let device = Device {
            directory: &directory,
            client: one.application.app_id.to_string(),
            code: asked["device_code"].as_str().unwrap().to_owned(),
            user_code: String::new(),
        };
        let proof: Vec<_> = secret
            .map(|secret| ("client_secret", secret.as_str()))
            .into_iter()
            .collect();
        let answer = device.poll_with(&proof).await;
        assert_eq!(
            answer.json()["error_codes"][0].as_u64(),
            expected,
            "{}",
            answer.text
        );
    }
    let on_common = [
        ("client_id", public.application.app_id.to_string()),
        ("scope", "openid".into()),
    ];
    let fields: Vec<_> = on_common
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let refused = directory
        .browser()
        .post("/common/oauth2/v2.0/devicecode", &fields)
        .await;
    assert_eq!(refused.code().2, Some(50_194));
}

#[tokio::test]
async fn the_older_endpoint_answers_texts() {
    let directory = Directory::new().await;
    let client = AZURE_CLI.app_id.to_string();
    let fields = [
        ("client_id", client.as_str()),
        ("resource", "https://localhost:8443/arm"),
    ];
    let answer = directory
        .browser()
        .post("/common/oauth2/devicecode", &fields)
        .await;
    let json = answer.json();
    assert_eq!(
        (&json["expires_in"], &json["interval"]),
        (&json!("900"), &json!("5"))
    );
    assert_eq!(
        json["verification_url"],
        format!("https://localhost:8443{PAGE}")
    );
    let mut browser = signed_in(&directory).await;
    let done = decide(&mut browser, json["user_code"].as_str().unwrap(), "accept").await;
    assert_eq!(done.status, 200, "{}", done.text);
    let fields = [
        ("grant_type", "device_code"),
        ("client_id", client.as_str()),
        ("code", json["device_code"].as_str().unwrap()),
        ("resource", "https://localhost:8443/arm"),
    ];
    let answer = directory
        .browser()
        .post("/common/oauth2/token", &fields)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["resource"], "https://localhost:8443/arm");
    assert!(answer.json()["refresh_token"].is_string());
}
