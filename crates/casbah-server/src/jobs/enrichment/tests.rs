use casbah_detection::demo;
use casbah_model::permission::{CasbahRole, Permission};
use serde_json::{Value, json};

use super::*;
use crate::testing::{TestClient, TestServer};

/// Whoever may read activities and manage ranges, with events of the demonstration.
struct Office {
    server: TestServer,
    token: String,
}

impl Office {
    async fn open() -> Self {
        let server = TestServer::start().await;
        let role = CasbahRole::IngestWrite;
        let feeder = server.casbah_client(server.tenant, role).await;
        let client: TestClient = server
            .client(server.tenant, &[Permission::InvestigationManage])
            .await;
        let office = Self {
            token: server.token(&client, |_| {}),
            server,
        };
        let feeder = office.server.casbah_token(&feeder, role);
        office.ingest(&feeder).await;
        office
    }

    async fn ingest(&self, token: &str) {
        let events = demo::events(Timestamp::now());
        let path = "/casbah/v1/events/microsoft365";
        let answer = self.server.call("POST", path, Some(token), events).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Value {
        let call = self
            .server
            .call(method, path, Some(&self.token), body.to_owned());
        let answer = call.await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap_or_default()
    }

    /// How many activities this filter finds.
    async fn count(&self, filters: &Value) -> u64 {
        let body = json!({"filters": filters, "limit": 1}).to_string();
        let list = self.call("POST", "/api/v1/activities/", &body).await;
        list["total"].as_u64().unwrap()
    }

    async fn state(&self) -> Value {
        self.call("GET", "/casbah/v1/ip_ranges/enrichment", "")
            .await
    }

    fn job(&self) -> Enrichment {
        Enrichment {
            app: Arc::clone(&self.server.app),
            batch: 20,
        }
    }

    async fn catch_up(&self) {
        let (_stop, stopped) = watch::channel(false);
        let job = self.job();
        let caught_up = job.catch_up(self.server.tenant, &stopped);
        caught_up.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_follow_the_ranges() {
    let office = Office::open().await;
    let address = json!({"ip.address": {"startswith": "202.12.27."}});
    let corporate = json!({"ip.category": {"eq": 1}});
    let of_address = office.count(&address).await;
    assert!(of_address > 50, "{of_address}");
    assert_eq!(office.count(&corporate).await, 0);
    assert_eq!(office.state().await["pending"], false);

    let range = json!({"name": "Tokyo", "category": "corporate", "subnets": ["202.12.27.0/24"],
        "organization": "Contoso Japan", "tags": ["Branch"]});
    let create = "/api/v1/subnet/create_rule/";
    let id = office.call("POST", create, &range.to_string()).await;
    assert_eq!(office.state().await["pending"], true);
    // One batch; then whoever did it ends.
    assert!(office.job().step(office.server.tenant).await.unwrap());
    let state = office.state().await;
    assert_eq!(state["total"], of_address);
    assert_eq!(state["done"], 20);
    office.catch_up().await;
    let state = office.state().await;
    assert_eq!(
        (&state["done"], &state["pending"]),
        (&state["total"], &json!(false))
    );
    assert!(state["finished"].is_string(), "{state}");
    assert_eq!(office.count(&corporate).await, of_address);
    let body = json!({"filters": address, "limit": 1}).to_string();
    let list = office.call("POST", "/api/v1/activities/", &body).await;
    let location = &list["data"][0]["location"];
    assert_eq!(location["categoryValue"], "CORPORATE_IP");
    assert_eq!(location["organizationSearchable"], "Contoso Japan");

    let path = format!("/api/v1/subnet/{}/", id.as_str().unwrap());
    office.call("DELETE", &path, "").await;
    office.catch_up().await;
    assert_eq!(office.count(&corporate).await, 0);
    let list = office.call("POST", "/api/v1/activities/", &body).await;
    let location = &list["data"][0]["location"];
    assert_eq!(location["categoryValue"], "NONE");
    assert_eq!(location.get("organizationSearchable"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_ranges_are_imported_and_the_tenants_own_go_before_them() {
    let office = Office::open().await;
    let lists = "/casbah/v1/ip_ranges/built_in";
    let aws = r#"{"prefixes": [{"ip_prefix": "202.12.27.0/24", "region": "ap-northeast-1"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/40", "region": "ap-northeast-1"}]}"#;
    let answer = office.call("POST", lists, aws).await;
    assert_eq!(
        answer,
        json!({"name": "Amazon Web Services", "format": "aws", "category": 5, "ranges": 1,
            "networks": 2})
    );
    office.catch_up().await;
    let cloud = json!({"ip.category": {"eq": 5}, "ip.tags": {"eq": "000000290000000000000000"}});
    let of_cloud = office.count(&cloud).await;
    assert!(of_cloud > 50, "{of_cloud}");

    let ranges = "/api/v1/subnet/";
    let own = office.call("GET", ranges, "").await;
    assert_eq!(own["data"], json!([]), "only where they are asked for");
    let filter = format!("{ranges}?filters=%7B%22builtIn%22:%7B%22eq%22:true%7D%7D");
    let listed = office.call("GET", &filter, "").await;
    let record = &listed["data"][0];
    assert_eq!(record["name"], "Amazon Web Services ap-northeast-1");
    assert_eq!(record["builtIn"], true);
    assert_eq!(record["_tid"], 0);
    assert_eq!(record["sourceIsps"], json!(["Amazon Web Services"]));
    assert_eq!(record["tags"][0]["name"], "Amazon Web Services");
    assert_eq!(record["subnets"][0]["mask"], 120);
    assert_eq!(record.get("location"), None);
    let path = format!("{ranges}{}/", record["_id"].as_str().unwrap());
    assert_eq!(&office.call("GET", &path, "").await, record);
    let range = json!({"name": "x", "category": 1, "subnets": ["10.0.0.0/8"]}).to_string();
    for (method, path, body) in [
        ("POST", format!("{path}update_rule/"), range.as_str()),
        ("DELETE", path, ""),
        (
            "POST",
            format!("{lists}?category=corporate&name=x"),
            "10.0.0.0/8",
        ),
        ("POST", format!("{lists}?name=x"), "10.0.0.0/8"),
        ("POST", format!("{lists}?category=botnet"), "10.0.0.0/8"),
        ("POST", format!("{lists}?category=tor"), aws),
        ("POST", format!("{lists}?format=csv"), aws),
        ("POST", format!("{lists}?name=a&name=b"), aws),
        ("POST", format!("{lists}?name=a%0Ab"), aws),
        (
            "POST",
            format!("{lists}?category=tor&name=x"),
            "10.0.0.0/8\nnowhere",
        ),
    ] {
        let call = office
            .server
            .call(method, &path, Some(&office.token), body.to_owned());
        let answer = call.await;
        assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text);
        assert!(answer.json()["errors"][0]["error"].is_string(), "{path}");
    }

    let own = json!({"name": "Tokyo", "category": 1, "subnets": ["202.12.27.0/24"]});
    office
        .call("POST", "/api/v1/subnet/create_rule/", &own.to_string())
        .await;
    office.catch_up().await;
    assert_eq!(office.count(&cloud).await, 0);
    assert_eq!(
        office.count(&json!({"ip.category": {"eq": 1}})).await,
        of_cloud
    );

    let list = "/casbah/v1/ip_ranges/built_in/Amazon%20Web%20Services";
    office.call("DELETE", list, "").await;
    assert_eq!(office.call("GET", lists, "").await["data"], json!([]));
}
