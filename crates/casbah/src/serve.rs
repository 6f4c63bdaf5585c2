//! `casbah serve`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use casbah_connect::{AllowedHost, Egress};
use casbah_server::{
    CertificateFiles, Config, DatabaseAddress, HostAlias, LabConfig, Server, SigningDays,
    ThrottleLimits,
};
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::error::CliError;
use crate::signals::interrupted;

/// Where clients look for a host of https.
const HTTPS_PORT: u16 = 443;

/// Where a server keeps everything.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The directory of everything the server keeps
    #[arg(
        long,
        env = "CASBAH_DATA_DIR",
        default_value = "casbah-data",
        value_name = "DIR"
    )]
    pub(crate) data_dir: PathBuf,
    /// sqlite:PATH or postgres://… [default: a SQLite file in the data directory]
    #[arg(
        long,
        env = "CASBAH_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    database: Option<String>,
}

impl DataArgs {
    /// The database that was named, if one was.
    pub(crate) fn database(&self) -> Result<Option<DatabaseAddress>, CliError> {
        let database = self.database.as_deref().map(str::parse).transpose();
        database.map_err(serve_error)
    }
}

/// What `serve` takes.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        env = "CASBAH_LISTEN",
        default_value = "127.0.0.1:8443",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,
    /// The origin that clients use, which rules the issuer and every URL
    /// [default: https://localhost:PORT]
    #[arg(long, env = "CASBAH_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    #[command(flatten)]
    data: DataArgs,
    /// A certificate chain of your own, PEM; without it the server makes a CA
    #[arg(long, requires = "certificate_key", value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, requires = "certificate", value_name = "FILE")]
    certificate_key: Option<PathBuf>,
    /// For laboratories: also answer for this host, which clients have built in, such as
    /// login.microsoftonline.com or '*.portal.cloudappsecurity.com'; may come several times
    #[arg(long, value_name = "NAME", conflicts_with = "certificate")]
    host_alias: Vec<HostAlias>,
    /// The name of the home tenant that the first start creates
    #[arg(long, default_value = "Home", value_name = "NAME")]
    tenant_name: String,
    /// The domain of that tenant
    #[arg(long, default_value = "casbah.localhost", value_name = "DOMAIN")]
    tenant_domain: String,
    /// How many days a key signs tokens before the next takes its place
    #[arg(
        long,
        env = "CASBAH_SIGNING_DAYS",
        default_value_t = SigningDays::default(),
        value_name = "DAYS"
    )]
    signing_days: SigningDays,
    /// How long the detector waits for activities that come out of order, in seconds
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    lateness: u64,
    /// For old scripts: let clients sign people in with the password itself, which every
    /// such client then sees
    #[arg(long, env = "CASBAH_ALLOW_PASSWORD_GRANT")]
    allow_password_grant: bool,
    /// Answer at most so many requests of the API a minute: compat (30 for each tenant, as
    /// the original), or tenant=N, app=N, or both as tenant=N,app=N [default: all]
    #[arg(long, env = "CASBAH_THROTTLE", value_name = "LIMITS")]
    throttle: Option<ThrottleLimits>,
    /// For makers of integrations, and never with real data: let whoever administers a
    /// tenant have requests fail by rule, move the clock and delete data (casbah lab)
    #[arg(long)]
    lab: bool,
    /// What the ids of a laboratory's records follow from
    #[arg(long, default_value_t = 1, requires = "lab", value_name = "NUMBER")]
    lab_seed: u64,
    /// A host that the server may call although its address is private, such as the
    /// issuer of a lab whose tokens an application trusts; may be given several times
    #[arg(
        long,
        env = "CASBAH_EGRESS_ALLOW",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    egress_allow: Vec<AllowedHost>,
    /// A PEM file of a CA that the server trusts in its own calls, beside those of the
    /// system; may be given several times
    #[arg(
        long,
        env = "CASBAH_EGRESS_CA",
        value_delimiter = ',',
        value_name = "FILE"
    )]
    egress_ca: Vec<PathBuf>,
    /// Where to write, once, what the first start created, as JSON for programs
    #[arg(long, value_name = "FILE")]
    start_file: Option<PathBuf>,
    /// How to write the log: pretty or json
    #[arg(long, default_value = "pretty", value_parser = ["pretty", "json"], value_name = "FORM")]
    log: String,
}

