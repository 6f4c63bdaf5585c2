//! The consent page: whom it asks, what it grants, and who cannot be made to answer it.

use casbah_model::identity::{
    Application, CLOUD_APP_SECURITY, ConsentType, DirectoryRole, MICROSOFT_GRAPH,
    RequiredResourceAccess, ResourceAccess, ResourceAccessType, ServicePrincipal, SignInAudience,
    User,
};
use casbah_model::ids::TenantId;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use secrecy::ExposeSecret;

use super::Directory;
use super::browser::{Browser, Page};
use super::sign_in::{NEW, authorize};
use crate::testing::directory::PASSWORD;
use crate::testing::{audit_record, save};

const BACK: &str = "https://partner.example/back";

/// A partner's application, registered in the home tenant, and its secret.
pub(super) async fn partner(
    directory: &Directory,
    change: impl FnOnce(&mut Application),
) -> (Application, String) {
    let home = directory.server.tenant;
    let mut application = Application::new(home, "Partner <b>SIEM</b>", Timestamp::now());
    application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
    application.web_redirect_uris = vec![BACK.to_owned()];
    application.required_resource_access = vec![RequiredResourceAccess {
        resource_app_id: CLOUD_APP_SECURITY.app_id,
        resource_access: vec![ResourceAccess {
            id: Permission::InvestigationRead.app_role_id(),
            kind: ResourceAccessType::Role,
        }],
    }];
    change(&mut application);
    save(&directory.server.app.store, &application).await;
    let secret = directory.secret(&application, <_>::default()).await;
    (application, secret)
}

/// The link that vendors publish.
pub(super) fn link(application: &Application) -> String {
    format!(
        "/common/oauth2/authorize?prompt=consent&client_id={}&response_type=code&sso_reload=true",
        application.app_id
    )
}

pub(super) async fn signed_in(directory: &Directory, user: &User) -> Browser {
    let mut browser = directory.browser();
    let page = browser.get("/portal/sign_in").await;
    let (password, new) = if user.must_change_password {
        (directory.one_time.expose_secret(), NEW)
    } else {
        (PASSWORD, "")
    };
    let fields = [
        ("username", user.upn.as_str()),
        ("password", password),
        ("new_password", new),
        ("new_password_again", new),
    ];
    let sent = super::sign_in::submit(&mut browser, &page, &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    browser
}

pub(super) async fn answer(browser: &mut Browser, page: &Page, more: &[(&str, &str)]) -> Page {
    let mark = page.attribute("name=\"mark\" value=\"");
    let fields: Vec<_> = [("mark", mark.as_str())]
        .iter()
        .chain(more)
        .copied()
        .collect();
    super::sign_in::submit(browser, page, &fields).await
}

pub(super) const ACCEPT: (&str, &str) = ("decision", "accept");
const CANCEL: (&str, &str) = ("decision", "cancel");

pub(super) async fn principal(
    directory: &Directory,
    tenant: TenantId,
    application: &Application,
) -> Option<ServicePrincipal> {
    let store = &directory.server.app.store;
    let found = store.service_principal_by_app_id(tenant, application.app_id);
    found.await.unwrap()
}

async fn token(
    directory: &Directory,
    tenant: &str,
    application: &Application,
    secret: &str,
) -> Page {
    let id = application.app_id.to_string();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret),
        ("scope", "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default"),
    ];
    let mut browser = directory.browser();
    browser
        .post(&format!("/{tenant}/oauth2/v2.0/token"), &fields)
        .await
}

