//! The signals that end a program.

/// Ends with Ctrl-C, or with SIGTERM where there is one.
pub(crate) async fn interrupted() {
    let ctrl_c = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = ctrl_c => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler the process ends at the signal all the same.
    let _ = ctrl_c.await;
}
