//! The steps of one control, in as few lines as still name each step's number, class and what it waits for.
//!
//! Seventeen regions with a default VPC have far over a hundred steps, and a list of that length is scrolled
//! past, not read. But they are the same few steps everywhere: each kind is shown once, under a letter, and a
//! table says which numbers it has in each region. The steps of a single place are listed as they are.

use std::collections::BTreeSet;

use super::phrase::{self, Pattern};
use super::style::sign;
use super::Style;
use crate::place::{Place, Region};
use crate::plan::{Class, Effect, Step, Why};

/// A step without what belongs to its place alone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    effect: Effect,
    title: String,
    class: Class,
    risks: Vec<String>,
    /// The kinds of the same place that it waits for, each as a whole.
    after: BTreeSet<usize>,
    blocked: Option<String>,
}

/// The steps of one kind in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Members {
    numbers: Vec<usize>,
    /// The numbers of the other steps that each of them waits for.
    waits: Vec<usize>,
    ids: Vec<String>,
}

/// The steps of one place by kind.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    kinds: Vec<Kind>,
    members: Vec<Members>,
    /// False if the steps of one kind wait for different things, which no table shows.
    regular: bool,
}

/// Sorts the steps of one place by kind. They come in the order of their numbers.
pub(super) fn outline(steps: &[&Step]) -> Outline {
    let mut kinds: Vec<Kind> = vec![];
    let mut of_kind: Vec<Vec<&Step>> = vec![];
    let kind_of = |step: &Step, kinds: &[Kind]| {
        let kind = kind(step);
        kinds.iter().position(|known| *known == kind).ok_or(kind)
    };
    for step in steps {
        match kind_of(step, &kinds) {
            Ok(at) => of_kind[at].push(step),
            Err(kind) => {
                kinds.push(kind);
                of_kind.push(vec![step]);
            }
        }
    }
    let mut regular = true;
    let mut members = vec![];
    let waits: Vec<(BTreeSet<usize>, Vec<usize>)> = of_kind
        .iter()
        .map(|alike| {
            let mut split = alike.iter().map(|step| split_waits(step, &of_kind));
            let first = split.next().unwrap_or_default();
            regular &= split.all(|other| other == first);
            first
        })
        .collect();
    for ((alike, kind), (whole, waits)) in of_kind.iter().zip(&mut kinds).zip(waits) {
        kind.after = whole;
        members.push(Members {
            numbers: alike.iter().map(|step| step.number).collect(),
            waits,
            ids: alike
                .iter()
                .flat_map(|step| phrase::pattern(&step.title, &step.place).ids)
                .collect(),
        });
    }
    Outline {
        kinds,
        members,
        regular,
    }
}

fn kind(step: &Step) -> Kind {
    let common = |text: &str| phrase::pattern(text, &step.place).text;
    let Pattern { text: title, .. } = phrase::pattern(&step.title, &step.place);
    Kind {
        effect: step.effect,
        title,
        class: step.class,
        risks: step.risks.iter().map(|risk| common(risk)).collect(),
        after: BTreeSet::new(),
        blocked: step.blocked.as_ref().map(|why| match why {
            // The step's number differs from place to place, and the step is among those it waits for.
            Why::BehindBlocked(_) => "waits for a step that is blocked".to_owned(),
            why => common(&why.to_string()),
        }),
    }
}

/// What a step waits for: the kinds that it waits for as a whole, and the numbers of all other steps.
fn split_waits(step: &Step, of_kind: &[Vec<&Step>]) -> (BTreeSet<usize>, Vec<usize>) {
    let whole: BTreeSet<usize> = of_kind
        .iter()
        .enumerate()
        .filter(|(_, alike)| alike.iter().all(|other| step.after.contains(&other.number)))
        .map(|(at, _)| at)
        .collect();
    let single = step.after.iter().copied().filter(|number| {
        !whole
            .iter()
            .any(|at| of_kind[*at].iter().any(|other| other.number == *number))
    });
    (whole.clone(), single.collect())
}

/// Steps as they are shown.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The lines.
    pub(super) text: String,
    /// True if a table names all the places, so that nothing else needs to.
    pub(super) names_places: bool,
    /// True if some steps have letters instead of lines of their own.
    pub(super) has_letters: bool,
}

