//! Exports: what a tenant's feeds bring is sent to webhooks and log receivers.

mod cef;
mod records;
mod retry;
mod runner;
mod syslog;
#[cfg(test)]
mod tests;
mod webhook;

use std::time::Duration;

use casbah_connect::ConnectError;
use casbah_identity::crypto::{SealContext, SealError};
use casbah_identity::random::NoRandomness;
use casbah_identity::webhook::WebhookSecret;
use casbah_model::export::ExportTarget;
use casbah_model::identity::Sealed;
use casbah_model::ids::{KeyId, TenantId};
use casbah_model::time::Timestamp;
use casbah_store::{Export, StoreError};
use secrecy::ExposeSecret;

use crate::state::App;
use records::Records;
pub(crate) use runner::run;

/// How long a receiver has for a batch.
const WITHIN: Duration = Duration::from_secs(15);

/// A batch was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The receiver could not be reached, or may not be.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The receiver answered with a refusal.
    #[error("the receiver answered {status}")]
    Refused {
        /// The status.
        status: u16,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The receiver wants nothing more.
    #[error("the receiver answered 410, so the export was switched off")]
    Ended,
    /// The secret cannot be read.
    #[error("the secret of the webhook cannot be read")]
    Secret,
    /// The sealed secret cannot be opened.
    #[error("the secret of the webhook cannot be opened: {0}")]
    Seal(#[from] SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be written.
    #[error("a record cannot be written: {0}")]
    Document(#[from] serde_json::Error),
}

/// What is sent at once.
pub(crate) struct Sending {
    /// The records, which are of one feed.
    records: Records,
    /// The name of the batch, the same at every try.
    id: String,
    /// When the batch was put together.
    made: Timestamp,
    /// Whether the records are made up.
    is_test: bool,
}

impl Sending {
    /// One made-up alert.
    pub(crate) fn test(export: &Export, now: Timestamp) -> Self {
        let records = Records::test(export, now);
        Self {
            records,
            id: format!("msg_{}", uuid::Uuid::new_v4().simple()),
            made: now,
            is_test: true,
        }
    }

    /// Sends it to the export's receiver.
    pub(crate) async fn send(
        &self,
        app: &App,
        export: &Export,
        within: Duration,
    ) -> Result<(), SendError> {
        match &export.target {
            ExportTarget::Webhook { url } => webhook::send(app, export, url, self, within).await,
            ExportTarget::Syslog {
                transport,
                host,
                port,
            } => {
                let messages = syslog::messages(app, *transport, self)?;
                let transmission = casbah_connect::Transmission {
                    transport: syslog::transport(*transport),
                    host,
                    port: *port,
                    messages: &messages,
                    within,
                };
                Ok(app.connector.transmit(transmission).await?)
            }
        }
    }
}

/// Sends one made-up record.
pub(crate) async fn send_test(app: &App, export: &Export) -> Result<(), SendError> {
    let sending = Sending::test(export, Timestamp::now());
    sending.send(app, export, WITHIN).await
}

/// A fresh secret, and the same sealed for the export's row.
pub(crate) fn new_secret(
    app: &App,
    tenant: TenantId,
    export: KeyId,
) -> Result<(secrecy::SecretString, Sealed), NewSecretError> {
    let text = WebhookSecret::generate()?.text();
    let place = secret_place(tenant, export);
    let sealed = app.vault.seal(&place, text.expose_secret().as_bytes())?;
    Ok((text, sealed))
}

/// A secret cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewSecretError {
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

fn secret_place(tenant: TenantId, export: KeyId) -> SealContext {
    SealContext::tenant(tenant, "export", export.to_string())
}
