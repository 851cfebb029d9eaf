//! What became of a plan: what failed and what to do about it, what was left out, and whether the account is
//! now as wanted.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use toml::{Table, Value};
use trueup_core::fault::Fault;
use trueup_core::plan::{Cell, Step, Verdict, Why};
use trueup_core::plan_file::Document;
use trueup_core::projection;
use trueup_core::registry::Name;
use trueup_engine::execute::Outcome;

use super::ask::classes;
use super::remarks::{self, Remark};
use super::summary::{self, Form};
use super::{Style, phrase, visible};

/// What an apply came to.
#[derive(Clone, Copy, Debug)]
pub struct Applied<'a> {
    /// The plan that was applied.
    pub plan: &'a Document,
    /// One outcome a step, in the order of the plan's steps.
    pub outcomes: &'a [Outcome],
    /// The touched cells, read and judged again; nothing if they were not read again.
    pub again: Option<&'a Document>,
    /// The steps that were done and that AWS does not show yet.
    pub unseen: &'a [&'a Step],
    /// The command that writes back what was there before, if anything may have been written.
    pub undo: Option<&'a str>,
}

/// The report: what went well first and in short, what needs attention last, where the eye is.
pub fn text(applied: &Applied<'_>, style: &Style) -> String {
    let plan = visible::document(applied.plan);
    let again = applied.again.map(visible::document);
    let outcomes: Vec<Outcome> = applied.outcomes.iter().map(visible::outcome).collect();
    let unseen: Vec<Step> = applied.unseen.iter().map(|step| visible::step(step)).collect();
    let applied = &Applied {
        plan: &plan,
        outcomes: &outcomes,
        again: again.as_ref(),
        unseen: &unseen.iter().collect::<Vec<_>>(),
        undo: applied.undo,
    };
    let run = Run::new(applied);
    let sections = [
        run.done(style),
        run.unseen(applied.unseen, style),
        run.left_out(style),
        run.news(applied, style),
        run.not_started(style),
        run.blocked(style),
        run.denied(style),
        run.unknown(style),
        run.failed(style),
        format!("{}\n{}", style.bold(&run.counts()), run.now(applied, style)),
        remarks::tasks(&run.latest(applied), applied.plan, style),
        undo(applied),
    ];
    let sections: Vec<String> = sections.into_iter().filter(|text| !text.is_empty()).collect();
    sections.join("\n")
}

/// Steps with their outcomes, and behind which step each skipped one waits in the end.
struct Run<'a> {
    plan: &'a Document,
    ended: Vec<(&'a Step, &'a Outcome)>,
    /// The numbers of the skipped steps by the number of the step that was not skipped itself.
    behind: BTreeMap<usize, Vec<usize>>,
}