/// Steps of one control in several places: what they are, and where they have which numbers.
pub(super) fn show(places: &[(&Place, Vec<&Step>)], enabled: &[Region], style: &Style) -> Shown {
    // Places with the same kinds of steps share one table.
    let mut alike: Vec<Vec<(&Place, &[&Step], Outline)>> = vec![];
    for (place, steps) in places.iter().filter(|(_, steps)| !steps.is_empty()) {
        let outline = outline(steps);
        let found = alike.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|(_, _, first)| first.regular && outline.regular && first.kinds == outline.kinds)
        });
        match found {
            Some(group) => group.push((place, steps, outline)),
            None => alike.push(vec![(place, steps, outline)]),
        }
    }
    let several = alike.len() > 1;
    let mut shown = Shown::default();
    for group in alike {
        let (text, has_table) = match group.as_slice() {
            [(_, steps, _)] => (listed(steps, style), false),
            group => {
                let members: Vec<(&Place, &[Members])> = group
                    .iter()
                    .map(|(place, _, outline)| (*place, outline.members.as_slice()))
                    .collect();
                let kinds = group.first().map_or(&[][..], |(_, _, outline)| &outline.kinds);
                match one_each(kinds, &members, style) {
                    Some(text) => (text, false),
                    None => (tabled(kinds, &members, style), true),
                }
            }
        };
        if several {
            let at = group.iter().map(|(place, _, _)| *place);
            let at = if has_table {
                phrase::count_places(at, enabled)
            } else {
                phrase::places(at, enabled)
            };
            shown.text.push_str(&phrase::wrap(&format!("{}:", at.trim_start()), "  ", "    ", style));
        }
        shown.text.push_str(&text);
        shown.names_places = has_table && !several;
        shown.has_letters |= has_table;
    }
    shown
}

