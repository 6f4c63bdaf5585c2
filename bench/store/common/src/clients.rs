//! Concurrent clients that each write one row and wait until it is committed.

use crate::Options;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// A row to write, and whom to tell when it is committed.
pub struct LogicalWrite {
    /// Number of the row in the sequence.
    pub row: u64,
    /// Told after the commit.
    pub done: oneshot::Sender<()>,
}

/// Starts the clients and gives the writer's end of their queue; the queue closes when all rows
/// of `options.writes` are acknowledged.
pub fn run_clients(
    options: &Options,
    runtime: &tokio::runtime::Handle,
) -> mpsc::UnboundedReceiver<LogicalWrite> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let next = Arc::new(AtomicU64::new(0));
    for _ in 0..options.clients {
        let (sender, next, writes) = (sender.clone(), Arc::clone(&next), options.writes);
        runtime.spawn(async move {
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                if row >= writes {
                    return;
                }
                let (done, acknowledged) = oneshot::channel();
                if sender.send(LogicalWrite { row, done }).is_err() || acknowledged.await.is_err() {
                    return;
                }
            }
        });
    }
    receiver
}

/// Adds to `batch` what else waits, up to `limit` writes in all.
pub fn drain(
    queue: &mut mpsc::UnboundedReceiver<LogicalWrite>,
    batch: &mut Vec<LogicalWrite>,
    limit: usize,
) {
    while batch.len() < limit
        && let Ok(write) = queue.try_recv()
    {
        batch.push(write);
    }
}
