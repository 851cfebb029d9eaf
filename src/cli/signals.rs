//! Ctrl-C and SIGTERM.

use std::future::Future;

use crate::cli::Trouble;
use crate::execute::Stop;

/// The signals that ask the process to end, from when this was made on: none gets lost while nobody waits for it.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // Without a handler there is nothing to wait for: the default action ends the process.
        Signals {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> Self {
        Signals {}
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
            let told = match signal {
                Some(signal) => signal.recv().await,
                None => None,
            };
            if told.is_none() {
                std::future::pending().await
            }
        }
        tokio::select! {
            () = received(&mut self.interrupt) => {}
            () = received(&mut self.terminate) => {}
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }

    /// Runs what writes nothing to the account: a signal ends it at once.
    pub(super) async fn or_interrupted<T>(
        &mut self,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.next() => Err(Trouble::Interrupted),
            done = work => done,
        }
    }

    /// From now on the first signal lets a run finish what has started, and the second one abandons it.
    pub(super) fn into_stop(mut self) -> Stop {
        let stop = Stop::default();
        let told = stop.clone();
        tokio::spawn(async move {
            self.next().await;
            told.soon.cancel();
            self.next().await;
            told.now.cancel();
        });
        stop
    }
}