/// The steps of one place, each in full.
fn listed(steps: &[&Step], style: &Style) -> String {
    let width = steps
        .iter()
        .map(|step| step.number.to_string().len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for step in steps {
        let mut marks = marks(step.class, style);
        if !step.after.is_empty() {
            marks.push(format!("after {}", phrase::numbers(&step.after)));
        }
        text.push_str(&line(
            step.effect,
            &format!("{:>width$}", step.number),
            &step.title,
            &marks,
            style,
        ));
        let blocked = step.blocked.as_ref().map(ToString::to_string);
        text.push_str(&cautions(step.class, &step.risks, blocked.as_deref(), width, style));
    }
    text
}

/// The steps of several places: the kinds, then their numbers.
fn tabled(kinds: &[Kind], places: &[(&Place, &[Members])], style: &Style) -> String {
    // What all places wait for alike is said once, with the kind.
    let shared: Vec<Option<&[usize]>> = (0..kinds.len())
        .map(|at| {
            let mut waits = places.iter().map(|(_, members)| members[at].waits.as_slice());
            let first = waits.next()?;
            waits.all(|other| other == first).then_some(first)
        })
        .collect();
    let mut text = String::new();
    for (at, kind) in kinds.iter().enumerate() {
        let mut after: Vec<String> = kind.after.iter().map(|at| letter(*at)).collect();
        if let Some(waits) = shared[at].filter(|waits| !waits.is_empty()) {
            after.push(phrase::numbers(waits));
        }
        let mut marks = marks(kind.class, style);
        if !after.is_empty() {
            marks.push(format!("after {}", after.join(", ")));
        }
        text.push_str(&line(kind.effect, &letter(at), &kind.title, &marks, style));
        text.push_str(&cautions(
            kind.class,
            &kind.risks,
            kind.blocked.as_deref(),
            1,
            style,
        ));
    }
    let mut rows = vec![vec![String::new()]];
    rows[0].extend((0..kinds.len()).map(letter));
    for (place, members) in places {
        let mut row = vec![place.to_string()];
        for (at, members) in members.iter().enumerate() {
            let mut cell = phrase::numbers(&members.numbers);
            if shared[at].is_none() && !members.waits.is_empty() {
                cell.push_str(&format!(" after {}", phrase::numbers(&members.waits)));
            }
            row.push(cell);
        }
        rows.push(row);
    }
    add_ids(&mut rows, places, style);
    text.push('\n');
    text.push_str(&phrase::table(&rows, INDENT, &[]));
    text
}

const INDENT: &str = "    ";

/// One line for a step that every place has once, with nothing of its own.
fn one_each(kinds: &[Kind], places: &[(&Place, &[Members])], style: &Style) -> Option<String> {
    let [kind] = kinds else { return None };
    let mut numbers = vec![];
    let mut waits = BTreeSet::new();
    for (_, members) in places {
        let [members] = members else { return None };
        let ([number], []) = (members.numbers.as_slice(), members.ids.as_slice()) else {
            return None;
        };
        numbers.push(*number);
        waits.insert(members.waits.as_slice());
    }
    if waits.len() > 1 || !numbers.is_sorted() {
        return None;
    }
    let mut marks = marks(kind.class, style);
    marks.push("one each".to_owned());
    marks.extend(
        waits
            .first()
            .filter(|waits| !waits.is_empty())
            .map(|waits| format!("after {}", phrase::numbers(waits))),
    );
    let numbers = phrase::numbers(&numbers);
    let mut text = line(kind.effect, &numbers, &kind.title, &marks, style);
    text.push_str(&cautions(
        kind.class,
        &kind.risks,
        kind.blocked.as_deref(),
        numbers.chars().count(),
        style,
    ));
    Some(text)
}

/// Puts the identifiers into the table, from the last kind backwards, as long as the line has room: the last
/// step is the one that all others lead to, such as the deletion of the VPC.
fn add_ids(rows: &mut [Vec<String>], places: &[(&Place, &[Members])], style: &Style) {
    let kinds = places.first().map_or(0, |(_, members)| members.len());
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for kind in (0..kinds).rev() {
        let ids: Option<Vec<&str>> = places
            .iter()
            .map(|(_, members)| match members[kind].ids.as_slice() {
                [id] if !shown.contains(id.as_str()) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let Some(ids) = ids else { continue };
        let before = rows.to_vec();
        let width = rows
            .iter()
            .map(|row| row[kind + 1].chars().count())
            .max()
            .unwrap_or_default();
        for (row, id) in rows.iter_mut().skip(1).zip(&ids) {
            row[kind + 1] = format!("{:<width$} {id}", row[kind + 1]);
        }
        let fits = phrase::table(rows, INDENT, &[])
            .lines()
            .all(|line| line.chars().count() <= style.width);
        if fits {
            shown.extend(ids);
        } else {
            rows.clone_from_slice(&before);
        }
    }
}

/// The name of a kind in the table: a, b, … z, then numbers in brackets, which nothing reaches in practice.
fn letter(at: usize) -> String {
    u8::try_from(at)
        .ok()
        .filter(|at| *at < 26)
        .map_or_else(|| format!("({at})"), |at| char::from(b'a' + at).to_string())
}

fn marks(class: Class, style: &Style) -> Vec<String> {
    match class {
        Class::Safe => vec![],
        class => vec![style.class(class, &class.to_string())],
    }
}

/// One step: its sign, its number or letter, its title and its marks.
fn line(effect: Effect, label: &str, title: &str, marks: &[String], style: &Style) -> String {
    let marks = if marks.is_empty() {
        String::new()
    } else {
        format!("  ({})", marks.join(", "))
    };
    let sign = style.effect(effect, &sign(effect).to_string());
    phrase::wrap(
        &format!("{title}{marks}"),
        &format!("  {sign} {label}  "),
        &" ".repeat(label.chars().count() + 8),
        style,
    )
}

/// What to know of a step before it runs: why it may harm, and why it cannot run.
fn cautions(class: Class, risks: &[String], blocked: Option<&str>, label: usize, style: &Style) -> String {
    let first = " ".repeat(label + 6);
    let rest = format!("{first}  ");
    let mut text = String::new();
    for risk in risks {
        text.push_str(&phrase::wrap(
            risk,
            &format!("{first}{} ", style.class(class, "!")),
            &rest,
            style,
        ));
    }
    if let Some(why) = blocked {
        text.push_str(&phrase::wrap(
            &format!("blocked: {why}"),
            &format!("{first}{} ", style.warning("!")),
            &rest,
            style,
        ));
    }
    text
}
