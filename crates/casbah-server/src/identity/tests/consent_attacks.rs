//! Answers to the consent page that nobody gave, or not to what was shown.

use casbah_model::identity::{DirectoryRole, ResourceAccess, ResourceAccessType, SignInAudience};
use casbah_model::permission::Permission;

use super::Directory;
use super::browser::Page;
use super::consent_page::{ACCEPT, answer, link, partner, principal, signed_in};
use crate::testing::save;

/// The fields by which a page is accepted.
fn fields_of(page: &Page) -> [(&'static str, String); 3] {
    [
        ("csrf", page.attribute("name=\"csrf\" value=\"")),
        ("mark", page.attribute("name=\"mark\" value=\"")),
        (ACCEPT.0, ACCEPT.1.to_owned()),
    ]
}

#[tokio::test]
async fn no_other_site_and_no_other_session_can_answer() {
    let directory = Directory::new().await;
    let reader = directory
        .person("rita", &[DirectoryRole::SecurityReader])
        .await;
    let (application, _) = partner(&directory, |_| ()).await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    let page = browser.get(&link(&application)).await;
    let action = page.attribute("action=\"");
    let mark = page.attribute("name=\"mark\" value=\"");
    // The token of a sign-in form, and another session's.
    let mut fresh = directory.browser();
    let sign_in = fresh.get("/portal/sign_in").await;
    let foreign = sign_in.attribute("name=\"csrf\" value=\"");
    let mut others = signed_in(&directory, &reader).await;
    let other_page = others.get(&link(&application)).await;
    let other = other_page.attribute("name=\"csrf\" value=\"");
    for csrf in ["", "x", &foreign, &other] {
        let fields = [("csrf", csrf), ("mark", mark.as_str()), ACCEPT];
        let refused = browser.post(&action, &fields).await;
        assert_eq!(refused.status, 403, "{csrf}");
    }
    assert!(
        principal(&directory, directory.tenant, &application)
            .await
            .is_none()
    );
    assert_eq!(answer(&mut browser, &page, &[ACCEPT]).await.status, 303);
}

#[tokio::test]
async fn nothing_is_granted_that_was_not_shown() {
    let directory = Directory::new().await;
    let (mut application, _) = partner(&directory, |_| ()).await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    let page = browser.get(&link(&application)).await;
    application.required_resource_access[0]
        .resource_access
        .push(ResourceAccess {
            id: Permission::SettingsManage.app_role_id(),
            kind: ResourceAccessType::Role,
        });
    save(&directory.server.app.store, &application).await;
    let again = answer(&mut browser, &page, &[ACCEPT]).await;
    assert_eq!(again.status, 200);
    assert!(
        again.text.contains("changed what it asks for"),
        "{}",
        again.text
    );
    assert!(
        principal(&directory, directory.tenant, &application)
            .await
            .is_none()
    );
    let sent = answer(&mut browser, &again, &[ACCEPT]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
}

#[tokio::test]
async fn an_application_for_one_tenant_is_for_no_other() {
    let directory = Directory::new().await;
    let (application, _) = partner(&directory, |application| {
        application.sign_in_audience = SignInAudience::AzureADMyOrg;
    })
    .await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    for address in [
        link(&application),
        format!("/common/adminconsent?client_id={}", application.app_id),
        format!(
            "/{}/adminconsent?client_id={}",
            directory.tenant, application.app_id
        ),
    ] {
        let page = browser.get(&address).await;
        assert!(
            page.text.contains("AADSTS700016"),
            "{address}: {}",
            page.text
        );
    }
    // Nor can its page be answered that nobody was shown.
    let (other, _) = partner(&directory, |_| ()).await;
    let page = browser.get(&link(&other)).await;
    let (other, own) = (other.app_id.to_string(), application.app_id.to_string());
    let action = page.attribute("action=\"").replace(&other, &own);
    let fields = fields_of(&page);
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answer = browser.post(&action, &fields).await;
    assert!(answer.text.contains("AADSTS700016"), "{}", answer.text);
    let found = principal(&directory, directory.tenant, &application).await;
    assert!(found.is_none());
}

#[tokio::test]
async fn the_page_is_answered_at_the_persons_own_tenant_alone() {
    let directory = Directory::new().await;
    let (application, _) = partner(&directory, |_| ()).await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    let page = browser.get(&link(&application)).await;
    let home = directory.server.tenant;
    let action = page.attribute("action=\"");
    let elsewhere = action.replace("/common/", &format!("/{home}/"));
    assert_ne!(action, elsewhere);
    let fields = fields_of(&page);
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let refused = browser.post(&elsewhere, &fields).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    for tenant in [directory.tenant, home] {
        let found = principal(&directory, tenant, &application).await;
        assert!(found.is_none(), "{tenant}");
    }
    assert_eq!(browser.post(&action, &fields).await.status, 303);
}
