//! A whole apply: the steps, each cell looked at right before its first write, and what the account shows afterwards.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use trueup_aws::Cx;
use trueup_aws::wait::Tell;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::plan::{self, Plan, Step, Verdict};
use trueup_core::registry::CellKey;
use trueup_core::want::Want;

use crate::execute::{self, Halt, Outcome, Stop};
use crate::precondition::Precondition;
use crate::progress::{Event, Watch};
use crate::session::{Planned, Session, SessionError};

/// How often the touched cells are read again while AWS's answers do not yet show what was written.
const LOOKS: u32 = 4;

/// What became of a plan.
#[derive(Debug)]
pub struct Applied {
    /// One outcome a step, in the order of the steps.
    pub outcomes: Vec<Outcome>,
    /// The cells that are not as wanted for an organization's policy alone, each with what was said first.
    pub denied: HashMap<CellKey, Fault>,
    /// The account afterwards. Nothing if a signal came before it was read; a failure if it could not be planned for.
    pub after: Option<Result<After, SessionError>>,
}

/// The account after an apply.
#[derive(Debug)]
pub struct After {
    /// The plan made anew: touched cells as they were read again, the others as they were.
    pub plan: Plan,
    /// The positions, in the plan that was applied, of steps that are done and that AWS does not show yet.
    pub unseen: Vec<usize>,
}

impl Session {
    /// Runs the steps of a plan for which there is consent, as [`execute::run`] does, and reads the touched cells again.
    /// Each cell is looked at right before its first write.
    ///
    /// `stop.soon` ends the run after the steps that have started, and the cells are then read once; `stop.now` ends it
    /// at once.
    pub async fn apply(
        &self,
        planned: &Planned,
        consent: &(dyn Fn(&Step) -> bool + Sync),
        parallelism: usize,
        stop: &Stop,
        watch: &Arc<Watch<'static>>,
    ) -> Applied {
        let outcomes = self.run(planned, consent, parallelism, stop, watch).await;
        let denied = execute::denied(&planned.plan.steps, &outcomes);
        watch(Event::Rereading);
        let (given_up, looks) = if stop.soon.is_cancelled() {
            (&stop.now, 1)
        } else {
            (&stop.soon, LOOKS)
        };
        let reread = self.reread(planned, &outcomes, looks, &**watch);
        let mut after = given_up.run_until_cancelled(reread).await;
        if let Some(Ok(after)) = &mut after {
            judge_denied(&mut after.plan, &denied);
        }
        Applied {
            outcomes,
            denied,
            after,
        }
    }

    /// Runs the steps for which there is consent, each cell looked at right before its first write. Returns one outcome a
    /// step, in the order of the steps. Once credentials may be another account's, nothing more starts.
    pub async fn run(
        &self,
        planned: &Planned,
        consent: &(dyn Fn(&Step) -> bool + Sync),
        parallelism: usize,
        stop: &Stop,
        watch: &Arc<Watch<'static>>,
    ) -> Vec<Outcome> {
        let steps = &planned.plan.steps;
        let precondition = &Precondition::new(self, planned);
        let stop = &stop.child();
        execute::run(steps, consent, parallelism, stop, &**watch, |at| {
            let step = &steps[at];
            let (watch, waiting) = (Arc::clone(watch), step.clone());
            let tell = Tell::new(move |wait| watch(Event::Waiting(&waiting, wait)));
            let cx = Cx::new(self.aws.clone(), planned.env.clone(), step.place.clone()).telling(tell);
            async move {
                let ended = async {
                    precondition.before(step).await?;
                    let control = self
                        .live
                        .get(&step.control)
                        .map_err(|error| Fault::answer(step.control.as_str(), error.to_string()))?;
                    control.apply(&step.action, &cx).await?;
                    Ok::<(), Halt>(())
                }
                .await;
                if self.aws.untrusted().is_some() {
                    stop.soon.cancel();
                }
                ended
            }
        })
        .await
    }

    /// Reads the touched cells again and judges the whole plan anew with them.
    ///
    /// AWS's answers may lag behind its writes: cells whose steps all ran get a few more looks.
    async fn reread(
        &self,
        planned: &Planned,
        outcomes: &[Outcome],
        looks: u32,
        watch: &Watch<'_>,
    ) -> Result<After, SessionError> {
        let steps = &planned.plan.steps;
        let outcomes_of = |want: &Want| {
            let cell = want.cell();
            let of_cell = move |(step, _): &(&Step, &Outcome)| step.cell() == cell;
            let all = steps.iter().zip(outcomes).filter(of_cell);
            all.map(|(_, outcome)| outcome)
        };
        let ran = |outcome: &Outcome| {
            matches!(
                outcome,
                Outcome::Done | Outcome::Failed(_) | Outcome::Denied(_) | Outcome::Unknown
            )
        };
        let touched: Vec<Want> = planned
            .wants
            .iter()
            .filter(|want| outcomes_of(want).any(ran))
            .cloned()
            .collect();
        let done: Vec<&Step> = steps
            .iter()
            .zip(outcomes)
            .filter(|(_, outcome)| **outcome == Outcome::Done)
            .map(|(step, _)| step)
            .collect();
        let again = async |watch: &Watch<'_>| {
            let (wants, all) = (touched.clone(), planned.all.clone());
            let mut again = self.plan_for(planned.env.clone(), wants, all, watch).await?.plan;
            let unseen = plan::settle(&mut again, &done);
            Ok::<_, SessionError>((again, unseen))
        };
        let (mut now, mut unseen) = again(watch).await?;
        for attempt in 1..looks {
            let lagging = now.cells.iter().any(|cell| {
                cell.verdict == Verdict::Change
                    && touched
                        .iter()
                        .filter(|want| want.control == cell.control && want.place == cell.place)
                        .any(|want| outcomes_of(want).all(|outcome| *outcome == Outcome::Done))
            });
            if !lagging {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
            (now, unseen) = again(&|_| {}).await?;
        }
        let cells = planned.plan.cells.iter();
        let cells = cells.map(|cell| now.cell(&cell.control, &cell.place).unwrap_or(cell).clone());
        let unseen = unseen.iter().map(|step| step.number);
        Ok(After {
            unseen: steps
                .iter()
                .enumerate()
                .filter(|(_, step)| unseen.clone().any(|number| number == step.number))
                .map(|(at, _)| at)
                .collect(),
            plan: Plan {
                cells: cells.collect(),
                steps: now.steps,
            },
        })
    }
}

/// Judges the cells anew whose steps an organization's policy forbids: a plan cannot know of that before it is tried.
fn judge_denied(after: &mut Plan, denied: &HashMap<CellKey, Fault>) {
    let open = after
        .cells
        .iter_mut()
        .filter(|cell| cell.verdict == Verdict::Change);
    for cell in open {
        if let Some(fault) = denied.get(&(cell.control.clone(), cell.place.clone())) {
            if fault.kind == FaultKind::ConfiguredElsewhere {
                cell.verdict = Verdict::ManagedElsewhere;
                cell.reasons.push(fault.to_string());
                continue;
            }
            cell.verdict = Verdict::Denied;
            cell.fault = Some(fault.clone());
        }
    }
}
