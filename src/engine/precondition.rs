//! The last look: a cell is read again right before its first write, and refused if it moved.
//!
//! Safe steps are no exception. Whether a step is safe depends on what was read (nobody's bucket was public), and one
//! that sends a whole document sends back what it does not manage as it was: what somebody has changed while the
//! plan waited for its answer must not be undone by that.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use trueup_aws::{AnyLive, Aws, Cx};
use trueup_core::change::Changes;
use trueup_core::control::{Act, Here, Relied};
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::plan::{Step, Why};
use trueup_core::registry::CellKey;
use trueup_core::want::Want;

use crate::execute::Halt;
use crate::session::{Planned, Session};

/// Looks once at each cell with steps.
pub(crate) struct Precondition {
    aws: Arc<Aws>,
    env: Arc<Env>,
    cells: HashMap<CellKey, Watched>,
    started: Mutex<BTreeSet<usize>>,
}

struct Watched {
    control: &'static dyn AnyLive,
    want: Want,
    /// As they were read for the plan: what other steps of this run have changed since is no surprise.
    relied: Relied,
    steps: Vec<Step>,
    looked: OnceCell<Result<(), Halt>>,
}

impl Precondition {
    /// Prepares to look at the cells of a plan.
    pub(crate) fn new(session: &Session, planned: &Planned) -> Self {
        let mut cells = HashMap::new();
        for want in &planned.wants {
            let steps: Vec<Step> = planned
                .plan
                .steps
                .iter()
                .filter(|step| step.control == want.control && step.place == want.place)
                .cloned()
                .collect();
            // Whatever has a step was planned, and so it is in the list.
            if let (false, Ok(control)) = (steps.is_empty(), session.live.get(&want.control)) {
                let watched = Watched {
                    control,
                    relied: planned.survey.relied(&session.controls, control, &want.place),
                    want: want.clone(),
                    steps,
                    looked: OnceCell::new(),
                };
                cells.insert(want.cell(), watched);
            }
        }
        Precondition {
            aws: session.aws.clone(),
            env: planned.env.clone(),
            cells,
            started: Mutex::default(),
        }
    }

    /// To be called right before a step writes. Reads the step's cell again if nobody has looked yet; all steps of
    /// the cell share the answer.
    pub(crate) async fn before(&self, step: &Step) -> Result<(), Halt> {
        if let Some(watched) = self.cells.get(&step.cell()) {
            watched.looked.get_or_init(|| self.look(watched)).await.clone()?;
        }
        self.started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(step.number);
        Ok(())
    }

    async fn look(&self, watched: &Watched) -> Result<(), Halt> {
        let want = &watched.want;
        let cx = Cx::new(self.aws.clone(), self.env.clone(), want.place.clone());
        let seen = watched.control.fetch(&cx, Some(&want.table)).await?;
        let here = Here {
            place: &want.place,
            env: &self.env,
            relied: &watched.relied,
        };
        let fresh = watched
            .control
            .diff(&want.table, &seen, &here)
            .map_err(|error| Fault::answer(want.control.as_str(), error.to_string()))?;
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        match moved(&watched.steps, &started, &fresh) {
            None => Ok(()),
            Some(what) => Err(Halt::Refused(Why::InUse { what })),
        }
    }
}

/// What of a cell is not as it was when its steps were planned, if anything is. Steps that have started may or
/// may not show yet.
fn moved(planned: &[Step], started: &BTreeSet<usize>, fresh: &Changes<Act>) -> Option<Vec<String>> {
    if !fresh.refusals.is_empty() {
        return Some(fresh.refusals.clone());
    }
    let same = |step: &&Step| {
        fresh.steps.iter().any(|new| {
            new.action.data == step.action
                && new.class == step.class
                && new.risks == step.risks
                && new.weakens == step.weakens
        })
    };
    let mut what: Vec<String> = planned
        .iter()
        .filter(|step| !started.contains(&step.number) && !same(step))
        .map(|step| format!("`{}` is no longer what is needed", step.title))
        .collect();
    what.extend(
        fresh
            .steps
            .iter()
            .filter(|new| !planned.iter().any(|step| step.action == new.action.data))
            .map(|new| format!("`{}` would be needed now", new.action.title)),
    );
    if what.is_empty() {
        return None;
    }
    what.insert(0, "it changed since it was planned; plan again".to_owned());
    Some(what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trueup_core::change::{Class, Draft, Effect};
    use trueup_core::cost::Monthly;
    use trueup_core::location::Location;

    use super::*;

    fn planned(titles: &[&str]) -> Vec<Step> {
        titles
            .iter()
            .enumerate()
            .map(|(at, title)| Step {
                number: at + 1,
                control: "account".try_into().unwrap(),
                place: Location::Account,
                title: (*title).to_owned(),
                effect: Effect::Destroy,
                class: Class::Destructive,
                risks: vec![],
                weakens: vec![],
                after: vec![],
                blocked: None,
                monthly: Monthly::default(),
                shown_within_minutes: None,
                action: json!(title),
            })
            .collect()
    }

    fn found(titles: &[&str]) -> Changes<Act> {
        Changes {
            steps: titles
                .iter()
                .map(|title| {
                    let act = Act {
                        data: json!(title),
                        title: (*title).to_owned(),
                    };
                    Draft::new(act, Effect::Destroy, Class::Destructive)
                })
                .collect(),
            ..Changes::default()
        }
    }

    #[test]
    fn the_same_steps_may_go_on_whatever_has_started() {
        let steps = planned(&["a", "b", "c"]);
        assert_eq!(moved(&steps, &BTreeSet::new(), &found(&["a", "b", "c"])), None);
        assert_eq!(moved(&steps, &BTreeSet::from([1]), &found(&["b", "c"])), None);
        assert_eq!(
            moved(&steps, &BTreeSet::from([1]), &found(&["a", "b", "c"])),
            None
        );
    }

    #[test]
    fn a_refusal_is_the_reason() {
        let mut fresh = found(&[]);
        fresh.refusals = vec!["instance i-1 (running)".into()];
        assert_eq!(
            moved(&planned(&["a"]), &BTreeSet::new(), &fresh),
            Some(vec!["instance i-1 (running)".into()])
        );
    }

    #[test]
    fn a_step_that_vanished_and_one_that_is_new_are_named() {
        let what = moved(&planned(&["a", "b"]), &BTreeSet::new(), &found(&["b", "c"])).unwrap();
        assert_eq!(
            what,
            [
                "it changed since it was planned; plan again",
                "`a` is no longer what is needed",
                "`c` would be needed now"
            ]
        );
    }

    #[test]
    fn a_new_risk_is_a_move_although_the_call_is_the_same() {
        let mut fresh = found(&["a"]);
        fresh.steps[0].risks = vec!["bucket `www` is public".into()];
        assert!(moved(&planned(&["a"]), &BTreeSet::new(), &fresh).is_some());
    }
}
