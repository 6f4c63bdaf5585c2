//! What the tests of several crates need; nothing of it is shipped.

mod tls_server;

pub use tls_server::TlsServer;
