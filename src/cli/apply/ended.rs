//! How an apply ended: for its exit code, and in the verdicts that only trying could give.

use std::collections::HashMap;

use trueup_core::fault::{Fault, FaultKind};
use trueup_core::plan::{Plan, Step, Verdict};
use trueup_core::registry::CellKey;
use trueup_engine::execute::Outcome;

use crate::cli::{Exit, fails_on};

/// How far the steps came.
pub(super) enum Ran {
    /// There was nothing to run.
    Nothing,
    /// All ran to their end, but for what another account configures.
    All,
    /// Some did not.
    Some,
}

impl Ran {
    pub(super) fn of(steps: &[Step], outcomes: &[Outcome], denied: &HashMap<CellKey, Fault>) -> Self {
        let is_open = |(step, outcome): (&Step, &Outcome)| {
            let is_configured_elsewhere = denied
                .get(&step.cell())
                .is_some_and(|fault| fault.kind == FaultKind::ConfiguredElsewhere);
            *outcome != Outcome::Done && !is_configured_elsewhere
        };
        match steps.iter().zip(outcomes).any(is_open) {
            true => Ran::Some,
            false => Ran::All,
        }
    }
}

/// How an apply ended.
///
/// Steps that did not run to their end come first, those that the organization refused among them (what it is known to
/// forbid has no step); then what the user asked to be told, then whatever was wanted and
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
