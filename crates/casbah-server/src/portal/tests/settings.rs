//! Audit, credentials, addresses; and how the portal asks the API.

use axum::http::Method;
use casbah_model::identity::DirectoryRole;

use super::{administrator, set_roles};
use crate::testing::directory::Directory;

/// Routes of the API, each with a need of another kind.
const API: [&str; 4] = [
    "/casbah/v1/audit",
    "/casbah/v1/credentials",
    "/casbah/v1/keys",
    "/api/alerts",
];

#[tokio::test]
async fn no_request_from_outside_passes_for_a_signed_in_person() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    assert_eq!(browser.get("/portal/audit").await.status, 200);
    let upn = directory.admin.upn.as_str();
    for path in API {
        for headers in [
            &[][..],
            &[("authorization", "Bearer ")],
            &[("authorization", "SignedInPerson")],
            &[("x-signed-in-person", upn), ("x-forwarded-user", upn)],
            &[("casbah-session", upn), ("remote-user", upn)],
        ] {
            for method in [Method::GET, Method::POST] {
                let page = browser.send(method, path, headers, String::new()).await;
                assert!([401, 405].contains(&page.status), "{path}: {}", page.text);
            }
        }
    }
}

#[tokio::test]
async fn the_persons_roles_decide_what_the_api_tells_a_page() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    for (roles, status) in [
        (&[DirectoryRole::GlobalAdministrator][..], 200),
        (&[DirectoryRole::SecurityReader], 403),
        (&[], 403),
    ] {
        set_roles(&directory, roles).await;
        for path in ["/portal/audit", "/portal/credentials"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, status, "{path} {roles:?}: {}", page.text);
        }
        assert_eq!(browser.get("/portal/about").await.status, 200);
    }
}

#[tokio::test]
async fn the_audit_is_filtered_and_paged() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let (store, tenant) = (&directory.server.app.store, directory.tenant);
    for index in 0..60 {
        let record = casbah_store::AuditRecord::new("<b>anna</b>", "test.done", &index);
        store.audit(tenant, record).await.unwrap();
    }
    let page = browser.get("/portal/audit?action=test.").await;
    assert_eq!(page.text.matches("test.done").count(), 50, "{}", page.text);
    assert!(page.text.contains("&#60;b&#62;anna") && !page.text.contains("<b>anna"));
    let older = page.attribute("rel=\"next\" href=\"");
    let page = browser.get(&older).await;
    assert_eq!(page.text.matches("test.done").count(), 10);
    let page = browser.get("/portal/audit?target=7").await;
    assert_eq!(page.text.matches("test.done").count(), 1);
    let page = browser.get("/portal/audit?since=soon").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("role=\"alert\""), "{}", page.text);
    let page = browser.get("/portal/audit?actor=nobody").await;
    assert!(page.text.contains("No record matches"));
}

#[tokio::test]
async fn credentials_that_end_soon_are_shown_first() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    directory.register(|_| {}).await;
    let page = browser.get("/portal/credentials").await;
    assert!(page.text.contains("Nothing to do"), "{}", page.text);
    let page = browser.get("/portal/credentials?show=all").await;
    assert!(page.text.contains("SIEM") && page.text.contains("Client secret"));
}

#[tokio::test]
async fn clients_are_told_their_addresses() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let page = browser.get("/portal/about").await;
    for text in [
        "https://localhost:8443/api/v1/",
        &format!(
            "https://localhost:8443/{}/oauth2/v2.0/token",
            directory.tenant
        ),
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(page.text.contains(text), "{text}");
    }
    assert!(
        !page.text.contains("Signing keys"),
        "they are the home tenant's to see"
    );
    assert_eq!(browser.get("/portal/nowhere").await.status, 404);
}
