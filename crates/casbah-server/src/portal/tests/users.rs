//! *Users and roles*.

use casbah_model::identity::DirectoryRole;

use super::{PASSWORD, administrator, done, post, set_roles, sign_in_as};
use crate::testing::directory::Directory;

const READER: (&str, &str) = ("role", "Security Reader");

#[tokio::test]
async fn a_person_is_invited_given_a_role_and_switched_off() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let fields = [
        ("upn", "ada@fabrikam.example"),
        ("name", "Ada Lovelace"),
        ("how", "invite"),
    ];
    let page = post(&mut browser, "/portal/users/new", &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let link = page.attribute("data-copy=\"");
    let path = link.strip_prefix("https://localhost:8443").unwrap();
    let mut ada = directory.browser();
    let form = ada.get(path).await;
    assert!(form.text.contains("ada@fabrikam.example"), "{}", form.text);
    let csrf = form.attribute("name=\"csrf\" value=\"");
    let chosen = [
        ("csrf", csrf.as_str()),
        ("new_password", PASSWORD),
        ("new_password_again", PASSWORD),
    ];
    assert_eq!(ada.post(path, &chosen).await.status, 200);
    let upn = "ada@fabrikam.example";
    let sent = sign_in_as(&mut ada, upn, PASSWORD, "/portal/users").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let list = ada.get("/portal/users?q=ada").await;
    let address = list.attribute("<th scope=\"row\"><a href=\"");
    assert!(list.text.contains("Ada Lovelace"), "{}", list.text);

    let page = done(&mut browser, &format!("{address}/roles"), &[READER]).await;
    assert!(page.text.contains("The role was assigned"), "{}", page.text);
    let twice = post(&mut browser, &format!("{address}/roles"), &[READER]).await;
    assert_eq!(twice.status, 200);
    assert!(twice.text.contains("class=\"error\""), "{}", twice.text);
    let remove = page.attribute("<td class=\"end\"><form method=\"post\" action=\"");
    let page = done(&mut browser, &remove, &[]).await;
    assert!(page.text.contains("None: this person"), "{}", page.text);

    done(&mut browser, &format!("{address}/disable"), &[]).await;
    assert_eq!(ada.get("/portal/users").await.status, 303, "signed out");
    done(&mut browser, &format!("{address}/enable"), &[]).await;
    let page = post(&mut browser, &format!("{address}/password"), &[]).await;
    let one_time = page.attribute("data-copy=\"");
    let mut again = directory.browser();
    let sent = sign_in_as(&mut again, upn, &one_time, "/portal/users").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let page = done(&mut browser, &format!("{address}/delete"), &[]).await;
    assert!(page.text.contains("The user was deleted"), "{}", page.text);
}

#[tokio::test]
async fn lost_devices_are_forgotten_by_an_administrator() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    directory.authenticator(&ada).await;
    directory.recovery_codes(&ada).await;
    let mut browser = administrator(&directory).await;
    let address = format!("/portal/users/{}", ada.id);
    let page = browser.get(&address).await;
    assert!(page.text.contains("Authenticator app"), "{}", page.text);
    let page = done(&mut browser, &format!("{address}/methods/reset"), &[]).await;
    assert!(!page.text.contains("Authenticator app"), "{}", page.text);
    let store = &directory.server.app.store;
    let factors = store.second_factors(ada.tenant, ada.id).await.unwrap();
    assert_eq!(factors.recovery_codes, 0);
    let mut adas = directory.browser();
    let sent = sign_in_as(&mut adas, &ada.upn, PASSWORD, "/portal/").await;
    assert_eq!(sent.status, 303, "{}", sent.text);
}

#[tokio::test]
async fn nobody_is_changed_by_who_may_not_and_one_administrator_stays() {
    let directory = Directory::new().await;
    let ada = directory.person("ada", &[]).await;
    directory.authenticator(&ada).await;
    let mut browser = administrator(&directory).await;
    let own = format!("/portal/users/{}", directory.admin.id);
    let page = post(&mut browser, &format!("{own}/disable"), &[]).await;
    assert!(page.text.contains("class=\"error\""), "{}", page.text);
    set_roles(&directory, &[DirectoryRole::SecurityReader]).await;
    let address = format!("/portal/users/{}", ada.id);
    let page = browser.get(&address).await;
    assert!(
        !page.text.contains("Authentication methods"),
        "{}",
        page.text
    );
    for action in [
        "",
        "/enable",
        "/disable",
        "/roles",
        "/password",
        "/methods/reset",
        "/sign_out",
        "/delete",
    ] {
        let path = format!("{address}{action}");
        let fields = [READER, ("name", "Eve")];
        let page = post(&mut browser, &path, &fields).await;
        assert_eq!(page.status, 403, "{action}: {}", page.text);
    }
}
