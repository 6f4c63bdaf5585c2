//! Batches to webhooks, signed after *Standard Webhooks*.

use std::time::Duration;

use casbah_identity::webhook::WebhookSecret;
use casbah_model::time::Timestamp;
use casbah_store::{Export, Feed};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{SendError, Sending, retry, secret_place};
use crate::state::App;

/// What is posted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(rename = "type")]
    kind: &'static str,
    tenant_id: casbah_model::ids::TenantId,
    timestamp: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    data: Vec<Box<RawValue>>,
}

const fn kind(feed: Feed) -> &'static str {
    match feed {
        Feed::Activities => "activities.arrived",
        Feed::Alerts => "alerts.changed",
    }
}

pub(super) async fn send(
    app: &App,
    export: &Export,
    url: &str,
    sending: &Sending,
    within: Duration,
) -> Result<(), SendError> {
    let message = Message {
        kind: kind(sending.records.feed()),
        tenant_id: export.tenant,
        timestamp: sending.made.to_iso(),
        test: sending.is_test,
        data: sending.records.raw(app)?,
    };
    let body = serde_json::to_vec(&message)?;
    let now = Timestamp::now();
    let signature = secret(app, export)
        .await?
        .sign(&sending.id, now.seconds(), &body);
    let headers = [
        ("webhook-id", sending.id.as_str()),
        ("webhook-timestamp", &now.seconds().to_string()),
        ("webhook-signature", &signature),
    ];
    let receipt = app.connector.deliver(url, &headers, body, within).await?;
    match receipt.status {
        200..=299 => Ok(()),
        410 => Err(SendError::Ended),
        status => Err(SendError::Refused {
            status,
            retry_after: receipt
                .retry_after
                .and_then(|text| retry::after(&text, Timestamp::now())),
        }),
    }
}

async fn secret(app: &App, export: &Export) -> Result<WebhookSecret, SendError> {
    let sealed = app.store.export_secret(export.tenant, export.id).await?;
    let sealed = sealed.ok_or(SendError::Secret)?;
    let place = secret_place(export.tenant, export.id);
    let text = app.vault.open(&place, &sealed)?;
    let text = std::str::from_utf8(&text).map_err(|_| SendError::Secret)?;
    WebhookSecret::parse(&SecretString::from(text)).map_err(|_| SendError::Secret)
}
