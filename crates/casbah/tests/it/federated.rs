//! A pipeline acts with its issuer's token: the real server, the real client, and an issuer
//! on this machine.

use std::path::Path;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::routing::get;
use axum::{Json, Router};
use casbah_model::time::Timestamp;
use casbah_testing::TlsServer;
use casbah_token::{
    AccessToken, Client, ClientAuth, Life, SigningKey, Subject, TokenVersion, decode_unverified,
};
use serde_json::{Value, json};

use crate::support::{Demo, Serving, casbah, err, out};

const SUBJECT: &str = "repo:contoso/siem:ref:refs/heads/main";

/// An issuer of tokens.
struct Issuer {
    server: TlsServer,
    url: String,
    key: SigningKey,
}

impl Issuer {
    fn start() -> Self {
        let key = SigningKey::generate(Timestamp::now().seconds()).unwrap();
        let keys = json!({"keys": [key.jwk()]});
        let metadata = async |headers: HeaderMap| {
            let url = format!("https://{}", headers[HOST].to_str().unwrap());
            Json(json!({"issuer": url, "jwks_uri": format!("{url}/keys")}))
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(move || async move { Json(keys) }));
        let server = TlsServer::start(router).unwrap();
        let url = server.origin("localhost");
        Self { server, url, key }
    }

    /// What `app federated` takes for the demonstration's application to trust it.
    fn add_to<'a>(&'a self, demo: &'a Demo) -> [&'a str; 8] {
        let (name, issuer, subject) = ("--name", "--issuer", "--subject");
        [
            "add", &demo.app, name, "main", issuer, &self.url, subject, SUBJECT,
        ]
    }

    fn token(&self, subject: &str) -> String {
        let token = AccessToken {
            version: TokenVersion::V2,
            audience: "api://AzureADTokenExchange".to_owned(),
            issuer: self.url.clone(),
            tenant: String::new(),
            client: Client {
                id: String::new(),
                auth: ClientAuth::Public,
            },
            subject: Subject::App {
                object_id: subject.to_owned(),
            },
            roles: Vec::new(),
            life: Life::starting(Timestamp::now().seconds(), 600),
            token_id: Timestamp::now().millis().to_string(),
        };
        self.key.sign_access(&token).unwrap()
    }
}

/// `casbah token get` with the token in a file: what it printed, or said.
fn token_get(demo: &Demo, file: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = casbah(&["token", "get"])
        .args(arguments)
        .args(["--url", &demo.url, "--tenant", &demo.tenant])
        .args(["--client-id", &demo.app, "--ca"])
        .arg(&demo.ca)
        .arg("--federated-token-file")
        .arg(file)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(out(&output).trim().to_owned())
    } else {
        Err(err(&output))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_acts_with_its_issuers_token() {
    let directory = tempfile::tempdir().unwrap();
    let issuer = Issuer::start();
    let serving = Serving::start(issuer.server.ca(), &["localhost"]);
    let demo = Demo::play(&["--start-file", serving.start_file()]);
    let file = directory.path().join("token");
    let refused = |code: &str| {
        let told = token_get(&demo, &file, &[]).unwrap_err();
        assert!(told.contains(code), "{told}");
    };
    refused("cannot read");
    std::fs::write(&file, issuer.token(SUBJECT)).unwrap();
    refused("AADSTS70025");

    let federated = |arguments: &[&str]| {
        let command = [&["app", "federated"], arguments, &["-o", "ndjson"]].concat();
        let output = demo.casbah(&command);
        (output.status.code(), out(&output), err(&output))
    };
    let add = issuer.add_to(&demo);
    let (code, added, told) = federated(&add);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("--federated-token-file"), "{told}");
    let added: Value = serde_json::from_str(&added).unwrap();
    assert_eq!(added["audiences"], json!(["api://AzureADTokenExchange"]));
    let (_, listed, _) = federated(&["list", &demo.app]);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap(), added);
    let (code, _, told) = federated(&add);
    assert_eq!(code, Some(1), "{told}");

    for endpoint in ["v1", "v2"] {
        let token = token_get(&demo, &file, &["--endpoint", endpoint]).unwrap();
        let claims = decode_unverified(&token).unwrap().claims;
        assert_eq!(claims["appid"], demo.app.as_str(), "{claims:?}");
        assert_eq!(claims["appidacr"], "2", "{claims:?}");
    }
    let listed = demo.casbah(&["audit", "list", "--action", "token.", "-o", "json"]);
    let listed: Value = serde_json::from_str(&out(&listed)).unwrap();
    let used = format!(
        "client_credentials with federated credential main {}",
        added["id"].as_str().unwrap()
    );
    let mut listed = listed.as_array().unwrap().iter();
    assert!(
        listed.any(|record| record["detail"] == used.as_str()),
        "{used}"
    );

    // The file is another one by now.
    std::fs::write(&file, issuer.token("repo:contoso/other")).unwrap();
    refused("AADSTS700213");
    std::fs::write(&file, format!("{}\n", issuer.token(SUBJECT))).unwrap();
    token_get(&demo, &file, &[]).unwrap();

    let update = ["app", "update", &demo.app, "--single-use-assertions", "on"];
    let updated = demo.casbah(&update);
    assert!(updated.status.success(), "{}", err(&updated));
    std::fs::write(&file, issuer.token(SUBJECT)).unwrap();
    token_get(&demo, &file, &[]).unwrap();
    refused("AADSTS700024");

    let (code, _, told) = federated(&["remove", &demo.app, "main"]);
    assert_eq!(code, Some(0), "{told}");
    let (code, _, told) = federated(&["remove", &demo.app, "main"]);
    assert_eq!(code, Some(1), "{told}");
    refused("AADSTS70025");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_in_a_private_network_must_be_allowed_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let issuer = Issuer::start();
    let serving = Serving::start(issuer.server.ca(), &[]);
    let demo = Demo::play(&["--start-file", serving.start_file()]);
    let added = demo.casbah(&[&["app", "federated"], &issuer.add_to(&demo)[..]].concat());
    assert!(added.status.success(), "{}", err(&added));
    let file = directory.path().join("token");
    std::fs::write(&file, issuer.token(SUBJECT)).unwrap();
    let told = token_get(&demo, &file, &[]).unwrap_err();
    assert!(told.contains("AADSTS90061"), "{told}");
}
