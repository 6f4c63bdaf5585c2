//! Policies, governance, tags and files, which are for people and their tokens alone.

use casbah_model::identity::{DirectoryRole, User};
use casbah_model::permission::Permission;
use serde_json::{Value, json};

use super::directory::Directory;

async fn get(directory: &Directory, user: &User, path: &str) -> (u16, Value) {
    let answer = directory.as_person(user, "GET", path, "").await;
    (answer.status, answer.json())
}

async fn list(directory: &Directory, user: &User, path: &str) -> Vec<Value> {
    let (status, answer) = get(directory, user, path).await;
    assert_eq!(status, 200, "{path}: {answer}");
    let data = answer["data"].as_array().unwrap().clone();
    assert_eq!(answer["total"], data.len());
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_off_raises_nothing() {
    let directory = Directory::new().await;
    let server = &directory.server;
    let admin = directory
        .at_home("anna", &[DirectoryRole::SecurityAdministrator])
        .await;
    let policies = list(&directory, &admin, "/cas/api/v1/policies/").await;
    let told: Vec<_> = policies
        .iter()
        .map(|policy| json!([policy["name"], policy["enabled"], policy["lastModified"]]))
        .collect();
    let none = Value::Null;
    assert_eq!(
        told,
        [
            json!(["Impossible travel activity", true, none]),
            json!(["Multiple failed login attempts", true, none]),
        ]
    );
    let id = policies[0]["_id"].as_str().unwrap();
    let path = |end: &str| format!("/cas/api/v1/policies/{id}/{end}");
    for role in [
        DirectoryRole::SecurityReader,
        DirectoryRole::SecurityOperator,
    ] {
        let other = directory.at_home(&format!("{role:?}"), &[role]).await;
        let refused = directory
            .as_person(&other, "POST", &path("disable/"), "")
            .await;
        assert_eq!(refused.status, 403, "{role:?}");
        assert_eq!(
            get(&directory, &other, &path("")).await,
            (200, policies[0].clone())
        );
    }
    let off = directory
        .as_person(&admin, "POST", &path("disable/"), "")
        .await
        .json();
    assert_eq!(
        (&off["enabled"], &off["policyType"]),
        (&json!(false), &json!("ANOMALY_DETECTION"))
    );
    assert!(off["lastModified"].is_i64());

    server.play_demo(server.tenant).await;
    let alerts = list(&directory, &admin, "/api/v1/alerts/").await;
    assert!(!alerts.is_empty());
    assert!(
        alerts.iter().all(|alert| alert["policy"]["id"] != id),
        "{alerts:?}"
    );

    // Another tenant has its own.
    let (status, theirs) = get(&directory, &directory.admin, &path("")).await;
    assert_eq!((status, &theirs["enabled"]), (200, &json!(true)));
    server.play_demo(directory.tenant).await;
    let alerts = list(&directory, &directory.admin, "/api/v1/alerts/").await;
    assert!(
        alerts.iter().any(|alert| alert["policy"]["id"] == id),
        "{alerts:?}"
    );

    for (filters, count) in [
        (r#"{"enabled":{"eq":false}}"#, 1),
        (r#"{"type":{"eq":"FILE"}}"#, 0),
        (r#"{"name":{"contains":"TRAVEL"}}"#, 1),
    ] {
        let encoded: String = form_urlencoded::byte_serialize(filters.as_bytes()).collect();
        let path = format!("/api/v1/policies/?filters={encoded}");
        assert_eq!(
            list(&directory, &admin, &path).await.len(),
            count,
            "{filters}"
        );
    }
    let on = directory
        .as_person(&admin, "POST", &path("enable"), "")
        .await
        .json();
    assert_eq!(on["enabled"], true);
    let of_type = format!("/cas/api/v1/policies/anomaly_detection/{id}/");
    assert_eq!(get(&directory, &admin, &of_type).await, (200, on));
    for path in [
        format!("/cas/api/v1/policies/FILE/{id}/"),
        "/cas/api/v1/policies/5f06d71dba4289d0602ba5ac/".to_owned(),
        "/cas/api/v1/policies/x/".to_owned(),
    ] {
        assert_eq!(get(&directory, &admin, &path).await.0, 404, "{path}");
    }
    let audit = server
        .app
        .store
        .audit_records(server.tenant, 50)
        .await
        .unwrap();
    let actions = ["policy.disable", "policy.enable"];
    for action in actions {
        let kept: Vec<_> = audit.iter().filter(|one| one.action == action).collect();
        assert_eq!(kept.len(), 1, "{action}");
        assert_eq!(
            (kept[0].target.as_str(), kept[0].actor.as_str()),
            (id, admin.upn.as_str())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn governance_is_what_was_really_done() {
    let directory = Directory::new().await;
    let server = &directory.server;
    let reader = directory
        .at_home("rita", &[DirectoryRole::SecurityReader])
        .await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let token = server.token(&client, |_| {});
    let call = async |method, path: &str, body: String| {
        let answer = server.call(method, path, Some(&token), body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    };
    let link = "/api/v1/discovery/upload_url/?filename=proxy.log&source=SQUID_NATIVE";
    let url = call("GET", link, String::new()).await["url"].clone();
    let path = url
        .as_str()
        .unwrap()
        .strip_prefix("https://localhost:8443")
        .unwrap();
    let request = "1737983758.627 207 10.0.0.1 TCP_TUNNEL/200 4047 CONNECT www.dropbox.com:443 anna \
                HIER_DIRECT/5.6.7.8 -\n";
    assert_eq!(server.call("PUT", path, None, request).await.status, 201);
    assert!(
        list(&directory, &reader, "/api/v1/governance/")
            .await
            .is_empty()
    );
    let done = json!({"uploadUrl": url, "inputStreamName": "Proxy"}).to_string();
    call("POST", "/api/v1/discovery/done_upload/", done).await;
    let mut task = json!({});
    for _ in 0..100 {
        task = list(&directory, &reader, "/cas/api/v1/governance/")
            .await
            .remove(0);
        if task["status"]["isSuccess"] != json!(null) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let told = json!([task["taskName"], task["status"], task["target"]]);
    let success = json!({"isSuccess": true});
    assert_eq!(told, json!(["DiscoveryParseLogTask", success, "proxy.log"]));
    let one = format!("/api/v1/governance/{}/", task["_id"].as_str().unwrap());
    assert_eq!(get(&directory, &reader, &one).await, (200, task));
    assert_eq!(get(&directory, &directory.admin, &one).await.0, 404);
    assert!(
        list(&directory, &directory.admin, "/api/v1/governance/")
            .await
            .is_empty()
    );
    for (filters, count) in [
        ("%7B%22status%22:%7B%22eq%22:%22failed%22%7D%7D", 0),
        (
            "%7B%22status%22:%7B%22eq%22:[false,null]%7D%7D&sortField=timestamp",
            0,
        ),
        ("%7B%22status%22:%7B%22eq%22:[true]%7D%7D", 1),
        (
            "%7B%22type%22:%7B%22eq%22:%22DiscoveryParseLogTask%22%7D%7D",
            1,
        ),
        ("%7B%22appId%22:%7B%22eq%22:11161%7D%7D", 0),
    ] {
        let path = format!("/api/v1/governance/?filters={filters}");
        assert_eq!(
            list(&directory, &reader, &path).await.len(),
            count,
            "{filters}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_those_of_addresses_and_apps() {
    let directory = Directory::new().await;
    let server = &directory.server;
    let reader = directory
        .at_home("rita", &[DirectoryRole::SecurityReader])
        .await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let token = server.token(&client, |_| {});
    let ip = "/cas/api/tags/?enabledOnly=true&sort=name&target=ip";
    let built_in = list(&directory, &reader, ip).await;
    let range =
        r#"{"name": "Office", "category": 1, "subnets": ["10.0.0.0/8"], "tags": ["Branch"]}"#;
    let create = "/api/v1/subnet/create_rule/";
    assert_eq!(
        server
            .call("POST", create, Some(&token), range)
            .await
            .status,
        200
    );
    let all = list(&directory, &reader, ip).await;
    assert_eq!(all.len(), built_in.len() + 1);
    let own = all.iter().find(|tag| tag["name"] == "Branch").unwrap();
    let path = format!("/cas/api/v1/tags/{}/", own["id"].as_str().unwrap());
    assert_eq!(get(&directory, &reader, &path).await, (200, own.clone()));
    assert_eq!(get(&directory, &directory.admin, &path).await.0, 404);
    let names: Vec<_> = all
        .iter()
        .map(|tag| tag["name"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(
        list(&directory, &reader, "/cas/api/tags/?target=app")
            .await
            .len(),
        2
    );
    assert!(
        list(&directory, &reader, "/cas/api/tags/?target=device")
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_of_files_are_checked_though_there_are_none() {
    let directory = Directory::new().await;
    let admin = &directory.admin;
    for (body, status) in [
        ("", 200),
        ("null", 200),
        (
            r#"{"filters": {"policy": {"cabinetmatchedrulesequals": ["5f01dce13de79160fbec4150"]}}}"#,
            200,
        ),
        (
            r#"{"filters": {"filename": {"text": "plan"}}, "sortField": "modifiedDate"}"#,
            200,
        ),
        (r#"{"filters": {"filename": {"contains": "plan"}}}"#, 400),
        (r#"{"filters": {"lastSeen": {"gte": 1}}}"#, 400),
        (r#"{"sortField": "name"}"#, 400),
    ] {
        let answer = directory
            .as_person(admin, "POST", "/api/v1/files/", body)
            .await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        if status == 200 {
            let empty = json!({"data": [], "hasNext": false, "max": 100, "total": 0,
                "moreThanTotal": false});
            assert_eq!(answer.json(), empty);
        }
    }
    let one = get(&directory, admin, "/api/v1/files/5f06d71dba4289d0602ba5ac/").await;
    assert_eq!(one.0, 404);
}
