//! The one line that says what a plan comes to.

use std::collections::BTreeSet;

use trueup_core::plan::{Cell, Verdict};
use trueup_core::plan_file::Document;

use super::phrase;

/// The last line of a plan.
pub fn line(doc: &Document) -> String {
    let summary = &doc.summary;
    let steps: Vec<String> = [
        (summary.add, "to add"),
        (summary.change, "to change"),
        (summary.destroy, "to destroy"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    if steps.is_empty() {
        return format!("No changes. {}", state(doc));
    }
    let rest = remaining(&doc.cells, Form::Short);
    let mut line = format!("Plan: {}.", steps.join(", "));
    if !rest.is_empty() {
        line.push_str(&format!(" {}.", rest.join(", ")));
    }
    line
}

/// Whether the account is as the baseline wants it, and what keeps it from being so.
fn state(doc: &Document) -> String {
    if doc.cells.is_empty() {
        return format!("{} manages nothing here.", scope(doc));
    }
    let rest = remaining(&doc.cells, Form::Sentence);
    if rest.is_empty() {
        format!("The account is true to {}.", scope(doc))
    } else if let Some(regions) = only_denied_regions(&doc.cells) {
        format!("The account matches {}, except {regions}.", scope(doc))
    } else {
        format!("{}.", capitalized(&phrase::list(&rest)))
    }
}

/// The number of regions that the organization denies, in words, if nothing else is not as wanted.
pub(super) fn only_denied_regions<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Option<String> {
    let (denied, others): (Vec<&Cell>, Vec<&Cell>) = cells
        .into_iter()
        .partition(|cell| cell.verdict == Verdict::Denied);
    let (regions, of_account) = denied_places(&denied);
    if regions == 0 || of_account > 0 || !remaining(others, Form::Sentence).is_empty() {
        return None;
    }
    let regions = phrase::count(regions, "region", "regions");
    Some(format!("{regions} the organization denies"))
}

/// How many regions, and how many things of the account besides, these denied cells are of. A thing of the account of
/// which only a denied region's part is missing is not counted beside that region.
fn denied_places(denied: &[&Cell]) -> (usize, usize) {
    let regions: BTreeSet<_> = denied.iter().filter_map(|cell| cell.place.region()).collect();
    let is_part =
        |cell: &Cell| !regions.is_empty() && cell.fault.as_ref().is_some_and(|fault| !fault.was_asked());
    let of_account = denied
        .iter()
        .filter(|cell| cell.place.region().is_none() && !is_part(cell));
    (regions.len(), of_account.count())
}

/// The baseline, with the filters that narrowed it.
pub(super) fn scope(doc: &Document) -> String {
    let filters = &doc.filters;
    if filters.only.is_empty() && filters.exclude.is_empty() && filters.regions.is_empty() {
        doc.baseline.clone()
    } else {
        format!("{} ({filters})", doc.baseline)
    }
}

/// How a remainder is worded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `2 need a person`, behind numbers of steps.
    Short,
    /// `2 things need a person`, by itself.
    Sentence,
}

/// What of these cells is not as wanted and not about to change: the tasks that a person has in any of them, then one
/// part a verdict.
pub(super) fn remaining<'a>(cells: impl IntoIterator<Item = &'a Cell>, form: Form) -> Vec<String> {
    let cells: Vec<&Cell> = cells.into_iter().collect();
    let tasks = cells.iter().map(|cell| cell.people.len()).sum();
    parts(tasks, &cells, form)
}