#[tokio::test]
async fn a_partners_application_gets_what_each_customer_consents_to_and_no_more() {
    let directory = Directory::new().await;
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    let (application, secret) = partner(&directory, |_| ()).await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    let page = browser.get(&link(&application)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.text.contains("Partner &#60;b&#62;SIEM"),
        "{}",
        page.text
    );
    assert!(
        page.text.contains("Contoso (contoso.example)"),
        "{}",
        page.text
    );
    assert!(page.text.contains("investigation.read"));
    assert!(
        page.text
            .contains("Permissions requested for your organisation")
    );
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(
        policy.contains("form-action 'self' https://partner.example"),
        "{policy}"
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(
        principal(&directory, directory.tenant, &application)
            .await
            .is_none()
    );

    let sent = answer(&mut browser, &page, &[ACCEPT]).await;
    assert!(sent.header("location").starts_with(BACK), "{}", sent.text);
    assert_eq!(sent.sent("admin_consent").as_deref(), Some("True"));
    assert!(sent.sent("code").is_some() && sent.sent("session_state").is_some());
    let tenant = directory.tenant.to_string();
    let issued = token(&directory, &tenant, &application, &secret).await;
    let access = issued.json()["access_token"].as_str().unwrap().to_owned();
    let claims = casbah_token::decode_unverified(&access).unwrap().claims;
    assert_eq!(claims["roles"], serde_json::json!(["investigation.read"]));
    assert_eq!(claims["tid"], tenant);
    let elsewhere = token(
        &directory,
        &other.tenant.id.to_string(),
        &application,
        &secret,
    )
    .await;
    assert_eq!(elsewhere.code().2, Some(700_016));
    assert!(
        principal(&directory, other.tenant.id, &application)
            .await
            .is_none()
    );

    // What is taken back there ends there.
    let server = &directory.server;
    let alerts = server
        .call("GET", "/api/v1/alerts/", Some(&access), "")
        .await;
    assert_eq!(alerts.status, 200, "{}", alerts.text);
    let found = principal(&directory, directory.tenant, &application)
        .await
        .unwrap();
    let store = &server.app.store;
    store
        .delete_service_principal(directory.tenant, found.id, audit_record())
        .await
        .unwrap();
    let refused = token(&directory, &tenant, &application, &secret).await;
    assert_eq!(refused.code().2, Some(700_016));
}

#[tokio::test]
async fn both_endpoints_of_admin_consent_answer_as_documented() {
    let directory = Directory::new().await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    let tenant = directory.tenant.to_string();
    let back = "redirect_uri=https%3A%2F%2Fpartner.example%2Fback&state=s%261";
    let scope = "scope=05a65629-4c1b-48c1-a78b-804c4abdd4af%2F.default";
    for (path, accepted, refused) in [
        (
            format!("adminconsent?{back}"),
            format!("{BACK}?tenant={tenant}&admin_consent=True&state=s%261"),
            format!(
                "{BACK}?error=permission_denied\
                 &error_description=The+admin+canceled+the+request&state=s%261"
            ),
        ),
        (
            format!("v2.0/adminconsent?{back}&{scope}"),
            format!("{BACK}?tenant={tenant}&admin_consent=True&{scope}&state=s%261"),
            format!(
                "{BACK}?admin_consent=True&error=consent_required&error_description=AADSTS65004"
            ),
        ),
    ] {
        let (application, _) = partner(&directory, |_| ()).await;
        let address = format!("/{tenant}/{path}&client_id={}", application.app_id);
        let page = browser.get(&address).await;
        let sent = answer(&mut browser, &page, &[CANCEL]).await;
        assert!(
            sent.header("location").starts_with(&refused),
            "{}",
            sent.header("location")
        );
        assert!(sent.header("location").ends_with("state=s%261"));
        assert!(
            principal(&directory, directory.tenant, &application)
                .await
                .is_none()
        );
        let page = browser.get(&address).await;
        let sent = answer(&mut browser, &page, &[ACCEPT]).await;
        assert_eq!(sent.header("location"), accepted);
        let found = principal(&directory, directory.tenant, &application)
            .await
            .unwrap();
        let store = &directory.server.app.store;
        let held = store
            .assignments_of(directory.tenant, found.id)
            .await
            .unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(
            held[0].app_role_id,
            Permission::InvestigationRead.app_role_id()
        );
    }
}

#[tokio::test]
async fn a_person_without_the_right_is_told_whom_to_ask_and_cannot_force_it() {
    let directory = Directory::new().await;
    let reader = directory
        .person("rita", &[DirectoryRole::SecurityReader])
        .await;
    let (application, _) = partner(&directory, |_| ()).await;
    let mut browser = signed_in(&directory, &reader).await;
    let address = link(&application);
    let page = browser.get(&address).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("AADSTS90094"), "{}", page.text);
    assert!(page.text.contains(&directory.admin.upn), "{}", page.text);
    assert!(!page.text.contains("value=\"accept\""));

    // The mark of what is asked is no secret: an administrator's page shows it.
    let mut admin = signed_in(&directory, &directory.admin).await;
    let shown = admin.get(&address).await;
    let mark = shown.attribute("name=\"mark\" value=\"");
    let forced = [("mark", mark.as_str()), ACCEPT, ("for_everyone", "yes")];
    let refused = super::sign_in::submit(&mut browser, &page, &forced).await;
    assert_eq!(refused.status, 403);
    assert!(
        principal(&directory, directory.tenant, &application)
            .await
            .is_none()
    );

    let sent = super::sign_in::submit(&mut browser, &page, &[CANCEL]).await;
    assert_eq!(sent.sent("error").as_deref(), Some("access_denied"));
    let text = sent.sent("error_description").unwrap();
    assert!(text.starts_with("AADSTS90094"), "{text}");
}

