//! Limits of requests, over the whole router.

use axum::http::header::RETRY_AFTER;
use casbah_model::ids::TenantId;
use casbah_model::permission::{CasbahRole, Permission};
use futures_util::future::join_all;

use super::{Answer, TestServer};

const LIST: &str = "/api/v1/alerts/";

impl TestServer {
    async fn limited(limits: &str) -> Self {
        Self::start_as(|config| config.throttle = limits.parse().unwrap()).await
    }

    async fn reader(&self, tenant: TenantId) -> String {
        let client = self.client(tenant, &[Permission::InvestigationRead]).await;
        self.token(&client, |_| {})
    }

    async fn list(&self, token: &str) -> Answer {
        self.call("GET", LIST, Some(token), "").await
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer.headers.get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_gets_exactly_its_limit_however_many_ask_at_once() {
    let server = TestServer::limited("compat").await;
    let (first, second) = (
        server.reader(server.tenant).await,
        server.reader(server.tenant).await,
    );
    let calls = (0..100).map(|at| server.list(if at % 2 == 0 { &first } else { &second }));
    let answers = join_all(calls).await;
    let count = |status| {
        let of_status = answers.iter().filter(|answer| answer.status == status);
        of_status.count()
    };
    assert_eq!((count(200), count(429)), (30, 70));

    let refused = server.list(&first).await;
    let seconds: u64 = header(&refused, RETRY_AFTER.as_str()).parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let text = format!("Request was throttled. Expected available in {seconds} seconds.");
    assert_eq!(refused.json()["detail"], text);
    assert_eq!(refused.json()["error"]["message"], text);
    assert_eq!(header(&refused, "ratelimit-policy"), "\"tenant\";q=30;w=60");
    assert_eq!(
        header(&refused, "ratelimit"),
        format!("\"tenant\";r=0;t={seconds}")
    );

    let other = server.create_tenant("Fabrikam", "fabrikam.example").await;
    let token = server.reader(other.tenant.id).await;
    let answer = server.list(&token).await;
    assert_eq!(answer.status, 200, "another tenant has its own");
    assert_eq!(header(&answer, "ratelimit"), "\"tenant\";r=29;t=60");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_does_not_use_up_anothers_share() {
    let server = TestServer::limited("tenant=5,app=2").await;
    let (first, second) = (
        server.reader(server.tenant).await,
        server.reader(server.tenant).await,
    );
    for (token, status, left) in [
        (&first, 200, "\"tenant\";r=4;t=60, \"app\";r=1;t=60"),
        (&first, 200, "\"tenant\";r=3;t=60, \"app\";r=0;t=60"),
        (&first, 429, "\"tenant\";r=3;t=60, \"app\";r=0;t=60"),
        (&second, 200, "\"tenant\";r=2;t=60, \"app\";r=1;t=60"),
    ] {
        let answer = server.list(token).await;
        assert_eq!(answer.status, status);
        assert_eq!(header(&answer, "ratelimit"), left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_api_or_not_let_in_does_not_count() {
    let server = TestServer::limited("tenant=1").await;
    let client = server.client(server.tenant, &[]).await;
    let forbidden = server.token(&client, |_| {});
    let role = CasbahRole::AuditRead;
    let auditor = server.casbah_client(server.tenant, role).await;
    let auditor = server.casbah_token(&auditor, role);
    for _ in 0..3 {
        assert_eq!(server.list("no token").await.status, 401);
        assert_eq!(server.list(&forbidden).await.status, 403);
        let audit = server.call("GET", "/casbah/v1/audit", Some(&auditor), "");
        assert_eq!(audit.await.status, 200);
        let keys = server.call("GET", "/common/discovery/keys", None, "");
        assert_eq!(keys.await.status, 200);
    }
    let token = server.reader(server.tenant).await;
    assert_eq!(server.list(&token).await.status, 200);
    assert_eq!(server.list(&token).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_limits_nothing_is_counted_or_said() {
    let server = TestServer::start().await;
    let token = server.reader(server.tenant).await;
    for _ in 0..40 {
        let answer = server.list(&token).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("ratelimit"));
    }
}
