//! How an apply ended: for its exit code, and in the verdicts that only trying could give.

use std::collections::HashMap;

use trueup_core::fault::Fault;
use trueup_core::plan::{Plan, Step, Verdict};
use trueup_core::registry::CellKey;
use trueup_engine::execute::Outcome;

use crate::cli::{Exit, fails_on};

/// How far the steps came.
pub(super) enum Ran {
    /// There was nothing to run.
    Nothing,
    /// All ran to their end, but for what an organization's policy forbids in a region.
    All,
    /// Some did not.
    Some,
}

impl Ran {
    pub(super) fn of(steps: &[Step], outcomes: &[Outcome], denied: &HashMap<CellKey, Fault>) -> Self {
        let is_open = |(step, outcome): (&Step, &Outcome)| {
            *outcome != Outcome::Done && !denied.contains_key(&step.cell())
        };
        match steps.iter().zip(outcomes).any(is_open) {
            true => Ran::Some,
            false => Ran::All,
        }
    }
}

/// How an apply ended.
///
/// Steps that did not run to their end come first, then what the user asked to be told, then whatever was wanted and
/// could not be done. If nothing ran, what could not be read is a failure before the first write.
pub(super) fn exit(after: &Plan, ran: Ran, fail_on: &[Verdict]) -> Exit {
    let unread = after.count(Verdict::Unread);
    if matches!(ran, Ran::Some) {
        Exit::Partly
    } else if fails_on(after, fail_on) {
        Exit::FailOn
    } else if unread > 0 && matches!(ran, Ran::Nothing) {
        Exit::Failed
    } else if unread + after.count(Verdict::Change) + after.count(Verdict::Blocked) > 0 {
        Exit::Partly
    } else {
        Exit::Done
    }
}
