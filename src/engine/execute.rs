//! Running the steps of a plan as its graph allows. Knows nothing of AWS: what a step does is handed in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::plan::{Step, Why};
use trueup_core::registry::CellKey;

use crate::progress::{Event, Watch};

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran and its calls were accepted.
    Done,
    /// A call failed.
    Failed(Fault),
    /// An organization's policy or central configuration forbids a call; the account itself cannot change that.
    Denied(Fault),
    /// It waits for that step, which did not run to its end.
    Skipped(usize),
    /// It was not tried, since it cannot or must not run.
    Blocked(Why),
    /// It is disruptive or destructive and nobody allowed it.
    NoConsent,
    /// The run was interrupted before it started.
    NotStarted,
    /// It was abandoned while it was running, or broke off: it may or may not have happened.
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

impl Stop {
    /// One that ends with this one, and can be ended without it.
    pub fn child(&self) -> Stop {
        Stop {
            soon: self.soon.child_token(),
            now: self.now.child_token(),
        }
    }
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
    watch: &Watch<'_>,
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
            // A panic is a defect of one step, which must not take the others, or the report, with it.
            running.push(async move { (at, AssertUnwindSafe(work).catch_unwind().await) });
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
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(Halt::Failed(fault))) if is_by_others(fault.kind) => Outcome::Denied(fault),
            Ok(Err(Halt::Failed(fault))) => Outcome::Failed(fault),
            Ok(Err(Halt::Refused(why))) => Outcome::Blocked(why),
            Err(_panic) => Outcome::Unknown,
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

/// Whether a call is refused by what the account itself cannot change.
fn is_by_others(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::DeniedByOrganization | FaultKind::ConfiguredElsewhere
    )
}

