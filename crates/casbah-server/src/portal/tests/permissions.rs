//! API permissions: asked for, granted, taken back.

use casbah_model::identity::{CLOUD_APP_SECURITY, DirectoryRole, ResourceAccessType};
use casbah_model::permission::Permission;

use super::{Registered, SINGLE, administrator, consent, done, post, register, set_roles, submit};
use crate::testing::browser::{Browser, Page};
use crate::testing::directory::Directory;

const API: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

/// Adds a permission to the list.
async fn ask(browser: &mut Browser, app: &Registered, kind: &str, permission: &str) -> Page {
    let fields = [("kind", kind), ("permission", permission)];
    let path = app.at(&format!("/permissions/add/{API}"));
    done(browser, &path, &fields).await
}

fn role() -> String {
    Permission::InvestigationRead.app_role_id().to_string()
}

fn scope() -> String {
    let scopes = CLOUD_APP_SECURITY.permission_scopes();
    let scope = scopes.iter().find(|scope| scope.value == "discovery.read");
    scope.unwrap().id.to_string()
}

#[tokio::test]
async fn the_api_is_found_by_either_of_its_names_and_by_its_id() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    for (q, is_found) in [
        ("", true),
        ("Microsoft+Cloud+App+Security", true),
        ("defender+for+cloud", true),
        ("Microsoft+Defender+for+Cloud+Apps", true),
        (API, true),
        ("nonsense", false),
    ] {
        let page = browser
            .get(&app.at(&format!("/permissions/add?q={q}")))
            .await;
        let link = format!("/permissions/add/{API}");
        assert_eq!(page.text.contains(&link), is_found, "{q}");
    }
    for kind in ["application", "delegated"] {
        let path = app.at(&format!("/permissions/add/{API}?kind={kind}"));
        let page = browser.get(&path).await;
        for permission in Permission::ALL {
            assert!(page.text.contains(permission.description()), "{permission}");
        }
        assert!(
            page.text
                .contains("close, dismiss, resolve and reopen alerts")
        );
        let nothing = post(&mut browser, &path, &[("kind", kind)]).await;
        assert!(
            nothing.text.contains("Choose at least one"),
            "{}",
            nothing.text
        );
    }
    let foreign = [("kind", "application"), ("permission", &scope())];
    let path = app.at(&format!("/permissions/add/{API}"));
    assert_eq!(post(&mut browser, &path, &foreign).await.status, 400);
}

#[tokio::test]
async fn a_permission_counts_once_consent_is_granted_and_until_it_is_revoked() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    ask(&mut browser, &app, "application", &role()).await;
    let page = ask(&mut browser, &app, "delegated", &scope()).await;
    assert_eq!(
        page.text.matches("⚠ Not granted for Fabrikam").count(),
        2,
        "{}",
        page.text
    );

    let question = browser.get(&app.at("/permissions/consent")).await;
    assert!(
        question.text.contains("investigation.read (Application)"),
        "{}",
        question.text
    );
    let page = consent(&mut browser, &app).await;
    assert_eq!(
        page.text.matches("✓ Granted for Fabrikam").count(),
        2,
        "{}",
        page.text
    );
    // Once more does no harm.
    let question = browser.get(&app.at("/permissions/consent")).await;
    assert!(
        question.text.contains("There is nothing to grant"),
        "{}",
        question.text
    );
    done(&mut browser, &app.at("/permissions/consent"), &[]).await;

    let gone = role();
    let fields = [
        ("resource", API),
        ("kind", "application"),
        ("permission", gone.as_str()),
    ];
    let page = done(&mut browser, &app.at("/permissions/remove"), &fields).await;
    assert!(
        page.text.contains("Other permissions granted for Fabrikam"),
        "{}",
        page.text
    );
    let ask = app.at(&format!(
        "/permissions/revoke?resource={API}&kind=application&permission={gone}"
    ));
    assert_eq!(browser.get(&ask).await.status, 200);
    let page = done(&mut browser, &app.at("/permissions/revoke"), &fields).await;
    assert!(
        !page.text.contains("Other permissions granted"),
        "{}",
        page.text
    );
    assert_eq!(browser.get(&ask).await.status, 404);
    let held = scope();
    let fields = [
        ("resource", API),
        ("kind", "delegated"),
        ("permission", held.as_str()),
    ];
    let page = done(&mut browser, &app.at("/permissions/revoke"), &fields).await;
    assert!(
        page.text.contains("⚠ Not granted for Fabrikam"),
        "{}",
        page.text
    );
    let again = post(&mut browser, &app.at("/permissions/revoke"), &fields).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn a_second_scope_joins_the_first() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let scopes = CLOUD_APP_SECURITY.permission_scopes();
    for scope in scopes.iter().take(2) {
        ask(&mut browser, &app, "delegated", &scope.id.to_string()).await;
        consent(&mut browser, &app).await;
    }
    let store = &directory.server.app.store;
    let grants = store.consent_grants(directory.tenant, None).await.unwrap();
    let granted: Vec<_> = grants.iter().map(|grant| grant.scopes.clone()).collect();
    assert_eq!(granted, [["investigation.read", "investigation.manage"]]);
}

