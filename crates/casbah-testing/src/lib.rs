//! What the tests of several crates need; nothing of it is shipped.

mod postgres;
mod tls_server;

pub use postgres::postgres_database;
pub use tls_server::TlsServer;
