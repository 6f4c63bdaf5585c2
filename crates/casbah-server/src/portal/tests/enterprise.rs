//! Applications as the tenant has them.

use casbah_model::identity::{
    AppRoleAssignment, Application, CLOUD_APP_SECURITY, DirectoryRole, PrincipalType,
    SignInAudience,
};
use casbah_model::ids::ObjectId;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;

use super::{SINGLE, administrator, done, post, principal_of, register, set_roles};
use crate::testing::directory::Directory;
use crate::testing::{audit_record, save};

const API: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

/// A partner's application that this tenant has consented to.
async fn partner(directory: &Directory) -> ObjectId {
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    let store = &directory.server.app.store;
    let mut application = Application::new(other.tenant.id, "Partner", Timestamp::now());
    application.sign_in_audience = SignInAudience::AzureADMultipleOrgs;
    save(store, &application).await;
    let principal = directory.present(directory.tenant, &application).await;
    let resource = store
        .service_principal_by_app_id(directory.tenant, CLOUD_APP_SECURITY.app_id)
        .await
        .unwrap()
        .unwrap();
    for permission in [Permission::InvestigationRead, Permission::DiscoveryManage] {
        let assignment = AppRoleAssignment {
            id: ObjectId::random(),
            tenant: directory.tenant,
            principal_id: principal.id,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: resource.id,
            app_role_id: permission.app_role_id(),
            created: Timestamp::now(),
        };
        store.assign(assignment, audit_record()).await.unwrap();
    }
    principal.id
}

#[tokio::test]
async fn a_partners_application_is_reviewed_switched_off_and_removed() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let id = partner(&directory).await;
    let at = |path: &str| format!("/portal/enterprise_apps/{id}{path}");
    let page = browser.get("/portal/enterprise_apps").await;
    assert!(page.text.contains("Partner") && page.text.contains("northwind.example"));
    assert!(!page.text.contains("Microsoft Graph"), "others come first");
    let page = browser.get("/portal/enterprise_apps?tab=all").await;
    assert!(page.text.contains("Microsoft Graph"));

    let page = browser.get(&at("/permissions")).await;
    for permission in [Permission::InvestigationRead, Permission::DiscoveryManage] {
        assert!(
            page.text.contains(permission.description()),
            "{}",
            page.text
        );
    }
    let role = Permission::InvestigationRead.app_role_id().to_string();
    let fields = [
        ("resource", API),
        ("kind", "application"),
        ("permission", role.as_str()),
    ];
    let question = format!("/permissions/revoke?resource={API}&kind=application&permission={role}");
    assert_eq!(browser.get(&at(&question)).await.status, 200);
    let page = done(&mut browser, &at("/permissions/revoke"), &fields).await;
    assert!(!page.text.contains("investigation.read"), "{}", page.text);
    let page = done(&mut browser, &at("/permissions/revoke_all"), &[]).await;
    assert!(
        page.text.contains("Nothing was granted for everyone"),
        "{}",
        page.text
    );

    let fields = [("enabled", "no"), ("assignment_required", "yes")];
    let page = done(&mut browser, &at(""), &fields).await;
    assert!(
        page.text.contains("name=\"enabled\" value=\"no\" checked"),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains("name=\"assignment_required\" value=\"yes\" checked")
    );

    let refused = post(&mut browser, &at("/delete"), &[("typed", "")]).await;
    assert!(refused.text.contains("nothing was deleted"));
    done(&mut browser, &at("/delete"), &[("typed", "Partner")]).await;
    assert_eq!(browser.get(&at("")).await.status, 404);
}

#[tokio::test]
async fn parts_of_the_server_cannot_be_removed() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let store = &directory.server.app.store;
    let built_in = store
        .service_principal_by_app_id(directory.tenant, CLOUD_APP_SECURITY.app_id)
        .await
        .unwrap()
        .unwrap();
    let at = format!("/portal/enterprise_apps/{}", built_in.id);
    assert!(!browser.get(&at).await.text.contains("/delete\""));
    let fields = [("typed", CLOUD_APP_SECURITY.display_name)];
    let refused = post(&mut browser, &format!("{at}/delete"), &fields).await;
    assert!(
        refused.text.contains("part of the server"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn who_has_no_role_looks_and_changes_nothing() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let id = partner(&directory).await;
    set_roles(&directory, &[]).await;
    let at = |path: &str| format!("/portal/enterprise_apps/{id}{path}");
    let page = browser.get(&at("/permissions")).await;
    assert!(page.text.contains("discovery.manage") && !page.text.contains("revoke_all"));
    assert!(!page.text.contains(">Revoke<"), "{}", page.text);
    assert!(page.text.contains("Permissions are taken back by"));
    for (path, fields) in [
        ("", vec![("enabled", "no")]),
        ("/delete", vec![("typed", "Partner")]),
        ("/permissions/revoke_all", vec![]),
    ] {
        let refused = post(&mut browser, &at(path), &fields).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text);
    }
}

#[tokio::test]
async fn who_grants_scopes_alone_is_offered_no_more() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let id = partner(&directory).await;
    set_roles(&directory, &[DirectoryRole::ApplicationAdministrator]).await;
    let path = format!("/portal/enterprise_apps/{id}/permissions");
    let page = browser.get(&path).await;
    assert!(!page.text.contains(">Revoke<"), "{}", page.text);
    assert!(!page.text.contains("revoke_all"));
    let refused = post(&mut browser, &format!("{path}/revoke_all"), &[]).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn ones_own_application_leads_to_its_registration() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let principal = principal_of(&mut browser, &app).await;
    let page = browser
        .get(&format!("/portal/enterprise_apps/{principal}"))
        .await;
    let link = format!("/portal/apps/by_client_id/{}", app.app_id);
    assert!(page.text.contains(&link), "{}", page.text);
}
