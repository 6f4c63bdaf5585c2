//! `/organization`: reading and renaming it.

use casbah_model::identity::DirectoryRole;
use serde_json::{Value, json};

use super::Directory;
use super::graph::{Caller, admin, application};
use crate::testing::save_user;

fn path(id: impl std::fmt::Display) -> String {
    format!("/v1.0/organization/{id}")
}

async fn set_role(directory: &Directory, role: DirectoryRole) {
    let mut user = directory.admin.clone();
    let store = &directory.server.app.store;
    user = store.user(user.tenant, user.id).await.unwrap().unwrap();
    user.roles = [role].into();
    save_user(store, &user).await;
}

#[tokio::test]
async fn a_global_administrator_renames_it() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let one = path(directory.tenant);
    let shown = admin.get(&one).await;
    assert_eq!(shown["displayName"], "Fabrikam");
    let name = async |caller: &Caller<'_>| caller.get(&one).await["displayName"].clone();
    for (body, status, expected) in [
        (json!({"displayName": " Fabrikam 2 "}), 204, "Fabrikam 2"),
        (json!({"displayName": "Fabrikam 2"}), 204, "Fabrikam 2"),
        (json!({"city": "Tunis"}), 204, "Fabrikam 2"),
        (json!({"displayName": ""}), 400, "Fabrikam 2"),
        (json!({"displayName": null}), 400, "Fabrikam 2"),
        (json!({"displayName": "a\u{7}b"}), 400, "Fabrikam 2"),
        (json!({"displayName": "x".repeat(257)}), 400, "Fabrikam 2"),
        (json!({"displayName": 7}), 400, "Fabrikam 2"),
    ] {
        let page = admin.call("PATCH", &one, body.clone()).await;
        assert_eq!(page.status, status, "{body} {}", page.text);
        assert_eq!(name(&admin).await, expected, "{body}");
    }
    let store = &directory.server.app.store;
    let records = store.audit_records(directory.tenant, 50).await.unwrap();
    let renames = records.iter().filter(|one| one.action == "tenant.rename");
    let renames: Vec<_> = renames.collect();
    assert_eq!(renames.len(), 1, "what changes nothing is none");
    assert_eq!(renames[0].target, directory.tenant.to_string());
    assert_eq!(renames[0].detail, "Fabrikam 2");

    let body = json!({"displayName": "Other"});
    set_role(&directory, DirectoryRole::PrivilegedRoleAdministrator).await;
    let refused = admin.call("PATCH", &one, body).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(name(&admin).await, "Fabrikam 2");
}

#[tokio::test]
async fn another_tenant_is_not_there_and_no_application_renames_its_own() {
    let directory = Directory::new().await;
    let body = json!({"displayName": "Other"});
    let admin = admin(&directory).await;
    let home = path(directory.server.tenant);
    for one in [&home, "/v1.0/organization/x"] {
        for (method, body) in [("GET", Value::Null), ("PATCH", body.clone())] {
            let page = admin.call(method, one, body).await;
            assert_eq!(page.status, 404, "{method} {one} {}", page.text);
        }
    }
    let app = directory.register(|_| {}).await;
    let client = app.application.app_id.to_string();
    let resource = "https://graph.microsoft.com";
    let caller = application(&directory, directory.tenant, &client, &app.secret, resource).await;
    let page = caller.call("PATCH", &path(directory.tenant), body).await;
    assert_eq!(page.status, 403, "{}", page.text);
    let store = &directory.server.app.store;
    let tenant = store
        .tenant(directory.server.tenant)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(tenant.display_name, "Contoso");
}
