//! What can go wrong.

use std::path::PathBuf;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The URL is not `https://host[:port]/path`.
    #[error("{0} is not an https url with a host")]
    Url(String),
    /// An option of the form `name<separator>value` has no separator.
    #[error("{option} needs the form NAME{separator}VALUE")]
    Pair {
        /// The option.
        option: &'static str,
        /// What divides name and value.
        separator: char,
    },
    /// A variable that holds a value is not set.
    #[error("environment variable {0} is not set")]
    Environment(String),
    /// The request cannot be built of what was given.
    #[error("the request cannot be built")]
    Request(#[from] hyper::http::Error),
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The CA file is not usable.
    #[error("{path} holds no usable certificate")]
    Authority {
        /// The file.
        path: PathBuf,
    },
    /// The host name is not one a certificate can hold.
    #[error("the host name cannot be checked against a certificate")]
    HostName(#[from] rustls::pki_types::InvalidDnsNameError),
    /// TLS cannot be set up, or a handshake failed.
    #[error("tls failed")]
    Tls(#[from] rustls::Error),
    /// The connection failed.
    #[error("the connection failed")]
    Connect(#[from] std::io::Error),
    /// The exchange failed.
    #[error("the exchange failed")]
    Exchange(#[from] hyper::Error),
    /// The process to watch has no readable accounting.
    #[error("{0} is not a process's accounting line")]
    Accounting(PathBuf),
    /// Warming up did not get the expected status.
    #[error("expected status {expected}, got {got}: {body}")]
    Status {
        /// As asked for.
        expected: u16,
        /// As answered.
        got: u16,
        /// Start of the answer.
        body: String,
    },
    /// A connection's task ended in a panic.
    #[error("a task ended early")]
    Task(#[from] tokio::task::JoinError),
    /// The result cannot be printed.
    #[error("the result cannot be written as json")]
    Print(#[from] serde_json::Error),
}
