//! Forgets changes that nobody is expected to ask for any more.

use std::time::Duration;

use casbah_model::time::Timestamp;
use casbah_store::Store;
use tokio::sync::watch;

/// How many days a feed reaches back.
const DAYS: i64 = 7;

const INTERVAL: Duration = Duration::from_hours(1);

/// Shortens all feeds now and then every hour, until `stopped` says so.
pub(crate) async fn prune_changes(store: Store, mut stopped: watch::Receiver<bool>) {
    loop {
        let before = Timestamp::now().minus_days(DAYS);
        if let Err(error) = store.prune_changes(before).await {
            tracing::error!(%error, "feeds cannot be shortened");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stopped.changed() => return,
        }
    }
}
