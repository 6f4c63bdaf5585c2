//! How a server is set up.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use casbah_connect::Egress;
use casbah_identity::HostAlias;
pub use casbah_identity::signing_keys::SigningDays;
use casbah_store::DatabaseAddress;

use crate::lab::LabConfig;
use crate::throttle::ThrottleLimits;

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The origin that every printed URL and the issuer have; by default
    /// `https://localhost:PORT`.
    pub public_url: Option<String>,
    /// The directory of everything the server keeps.
    pub data_dir: PathBuf,
    /// The database; by default a SQLite file in the data directory.
    pub database: Option<DatabaseAddress>,
    /// A certificate of the operator's own; by default the server makes a CA.
    pub certificate: Option<CertificateFiles>,
    /// What the server may call beside the public network.
    pub egress: Egress,
    /// Hosts that clients have built in, which the server also answers for: names in its
    /// certificate and in instance discovery. For laboratories only.
    pub host_aliases: Vec<HostAlias>,
    /// The name of the home tenant that the first start creates.
    pub tenant_name: String,
    /// The home tenant's domain.
    pub tenant_domain: String,
    /// How long a key signs tokens before the next takes its place.
    pub signing_days: SigningDays,
    /// How long the detector waits for activities that come out of order.
    pub lateness: Duration,
    /// Whether clients may sign people in with the password itself (RFC 6749 section 4.3).
    /// Such a client sees the password, so it is off.
    pub allow_password_grant: bool,
    /// How many requests of the API are answered a minute; all of them by default.
    pub throttle: ThrottleLimits,
    /// Whether the server is a laboratory, on which whoever administers a tenant has
    /// requests fail, moves the clock and deletes data.
    pub lab: Option<LabConfig>,
    /// The largest log that is taken, in bytes.
    pub largest_upload: u64,
    /// What all uploads of one tenant may hold on disk, in bytes, before they are given
    /// to a report. One that comes in blocks is there twice while it is put together.
    pub largest_open_uploads: u64,
    /// The largest body of events that is taken, in bytes.
    pub largest_ingest: u64,
}

/// Where the database is; by default a SQLite file in the data directory.
pub(crate) fn database_address(data_dir: &Path, given: Option<DatabaseAddress>) -> DatabaseAddress {
    given.unwrap_or_else(|| DatabaseAddress::Sqlite(data_dir.join("casbah.db")))
}

/// A certificate chain and its key, PEM.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub chain: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Config {
    /// The defaults, with everything kept in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_url: None,
            data_dir,
            database: None,
            certificate: None,
            egress: Egress::default(),
            host_aliases: Vec::new(),
            tenant_name: "Home".to_owned(),
            tenant_domain: "casbah.localhost".to_owned(),
            signing_days: SigningDays::default(),
            lateness: Duration::from_mins(5),
            allow_password_grant: false,
            throttle: ThrottleLimits::default(),
            lab: None,
            largest_upload: 5_000_000_000,
            largest_open_uploads: 20 << 30,
            largest_ingest: 1 << 30,
        }
    }
}