/// Runs the server until it is interrupted.
pub(crate) async fn run(args: ServeArgs) -> Result<(), CliError> {
    start_log(&args.log);
    let database = args.data.database()?;
    let mut config = Config::new(args.data.data_dir);
    config.listen = args.listen;
    config.public_url = args.public_url;
    config.database = database;
    config.certificate = match (args.certificate, args.certificate_key) {
        (Some(chain), Some(key)) => Some(CertificateFiles { chain, key }),
        _ => None,
    };
    config.host_aliases.clone_from(&args.host_alias);
    config.tenant_name = args.tenant_name;
    config.tenant_domain = args.tenant_domain;
    config.signing_days = args.signing_days;
    config.lateness = Duration::from_secs(args.lateness);
    config.allow_password_grant = args.allow_password_grant;
    config.throttle = args.throttle.unwrap_or_default();
    config.lab = args.lab.then_some(LabConfig {
        seed: args.lab_seed,
    });
    config.egress = Egress {
        allow: args.egress_allow,
        ca_files: args.egress_ca,
    };
    let server = Server::start(config).await.map_err(serve_error)?;
    announce(&server)?;
    announce_aliases(&server, &args.host_alias)?;
    if args.lab {
        announce_lab()?;
    }
    if let Some(file) = args.start_file {
        write_start_file(&file, &server)?;
    }
    server.run(interrupted()).await.map_err(serve_error)
}

pub(crate) fn serve_error(error: impl std::error::Error + Send + Sync + 'static) -> CliError {
    CliError::Serve(Box::new(error))
}

fn start_log(form: &str) {
    let filter = EnvFilter::try_from_env("CASBAH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A log that another part of the process has started is good as well.
    let _ = if form == "json" {
        log.json().try_init()
    } else {
        log.try_init()
    };
}

fn announce(server: &Server) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Casbah answers at {}", server.url)?;
    if let Some(ca) = &server.ca {
        let ca = ca.display();
        writeln!(
            out,
            "Trust its CA: export REQUESTS_CA_BUNDLE={ca} SSL_CERT_FILE={ca} NODE_EXTRA_CA_CERTS={ca} CASBAH_CA={ca}"
        )?;
    }
    if let Some(first) = &server.first_start {
        writeln!(out, "Tenant {}", first.tenant_id)?;
        writeln!(
            out,
            "Sign in as {} with the one-time password {} (shown only now): casbah login --url {}",
            first.user_principal_name,
            first.one_time_password.expose_secret(),
            server.url
        )?;
    }
    out.flush()?;
    Ok(())
}

const LAB_BANNER: &str = "\
+---------------------------------------------------------------------------+
| LABORATORY: whoever administers a tenant can let its requests fail, move  |
| the clock of this server and delete all data. Keep no real data here.     |
+---------------------------------------------------------------------------+";

/// Says it where nobody overlooks it.
fn announce_lab() -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{LAB_BANNER}")?;
    out.flush()?;
    Ok(())
}

/// How the names lead here, and what keeps them from it.
fn announce_aliases(server: &Server, aliases: &[HostAlias]) -> Result<(), CliError> {
    if aliases.is_empty() {
        return Ok(());
    }
    let ip = server.address.ip();
    let ip = if ip.is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        ip
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Laboratory: put these lines into the hosts file of the clients, and of no others:"
    )?;
    for alias in aliases {
        writeln!(out, "{}", alias.hosts_line(&ip.to_string()))?;
    }
    let port = server.address.port();
    if port != HTTPS_PORT {
        writeln!(
            out,
            "Clients ask these hosts at port {HTTPS_PORT}, and the server listens at {port}: use --listen {ip}:{HTTPS_PORT}"
        )?;
    }
    out.flush()?;
    Ok(())
}

/// For programs: readable by the owner alone, and whole when it appears.
fn write_start_file(path: &Path, server: &Server) -> Result<(), CliError> {
    let first = server.first_start.as_ref();
    let start = json!({
        "url": server.url,
        "caFile": server.ca,
        "tenantId": first.map(|first| first.tenant_id),
        "administrator": first.map(|first| json!({
            "userPrincipalName": first.user_principal_name,
            "oneTimePassword": first.one_time_password.expose_secret(),
        })),
    });
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    // A temporary file of this kind is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(start.to_string().as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
