//! What stands below the differences: what is in the way, what could not be read, what a person must do.

use indexmap::IndexMap;
use trueup_core::fault::Fault;
use trueup_core::location::{Location, Region};
use trueup_core::plan::{Cell, Verdict};
use trueup_core::plan_file::Document;
use trueup_core::registry::Name;

use super::{Style, phrase};

/// Something to say of cells. Said once for all cells of which the same is to be said.
pub(super) struct Remark<'a> {
    pub(super) cells: Vec<(&'a Name, &'a Location)>,
    pub(super) lines: Vec<String>,
    /// What makes two of them the same, where the lines have words in them that are new with each call.
    pub(super) key: Option<String>,
    pub(super) hint: Option<String>,
}

/// Remarks of several cells, equal ones together.
///
/// Two are equal if they differ only in identifiers and region: then the first one's text stands for both.
pub(super) fn together<'a>(remarks: impl IntoIterator<Item = Remark<'a>>) -> Vec<Remark<'a>> {
    let mut met: Vec<(Vec<String>, Option<String>, Remark<'a>)> = vec![];
    for remark in remarks {
        let place = remark
            .cells
            .first()
            .map_or(&Location::Account, |(_, place)| *place);
        let common = |line: &String| phrase::pattern(line, place).text;
        let lines: Vec<String> = remark.lines.iter().map(common).collect();
        let key = remark.key.as_ref().map(common);
        let found = met.iter_mut().find(|(first_lines, first_key, first)| {
            let alike = match (&key, first_key) {
                (Some(key), Some(first)) => key == first,
                (key, first) => key == first && *first_lines == lines,
            };
            alike && first.hint == remark.hint
        });
        match found {
            Some((lines, _, first)) => {
                if first.lines != remark.lines {
                    first.lines.clone_from(lines);
                }
                first.cells.extend(remark.cells);
            }
            None => met.push((lines, key, remark)),
        }
    }
    met.into_iter().map(|(.., remark)| remark).collect()
}

/// A heading, and under it the remarks: where, what, and at the end what to do about it.
pub(super) fn section(heading: &str, remarks: &[Remark<'_>], doc: &Document, style: &Style) -> String {
    if remarks.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", style.bold(heading));
    let mut hints: Vec<&str> = vec![];
    for remark in remarks {
        let at = phrase::cells(remark.cells.iter().copied(), doc);
        let colon = if remark.lines.is_empty() { "" } else { ":" };
        let mut lines = remark.lines.iter();
        let head = match lines.next() {
            // What is of no cell begins with its own first line.
            Some(first) if at.is_empty() => first.clone(),
            _ => {
                lines = remark.lines.iter();
                format!("{at}{colon}")
            }
        };
        text.push_str(&phrase::wrap(&head, "  ", "    ", style));
        for line in lines {
            text.push_str(&phrase::wrap(line, "    ", "      ", style));
        }
        if let Some(hint) = remark.hint.as_deref().filter(|hint| !hints.contains(hint)) {
            hints.push(hint);
        }
    }
    for hint in hints {
        text.push_str(&phrase::wrap(hint, "  → ", "    ", style));
    }
    text
}

/// What is worth knowing of the cells only since they were read again.
pub(super) fn news(before: &Document, again: &Document, style: &Style) -> String {
    let told = |cell: &Cell, notice: &String| {
        before
            .cells
            .iter()
            .any(|old| old.control == cell.control && old.place == cell.place && old.notices.contains(notice))
    };
    let news = again.cells.iter().filter_map(|cell| {
        let new: Vec<String> = cell
            .notices
            .iter()
            .filter(|notice| !told(cell, notice))
            .cloned()
            .collect();
        (!new.is_empty()).then(|| remark(cell, &new))
    });
    section("Worth knowing", &together(news), before, style)
}

/// The sections of a plan, in the order in which somebody has to act on them.
pub(super) fn text(doc: &Document, style: &Style) -> Vec<String> {
    let with = |verdict: Verdict| doc.cells.iter().filter(move |cell| cell.verdict == verdict);
    let faults = |verdict| together(with(verdict).map(fault));
    let reasons = |verdict| together(with(verdict).map(|cell| remark(cell, &cell.reasons)));
    let lines = |of: fn(&Cell) -> &Vec<String>| {
        together(
            doc.cells
                .iter()
                .filter(move |cell| !of(cell).is_empty())
                .map(move |cell| remark(cell, of(cell))),
        )
    };
    let not_enabled = together(with(Verdict::NotEnabled).map(|cell| Remark {
        hint: Some("enable the region in the account, or take it out of the file".to_owned()),
        ..remark(cell, &cell.reasons)
    }));
    let reported: Vec<Remark<'_>> = together(
        with(Verdict::Reported)
            .filter(|cell| !cell.reasons.is_empty())
            .map(|cell| remark(cell, &cell.reasons)),
    );
    let denied = denied(doc);
    let sections = [
        ("Attested", lines(|cell| &cell.attested)),
        ("Worth knowing", lines(|cell| &cell.notices)),
        ("Not available in the region", faults(Verdict::NotAvailable)),
        ("Region not enabled", not_enabled),
        ("Denied by the organization", denied),
        ("Managed elsewhere", reasons(Verdict::ManagedElsewhere)),
        ("Reported only, and something would be in the way", reported),
        ("Could not be read", faults(Verdict::Unread)),
        ("Blocked", reasons(Verdict::Blocked)),
        (TASKS, lines(|cell| &cell.people)),
    ];
    sections
        .into_iter()
        .map(|(heading, remarks)| section(heading, &remarks, doc, style))
        .filter(|section| !section.is_empty())
        .collect()
}

