//! Attacks by way of federated credentials: on the server's place in the network, by issuers
//! that misbehave, and with keys that are not the issuer's.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use casbah_connect::Egress;
use casbah_identity::proof::ForeignIssuer;
use casbah_model::time::Timestamp;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::Directory;
use super::federated::{code, reaching, trusting};
use super::issuer::{Document, IssuerKey, KEYS, METADATA, TestIssuer, header};
use crate::testing::TestServer;

/// The issuer's keys could not be read.
const NO_KEYS: Option<u64> = Some(90_061);
/// No key of the issuer signed.
const NOT_SIGNED: Option<u64> = Some(700_027);

async fn directory(egress: Egress) -> Directory {
    Directory::on(TestServer::start_with(egress).await).await
}

#[tokio::test]
async fn no_issuer_leads_into_a_private_network() {
    let issuer = TestIssuer::start();
    // Its certificate is trusted: nothing but the address stands against it.
    let directory = directory(issuer.egress(&["elsewhere.example"])).await;
    for host in [
        "localhost",
        "LocalHost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.100.100.200",
    ] {
        let name = issuer.url(host);
        issuer.serve_as(&name);
        let one = trusting(&directory, &name).await;
        let began = Instant::now();
        let assertion = issuer.token(&json!({ "iss": name }));
        assert_eq!(code(&directory, &one, &assertion).await, NO_KEYS, "{host}");
        assert!(issuer.calls().is_empty(), "{host}");
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{host} was called"
        );
    }
}