/// So many tasks, and what of these cells is not as wanted and not about to change.
pub(super) fn parts(tasks: usize, cells: &[&Cell], form: Form) -> Vec<String> {
    let with = |verdict| cells.iter().filter(move |cell| cell.verdict == verdict);
    let mut parts = vec![];
    let mut of = |number: usize, short: [&str; 2], one: &str, many: &str| {
        let [short_one, short_many] = short;
        match (number, form) {
            (0, _) => {}
            (1, Form::Short) => parts.push(format!("1 {short_one}")),
            (_, Form::Short) => parts.push(format!("{number} {short_many}")),
            (1, Form::Sentence) => parts.push(format!("1 thing {one}")),
            (_, Form::Sentence) => parts.push(format!("{number} things {many}")),
        }
    };
    of(
        tasks,
        ["needs a person", "need a person"],
        "needs a person",
        "need a person",
    );
    let mut of_cells = |verdict, short, one: &str, many: &str| of(with(verdict).count(), short, one, many);
    of_cells(Verdict::Blocked, ["blocked"; 2], "is blocked", "are blocked");
    of_cells(
        Verdict::Unread,
        ["could not be read"; 2],
        "could not be read",
        "could not be read",
    );
    of_cells(
        Verdict::Reported,
        ["reported"; 2],
        "differs and is only reported",
        "differ and are only reported",
    );
    of_cells(
        Verdict::ManagedElsewhere,
        ["managed elsewhere"; 2],
        "is managed elsewhere",
        "are managed elsewhere",
    );
    for (verdict, what) in [
        (Verdict::Denied, "denied by the organization"),
        (Verdict::NotEnabled, "not enabled"),
    ] {
        let (regions, of_account) = denied_places(&with(verdict).copied().collect::<Vec<_>>());
        for (number, one, many) in [
            (regions, "region", "regions"),
            (of_account, "thing of the account", "things of the account"),
        ] {
            if number > 0 {
                let number_of = phrase::count(number, one, many);
                parts.push(match (form, number) {
                    (Form::Short, _) => format!("{number_of} {what}"),
                    (Form::Sentence, 1) => format!("{number_of} is {what}"),
                    (Form::Sentence, _) => format!("{number_of} are {what}"),
                });
            }
        }
    }
    let number = with(Verdict::NotAvailable).count();
    if number > 0 {
        parts.push(match (form, number) {
            (Form::Short, _) => format!("{number} not available in the region"),
            (Form::Sentence, 1) => "1 thing is not available in its region".to_owned(),
            (Form::Sentence, _) => format!("{number} things are not available in their regions"),
        });
    }
    parts
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use trueup_core::fault::{Fault, FaultKind};
    use trueup_core::location::Location;

    use super::super::fixtures;
    use super::*;

    #[test]
    fn numbers_that_are_zero_are_left_out() {
        let mut doc = fixtures::of_cells(&[Verdict::InSync]);
        (doc.summary.add, doc.summary.destroy) = (21, 68);
        assert_eq!(line(&doc), "Plan: 21 to add, 68 to destroy.");
    }

    #[test]
    fn what_no_step_changes_follows_the_steps() {
        let mut doc = fixtures::of_cells(&[
            Verdict::NeedsPerson,
            Verdict::NeedsPerson,
            Verdict::Blocked,
            Verdict::Denied,
            Verdict::Denied,
        ]);
        // Two denied cells of one region are one denied region.
        doc.cells[4].place = doc.cells[3].place.clone();
        (doc.summary.add, doc.summary.change, doc.summary.destroy) = (21, 3, 68);
        assert_eq!(
            line(&doc),
            "Plan: 21 to add, 3 to change, 68 to destroy. \
             2 need a person, 1 blocked, 1 region denied by the organization."
        );
    }

    #[test]
    fn an_account_is_true_only_if_every_cell_is_in_sync_or_attested() {
        let doc = fixtures::of_cells(&[Verdict::InSync, Verdict::Attested]);
        assert_eq!(line(&doc), "No changes. The account is true to baseline.toml.");
        for verdict in Verdict::ALL {
            let line = line(&fixtures::of_cells(&[Verdict::InSync, verdict]));
            let is_true = matches!(
                verdict,
                // A change has steps, so it never gets here, and what is unmanaged is no cell of a plan.
                Verdict::InSync | Verdict::Attested | Verdict::Change | Verdict::Unmanaged
            );
            assert_eq!(line.contains("is true to"), is_true, "{verdict:?}: {line}");
        }
    }

    #[test]
    fn what_keeps_an_account_from_being_true_is_named() {
        let doc = fixtures::of_cells(&[Verdict::NeedsPerson, Verdict::NeedsPerson, Verdict::NotEnabled]);
        assert_eq!(
            line(&doc),
            "No changes. 2 things need a person and 1 region is not enabled."
        );
    }

    #[test]
    fn regions_that_the_organization_denies_are_the_exception_of_an_account_that_matches() {
        let mut doc =
            fixtures::of_cells(&[Verdict::InSync, Verdict::Denied, Verdict::Denied, Verdict::Denied]);
        let spared = fixtures::fault(
            FaultKind::DeniedByOrganization,
            "events:ListRules",
            "",
            "not asked",
        );
        doc.cells[3].place = Location::Account;
        doc.cells[3].fault = Some(Fault { code: None, ..spared });
        assert_eq!(
            line(&doc),
            "No changes. The account matches baseline.toml, except 2 regions the organization denies."
        );
        doc.cells[3].fault = None;
        assert_eq!(
            line(&doc),
            "No changes. 2 regions are denied by the organization and 1 thing of the account is denied by the \
             organization."
        );
    }

    #[test]
    fn a_filtered_plan_speaks_only_for_what_it_looked_at() {
        let mut doc = fixtures::of_cells(&[Verdict::InSync]);
        doc.filters.only = vec![doc.cells[0].control.clone()];
        assert_eq!(
            line(&doc),
            "No changes. The account is true to baseline.toml (--only default_vpc)."
        );
        doc.cells.clear();
        assert_eq!(
            line(&doc),
            "No changes. baseline.toml (--only default_vpc) manages nothing here."
        );
    }
}