const TASKS: &str = "Needs a person";

/// The tasks that a person has in these cells.
pub(super) fn tasks(cells: &[&Cell], doc: &Document, style: &Style) -> String {
    let tasks = cells.iter().filter(|cell| !cell.people.is_empty());
    section(
        TASKS,
        &together(tasks.map(|cell| remark(cell, &cell.people))),
        doc,
        style,
    )
}

/// What the organization denies: whole regions in a line for all that are alike, everything else cell by cell.
fn denied(doc: &Document) -> Vec<Remark<'_>> {
    let whole = denied_regions(doc);
    let denied = |cell: &&Cell| cell.verdict == Verdict::Denied;
    let of_whole = |cell: &&Cell| match cell.place.region() {
        Some(region) => whole.contains(&region),
        // What was not asked in such a region, because EC2 is denied there.
        None => !whole.is_empty() && cell.fault.as_ref().is_some_and(|fault| !fault.was_asked()),
    };
    let (of_whole, others): (Vec<&Cell>, Vec<&Cell>) = doc.cells.iter().filter(denied).partition(of_whole);
    let mut remarks = together(others.into_iter().map(fault));
    let first = of_whole
        .iter()
        .find_map(|cell| cell.fault.as_ref().filter(|fault| fault.was_asked()));
    let mut alike: IndexMap<usize, Vec<&Region>> = IndexMap::new();
    for region in &whole {
        let cells = of_whole
            .iter()
            .filter(|cell| cell.place.region() == Some(*region));
        alike.entry(cells.count()).or_default().push(*region);
    }
    for (cells, regions) in alike {
        let controls = phrase::count(cells, "control is", "controls are");
        let line = format!(
            "{}: the organization denies EC2 there, so {controls} not managed there",
            phrase::regions(&regions, &doc.account.enabled)
        );
        remarks.push(Remark {
            cells: vec![],
            lines: vec![line],
            key: None,
            hint: without(doc, &whole),
        });
    }
    if let (Some(fault), Some(last)) = (first, remarks.last_mut().filter(|last| last.cells.is_empty())) {
        last.lines.push(unnumbered(fault));
    }
    remarks
}

