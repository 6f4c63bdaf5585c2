//! Faults and reset of a laboratory, over the whole router. The clock and the ids are the
//! whole process's, so they are tested on a program of their own.

use std::time::{Duration, Instant};

use casbah_model::ids::TenantId;
use casbah_model::permission::{CasbahRole, Permission};
use serde_json::{Value, json};

use super::{Answer, TestClient, TestServer};
use crate::lab::LabConfig;

const FAULTS: &str = "/casbah/v1/lab/faults";
const ALERTS: &str = "/api/v1/alerts/";

/// Whoever administers a tenant, and a program that is tested on it.
struct Maker<'a> {
    server: &'a TestServer,
    manager: String,
    program: String,
}

async fn laboratory() -> TestServer {
    TestServer::start_as(|config| config.lab = Some(LabConfig { seed: 1 })).await
}

impl<'a> Maker<'a> {
    async fn of(server: &'a TestServer, tenant: TenantId) -> Self {
        let role = CasbahRole::TenantManage;
        let manager = server.casbah_client(tenant, role).await;
        let program: TestClient = server
            .client(tenant, &[Permission::InvestigationManage])
            .await;
        Self {
            server,
            manager: server.casbah_token(&manager, role),
            program: server.token(&program, |_| {}),
        }
    }

    async fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let call = self
            .server
            .call(method, path, Some(&self.manager), body.to_string());
        call.await
    }

    async fn rule(&self, rule: Value) -> Value {
        let made = self.control("POST", FAULTS, &rule).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let call = self
            .server
            .call(method, path, Some(&self.program), body.to_owned());
        call.await
    }

    /// The status of a list of alerts.
    async fn list(&self) -> u16 {
        self.call("GET", ALERTS, "").await.status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_no_laboratory_unless_it_is_started_as_one() {
    let server = TestServer::start().await;
    let maker = Maker::of(&server, server.tenant).await;
    for (method, path) in [
        ("GET", FAULTS),
        ("POST", FAULTS),
        ("DELETE", FAULTS),
        ("DELETE", "/casbah/v1/lab/faults/1"),
        ("GET", "/casbah/v1/lab/clock"),
        ("POST", "/casbah/v1/lab/clock"),
        ("POST", "/casbah/v1/lab/reset"),
    ] {
        let rule = json!({"path": "*", "kind": "cut", "advance": 1});
        let answer = maker.control(method, path, &rule).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert!(!answer.headers.contains_key("casbah-lab"));
    }
    assert_eq!(maker.list().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_fail_as_the_rules_of_their_tenant_say() {
    let server = laboratory().await;
    let maker = Maker::of(&server, server.tenant).await;
    let other = server.create_tenant("Other", "other.example").await;
    let stranger = Maker::of(&server, other.tenant.id).await;

    let throttled = maker
        .rule(json!({"path": ALERTS, "kind": "throttled", "seconds": 7, "times": 1}))
        .await;
    assert_eq!(throttled["kind"], "throttled");
    assert_eq!(stranger.list().await, 200, "rules are a tenant's own");
    let answer = maker.call("GET", ALERTS, "").await;
    assert_eq!(
        (answer.status, &answer.headers["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert!(answer.text.contains("available in 7 seconds."));
    assert!(answer.headers.contains_key("casbah-lab"));
    assert_eq!(maker.list().await, 200, "once");

    maker
        .rule(json!({"path": "/api/*", "kind": "status", "status": "502", "times": 1}))
        .await;
    maker
        .rule(json!({"path": ALERTS, "kind": "expired-token", "times": 1}))
        .await;
    let slow = json!({"path": ALERTS, "kind": "slow", "milliseconds": 300, "times": 1});
    maker.rule(slow).await;
    assert_eq!(maker.list().await, 502);
    let expired = maker.call("GET", ALERTS, "").await;
    assert_eq!(
        (expired.status, expired.json()),
        (401, json!({"detail": "Invalid token"}))
    );
    let began = Instant::now();
    assert_eq!(maker.list().await, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));

    let rules = maker.control("GET", FAULTS, &json!({})).await.json();
    let counts = rules["data"].as_array().unwrap().iter();
    let counts: Vec<_> = counts
        .map(|rule| rule["failed"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 1, 1, 1]);
    let path = format!("{FAULTS}/{}", throttled["id"].as_str().unwrap());
    assert_eq!(
        stranger.control("DELETE", &path, &json!({})).await.status,
        404
    );
    assert_eq!(maker.control("DELETE", &path, &json!({})).await.status, 200);
    assert_eq!(
        maker.control("DELETE", FAULTS, &json!({})).await.status,
        200
    );
    let rules = maker.control("GET", FAULTS, &json!({})).await.json();
    assert_eq!(rules, json!({"data": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_comes_twice_and_the_walk_still_ends() {
    let server = laboratory().await;
    let maker = Maker::of(&server, server.tenant).await;
    for number in 0..3 {
        let body = json!({"name": format!("Range {number}"), "category": 1,
            "subnets": [format!("10.{number}.0.0/16")]});
        let path = "/api/v1/subnet/create_rule/";
        assert_eq!(
            maker.call("POST", path, &body.to_string()).await.status,
            200
        );
    }
    maker
        .rule(json!({"path": "/api/v1/subnet/", "kind": "duplicated-page", "times": 1}))
        .await;
    let mut names = Vec::new();
    for skip in 0..4 {
        let page = json!({"skip": skip, "limit": 1, "sortDirection": "asc"}).to_string();
        let page = maker.call("POST", "/api/v1/subnet/", &page).await.json();
        let one = page["data"].as_array().unwrap().first();
        names.extend(one.map(|one| one["name"].as_str().unwrap().to_owned()));
    }
    assert_eq!(names, ["Range 0", "Range 0", "Range 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rules_and_clocks_are_refused() {
    let server = laboratory().await;
    let maker = Maker::of(&server, server.tenant).await;
    for rule in [
        json!({}),
        json!({"path": ALERTS}),
        json!({"path": ALERTS, "kind": "explode"}),
        json!({"path": "/common/oauth2/token", "kind": "cut"}),
        json!({"path": ALERTS, "kind": "status", "status": 404}),
        json!({"path": ALERTS, "kind": "status", "status": 600}),
        json!({"path": ALERTS, "kind": "throttled", "seconds": -1}),
        json!({"path": ALERTS, "kind": "cut", "probability": 1.5}),
        json!({"path": ALERTS, "kind": "cut", "probability": "NaN"}),
        json!({"path": ALERTS, "kind": "cut", "times": "often"}),
        json!({"path": ALERTS, "kind": "slow", "milliseconds": 99_999_999}),
    ] {
        let answer = maker.control("POST", FAULTS, &rule).await;
        assert_eq!(answer.status, 400, "{rule}: {}", answer.text);
    }
    for clock in [
        json!({}),
        json!({"set": "soon"}),
        json!({"set": "1970-01-01T00:00:00Z"}),
        json!({"advance": "two"}),
        json!({"advance": 999_999_999_999_i64}),
        json!({"freeze": "perhaps"}),
    ] {
        let answer = maker.control("POST", "/casbah/v1/lab/clock", &clock).await;
        assert_eq!(answer.status, 400, "{clock}: {}", answer.text);
    }
    let other = server.create_tenant("Other", "other.example").await;
    let stranger = Maker::of(&server, other.tenant.id).await;
    let clock = json!({"advance": 1});
    let answer = stranger
        .control("POST", "/casbah/v1/lab/clock", &clock)
        .await;
    assert_eq!(answer.status, 403, "the clock is the home tenant's to set");
}
