//! Owners manage what is theirs, and nothing else.

use casbah_model::ids::ObjectId;
use serde_json::{Value, json};

use super::Directory;
use super::graph::{Caller, admin};
use crate::testing::save_user;

/// The person with no role any more; the token stays good.
async fn loses_all_roles(directory: &Directory) {
    let store = &directory.server.app.store;
    let user = store.user(directory.tenant, directory.admin.id).await;
    let mut user = user.unwrap().unwrap();
    user.roles.clear();
    save_user(store, &user).await;
}

async fn created(caller: &Caller<'_>, path: &str, body: Value) -> (String, String) {
    let page = caller.post(path, body).await;
    assert_eq!(page.status, 201, "{}", page.text);
    let text = |name: &str| page.json()[name].as_str().unwrap().to_owned();
    (text("id"), text("appId"))
}

fn ids(list: &Value) -> Vec<&str> {
    let all = list["value"].as_array().unwrap().iter();
    all.map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn owners_are_listed_added_and_removed() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let me = directory.admin.id.to_string();
    let (id, app_id) = created(&admin, "/v1.0/applications", json!({"displayName": "A"})).await;
    let (principal, _) = created(&admin, "/v1.0/servicePrincipals", json!({"appId": app_id})).await;
    for set in [
        format!("/v1.0/applications/{id}/owners"),
        format!("/v1.0/servicePrincipals/{principal}/owners"),
    ] {
        let owners = admin.get(&set).await;
        assert_eq!(ids(&owners), [&me], "who creates owns");
        assert_eq!(owners["value"][0]["@odata.type"], "#microsoft.graph.user");
        let other = directory.register(|_| {}).await.principal.id;
        let reference = format!("{set}/$ref");
        for (named, status) in [
            (other, 204),
            (other, 400),
            (ObjectId::random(), 404),
            (id.parse().unwrap(), 404),
        ] {
            let body = json!({
                "@odata.id": format!("https://localhost:8443/v1.0/directoryObjects/{named}"),
            });
            let page = admin.post(&reference, body).await;
            assert_eq!(page.status, status, "{named}: {}", page.text);
        }
        assert_eq!(admin.get(&set).await["value"].as_array().unwrap().len(), 2);
        let remove = format!("{set}/{other}/$ref");
        for status in [204, 404] {
            let page = admin.call("DELETE", &remove, Value::Null).await;
            assert_eq!(page.status, status, "{}", page.text);
        }
        assert_eq!(ids(&admin.get(&set).await), [&me]);
    }
    let owned = admin.get("/v1.0/me/ownedObjects").await;
    let mut kinds: Vec<_> = owned["value"].as_array().unwrap().iter().collect();
    kinds.sort_by_key(|one| one["@odata.type"].as_str());
    assert_eq!(kinds[0]["@odata.type"], "#microsoft.graph.application");
    assert_eq!(kinds[0]["appId"], app_id);
    assert_eq!(kinds[1]["@odata.type"], "#microsoft.graph.servicePrincipal");

    let nothing = ObjectId::random().to_string();
    for (types, expected) in [
        (json!([]), vec![&me, &id, &principal]),
        (json!(["application", "user"]), vec![&me, &id]),
        (json!(["group"]), vec![]),
    ] {
        let body = json!({"ids": [me, nothing, id, principal], "types": types});
        let page = admin.post("/v1.0/directoryObjects/getByIds", body).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert_eq!(ids(&page.json()), expected, "{types}");
    }
}

#[tokio::test]
async fn an_owner_without_a_role_manages_its_own_alone() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let (own, _) = created(&admin, "/v1.0/applications", json!({"displayName": "Own"})).await;
    let foreign = directory.register(|_| {}).await;
    loses_all_roles(&directory).await;

    let owner = admin;
    for (id, status) in [
        (own.clone(), 204),
        (foreign.application.id.to_string(), 403),
    ] {
        let path = format!("/v1.0/applications/{id}");
        let body = json!({"displayName": "Renamed"});
        assert_eq!(owner.call("PATCH", &path, body).await.status, status);
        let secret = owner.post(&format!("{path}/addPassword"), json!({})).await;
        assert_eq!(secret.status, if status == 204 { 200 } else { 403 });
        let deleted = owner.call("DELETE", &path, Value::Null).await;
        assert_eq!(deleted.status, status);
        let restore = format!("/v1.0/directory/deletedItems/{id}/restore");
        let restored = owner.post(&restore, Value::Null).await;
        assert_eq!(restored.status, if status == 204 { 200 } else { 403 });
    }
}

#[tokio::test]
async fn people_register_their_own_where_the_tenant_allows_it() {
    let directory = Directory::new().await;
    let admin = admin(&directory).await;
    let policy = "/v1.0/policies/authorizationPolicy";
    let allowed = |may: bool| json!({"defaultUserRolePermissions": {"allowedToCreateApps": may}});
    let said = &admin.get(policy).await["defaultUserRolePermissions"]["allowedToCreateApps"];
    assert_eq!(said, &json!(false));
    let changed = admin.call("PATCH", policy, allowed(true)).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    let foreign = directory.register(|_| {}).await;
    loses_all_roles(&directory).await;

    let member = admin;
    let (own, app_id) = created(&member, "/v1.0/applications", json!({"displayName": "Own"})).await;
    created(&member, "/v1.0/servicePrincipals", json!({"appId": app_id})).await;
    let body = json!({"appId": foreign.application.app_id});
    let refused = member.post("/v1.0/servicePrincipals", body).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    let refused = member.call("PATCH", policy, allowed(false)).await;
    assert_eq!(refused.status, 403);
    let path = format!("/v1.0/applications/{own}/addPassword");
    assert_eq!(member.post(&path, json!({})).await.status, 200);
}