#[tokio::test]
async fn only_an_issuer_whose_address_is_https_is_asked() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let http = issuer.url("localhost").replace("https", "http");
    for name in [
        http.as_str(),
        &issuer.url("user@localhost"),
        "file:///etc/passwd#",
        "gopher://localhost/",
    ] {
        issuer.serve_as(name);
        let one = trusting(&directory, name).await;
        let assertion = issuer.token(&json!({ "iss": name }));
        assert_eq!(code(&directory, &one, &assertion).await, NO_KEYS, "{name}");
        assert!(issuer.calls().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn no_answer_of_an_issuer_leads_elsewhere() {
    let issuer = TestIssuer::start();
    let name = issuer.url("localhost");
    let keys_at =
        |url: String| Document::Text(json!({"issuer": name, "jwks_uri": url}).to_string());
    let good = keys_at(issuer.url("localhost") + KEYS);
    let private = issuer.url("127.0.0.1") + KEYS;
    let redirect = |to: &str| Document::Redirect(to.to_owned());
    for (what, metadata, keys, asked) in [
        ("metadata redirected", redirect("/moved"), None, 1),
        (
            "metadata redirected away",
            redirect(&issuer.url("127.0.0.1")),
            None,
            1,
        ),
        ("keys redirected", good.clone(), Some(redirect("/moved")), 2),
        (
            "keys redirected away",
            good.clone(),
            Some(redirect(&private)),
            2,
        ),
        ("keys at a private address", keys_at(private), None, 1),
        (
            "keys at the metadata service",
            keys_at("https://169.254.169.254/".into()),
            None,
            1,
        ),
        (
            "keys by http",
            keys_at(name.replace("https", "http") + KEYS),
            None,
            1,
        ),
        (
            "keys in a file",
            keys_at("file:///etc/passwd".into()),
            None,
            1,
        ),
        ("keys nowhere", keys_at(String::new()), None, 1),
    ] {
        // A server of its own, which has not asked yet.
        let directory = reaching(&issuer).await;
        let one = trusting(&directory, &name).await;
        issuer.serve_as(&name);
        let documents = issuer.url("localhost");
        issuer.serve("/moved", Document::Text(
            json!({"issuer": name, "jwks_uri": documents + KEYS, "keys": [issuer.key.jwk("one")]})
                .to_string(),
        ));
        issuer.serve(METADATA, metadata);
        if let Some(keys) = keys {
            issuer.serve(KEYS, keys);
        }
        let assertion = issuer.token(&json!({}));
        assert_eq!(code(&directory, &one, &assertion).await, NO_KEYS, "{what}");
        assert_eq!(issuer.calls().len(), asked, "{what}");
    }
}

#[tokio::test]
async fn an_issuer_that_misbehaves_costs_little() {
    let issuer = TestIssuer::start();
    let name = issuer.url("localhost");
    let text = |text: &str| Document::Text(text.to_owned());
    let padded = |document: &Value| Document::Text(document.to_string() + &" ".repeat(1 << 20));
    let metadata = json!({"issuer": name, "jwks_uri": issuer.url("localhost") + KEYS});
    let keys = json!({"keys": [issuer.key.jwk("one")]});
    let nested = "[".repeat(100_000);
    for (what, path, document, expected) in [
        ("huge metadata", METADATA, padded(&metadata), NO_KEYS),
        ("huge keys", KEYS, padded(&keys), NO_KEYS),
        ("slow metadata", METADATA, Document::Slow, NO_KEYS),
        ("no metadata", METADATA, Document::Status(404), NO_KEYS),
        ("failing", KEYS, Document::Status(500), NO_KEYS),
        ("partial", KEYS, Document::Status(206), NO_KEYS),
        ("html", METADATA, text("<html>"), NO_KEYS),
        ("empty", METADATA, text(""), NO_KEYS),
        ("nested", KEYS, text(&nested), NO_KEYS),
        ("a list", KEYS, text("[]"), NO_KEYS),
        (
            "no issuer",
            METADATA,
            text(&json!({"jwks_uri": name}).to_string()),
            NO_KEYS,
        ),
        (
            "another issuer",
            METADATA,
            text(
                &json!({"issuer": name.clone() + "/", "jwks_uri": name.clone() + KEYS}).to_string(),
            ),
            NO_KEYS,
        ),
        ("no keys", KEYS, text(r#"{"keys":[]}"#), NOT_SIGNED),
        (
            "keys of no use",
            KEYS,
            text(r#"{"keys":[7,null,{"kid":"one","kty":"RSA"}]}"#),
            NOT_SIGNED,
        ),
    ] {
        let directory = reaching(&issuer).await;
        let one = trusting(&directory, &name).await;
        issuer.serve_as(&name);
        issuer.serve(path, document);
        let began = Instant::now();
        let assertion = issuer.token(&json!({}));
        assert_eq!(code(&directory, &one, &assertion).await, expected, "{what}");
        assert!(began.elapsed() < Duration::from_secs(8), "{what}");
        // Asking again is not calling again.
        issuer.calls();
        assert_eq!(code(&directory, &one, &assertion).await, expected, "{what}");
        assert!(issuer.calls().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn names_of_keys_that_nobody_has_make_no_flood_of_calls() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let name = issuer.url("localhost");
    let one = trusting(&directory, &name).await;
    for number in 0..20 {
        let kid = format!("unknown-{number}");
        let assertion = issuer.key.sign(&header(&kid), &issuer.claims());
        assert_eq!(code(&directory, &one, &assertion).await, NOT_SIGNED);
    }
    assert_eq!(issuer.calls(), [METADATA, KEYS]);
    assert_eq!(
        code(&directory, &one, &issuer.token(&json!({}))).await,
        None
    );

    // A new key is heard of once the server may ask again.
    let issuers = &directory.server.app.issuers;
    let (new, now) = (IssuerKey::new(), Timestamp::now());
    issuer.serve_keys(&[new.jwk("two")]);
    let wanted = || ForeignIssuer {
        issuer: name.clone(),
        key_id: "two".to_owned(),
    };
    let keys = issuers.keys(wanted(), now).await.unwrap();
    assert!(!keys.contains("two"));
    let keys = issuers
        .keys(wanted(), now.plus_millis(31_000))
        .await
        .unwrap();
    assert!(keys.contains("two") && !keys.contains("one"));
    assert_eq!(issuer.calls(), [METADATA, KEYS]);
    let old = code(&directory, &one, &issuer.token(&json!({}))).await;
    assert_eq!(old, NOT_SIGNED, "a key that was taken back");
    let assertion = new.sign(&header("two"), &issuer.claims());
    assert_eq!(code(&directory, &one, &assertion).await, None);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_cut_the_call_off() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let wanted = || ForeignIssuer {
        issuer: issuer.url("localhost"),
        key_id: "one".to_owned(),
    };
    let (issuers, now) = (&directory.server.app.issuers, Timestamp::now());
    let dropped = issuers.keys(wanted(), now).now_or_never();
    assert!(dropped.is_none());
    assert!(issuers.keys(wanted(), now).await.is_some());
    assert_eq!(issuer.calls(), [METADATA, KEYS], "one call for both");
}

#[tokio::test]
async fn tokens_that_would_not_do_anyway_make_no_call() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let name = issuer.url("localhost");
    let one = trusting(&directory, &name).await;
    for changes in [
        json!({"sub": "someone"}),
        json!({"aud": "someone"}),
        json!({"exp": 1}),
        json!({"iss": issuer.url("127.0.0.1")}),
    ] {
        assert!(
            code(&directory, &one, &issuer.token(&changes))
                .await
                .is_some()
        );
    }
    let stranger = directory.register(|_| {}).await;
    assert!(
        code(&directory, &stranger, &issuer.token(&json!({})))
            .await
            .is_some()
    );
    let mut principal = one.principal.clone();
    principal.enabled = false;
    let store = &directory.server.app.store;
    let changed: Result<_, ()> = store
        .change_service_principal(
            principal.tenant,
            principal.id,
            crate::testing::audit_record(),
            move |_| Ok(principal.clone()),
        )
        .await
        .unwrap();
    changed.unwrap();
    let disabled = code(&directory, &one, &issuer.token(&json!({}))).await;
    assert_eq!(disabled, Some(7_000_112));
    assert!(issuer.calls().is_empty());
}

#[tokio::test]
async fn no_key_but_the_issuers_own_counts() {
    let (issuer, other) = (TestIssuer::start(), TestIssuer::start());
    let mut egress = issuer.egress(&["localhost"]);
    egress.ca_files.extend(other.egress(&[]).ca_files);
    let directory = directory(egress).await;
    let one = trusting(&directory, &issuer.url("localhost")).await;
    let two = trusting(&directory, &other.url("localhost")).await;
    assert_eq!(
        code(&directory, &one, &issuer.token(&json!({}))).await,
        None
    );
    assert_eq!(code(&directory, &two, &other.token(&json!({}))).await, None);
    // Both name their key alike; each speaks for itself only.
    let forged = other.token(&json!({"iss": issuer.url("localhost")}));
    assert_eq!(code(&directory, &one, &forged).await, NOT_SIGNED);
    assert_eq!(
        code(&directory, &one, &other.token(&json!({}))).await,
        Some(700_211)
    );
    let (_, mut calls) = (issuer.calls(), other.calls());

    let own = other.key.jwk("one");
    let certificate = own["x5c"].clone();
    let evil = other.url("localhost") + KEYS;
    for (name, value) in [
        ("jku", json!(evil)),
        ("x5u", json!(evil)),
        ("jwk", own),
        ("x5c", certificate),
        ("kid", json!(evil)),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("one' OR '1'='1")),
        ("kid", json!(["one"])),
        ("kid", json!(null)),
    ] {
        let mut header = header("one");
        header[name] = value.clone();
        let assertion = other.key.sign(&header, &issuer.claims());
        assert_eq!(
            code(&directory, &one, &assertion).await,
            NOT_SIGNED,
            "{name} {value}"
        );
    }
    calls.clear();
    assert_eq!(other.calls(), calls, "nobody was sent there");
}

#[tokio::test]
async fn an_algorithm_that_needs_no_private_key_is_refused() {
    let issuer = TestIssuer::start();
    let directory = reaching(&issuer).await;
    let one = trusting(&directory, &issuer.url("localhost")).await;
    let claims = URL_SAFE_NO_PAD.encode(issuer.claims().to_string());
    let signed = |alg: &str| {
        let header = json!({"alg": alg, "typ": "JWT", "kid": "one"});
        format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    for alg in ["none", "None", "NONE", ""] {
        let assertion = signed(alg) + ".";
        assert!(code(&directory, &one, &assertion).await.is_some(), "{alg}");
        let assertion = signed(alg) + ".AA";
        assert_eq!(
            code(&directory, &one, &assertion).await,
            NOT_SIGNED,
            "{alg}"
        );
    }
    let jwk = issuer.key.jwk("one");
    let der = STANDARD.decode(jwk["x5c"][0].as_str().unwrap()).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [der, modulus, jwk.to_string().into_bytes()] {
        let signed = signed("HS256");
        let key = jsonwebtoken::EncodingKey::from_secret(&secret);
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, algorithm).unwrap();
        let assertion = format!("{signed}.{signature}");
        assert_eq!(code(&directory, &one, &assertion).await, NOT_SIGNED);
    }
    // The signature is good, and made by what the header does not say.
    for alg in ["RS384", "RS512", "PS256", "ES256", "rs256"] {
        let mut header = header("one");
        header["alg"] = alg.into();
        let assertion = issuer.key.sign(&header, &issuer.claims());
        assert_eq!(
            code(&directory, &one, &assertion).await,
            NOT_SIGNED,
            "{alg}"
        );
    }
    let mut critical = header("one");
    critical["crit"] = json!(["exp"]);
    let assertion = issuer.key.sign(&critical, &issuer.claims());
    assert_eq!(code(&directory, &one, &assertion).await, NOT_SIGNED);
}
