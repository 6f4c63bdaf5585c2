//! Certificates of applications: registered through the directory, proven at the token
//! endpoints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::time::Timestamp;
use casbah_token::{ClientKey, SigningKey};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::browser::Page;
use super::graph::admin;
use super::{Directory, Registered};

const RESOURCE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

/// A key with its certificate, and the certificate as Graph takes it.
pub(super) fn certificate() -> (ClientKey, String) {
    let key = SigningKey::generate(Timestamp::now().seconds() - 60).unwrap();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let file =
        pem("PRIVATE KEY", &key.to_pkcs8().unwrap()) + &pem("CERTIFICATE", key.certificate_der());
    let own = ClientKey::from_pem(file.as_bytes()).unwrap();
    (own, STANDARD.encode(key.certificate_der()))
}

/// Asks for a token with an assertion.
pub(super) async fn ask(
    directory: &Directory,
    one: &Registered,
    path: &str,
    assertion: &str,
) -> Page {
    let client = one.application.app_id.to_string();
    let scope = format!("{RESOURCE}/.default");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client.as_str()),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
        ("scope", scope.as_str()),
        ("resource", RESOURCE),
    ];
    directory.browser().post(path, &fields).await
}

/// Status and number of a refusal.
fn refused(page: &Page) -> (u16, Option<u64>) {
    let (status, _, code) = page.code();
    (status, code)
}

#[tokio::test]
async fn a_registered_certificate_is_a_proof_until_it_is_removed() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let admin = admin(&directory).await;
    let (key, text) = certificate();
    let object = format!("/v1.0/applications/{}", one.application.id);
    let client = one.application.app_id.to_string();
    let tenant = directory.tenant;
    let audience = format!("https://localhost:8443/{tenant}/oauth2/v2.0/token");
    let now = Timestamp::now().seconds();
    let assertion = key.assertion(&client, &audience, now).unwrap();
    let newer = format!("/{tenant}/oauth2/v2.0/token");
    let older = format!("/{tenant}/oauth2/token");

    let before = ask(&directory, &one, &newer, &assertion).await;
    assert_eq!(refused(&before), (401, Some(700_027)));

    let body = json!({"keyCredential": {"key": text, "type": "AsymmetricX509Cert",
        "usage": "Verify", "displayName": "SIEM"}, "proof": null, "passwordCredential": null});
    let added = admin.post(&format!("{object}/addKey"), body).await;
    assert_eq!(added.status, 200, "{}", added.text);
    let added = added.json();
    assert_json_snapshot!("key_credential", added, {
        ".keyId" => "[id]", ".startDateTime" => "[time]", ".endDateTime" => "[time]",
        ".customKeyIdentifier" => "[thumbprint]",
    });
    for path in [&newer, &newer, &older] {
        let page = ask(&directory, &one, path, &assertion).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let token = page.json()["access_token"].as_str().unwrap().to_owned();
        let claims = casbah_token::decode_unverified(&token).unwrap();
        assert_eq!(claims.claims["appidacr"], "2");
    }

    let all = admin.get(&object).await;
    assert_eq!(all["keyCredentials"][0]["key"], Value::Null);
    let keys = admin.get(&format!("{object}?$select=keyCredentials")).await;
    assert_eq!(keys["keyCredentials"][0]["key"], text);

    let removal = json!({"keyId": added["keyId"], "proof": "x"});
    let removed = admin.post(&format!("{object}/removeKey"), removal).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    let after = ask(&directory, &one, &newer, &assertion).await;
    assert_eq!(refused(&after), (401, Some(700_027)));
}

#[tokio::test]
async fn a_patch_keeps_what_it_names_and_drops_what_it_leaves_out() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let admin = admin(&directory).await;
    let object = format!("/v1.0/applications/{}", one.application.id);
    let entry = |text: &str| json!({"key": text, "type": "AsymmetricX509Cert", "usage": "Verify"});
    let patch = async |keys: Value| {
        admin
            .call("PATCH", &object, json!({"keyCredentials": keys}))
            .await
    };
    let ids = async || {
        let object = admin.get(&object).await;
        let all = object["keyCredentials"].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["keyId"].clone())
            .collect::<Vec<_>>()
    };
    let (first, second) = (certificate().1, certificate().1);
    assert_eq!(patch(json!([entry(&first)])).await.status, 204);
    let kept = ids().await[0].clone();
    assert_eq!(
        patch(json!([{"keyId": kept, "key": null}, entry(&second)]))
            .await
            .status,
        204
    );
    assert_eq!(ids().await.len(), 2);
    assert_eq!(ids().await[0], kept);

    for bad in [
        json!([entry("MA==")]),
        json!([{"keyId": "00000000-0000-0000-0000-000000000001"}]),
        json!([{"key": first, "usage": "Sign"}]),
        json!([{"key": first, "endDateTime": "2199-01-01T00:00:00Z"}]),
        json!([{"key": first, "endDateTime": "soon"}]),
        json!([{"keyId": kept, "key": null}, {"keyId": kept, "key": null}]),
    ] {
        let page = patch(bad.clone()).await;
        assert_eq!(page.status, 400, "{bad}: {}", page.text);
        assert_eq!(ids().await.len(), 2, "{bad}");
    }
    assert_eq!(patch(json!([])).await.status, 204);
    assert!(ids().await.is_empty());
}

#[tokio::test]
async fn an_assertion_for_another_tenant_or_of_another_is_refused() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let admin = admin(&directory).await;
    let (key, text) = certificate();
    let object = format!("/v1.0/applications/{}", one.application.id);
    let body = json!({"keyCredentials": [{"key": text}]});
    assert_eq!(admin.call("PATCH", &object, body).await.status, 204);
    let (client, now) = (
        one.application.app_id.to_string(),
        Timestamp::now().seconds(),
    );
    let here = format!("/{}/oauth2/v2.0/token", directory.tenant);
    let right = format!("https://localhost:8443{here}");
    let other = format!("https://localhost:8443/{}/v2.0", directory.server.tenant);
    let stranger = certificate().0;
    for (what, assertion, expected) in [
        (
            "another tenant",
            key.assertion(&client, &other, now),
            700_027,
        ),
        (
            "another client",
            key.assertion("someone", &right, now),
            700_021,
        ),
        (
            "another key",
            stranger.assertion(&client, &right, now),
            700_027,
        ),
        (
            "ended",
            key.assertion(&client, &right, now - 1_000),
            700_024,
        ),
        (
            "not begun",
            key.assertion(&client, &right, now + 1_000),
            700_024,
        ),
        (
            "too long",
            key.assertion(&client, &right, now + 90_000),
            700_024,
        ),
        (
            "another issuer",
            key.assertion("https://id.example", &right, now),
            70_025,
        ),
    ] {
        let page = ask(&directory, &one, &here, &assertion.unwrap()).await;
        assert_eq!(refused(&page), (401, Some(expected)), "{what}");
    }
}
