//! Registering and managing applications.

use super::{MULTI, SINGLE, administrator, done, post, register, set_roles, sign_in_as};
use casbah_model::identity::DirectoryRole;
use secrecy::ExposeSecret;

use crate::testing::directory::Directory;

#[tokio::test]
async fn an_application_is_registered_found_renamed_deleted_and_restored() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get("/portal/apps").await;
    assert!(
        page.text.contains("No application is registered"),
        "{}",
        page.text
    );
    let app = register(&mut browser, "SIEM reader", SINGLE).await;
    let page = browser.get(&app.at("")).await;
    for text in [&app.id, &app.app_id, &directory.tenant.to_string()] {
        assert!(page.text.contains(text.as_str()), "{text}");
    }
    assert!(
        page.text.contains("/portal/enterprise_apps/"),
        "its principal is made, too"
    );
    assert!(!page.text.contains("Consent link for partners"));

    for (query, is_found) in [
        ("", true),
        ("?q=siem", true),
        (&format!("?q={}", app.app_id), true),
        ("?q=other", false),
        ("?tab=owned", true),
        ("?tab=deleted", false),
        ("?sort=-created&page=7", true),
    ] {
        let page = browser.get(&format!("/portal/apps{query}")).await;
        assert_eq!(page.text.contains(">SIEM reader<"), is_found, "{query}");
    }
    let found = browser
        .get(&format!("/portal/apps/by_client_id/{}", app.app_id))
        .await;
    assert_eq!(found.header("location"), app.at(""));

    let page = done(&mut browser, &app.at("/rename"), &[("name", "Reader")]).await;
    assert!(page.text.contains("<h1>Reader</h1>"), "{}", page.text);
    let refused = post(&mut browser, &app.at("/rename"), &[("name", " ")]).await;
    assert!(refused.text.contains("role=\"alert\""), "{}", refused.text);

    let refused = post(&mut browser, &app.at("/delete"), &[("typed", "reader")]).await;
    assert!(refused.text.contains("nothing was deleted"));
    let page = done(&mut browser, &app.at("/delete"), &[("typed", "Reader")]).await;
    assert!(
        page.text.contains("Restore app registration"),
        "{}",
        page.text
    );
    assert_eq!(browser.get(&app.at("")).await.status, 404);
    done(&mut browser, &app.at("/restore"), &[]).await;
    assert_eq!(browser.get(&app.at("")).await.status, 200);
}

#[tokio::test]
async fn what_was_typed_is_not_lost_where_something_is_wrong() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let fields = [
        ("name", "SIEM"),
        ("audience", MULTI),
        ("platform", "spa"),
        ("redirect", "javascript:alert(1)"),
    ];
    let page = post(&mut browser, "/portal/apps/new", &fields).await;
    assert!(
        page.text.contains("cannot be a redirect URI"),
        "{}",
        page.text
    );
    assert!(page.text.contains("value=\"SIEM\""));
    assert!(page.text.contains("value=\"AzureADMultipleOrgs\" checked"));
    assert!(page.text.contains("value=\"spa\" selected"));
}

#[tokio::test]
async fn redirects_and_account_types_are_set_by_platform() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    for (platform, uri) in [
        ("web", "https://a.example/cb"),
        ("spa", "https://b.example/"),
        ("publicClient", "http://localhost"),
    ] {
        let fields = [("platform", platform), ("uri", uri)];
        let page = done(&mut browser, &app.at("/redirects/add"), &fields).await;
        assert!(
            page.text.contains(&format!("<code>{uri}</code>")),
            "{}",
            page.text
        );
    }
    let fields = [("platform", "web"), ("uri", "http://a.example/")];
    let refused = post(&mut browser, &app.at("/redirects/add"), &fields).await;
    assert!(refused.text.contains("role=\"alert\"") && refused.text.contains("http://a.example/"));
    let fields = [("platform", "spa"), ("uri", "https://b.example/")];
    let page = done(&mut browser, &app.at("/redirects/remove"), &fields).await;
    assert!(!page.text.contains("b.example"));
    let fields = [("audience", MULTI), ("public_flows", "yes")];
    let page = done(&mut browser, &app.at("/authentication"), &fields).await;
    assert!(page.text.contains("value=\"AzureADMultipleOrgs\" checked"));
    assert!(page.text.contains("value=\"yes\" checked"));
    let page = browser.get(&app.at("")).await;
    let link = format!(
        "https://localhost:8443/common/adminconsent?client_id={}",
        app.app_id
    );
    assert!(page.text.contains(&link.replace('=', "&#61;")) || page.text.contains(&link));
    assert!(page.text.contains("sso_reload"));
    assert!(page.text.contains("https://a.example/cb"));
}

#[tokio::test]
async fn owners_are_added_by_name_and_manage_without_a_role() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let refused = post(
        &mut browser,
        &app.at("/owners"),
        &[("upn", "nobody@x.example")],
    )
    .await;
    assert!(
        refused.text.contains("There is no person"),
        "{}",
        refused.text
    );
    let upn = directory.admin.upn.as_str();
    let refused = post(&mut browser, &app.at("/owners"), &[("upn", upn)]).await;
    assert!(refused.text.contains("already exist"), "{}", refused.text);
    set_roles(&directory, &[]).await;
    done(&mut browser, &app.at("/rename"), &[("name", "Mine")]).await;
    let remove = app.at(&format!("/owners/{}/remove", directory.admin.id));
    let page = done(&mut browser, &remove, &[]).await;
    assert!(
        page.text.contains("Nobody owns this application"),
        "{}",
        page.text
    );
    let refused = post(&mut browser, &app.at("/rename"), &[("name", "Not mine")]).await;
    assert_eq!(refused.status, 403);
    let page = browser.get(&app.at("/authentication")).await;
    assert!(
        page.text.contains("You can look at this registration"),
        "{}",
        page.text
    );
    set_roles(&directory, &[DirectoryRole::ApplicationAdministrator]).await;
    done(&mut browser, &app.at("/owners"), &[("upn", upn)]).await;
}

#[tokio::test]
async fn the_use_of_permissions_is_shown_to_those_who_may_see_it() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let registered = directory.register(|_| {}).await;
    let usage = format!("/portal/apps/{}/usage", registered.application.id);
    let page = browser.get(&usage).await;
    assert!(page.text.contains("investigation.read"), "{}", page.text);
    assert!(page.text.contains("Keep") || page.text.contains("Remove"));
    set_roles(&directory, &[DirectoryRole::ApplicationAdministrator]).await;
    let page = browser.get(&usage).await;
    assert!(page.text.contains("Global Administrators"), "{}", page.text);
}

#[tokio::test]
async fn a_partner_sees_nothing_of_a_registration() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    register(&mut browser, "Console", MULTI).await;
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    let mut partner = directory.browser();
    let password = other.password.expose_secret();
    sign_in_as(&mut partner, &other.administrator.upn, password, "/portal/").await;
    let page = partner.get("/portal/apps?tab=all").await;
    assert!(page.status == 200 && !page.text.contains("Console"));
}
