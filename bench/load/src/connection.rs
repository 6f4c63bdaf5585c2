//! One kept TLS connection.

use crate::error::LoadError;
use crate::target::Target;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Sets TLS up so that only the certificates of `path` are trusted.
pub fn connector(path: &Path) -> Result<TlsConnector, LoadError> {
    let unusable = || LoadError::Authority {
        path: path.to_owned(),
    };
    let pem = std::fs::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|_| unusable())?)?;
    }
    if roots.is_empty() {
        return Err(unusable());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// An answer, read to its end.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
}

/// A connection that is opened again when the server ends it.
pub struct Connection {
    target: Target,
    connector: TlsConnector,
    sender: Option<SendRequest<Full<Bytes>>>,
    /// Handshakes made.
    pub opened: u64,
}

impl Connection {
    /// A connection that opens when first used.
    pub fn new(target: Target, connector: TlsConnector) -> Self {
        Self {
            target,
            connector,
            sender: None,
            opened: 0,
        }
    }

    /// Sends the request and reads the answer.
    pub async fn exchange(&mut self) -> Result<Answer, LoadError> {
        let mut sender = match self.kept().await {
            Some(sender) => sender,
            None => self.open().await?,
        };
        let response = sender.send_request(self.target.request()).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        self.sender = Some(sender);
        Ok(Answer { status, body })
    }

    /// The kept connection, unless the server has ended it.
    async fn kept(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut sender = self.sender.take()?;
        sender.ready().await.ok()?;
        Some(sender)
    }

    async fn open(&mut self) -> Result<SendRequest<Full<Bytes>>, LoadError> {
        let name = ServerName::try_from(self.target.host.clone())?;
        let stream = TcpStream::connect((self.target.host.as_str(), self.target.port)).await?;
        stream.set_nodelay(true)?;
        let stream = self.connector.connect(name, stream).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its errors reach the requests that they break.
        tokio::spawn(connection);
        sender.ready().await?;
        self.opened += 1;
        Ok(sender)
    }
}
