//! A whole server without a socket, and tokens for it, good and bad.

mod api_calls;
mod api_tokens;
pub(crate) mod browser;
pub(crate) mod directory;
mod discovery;
mod entities;
mod events;
mod handling;
mod keys;
mod lab;
mod other_tenants;
mod oversight;
mod people_only;
mod permissions;
mod shapes;
mod throttle;
mod walks;
mod withdrawal;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use axum::response::Response;
use casbah_connect::{Connector, Egress};
use casbah_identity::Authority;
use casbah_identity::audit::AuditKey;
use casbah_identity::crypto::MasterKey;
use casbah_model::identity::{
    AppRoleAssignment, Application, CASBAH, CLOUD_APP_SECURITY, PrincipalType, ServicePrincipal,
    User,
};
use casbah_model::ids::{KeyId, ObjectId, TenantId};
use casbah_model::permission::{CasbahRole, Permission};
use casbah_model::time::Timestamp;
use casbah_store::{AuditRecord, DatabaseAddress, Store};
use casbah_token::{AccessToken, Client, ClientAuth, Life, Subject, TokenVersion, token_id};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::audit::AuditLog;
use crate::auth::{KnownTokens, Policies};
use crate::blobs::Blobs;
use crate::config::Config;
use crate::first_start::{CreatedTenant, Founder};
use crate::identity::issuers::ForeignIssuers;
use crate::jobs::{DiscoveryWorker, Receiving};
use crate::lab::Lab;
use crate::ranges::KnownRanges;
use crate::state::App;
use crate::throttle::RequestThrottle;
use crate::{first_start, paths, server};

/// An application that was consented to in a tenant.
pub(crate) struct TestClient {
    pub(crate) tenant: TenantId,
    pub(crate) application: Application,
    principal: ServicePrincipal,
    roles: Vec<String>,
}

/// A whole server on a database of its own.
pub(crate) struct TestServer {
    pub(crate) app: Arc<App>,
    pub(crate) tenant: TenantId,
    router: Router,
    stop: watch::Sender<bool>,
    linking: JoinHandle<()>,
    audit_key: Arc<AuditKey>,
    restarted: Option<AuditLog>,
    directory: TempDir,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// Set to `postgres`, the servers of tests are on the PostgreSQL of the store's tests.
const SERVERS: &str = "CASBAH_TEST_SERVERS";

/// Where a server keeps its data.
async fn address(directory: &TempDir) -> DatabaseAddress {
    let is_postgres = std::env::var(SERVERS).is_ok_and(|servers| servers == "postgres");
    if is_postgres {
        let url = casbah_testing::postgres_database().await;
        url.expect("a PostgreSQL server").parse().unwrap()
    } else {
        DatabaseAddress::Sqlite(directory.path().join("casbah.db"))
    }
}

/// What the audit keeps of a test's own changes.
pub(crate) fn audit_record() -> AuditRecord {
    AuditRecord::new("test", "test", &"test")
}

/// Stores an application, or what became of it.
pub(crate) async fn save(store: &Store, application: &Application) {
    let (tenant, id) = (application.tenant, application.id);
    let application = application.clone();
    let changed: Result<_, ()> = store
        .change_application(tenant, id, audit_record(), move |_| Ok(application.clone()))
        .await
        .unwrap();
    changed.unwrap();
}

/// Stores what became of a person, as no rule would.
pub(crate) async fn save_user(store: &Store, user: &User) {
    let (tenant, id, user) = (user.tenant, user.id, user.clone());
    let changed: Result<_, ()> = store
        .change_user(tenant, id, audit_record(), move |_| Ok(user.clone()))
        .await
        .unwrap();
    changed.unwrap();
}

impl TestServer {
    /// Creates another tenant.
    pub(crate) async fn create_tenant(&self, name: &str, domain: &str) -> CreatedTenant {
        let founder = Founder::Caller {
            tenant: self.tenant,
            name: "test",
        };
        let created = first_start::create_tenant(&self.app.store, name, domain, founder);
        created.await.unwrap()
    }

