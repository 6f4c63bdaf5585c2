//! HTTP with the retries that the protocols ask for.

use std::path::Path;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, RequestBuilder, Response, StatusCode};

use crate::error::Error;

/// An HTTP client that waits when it is told to.
///
/// A 429 is tried again after its `Retry-After`; 502, 503 and 504 after a short
/// wait that doubles, but only where the request may be repeated. Cheap to
/// clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Transport {
    http: reqwest::Client,
    retry: RetryLimits,
}

#[derive(Debug, Clone, Copy)]
struct RetryLimits {
    tries: u32,
    longest_wait: Duration,
    first_wait: Duration,
}

/// How long a call may take, its answer included.
pub(crate) const CALL_TIME: Duration = Duration::from_mins(2);
/// How long sending a large body may take.
pub(crate) const LONG_CALL_TIME: Duration = Duration::from_hours(1);

/// Whether a request may be sent twice without doing something twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It may.
    Safe,
    /// It may not: only a 429, which did nothing, is tried again.
    Unsafe,
}

impl Transport {
    /// A transport with choices to make.
    pub fn builder() -> TransportBuilder {
        TransportBuilder {
            builder: reqwest::Client::builder()
                .user_agent(concat!("casbah/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(10)),
            retry: RetryLimits {
                tries: 5,
                longest_wait: Duration::from_secs(90),
                first_wait: Duration::from_millis(250),
            },
        }
    }

    /// Sends what `build` makes, again and again within the limits.
    pub(crate) async fn send(
        &self,
        repeat: Repeat,
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Error> {
        self.send_within(CALL_TIME, repeat, build).await
    }

    /// The same for a body that may take long on a slow line.
    pub(crate) async fn send_long(
        &self,
        repeat: Repeat,
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Error> {
        self.send_within(LONG_CALL_TIME, repeat, build).await
    }

    /// The same within any time.
    pub(crate) async fn send_within(
        &self,
        time: Duration,
        repeat: Repeat,
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let mut wait = self.retry.first_wait;
        for _ in 1..self.retry.tries {
            let response = build(&self.http).timeout(time).send().await?;
            let pause = match response.status() {
                StatusCode::TOO_MANY_REQUESTS => retry_after(&response).unwrap_or(wait),
                StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
                    if repeat == Repeat::Safe =>
                {
                    retry_after(&response).unwrap_or(wait)
                }
                _ => return Ok(response),
            };
            if pause > self.retry.longest_wait {
                return Ok(response);
            }
            tokio::time::sleep(pause).await;
            wait = wait.saturating_mul(2);
        }
        Ok(build(&self.http).timeout(time).send().await?)
    }
}

/// `Retry-After` in seconds (RFC 9110 10.2.3; the date form is not used here).
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(text.trim().parse().ok()?))
}

/// Choices for a [`Transport`].
#[derive(Debug)]
pub struct TransportBuilder {
    builder: reqwest::ClientBuilder,
    retry: RetryLimits,
}

impl TransportBuilder {
    /// Trusts the certificates of a PEM file beside those of the system.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Certificate`].
    pub fn ca_file(self, path: &Path) -> Result<Self, Error> {
        let pem = std::fs::read(path).map_err(|source| Error::File {
            path: path.display().to_string(),
            source,
        })?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or_else(|| Error::Certificate {
                path: path.display().to_string(),
            })?;
        Ok(Self {
            builder: self.builder.tls_certs_merge(certificates),
            ..self
        })
    }

    /// How often a request is sent at most (5 by default), and how long a wait
    /// asked for by the server may be (90 s by default) before its refusal is
    /// handed back instead.
    #[must_use]
    pub fn retry(mut self, tries: u32, longest_wait: Duration) -> Self {
        self.retry.tries = tries.max(1);
        self.retry.longest_wait = longest_wait;
        self
    }

    /// The transport.
    ///
    /// # Errors
    /// [`Error::Connection`] when TLS cannot be set up.
    pub fn build(self) -> Result<Transport, Error> {
        Ok(Transport {
            http: self.builder.build()?,
            retry: self.retry,
        })
    }
}
