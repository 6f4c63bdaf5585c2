use super::{SINGLE, administrator, register, set_roles, sign_in};
use crate::portal::pages;
use crate::testing::directory::Directory;

#[tokio::test]
async fn who_signs_in_comes_back_to_the_page_that_was_wanted() {
    let directory = Directory::new().await;
    let (mut browser, sent) = sign_in(&directory, "/portal/?x=%2F").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_eq!(sent.header("location"), "/portal/?x=%2F");
    let page = browser.get("/portal/").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Fabrikam"), "{}", page.text);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(page.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn a_sign_in_never_ends_at_another_host() {
    let directory = Directory::new().await;
    let (mut browser, _) = sign_in(&directory, "/portal/").await;
    for elsewhere in [
        "https%3A%2F%2Fevil.example%2F",
        "%2F%2Fevil.example%2F",
        "%2F%5Cevil.example",
        "javascript%3Aalert(1)",
    ] {
        let sent = browser
            .get(&format!("/portal/sign_in?to={elsewhere}"))
            .await;
        assert_eq!(sent.header("location"), "/portal/", "{elsewhere}");
    }
}

#[tokio::test]
async fn the_first_page_counts_what_is_there_and_leads_everywhere() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    register(&mut browser, "Console", SINGLE).await;
    let page = browser.get("/portal/").await;
    assert!(
        page.text.contains("Credentials to replace"),
        "{}",
        page.text
    );
    assert!(page.text.contains("Global Administrator"));
    for path in pages().shown {
        let is_first = !path.contains('{') && path.matches('/').count() == 2;
        if is_first {
            assert!(page.text.contains(&format!("href=\"{path}\"")), "{path}");
        }
    }
    set_roles(&directory, &[]).await;
    let page = browser.get("/portal/").await;
    assert!(
        !page.text.contains("Credentials to replace"),
        "{}",
        page.text
    );
}
