//! What was done and AWS does not show yet.

use super::{Plan, Step, Verdict};

/// Takes out of a plan that was made anew, right after `done` was done, whatever of that AWS only does not show yet:
/// steps that are done, say of themselves that they are shown late, and are planned once more. A cell that differs in
/// nothing else counts as it is wanted. Returns the steps of `done` that are not shown yet.
pub fn settle<'a>(again: &mut Plan, done: &[&'a Step]) -> Vec<&'a Step> {
    let same = |one: &Step, other: &Step| {
        one.control == other.control && one.place == other.place && one.action == other.action
    };
    let unseen: Vec<&Step> = done
        .iter()
        .copied()
        .filter(|step| step.shown_within_minutes.is_some())
        .filter(|step| again.steps.iter().any(|new| same(step, new)))
        .collect();
    again
        .steps
        .retain(|new| !unseen.iter().any(|step| same(step, new)));
    for step in &unseen {
        let differs = again
            .steps
            .iter()
            .any(|new| new.control == step.control && new.place == step.place);
        let cell = again
            .cells
            .iter_mut()
            .find(|cell| cell.control == step.control && cell.place == step.place);
        if let Some(cell) = cell.filter(|cell| cell.verdict == Verdict::Change && !differs) {
            cell.verdict = Verdict::InSync;
        }
    }
    unseen
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::cell;
    use super::*;
    use crate::change::{Class, Effect};
    use crate::cost::Monthly;
    use crate::location::Location;

    fn step(number: usize, action: &str, late: bool) -> Step {
        let cell = cell(Location::Account);
        Step {
            number,
            control: cell.control,
            place: cell.place,
            title: action.to_owned(),
            effect: Effect::Change,
            class: Class::Safe,
            risks: vec![],
            weakens: vec![],
            after: vec![],
            blocked: None,
            monthly: Monthly::default(),
            shown_within_minutes: late.then_some(10),
            action: json!(action),
        }
    }

    fn again(steps: Vec<Step>) -> Plan {
        let mut cell = cell(Location::Account);
        cell.verdict = Verdict::Change;
        Plan {
            cells: vec![cell],
            steps,
        }
    }

    #[test]
    fn what_is_done_and_shown_late_is_no_difference() {
        let done = [step(1, "prompt", false), step(2, "late", true)];
        let mut plan = again(vec![step(1, "late", true)]);
        let unseen = settle(&mut plan, &done.iter().collect::<Vec<_>>());
        assert_eq!(unseen, [&done[1]]);
        assert_eq!((plan.steps, plan.cells[0].verdict), (vec![], Verdict::InSync));
    }

    #[test]
    fn what_was_not_done_or_should_be_seen_by_now_still_differs() {
        let done = [step(1, "prompt", false), step(2, "late", true)];
        for left in ["prompt", "never tried"] {
            let mut plan = again(vec![step(1, "late", true), step(2, left, false)]);
            assert_eq!(settle(&mut plan, &done.iter().collect::<Vec<_>>()), [&done[1]]);
            assert_eq!((plan.steps.len(), plan.cells[0].verdict), (1, Verdict::Change));
        }
        let mut plan = again(vec![step(1, "late", true)]);
        assert_eq!(settle(&mut plan, &[&done[0]]), Vec::<&Step>::new());
        assert_eq!((plan.steps.len(), plan.cells[0].verdict), (1, Verdict::Change));
    }
}