/// The cells that are not as wanted for an organization's policy alone, each with what was said first: a step was
/// denied, and no other one failed or was left out but for waiting for such a step of the same cell. Cells of regions
/// only: a region may be one that the organization does not use, but without what the account has once it is not as
/// the file says.
pub fn denied(steps: &[Step], outcomes: &[Outcome]) -> HashMap<CellKey, Fault> {
    let mut denied = HashMap::new();
    for (step, outcome) in steps.iter().zip(outcomes) {
        if let (Outcome::Denied(fault), Some(_)) = (outcome, step.place.region()) {
            denied.entry(step.cell()).or_insert_with(|| fault.clone());
        }
    }
    for (step, outcome) in steps.iter().zip(outcomes) {
        let cell = step.cell();
        let for_that_alone = match outcome {
            Outcome::Done | Outcome::Denied(_) => true,
            Outcome::Skipped(lost) => steps
                .iter()
                .any(|other| other.number == *lost && other.cell() == cell),
            _ => false,
        };
        if !for_that_alone {
            denied.remove(&cell);
        }
    }
    denied
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
    watch: &Watch<'_>,
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use proptest::prelude::*;
    use trueup_core::change::{Class, Effect};
    use trueup_core::cost::Monthly;
    use trueup_core::location::Location;

    use super::*;

    fn step(number: usize, after: &[usize]) -> Step {
        Step {
            number,
            control: "account".try_into().unwrap(),
            place: Location::Account,
            title: format!("step {number}"),
            effect: Effect::Add,
            class: Class::Safe,
            risks: vec![],
            weakens: vec![],
            after: after.to_vec(),
            blocked: None,
            monthly: Monthly::default(),
            shown_within_minutes: None,
            action: serde_json::Value::Null,
        }
    }

    /// Steps as a plan numbers them: each waits for earlier ones, some are blocked, and so is what waits for those.
    fn any_steps() -> impl Strategy<Value = Vec<Step>> {
        let after = proptest::collection::vec(any::<prop::sample::Index>(), 0..3);
        proptest::collection::vec((after, 0_u8..20), 1..30).prop_map(|drawn| {
            let mut steps: Vec<Step> = vec![];
            for (after, blocked) in drawn {
                let earlier = steps.len();
                let after = after.iter().filter(|_| earlier > 0);
                let after: BTreeSet<usize> = after.map(|index| index.index(earlier) + 1).collect();
                let mut step = step(earlier + 1, &Vec::from_iter(after));
                let behind = step
                    .after
                    .iter()
                    .find(|before| steps[**before - 1].blocked.is_some());
                step.blocked = match (blocked, behind) {
                    (0, _) => Some(Why::InUse { what: vec![] }),
                    (_, Some(before)) => Some(Why::BehindBlocked(*before)),
                    _ => None,
                };
                steps.push(step);
            }
            steps
        })
    }

    fn fault() -> Fault {
        Fault {
            kind: FaultKind::Service,
            call: "ec2:DeleteVpc".into(),
            code: None,
            message: "no".into(),
            request_id: None,
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    }

    /// What happened, in the order in which it happened.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Moment {
        Start(usize),
        End(usize),
    }

    /// Runs the steps with a fake `go`: some fail, each takes its own time.
    fn act(
        steps: &[Step],
        failing: &BTreeSet<usize>,
        without_consent: &BTreeSet<usize>,
        parallelism: usize,
    ) -> (Vec<Outcome>, Vec<Moment>, usize) {
        let moments = Mutex::new(vec![]);
        let most = Mutex::new((0_usize, 0_usize));
        let outcomes = runtime().block_on(run(
            steps,
            &|step| !without_consent.contains(&step.number),
            parallelism,
            &Stop::default(),
            &|_| {},
            |at| {
                let number = steps[at].number;
                let (moments, most) = (&moments, &most);
                async move {
                    moments.lock().unwrap().push(Moment::Start(number));
                    {
                        let mut most = most.lock().unwrap();
                        most.0 += 1;
                        most.1 = most.1.max(most.0);
                    }
                    tokio::time::sleep(Duration::from_micros((number as u64 * 7919) % 500)).await;
                    most.lock().unwrap().0 -= 1;
                    moments.lock().unwrap().push(Moment::End(number));
                    if failing.contains(&number) {
                        Err(fault().into())
                    } else {
                        Ok(())
                    }
                }
            },
        ));
        (
            outcomes,
            moments.into_inner().unwrap(),
            most.into_inner().unwrap().1,
        )
    }

    /// Everything that waits for one of these, directly or through others, found by brute force.
    fn descendants(steps: &[Step], of: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut lost = of.clone();
        loop {
            let more: BTreeSet<usize> = steps
                .iter()
                .filter(|step| !lost.contains(&step.number) && step.after.iter().any(|n| lost.contains(n)))
                .map(|step| step.number)
                .collect();
            if more.is_empty() {
                return lost.difference(of).copied().collect();
            }
            lost.extend(more);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_starts_before_what_it_waits_for_is_done(
            steps in any_steps(),
            failing in proptest::collection::btree_set(1_usize..30, 0..4),
            silent in proptest::collection::btree_set(1_usize..30, 0..3),
            parallelism in 1_usize..9,
        ) {
            let (outcomes, moments, most) = act(&steps, &failing, &silent, parallelism);
            prop_assert!(most <= parallelism);
            for (step, outcome) in steps.iter().zip(&outcomes) {
                let start = moments.iter().position(|m| *m == Moment::Start(step.number));
                for before in &step.after {
                    prop_assert!(*before < step.number, "numbers follow the order");
                    if let Some(start) = start {
                        let end = moments.iter().position(|m| *m == Moment::End(*before));
                        prop_assert!(end.is_some_and(|end| end < start), "{} before {}", before, step.number);
                    }
                }
                prop_assert_eq!(start.is_some(), matches!(outcome, Outcome::Done | Outcome::Failed(_)));
            }
        }

        #[test]
        fn a_step_that_fails_takes_exactly_its_descendants_with_it(
            steps in any_steps(),
            failing in proptest::collection::btree_set(1_usize..30, 0..5),
            silent in proptest::collection::btree_set(1_usize..30, 0..3),
            parallelism in 1_usize..9,
        ) {
            let (outcomes, _, _) = act(&steps, &failing, &silent, parallelism);
            let blocked: BTreeSet<usize> =
                steps.iter().filter(|s| s.blocked.is_some()).map(|s| s.number).collect();
            let lost = descendants(&steps, &failing.union(&silent).chain(&blocked).copied().collect());
            for (step, outcome) in steps.iter().zip(&outcomes) {
                let n = step.number;
                match outcome {
                    Outcome::Done => prop_assert!(
                        !lost.contains(&n) && !failing.contains(&n) && !silent.contains(&n) && !blocked.contains(&n)
                    ),
                    Outcome::Failed(_) => prop_assert!(failing.contains(&n)),
                    Outcome::NoConsent => prop_assert!(silent.contains(&n)),
                    Outcome::Blocked(_) => prop_assert!(blocked.contains(&n)),
                    Outcome::Skipped(behind) => {
                        prop_assert!(lost.contains(&n) || failing.contains(&n));
                        prop_assert!(step.after.contains(behind));
                        let at = steps.iter().position(|s| s.number == *behind).unwrap();
                        prop_assert!(outcomes[at] != Outcome::Done);
                    }
                    other => prop_assert!(false, "{n} ended as {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_cell_is_denied_if_nothing_else_kept_its_steps_from_running() {
        let fault = Fault {
            kind: FaultKind::DeniedByOrganization,
            ..fault()
        };
        let at = |place: &str, step: Step| Step {
            place: Location::Region(place.parse().unwrap()),
            ..step
        };
        let steps = [
            at("eu-west-1", step(1, &[])),
            at("eu-west-1", step(2, &[1])),
            at("eu-west-1", step(3, &[2])),
            at("eu-west-2", step(4, &[3])),
            at("us-east-1", step(5, &[])),
            at("us-east-1", step(6, &[])),
            at("us-west-2", step(7, &[])),
            step(8, &[]),
        ];
        let run = || {
            runtime().block_on(run(&steps, &|_| true, 8, &Stop::default(), &|_| {}, |at| {
                let fault = match at {
                    0 | 4 | 7 => Some(fault.clone()),
                    5 => Some(self::fault()),
                    _ => None,
                };
                async move { fault.map_or(Ok(()), |fault| Err(fault.into())) }
            }))
        };
        let outcomes = run();
        assert_eq!(outcomes[0], Outcome::Denied(fault.clone()));
        assert_eq!(outcomes[3], Outcome::Skipped(3));
        assert_eq!(outcomes[6], Outcome::Done);
        let cells: Vec<String> = denied(&steps, &outcomes)
            .into_iter()
            .map(|((_, place), why)| {
                assert_eq!(why, fault);
                place.to_string()
            })
            .collect();
        // What waits for it elsewhere is left out, in another region something else failed too, and the account itself
        // is not a region.
        assert_eq!(cells, ["eu-west-1"]);
    }

    #[test]
    fn independent_steps_run_side_by_side_up_to_the_limit() {
        let steps: Vec<Step> = (1..=8).map(|n| step(n, &[])).collect();
        let (_, _, most) = act(&steps, &BTreeSet::new(), &BTreeSet::new(), 3);
        assert_eq!(most, 3);
    }

    #[test]
    fn an_interrupted_run_finishes_what_has_started_and_starts_nothing_more() {
        let steps = vec![step(1, &[]), step(2, &[]), step(3, &[1])];
        let stop = Stop::default();
        let outcomes = runtime().block_on(run(&steps, &|_| true, 1, &stop, &|_| {}, |at| {
            let soon = stop.soon.clone();
            async move {
                assert_eq!(at, 0, "nothing else may start");
                soon.cancel();
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(())
            }
        }));
        assert_eq!(
            outcomes,
            [Outcome::Done, Outcome::NotStarted, Outcome::NotStarted]
        );
    }

    #[test]
    fn an_abandoned_run_says_which_step_is_unknown() {
        let steps = vec![step(1, &[]), step(2, &[1])];
        let stop = Stop::default();
        let outcomes = runtime().block_on(run(&steps, &|_| true, 4, &stop, &|_| {}, |_| {
            let stop = stop.clone();
            async move {
                stop.soon.cancel();
                stop.now.cancel();
                std::future::pending::<()>().await;
                Ok(())
            }
        }));
        assert_eq!(outcomes, [Outcome::Unknown, Outcome::NotStarted]);
    }

    #[test]
    fn a_signal_that_arrives_while_a_step_runs_is_told_at_once() {
        let steps = vec![step(1, &[])];
        let stop = Stop::default();
        let told = Mutex::new(vec![]);
        let watch = |event: Event<'_>| told.lock().unwrap().push(format!("{event:?}")[..8].to_owned());
        runtime().block_on(async {
            let signal = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                stop.soon.cancel();
            };
            let work = run(&steps, &|_| true, 4, &stop, &watch, |_| async {
                tokio::time::sleep(Duration::from_millis(60)).await;
                Ok(())
            });
            tokio::join!(signal, work)
        });
        assert_eq!(*told.lock().unwrap(), ["Started(", "Stopping", "Ended(St"]);
    }

    #[test]
    fn a_step_that_panics_is_unknown_and_takes_only_its_descendants_with_it() {
        let steps = [step(1, &[]), step(2, &[1]), step(3, &[])];
        let outcomes = runtime().block_on(run(
            &steps,
            &|_| true,
            1,
            &Stop::default(),
            &|_| {},
            |at| async move {
                assert_ne!(at, 0, "this panic is part of the test");
                Ok(())
            },
        ));
        assert_eq!(outcomes, [Outcome::Unknown, Outcome::Skipped(1), Outcome::Done]);
    }
}
