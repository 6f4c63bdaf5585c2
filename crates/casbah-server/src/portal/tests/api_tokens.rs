//! *API tokens*.

use casbah_model::identity::DirectoryRole;

use super::{PASSWORD, administrator, done, post, sign_in_as};
use crate::testing::browser::Browser;
use crate::testing::directory::Directory;

const HERE: &str = "/portal/api-tokens";

async fn visitor(directory: &Directory, name: &str, role: DirectoryRole) -> Browser {
    let person = directory.person(name, &[role]).await;
    let mut browser = directory.browser();
    sign_in_as(&mut browser, &person.upn, PASSWORD, "/portal/").await;
    browser
}

#[tokio::test]
async fn a_token_is_shown_once_and_revoked_for_good() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let empty = browser.get(HERE).await;
    assert!(
        empty
            .text
            .contains("Nobody of this directory has made a token")
    );
    let made = post(&mut browser, HERE, &[("name", "<b>SOAR</b>")]).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let token = made.attribute("data-copy=\"");
    assert_eq!(token.len(), 96, "{token}");
    assert!(made.text.contains("Copy the token now"));
    assert!(!made.text.contains("<b>SOAR"), "names are text");
    let list = browser.get(HERE).await;
    assert!(!list.text.contains(&token) && list.text.contains("Generated"));

    let path = list.attribute("secondary small\" href=\"");
    let asked = browser.get(&path).await;
    assert!(
        asked.text.contains("cannot be brought back"),
        "{}",
        asked.text
    );
    let page = done(&mut browser, &path, &[]).await;
    assert!(page.text.contains("was revoked") && page.text.contains("Nobody of this directory"));
    assert_eq!(post(&mut browser, &path, &[]).await.status, 404);
}

#[tokio::test]
async fn a_token_needs_a_name() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let long = "x".repeat(101);
    for name in ["", " ", &long] {
        let page = post(&mut browser, HERE, &[("name", name)]).await;
        assert!(
            page.text.contains("a name of at most 100 characters"),
            "{name}"
        );
        assert!(page.text.contains("Nobody of this directory"), "{name}");
    }
}

#[tokio::test]
async fn people_see_their_own_and_other_roles_none() {
    let directory = Directory::new().await;
    let mut reader = visitor(&directory, "rita", DirectoryRole::SecurityReader).await;
    let mut operator = visitor(&directory, "olga", DirectoryRole::SecurityOperator).await;
    post(&mut reader, HERE, &[("name", "readers-own")]).await;
    let list = reader.get(HERE).await;
    let path = list.attribute("secondary small\" href=\"");
    assert!(list.text.contains("readers-own"));
    assert!(
        operator
            .get(HERE)
            .await
            .text
            .contains("You have not made a token")
    );
    assert_eq!(operator.get(&path).await.status, 404);
    assert_eq!(post(&mut operator, &path, &[]).await.status, 404);
    let mut global = visitor(&directory, "gus", DirectoryRole::GlobalReader).await;
    let page = global.get(HERE).await;
    assert!(page.text.contains("other roles have none"), "{}", page.text);
    assert!(
        !page.text.contains("href=\"/portal/api-tokens\""),
        "not in the navigation"
    );
}
