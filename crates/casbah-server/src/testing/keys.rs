//! Signing keys are listed and rotated by the home tenant alone.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_identity::signing_keys::Rotation;
use casbah_model::ids::TenantId;
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_store::AuditRecord;
use casbah_token::Algorithm;
use serde_json::Value;

use crate::identity::keys::SigningKeys;

use super::{TestClient, TestServer};

const KEYS: &str = "/casbah/v1/keys";
const ROTATE: &str = "/casbah/v1/keys/rotate";

impl TestServer {
    /// An application that manages tenants.
    async fn manager(&self, tenant: TenantId) -> TestClient {
        self.casbah_client(tenant, CasbahRole::TenantManage).await
    }

    fn manager_token(&self, client: &TestClient) -> String {
        self.casbah_token(client, CasbahRole::TenantManage)
    }

    async fn states(&self, token: &str) -> Vec<String> {
        let answer = self.call("GET", KEYS, Some(token), "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        let states = answer["data"].as_array().unwrap().iter();
        states
            .map(|key| key["state"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn published(&self) -> Vec<Value> {
        let path = "/common/discovery/v2.0/keys";
        let answer = self.call("GET", path, None, "").await;
        answer.json()["keys"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_overlaps_and_breaks_nothing() {
    let server = TestServer::start().await;
    let client = server.manager(server.tenant).await;
    let token = server.manager_token(&client);
    assert_eq!(server.states(&token).await, ["signing"]);
    let made = server.call("POST", ROTATE, Some(&token), "").await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["state"], "published");
    assert_eq!(server.states(&token).await, ["published", "signing"]);
    let published = server.published().await;
    assert_eq!(published.len(), 2);
    assert_eq!(published[0]["kid"], made.json()["kid"]);
    for key in &published {
        assert_eq!(key["x5t"], key["kid"]);
        assert_eq!(key["x5c"].as_array().unwrap().len(), 1);
    }
    let later = server.manager_token(&client);
    assert_eq!(server.states(&later).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_key_ends_at_once_with_all_its_tokens() {
    let server = TestServer::start().await;
    let client = server.manager(server.tenant).await;
    let old = server.manager_token(&client);
    assert_eq!(server.states(&old).await, ["signing"]);
    let made = server
        .call("POST", ROTATE, Some(&old), r#"{"now": true}"#)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let refused = server.call("GET", KEYS, Some(&old), "").await;
    assert_eq!(refused.status, 401, "its key may be somebody else's");
    let published = server.published().await;
    assert_eq!(published.len(), 1);
    assert_eq!(published[0]["kid"], made.json()["kid"]);
    let new = server.manager_token(&client);
    assert_eq!(server.states(&new).await, ["signing"]);
    let audit = server.app.store.audit_records(server.tenant, 10).await;
    let audit = audit.unwrap();
    let kept = audit
        .iter()
        .find(|record| record.action == "signing_key.rotate_at_once");
    assert_eq!(kept.unwrap().target, made.json()["kid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_follows_when_it_reads_the_keys_again() {
    let server = TestServer::start().await;
    let client = server.manager(server.tenant).await;
    let (app, now) = (&server.app, Timestamp::now());
    let days = app.config.signing_days;
    let node = SigningKeys::load(&app.store, &app.vault, now, days);
    let node = node.await.unwrap();
    let old = server.manager_token(&client);
    assert_eq!(server.states(&old).await, ["signing"]);
    let present = app.keys.signer(now).unwrap();
    let rotated = app
        .keys
        .rotate(app, Rotation::Overlapping, None, |action, kid| {
            AuditRecord::new("anna", action, &kid)
        });
    let next = rotated.await.unwrap();
    node.refresh(app, now).await.unwrap();
    let published = node.published(now).keys;
    assert_eq!(published[0].kid, next.record.kid);
    assert_eq!(published[1].kid, present.kid());
    assert_eq!(node.signer(now).unwrap().kid(), present.kid());
    let in_two_days = now.plus_millis(2 * 86_400_000 + 1_000);
    assert_eq!(node.signer(in_two_days).unwrap().kid(), next.record.kid);
    let in_four_days = now.plus_millis(4 * 86_400_000);
    assert_eq!(node.published(in_four_days).keys.len(), 1);
    // Nothing has changed: the same parsed keys stay.
    let ring = node.ring();
    node.refresh(app, now).await.unwrap();
    assert!(Arc::ptr_eq(&ring, &node.ring()));

    // On another node the key ends, and with it the token that this one knows.
    let ended = node.rotate(app, Rotation::AtOnce, None, |action, kid| {
        AuditRecord::new("anna", action, &kid)
    });
    let fresh = ended.await.unwrap();
    app.keys.refresh(app, Timestamp::now()).await.unwrap();
    let refused = server.call("GET", KEYS, Some(&old), "").await;
    assert_eq!(refused.status, 401);
    assert_eq!(server.published().await[0]["kid"], fresh.record.kid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_takes_the_place_of_the_present_one_in_time_by_itself() {
    let server = TestServer::start().await;
    let (app, now) = (&server.app, Timestamp::now());
    let present = app.keys.signer(now).unwrap();
    let later = now.plus_millis(28 * 86_400_000 + 60_000);
    app.keys.refresh(app, later).await.unwrap();
    assert_eq!(app.keys.published(later).keys.len(), 2);
    assert_eq!(app.keys.signer(later).unwrap().kid(), present.kid());
    let after = later.plus_millis(2 * 86_400_000);
    assert_ne!(app.keys.signer(after).unwrap().kid(), present.kid());
    let audit = app.store.audit_records(server.tenant, 10).await.unwrap();
    let kept = audit
        .iter()
        .find(|record| record.action == "signing_key.create");
    assert_eq!(kept.unwrap().actor, "casbah");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_neither_sees_nor_rotates_keys() {
    let server = TestServer::start().await;
    let other = server.create_tenant("Other", "other.example").await;
    let client = server.manager(other.tenant.id).await;
    let token = server.manager_token(&client);
    for (method, path) in [("GET", KEYS), ("POST", ROTATE)] {
        let answer = server.call(method, path, Some(&token), "").await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(server.call(method, path, None, "").await.status, 401);
    }
    assert_eq!(server.published().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_signed_on_p256_where_that_was_chosen() {
    let server = TestServer::start().await;
    let client = server.manager(server.tenant).await;
    let old = server.manager_token(&client);
    let rotate = async |token: &str, body: &'static str| {
        let answer = server.call("POST", ROTATE, Some(token), body).await;
        (answer.status, answer.json()["algorithm"].clone())
    };
    let (status, _) = rotate(&old, r#"{"algorithm": "HS256"}"#).await;
    assert_eq!(status, 400);
    let made = rotate(&old, r#"{"algorithm": "ES256"}"#).await;
    assert_eq!(made, (201, "ES256".into()));
    // RSA signs still; the next key is known to readers already.
    let key = &server.published().await[0];
    assert_eq!((&key["kty"], &key["crv"]), (&"EC".into(), &"P-256".into()));
    for version in ["", "/v2.0"] {
        let path = format!("/common{version}/.well-known/openid-configuration");
        let metadata = server.call("GET", &path, None, "").await.json();
        let algorithms = &metadata["id_token_signing_alg_values_supported"];
        assert_eq!(*algorithms, serde_json::json!(["ES256", "RS256"]));
    }
    // What is not said stays: the choice outlives its key.
    let made = rotate(&old, r#"{"now": true}"#).await;
    assert_eq!(made, (201, "ES256".into()));
    let token = server.manager_token(&client);
    let header = casbah_token::decode_unverified(&token).unwrap().header;
    assert_eq!(header["alg"], "ES256");
    assert_eq!(server.states(&token).await, ["signing"]);
    let (app, now) = (&server.app, Timestamp::now());
    let later = now.plus_millis(29 * 86_400_000);
    app.keys.refresh(app, later).await.unwrap();
    let algorithms: Vec<_> = app.keys.known().iter().map(|key| key.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Es256; 2]);

    // Called RS256 it is not believed, though the key that it names signed it.
    let claims = token.split('.').nth(1).unwrap();
    let mut header = header;
    header["alg"] = "RS256".into();
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap());
    let signature = token.rsplit('.').next().unwrap();
    let confused = format!("{header}.{claims}.{signature}");
    let refused = server.call("GET", KEYS, Some(&confused), "").await;
    assert_eq!(refused.status, 401);
}
