//! Start, run, stop.

use std::fs::{File, TryLockError};
use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::ServiceExt;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use casbah_connect::{Connector, EgressError};
use casbah_identity::Authority;
use casbah_identity::authority::AuthorityError;
use casbah_identity::crypto::MasterKeyError;
use casbah_store::{Store, StoreError};
use casbah_token::IssuerPatternError;
use hyper::body::Incoming;
use secrecy::SecretString;
use tokio::sync::{Notify, OnceCell, watch};
use tokio::task::JoinHandle;
use tower::Layer;
use tower::util::MapRequestLayer;

use crate::audit::AuditLog;
use crate::auth::{KnownTokens, Policies};
use crate::blobs::{BlobError, Blobs};
use crate::config::{Config, database_address};
use crate::first_start::{self, CreateTenantError, FirstStartError, Founder};
use crate::headers::CommonHeaders;
use crate::identity::issuers::ForeignIssuers;
use crate::identity::throttle::Throttle;
use crate::jobs::{self, Receiving};
use crate::lab::{self, Lab};
use crate::ranges::KnownRanges;
use crate::state::App;
use crate::throttle::RequestThrottle;
use crate::tls::{self, TlsError};
use crate::usage::{self, Usage};
use crate::{api, exports, identity, master_key, paths, portal, unread};

/// How long open requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// How often signing keys are looked at: another node may have made one, or ended one
/// that is compromised.
const KEY_INTERVAL: Duration = Duration::from_secs(5);