impl<'a> Run<'a> {
    fn new(applied: &Applied<'a>) -> Self {
        let ended: Vec<(&Step, &Outcome)> = applied.plan.steps.iter().zip(applied.outcomes).collect();
        let lost: BTreeMap<usize, usize> = ended
            .iter()
            .filter_map(|(step, outcome)| match outcome {
                Outcome::Skipped(lost) => Some((step.number, *lost)),
                _ => None,
            })
            .collect();
        let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, first) in &lost {
            let mut root = *first;
            // Ends, since a step waits only for steps with smaller numbers.
            while let Some(earlier) = lost.get(&root).filter(|earlier| **earlier < root) {
                root = *earlier;
            }
            behind.entry(root).or_default().push(*number);
        }
        Run {
            plan: applied.plan,
            ended,
            behind,
        }
    }

    fn with(&self, matches: impl Fn(&Outcome) -> bool) -> Vec<&'a Step> {
        self.ended
            .iter()
            .filter(|(_, outcome)| matches(outcome))
            .map(|(step, _)| *step)
            .collect()
    }

    fn skipped_behind(&self, steps: &[&Step]) -> Option<String> {
        let mut skipped: Vec<usize> = steps
            .iter()
            .filter_map(|step| self.behind.get(&step.number))
            .flatten()
            .copied()
            .collect();
        skipped.sort_unstable();
        (!skipped.is_empty()).then(|| format!("skipped behind it: {}", phrase::numbers(&skipped)))
    }

    fn at(&self, steps: &[&Step]) -> String {
        phrase::places(steps.iter().map(|step| &step.place), &self.plan.account.enabled)
    }

    /// Steps by their controls, in the order of the list.
    fn by_control(&self, steps: &[&'a Step]) -> IndexMap<&'a Name, Vec<&'a Step>> {
        let mut groups: IndexMap<&Name, Vec<&Step>> = IndexMap::new();
        for step in steps {
            groups.entry(&step.control).or_default().push(step);
        }
        groups.sort_by_cached_key(|control, _| self.plan.rank(control));
        groups
    }

    fn done(&self, style: &Style) -> String {
        let done = self.with(|outcome| *outcome == Outcome::Done);
        let mut text = String::new();
        for (control, steps) in self.by_control(&done) {
            let line = format!(
                "{} done{} ({})",
                phrase::count(steps.len(), "step", "steps"),
                self.at(&steps),
                phrase::numbers(&numbers(&steps)),
            );
            text.push_str(&phrase::wrap(&format!("{control}: {line}"), "  ", "    ", style));
        }
        headed("Done", text, style)
    }

    fn unseen(&self, unseen: &[&'a Step], style: &Style) -> String {
        let mut alike: IndexMap<_, Vec<&Step>> = IndexMap::new();
        for step in unseen {
            let key = (&step.control, &step.title, step.shown_within_minutes);
            alike.entry(key).or_default().push(step);
        }
        let mut text = String::new();
        for ((control, title, minutes), steps) in &alike {
            text.push_str(&titled(
                steps,
                title,
                &format!("{control}{}", self.at(steps)),
                style,
            ));
            if let Some(minutes) = minutes {
                let when =
                    format!("AWS shows this within {minutes} minutes; a plan before that plans it again");
                text.push_str(&phrase::wrap(&when, DETAIL, CONTINUED, style));
            }
        }
        headed("Done, and not shown by AWS yet", text, style)
    }

    fn left_out(&self, style: &Style) -> String {
        let left_out = self.with(|outcome| *outcome == Outcome::NoConsent);
        let mut text = String::new();
        for (control, steps) in self.by_control(&left_out) {
            let line = format!(
                "{control}: {}{} ({})",
                classes(&steps, style),
                self.at(&steps),
                phrase::numbers(&numbers(&steps)),
            );
            text.push_str(&phrase::wrap(&line, "  ", "    ", style));
            if let Some(skipped) = self.skipped_behind(&steps) {
                text.push_str(&phrase::wrap(
                    &skipped.replace("it:", "them:"),
                    "    ",
                    "      ",
                    style,
                ));
            }
            text.push_str(&format!("  → run them with --allow {control}\n"));
        }
        headed("Left out for want of consent", text, style)
    }

    fn news(&self, applied: &Applied<'_>, style: &Style) -> String {
        applied
            .again
            .map(|again| remarks::news(self.plan, again, style))
            .unwrap_or_default()
    }

    fn not_started(&self, style: &Style) -> String {
        let steps = self.with(|outcome| *outcome == Outcome::NotStarted);
        if steps.is_empty() {
            return String::new();
        }
        let line = format!(
            "{}: {}",
            phrase::count(steps.len(), "step", "steps"),
            phrase::numbers(&numbers(&steps))
        );
        headed(
            "Not started before the interruption",
            phrase::wrap(&line, "  ", "    ", style),
            style,
        )
    }

    fn unknown(&self, style: &Style) -> String {
        let mut text = String::new();
        for step in self.with(|outcome| *outcome == Outcome::Unknown) {
            text.push_str(&titled(&[step], &step.title, &place(step), style));
        }
        if !text.is_empty() {
            text.push_str("  → `trueup plan` shows whether they happened\n");
        }
        headed(
            "Unknown: abandoned while running, may or may not have happened",
            text,
            style,
        )
    }

    fn blocked(&self, style: &Style) -> String {
        let remarks = self.ended.iter().filter_map(|(step, outcome)| match outcome {
            Outcome::Blocked(why) => {
                let mut lines = vec![format!("{} {}", step.number, step.title)];
                match why {
                    Why::InUse { what } => lines.extend(what.iter().cloned()),
                    why => lines.push(why.to_string()),
                }
                lines.extend(self.skipped_behind(&[step]));
                Some(Remark {
                    cells: vec![(&step.control, &step.place)],
                    lines,
                    key: None,
                    hint: None,
                })
            }
            _ => None,
        });
        remarks::section("Blocked", &remarks::together(remarks), self.plan, style)
    }

    fn denied(&self, style: &Style) -> String {
        let fault = |outcome: &'a Outcome| match outcome {
            Outcome::Denied(fault) => Some(fault),
            _ => None,
        };
        self.faults("Denied by the organization", fault, Style::warning, style)
    }

    fn failed(&self, style: &Style) -> String {
        let fault = |outcome: &'a Outcome| match outcome {
            Outcome::Failed(fault) => Some(fault),
            _ => None,
        };
        self.faults("Failed", fault, Style::error, style)
    }

    fn faults(
        &self,
        heading: &str,
        fault: impl Fn(&'a Outcome) -> Option<&'a Fault>,
        paint: fn(&Style, &str) -> String,
        style: &Style,
    ) -> String {
        // Failures that differ only in identifiers and region are one failure.
        let mut alike: IndexMap<_, Failures<'_>> = IndexMap::new();
        for (step, outcome) in &self.ended {
            if let Some(fault) = fault(outcome) {
                let common = |text: &str| phrase::pattern(text, &step.place).text;
                alike
                    .entry((&step.control, common(&step.title), common(&fault.to_string())))
                    .or_default()
                    .push((step, fault));
            }
        }
        let mut text = String::new();
        for ((control, title, _), failures) in &alike {
            let steps: Vec<&Step> = failures.iter().map(|(step, _)| *step).collect();
            let (title, message) = match failures.as_slice() {
                [(step, fault)] => (step.title.clone(), remarks::unnumbered(fault)),
                [(step, fault), ..] => {
                    let message = phrase::pattern(&remarks::unnumbered(fault), &step.place).text;
                    (title.clone(), message)
                }
                [] => continue,
            };
            let at = format!("{control}{}", self.at(&steps));
            text.push_str(&titled(&steps, &title, &at, style));
            text.push_str(&phrase::wrap(&paint(style, &message), DETAIL, CONTINUED, style));
            if let Some(request) = request_ids(failures) {
                text.push_str(&phrase::wrap(&request, DETAIL, CONTINUED, style));
            }
            if let Some(skipped) = self.skipped_behind(&steps) {
                text.push_str(&phrase::wrap(&skipped, DETAIL, CONTINUED, style));
            }
            let hint = failures
                .first()
                .and_then(|(_, fault)| remarks::hint(fault, control));
            if let Some(hint) = hint {
                text.push_str(&phrase::wrap(&hint, "    → ", CONTINUED, style));
            }
        }
        headed(heading, text, style)
    }

    /// `Applied: 60 done, 1 failed.`
    fn counts(&self) -> String {
        let number = |matches: fn(&Outcome) -> bool| self.with(matches).len();
        let parts: Vec<String> = [
            (number(|outcome| matches!(outcome, Outcome::Done)), "done"),
            (number(|outcome| matches!(outcome, Outcome::Failed(_))), "failed"),
            (
                number(|outcome| matches!(outcome, Outcome::Denied(_))),
                "denied by the organization",
            ),
            (number(|outcome| matches!(outcome, Outcome::Unknown)), "unknown"),
            (
                number(|outcome| matches!(outcome, Outcome::Skipped(_))),
                "skipped",
            ),
            (
                number(|outcome| matches!(outcome, Outcome::Blocked(_))),
                "blocked",
            ),
            (
                number(|outcome| matches!(outcome, Outcome::NoConsent)),
                "left out",
            ),
            (
                number(|outcome| matches!(outcome, Outcome::NotStarted)),
                "not started",
            ),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
        if parts.is_empty() {
            "Applied: nothing was to be done.".to_owned()
        } else {
            format!("Applied: {}.", parts.join(", "))
        }
    }

    /// The cells as they were read last.
    fn latest(&self, applied: &Applied<'a>) -> Vec<&'a Cell> {
        let cells = self.plan.cells.iter();
        cells
            .map(|cell| applied.again.map_or(cell, |again| latest(cell, again)))
            .collect()
    }

    /// In what a cell still differs, and what kept it from being changed.
    fn still(&self, cell: &Cell) -> Vec<String> {
        if cell.verdict == Verdict::Blocked {
            return cell.reasons.iter().map(|why| format!("blocked: {why}")).collect();
        }
        let mut lines = still(cell);
        let not_approved = |(step, outcome): &(&Step, &Outcome)| {
            **outcome == Outcome::NoConsent && (&step.control, &step.place) == (&cell.control, &cell.place)
        };
        if self.ended.iter().any(not_approved) {
            lines.push(format!("not approved: --allow {}", cell.control));
        }
        lines
    }

    /// Whether the account is as wanted now, and if not, in what it still differs.
    fn now(&self, applied: &Applied<'_>, style: &Style) -> String {
        if applied.again.is_none() {
            let unread = "The account was not read again; `trueup plan` shows how it is now.";
            return phrase::wrap(unread, "", "", style);
        }
        let cells = self.latest(applied);
        let tasks = cells.iter().map(|cell| cell.people.len()).sum();
        let (open, others): (Vec<&Cell>, Vec<&Cell>) = cells
            .into_iter()
            .partition(|cell| matches!(cell.verdict, Verdict::Change | Verdict::Blocked | Verdict::Unread));
        let denied = summary::only_denied_regions(others.iter().copied());
        let rest = summary::parts(tasks, &others, Form::Sentence);
        let scope = summary::scope(self.plan);
        if open.is_empty() {
            let yet = if applied.unseen.is_empty() {
                ""
            } else {
                ", as far as AWS shows it yet"
            };
            let is_true = style.good(&format!("The account is true to {scope}{yet}"));
            return if let Some(regions) = denied {
                let matches = format!("The account matches {scope}{yet}, except {regions}.");
                phrase::wrap(&style.good(&matches), "", "", style)
            } else if rest.is_empty() {
                phrase::wrap(&format!("{is_true}{}", style.good(".")), "", "", style)
            } else {
                phrase::wrap(
                    &format!(
                        "{is_true}, but for what trueup does not change: {}.",
                        phrase::list(&rest)
                    ),
                    "",
                    "",
                    style,
                )
            };
        }
        let mut text = style.warning(&format!("The account is not yet true to {scope}. What differs:"));
        text.push('\n');
        let remarks = open.into_iter().map(|cell| Remark {
            cells: vec![(&cell.control, &cell.place)],
            lines: self.still(cell),
            key: None,
            hint: None,
        });
        let listed = remarks::section("", &remarks::together(remarks), self.plan, style);
        text.push_str(listed.trim_start_matches('\n'));
        if !rest.is_empty() {
            let besides = format!("Besides, {}.", phrase::list(&rest));
            text.push_str(&phrase::wrap(&besides, "", "", style));
        }
        text
    }
}

/// How to write back what was there before. A command is never broken into lines.
fn undo(applied: &Applied<'_>) -> String {
    let command = applied
        .undo
        .map(|command| format!("To write back what was there before: {command}\n"));
    command.unwrap_or_default()
}

/// Failed steps with what failed.
type Failures<'a> = Vec<(&'a Step, &'a Fault)>;

const DETAIL: &str = "    ";
const CONTINUED: &str = "      ";

fn headed(heading: &str, text: String, style: &Style) -> String {
    if text.is_empty() {
        text
    } else {
        phrase::wrap(&style.bold(heading), "", "  ", style) + &text
    }
}

/// Steps with one title: their numbers, the title, where.
fn titled(steps: &[&Step], title: &str, at: &str, style: &Style) -> String {
    let line = format!("{} {title} ({at})", phrase::numbers(&numbers(steps)));
    phrase::wrap(&line, "  ", "    ", style)
}

fn place(step: &Step) -> String {
    format!("{}, {}", step.control, step.place)
}

fn numbers(steps: &[&Step]) -> Vec<usize> {
    steps.iter().map(|step| step.number).collect()
}

/// The request ids to quote to AWS Support: of a few failures, since one of several alike is enough.
fn request_ids(failures: &[(&Step, &Fault)]) -> Option<String> {
    const FEW: usize = 3;
    let ids: Vec<String> = failures
        .iter()
        .filter_map(|(step, fault)| {
            fault
                .request_id
                .as_ref()
                .map(|id| format!("{id} ({})", step.place))
        })
        .take(FEW)
        .collect();
    let label = if ids.len() == 1 {
        "request id"
    } else {
        "request ids"
    };
    (!ids.is_empty()).then(|| format!("{label} {}", ids.join(", ")))
}

/// The cell as it was read last.
fn latest<'a>(cell: &'a Cell, again: &'a Document) -> &'a Cell {
    again
        .cells
        .iter()
        .find(|new| new.control == cell.control && new.place == cell.place)
        .unwrap_or(cell)
}

/// In what a cell still differs: its fields, or why that cannot be told.
fn still(cell: &Cell) -> Vec<String> {
    if let Some(fault) = &cell.fault {
        return vec![format!("could not be read: {}", remarks::unnumbered(fault))];
    }
    let live = cell
        .seen
        .as_ref()
        .map(|seen| projection::mask(&seen.model, &cell.want))
        .unwrap_or_default();
    let mut lines = vec![];
    fields("", &live, &cell.want, &mut lines);
    if lines.is_empty() {
        lines.extend(cell.reasons.iter().cloned());
    }
    if lines.is_empty() {
        lines.push("differs in what the file does not name".to_owned());
    }
    lines
}

/// The fields that differ, as `path: live → wanted`.
fn fields(path: &str, live: &Table, want: &Table, lines: &mut Vec<String>) {
    let names: BTreeSet<&String> = live.keys().chain(want.keys()).collect();
    for name in names {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let nothing = Table::new();
        match (live.get(name), want.get(name)) {
            (Some(Value::Table(live)), Some(Value::Table(want))) => fields(&path, live, want, lines),
            (Some(Value::Table(live)), None) => fields(&path, live, &nothing, lines),
            (None, Some(Value::Table(want))) => fields(&path, &nothing, want, lines),
            (live, want) if live != want => {
                let told = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
                lines.push(format!("{path}: {} → {}", told(live), told(want)));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
