//! Handing documents to receivers.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use super::{ConnectError, Connector, connection};

/// What of an answer is read, so that the connection can be used again.
const READ: usize = 64 << 10;

/// How long an answer's body is waited for. Nobody needs it.
const BODY_TIME: Duration = Duration::from_secs(1);

/// How a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The status, which is no redirect.
    pub status: u16,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
}

impl Connector {
    /// Whether documents may be sent to an address, as far as can be told before its
    /// name is resolved.
    ///
    /// # Errors
    /// [`ConnectError::Url`], [`ConnectError::Private`]
    pub fn check_url(&self, url: &str) -> Result<(), ConnectError> {
        self.permitted(url).map(drop)
    }

    /// Posts a JSON document with these headers. The receiver has `within` to answer with
    /// a status.
    ///
    /// # Errors
    /// [`ConnectError`], but not for the answer's status.
    pub async fn deliver(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Receipt, ConnectError> {
        let url = self.permitted(url)?;
        let mut request = self.http.post(url).timeout(within + BODY_TIME);
        request = request.header(CONTENT_TYPE, "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = tokio::time::timeout(within, request.send())
            .await
            .map_err(|_| ConnectError::TimedOut)?
            .map_err(connection)?;
        if answer.status().is_redirection() {
            return Err(ConnectError::Redirect);
        }
        let retry_after = answer.headers().get(RETRY_AFTER);
        let receipt = Receipt {
            status: answer.status().as_u16(),
            retry_after: retry_after
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        };
        let read = async {
            let mut length = 0;
            while let Ok(Some(chunk)) = answer.chunk().await {
                length += chunk.len();
                if length > READ {
                    break;
                }
            }
        };
        // The status says it all, whatever becomes of the rest.
        let _ = tokio::time::timeout(BODY_TIME, read).await;
        Ok(receipt)
    }
}
