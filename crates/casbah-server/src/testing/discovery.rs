//! The resources of cloud discovery, as clients of the original call them.

use std::time::Duration;

use casbah_model::permission::Permission;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::{Answer, TestServer};

const BLOCKS: [&str; 2] = ["MDAx", "MDAy"];

/// Whoever uploads logs and reads reports.
struct Analyst {
    server: TestServer,
    token: String,
}

impl Analyst {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let client = server
            .client(server.tenant, &[Permission::DiscoveryManage])
            .await;
        Self {
            token: server.token(&client, |_| {}),
            server,
        }
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let body = body.to_owned();
        self.server
            .call(method, path, Some(&self.token), body)
            .await
    }

    /// The path of a new link.
    async fn link(&self) -> String {
        let path = "/api/v1/discovery/upload_url/?filename=a.log&source=SQUID_NATIVE";
        let link = self.call("GET", path, "").await.json();
        let link = link["url"].as_str().unwrap();
        link.strip_prefix("https://localhost:8443")
            .unwrap()
            .to_owned()
    }

    /// What a link answers, and its code if that is an error.
    async fn put(&self, link: &str, query: &str, body: &str) -> (u16, String) {
        let path = format!("{link}{query}");
        let answer = self.server.call("PUT", &path, None, body.to_owned()).await;
        let code = answer.headers.get("x-ms-error-code");
        let code = code.map_or("", |code| code.to_str().unwrap());
        (answer.status, code.to_owned())
    }

    /// Has an uploaded log read; the id of its report.
    async fn read(&self, link: &str) -> Value {
        let url = format!("https://localhost:8443{link}");
        let done = json!({"uploadUrl": url, "inputStreamName": "Proxy", "uploadAsSnapshot": true});
        let path = "/api/v1/discovery/done_upload/";
        let done = self.call("POST", path, &done.to_string()).await.json();
        assert_eq!(done["success"], true, "{done}");
        let path = format!(
            "/casbah/v1/discovery/uploads/{}",
            done["uploadId"].as_str().unwrap()
        );
        for _ in 0..200 {
            if self.call("GET", &path, "").await.json()["state"] == "done" {
                return done["inputStreamId"].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the log was not read");
    }
}

fn log(host: &str) -> String {
    let now = Timestamp::now().seconds();
    format!(
        "{now}.627 207 10.0.0.1 TCP_TUNNEL/200 4047 CONNECT {host}:443 anna HIER_DIRECT/5.6.7.8 -\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_resource_takes_its_own_methods() {
    let analyst = Analyst::new().await;
    let both = ["GET", "POST"];
    for (path, allowed) in [
        ("/api/v1/discovery/upload_url/", &["GET"][..]),
        ("/api/v1/discovery/done_upload/", &["POST"]),
        ("/api/discovery/streams/", &both),
        ("/api/v1/discovery/streams/", &both),
        ("/cas/api/v1/discovery/discovered_apps/", &both),
        ("/api/v1/discovery/discovered_apps/categories/", &both),
        ("/cas/api/v1/discovery/app_users/", &both),
        ("/api/v1/discovery/app_tags/", &both),
        ("/api/v1/discovery/discovery_app/11627/add_tag/", &["POST"]),
        (
            "/api/v1/discovery/discovery_app/11627/remove_tag/",
            &["POST"],
        ),
        (
            "/cas/api/v1/discovery/discovery_app/11627/set_banned/",
            &["POST"],
        ),
        (
            "/cas/api/v1/discovery/discovery_app/11627/set_sanctioned/",
            &["POST"],
        ),
        ("/cas/api/v1/discovery/app_catalog/", &both),
        ("/api/discovery_block_scripts/", &["GET"]),
        ("/api/discovery/discovery_block_scripts/", &["GET"]),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let answer = analyst.call(method, path, "").await;
            let is_taken = answer.status != 405;
            assert_eq!(
                is_taken,
                allowed.contains(&method),
                "{method} {path}: {}",
                answer.status
            );
            assert!(answer.status < 500, "{method} {path}: {}", answer.text);
            if !is_taken {
                assert_eq!(answer.json()["errors"][0]["error"], "Method not allowed.");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_frame_is_understood_however_it_is_spelt() {
    let analyst = Analyst::new().await;
    let link = analyst.link().await;
    let put = analyst.put(&link, "", &log("www.dropbox.com")).await;
    assert_eq!(put.0, 201);
    let stream = analyst.read(&link).await;
    for (parameters, status) in [
        (json!({}), 200),
        (json!({"timeframe": 7}), 200),
        (json!({"timeFrame": 30}), 200),
        (json!({"TimeFrame": "90"}), 200),
        (json!({"TIMEFRAME": " 30 "}), 200),
        (json!({"filters": {"timeframe": "30"}}), 200),
        (json!({"filters": {"timeFrame": 7}}), 200),
        (json!({"filters": "{\"timeframe\": 90}"}), 200),
        (json!({"timeframe": null}), 200),
        (json!({"timeframe": 31}), 400),
        (json!({"timeFrame": "week"}), 400),
        (json!({"filters": {"TimeFrame": [30]}}), 200),
        (json!({"filters": {"TimeFrame": [30, 7]}}), 400),
    ] {
        for path in [
            "/cas/api/v1/discovery/discovered_apps/",
            "/api/v1/discovery/discovered_apps/categories/",
        ] {
            let mut body = parameters.clone();
            body["streamId"] = stream.clone();
            let answer = analyst.call("POST", path, &body.to_string()).await;
            assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
            if status == 200 {
                let answer = answer.json();
                let found = answer
                    .get("data")
                    .unwrap_or(&answer)
                    .as_array()
                    .unwrap()
                    .len();
                assert_eq!(found, 1, "{path} {body}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_appliance_gets_a_script_in_its_own_form() {
    let analyst = Analyst::new().await;
    let ban = "/cas/api/v1/discovery/discovery_app/11627/set_banned/";
    assert_eq!(analyst.call("POST", ban, "").await.status, 200);
    for (format, line) in [
        (102, "url.domain=dropbox.com deny"),
        (104, " fqdn dropbox.com"),
        (108, "dropbox.com"),
        (112, "dropbox.com"),
        (120, ".dropbox.com"),
        (129, "dropbox.com"),
        (135, "dropbox.com"),
    ] {
        for query in [
            format!("format={format}"),
            format!("format={format}&type=banned"),
        ] {
            let path = format!("/api/discovery_block_scripts/?{query}");
            let answer = analyst.call("GET", &path, "").await;
            let kind = answer.headers["content-type"].to_str().unwrap();
            assert!(kind.starts_with("text/plain"), "{path}: {kind}");
            assert!(answer.text.contains(line), "{path}: {}", answer.text);
        }
        let path = format!("/api/discovery_block_scripts/?format={format}&type=allowed");
        let answer = analyst.call("GET", &path, "").await;
        assert!(!answer.text.contains(line), "{path}: {}", answer.text);
    }
    for query in [
        "format=103",
        "format=x",
        "type=other",
        "format=-1",
        "skip=-1",
    ] {
        let path = format!("/api/discovery_block_scripts/?{query}");
        assert_eq!(analyst.call("GET", &path, "").await.status, 400, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_blocks_may_be_said_again_but_not_another_way() {
    let analyst = Analyst::new().await;
    let link = analyst.link().await;
    let list = |ids: &[&str]| {
        let ids = ids.iter().map(|id| format!("<Latest>{id}</Latest>"));
        format!("<BlockList>{}</BlockList>", ids.collect::<String>())
    };
    for (block, host) in BLOCKS.into_iter().zip(["www.dropbox.com", "www.box.com"]) {
        // The second time in place of the first.
        for _ in 0..2 {
            let query = format!("&comp=block&blockid={block}");
            let put = analyst.put(&link, &query, &log(host)).await;
            assert_eq!(put.0, 201, "{put:?}");
        }
    }
    let commit = async |ids: &[&str]| analyst.put(&link, "&comp=blocklist", &list(ids)).await;
    let unknown = commit(&["MDAx", "MDAz"]).await;
    assert_eq!(unknown, (400, "InvalidBlockList".to_owned()));
    for _ in 0..3 {
        assert_eq!(commit(&BLOCKS).await.0, 201, "its answer was lost");
    }
    let exists = (409, "BlobAlreadyExists".to_owned());
    assert_eq!(commit(&["MDAx"]).await, exists);
    assert_eq!(analyst.put(&link, "", "x").await, exists);
    let late = analyst.put(&link, "&comp=block&blockid=MDAx", "x").await;
    assert_eq!(late, exists);

    let stream = analyst.read(&link).await;
    assert_eq!(commit(&BLOCKS).await, exists, "it was given to a report");
    let body = json!({"streamId": stream}).to_string();
    let path = "/cas/api/v1/discovery/discovered_apps/";
    let apps = analyst.call("POST", path, &body).await.json();
    assert_eq!(apps["total"], 2, "{apps}");
}
