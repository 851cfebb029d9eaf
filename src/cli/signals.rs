//! Ctrl-C and SIGTERM.

use std::future::Future;

use crate::cli::Trouble;
use crate::execute::Stop;

/// Waits for the next signal that asks the process to end.
pub(super) async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Without a handler there is nothing to wait for: the default action ends the process.
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Runs a command that writes nothing to the account: a signal ends it at once.
pub(super) async fn or_interrupted<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::select! {
        biased;
        () = signal() => Err(Trouble::Interrupted),
        done = work => done,
    }
}

/// From now on the first signal lets a run finish what has started, and the second one abandons it.
pub(super) fn stop_on_signals() -> Stop {
    let stop = Stop::default();
    let told = stop.clone();
    tokio::spawn(async move {
        signal().await;
        told.soon.cancel();
        signal().await;
        told.now.cancel();
    });
    stop
}
