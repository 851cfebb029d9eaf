//! Ctrl-C and SIGTERM.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use trueup_engine::execute::Stop;

use crate::cli::Trouble;

/// The signals that ask the process to end, from the moment on at which this is made: none is missed between two
/// waits.
#[cfg(unix)]
struct Signals {
    /// Without a handler there is nothing to wait for: the default action ends the process.
    heard: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = signal(SignalKind::interrupt())
            .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
        Signals { heard: both.ok() }
    }

    async fn next(&mut self) {
        match &mut self.heard {
            None => std::future::pending().await,
            Some((interrupt, terminate)) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Signals
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Waits for the next signal that asks the process to end.
pub(super) async fn signal() {
    Signals::listen().next().await;
}

/// Runs a command that writes nothing to the account: a signal ends it at once.
pub(super) async fn or_interrupted<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    // The work begins first: while it reads its file, which may be standard input, a signal ends the process as ever.
    tokio::select! {
        biased;
        done = work => done,
        () = signal() => Err(Trouble::Interrupted),
    }
}

/// From now on the first signal lets a run finish what has started, and the second one abandons it.
pub(super) fn stop_on_signals() -> Stop {
    let stop = Stop::default();
    let told = stop.clone();
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        told.soon.cancel();
        signals.next().await;
        told.now.cancel();
    });
    stop
}

/// What the work came to, or nothing if it was given up for a signal.
pub(super) async fn unless<T>(signal: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    signal.run_until_cancelled(work).await
}
