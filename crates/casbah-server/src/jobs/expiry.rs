//! Says in the log that a credential ends soon: once at each threshold, whichever
//! node looks and however often the server starts.

use std::sync::Arc;
use std::time::Duration;

use casbah_identity::expiry::{days_left, threshold};
use casbah_model::time::Timestamp;
use casbah_store::StoreError;
use tokio::sync::watch;

use crate::state::App;

/// How often credentials are looked at.
const INTERVAL: Duration = Duration::from_hours(1);

/// Looks at all credentials now and then every hour, until `stopped` says so.
pub(crate) async fn watch_credentials(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = warn(&app, Timestamp::now()).await {
            tracing::error!(%error, "credentials cannot be read");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Says what has come to a threshold and was not said before; answers how many.
pub(super) async fn warn(app: &App, now: Timestamp) -> Result<usize, StoreError> {
    let mut said = 0;
    for tenant in app.store.tenants().await? {
        for held in app.store.credentials(tenant.id).await? {
            let Some((end, threshold)) = held.end.and_then(|end| Some((end, threshold(end, now)?)))
            else {
                continue;
            };
            let store = &app.store;
            let is_new = store.begin_expiry_warning(tenant.id, held.key_id, threshold, now);
            if is_new.await? {
                said += 1;
                tracing::warn!(
                    tenant = %tenant.id,
                    app_id = %held.app_id,
                    application = held.holder,
                    kind = held.kind.name(),
                    key_id = %held.key_id,
                    %end,
                    days = days_left(end, now),
                    "a credential ends soon",
                );
            }
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use casbah_identity::secret::{SecretOptions, new_client_secret};

    use super::*;
    use crate::testing::{TestServer, audit_record};

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_said_once_at_each_threshold() {
        let server = TestServer::start().await;
        let (app, tenant) = (&server.app, server.tenant);
        let client = server.client(tenant, &[]).await;
        let now = Timestamp::now();
        let options = SecretOptions {
            end: Some(now.minus_days(-40)),
            ..SecretOptions::default()
        };
        let id = client.application.id;
        let new = new_client_secret(&app.peppers, tenant, id, options, now).unwrap();
        app.store
            .add_client_secret(new.stored, audit_record())
            .await
            .unwrap();
        let mut said = Vec::new();
        for day in 0..45 {
            // Twice a day, as after a start.
            for _ in 0..2 {
                if warn(app, now.minus_days(-day)).await.unwrap() > 0 {
                    said.push(40 - day);
                }
            }
        }
        assert_eq!(said, [30, 7, 1]);
    }
}