    /// A second connection to the database, beside the program; on SQLite alone.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.path().join("casbah.db")).unwrap()
    }

    /// Stops what links the audit, as a crash would.
    pub(crate) async fn stop_background(&mut self) {
        self.stop.send(true).unwrap();
        (&mut self.linking).await.unwrap();
    }

    /// Starts it again, as the next start of the server would.
    pub(crate) async fn start_audit(&mut self) {
        let (stop, stopped) = watch::channel(false);
        let (store, node) = (self.app.store.clone(), self.app.audit.node());
        let key = Arc::clone(&self.audit_key);
        let (log, linking) = AuditLog::start(store, key, node, &stopped).await.unwrap();
        (self.stop, self.linking) = (stop, linking);
        self.restarted = Some(log);
    }

    pub(crate) async fn start() -> Self {
        Self::start_with(Egress::default()).await
    }

    /// A server that may call more than others.
    pub(crate) async fn start_with(egress: Egress) -> Self {
        Self::start_as(|config| config.egress = egress).await
    }

    /// A server that is set up in another way than others.
    pub(crate) async fn start_as(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path().to_owned());
        config.lateness = std::time::Duration::ZERO;
        change(&mut config);
        let address = address(&directory).await;
        let store = Store::open(&address).await.unwrap();
        let master = MasterKey::generate().unwrap();
        let prepared = first_start::prepare(&store, master, config.signing_days)
            .await
            .unwrap();
        let created =
            first_start::create_tenant(&store, "Contoso", "contoso.example", Founder::FirstStart)
                .await
                .unwrap();
        let uploads = directory.path().join("uploads");
        let blobs = Blobs::open(uploads, config.largest_open_uploads).unwrap();
        let discovery_worker = DiscoveryWorker::start(store.clone(), blobs.clone())
            .await
            .unwrap();
        let authority = Authority::parse("https://localhost:8443").unwrap();
        let (stop, stopped) = watch::channel(false);
        let node = KeyId::random();
        let key = Arc::clone(&prepared.audit_key);
        let (audit, linking) = AuditLog::start(store.clone(), key, node, &stopped)
            .await
            .unwrap();
        let connector = Connector::new(&config.egress).unwrap();
        let app = Arc::new(App {
            store,
            audit,
            usage: crate::usage::Usage::default(),
            lab: config.lab.map(Lab::new),
            throttle: RequestThrottle::new(config.throttle),
            policies: Policies::new(&authority).unwrap(),
            authority,
            vault: prepared.vault,
            peppers: prepared.peppers,
            keys: prepared.keys,
            issuers: ForeignIssuers::new(connector.clone()),
            connector,
            known_tokens: KnownTokens::default(),
            enricher: tokio::sync::OnceCell::new(),
            ranges: KnownRanges::default(),
            blobs,
            discovery_worker,
            receiving: Receiving::default(),
            detector_wake: Arc::default(),
            closing: watch::Sender::new(false),
            enrichment_wake: Arc::default(),
            config,
        });
        let router = server::router(Arc::clone(&app));
        Self {
            app,
            tenant: created.tenant.id,
            router,
            stop,
            linking,
            audit_key: prepared.audit_key,
            restarted: None,
            directory,
        }
    }

    /// An application of `tenant` with these permissions granted.
    pub(crate) async fn client(&self, tenant: TenantId, permissions: &[Permission]) -> TestClient {
        let application = Application::new(tenant, "Test", Timestamp::now());
        self.save(&application).await;
        self.present(application, tenant, permissions).await
    }

    /// The application in `tenant`, with these permissions granted there.
    pub(crate) async fn present(
        &self,
        application: Application,
        tenant: TenantId,
        permissions: &[Permission],
    ) -> TestClient {
        let (store, now) = (&self.app.store, Timestamp::now());
        let principal = ServicePrincipal {
            id: ObjectId::random(),
            tenant,
            app_id: application.app_id,
            app_owner_tenant: application.tenant,
            display_name: "Test".to_owned(),
            enabled: true,
            app_role_assignment_required: false,
            created: now,
        };
        store
            .add_service_principal(principal.clone())
            .await
            .unwrap();
        let resource = store
            .service_principal_by_app_id(tenant, CLOUD_APP_SECURITY.app_id)
            .await
            .unwrap()
            .unwrap();
        for permission in permissions {
            let assignment = AppRoleAssignment {
                id: ObjectId::random(),
                tenant,
                principal_id: principal.id,
                principal_type: PrincipalType::ServicePrincipal,
                resource_id: resource.id,
                app_role_id: permission.app_role_id(),
                created: now,
            };
            store.assign(assignment, audit_record()).await.unwrap();
        }
        let roles = permissions
            .iter()
            .map(|permission| permission.value().to_owned())
            .collect();
        TestClient {
            tenant,
            application,
            principal,
            roles,
        }
    }

    /// An application that was granted a role of the *Casbah* resource.
    pub(crate) async fn casbah_client(&self, tenant: TenantId, role: CasbahRole) -> TestClient {
        let client = self.client(tenant, &[]).await;
        self.grant_casbah(&client, role).await;
        client
    }

    /// Grants an application a role of the *Casbah* resource.
    async fn grant_casbah(&self, client: &TestClient, role: CasbahRole) {
        let (store, tenant) = (&self.app.store, client.tenant);
        let resource = store.service_principal_by_app_id(tenant, CASBAH.app_id);
        let roles = CASBAH.app_roles();
        let app_role = roles
            .iter()
            .find(|offered| offered.value.as_deref() == Some(role.value()));
        let assignment = AppRoleAssignment {
            id: ObjectId::random(),
            tenant,
            principal_id: client.principal.id,
            principal_type: PrincipalType::ServicePrincipal,
            resource_id: resource.await.unwrap().unwrap().id,
            app_role_id: app_role.unwrap().id,
            created: Timestamp::now(),
        };
        store.assign(assignment, audit_record()).await.unwrap();
    }

    /// A token of such an application.
    pub(crate) fn casbah_token(&self, client: &TestClient, role: CasbahRole) -> String {
        self.token(client, |token| {
            token.audience = CASBAH.app_id.to_string();
            token.roles = vec![role.value().to_owned()];
        })
    }

    /// Stores an application, or what became of it.
    pub(crate) async fn save(&self, application: &Application) {
        save(&self.app.store, application).await;
    }

    /// A token as the token endpoint makes it, before `change` spoils it.
    pub(crate) fn token(
        &self,
        client: &TestClient,
        change: impl FnOnce(&mut AccessToken),
    ) -> String {
        let now = Timestamp::now();
        let mut token = AccessToken {
            version: TokenVersion::V1,
            audience: CLOUD_APP_SECURITY.app_id.to_string(),
            issuer: self.app.authority.issuer(TokenVersion::V1, client.tenant),
            tenant: client.tenant.to_string(),
            client: Client {
                id: client.application.app_id.to_string(),
                auth: ClientAuth::Secret,
            },
            subject: Subject::App {
                object_id: client.principal.id.to_string(),
            },
            roles: client.roles.clone(),
            life: Life::starting(now.seconds(), 3599),
            token_id: token_id().unwrap(),
        };
        change(&mut token);
        self.app
            .keys
            .signer(now)
            .unwrap()
            .sign_access(&token)
            .unwrap()
    }

    /// Calls the API.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends a request as it is; the answer is still to be read.
    pub(crate) async fn respond(&self, request: Request<Body>) -> Response {
        let request = paths::normalize(request);
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request as it is.
    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.respond(request).await;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20)
            .await
            .unwrap();
        Answer {
            status,
            headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}