/// The regions in which the organization denies EC2, so that nearly nothing else was asked there.
pub(super) fn denied_regions(doc: &Document) -> Vec<&Region> {
    let is_denied = |region: &&Region| {
        let mut of_region = doc
            .cells
            .iter()
            .filter(|cell| cell.place.region() == Some(region));
        of_region.any(|cell| cell.fault.as_ref().is_some_and(|fault| !fault.was_asked()))
    };
    doc.account.enabled.iter().filter(is_denied).collect()
}

/// The line for the file that leaves out the regions where the organization denies everything. Their denied calls count
/// for the account's own alarm on unauthorized calls.
fn without(doc: &Document, denied: &[&Region]) -> Option<String> {
    let in_file = |region: &&Region| doc.cells.iter().any(|cell| cell.place.region() == Some(region));
    let is_open = |region: &&Region| !denied.contains(region);
    let open: Vec<&Region> = doc
        .account
        .enabled
        .iter()
        .filter(in_file)
        .filter(is_open)
        .collect();
    if open.is_empty() {
        return None;
    }
    let open: Vec<String> = open.iter().map(|region| format!("\"{region}\"")).collect();
    Some(format!(
        "each denied call counts for an alarm on unauthorized calls; to make none, write under [account]: regions = [{}]",
        open.join(", ")
    ))
}

fn remark<'a>(cell: &'a Cell, lines: &[String]) -> Remark<'a> {
    Remark {
        cells: vec![(&cell.control, &cell.place)],
        lines: lines.to_vec(),
        key: None,
        hint: None,
    }
}

/// The fault that spoiled a cell.
fn fault(cell: &Cell) -> Remark<'_> {
    match &cell.fault {
        None => remark(cell, &cell.reasons),
        Some(fault) => Remark {
            cells: vec![(&cell.control, &cell.place)],
            lines: [vec![unnumbered(fault)], cell.reasons.clone()].concat(),
            key: Some(
                [vec![fault.to_string()], cell.reasons.clone()]
                    .concat()
                    .join("\n"),
            ),
            hint: hint(fault, &cell.control),
        },
    }
}

/// A fault in full but for its request id.
pub(super) fn unnumbered(fault: &Fault) -> String {
    Fault {
        request_id: None,
        ..fault.clone()
    }
    .in_full()
}

/// What to do about a fault of a control's call.
pub(super) fn hint(fault: &Fault, control: &Name) -> Option<String> {
    fault.hint().map(|hint| hint.replace("NAME", control.as_str()))
}

#[cfg(test)]
mod tests {
    use trueup_core::fault::FaultKind;

    use super::super::fixtures::{self, Account, at};
    use super::*;

    #[test]
    fn regions_that_the_organization_denies_come_with_the_line_that_leaves_them_out() {
        let denied =
            |call: &str| fixtures::fault(FaultKind::DeniedByOrganization, call, "AccessDenied", "no");
        let spared = Fault {
            code: None,
            ..denied("guardduty:ListDetectors")
        };
        let want = "enabled = true";
        let seen = || Ok(fixtures::seen(want, serde_json::json!({})));
        let all = |reading| {
            Account::new()
                .cell("ebs_encryption", &at("eu-west-1"), want, Err(denied("ec2:Get")))
                .cell("guardduty", &at("eu-west-1"), want, reading)
                .cell("ebs_encryption", &at("us-east-1"), want, seen())
                .cell("ebs_encryption", &at("us-east-2"), want, seen())
                .document()
        };
        let told = |doc: &Document| {
            text(doc, &Style::PLAIN)
                .join("\n")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let line = "write under [account]: regions = [\"us-east-1\", \"us-east-2\"]";
        let text = told(&all(Err(spared)));
        assert!(
            text.contains(line) && !text.contains("guardduty:ListDetectors"),
            "{text}"
        );
        assert!(
            text.contains(
                "eu-west-1: the organization denies EC2 there, so 2 controls are not managed there"
            ),
            "{text}"
        );
        // What was asked and denied may be one service alone.
        let text = told(&all(Err(denied("guardduty:ListDetectors"))));
        assert!(!text.contains(line), "{text}");
    }
}
