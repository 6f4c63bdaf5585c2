//! What an auditor reads: the audit, the use of permissions, credentials.

use casbah_identity::secret::{SecretOptions, new_client_secret};
use casbah_model::identity::{Application, FederatedCredential, KeyCredential};
use casbah_model::ids::KeyId;
use casbah_model::permission::{CasbahRole, Permission};
use casbah_model::time::Timestamp;
use serde_json::json;

use super::{TestServer, audit_record};

impl TestServer {
    /// The token of an application that was granted `Audit.Read`.
    async fn auditor(&self) -> String {
        let client = self.casbah_client(self.tenant, CasbahRole::AuditRead).await;
        self.casbah_token(&client, CasbahRole::AuditRead)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_filtered_paged_exported_and_verified() {
    let server = TestServer::start().await;
    let auditor = server.auditor().await;
    let get = async |path: &str| server.call("GET", path, Some(&auditor), "").await;
    for index in 0..5 {
        let mut record = casbah_store::AuditRecord::new("anna", "sign_in", &index);
        record.origin.source = "192.0.2.1".parse().ok();
        server.app.audit.keep(None, record).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/casbah/v1/audit?actor=anna&limit=2{after}");
        let page = get(&path).await.json();
        for record in page["data"].as_array().unwrap() {
            assert_eq!(record["source"], "192.0.2.1");
            assert_eq!(record["outcome"], "success");
            seen.push(record["target"].as_str().unwrap().to_owned());
        }
        assert_eq!(page["hasNext"], page["next"].is_string());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    seen.sort();
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    for bad in [
        "since=soon",
        "outcome=maybe",
        "after=x",
        "appId=x",
        "correlationId=x",
    ] {
        let answer = get(&format!("/casbah/v1/audit?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}");
    }

    let head = get("/casbah/v1/audit/head").await.json();
    let body = json!({"head": head}).to_string();
    let verify = async |body: String| {
        let path = "/casbah/v1/audit/verify";
        server.call("POST", path, Some(&auditor), body).await
    };
    assert_eq!(verify(body.clone()).await.json()["intact"], true);
    let sql = "DELETE FROM audit_link; DELETE FROM audit_record";
    server.database().execute_batch(sql).unwrap();
    let found = verify(body).await.json();
    assert_eq!(found["intact"], false);
    assert_eq!(found["findings"][0]["kind"], "tailRemoved");
    assert_eq!(
        verify(r#"{"head": {"form": "x"}}"#.to_owned()).await.status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_permissions_is_counted_and_what_is_not_needed_is_named() {
    let server = TestServer::start().await;
    let auditor = server.auditor().await;
    let client = server.client(server.tenant, &Permission::ALL).await;
    let token = server.token(&client, |_| {});
    for _ in 0..3 {
        let answer = server
            .call("GET", "/api/v1/alerts/", Some(&token), "")
            .await;
        assert_eq!(answer.status, 200);
    }
    let done = server
        .call("GET", "/api/v1/subnet/", Some(&token), "")
        .await;
    assert_eq!(done.status, 200);
    let path = format!("/casbah/v1/apps/{}/usage", client.application.app_id);
    let report = server.call("GET", &path, Some(&auditor), "").await.json();
    assert_eq!(
        report["keep"],
        json!(["discovery.read", "settings.read"]),
        "together they allow less than investigation.read"
    );
    let first = &report["permissions"][0];
    assert_eq!(first["permission"], "investigation.read");
    assert_eq!(
        (&first["count"], &first["onlyCount"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(first["actions"], json!(["alerts.read", "ip_ranges.read"]));
    assert_eq!(report["permissions"][4]["lastCall"], "GET /api/subnet");
    assert!(first["granted"].is_string() && first["lastUsed"].is_string());
    let all = server
        .call("GET", "/casbah/v1/apps/usage", Some(&auditor), "")
        .await
        .json();
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let refused = server.call("GET", &path, Some(&token), "").await;
    assert_eq!(refused.status, 401, "a token of another resource");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_credential_is_listed_by_its_end() {
    let server = TestServer::start().await;
    let auditor = server.auditor().await;
    let now = Timestamp::now();
    let mut application = Application::new(server.tenant, "Siem", now);
    application.key_credentials.push(KeyCredential {
        key_id: KeyId::random(),
        display_name: "CN=siem".to_owned(),
        start: now,
        end: now.minus_days(-20),
        custom_key_identifier: "thumbprint".to_owned(),
        certificate: "MIIC".to_owned(),
    });
    application.federated_credentials.push(FederatedCredential {
        id: KeyId::random(),
        name: "pipeline".to_owned(),
        issuer: "https://tokens.example".to_owned(),
        subject: "main".to_owned(),
        audience: "api://AzureADTokenExchange".to_owned(),
        description: None,
    });
    let id = application.id;
    server.save(&application).await;
    let client = server.present(application, server.tenant, &[]).await;
    for (holder, days) in [(id, 40), (client.principal.id, 10)] {
        let options = SecretOptions {
            end: Some(now.minus_days(-days)),
            ..SecretOptions::default()
        };
        let peppers = &server.app.peppers;
        let new = new_client_secret(peppers, server.tenant, holder, options, now).unwrap();
        let store = &server.app.store;
        let added = store.add_client_secret(new.stored, audit_record()).await;
        added.unwrap();
    }
    let list = async |query: &str| {
        let path = format!("/casbah/v1/credentials{query}");
        let answer = server.call("GET", &path, Some(&auditor), "").await;
        assert!(!answer.text.contains("hash") && !answer.text.contains("MIIC"));
        let answer = answer.json();
        let data = answer["data"].as_array().unwrap();
        let seen = data.iter().map(|one| {
            let days = one["daysLeft"].as_i64();
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            (text("kind"), text("holder"), days)
        });
        seen.collect::<Vec<_>>()
    };
    let row = |kind: &str, holder: &str, days| (kind.to_owned(), holder.to_owned(), days);
    let soon = vec![
        row("secret", "servicePrincipal", Some(9)),
        row("certificate", "application", Some(19)),
    ];
    assert_eq!(list("?expiringDays=30").await, soon);
    let later = vec![
        row("secret", "application", Some(39)),
        row("federated", "application", None),
    ];
    assert_eq!(list("").await, [soon, later].concat());
}
