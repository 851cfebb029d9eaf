//! Why a saved plan no longer holds: which steps, cells and tasks are others than it promised.

use trueup_core::change::Class;
use trueup_core::plan::Step;
use trueup_core::plan_file::{Document, Moves, PlanFileError};
use trueup_core::registry::CellKey;

use super::remarks::{self, Remark};
use super::style::sign;
use super::{Style, phrase};

/// The error, and in what the new plan is not the saved one.
pub fn broken(error: &PlanFileError, style: &Style) -> String {
    let mut text = super::error_text(error, style);
    let PlanFileError::Moved { moves, new, hint, .. } = error else {
        return text;
    };
    if let Some(hint) = hint {
        text.push_str(&phrase::wrap(hint, "  ", "  ", style));
    }
    for section in sections(moves, new, style) {
        text.push('\n');
        text.push_str(&section);
    }
    text.push('\n');
    text.push_str(&phrase::wrap(
        "Look at the new plan with `trueup plan`, save it with `--out` if it is right, and apply that one.",
        "",
        "",
        style,
    ));
    text
}

fn sections(moves: &Moves, new: &Document, style: &Style) -> Vec<String> {
    let mut sections = vec![];
    if !moves.account.is_empty() {
        let lines = moves
            .account
            .iter()
            .map(|line| phrase::wrap(line, "  ", "    ", style));
        sections.push(format!(
            "{}\n{}",
            style.bold("Changed account"),
            lines.collect::<String>()
        ));
    }
    let steps = |steps: &'_ [Step]| {
        let lines = steps.iter().map(|step| (step.cell(), vec![line(step)]));
        lines.collect::<Vec<_>>()
    };
    let changed: Vec<(CellKey, Vec<String>)> = moves
        .changed
        .iter()
        .map(|(step, what)| (step.cell(), [vec![line(step)], what.clone()].concat()))
        .collect();
    let parts = [
        ("Steps that are gone", &steps(&moves.gone)),
        ("Steps that are new", &steps(&moves.new)),
        ("Steps that changed", &changed),
        ("Cells that changed", &moves.cells),
        ("Manual tasks that are gone", &moves.done),
        ("Manual tasks that are new", &moves.tasks),
    ];
    for (heading, cells) in parts {
        let remarks = remarks::together(of_cells(cells));
        sections.push(remarks::section(heading, &remarks, new, style));
    }
    sections.retain(|section| !section.is_empty());
    sections
}

/// One remark a cell: the lines of neighbours that are of the same cell belong together.
fn of_cells(cells: &[(CellKey, Vec<String>)]) -> Vec<Remark<'_>> {
    let mut remarks: Vec<Remark<'_>> = vec![];
    for ((control, place), lines) in cells {
        let known = remarks
            .iter_mut()
            .find(|remark| remark.cells.contains(&(control, place)));
        match known {
            Some(remark) => remark.lines.extend(lines.iter().cloned()),
            None => remarks.push(Remark {
                cells: vec![(control, place)],
                lines: lines.clone(),
                key: None,
                hint: None,
            }),
        }
    }
    remarks
}

fn line(step: &Step) -> String {
    let class = match step.class {
        Class::Safe => String::new(),
        class => format!("  ({class})"),
    };
    format!("{} {}{class}", sign(step.effect), step.title)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn a_broken_promise_says_which_steps_cells_and_tasks_are_others() {
        let new = fixtures::fresh();
        let step = |control: &str, at: usize| {
            let mut steps = new.steps.iter().filter(|step| step.control.as_str() == control);
            steps.nth(at).unwrap().clone()
        };
        let encrypted = step("ebs_encryption", 0).cell();
        let moves = Moves {
            account: vec!["the region eu-south-1 is enabled now".to_owned()],
            gone: vec![step("ebs_encryption", 0), step("ebs_encryption", 1)],
            new: vec![step("default_vpc", 0), step("default_vpc", 1)],
            changed: vec![(
                step("s3_public_access_block", 0),
                vec!["a risk that is new: bucket `shop` has a public policy".to_owned()],
            )],
            cells: vec![(
                encrypted,
                vec![
                    "it was `change` and is `in sync`".to_owned(),
                    "enabled: false → true".to_owned(),
                ],
            )],
            done: vec![],
            tasks: vec![(
                step("password_policy", 0).cell(),
                vec!["tell the users that their passwords expire".to_owned()],
            )],
        };
        let error = PlanFileError::Moved {
            path: "plan.json".into(),
            moves: Box::new(moves),
            new: Box::new(new),
            hint: Some("the saved plan was made with --only guardduty, this one with no filters".to_owned()),
        };
        insta::assert_snapshot!(broken(&error, &Style::PLAIN), @r"
        error: the plan is no longer the one in plan.json; nothing was written
          the saved plan was made with --only guardduty, this one with no filters

        Changed account
          the region eu-south-1 is enabled now

        Steps that are gone
          ebs_encryption in ap-northeast-1 and ap-northeast-2:
            ~ encrypt new EBS volumes by default

        Steps that are new
          default_vpc in ap-northeast-1:
            - delete subnet subnet-00000a1b2c3d4e5f6 (ap-northeast-1a)  (destructive)
            - delete subnet subnet-00001a1b2c3d4e5f6 (ap-northeast-1b)  (destructive)

        Steps that changed
          s3_public_access_block:
            + set the account's S3 public access block: all four on  (disruptive)
            a risk that is new: bucket `shop` has a public policy

        Cells that changed
          ebs_encryption in ap-northeast-1:
            it was `change` and is `in sync`
            enabled: false → true

        Manual tasks that are new
          password_policy:
            tell the users that their passwords expire

        Look at the new plan with `trueup plan`, save it with `--out` if it is right,
        and apply that one.
        ");
    }
}
