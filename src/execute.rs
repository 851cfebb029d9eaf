//! Running the steps of a plan as its graph allows. Knows nothing of AWS: what a step does is handed in.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::fault::Fault;
use crate::plan::{Step, Why};
use crate::progress::{Event, Watch};

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran and its calls were accepted.
    Done,
    /// A call failed.
    Failed(Fault),
    /// It waits for that step, which did not run to its end.
    Skipped(usize),
    /// It was not tried, since it cannot or must not run.
    Blocked(Why),
    /// It is disruptive or destructive and nobody allowed it.
    NoConsent,
    /// The run was interrupted before it started.
    NotStarted,
    /// The run was abandoned while it was running: it may or may not have happened.
    Unknown,
}

/// Why a step that was started did not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// A call failed.
    Failed(Fault),
    /// It was refused before its first write.
    Refused(Why),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Halt {
        Halt::Failed(fault)
    }
}

/// How a run can be ended early.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Start nothing more; wait for what runs.
    pub soon: CancellationToken,
    /// Do not even wait.
    pub now: CancellationToken,
}

/// Runs the steps: each one once all steps that it waits for are done, up to `parallelism` at a time.
///
/// A step that fails, is refused or lacks consent takes exactly its descendants with it; everything else goes
/// on. Returns one outcome a step, in the order of the steps.
pub async fn run<F, G>(
    steps: &[Step],
    consent: &(dyn Fn(&Step) -> bool + Sync),
    parallelism: usize,
    stop: &Stop,
    watch: &Watch,
    go: G,
) -> Vec<Outcome>
where
    G: Fn(usize) -> F,
    F: Future<Output = Result<(), Halt>>,
{
    let position: BTreeMap<usize, usize> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| (step.number, at))
        .collect();
    let mut outcomes: Vec<Option<Outcome>> = steps.iter().map(|step| verdict_before(step, consent)).collect();
    for (step, outcome) in steps.iter().zip(&outcomes) {
        if let Some(outcome) = outcome {
            watch(Event::Ended(step, outcome));
        }
    }
    let mut waiting: BTreeSet<usize> = (0..steps.len()).filter(|at| outcomes[*at].is_none()).collect();
    let mut running = FuturesUnordered::new();
    let mut in_flight = BTreeSet::new();
    let mut told_stopping = false;
    loop {
        settle_skipped(steps, &position, &mut waiting, &mut outcomes, watch);
        while running.len() < parallelism.max(1) && !stop.soon.is_cancelled() {
            let ready = |at: &usize| {
                steps[*at].after.iter().all(|before| {
                    position
                        .get(before)
                        .is_some_and(|before| outcomes[*before] == Some(Outcome::Done))
                })
            };
            let Some(at) = waiting.iter().copied().find(ready) else {
                break;
            };
            waiting.remove(&at);
            in_flight.insert(at);
            watch(Event::Started(&steps[at]));
            let work = go(at);
            running.push(async move { (at, work.await) });
        }
        if running.is_empty() {
            break;
        }
        if stop.soon.is_cancelled() && !told_stopping {
            told_stopping = true;
            watch(Event::Stopping {
                running: running.len(),
            });
        }
        let (at, result) = tokio::select! {
            biased;
            () = stop.now.cancelled() => break,
            Some(ended) = running.next() => ended,
            () = stop.soon.cancelled(), if !told_stopping => continue,
        };
        in_flight.remove(&at);
        let outcome = match result {
            Ok(()) => Outcome::Done,
            Err(Halt::Failed(fault)) => Outcome::Failed(fault),
            Err(Halt::Refused(why)) => Outcome::Blocked(why),
        };
        watch(Event::Ended(&steps[at], &outcome));
        outcomes[at] = Some(outcome);
    }
    for at in in_flight {
        outcomes[at] = Some(Outcome::Unknown);
    }
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or(Outcome::NotStarted))
        .collect()
}

/// What is known of a step before anything runs.
fn verdict_before(step: &Step, consent: &(dyn Fn(&Step) -> bool + Sync)) -> Option<Outcome> {
    if let Some(why) = &step.blocked {
        return Some(Outcome::Blocked(why.clone()));
    }
    (!consent(step)).then_some(Outcome::NoConsent)
}

/// Gives the descendants of what did not run to its end their outcome.
fn settle_skipped(
    steps: &[Step],
    position: &BTreeMap<usize, usize>,
    waiting: &mut BTreeSet<usize>,
    outcomes: &mut [Option<Outcome>],
    watch: &Watch,
) {
    // Steps are in topological order, so that one pass reaches every descendant.
    for at in waiting.clone() {
        let lost = steps[at].after.iter().copied().find(|before| {
            position
                .get(before)
                .is_none_or(|before| !matches!(outcomes[*before], None | Some(Outcome::Done)))
        });
        if let Some(lost) = lost {
            let outcome = Outcome::Skipped(lost);
            watch(Event::Ended(&steps[at], &outcome));
            outcomes[at] = Some(outcome);
            waiting.remove(&at);
        }
    }
}
