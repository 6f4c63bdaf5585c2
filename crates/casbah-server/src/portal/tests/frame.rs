use casbah_model::identity::DirectoryRole;

use super::{PASSWORD, SINGLE, administrator, register, set_roles, sign_in, sign_in_as};
use crate::portal::pages;
use crate::testing::directory::Directory;
use crate::testing::save_user;

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
        // Keys are the home tenant's to see.
        if is_first && path != "/portal/keys" {
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

#[tokio::test]
async fn the_navigation_leads_where_one_is_let_in() {
    let directory = Directory::new().await;
    let home = directory.at_home("root", &[]).await;
    let member = directory.person("ada", &[]).await;
    let sections = [
        "/portal/tenant",
        "/portal/identity-providers",
        "/portal/audit",
        "/portal/credentials",
        "/portal/keys",
        "/portal/about",
    ];
    for (person, closed) in [(home, 0), (member, 1)] {
        let mut browser = directory.browser();
        sign_in_as(&mut browser, &person.upn, PASSWORD, "/portal/").await;
        for roles in [
            &[DirectoryRole::GlobalAdministrator][..],
            &[DirectoryRole::PrivilegedRoleAdministrator],
            &[DirectoryRole::SecurityReader],
            &[],
        ] {
            let mut person = person.clone();
            person.roles = roles.iter().copied().collect();
            save_user(&directory.server.app.store, &person).await;
            let first = browser.get("/portal/").await;
            let mut refused = 0;
            for path in sections {
                let status = browser.get(path).await.status;
                let is_led = first.text.contains(&format!("href=\"{path}\""));
                // Whoever reads the first page is led to About by its text, too.
                assert_eq!(is_led, status == 200, "{path} {roles:?} {status}");
                refused += usize::from(status == 403);
            }
            let is_global = roles == [DirectoryRole::GlobalAdministrator];
            assert_eq!(refused, if is_global { closed } else { 4 }, "{roles:?}");
        }
    }
}

#[tokio::test]
async fn files_are_kept_for_ever_by_their_version_alone() {
    let directory = Directory::new().await;
    let (mut browser, page) = sign_in(&directory, "/portal/").await;
    let page = browser.get(page.header("location")).await;
    for (before, kind) in [
        ("<link rel=\"stylesheet\" href=\"", "text/css"),
        ("<link rel=\"icon\" href=\"", "image/svg+xml"),
        ("<script src=\"", "text/javascript"),
    ] {
        let address = page.attribute(before);
        let (path, version) = address.split_once("?v=").unwrap();
        assert_eq!(version.len(), 16, "{address}");
        let file = browser.get(&address).await;
        assert_eq!(file.status, 200, "{address}");
        assert!(file.header("content-type").starts_with(kind), "{address}");
        assert!(
            file.header("cache-control").contains("immutable"),
            "{address}"
        );
        for other in ["", "?v=", "?v=of-another-node", "?w=1"] {
            let same = browser.get(&format!("{path}{other}")).await;
            assert_eq!(
                (same.status, &same.text),
                (200, &file.text),
                "{path}{other}"
            );
            assert_eq!(same.header("cache-control"), "no-cache", "{path}{other}");
        }
    }
}