#[tokio::test]
async fn people_consent_for_themselves_to_what_is_for_people() {
    let directory = Directory::new().await;
    let store = &directory.server.app.store;
    let ada = directory.person("ada", &[]).await;
    let bob = directory.person("bob", &[]).await;
    let (application, _) = partner(&directory, |_| ()).await;
    let client = application.app_id.to_string();
    let address = authorize(
        "organizations",
        &[
            ("client_id", client.as_str()),
            ("redirect_uri", BACK),
            ("scope", "openid https://graph.microsoft.com/User.Read"),
        ],
    );
    let mut browser = signed_in(&directory, &ada).await;
    let page = browser.get(&address).await;
    assert!(page.text.contains("User.Read"), "{}", page.text);
    assert!(!page.text.contains("for_everyone"), "{}", page.text);
    // A box that was not offered is none.
    let sent = answer(&mut browser, &page, &[ACCEPT, ("for_everyone", "yes")]).await;
    assert!(sent.sent("code").is_some(), "{}", sent.text);
    assert_eq!(sent.sent("admin_consent"), None);
    let found = principal(&directory, directory.tenant, &application)
        .await
        .unwrap();
    let grants = store
        .consent_grants(directory.tenant, Some(found.id))
        .await
        .unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].consent_type, ConsentType::Principal(ada.id));
    assert_eq!(grants[0].scopes, ["User.Read", "openid"]);
    assert!(
        browser.get(&address).await.sent("code").is_some(),
        "asked once"
    );
    let mut others = signed_in(&directory, &bob).await;
    assert_eq!(others.get(&address).await.status, 200, "each for oneself");

    let mut admins = signed_in(&directory, &directory.admin).await;
    let page = admins.get(&address).await;
    let sent = answer(&mut admins, &page, &[ACCEPT, ("for_everyone", "yes")]).await;
    assert_eq!(sent.sent("admin_consent").as_deref(), Some("True"));
    assert!(
        others.get(&address).await.sent("code").is_some(),
        "for everyone now"
    );
    let resource = store.service_principal_by_app_id(directory.tenant, MICROSOFT_GRAPH.app_id);
    let graph = resource.await.unwrap().unwrap();
    let grants = store
        .consent_grants(directory.tenant, Some(found.id))
        .await
        .unwrap();
    assert!(grants.iter().all(|grant| grant.resource_id == graph.id));
    assert_eq!(grants.len(), 2);
}

#[tokio::test]
async fn consent_is_kept_even_where_no_address_is_registered() {
    let directory = Directory::new().await;
    let (application, secret) = partner(&directory, |application| {
        application.web_redirect_uris.clear();
    })
    .await;
    let mut browser = signed_in(&directory, &directory.admin).await;
    let page = browser.get(&link(&application)).await;
    let sent = answer(&mut browser, &page, &[ACCEPT]).await;
    assert!(sent.text.contains("AADSTS500113"), "{}", sent.text);
    let tenant = directory.tenant.to_string();
    let issued = token(&directory, &tenant, &application, &secret).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
}
