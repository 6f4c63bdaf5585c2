//! HTTP: identity service, API and portal.
//!
//! [`Server::start`] is the whole product in one process: it opens the store, makes
//! what a first start must make, listens, and works in the background.

mod api;
mod audit;
mod auth;
mod blobs;
mod config;
mod exports;
mod first_start;
mod headers;
mod identity;
mod ingest;
mod jobs;
mod lab;
mod master_key;
mod migrate;
mod paths;
mod portal;
mod ranges;
mod recovery;
mod server;
mod standing;
mod state;
#[cfg(test)]
mod testing;
mod throttle;
mod tls;
mod unread;
mod usage;

pub use casbah_identity::HostAlias;
pub use casbah_store::DatabaseAddress;
pub use config::{CertificateFiles, Config, SigningDays};
pub use first_start::{CreateTenantError, FirstStartError};
pub use lab::LabConfig;
pub use master_key::{RewrapFailure, Rewrapped, rewrap};
pub use migrate::{Beside, MigrateFailure, Migrated, MigrationPhase, MigrationStep, migrate};
pub use recovery::{RecoverFailure, Recovered, recover};
pub use server::{FirstStart, Server, ServerError};
pub use throttle::{ThrottleError, ThrottleLimits};
pub use tls::TlsError;
