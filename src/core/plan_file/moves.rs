//! In what a new plan is not the saved one: in the words of the plan, step by step and cell by cell.
//!
//! A saved plan promises its steps, the cells that they touch, and what it says a person has to do. Everything else in
//! it explains: notices, verdicts of other cells, what could not be read, costs. That may differ.

use std::collections::{BTreeSet, HashSet};

use toml::{Table, Value};

use super::Document;
use crate::env::Env;
use crate::location::{Location, Region};
use crate::plan::{Cell, Step};
use crate::registry::CellKey;

/// In what a new plan is not the saved one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moves {
    /// What of the account around the cells is another one, a sentence each.
    pub account: Vec<String>,
    /// Steps that are no longer planned.
    pub gone: Vec<Step>,
    /// Steps that were not planned.
    pub new: Vec<Step>,
    /// Steps that are planned in another way, each as it is now, with what differs.
    pub changed: Vec<(Step, Vec<String>)>,
    /// Cells with steps that are wanted or read otherwise, each with what differs.
    pub cells: Vec<(CellKey, Vec<String>)>,
    /// Tasks that a person no longer has.
    pub done: Vec<(CellKey, Vec<String>)>,
    /// Tasks that a person did not have.
    pub tasks: Vec<(CellKey, Vec<String>)>,
}

impl Moves {
    /// From what a saved plan promised to what a new one says.
    pub(super) fn between(old: &Document, new: &Document) -> Moves {
        let (gone, added, changed) = steps(old, new);
        Moves {
            account: around(&old.account, &new.account),
            gone,
            new: added,
            changed,
            cells: touched(old, new),
            done: more_tasks(old, new),
            tasks: more_tasks(new, old),
        }
    }

    /// True if everything that was promised is as it was.
    pub fn is_empty(&self) -> bool {
        *self == Moves::default()
    }
}

fn around(old: &Env, new: &Env) -> Vec<String> {
    let mut lines = vec![];
    if old.home != new.home {
        lines.push(format!("the home region was {} and is {}", old.home, new.home));
    }
    let without = |one: &Env, other: &Env| -> Vec<Region> {
        let missing = one
            .enabled
            .iter()
            .filter(|region| !other.enabled.contains(region));
        missing.cloned().collect()
    };
    let gone = without(old, new);
    let more = without(new, old);
    lines.extend(
        gone.iter()
            .map(|region| format!("the region {region} is no longer enabled")),
    );
    lines.extend(
        more.iter()
            .map(|region| format!("the region {region} is enabled now")),
    );
    lines
}

type Compared = (Vec<Step>, Vec<Step>, Vec<(Step, Vec<String>)>);

fn steps(old: &Document, new: &Document) -> Compared {
    let mut left: Vec<&Step> = new.steps.iter().collect();
    let mut take = |matches: &dyn Fn(&Step) -> bool| {
        let at = left.iter().position(|step| matches(step))?;
        Some(left.remove(at))
    };
    let mut changed = vec![];
    let mut pairs = vec![];
    let mut unmatched = vec![];
    for step in &old.steps {
        match take(&|other| other.cell() == step.cell() && other.action == step.action) {
            Some(other) => pairs.push((step, other)),
            None => unmatched.push(step),
        }
    }
    // The same title with another action is the same step, done otherwise.
    let mut gone = vec![];
    for step in unmatched {
        match take(&|other| other.cell() == step.cell() && other.title == step.title) {
            Some(other) => pairs.push((step, other)),
            None => gone.push(step.clone()),
        }
    }
    pairs.sort_by_key(|(_, now)| now.number);
    for (was, now) in pairs {
        let what = step_moves(was, now, old, new);
        if !what.is_empty() {
            changed.push((now.clone(), what));
        }
    }
    (gone, left.into_iter().cloned().collect(), changed)
}

/// In what a step is done otherwise than it was to be. Its number is no promise.
fn step_moves(was: &Step, now: &Step, old: &Document, new: &Document) -> Vec<String> {
    let mut lines = vec![];
    if was.title != now.title {
        lines.push(format!("it was to {}", was.title));
    }
    if was.class != now.class {
        lines.push(format!("it was {} and is {}", was.class, now.class));
    }
    more(&was.risks, &now.risks, "a risk", &mut lines);
    more(&was.weakens, &now.weakens, "it weakens", &mut lines);
    match (&was.blocked, &now.blocked) {
        (None, Some(why)) => lines.push(format!("it is blocked now: {why}")),
        (Some(_), None) => lines.push("it is no longer blocked".to_owned()),
        _ => {}
    }
    let (before, after) = (awaited(was, old), awaited(now, new));
    let words = |steps: &BTreeSet<Awaited<'_>>| {
        let titles: Vec<&str> = steps.iter().map(|(.., title)| *title).collect();
        titles.join("; ")
    };
    let (fewer, more) = (&before - &after, &after - &before);
    if !fewer.is_empty() {
        lines.push(format!("it no longer waits for: {}", words(&fewer)));
    }
    if !more.is_empty() {
        lines.push(format!("it waits for: {}", words(&more)));
    }
    if lines.is_empty() && (was.action != now.action || was.effect != now.effect) {
        values("", Some(&action(was)), Some(&action(now)), &mut lines);
    }
    lines
}

