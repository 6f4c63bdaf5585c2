//! A company's own provider on this machine, over TLS: good, or as bad as a test wants it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use casbah_connect::Egress;
use casbah_identity::identity_provider::secret_place;
use casbah_model::identity::{IdentityProvider, NameClaim};
use casbah_model::ids::{ObjectId, TenantId};
use casbah_model::time::Timestamp;
use casbah_testing::TlsServer;
use serde_json::{Value, json};

use super::Directory;
use super::browser::{Browser, Page};
use super::issuer::{IssuerKey, header};
use super::sign_in::authorize;
use crate::testing::{TestServer, audit_record};

pub(super) const CLIENT: &str = "casbah@fabrikam";
pub(super) const SECRET: &str = "s:e%c&ret";

/// What the provider answers, and what it was sent.
#[derive(Default)]
struct Served {
    metadata: Value,
    keys: Value,
    token: (u16, Value),
    user_info: Value,
    received: Vec<Redemption>,
}

/// What came to the token endpoint.
#[derive(Debug, Clone)]
pub(super) struct Redemption {
    pub(super) authorization: Option<String>,
    pub(super) fields: Vec<(String, String)>,
}

impl Redemption {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A provider.
pub(super) struct TestProvider {
    server: TlsServer,
    served: Arc<Mutex<Served>>,
    pub(super) key: IssuerKey,
}

impl TestProvider {
    pub(super) fn start() -> Self {
        let served = Arc::<Mutex<Served>>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&served));
        let provider = Self {
            server: TlsServer::start(router).unwrap(),
            served,
            key: IssuerKey::new(),
        };
        provider.publish(&json!({}));
        let keys = json!({ "keys": [provider.key.jwk("one")] });
        provider.served.lock().unwrap().keys = keys;
        provider
    }

    pub(super) fn url(&self) -> String {
        self.server.origin("localhost")
    }

    /// Its good metadata, with these members changed.
    pub(super) fn publish(&self, changes: &Value) {
        let url = self.url();
        let mut metadata = json!({
            "issuer": url, "jwks_uri": format!("{url}/keys"),
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
        });
        for (name, value) in changes.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        self.served.lock().unwrap().metadata = metadata;
    }

    pub(super) fn egress(&self) -> Egress {
        Egress {
            allow: vec!["localhost".parse().unwrap()],
            ca_files: vec![self.server.ca().to_owned()],
        }
    }

    /// What the token endpoint answers from now on.
    pub(super) fn answers(&self, status: u16, body: Value) {
        self.served.lock().unwrap().token = (status, body);
    }

    /// What the `UserInfo` endpoint says to who has the access token `a`.
    pub(super) fn informs(&self, user_info: Value) {
        self.served.lock().unwrap().user_info = user_info;
    }

    /// What came to the token endpoint since the last time.
    pub(super) fn received(&self) -> Vec<Redemption> {
        std::mem::take(&mut self.served.lock().unwrap().received)
    }

    /// The claims of a good ID token for this nonce.
    pub(super) fn claims(&self, nonce: &str) -> Value {
        let now = Timestamp::now().seconds();
        json!({
            "iss": self.url(), "aud": CLIENT, "sub": "00u1", "nonce": nonce,
            "iat": now, "exp": now + 300, "name": "Ada Lovelace",
            "email": "ada@fabrikam.example", "email_verified": true, "amr": ["pwd", "mfa"],
        })
    }

    /// Signs in at the provider: the ID token for this nonce, with these claims changed, is
    /// what the next code is worth.
    pub(super) fn signs_in(&self, nonce: &str, changes: &Value) {
        let mut claims = self.claims(nonce);
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = self.key.sign(&header("one"), &claims);
        self.answers(
            200,
            json!({"id_token": token, "access_token": "a", "token_type": "Bearer"}),
        );
    }
}

