//! Waiting for what AWS sees late: the same call again, with a bound, and only for the codes that say so.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trueup_core::fault::Fault;

use crate::Failure;

/// What a step waits for before it makes a call again: AWS sees late what was changed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What has to be so, as it follows on the word "until": `CloudTrail sees the role`.
    pub until: &'static str,
    /// How long the step has waited for it.
    pub so_far: Duration,
}

/// How a step says that it waits, and by nothing that it goes on. By default nobody listens, as with readings.
#[derive(Clone, Default)]
pub struct Tell(Option<Arc<dyn Fn(Option<Waiting>) + Send + Sync>>);

impl Tell {
    /// Tells this listener.
    pub fn new(listener: impl Fn(Option<Waiting>) + Send + Sync + 'static) -> Self {
        Tell(Some(Arc::new(listener)))
    }

    /// Tells whoever listens.
    pub fn tell(&self, waiting: Option<Waiting>) {
        if let Some(listener) = &self.0 {
            listener(waiting);
        }
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tell" } else { "Tell(nobody)" })
    }
}

/// Pauses of 20 seconds in all.
pub const HALF_A_MINUTE: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(10),
];

/// Pauses of two minutes in all, for a new role that other services do not know yet.
pub const TWO_MINUTES: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
];

/// What lasts no longer nobody needs to know, and nobody counts in less.
const A_SECOND: Duration = Duration::from_secs(1);

/// One wait of a step: it is told when it begins, each second, and when it is over.
#[derive(Debug)]
pub struct Wait {
    until: &'static str,
    tell: Tell,
    begun: Option<Instant>,
    is_told: bool,
}

impl Wait {
    /// A wait that begins with its first pause. `until` says what has to be so before the step goes on.
    pub fn new(tell: Tell, until: &'static str) -> Self {
        Wait {
            until,
            tell,
            begun: None,
            is_told: false,
        }
    }

