//! Sessions of browsers: how one begins, how it ends, and where the browser goes then.

use casbah_model::identity::SignInAudience;
use casbah_model::ids::TenantId;

use super::Directory;
use super::browser::Browser;
use super::second_factor::code;
use super::sign_in::{authorize, first_sign_in, submit};
use crate::testing::directory::PASSWORD;

const SESSION: &str = "__Host-casbah-session";
const STEP: &str = "__Host-casbah-step";
/// Where a browser goes when it is signed out.
const TO: &str = "post_logout_redirect_uri";

/// The browser's session.
fn session(browser: &Browser) -> String {
    browser.cookies[SESSION].clone()
}

/// Whether somebody with this cookie alone is signed in.
async fn is_good(directory: &Directory, cookie: &str) -> bool {
    let mut browser = directory.browser();
    browser
        .cookies
        .insert(SESSION.to_owned(), cookie.to_owned());
    browser.get("/portal/").await.status == 200
}

#[tokio::test]
async fn a_session_never_has_a_cookie_that_was_there_before() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let planted = format!("{}.planted", directory.tenant);
    let mut browser = directory.browser();
    browser.cookies.insert(SESSION.to_owned(), planted.clone());
    let address = authorize("common", &[("prompt", "login")]);
    let fields = [("username", ada.upn.as_str()), ("password", PASSWORD)];
    let page = browser.get(&address).await;
    assert_eq!(submit(&mut browser, &page, &fields).await.status, 303);
    let first = session(&browser);
    assert_ne!(first, planted);
    assert!(!is_good(&directory, &planted).await);
    assert!(is_good(&directory, &first).await);

    // Signing in again ends the session that the browser had.
    let page = browser.get(&address).await;
    assert_eq!(submit(&mut browser, &page, &fields).await.status, 303);
    let second = session(&browser);
    assert_ne!(second, first);
    assert!(!is_good(&directory, &first).await);
    assert!(is_good(&directory, &second).await);

    let secret = directory.authenticator(&ada).await;
    let page = browser.get(&address).await;
    let page = submit(&mut browser, &page, &fields).await;
    let step = browser.cookies[STEP].clone();
    assert!(!is_good(&directory, &step).await);
    assert_eq!(session(&browser), second, "nobody is proven yet");
    let typed = code(&secret, 0);
    let sent = submit(&mut browser, &page, &[("code", &typed)]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let third = session(&browser);
    assert!(third != second && third != step);
    assert!(!browser.cookies.contains_key(STEP));
    assert!(!is_good(&directory, &second).await && !is_good(&directory, &step).await);
}

#[tokio::test]
async fn a_new_password_begins_a_new_session() {
    let directory = Directory::new().await;
    let planted = format!("{}.planted", directory.tenant);
    let mut browser = directory.browser();
    browser.cookies.insert(SESSION.to_owned(), planted.clone());
    let address = authorize("common", &[]);
    let sent = first_sign_in(&directory, &mut browser, &address).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_ne!(session(&browser), planted);
    assert!(!is_good(&directory, &planted).await);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let cookie = session(&browser);
    assert!(is_good(&directory, &cookie).await);
    let page = browser.get("/common/oauth2/v2.0/logout").await;
    assert_eq!(page.status, 200);
    assert!(!browser.cookies.contains_key(SESSION));
    assert!(!is_good(&directory, &cookie).await);
}

#[tokio::test]
async fn a_cookie_leads_to_a_session_of_its_own_tenant_alone() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    first_sign_in(&directory, &mut browser, &authorize("common", &[])).await;
    let cookie = session(&browser);
    let (_, secret) = cookie.split_once('.').unwrap();
    for tenant in [directory.server.tenant, TenantId::random()] {
        assert!(!is_good(&directory, &format!("{tenant}.{secret}")).await);
    }
    for other in ["", secret, "x.y", &format!("{cookie}x")] {
        assert!(!is_good(&directory, other).await, "{other}");
    }
}

#[tokio::test]
async fn signing_out_leads_to_a_registered_address_alone() {
    let directory = Directory::new().await;
    let registered = directory.register(|application| {
        application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
        application.web_redirect_uris = vec!["https://a.example/out".to_owned()];
    });
    let client = registered.await.application.app_id.to_string();
    let out = async |fields: &[(&str, &str)]| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        let path = format!("/common/oauth2/v2.0/logout?{}", query.finish());
        let page = directory.browser().get(&path).await;
        (page.status, page.header("location").to_owned())
    };
    let own = ("client_id", client.as_str());
    let good = out(&[own, (TO, "https://a.example/out")]).await;
    assert_eq!(good, (303, "https://a.example/out".to_owned()));
    let good = out(&[own, (TO, "https://a.example/out"), ("state", "a&b")]).await;
    assert_eq!(good, (303, "https://a.example/out?state=a%26b".to_owned()));
    for elsewhere in [
        "https://evil.example/",
        "https://a.example/",
        "https://a.example/out/",
        "https://a.example/out?x=1",
        "https://a.example/out#x",
        "https://a.example/out/../x",
        "https://a.example/%6Fut",
        "https://A.example/out",
        "https://a.example@evil.example/out",
        "https://a.example.evil.example/out",
        "//a.example/out",
        "javascript:alert(1)",
    ] {
        let page = out(&[own, (TO, elsewhere)]).await;
        assert_eq!(page, (200, String::new()), "{elsewhere}");
    }
    for fields in [
        &[(TO, "https://a.example/out")][..],
        &[("client_id", "x"), (TO, "https://a.example/out")],
        &[own, own, (TO, "https://a.example/out")],
    ] {
        assert_eq!(out(fields).await, (200, String::new()), "{fields:?}");
    }
}