/// A step's action as TOML, to name the members that differ.
fn action(step: &Step) -> Value {
    Value::try_from(&step.action).unwrap_or_else(|_| Value::String(step.action.to_string()))
}

type Awaited<'a> = (&'a str, &'a Location, &'a str);

fn awaited<'a>(step: &Step, doc: &'a Document) -> BTreeSet<Awaited<'a>> {
    let before = doc
        .steps
        .iter()
        .filter(|other| step.after.contains(&other.number));
    before
        .map(|other| (other.control.as_str(), &other.place, other.title.as_str()))
        .collect()
}

fn more(old: &[String], new: &[String], what: &str, lines: &mut Vec<String>) {
    let without = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|text| !other.contains(text)).cloned().collect()
    };
    lines.extend(
        without(new, old)
            .iter()
            .map(|text| format!("{what} that is new: {text}")),
    );
    lines.extend(
        without(old, new)
            .iter()
            .map(|text| format!("{what} that is gone: {text}")),
    );
}

/// The cells with steps in one of the two, where the file wants something else of them or the account has.
fn touched(old: &Document, new: &Document) -> Vec<(CellKey, Vec<String>)> {
    let keys: HashSet<CellKey> = old.steps.iter().chain(&new.steps).map(Step::cell).collect();
    let mut moved = vec![];
    for now in &new.cells {
        let key = (now.control.clone(), now.place.clone());
        let was = old.cells.iter().find(|cell| is(cell, &key));
        if let Some(was) = was.filter(|_| keys.contains(&key)) {
            let lines = cell_moves(was, now);
            if !lines.is_empty() {
                moved.push((key, lines));
            }
        }
    }
    moved
}

fn cell_moves(was: &Cell, now: &Cell) -> Vec<String> {
    let table = |cell: &Cell| cell.seen.as_ref().map(|seen| Value::Table(seen.model.clone()));
    let mut lines = vec![];
    if was.verdict != now.verdict {
        lines.push(format!(
            "it was `{}` and is `{}`",
            was.verdict.words(),
            now.verdict.words()
        ));
    }
    if let (Some(was), Some(now)) = (table(was), table(now)) {
        values("", Some(&was), Some(&now), &mut lines);
    }
    let mut asked = vec![];
    let want = |cell: &Cell| Value::Table(cell.want.clone());
    values("", Some(&want(was)), Some(&want(now)), &mut asked);
    lines.extend(
        asked
            .into_iter()
            .map(|line| format!("what the file asks for: {line}")),
    );
    lines
}

/// The values that differ, as `path: was → is`.
fn values(path: &str, old: Option<&Value>, new: Option<&Value>, lines: &mut Vec<String>) {
    let nothing = Table::new();
    let (was, is) = match (old, new) {
        (old, new) if old == new => return,
        (Some(Value::Table(was)), Some(Value::Table(is))) => (was, is),
        (None, Some(Value::Table(is))) => (&nothing, is),
        (Some(Value::Table(was)), None) => (was, &nothing),
        (old, new) => {
            lines.push(format!("{path}: {} → {}", told(old), told(new)));
            return;
        }
    };
    for key in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        values(&path, was.get(key), is.get(key), lines);
    }
}

/// A value in at most a line's length: a policy is better read in the plan.
fn told(value: Option<&Value>) -> String {
    const LONGEST: usize = 80;
    let text = value.map_or("nothing".to_owned(), Value::to_string);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn more_tasks(of: &Document, than: &Document) -> Vec<(CellKey, Vec<String>)> {
    let mut tasks = vec![];
    for cell in &of.cells {
        let key = (cell.control.clone(), cell.place.clone());
        let other = than.cells.iter().find(|cell| is(cell, &key));
        let known = other.map_or(&[][..], |cell| &cell.people);
        let more: Vec<String> = cell
            .people
            .iter()
            .filter(|task| !known.contains(task))
            .cloned()
            .collect();
        if !more.is_empty() {
            tasks.push((key, more));
        }
    }
    tasks
}

fn is(cell: &Cell, (control, place): &CellKey) -> bool {
    cell.control == *control && cell.place == *place
}