    /// Waits so long.
    pub async fn pause(&mut self, pause: Duration) {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        let end = now + pause;
        loop {
            let now = Instant::now();
            if end - begun >= A_SECOND {
                self.is_told = true;
                self.tell.tell(Some(Waiting {
                    until: self.until,
                    so_far: now - begun,
                }));
            }
            tokio::time::sleep_until(end.min(now + A_SECOND)).await;
            if Instant::now() >= end {
                return;
            }
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if self.is_told {
            self.tell.tell(None);
        }
    }
}

/// Makes a call again after each of the pauses, as long as its error says that something is not seen yet.
pub async fn while_passing<T, F>(
    mut wait: Wait,
    pauses: &[Duration],
    is_passing: impl Fn(&Fault) -> bool + Send,
    call: impl Fn() -> F + Send,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    for pause in pauses {
        match call().await {
            Err(fault) if is_passing(&fault) => {
                tracing::info!(call = fault.call, code = fault.code, "waits until {}", wait.until);
                wait.pause(*pause).await;
            }
            answer => return answer,
        }
    }
    call().await.map_err(|fault| match is_passing(&fault) {
        true => Failure(Fault {
            message: format!("{} (tried {} times)", fault.message, pauses.len() + 1),
            ..fault.0
        }),
        false => fault,
    })
}

/// The same for these codes.
pub async fn patiently<T, F>(
    wait: Wait,
    pauses: &[Duration],
    passing: &[&str],
    call: impl Fn() -> F + Send,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    while_passing(wait, pauses, |fault| fault.is_one_of(passing), call).await
}

/// Asks again, after each of the pauses, until the answer is yes.
pub async fn until<F>(
    mut wait: Wait,
    pauses: &[Duration],
    call: &str,
    not_yet: &str,
    is_so: impl Fn() -> F + Send,
) -> Result<(), Failure>
where
    F: Future<Output = Result<bool, Failure>> + Send,
{
    for pause in pauses {
        if is_so().await? {
            return Ok(());
        }
        wait.pause(*pause).await;
    }
    if is_so().await? {
        return Ok(());
    }
    let waited: Duration = pauses.iter().sum();
    Err(Failure::answer(
        call,
        format!("{not_yet} after {} seconds; plan again later", waited.as_secs()),
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use trueup_core::fault::FaultKind;

    use super::*;

    const AT_ONCE: &[Duration] = &[Duration::ZERO; 4];
    const STILL_USED: &[&str] = &["DependencyViolation"];

    fn fault(code: &str) -> Fault {
        Fault {
            kind: FaultKind::Service,
            code: Some(code.to_owned()),
            ..Fault::answer("ec2:DeleteVpc", "the vpc has dependencies")
        }
    }

    fn silent() -> Wait {
        Wait::new(Tell::default(), "nothing uses it any more")
    }

    /// Calls patiently something that answers with these codes in turn, then well; how often was it called?
    async fn tried(codes: &[&str]) -> (Result<(), Failure>, usize) {
        let calls = AtomicUsize::new(0);
        let answer = patiently(silent(), AT_ONCE, STILL_USED, || async {
            match codes.get(calls.fetch_add(1, Ordering::Relaxed)) {
                Some(code) => Err(fault(code).into()),
                None => Ok(()),
            }
        })
        .await;
        (answer, calls.into_inner())
    }

    #[tokio::test]
    async fn what_is_not_seen_yet_is_tried_again_until_it_is() {
        assert_eq!(tried(&[]).await, (Ok(()), 1));
        assert_eq!(
            tried(&["DependencyViolation", "DependencyViolation"]).await,
            (Ok(()), 3)
        );
    }

    #[test]
    fn every_wait_has_its_bound() {
        let seconds = |pauses: &[Duration]| pauses.iter().sum::<Duration>().as_secs();
        assert_eq!((seconds(HALF_A_MINUTE), seconds(TWO_MINUTES)), (20, 120));
    }

    #[tokio::test]
    async fn after_the_last_try_the_fault_says_how_often_it_was_tried() {
        let (answer, calls) = tried(&["DependencyViolation"; 9]).await;
        assert_eq!(calls, 5);
        assert_eq!(
            answer.unwrap_err().in_full(),
            "ec2:DeleteVpc: DependencyViolation: the vpc has dependencies (tried 5 times)"
        );
    }

    #[tokio::test]
    async fn another_fault_ends_the_tries_at_once() {
        let (answer, calls) = tried(&["DependencyViolation", "UnauthorizedOperation"]).await;
        assert_eq!(
            (answer.unwrap_err(), calls),
            (fault("UnauthorizedOperation").into(), 2)
        );
    }

    #[tokio::test]
    async fn waiting_ends_with_a_fault_that_says_what_did_not_come() {
        let answer = until(
            silent(),
            AT_ONCE,
            "ec2:DescribeVpcs",
            "still lists it",
            || async { Ok(false) },
        );
        assert_eq!(
            answer.await.unwrap_err().to_string(),
            "ec2:DescribeVpcs: still lists it after 0 seconds; plan again later"
        );
    }

    /// What is told of a wait with these pauses, in milliseconds: the whole seconds so far, or that it is over.
    async fn told(pauses: &[u64]) -> Vec<Option<u64>> {
        let told = Arc::new(Mutex::new(vec![]));
        let heard = Arc::clone(&told);
        let tell = Tell::new(move |waiting| {
            let seconds = waiting.map(|waiting| {
                assert_eq!(waiting.until, "EC2 lists it");
                waiting.so_far.as_secs()
            });
            heard.lock().unwrap().push(seconds);
        });
        let mut wait = Wait::new(tell, "EC2 lists it");
        for pause in pauses {
            wait.pause(Duration::from_millis(*pause)).await;
        }
        drop(wait);
        Arc::into_inner(told).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn a_wait_is_told_from_its_beginning_each_second_and_when_it_is_over() {
        let told = told(&[1100, 1100]).await;
        // A busy machine may sleep through one of the seconds, but not through the ends.
        assert_eq!(
            (told.first(), told.last()),
            (Some(&Some(0)), Some(&None)),
            "{told:?}"
        );
        let seconds: Vec<u64> = told.iter().flatten().copied().collect();
        assert!(seconds.contains(&1) && seconds.is_sorted(), "{seconds:?}");
        assert_eq!(seconds.len(), told.len() - 1);
    }

    #[tokio::test]
    async fn nothing_is_told_of_what_lasts_less_than_a_second() {
        assert_eq!(told(&[]).await, []);
        assert_eq!(told(&[0, 10, 10]).await, []);
        assert_eq!(told(&[10, 1000]).await.first(), Some(&Some(0)));
    }
}
