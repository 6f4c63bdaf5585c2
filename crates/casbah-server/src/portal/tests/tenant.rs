//! *Tenant*: its name, domains and policies.

use casbah_model::identity::DirectoryRole;

use super::{PASSWORD, administrator, done, post, set_roles, sign_in_as};
use crate::testing::directory::Directory;

const HERE: &str = "/portal/tenant";

#[tokio::test]
async fn the_organisation_is_shown_to_everyone_and_renamed_by_its_administrators() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get(HERE).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for text in ["Fabrikam", "fabrikam.example", "Verified", "/portal/about"] {
        assert!(page.text.contains(text), "{text}");
    }
    assert_eq!(page.attribute("data-copy=\""), directory.tenant.to_string());

    let page = done(&mut browser, HERE, &[("name", " Fabrikam & Co ")]).await;
    assert!(
        page.text.contains("<dd>Fabrikam &#38; Co</dd>"),
        "{}",
        page.text
    );
    for bad in ["", &"x".repeat(257)] {
        let page = post(&mut browser, HERE, &[("name", bad)]).await;
        assert!(page.text.contains("1 to 256 characters"), "{}", page.text);
        assert!(
            page.text.contains(&format!("value=\"{bad}\"")),
            "it is kept"
        );
    }
    let store = &directory.server.app.store;
    let records = store.audit_records(directory.tenant, 50).await.unwrap();
    let renamed = records.iter().filter(|one| one.action == "tenant.rename");
    let renamed: Vec<_> = renamed.map(|one| one.detail.as_str()).collect();
    assert_eq!(renamed, ["Fabrikam & Co"]);
}

#[tokio::test]
async fn the_policy_decides_who_registers_applications() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let ada = directory.person("ada", &[]).await;
    let mut member = directory.browser();
    sign_in_as(&mut member, &ada.upn, PASSWORD, "/portal/").await;
    let policies = "/portal/tenant/policies";
    for (register, status) in [("yes", 303), ("no", 403), ("yes", 303)] {
        let page = done(&mut browser, policies, &[("register", register)]).await;
        let chosen = format!("value=\"{register}\" checked");
        assert!(page.text.contains(&chosen), "{}", page.text);
        let fields = [("name", "Own"), ("audience", "AzureADMyOrg")];
        let sent = post(&mut member, "/portal/apps/new", &fields).await;
        assert_eq!(sent.status, status, "{register}: {}", sent.text);
    }
    let unsaid = post(&mut browser, policies, &[("register", "maybe")]).await;
    assert_eq!(unsaid.status, 400);
}

#[tokio::test]
async fn readers_see_the_values_and_no_form() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    for (role, renames, sets) in [
        (Some(DirectoryRole::GlobalAdministrator), true, true),
        (
            Some(DirectoryRole::PrivilegedRoleAdministrator),
            false,
            true,
        ),
        (Some(DirectoryRole::SecurityReader), false, false),
        (None, false, false),
    ] {
        let roles: Vec<_> = role.into_iter().collect();
        set_roles(&directory, &roles).await;
        let page = browser.get(HERE).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("Users can register applications"));
        for (path, field, may) in [
            (HERE, ("name", "Other"), renames),
            ("/portal/tenant/policies", ("register", "no"), sets),
        ] {
            let form = format!("method=\"post\" action=\"{path}\"");
            assert_eq!(page.text.contains(&form), may, "{path} {roles:?}");
            let sent = post(&mut browser, path, &[field]).await;
            let status = if may { 303 } else { 403 };
            assert_eq!(sent.status, status, "{path} {roles:?}: {}", sent.text);
        }
    }
}