async fn answer(
    State(served): State<Arc<Mutex<Served>>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut served = served.lock().unwrap();
    match uri.path() {
        "/.well-known/openid-configuration" => served.metadata.to_string().into_response(),
        "/keys" => served.keys.to_string().into_response(),
        "/userinfo"
            if headers
                .get(AUTHORIZATION)
                .is_some_and(|proof| proof == "Bearer a") =>
        {
            served.user_info.to_string().into_response()
        }
        "/token" => {
            let authorization = headers.get(AUTHORIZATION);
            served.received.push(Redemption {
                authorization: authorization.map(|text| text.to_str().unwrap().to_owned()),
                fields: form_urlencoded::parse(body.as_bytes())
                    .into_owned()
                    .collect(),
            });
            let (status, body) = &served.token;
            let status = StatusCode::from_u16(*status).unwrap();
            (status, body.to_string()).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A tenant whose people sign in through a provider.
pub(super) struct Company {
    pub(super) directory: Directory,
    pub(super) provider: TestProvider,
    pub(super) stored: IdentityProvider,
}

/// A sign-in that is at the provider.
pub(super) struct AtProvider {
    /// The address that the browser was sent to.
    pub(super) address: url::Url,
}

impl AtProvider {
    pub(super) fn sent(&self, name: &str) -> Option<String> {
        let mut pairs = self.address.query_pairs();
        let found = pairs.find(|(found, _)| found == name);
        found.map(|(_, value)| value.into_owned())
    }

    pub(super) fn state(&self) -> String {
        self.sent("state").unwrap()
    }

    pub(super) fn nonce(&self) -> String {
        self.sent("nonce").unwrap()
    }

    /// The address that a good provider sends the browser back to.
    pub(super) fn back(&self) -> String {
        back(&[("code", "c&1"), ("state", &self.state())])
    }
}

/// The callback with these parameters.
pub(super) fn back(parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("/casbah/sign_in/callback?{}", query.finish())
}

impl Company {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A company whose provider is kept with this change.
    pub(super) async fn start_with(change: impl FnOnce(&mut IdentityProvider)) -> Self {
        let provider = TestProvider::start();
        let server = TestServer::start_with(provider.egress()).await;
        let directory = Directory::on(server).await;
        let mut stored = kept(directory.tenant, &provider.url());
        change(&mut stored);
        add(&directory, &stored).await;
        Self {
            directory,
            provider,
            stored,
        }
    }

    pub(super) fn browser(&self) -> Browser {
        self.directory.browser()
    }

    /// The page with the password of the tenant's own address.
    pub(super) async fn page(&self, browser: &mut Browser) -> Page {
        let address = authorize(&self.directory.tenant.to_string(), &[]);
        browser.get(&address).await
    }

    /// Presses the provider's button, and goes where that leads.
    pub(super) async fn go(&self, browser: &mut Browser) -> AtProvider {
        let page = self.page(browser).await;
        let id = self.stored.id.to_string();
        at_provider(&press(browser, &page, &[("provider", &id)]).await)
    }

    /// Signs in with these claims changed: the callback's answer.
    pub(super) async fn sign_in(&self, browser: &mut Browser, changes: &Value) -> Page {
        let at = self.go(browser).await;
        self.provider.signs_in(&at.nonce(), changes);
        browser.get(&at.back()).await
    }

    /// What the audit has of this action, newest first: actor, outcome and detail.
    pub(super) async fn audited(&self, action: &str) -> Vec<(String, Option<u32>, String)> {
        let store = &self.directory.server.app.store;
        let all = store.audit_records(self.directory.tenant, 100).await;
        let all = all.unwrap().into_iter();
        all.filter(|record| record.action == action)
            .map(|record| (record.actor, record.outcome.code(), record.detail))
            .collect()
    }
}

/// A provider at this address, as a tenant keeps it.
pub(super) fn kept(tenant: TenantId, issuer: &str) -> IdentityProvider {
    IdentityProvider {
        id: ObjectId::random(),
        tenant,
        display_name: "Fabrikam ID".to_owned(),
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        name_claim: NameClaim::Email,
        domains: Vec::new(),
        creates_people: false,
        enabled: true,
        created: Timestamp::now(),
    }
}

pub(super) async fn add(directory: &Directory, provider: &IdentityProvider) {
    let app = &directory.server.app;
    let place = secret_place(provider);
    let secret = app.vault.seal(&place, SECRET.as_bytes()).unwrap();
    app.store
        .create_identity_provider(provider.clone(), secret, audit_record())
        .await
        .unwrap();
}

/// Sends the page's form where its providers' buttons do.
pub(super) async fn press(browser: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let action = page.attribute("formaction=\"");
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let csrf = [("csrf", csrf.as_str())];
    let fields: Vec<_> = csrf.iter().chain(fields).copied().collect();
    browser.post(&action, &fields).await
}

/// Where the page leads to.
pub(super) fn at_provider(page: &Page) -> AtProvider {
    assert_eq!(page.status, 200, "{}", page.text);
    let address = page.attribute("href=\"https").replace("&#34;", "\"");
    AtProvider {
        address: url::Url::parse(&format!("https{address}")).unwrap(),
    }
}