/// The server could not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data directory cannot be used.
    #[error("the data directory {path} cannot be used: {source}")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another server works in the data directory.
    #[error(
        "the data directory {0} is another server's; stop that one, or choose another with --data-dir"
    )]
    InUse(PathBuf),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The public URL is not an origin.
    #[error("the public URL is not good: {0}")]
    PublicUrl(#[from] AuthorityError),
    /// The issuer's form is not understood.
    #[error("the public URL makes no issuer: {0}")]
    Issuer(#[from] IssuerPatternError),
    /// The master key cannot be read or made.
    #[error("the master key cannot be used: {0}")]
    MasterKey(#[from] MasterKeyError),
    /// The store failed.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// Keys could not be opened or made.
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    /// The home tenant could not be created.
    #[error("the home tenant cannot be created: {0}")]
    Tenant(#[from] CreateTenantError),
    /// The certificate could not be made or read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Outbound calls cannot be set up.
    #[error("outbound calls cannot be set up: {0}")]
    Egress(#[from] EgressError),
    /// The directory of uploads cannot be used.
    #[error("the directory of uploads cannot be used: {0}")]
    Blobs(#[from] BlobError),
    /// The listener ended.
    #[error("the server ended: {0}")]
    Serve(#[from] std::io::Error),
}

/// What the first start created, told this once.
#[derive(Debug)]
pub struct FirstStart {
    /// The home tenant.
    pub tenant_id: casbah_model::ids::TenantId,
    /// The first administrator.
    pub user_principal_name: String,
    /// The password for the first sign-in.
    pub one_time_password: SecretString,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The public origin.
    pub url: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The CA to trust, where it is the server's own.
    pub ca: Option<PathBuf>,
    /// What the first start created; none at later starts.
    pub first_start: Option<FirstStart>,
    handle: Handle<SocketAddr>,
    closing: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<Result<(), std::io::Error>>,
    background: Vec<JoinHandle<()>>,
    /// Held until the end, so that no two servers share a data directory.
    _lock: File,
}

impl Server {
    /// Starts a server; when this returns, it answers.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let data_dir = |source| ServerError::DataDir {
            path: config.data_dir.clone(),
            source,
        };
        make_private_dir(&config.data_dir).map_err(data_dir)?;
        let lock = lock(&config.data_dir)?;
        let listen = |source| ServerError::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let url = config.public_url.clone();
        let url = url.unwrap_or_else(|| format!("https://localhost:{}", address.port()));
        let aliases = config.host_aliases.clone();
        let authority = Authority::parse(&url)?.with_aliases(aliases);
        let tls = tls::prepare(&config.data_dir, &authority, config.certificate.as_ref())?;
        let (stop, stopped) = watch::channel(false);
        let (app, first_start, background) = open(config, authority, &stopped).await?;
        let url = app.authority.origin().to_owned();
        let closing = app.closing.clone();

        let handle = Handle::new();
        let service =
            axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(tls.config))?
                .handle(handle.clone());
        let app = router(app);
        // Paths must be normal before the router looks at them, not after.
        let normalize = MapRequestLayer::new(paths::normalize::<Incoming>);
        let normalized = normalize.layer(app);
        let make = ServiceExt::<Request<Incoming>>::into_make_service_with_connect_info::<SocketAddr>(
            normalized,
        );
        let listening = tokio::spawn(service.serve(make));
        Ok(Self {
            url,
            address,
            ca: tls.ca,
            first_start,
            handle,
            closing,
            stop,
            listening,
            background,
            _lock: lock,
        })
    }

    /// Runs until `until` ends, then stops.
    pub async fn run(mut self, until: impl Future<Output = ()>) -> Result<(), ServerError> {
        tokio::select! {
            () = until => self.stop().await,
            ended = &mut self.listening => match ended {
                Ok(result) => Ok(result?),
                Err(error) => Err(std::io::Error::other(error).into()),
            },
        }
    }

    /// Lets open requests end, then stops.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.closing.send_replace(true);
        self.handle.graceful_shutdown(Some(GRACE));
        let ended = self.listening.await;
        // The receivers may have ended before.
        let _ = self.stop.send(true);
        for task in self.background {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background task failed");
            }
        }
        match ended {
            Ok(result) => Ok(result?),
            Err(error) => Err(std::io::Error::other(error).into()),
        }
    }
}

async fn open(
    config: Config,
    authority: Authority,
    stopped: &watch::Receiver<bool>,
) -> Result<(Arc<App>, Option<FirstStart>, Vec<JoinHandle<()>>), ServerError> {
    let connector = Connector::new(&config.egress)?;
    let issuers = ForeignIssuers::new(connector.clone());
    let address = database_address(&config.data_dir, config.database.clone());
    let store = Store::open(&address).await?;
    let master = master_key::find(&config.data_dir, &store).await?;
    let prepared = first_start::prepare(&store, master, config.signing_days).await?;
    let first_start = home_tenant(&store, &config).await?;
    let uploads = config.data_dir.join("uploads");
    let blobs = Blobs::open(uploads, config.largest_open_uploads)?;
    let discovery_worker = jobs::DiscoveryWorker::start(store.clone(), blobs.clone()).await?;
    let node = jobs::node::id(&config.data_dir);
    let (audit, linking) =
        AuditLog::start(store.clone(), prepared.audit_key, node, stopped).await?;
    let app = Arc::new(App {
        store,
        audit,
        usage: Usage::default(),
        lab: config.lab.map(Lab::new),
        throttle: RequestThrottle::new(config.throttle),
        policies: Policies::new(&authority)?,
        authority,
        vault: prepared.vault,
        peppers: prepared.peppers,
        keys: prepared.keys,
        connector,
        issuers,
        known_tokens: KnownTokens::default(),
        enricher: OnceCell::new(),
        ranges: KnownRanges::default(),
        blobs,
        discovery_worker,
        receiving: Receiving::default(),
        detector_wake: Arc::new(Notify::new()),
        closing: watch::Sender::new(false),
        enrichment_wake: Arc::new(Notify::new()),
        config,
    });
    if let Some(lab) = &app.lab {
        tracing::warn!("this server is a laboratory: keep no real data here");
        lab.restart_ids(None);
    }
    let background = vec![
        linking,
        tokio::spawn(usage::keep_flushing(Arc::clone(&app), stopped.clone())),
        tokio::spawn(jobs::watch_credentials(Arc::clone(&app), stopped.clone())),
        tokio::spawn(jobs::prune_changes(app.store.clone(), stopped.clone())),
        tokio::spawn(jobs::detect(Arc::clone(&app), stopped.clone())),
        tokio::spawn(jobs::enrich(Arc::clone(&app), stopped.clone())),
        tokio::spawn(exports::run(Arc::clone(&app), stopped.clone())),
        tokio::spawn(refresh_keys(Arc::clone(&app), stopped.clone())),
    ];
    Ok((app, first_start, background))
}

/// The first start creates the home tenant; a start that was cut off before
/// anybody could read the password is helped by an empty data directory.
async fn home_tenant(store: &Store, config: &Config) -> Result<Option<FirstStart>, ServerError> {
    if !store.tenants().await?.is_empty() {
        return Ok(None);
    }
    let created = first_start::create_tenant(
        store,
        &config.tenant_name,
        &config.tenant_domain,
        Founder::FirstStart,
    )
    .await?;
    Ok(Some(FirstStart {
        tenant_id: created.tenant.id,
        user_principal_name: created.administrator.upn,
        one_time_password: created.password,
    }))
}

async fn refresh_keys(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(KEY_INTERVAL) => {}
            _ = stopped.changed() => return,
        }
        let now = casbah_model::time::Timestamp::now();
        if let Err(error) = app.keys.refresh(&app, now).await {
            tracing::error!(%error, "signing keys cannot be refreshed");
        }
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let mut headers = CommonHeaders::new(&app.authority);
    if app.lab.is_some() {
        headers = headers.with(lab::HEADER);
    }
    let api = api::router(Arc::clone(&app));
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .merge(identity::router())
        .merge(portal::router(api.clone().with_state(Arc::clone(&app))))
        .merge(api)
        // One for all: whoever guesses is counted once, by whichever way.
        .layer(Extension(Arc::new(Throttle::default())))
        .fallback(|| async {
            let body = axum::Json(serde_json::json!({"detail": "Not found."}));
            (StatusCode::NOT_FOUND, body).into_response()
        })
        .layer(middleware::map_response(api::in_form))
        .layer(middleware::map_response(move |answer| {
            ready(headers.add_to(answer))
        }))
        .layer(middleware::from_fn(unread::throw_away))
        .with_state(app)
}

/// Takes the data directory for this process.
pub(crate) fn lock(data_dir: &std::path::Path) -> Result<File, ServerError> {
    let unusable = |source| ServerError::DataDir {
        path: data_dir.to_owned(),
        source,
    };
    let file = File::create(data_dir.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServerError::InUse(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn make_private_dir(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
