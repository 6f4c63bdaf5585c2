//! Calls of the API as clients make them.

use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use serde_json::json;

use super::TestServer;

async fn server_and_token() -> (TestServer, String) {
    let server = TestServer::start().await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let token = server.token(&client, |_| {});
    (server, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn ip_ranges_are_created_replaced_listed_and_deleted() {
    let (server, token) = server_and_token().await;
    let call = async |method, path: &str, body: &str| {
        server
            .call(method, path, Some(&token), body.to_owned())
            .await
    };
    let create = "/api/v1/subnet/create_rule/";
    let body = r#"{"name": "Office", "category": "1", "subnets": ["192.168.1.7/24"],
        "organization": "Contoso", "tags": ["Head office"], "tags": ["Branch"]}"#;
    let created = call("POST", create, body).await;
    assert_eq!(created.status, 200, "{}", created.text);
    let id = created.json().as_str().unwrap().to_owned();
    assert_eq!(id.len(), 24);

    let record = call("GET", &format!("/api/subnet/{id}"), "").await.json();
    assert_eq!(record["subnets"][0]["mask"], 120);
    assert_eq!(record["subnets"][0]["originalString"], "192.168.1.7/24");
    assert_eq!(record["tags"][0]["name"], "Branch");
    assert!(record["lastModified"].is_f64() && record["location"].is_null());

    for (body, error) in [
        (
            r#"{"name": "OFFICE", "category": 1, "subnets": ["10.0.0.0/8"]}"#,
            "name",
        ),
        (
            r#"{"name": "Lab", "category": 1, "subnets": ["192.168.0.0/16"]}"#,
            "overlaps",
        ),
        (
            r#"{"name": "Lab", "category": 1, "subnets": ["10.0.0.0/99"]}"#,
            "not valid",
        ),
        (
            r#"{"name": "Lab", "category": 9, "subnets": ["10.0.0.0/8"]}"#,
            "not valid",
        ),
        (
            r#"{"name": "Lab", "category": 1, "subnets": ["10.0.0.0/8"],
                "tags": ["5f06d71dba4289d0602ba5ac"]}"#,
            "no tag",
        ),
        (r#"{"name": "Lab", "category": 1}"#, "required"),
        (
            r#"{"name": " Office ", "category": 1, "subnets": ["10.0.0.0/8"]}"#,
            "name",
        ),
        (
            r#"{"name": "  ", "category": 1, "subnets": ["10.0.0.0/8"]}"#,
            "required",
        ),
        (r#"{"category": 1, "subnets": ["10.0.0.0/8"]}"#, "required"),
    ] {
        let refused = call("POST", create, body).await;
        assert_eq!(refused.status, 400, "{body}");
        let text = refused.json()["errors"][0]["error"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(text.contains(error), "{body}: {text}");
    }

    let update = r#"{"name": "Headquarters", "category": "Corporate", "subnets": ["10.0.0.0/8"],
        "overrideOrganization": true, "overrideLocation": false, "_id": "x"}"#;
    let updated = call("POST", &format!("/api/v1/subnet/{id}/update_rule/"), update).await;
    assert_eq!(
        updated.json()["tags"],
        json!([]),
        "an absent optional becomes empty"
    );
    // A published script sends JSON under a form's content type, and numbers as text.
    let list = r#"{"skip": "0", "limit": "100", "filters": {"category": {"eq": [1, 4]}}}"#;
    let listed = call("POST", "/cas/api/v1/subnet/", list).await.json();
    assert_eq!(
        (listed["total"].clone(), listed["hasNext"].clone()),
        (json!(1), json!(false))
    );
    assert_eq!(
        call("DELETE", &format!("/api/v1/subnet/{id}/"), "")
            .await
            .status,
        200
    );
    assert_eq!(
        call("DELETE", &format!("/api/v1/subnet/{id}/"), "")
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_close_needs_filters_and_good_reasons() {
    let (server, token) = server_and_token().await;
    let close = async |kind: &str, body: &str| {
        let path = format!("/api/v1/alerts/{kind}/");
        server
            .call("POST", &path, Some(&token), body.to_owned())
            .await
    };
    let missing = close("close_benign", "{}").await;
    assert_eq!(missing.status, 400);
    let code = &missing.json()["filters"][0]["errorMessageCode"];
    assert_eq!(code, "CONSOLE_FORMS_FIELD_REQUIRED");
    let filters = r#""filters": {"id": {"eq": ["5f06d71dba4289d0602ba5ac"]}}"#;
    let unknown = close("close_benign", &format!("{{{filters}, \"reasonId\": 2}}"))
        .await
        .json();
    assert_eq!(unknown["closed_benign"], 0);
    assert_eq!(
        unknown["alertsNotFound"],
        json!(["5f06d71dba4289d0602ba5ac"])
    );
    let all = close("close_true_positive", r#"{"filters": {}}"#)
        .await
        .json();
    assert_eq!(all, json!({"closed_true_positive": 0}));
    let reason = close(
        "close_false_positive",
        &format!("{{{filters}, \"reasonId\": 9}}"),
    )
    .await;
    assert_eq!(reason.status, 400);
    let other_key = close(
        "close_benign",
        &format!("{{{filters}, \"reason\": \"any\"}}"),
    )
    .await;
    assert_eq!(other_key.status, 200, "a key `reason` is ignored");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_take_each_step_once() {
    let (server, token) = server_and_token().await;
    let call = async |method, path: &str, body: String| {
        server.call(method, path, Some(&token), body).await
    };
    let upload_url = "/api/v1/discovery/upload_url/?filename=a.log&source=";
    assert_eq!(
        call("GET", &format!("{upload_url}NONSENSE"), String::new())
            .await
            .status,
        400
    );
    let post = call("POST", &format!("{upload_url}SQUID_NATIVE"), String::new()).await;
    assert_eq!(post.status, 405);
    assert_eq!(post.json()["errors"][0]["error"], "Method not allowed.");
    let link = call("GET", &format!("{upload_url}SQUID_NATIVE"), String::new())
        .await
        .json();
    assert_eq!(link["provider"], "azure");
    let url = link["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("https://localhost:8443").unwrap();

    let done = json!({"uploadUrl": url, "inputStreamName": "Proxy"}).to_string();
    let early = call("POST", "/api/v1/discovery/done_upload/", done.clone()).await;
    assert_eq!(early.status, 400, "nothing was uploaded yet");
    let spoiled = path.replace("sig=", "sig=A");
    assert_eq!(server.call("PUT", &spoiled, None, "x").await.status, 403);
    let put = server
        .call(
            "PUT",
            path,
            None,
            "1737983758.627 207 10.0.0.1 TCP_TUNNEL/200 4047 \
        CONNECT www.dropbox.com:443 anna HIER_DIRECT/5.6.7.8 -\n",
        )
        .await;
    assert_eq!(put.status, 201, "{}", put.text);
    assert_eq!(server.call("PUT", path, None, "again").await.status, 409);

    let first = call("POST", "/api/v1/discovery/done_upload/", done.clone()).await;
    assert_eq!(first.json()["success"], true, "{}", first.text);
    assert_eq!(
        call("POST", "/api/v1/discovery/done_upload/", done)
            .await
            .status,
        400
    );
    let id = first.json()["uploadId"].as_str().unwrap().to_owned();
    let path = format!("/casbah/v1/discovery/uploads/{id}");
    let mut upload = json!({});
    for _ in 0..100 {
        upload = call("GET", &path, String::new()).await.json();
        if upload["state"] == "done" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        (&upload["state"], &upload["parsed"]),
        (&json!("done"), &json!(1)),
        "{upload}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsanctioned_app_is_in_the_block_script() {
    let (server, token) = server_and_token().await;
    let call = async |method, path: &str, body: &str| {
        server
            .call(method, path, Some(&token), body.to_owned())
            .await
    };
    let script = "/api/discovery_block_scripts/?format=120&type=banned";
    assert_eq!(call("GET", script, "").await.text, "");
    let tag = "/api/v1/discovery/discovery_app/11627/add_tag/";
    assert_eq!(
        call("POST", tag, r#"{"tagName": "unsanctioned"}"#)
            .await
            .status,
        200
    );
    let text = call("GET", script, "").await.text;
    assert!(text.lines().any(|line| line == ".dropbox.com"), "{text}");
    assert!(text.lines().all(|line| line.starts_with('.')), "{text}");
    let json = call("GET", "/api/discovery_block_scripts/", "")
        .await
        .json();
    let domains = json["data"][0]["domainList"].as_array().unwrap();
    assert!(domains.contains(&json!("dropbox.com")), "{json}");
    assert_eq!(json["hasNext"], false);
    assert_eq!(
        call("GET", "/api/discovery_block_scripts/?format=7", "")
            .await
            .status,
        400
    );
    let tags = call("POST", "/api/v1/discovery/app_tags/", "").await.json();
    assert!(
        tags.as_array()
            .unwrap()
            .iter()
            .any(|tag| tag["appIds"] == json!([11627])),
        "{tags}"
    );
    call(
        "POST",
        "/cas/api/v1/discovery/discovery_app/11627/set_sanctioned/",
        "",
    )
    .await;
    assert_eq!(call("GET", script, "").await.text, "");
    assert_eq!(
        call(
            "POST",
            "/api/v1/discovery/discovery_app/1/add_tag/",
            r#"{"tagName": "x"}"#
        )
        .await
        .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_begin_with_the_global_view() {
    let (server, token) = server_and_token().await;
    let answer = server
        .call("GET", "/api/discovery/streams/", Some(&token), "")
        .await
        .json();
    let global = &answer["streams"][0];
    assert_eq!(global["displayName"], "Global View");
    assert_eq!(global["_id"].as_str().unwrap().len(), 24);
    assert!(global["created"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_router_refuses_has_the_form_of_the_api() {
    let (server, token) = server_and_token().await;
    for (method, path, status) in [
        ("DELETE", "/api/v1/alerts/", 405),
        ("PUT", "/api/v1/files/", 403),
        ("POST", "/healthz", 405),
        ("GET", "/api/v1/alerts/%FF/", 400),
        ("POST", "/api/v1/alerts/%FF/read/", 400),
        ("GET", "/api/v1/activities/%FF/", 400),
        ("GET", "/api/v1/entities/%FF/", 400),
        ("DELETE", "/api/v1/subnet/%FF/", 400),
        ("POST", "/api/v1/discovery/discovery_app/%FF/add_tag/", 400),
        ("GET", "/casbah/v1/discovery/uploads/%FF", 400),
    ] {
        let answer = server.call(method, path, Some(&token), "").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        let answer = answer.json();
        assert!(answer["detail"].is_string(), "{method} {path}: {answer}");
        if status != 403 {
            assert_eq!(answer["errors"][0]["error"], answer["detail"]);
        }
    }
    // The form of the upload link is Azure's.
    for (method, path) in [
        ("PUT", "/upload/%FF/x?sig=a"),
        ("PUT", "/upload/a/b?sig=a&sig=b"),
        ("GET", "/upload/a/b?sig=a"),
    ] {
        let answer = server.call(method, path, None, "").await;
        assert!(answer.text.starts_with("<?xml"), "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_are_of_thirty_days_unless_a_time_is_named() {
    let (server, token) = server_and_token().await;
    let now = Timestamp::now();
    let event = |id: &str, days: i64| {
        let time = now.minus_days(days).to_iso_seconds();
        json!({"Id": id, "CreationTime": time.trim_end_matches('Z'), "Operation": "FileDownloaded",
            "Workload": "OneDrive", "RecordType": 6, "UserType": 0, "UserId": "ann@contoso.example",
            "UserKey": "ann", "ClientIP": "8.8.8.8"})
        .to_string()
    };
    let events = [event("1", 1), event("2", 35), event("3", 80)].join("\n");
    server.take_in(server.tenant, events).await;
    let at = |days: i64| now.minus_days(days).millis();
    for (filters, count) in [
        (json!({}), 1),
        (json!({"user.username": {"eq": "ann@contoso.example"}}), 1),
        (json!({"date": {"gte_ndays": 60}}), 2),
        (json!({"date": {"lte_ndays": 30}}), 2),
        (json!({"date": {"lte": at(60)}}), 1),
        (json!({"date": {"range": [{"end": at(30)}]}}), 2),
        (json!({"created": {"gte": at(1)}}), 3),
    ] {
        for path in ["/api/v1/activities/", "/api/v1/activities_kusto/"] {
            let body = json!({ "filters": filters }).to_string();
            let answer = server.call("POST", path, Some(&token), body).await;
            assert_eq!(answer.json()["total"], count, "{path} {filters}");
        }
    }
    let archived = "/api/v1/archived_activities/";
    let answer = server.call("POST", archived, Some(&token), "").await;
    assert_eq!(answer.json()["total"], 3);
}