#[tokio::test]
async fn who_may_not_consent_is_told_whom_to_ask_and_refused() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    set_roles(&directory, &[DirectoryRole::ApplicationAdministrator]).await;
    let page = ask(&mut browser, &app, "delegated", &scope()).await;
    assert!(
        !page.text.contains("disabled"),
        "scopes are theirs to grant"
    );
    let page = ask(&mut browser, &app, "application", &role()).await;
    assert!(page.text.contains("disabled"), "{}", page.text);
    assert!(
        page.text
            .contains("Privileged Role Administrator: ask one of them")
    );
    let question = browser.get(&app.at("/permissions/consent")).await;
    assert!(question.text.contains("ask one of them"));
    let mark = question.attribute("name=\"mark\" value=\"");
    for mark in ["", &mark] {
        let fields = [("mark", mark)];
        let refused = post(&mut browser, &app.at("/permissions/consent"), &fields).await;
        assert_eq!(refused.status, 403);
    }
    let store = &directory.server.app.store;
    let grants = store.consent_grants(directory.tenant, None).await.unwrap();
    assert!(grants.is_empty(), "nothing is granted by halves");
    // What somebody else has granted stands in nobody's way.
    set_roles(&directory, &[DirectoryRole::GlobalAdministrator]).await;
    consent(&mut browser, &app).await;
    let scopes = CLOUD_APP_SECURITY.permission_scopes();
    let other = scopes.iter().find(|one| one.value == "settings.manage");
    set_roles(&directory, &[DirectoryRole::ApplicationAdministrator]).await;
    let other = other.unwrap().id.to_string();
    ask(&mut browser, &app, "delegated", &other).await;
    let page = consent(&mut browser, &app).await;
    assert_eq!(page.text.matches("✓ Granted for Fabrikam").count(), 3);
}

#[tokio::test]
async fn only_what_was_shown_is_granted_and_as_one() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    ask(&mut browser, &app, "delegated", &scope()).await;
    let shown = browser.get(&app.at("/permissions/consent")).await;
    let mark = shown.attribute("name=\"mark\" value=\"");
    ask(&mut browser, &app, "application", &role()).await;
    let store = &directory.server.app.store;
    let actions = async || {
        let records = store.audit_records(directory.tenant, 100).await.unwrap();
        let records = records.into_iter().filter(|record| {
            let action = &record.action;
            ["consent.", "app_role.", "scope."]
                .iter()
                .any(|kind| action.starts_with(kind))
        });
        records.collect::<Vec<_>>()
    };
    for mark in [&*mark, "", "x"] {
        let answer = submit(&mut browser, &shown, &[("mark", mark)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            answer.text.contains("Nothing was granted")
                && answer.text.contains("investigation.read (Application)"),
            "{}",
            answer.text
        );
        let grants = store.consent_grants(directory.tenant, None).await.unwrap();
        assert!(grants.is_empty() && actions().await.is_empty());
    }
    consent(&mut browser, &app).await;
    let told = actions().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&*told[0].action, &*told[0].target),
        ("consent.give", &*app.app_id)
    );
    assert_eq!(
        told[0].detail,
        "for everyone: role investigation.read, scope discovery.read"
    );
}

#[test]
fn kinds_read_back_their_names() {
    use crate::portal::permissions::{kind_name, kind_of};
    for kind in [ResourceAccessType::Role, ResourceAccessType::Scope] {
        assert_eq!(kind_of(kind_name(kind)), Some(kind));
    }
    assert_eq!(kind_of("Role"), None);
}
