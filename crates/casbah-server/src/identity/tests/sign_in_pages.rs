//! What stands in the pages of sign-in: names that would be more than text, and addresses.
//! That no page is shown in a frame, the tests' browser looks at in every page.

use casbah_model::identity::{SignInAudience, User};

use super::Directory;
use super::browser::{Browser, Page};
use super::sign_in::{authorize, submit};
use crate::testing::directory::{PASSWORD, Registered};

const EVIL: &str = "\"><script>alert(1)</script>\'";
/// As a page must show it.
const SHOWN: &str = "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#39;";
const BACK: &str = "https://a.example/back";

/// An application whose name would be a script.
async fn evil(directory: &Directory) -> Registered {
    let registered = directory.register(|application| {
        application.display_name = EVIL.to_owned();
        application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
        application.web_redirect_uris = vec![BACK.to_owned()];
        application.is_fallback_public_client = true;
    });
    registered.await
}

async fn signed_in(directory: &Directory, user: &User) -> Browser {
    let mut browser = directory.browser();
    let page = browser.get("/portal/sign_in").await;
    let fields = [("username", user.upn.as_str()), ("password", PASSWORD)];
    assert_eq!(submit(&mut browser, &page, &fields).await.status, 303);
    browser
}

fn assert_text(page: &Page, what: &str) {
    assert!(
        !page.text.contains("<script>alert"),
        "{what}: {}",
        page.text
    );
    assert!(page.text.contains(SHOWN), "{what}: {}", page.text);
}

#[tokio::test]
async fn a_hostile_name_is_text_on_every_page_of_sign_in() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let client = evil(&directory).await.application.app_id.to_string();
    let client = client.as_str();
    let of_client = [("client_id", client), ("redirect_uri", BACK)];
    let usual = authorize("common", &of_client);
    let mut fresh = directory.browser();
    let page = fresh.get(&usual).await;
    assert_text(&page, "sign-in");
    let refused = submit(&mut fresh, &page, &[("username", EVIL), ("password", EVIL)]).await;
    assert_eq!(refused.status, 401);
    assert_text(&refused, "a wrong name");
    let passkey = page.attribute("class=\"other\"><a href=\"");
    assert_text(&fresh.get(&passkey).await, "passkey");
    let hinted = [of_client[0], of_client[1], ("login_hint", EVIL)];
    assert_text(&fresh.get(&authorize("common", &hinted)).await, "a hint");

    let mut browser = signed_in(&directory, &ada).await;
    let consent = [
        of_client[0],
        of_client[1],
        ("prompt", "consent"),
        ("scope", "openid profile"),
    ];
    assert_text(
        &browser.get(&authorize("common", &consent)).await,
        "consent",
    );
    let everything = [of_client[0], of_client[1], ("prompt", "admin_consent")];
    let page = browser.get(&authorize("common", &everything)).await;
    assert_eq!(page.status, 403);
    assert_text(&page, "an administrator is needed");

    let device = (
        "/common/oauth2/v2.0/devicecode",
        [("client_id", client), ("scope", "openid")],
    );
    let answer = directory.browser().post(device.0, &device.1).await.json();
    let code = answer["user_code"].as_str().unwrap();
    let page = browser.get("/common/oauth2/deviceauth").await;
    let page = submit(&mut browser, &page, &[("user_code", code)]).await;
    assert_text(&page, "device");
    let typed = browser
        .get("/common/oauth2/deviceauth?user_code=%22%3E%3Cscript%3Ealert(1)")
        .await;
    assert!(!typed.text.contains("<script>alert"), "{}", typed.text);
}

#[tokio::test]
async fn nothing_of_a_request_becomes_part_of_an_error_page() {
    let directory = Directory::new().await;
    let mut browser = directory.browser();
    for change in [
        [("client_id", EVIL)],
        [("redirect_uri", EVIL)],
        [(
            "redirect_uri",
            "javascript:alert(1)//\"><script>alert(1)</script>\'",
        )],
    ] {
        let page = browser.get(&authorize("common", &change)).await;
        assert_eq!(page.status, 400, "{}", page.text);
        assert!(!page.text.contains("<script>alert"), "{}", page.text);
        assert!(page.text.contains("&#60;script&#62;alert"), "{}", page.text);
        assert!(!page.text.contains("href=\"javascript"), "{}", page.text);
    }
    let evil: String = form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    for path in [
        format!("/{evil}/oauth2/v2.0/authorize?client_id=x"),
        format!("/error?code={evil}"),
        format!("/casbah/invitation/{evil}"),
        format!("/casbah/sign_in/callback?error={evil}&state={evil}"),
        format!("/common/oauth2/v2.0/logout?{evil}={evil}"),
        format!("/portal/sign_in?to={evil}"),
        format!("/{evil}"),
    ] {
        let page = browser.get(&path).await;
        assert!(
            !page.text.contains("<script>alert"),
            "{path}: {}",
            page.text
        );
    }
}

#[tokio::test]
async fn an_answer_in_a_form_holds_text() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    let mut browser = signed_in(&directory, &ada).await;
    let asked = [("response_mode", "form_post"), ("state", EVIL)];
    let page = browser.get(&authorize("common", &asked)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_text(&page, "a code");
    let silent = [asked[0], asked[1], ("response_type", "token")];
    let page = browser.get(&authorize("common", &silent)).await;
    assert_text(&page, "an error");
    assert_eq!(
        page.attribute("method=\"post\" action=\""),
        "http://localhost:40123/"
    );
}
