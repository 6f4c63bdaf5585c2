//! Counts the use of applications' roles, in memory, and hands the counts to the
//! store every few seconds: a call of the API must not cost a write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use casbah_model::ids::{AppId, TenantId};
use casbah_model::permission::{ApplicationRole, Use};
use casbah_model::time::Timestamp;
use casbah_store::RoleUse;
use tokio::sync::watch;

use crate::state::App;

/// How often counts are handed to the store. A crash loses what came since.
const FLUSH: Duration = Duration::from_secs(10);

/// How many counts wait at most while the store fails.
const MOST: usize = 100_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    app: AppId,
    role: ApplicationRole,
    what: Use,
    day: i64,
}

#[derive(Debug, Clone)]
struct Count {
    calls: u64,
    only: u64,
    last: Timestamp,
    call: String,
}

/// Counts since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<HashMap<Key, Count>>);

impl Usage {
    /// Counts one call for every role that allowed it.
    pub(crate) fn note(
        &self,
        tenant: TenantId,
        app: AppId,
        roles: &[ApplicationRole],
        what: Use,
        call: &str,
        now: Timestamp,
    ) {
        let only = u64::from(roles.len() == 1);
        for role in roles {
            let key = Key {
                tenant,
                app,
                role: *role,
                what,
                day: now.day(),
            };
            let count = Count {
                calls: 1,
                only,
                last: now,
                call: call.to_owned(),
            };
            self.add(key, count);
        }
    }

    fn add(&self, key: Key, new: Count) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = counts.len() < MOST;
        match counts.get_mut(&key) {
            Some(count) => {
                count.calls += new.calls;
                count.only += new.only;
                if new.last >= count.last {
                    count.last = new.last;
                    if count.call != new.call {
                        count.call = new.call;
                    }
                }
            }
            None if has_room => {
                counts.insert(key, new);
            }
            None => {}
        }
    }

    /// Takes what was counted.
    fn take(&self) -> Vec<RoleUse> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counts
            .into_iter()
            .map(|(key, count)| RoleUse {
                tenant: key.tenant,
                app: key.app,
                role: key.role,
                what: key.what,
                day: key.day,
                count: count.calls,
                only: count.only,
                last: count.last,
                call: count.call,
            })
            .collect()
    }

    fn give_back(&self, uses: Vec<RoleUse>) {
        for used in uses {
            let key = Key {
                tenant: used.tenant,
                app: used.app,
                role: used.role,
                what: used.what,
                day: used.day,
            };
            let count = Count {
                calls: used.count,
                only: used.only,
                last: used.last,
                call: used.call,
            };
            self.add(key, count);
        }
    }
}

/// Hands what was counted to the store; keeps it if that fails.
pub(crate) async fn flush(app: &App) {
    let uses = app.usage.take();
    if uses.is_empty() {
        return;
    }
    if let Err(error) = app.store.add_role_uses(uses.clone()).await {
        tracing::error!(%error, "the use of permissions cannot be written");
        app.usage.give_back(uses);
    }
}

/// Flushes until `stopped` says so, and then once more.
pub(crate) async fn keep_flushing(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    loop {
        let is_last = tokio::select! {
            () = tokio::time::sleep(FLUSH) => false,
            _ = stopped.changed() => true,
        };
        flush(&app).await;
        if is_last {
            return;
        }
    }
}
