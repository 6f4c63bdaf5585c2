//! Another service on this machine, over TLS.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;

/// A server on a free port of this machine, with a certificate of its own for `localhost`
/// and `127.0.0.1`. It runs until the runtime ends.
#[derive(Debug)]
pub struct TlsServer {
    port: u16,
    ca: NamedTempFile,
}

impl TlsServer {
    /// Starts to serve, on the runtime of the caller.
    ///
    /// # Errors
    /// When there is no port, or the certificate cannot be made.
    pub fn start(router: Router) -> io::Result<Self> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let ca = NamedTempFile::new()?;
        std::fs::write(ca.path(), made.cert.pem())?;
        let key =
            PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key)
            })
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let tls = RustlsConfig::from_config(Arc::new(config));
        let server = axum_server::from_tcp_rustls(listener, tls)?;
        tokio::spawn(server.serve(router.into_make_service()));
        Ok(Self { port, ca })
    }

    /// Its origin, by one of the names of this machine.
    pub fn origin(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }

    /// The PEM file of the certificate to trust.
    pub fn ca(&self) -> &Path {
        self.ca.path()
    }
}
