//! People, accounts and groups, from events to what clients ask for.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use casbah_model::identity::DirectoryRole;
use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::TestServer;
use super::directory::Directory;

const GUEST: &str = "zo?e>_fabrikam.example#ext#@contoso.example";
const ANN: &str = "3fa9f28b-eb0e-463a-ba7b-8089fe9991e2";

/// Records of the unified audit: an administrator of the tenant, a guest whose name makes
/// a key with signs that paths must encode, and the service itself.
fn records() -> String {
    let time = Timestamp::now().minus_days(1).to_iso_seconds();
    let record = |id: &str, kind: u8, user: &str, key: &str| {
        json!({"Id": id, "CreationTime": time.trim_end_matches('Z'), "Operation": "FileDownloaded",
            "Workload": "OneDrive", "RecordType": 6, "UserType": kind, "UserId": user,
            "UserKey": key, "ClientIP": "8.8.8.8"})
        .to_string()
    };
    [
        record("1", 2, "Ann@Contoso.example", ANN),
        record("2", 10, "zo?e>_fabrikam.example#EXT#@contoso.example", "x"),
        record("3", 4, "SecurityComplianceAlerts", "y"),
    ]
    .join("\n")
}

async fn list(server: &TestServer, token: &str, path: &str, filters: Value) -> Vec<Value> {
    let body = json!({ "filters": filters }).to_string();
    let answer = server.call("POST", path, Some(token), body).await;
    assert_eq!(answer.status, 200, "{filters}: {}", answer.text);
    answer.json()["data"].as_array().unwrap().clone()
}

/// A server that has seen the records, and a token that reads.
async fn seen() -> (Directory, String) {
    let directory = Directory::new().await;
    let server = &directory.server;
    server.take_in(server.tenant, records()).await;
    let client = server.client(server.tenant, &[Permission::InvestigationRead]);
    let token = server.token(&client.await, |_| {});
    (directory, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_fetched_by_every_writing_of_their_keys() {
    let (directory, token) = seen().await;
    let server = &directory.server;
    for key in [
        format!(r#"{{"id":"{GUEST}","saas":11161,"inst":0}}"#),
        format!(r#"{{"inst": 0, "saas": 11161, "id": "{GUEST}"}}"#),
        format!("{{'id': '{GUEST}', 'saas': 11161, 'inst': 0}}"),
    ] {
        let standard = BASE64_STANDARD.encode(&key);
        let encoded = standard.replace('+', "%2B").replace('/', "%2F");
        for pk in [
            encoded.replace('=', "%3D"),
            encoded.replace('=', ""),
            encoded.clone(),
            standard.clone(),
            BASE64_URL_SAFE_NO_PAD.encode(&key),
        ] {
            for ending in ["", "/", "/retrieve_tree", "/retrieve_tree/"] {
                let path = format!("/cas/api/v1/entities/{pk}{ending}");
                let answer = server.call("GET", &path, Some(&token), "").await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text);
                assert_eq!(answer.json()["id"], GUEST, "{path}");
            }
        }
    }
    // The account leads to the person, and the person to the account.
    for id in [ANN, "ann@contoso.example"] {
        let key = json!({"id": id, "saas": 11161, "inst": 0}).to_string();
        let pk = BASE64_URL_SAFE_NO_PAD.encode(key);
        let path = format!("/api/v1/entities/{pk}/retrieve_tree/");
        let tree = server.call("GET", &path, Some(&token), "").await.json();
        assert_eq!(tree["id"], "ann@contoso.example");
        assert_eq!(tree["accounts"][0]["id"], ANN, "{tree}");
        assert_eq!(tree["accounts"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_in_a_record_lead_to_what_their_holder_did() {
    let (directory, token) = seen().await;
    let server = &directory.server;
    let activities = "/api/v1/activities/";
    let all = list(server, &token, activities, json!({})).await;
    assert_eq!(all.len(), 3);
    for activity in &all {
        // OneDrive's, whose accounts are those of Office 365.
        assert_eq!(activity["appId"], 15600, "{activity}");
        let entities = activity["entityData"].as_object().unwrap().values();
        for key in entities.filter(|entity| !entity.is_null()) {
            let key = &key["id"];
            let by_key = json!({"entity": {"eq": [key]}});
            let found = list(server, &token, activities, by_key).await;
            assert_eq!(found, std::slice::from_ref(activity), "{key}");
            let elsewhere = json!({"id": key["id"], "saas": 15600, "inst": 0});
            let elsewhere = json!({"entity": {"eq": elsewhere}});
            let found = list(server, &token, activities, elsewhere).await;
            assert_eq!(found, [] as [Value; 0], "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_hold_entities_and_mark_activities() {
    let (directory, token) = seen().await;
    let server = &directory.server;
    let reader = directory
        .at_home("rita", &[DirectoryRole::SecurityReader])
        .await;
    let groups = directory.as_person(&reader, "GET", "/cas/api/v1/user_tags/", "");
    let groups = groups.await.json();
    assert_eq!(groups["total"], 3, "{groups}");
    for (name, entity, user) in [
        (
            "Administrators",
            "ann@contoso.example",
            "Ann@Contoso.example",
        ),
        (
            "External users",
            GUEST,
            "zo?e>_fabrikam.example#EXT#@contoso.example",
        ),
        (
            "Application (Cloud App Security)",
            "securitycompliancealerts",
            "SecurityComplianceAlerts",
        ),
    ] {
        let all = groups["data"].as_array().unwrap();
        let group = all.iter().find(|group| group["name"] == name).unwrap();
        let id = group["id"].as_str().unwrap();
        assert_eq!(group["usersCount"], 1, "{group}");
        let path = format!("/cas/api/v1/user_tags/{id}/");
        let fetched = directory.as_person(&reader, "GET", &path, "").await.json();
        assert_eq!(fetched, *group);
        let entities = list(
            server,
            &token,
            "/api/v1/entities/",
            json!({"userGroups": {"eq": id}}),
        );
        let entities = entities.await;
        assert!(
            entities.iter().any(|one| one["id"] == entity),
            "{entities:?}"
        );
        assert!(entities.iter().all(|one| one["userGroups"][0] == *group));
        let did = list(
            server,
            &token,
            "/api/v1/activities/",
            json!({"user.tags": {"eq": [id]}}),
        );
        let did = did.await;
        assert_eq!(did.len(), 1, "{name}");
        assert_eq!(did[0]["user"], json!({"userName": user, "userTags": [id]}));
        assert_eq!(did[0]["resolvedActor"]["tags"], json!([id]));
    }
    let nobodys = list(
        server,
        &token,
        "/api/v1/activities/",
        json!({"user.tags": {"isnotset": true}}),
    );
    assert!(nobodys.await.is_empty());
    for (method, path) in [
        ("POST", "/cas/api/v1/user_tags/create_tag/"),
        ("GET", "/cas/api/v1/user_tags/5e6fa9ade2367fc6340f487e/"),
        ("GET", "/cas/api/v1/user_tags/x/"),
    ] {
        let answer = directory.as_person(&reader, method, path, "").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
}
