//! Fetching small documents, and sending forms.

mod delivery;
mod transmission;

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Certificate, Client, RequestBuilder, StatusCode, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};

use crate::address::is_public;
use crate::host::AllowedHost;
use crate::resolver::{GuardedResolver, NoPublicAddress};

pub use delivery::Receipt;
pub use transmission::{Transmission, Transport};

/// What the operator says of outbound traffic.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    /// Hosts that may be called although their addresses are private.
    pub allow: Vec<AllowedHost>,
    /// PEM files of CAs that are trusted beside those of the system.
    pub ca_files: Vec<PathBuf>,
}

/// Outbound traffic cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// A CA file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A CA file holds no certificate.
    #[error("{0} holds no certificate (PEM is expected)")]
    NoCertificate(PathBuf),
    /// TLS cannot be set up.
    #[error("tls for outbound calls: {0}")]
    Tls(reqwest::Error),
}

/// A document was not got.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is no address, not https, or names a user.
    #[error("the address is not one of https with a host alone")]
    Url,
    /// The host is no host.
    #[error("the host is neither a name nor an address")]
    Host,
    /// The host is of a private network and not allowed by name.
    #[error("the host is not of the public network; allow it by name to call it")]
    Private,
    /// The answer leads elsewhere.
    #[error("the answer is a redirect, and none is followed")]
    Redirect,
    /// The answer is a refusal.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer is larger than any that is read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer did not come in time.
    #[error("there was no whole answer in time")]
    TimedOut,
    /// The host was not reached, or the connection broke.
    #[error("the host cannot be reached: {0}")]
    Connection(reqwest::Error),
    /// The host was not reached, or the connection broke, below HTTP.
    #[error("the host cannot be reached: {0}")]
    Socket(std::io::Error),
    /// TLS cannot be set up here.
    #[error("tls cannot be set up: {0}")]
    Tls(rustls::Error),
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    bytes: usize,
    time: Duration,
}

/// What a small document may take.
const SMALL: Limits = Limits {
    bytes: 1 << 20,
    time: Duration::from_secs(5),
};

/// What a form was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, which is no redirect.
    pub status: u16,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Calls other services within the policy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connector {
    http: Client,
    allowed: Arc<[AllowedHost]>,
    limits: Limits,
    /// CAs beside those of the system.
    roots: Arc<[CertificateDer<'static>]>,
    /// Made when it is needed first: reading the system's roots takes a while.
    tls: Arc<OnceLock<Arc<rustls::ClientConfig>>>,
}

impl Connector {
    /// A connector with the operator's exceptions.
    ///
    /// # Errors
    /// [`EgressError`]
    pub fn new(egress: &Egress) -> Result<Self, EgressError> {
        let allowed: Arc<[AllowedHost]> = egress.allow.clone().into();
        let mut builder = Client::builder()
            .user_agent(concat!("casbah/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .redirect(redirect::Policy::none())
            // A proxy would resolve names by itself, past the policy.
            .no_proxy()
            .referer(false)
            .timeout(SMALL.time)
            .dns_resolver(Arc::new(GuardedResolver {
                allowed: Arc::clone(&allowed),
            }));
        let mut roots = Vec::new();
        for path in &egress.ca_files {
            let pem = std::fs::read(path).map_err(|source| EgressError::File {
                path: path.clone(),
                source,
            })?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(|| EgressError::NoCertificate(path.clone()))?;
            builder = builder.tls_certs_merge(certificates);
            roots.extend(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
        }
        Ok(Self {
            http: builder.build().map_err(EgressError::Tls)?,
            allowed,
            limits: SMALL,
            roots: roots.into(),
            tls: Arc::default(),
        })
    }

    /// A small document, whole.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub async fn document(&self, url: &str) -> Result<Vec<u8>, ConnectError> {
        let url = self.permitted(url)?;
        self.fetch(self.http.get(url)).await
    }

    /// A small document that is given to who has this token (RFC 6750).
    ///
    /// # Errors
    /// [`ConnectError`]
    pub async fn document_for(&self, url: &str, token: &str) -> Result<Vec<u8>, ConnectError> {
        let url = self.permitted(url)?;
        self.fetch(self.http.get(url).bearer_auth(token)).await
    }

    /// The answer to a form, which may be a refusal. `basic` are name and password for the
    /// header (RFC 7617).
    ///
    /// # Errors
    /// [`ConnectError`], but not for the answer's status.
    pub async fn submit(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<Answer, ConnectError> {
        let url = self.permitted(url)?;
        let request = self.http.post(url).form(fields);
        let request = match basic {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        };
        self.exchange(request).await
    }

    /// The address, if it may be called as far as it can be told before its name
    /// is resolved. An address in numbers is never resolved, so it is looked at
    /// here.
    fn permitted(&self, url: &str) -> Result<Url, ConnectError> {
        let url = Url::parse(url).map_err(|_| ConnectError::Url)?;
        let is_plain =
            url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        let host = url.host().filter(|_| is_plain).ok_or(ConnectError::Url)?;
        self.permit(&host)?;
        Ok(url)
    }

    /// Refuses an address in numbers that is private and not allowed.
    fn permit(&self, host: &Host<&str>) -> Result<(), ConnectError> {
        let is_private = match *host {
            Host::Domain(_) => false,
            Host::Ipv4(address) => !is_public(address.into()),
            Host::Ipv6(address) => !is_public(address.into()),
        };
        if is_private && !self.allowed.iter().any(|allowed| allowed.is(host)) {
            return Err(ConnectError::Private);
        }
        Ok(())
    }

    async fn fetch(&self, request: RequestBuilder) -> Result<Vec<u8>, ConnectError> {
        let answer = self.exchange(request).await?;
        if answer.status == StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(ConnectError::Status(answer.status))
        }
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Answer, ConnectError> {
        tokio::time::timeout(self.limits.time, self.whole(request))
            .await
            .map_err(|_| ConnectError::TimedOut)?
    }

    async fn whole(&self, request: RequestBuilder) -> Result<Answer, ConnectError> {
        let mut answer = request.send().await.map_err(connection)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(ConnectError::Redirect);
        }
        let most = self.limits.bytes;
        let mut body = Vec::new();
        // What the answer says of its length is not believed.
        while let Some(chunk) = answer.chunk().await.map_err(connection)? {
            if body.len() + chunk.len() > most {
                return Err(ConnectError::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: status.as_u16(),
            body,
        })
    }
}

fn connection(error: reqwest::Error) -> ConnectError {
    if error.is_timeout() {
        return ConnectError::TimedOut;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if one.is::<NoPublicAddress>() {
            return ConnectError::Private;
        }
        cause = one.source();
    }
    ConnectError::Connection(error.without_url())
}

#[cfg(test)]
mod tests;
