//! A code after the password, and what cannot take its place.

use casbah_identity::signin::AuthenticatorSecret;
use casbah_model::identity::User;
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;
use totp_rs::{Builder, Secret};

use super::Directory;
use super::browser::{Browser, Page};
use super::sign_in::{authorize, redeem, submit};
use crate::testing::directory::PASSWORD;
use crate::testing::save_user;

/// The code that an app shows so many seconds from now.
pub(super) fn code(secret: &AuthenticatorSecret, later: i64) -> String {
    let totp = Builder::new()
        .with_secret(Secret::from(secret.as_bytes()))
        .build()
        .unwrap();
    let at = Timestamp::now().seconds() + later;
    totp.generate(at.try_into().unwrap()).to_string()
}

pub(super) async fn password(browser: &mut Browser, user: &User, address: &str) -> Page {
    let page = browser.get(address).await;
    let fields = [("username", user.upn.as_str()), ("password", PASSWORD)];
    submit(browser, &page, &fields).await
}

#[tokio::test]
async fn the_password_is_not_enough_where_a_factor_is_there() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let secret = directory.authenticator(&ada).await;
    let mut browser = directory.browser();
    let address = authorize("organizations", &[]);
    let page = password(&mut browser, &ada, &address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("name=\"code\""), "{}", page.text);
    assert!(!browser.cookies.contains_key("__Host-casbah-session"));
    // Nothing else of the server takes the step for a session.
    let asked = browser.get(&address).await;
    assert_eq!(asked.status, 200);
    assert_eq!(browser.get("/portal/").await.status, 303);

    let wrong = submit(&mut browser, &page, &[("code", "000000")]).await;
    assert_eq!(wrong.status, 401);
    assert!(!browser.cookies.contains_key("__Host-casbah-session"));
    let right = code(&secret, 0);
    let sent = submit(&mut browser, &wrong, &[("code", &right)]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let grant = sent.sent("code").unwrap();
    let answer = redeem(&mut browser, &grant, &[]).await.json();
    let token = answer["access_token"].as_str().unwrap();
    let claims = casbah_token::decode_unverified(token).unwrap().claims;
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    let refresh = answer["refresh_token"].as_str().unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("code", ""),
    ];
    let again = redeem(&mut browser, "", &fields).await.json();
    let token = again["access_token"].as_str().unwrap();
    let claims = casbah_token::decode_unverified(token).unwrap().claims;
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));

    // A code that was seen over a shoulder is worth nothing.
    let mut thief = directory.browser();
    let page = password(&mut thief, &ada, &address).await;
    let refused = submit(&mut thief, &page, &[("code", &right)]).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    let next = code(&secret, 30);
    let sent = submit(&mut thief, &refused, &[("code", &next)]).await;
    assert_eq!(sent.status, 303, "the next one is good: {}", sent.text);
}

#[tokio::test]
async fn codes_cannot_be_guessed_in_many_attempts() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    directory.authenticator(&ada).await;
    let address = authorize("organizations", &[]);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        // A new browser each time: the person is counted, not the browser.
        let mut browser = directory.browser();
        let page = password(&mut browser, &ada, &address).await;
        let refused = submit(&mut browser, &page, &[("code", "000000")]).await;
        statuses.push(refused.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_step_belongs_to_its_browser_and_its_kind() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let bob = directory.person("bob", &[]).await;
    let secret = directory.authenticator(&ada).await;
    directory.authenticator(&bob).await;
    let address = authorize("organizations", &[]);
    let mut browser = directory.browser();
    let page = password(&mut browser, &ada, &address).await;
    let right = code(&secret, 0);
    let action = page.attribute("action=\"");
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let mut other = directory.browser();
    password(&mut other, &bob, &address).await;
    for csrf in ["", csrf.as_str()] {
        let fields = [("csrf", csrf), ("code", right.as_str())];
        assert_eq!(
            other.post(&action, &fields).await.status,
            403,
            "another browser's"
        );
    }
    let skipped = action.replace("/second_factor/", "/new_password/");
    let fields = [
        ("csrf", csrf.as_str()),
        ("new_password", "another good password"),
        ("new_password_again", "another good password"),
    ];
    assert_eq!(
        browser.post(&skipped, &fields).await.status,
        403,
        "not proven"
    );
    let before = browser.cookies.clone();
    let fields = [("csrf", csrf.as_str()), ("code", right.as_str())];
    assert_eq!(browser.post(&action, &fields).await.status, 303);
    // It is gone with its use, whatever the browser still sends.
    browser.cookies = before;
    let next = code(&secret, 30);
    let fields = [("csrf", csrf.as_str()), ("code", next.as_str())];
    assert_eq!(browser.post(&action, &fields).await.status, 403, "once");
}

#[tokio::test]
async fn a_given_password_is_changed_only_after_the_second_factor() {
    let directory = Directory::new().await;
    let admin = directory.admin.clone();
    let secret = directory.authenticator(&admin).await;
    let mut browser = directory.browser();
    let page = browser.get("/portal/sign_in").await;
    let new = "another good password";
    let fields = [
        ("username", admin.upn.as_str()),
        ("password", directory.one_time.expose_secret()),
        ("new_password", new),
        ("new_password_again", new),
    ];
    let page = submit(&mut browser, &page, &fields).await;
    assert!(page.text.contains("name=\"code\""), "{}", page.text);
    let store = &directory.server.app.store;
    let stored = store.user(admin.tenant, admin.id).await.unwrap().unwrap();
    assert_eq!(stored.password, admin.password);
    let code = code(&secret, 0);
    let page = submit(&mut browser, &page, &[("code", &code)]).await;
    assert!(page.text.contains("name=\"new_password\""), "{}", page.text);
    assert!(!browser.cookies.contains_key("__Host-casbah-session"));
    let short = [("new_password", "x"), ("new_password_again", "x")];
    let again = submit(&mut browser, &page, &short).await;
    assert_eq!(again.status, 400);
    let good = [("new_password", new), ("new_password_again", new)];
    let sent = submit(&mut browser, &again, &good).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_eq!(browser.get("/portal/").await.status, 200);
}

#[tokio::test]
async fn the_page_for_passkeys_leaves_no_rows_without_end() {
    let directory = Directory::new().await;
    let address = "/portal/passkey?to=/portal/";
    let mut browser = directory.browser();
    for _ in 0..300 {
        let page = browser.get(address).await;
        assert_eq!(page.status, 200, "{}", page.text);
    }
    let waiting = browser.get(address).await;
    assert_eq!(waiting.status, 429, "{}", waiting.text);
    let seconds: u32 = waiting.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert_eq!(waiting.header("set-cookie"), "");
    let rows = "SELECT COUNT(*) FROM sign_in_step";
    let database = directory.server.database();
    let rows: i64 = database.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 300);
}

#[tokio::test]
async fn who_was_switched_off_meanwhile_does_not_go_on() {
    let directory = Directory::new().await;
    let mut ada = directory.person("ada", &[]).await;
    let secret = directory.authenticator(&ada).await;
    let mut browser = directory.browser();
    let page = password(&mut browser, &ada, &authorize("organizations", &[])).await;
    ada.enabled = false;
    save_user(&directory.server.app.store, &ada).await;
    let typed = code(&secret, 0);
    let refused = submit(&mut browser, &page, &[("code", &typed)]).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(!browser.cookies.contains_key("__Host-casbah-session"));
}
