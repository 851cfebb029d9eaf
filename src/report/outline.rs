//! The steps of one control, in as few lines as still name each step's number, class and what it waits for.
//!
//! Seventeen regions with a default VPC have far over a hundred steps, and a list of that length is scrolled
//! past, not read. But they are the same few steps everywhere: each kind is shown once, under a letter, and a
//! table says which numbers it has in each region. The steps of a single place are listed as they are.

use std::collections::BTreeSet;

use trueup_core::change::{Class, Effect};
use trueup_core::location::{Location, Region};
use trueup_core::plan::{Step, Why};

use super::Style;
use super::phrase::{self, Pattern};
use super::style::sign;

/// A step without what belongs to its place alone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    effect: Effect,
    title: String,
    class: Class,
    risks: Vec<String>,
    weakens: Vec<String>,
    /// The kinds of the same place that it waits for, each as a whole.
    after: BTreeSet<usize>,
    /// True if there are several of it, each of which waits for the one before.
    in_turn: bool,
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
    for step in steps {
        let kind = kind(step);
        match kinds.iter().position(|known| *known == kind) {
            Some(at) => of_kind[at].push(step),
            None => {
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
        kind.in_turn = in_turn(alike);
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
        weakens: step.weakens.iter().map(|what| common(what)).collect(),
        after: BTreeSet::new(),
        in_turn: false,
        blocked: step.blocked.as_ref().map(|why| match why {
            // The step's number differs from place to place, and the step is among those it waits for.
            Why::BehindBlocked(_) => "waits for a step that is blocked".to_owned(),
            why => common(&why.to_string()),
        }),
    }
}

/// True if these are several, each of which waits for the one before.
fn in_turn(alike: &[&Step]) -> bool {
    alike.len() > 1 && alike.windows(2).all(|two| two[1].after.contains(&two[0].number))
}

/// What a step waits for: the kinds that it waits for as a whole, and the numbers of all other steps. What waits for the
/// last of those that run in turn waits for all of them, and that each of them waits for the one before is said of the
/// kind.
fn split_waits(step: &Step, of_kind: &[Vec<&Step>]) -> (BTreeSet<usize>, Vec<usize>) {
    let waits = |other: &&Step| step.after.contains(&other.number);
    let is_own = |alike: &[&Step]| alike.iter().any(|other| other.number == step.number);
    let whole: BTreeSet<usize> = of_kind
        .iter()
        .enumerate()
        .filter(|(_, alike)| match alike.last() {
            Some(last) if in_turn(alike) => !is_own(alike) && waits(last),
            _ => alike.iter().all(waits),
        })
        .map(|(at, _)| at)
        .collect();
    let is_said = |number: usize| {
        of_kind.iter().enumerate().any(|(at, alike)| {
            let has = alike.iter().any(|other| other.number == number);
            has && (whole.contains(&at) || (in_turn(alike) && is_own(alike)))
        })
    };
    let single = step.after.iter().copied().filter(|number| !is_said(*number));
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
pub(super) fn show(places: &[(&Location, Vec<&Step>)], enabled: &[Region], style: &Style) -> Shown {
    // Places with the same kinds of steps share one table.
    let mut alike: Vec<Vec<(&Location, &[&Step], Outline)>> = vec![];
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
                let members: Vec<(&Location, &[Members])> = group
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
            shown.text.push_str(&phrase::wrap(
                &format!("{}:", at.trim_start()),
                "  ",
                "    ",
                style,
            ));
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
        let mut marks = marks(step.class, &step.weakens, style);
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
        text.push_str(&cautions(
            step.class,
            &step.risks,
            &step.weakens,
            blocked.as_deref(),
            width,
            style,
        ));
    }
    text
}

/// The steps of several places: the kinds, then their numbers.
fn tabled(kinds: &[Kind], places: &[(&Location, &[Members])], style: &Style) -> String {
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
        let mut marks = marks(kind.class, &kind.weakens, style);
        if kind.in_turn {
            marks.push("one after the other".to_owned());
        }
        if !after.is_empty() {
            marks.push(format!("after {}", after.join(", ")));
        }
        text.push_str(&line(kind.effect, &letter(at), &kind.title, &marks, style));
        text.push_str(&cautions(
            kind.class,
            &kind.risks,
            &kind.weakens,
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
const LONGEST_LABEL: usize = 4;
const NO_BREAK: &str = "\u{a0}";

/// One line for a step that every place has once, with nothing of its own.
fn one_each(kinds: &[Kind], places: &[(&Location, &[Members])], style: &Style) -> Option<String> {
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
    let mut marks = marks(kind.class, &kind.weakens, style);
    marks.push("one in each".to_owned());
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
        &kind.weakens,
        kind.blocked.as_deref(),
        numbers.chars().count(),
        style,
    ));
    Some(text)
}

/// Puts the identifiers into the table, from the last kind backwards, as long as the line has room: the last
/// step is the one that all others lead to, such as the deletion of the VPC.
fn add_ids(rows: &mut [Vec<String>], places: &[(&Location, &[Members])], style: &Style) {
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

fn marks(class: Class, weakens: &[String], style: &Style) -> Vec<String> {
    let harm = (class > Class::Safe).then(|| style.class(class, &class.to_string()));
    let loosens = (!weakens.is_empty()).then(|| style.warning("weakening"));
    harm.into_iter().chain(loosens).collect()
}

/// One step: its sign, its number or letter, its title and its marks.
fn line(effect: Effect, label: &str, title: &str, marks: &[String], style: &Style) -> String {
    // Marks stay on one line, unless they are too long for that.
    const SHORT: usize = 40;
    let mut marks = marks.join(", ");
    if !marks.is_empty() {
        marks = format!("({marks})");
        if textwrap::core::display_width(&marks) <= SHORT {
            marks = marks.replace(' ', NO_BREAK);
        }
    }
    let sign = style.effect(effect, &sign(effect).to_string());
    phrase::wrap(
        format!("{title}  {marks}").trim_end(),
        &format!("  {sign} {label}  "),
        // Behind a long label further lines would be narrow.
        &" ".repeat(label.chars().count().min(LONGEST_LABEL) + 6),
        style,
    )
    .replace(NO_BREAK, " ")
}

/// What to know of a step before it runs: why it may harm, and why it cannot run.
fn cautions(
    class: Class,
    risks: &[String],
    weakens: &[String],
    blocked: Option<&str>,
    label: usize,
    style: &Style,
) -> String {
    let first = " ".repeat(label.min(LONGEST_LABEL) + 6);
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
    for what in weakens {
        text.push_str(&phrase::wrap(
            what,
            &format!("{first}{} ", style.warning("!")),
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

#[cfg(test)]
mod tests {
    use trueup_core::plan_file::Document;

    use super::super::fixtures::{self, Account, at, id};
    use super::*;

    fn shown(doc: &Document) -> String {
        let cells = doc.cells.iter().filter(|cell| cell.control == id("default_vpc"));
        let places: Vec<(&Location, Vec<&Step>)> = cells
            .map(|cell| {
                let steps = doc.steps.iter().filter(|step| step.place == cell.place);
                (&cell.place, steps.collect())
            })
            .collect();
        show(&places, &doc.account.enabled, &Style::PLAIN).text
    }

    fn of_regions(names: &[&str]) -> Document {
        let account = names.iter().fold(Account::new(), |account, name| {
            account.default_vpc(name, &[], &[])
        });
        account.document()
    }

    /// The step of a region by its position there.
    fn step<'a>(doc: &'a mut Document, region: &str, position: usize) -> &'a mut Step {
        let mut steps = doc.steps.iter_mut().filter(|step| step.place == at(region));
        steps.nth(position).unwrap()
    }

    #[test]
    fn the_steps_of_one_place_are_listed_in_full() {
        insta::assert_snapshot!(shown(&of_regions(&["us-west-1"])), @r"
        - 1  delete subnet subnet-00f00a1b2c3d4e5f6 (us-west-1a)  (destructive)
        - 2  delete subnet subnet-00f01a1b2c3d4e5f6 (us-west-1b)
             (destructive, after 1)
        - 3  detach internet gateway igw-00f00a1b2c3d4e5f6 from vpc-00f00a1b2c3d4e5f6
             (destructive, after 2)
        - 4  delete internet gateway igw-00f00a1b2c3d4e5f6  (destructive, after 3)
        - 5  delete the default VPC vpc-00f00a1b2c3d4e5f6  (destructive, after 4)
             ! not looked for: DB, cache and other subnet groups, Auto Scaling groups,
               launch templates, idle Lambda functions, route servers, local gateways
               of Outposts, Route 53 private hosted zones, Resolver and DNS Firewall
               rules
        ");
    }

    #[test]
    fn what_one_region_alone_waits_for_stands_beside_its_numbers() {
        let mut doc = of_regions(&["us-west-1", "sa-east-1"]);
        step(&mut doc, "us-west-1", 2).after.push(99);
        insta::assert_snapshot!(shown(&doc), @r"
        - a  delete subnet subnet-… (…)  (destructive, one after the other)
        - b  detach internet gateway igw-… from vpc-…  (destructive, after a)
        - c  delete internet gateway igw-…  (destructive, after b)
        - d  delete the default VPC vpc-…  (destructive, after c)
             ! not looked for: DB, cache and other subnet groups, Auto Scaling groups,
               launch templates, idle Lambda functions, route servers, local gateways
               of Outposts, Route 53 private hosted zones, Resolver and DNS Firewall
               rules

                     a     b           c   d
          us-west-1  1, 2  3 after 99  4   5  vpc-00f00a1b2c3d4e5f6
          sa-east-1  6–8   9           10  11 vpc-00c00a1b2c3d4e5f6
        ");
    }

    #[test]
    fn what_all_regions_wait_for_stands_beside_the_letter() {
        let mut doc = of_regions(&["us-west-1", "sa-east-1"]);
        step(&mut doc, "us-west-1", 2).after.push(99);
        step(&mut doc, "sa-east-1", 3).after.push(99);
        assert!(
            shown(&doc).contains("(destructive, after a, 99)"),
            "{}",
            shown(&doc)
        );
    }

    #[test]
    fn what_waits_for_one_alone_of_the_steps_that_run_in_turn_says_which() {
        let mut doc = of_regions(&["us-west-1", "sa-east-1"]);
        let first = step(&mut doc, "us-west-1", 0).number;
        step(&mut doc, "us-west-1", 2).after = vec![first];
        let text = shown(&doc);
        assert!(text.contains(&format!("(destructive, after {first})")), "{text}");
    }

    #[test]
    fn a_region_whose_steps_wait_in_another_way_is_listed_by_itself() {
        let mut doc = of_regions(&["us-west-1", "sa-east-1"]);
        // Its second subnet does not wait for the first, and so its gateway waits for one of them only.
        let second = step(&mut doc, "us-west-1", 1);
        second.after.clear();
        let second = second.number;
        let text = shown(&doc);
        assert!(
            text.contains("in us-west-1:\n") && text.contains("in sa-east-1:\n"),
            "{text}"
        );
        assert!(text.contains(&format!("(destructive, after {second})")), "{text}");
    }

    #[test]
    fn a_blocked_step_says_why() {
        let mut doc = of_regions(&["us-west-1"]);
        step(&mut doc, "us-west-1", 0).blocked = Some(Why::InUse {
            what: vec!["an instance runs in it".to_owned()],
        });
        assert!(
            shown(&doc).contains("! blocked: an instance runs in it"),
            "{}",
            shown(&doc)
        );
    }

    #[test]
    fn a_wide_terminal_has_room_for_more_ids() {
        let doc = of_regions(&["us-west-1", "sa-east-1"]);
        let places: Vec<(&Location, Vec<&Step>)> = doc
            .cells
            .iter()
            .map(|cell| {
                let steps = doc.steps.iter().filter(|step| step.place == cell.place);
                (&cell.place, steps.collect())
            })
            .collect();
        let wide = Style {
            width: 120,
            ..Style::PLAIN
        };
        let text = show(&places, &doc.account.enabled, &wide).text;
        assert!(
            text.contains("igw-00f00a1b2c3d4e5f6  ") && text.contains("vpc-00f00a1b2c3d4e5f6"),
            "{text}"
        );
    }

    #[test]
    fn no_step_of_a_plan_is_left_out() {
        for doc in [fixtures::fresh(), fixtures::busy()] {
            let text = crate::report::plan::text(&fixtures::controls(), &doc, None, &Style::PLAIN);
            let mut found: BTreeSet<usize> = BTreeSet::new();
            for token in text.split([' ', ',', '\n']) {
                let (first, last) = token.split_once('–').unwrap_or((token, token));
                if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse()) {
                    found.extend(first..=last);
                }
            }
            for step in &doc.steps {
                assert!(
                    found.contains(&step.number),
                    "step {} is not in\n{text}",
                    step.number
                );
            }
        }
    }
}
