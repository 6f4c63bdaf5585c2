//! Another issuer on this machine, over TLS: good, or as bad as a test wants it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_connect::Egress;
use casbah_model::time::Timestamp;
use casbah_testing::TlsServer;
use casbah_token::SigningKey;
use rcgen::{KeyPair, PKCS_RSA_SHA256, SigningKey as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

pub(super) const METADATA: &str = "/.well-known/openid-configuration";
pub(super) const KEYS: &str = "/keys";
pub(super) const SUBJECT: &str = "repo:contoso/siem:ref:refs/heads/main";
pub(super) const AUDIENCE: &str = "api://AzureADTokenExchange";

/// What a path answers.
#[derive(Debug, Clone)]
pub(super) enum Document {
    Text(String),
    Status(u16),
    Redirect(String),
    /// A byte now and then, for ever.
    Slow,
}

/// What is served, and how often each path was asked for.
#[derive(Default)]
struct Served {
    documents: BTreeMap<String, Document>,
    calls: Vec<String>,
}

/// An issuer.
pub(super) struct TestIssuer {
    server: TlsServer,
    served: Arc<Mutex<Served>>,
    pub(super) key: IssuerKey,
}

/// A key of an issuer.
pub(super) struct IssuerKey {
    key: SigningKey,
    pair: KeyPair,
}

impl IssuerKey {
    pub(super) fn new() -> Self {
        let key = SigningKey::generate(Timestamp::now().seconds()).unwrap();
        let pkcs8 = PrivatePkcs8KeyDer::from(key.to_pkcs8().unwrap().to_vec());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256).unwrap();
        Self { key, pair }
    }

    /// The public half, under this name.
    pub(super) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = serde_json::to_value(self.key.jwk()).unwrap();
        jwk["kid"] = kid.into();
        jwk
    }

    /// A token with this header and these claims, signed by RS256 whatever it says.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl TestIssuer {
    /// An issuer that answers as it should.
    pub(super) fn start() -> Self {
        let served = Arc::<Mutex<Served>>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&served));
        let issuer = Self {
            server: TlsServer::start(router).unwrap(),
            served,
            key: IssuerKey::new(),
        };
        issuer.serve_as(&issuer.url("localhost"));
        issuer
    }

    /// Its address by one of the names of this machine.
    pub(super) fn url(&self, host: &str) -> String {
        self.server.origin(host)
    }

    /// What a server may call that is to reach it by these names.
    pub(super) fn egress(&self, allow: &[&str]) -> Egress {
        Egress {
            allow: allow.iter().map(|host| host.parse().unwrap()).collect(),
            ca_files: vec![self.server.ca().to_owned()],
        }
    }

    /// Metadata and keys of an issuer of this name.
    pub(super) fn serve_as(&self, issuer: &str) {
        let keys_at = format!("{}{KEYS}", self.url("localhost"));
        self.serve_metadata(&json!({"issuer": issuer, "jwks_uri": keys_at}));
        self.serve_keys(&[self.key.jwk("one")]);
    }

    pub(super) fn serve_metadata(&self, metadata: &Value) {
        self.serve(METADATA, Document::Text(metadata.to_string()));
    }

    pub(super) fn serve_keys(&self, keys: &[Value]) {
        self.serve(KEYS, Document::Text(json!({ "keys": keys }).to_string()));
    }

    pub(super) fn serve(&self, path: &str, document: Document) {
        let mut served = self.served.lock().unwrap();
        served.documents.insert(path.to_owned(), document);
    }

    /// The paths that were asked for since the last time, in their order.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.served.lock().unwrap().calls)
    }

    /// Claims that prove the application that trusts this issuer.
    pub(super) fn claims(&self) -> Value {
        let now = Timestamp::now().seconds();
        json!({"iss": self.url("localhost"), "sub": SUBJECT, "aud": AUDIENCE,
            "iat": now, "nbf": now, "exp": now + 600, "jti": "1"})
    }

    /// A good token, with these claims changed.
    pub(super) fn token(&self, changes: &Value) -> String {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.key.sign(&header("one"), &claims)
    }
}

/// The header of a token by the key of this name.
pub(super) fn header(kid: &str) -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": kid})
}

async fn answer(State(served): State<Arc<Mutex<Served>>>, uri: Uri) -> Response {
    let document = {
        let mut served = served.lock().unwrap();
        served.calls.push(uri.path().to_owned());
        served.documents.get(uri.path()).cloned()
    };
    match document {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Document::Text(text)) => text.into_response(),
        Some(Document::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Document::Redirect(to)) => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
        Some(Document::Slow) => {
            let drip = async_stream::stream! {
                loop {
                    yield Ok::<_, std::convert::Infallible>(" ");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            };
            axum::body::Body::from_stream(drip).into_response()
        }
    }
}
