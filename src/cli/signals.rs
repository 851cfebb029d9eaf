//! Ctrl-C, SIGTERM, and SIGHUP: a terminal that is closed.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use trueup_engine::execute::Stop;

use crate::cli::Trouble;

/// The signals that ask the process to end, from the moment on at which this is made: none is missed between two
/// waits.
#[cfg(unix)]
struct Signals {
    /// Without a handler there is nothing to wait for: the default action ends the process.
    heard: Option<Heard>,
}

#[cfg(unix)]
struct Heard {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Not listened to where it is ignored, as `nohup` asks for.
    hangup: Option<tokio::signal::unix::Signal>,
}

/// True if the process was started to outlive its terminal. Only Linux shows that.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & HANGUP != 0)
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let all = || {
            let hangup = SignalKind::hangup();
            let hangup = (!ignores_hangup()).then(|| signal(hangup)).transpose()?;
            Ok::<_, std::io::Error>(Heard {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup,
            })
        };
        Signals { heard: all().ok() }
    }

    async fn next(&mut self) {
        match &mut self.heard {
            None => std::future::pending().await,
            Some(heard) => {
                let hangup = async {
                    match &mut heard.hangup {
                        Some(hangup) => hangup.recv().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _ = heard.interrupt.recv() => {}
                    _ = heard.terminate.recv() => {}
                    _ = hangup => {}
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
