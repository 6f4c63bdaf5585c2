//! Companies' providers by the command line: the real server, the real client, and a provider
//! on this machine.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::routing::get;
use axum::{Json, Router};
use casbah_model::time::Timestamp;
use casbah_testing::TlsServer;
use casbah_token::SigningKey;
use serde_json::{Value, json};

use crate::support::{Demo, Serving, err, out};

fn provider() -> TlsServer {
    let key = SigningKey::generate(Timestamp::now().seconds()).unwrap();
    let keys = json!({"keys": [key.jwk()]});
    let metadata = async |headers: HeaderMap| {
        let url = format!("https://{}", headers[HOST].to_str().unwrap());
        Json(json!({
            "issuer": url, "jwks_uri": format!("{url}/keys"),
            "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"),
        }))
    };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/keys", get(move || async move { Json(keys) }));
    TlsServer::start(router).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_added_tested_changed_and_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let provider = provider();
    let serving = Serving::start(provider.ca(), &["localhost"]);
    let demo = Demo::play(&["--start-file", serving.start_file()]);
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "not for the screen\n").unwrap();
    let secret = secret.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let command = [&["identity-provider"], arguments, &["-o", "ndjson"]].concat();
        let output = demo.casbah(&command);
        let (printed, told) = (out(&output), err(&output));
        assert!(
            !printed.contains("screen") && !told.contains("screen"),
            "{printed} {told}"
        );
        (output.status.code(), printed, told)
    };
    let issuer = provider.origin("localhost");
    let add = [
        "add",
        "Contoso ID",
        "--issuer",
        &issuer,
        "--client",
        "casbah",
    ];
    let (code, _, told) = run(&add);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("--client-secret-file"), "{told}");
    let add = [
        &add[..],
        &["--client-secret-file", secret, "--create-people", "on"],
    ]
    .concat();
    let (code, added, told) = run(&add);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("identity-provider test"), "{told}");
    let added: Value = serde_json::from_str(&added).unwrap();
    let id = added["id"].as_str().unwrap();
    assert_eq!(added["isUserCreationEnabled"], true);
    let (_, listed, _) = run(&["list"]);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap(), added);

    let (code, tested, told) = run(&["test", id]);
    assert_eq!(code, Some(0), "{told}");
    let tested: Value = serde_json::from_str(&tested).unwrap();
    assert_eq!(tested["tokenEndpoint"], format!("{issuer}/token"));

    let wrong = [
        &add[..2],
        &["--issuer", "https://127.0.0.1:9/", "--client", "x"],
    ]
    .concat();
    let wrong = [
        &wrong[..1],
        &["Other"],
        &wrong[2..],
        &["--client-secret-file", secret],
    ]
    .concat();
    let (_, other, told) = run(&wrong);
    let other: Value = serde_json::from_str(&other).unwrap_or_else(|_| panic!("{told}"));
    let other = other["id"].as_str().unwrap();
    let (code, tested, told) = run(&["test", other]);
    assert_eq!(code, Some(1), "{told}");
    assert!(tested.contains("public network"), "{tested}");

    let changes = ["--name", "Contoso", "--claim", "upn", "--enabled", "off"];
    let (code, _, told) = run(&[&["update", id], &changes[..]].concat());
    assert_eq!(code, Some(0), "{told}");
    let (_, listed, _) = run(&["list"]);
    let listed: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!(listed["displayName"], "Contoso");
    assert_eq!(listed["claimsMapping"]["email"], "upn");
    assert_eq!(listed["isEnabled"], false);
    assert_eq!(listed["isUserCreationEnabled"], true, "as it was");

    let (code, links, _) = run(&["links", id]);
    assert_eq!((code, links.as_str()), (Some(0), ""));
    assert_eq!(run(&["unlink", id, other]).0, Some(1));
    assert_eq!(run(&["delete", id]).0, Some(2), "nobody was asked");
    assert_eq!(run(&["delete", id, "--yes"]).0, Some(0));
    assert_eq!(run(&["delete", id, "--yes"]).0, Some(1));
}
