//! From what was read to a baseline that wants exactly that.
//!
//! Where regions agree they share one table: the commonest value is the base, the rest are overrides. Since a
//! merged table can never lose a key of its base, a base can say too much for some region; so every candidate is
//! read back by the baseline's own loader and held against the readings, and the first one that wants no change
//! anywhere is written. What could not be read becomes a comment and is left out of what the file manages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use toml::{Table, Value};

use crate::baseline::{Filters, Loader, NoFiles};
use crate::change::Changes;
use crate::control::{Act, AnyControl, BadDocument, Controls, Here, ObservedDoc};
use crate::fault::Fault;
use crate::location::{Location, Region, Scope};
use crate::plan::Survey;
use crate::registry::Entry;
use crate::visible;

/// Writes the baseline that wants the account as it was read, commented for people.
///
/// What the survey has no cell for is not managed by the file, and named at its head.
pub fn export(controls: &Controls, head: &Head<'_>, survey: &Survey) -> String {
    let env = &survey.env;
    let known_as = head.alias.map(|alias| format!(" ({alias})")).unwrap_or_default();
    let mut file = comment(&format!(
        "What trueup found in the AWS account {}{known_as}. `trueup plan` on this file has nothing to change.",
        env.account
    ));
    file += &comment(&format!("{}.", head.home));
    let scope = Regions::of(controls, head.filters, survey);
    file += &not_in_file(controls, head.filters, &scope, survey);
    let _ = write!(file, "\n{}", scope.account(controls, survey));
    for listed in controls.iter().filter(|listed| *listed.name != *ACCOUNT) {
        let section = match listed.control.scope() {
            Scope::Account => once(controls, listed, survey),
            Scope::EachRegion => each_region(controls, listed, survey, &scope.managed),
        };
        if !section.is_empty() {
            let _ = write!(file, "\n{}{section}", comment(listed.control.doc().title));
        }
    }
    file
}

/// What the head of an export says.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The account's alias.
    pub alias: Option<&'a str>,
    /// How the home region was chosen, in a sentence.
    pub home: &'a str,
    /// What was to be read.
    pub filters: &'a Filters,
}

/// What the filters keep out of the file, in comments; nothing if that is nothing.
fn not_in_file(controls: &Controls, filters: &Filters, scope: &Regions<'_>, survey: &Survey) -> String {
    if *filters == Filters::default() {
        return String::new();
    }
    let by_name = Filters {
        regions: vec![],
        ..filters.clone()
    };
    let lacking = controls
        .iter()
        .filter(|listed| !survey.cells.keys().any(|(control, _)| control == listed.name));
    let (by_region, by_name): (Vec<_>, Vec<_>) =
        lacking.partition(|listed| by_name.pass(listed.name, &Location::Account));
    let names_of = |lacking: &[Listed<'_>]| {
        let names = lacking.iter().map(|listed| match listed.name.as_str() {
            ACCOUNT => "account (the alias)",
            name => name,
        });
        Vec::from_iter(names).join(", ")
    };
    let mut text = comment(&format!(
        "This is a part of the account, exported with {filters}. What is not in it:"
    ));
    if !by_name.is_empty() {
        text += &comment(&format!("- controls that were left out: {}", names_of(&by_name)));
    }
    if !by_region.is_empty() {
        let what = "controls of what exists once in the account, which --region leaves out";
        text += &comment(&format!("- {what}: {}", names_of(&by_region)));
    }
    if !scope.filtered_out.is_empty() {
        text += &comment(&format!("- regions: {}", names(&scope.filtered_out)));
    }
    if survey.cells.is_empty() {
        text += &comment("Nothing was read: no control is left. Export again with other options.");
    }
    text
}

/// One control of the list.
type Listed<'r> = Entry<'r, dyn AnyControl>;

/// The table that says which account it is. The control of that name has its keys in it.
const ACCOUNT: &str = "account";

/// The regions that the file manages.
struct Regions<'a> {
    /// Those where something could be read, or all if nothing is read by region.
    managed: Vec<&'a Region>,
    /// Those where nothing could be read, with why.
    left_out: BTreeMap<&'a Region, BTreeSet<String>>,
    /// Those that were not to be read.
    filtered_out: Vec<&'a Region>,
}

impl<'a> Regions<'a> {
    fn of(controls: &Controls, filters: &Filters, survey: &'a Survey) -> Self {
        let is_chosen = |region: &Region| filters.regions.is_empty() || filters.regions.contains(region);
        let (chosen, filtered_out): (Vec<&Region>, Vec<&Region>) =
            survey.env.enabled.iter().partition(|region| is_chosen(region));
        let by_region: Vec<Listed<'_>> = controls
            .iter()
            .filter(|listed| {
                survey
                    .cells
                    .keys()
                    .any(|(control, place)| control == listed.name && place.region().is_some())
            })
            .collect();
        let readable = |region: &Region| {
            by_region
                .iter()
                .any(|listed| matches!(reading(*listed, region, survey), Some(Ok(_))))
        };
        let (managed, others): (Vec<&Region>, Vec<&Region>) =
            chosen.iter().partition(|region| readable(region));
        if managed.is_empty() {
            return Regions {
                managed: chosen,
                left_out: BTreeMap::new(),
                filtered_out,
            };
        }
        let left_out = others
            .into_iter()
            .map(|region| {
                (
                    region,
                    by_region
                        .iter()
                        .map(|listed| unread(*listed, region, survey))
                        .collect(),
                )
            })
            .collect();
        Regions {
            managed,
            left_out,
            filtered_out,
        }
    }

    /// The table of the account, which the control of that name has its part in.
    fn account(&self, controls: &Controls, survey: &Survey) -> String {
        let env = &survey.env;
        let mut account = Table::new();
        let listed = |regions: Vec<&Region>| {
            Value::Array(
                regions
                    .into_iter()
                    .map(|region| Value::from(region.as_str()))
                    .collect(),
            )
        };
        account.insert("id".to_owned(), Value::from(env.account.as_str()));
        account.insert("home_region".to_owned(), Value::from(env.home.as_str()));
        let mut out: Vec<&Region> = self.left_out.keys().chain(&self.filtered_out).copied().collect();
        out.sort();
        // A list of regions has at least one in it.
        if self.managed.is_empty() {
            account.insert("regions".to_owned(), Value::from("enabled"));
        } else if out.len() <= self.managed.len() {
            account.insert("regions".to_owned(), Value::from("enabled"));
            if !out.is_empty() {
                account.insert("exclude_regions".to_owned(), listed(out));
            }
        } else {
            account.insert("regions".to_owned(), listed(self.managed.clone()));
        }
        let mut reasons: BTreeMap<&BTreeSet<String>, Vec<&Region>> = BTreeMap::new();
        for (region, why) in &self.left_out {
            reasons.entry(why).or_default().push(region);
        }
        let mut text = String::new();
        for (why, regions) in reasons {
            for line in why {
                text += &comment(&format!("Nothing of {}: {line}", names(&regions)));
            }
        }
        if let Ok(listed) = controls.find(ACCOUNT) {
            match survey.cells.get(&listed.at(Location::Account)) {
                None => {}
                Some(Ok(seen)) => account.extend(seen.model.clone()),
                Some(Err(fault)) => text += &comment(&format!("Without the alias: {fault}")),
            }
        }
        text + &written(&[ACCOUNT], &account)
    }
}

fn once(controls: &Controls, id: Listed<'_>, survey: &Survey) -> String {
    let place = &Location::Account;
    let seen = match survey.cells.get(&id.at(place.clone())) {
        None => return String::new(),
        Some(Err(fault)) => return comment(&format!("Not managed here: {fault}")),
        Some(Ok(seen)) => seen,
    };
    let why_not = |table: &Table| unwanted(controls, id, place, table, seen, survey);
    let (table, without) = match why_not(&seen.model) {
        None => (seen.model.clone(), None),
        Some(why) => match without_few_keys(id, &seen.model, |table| why_not(table).is_none()) {
            Some((table, keys)) => (table, Some(format!("Without {}: {why}", keys.join(", ")))),
            None => {
                let mut lines = id.control.unsaid(seen).unwrap_or_default();
                // That an empty table is wrong is no news where the control says why it is empty.
                if lines.is_empty() || !seen.model.is_empty() {
                    lines.push(format!("Not managed here: {why}"));
                }
                return lines.iter().map(|line| comment(line)).collect();
            }
        },
    };
    let mut lines = beside(controls, id, place, &table, seen, survey);
    lines.extend(without);
    let comments: String = lines.iter().map(|line| comment(line)).collect();
    held_by(seen).unwrap_or_default() + &comments + &written(&[id.name.as_str()], &table)
}

/// A table that no file may hold without as few keys as make it fit, at most three, with those keys; something of it
/// stays. One that a file may hold is kept whole: what the account lacks is not to be passed over.
fn without_few_keys(
    id: Listed<'_>,
    table: &Table,
    fits: impl Fn(&Table) -> bool,
) -> Option<(Table, Vec<String>)> {
    if id.control.check(table).is_ok_and(|wrong| wrong.is_empty()) {
        return None;
    }
    let mut tried: Vec<(Table, Vec<&String>)> = vec![(table.clone(), vec![])];
    // Of many entries one may be at fault; to try all triples of them would take long.
    let most = if table.len() > 16 { 1 } else { 3 };
    for _ in 0..most {
        let mut smaller = vec![];
        for (rest, out) in &tried {
            let last = out.last().copied();
            for key in rest.keys().filter(|key| last.is_none_or(|last| *key > last)) {
                let Some((key, _)) = table.get_key_value(key) else {
                    continue;
                };
                let mut rest = rest.clone();
                rest.remove(key);
                let out = [out.as_slice(), &[key]].concat();
                if !rest.is_empty() && fits(&rest) {
                    return Some((rest, out.iter().map(|key| format!("`{key}`")).collect()));
                }
                smaller.push((rest, out));
            }
        }
        tried = smaller;
    }
    None
}

fn each_region(controls: &Controls, id: Listed<'_>, survey: &Survey, managed: &[&Region]) -> String {
    let mut readings: BTreeMap<&Region, &ObservedDoc> = BTreeMap::new();
    let mut left_out: BTreeMap<String, Vec<&Region>> = BTreeMap::new();
    let mut owners: BTreeMap<&str, Vec<&Region>> = BTreeMap::new();
    let mut besides: BTreeMap<String, Vec<&Region>> = BTreeMap::new();
    if !survey.cells.keys().any(|(control, _)| control == id.name) {
        return String::new();
    }
    let place = |region: &Region| Location::Region(region.clone());
    for region in managed.iter().copied() {
        match reading(id, region, survey) {
            Some(Ok(seen)) => match unwanted(controls, id, &place(region), &seen.model, seen, survey) {
                Some(why) => left_out.entry(why).or_default().push(region),
                None => {
                    for line in beside(controls, id, &place(region), &seen.model, seen, survey) {
                        besides.entry(line).or_default().push(region);
                    }
                    if let Some(who) = &seen.held_by {
                        owners.entry(&who.who).or_default().push(region);
                    }
                    readings.insert(region, seen);
                }
            },
            _ => left_out
                .entry(unread(id, region, survey))
                .or_default()
                .push(region),
        }
    }
    let mut text = String::new();
    for (who, regions) in owners {
        text += &comment(&format!("Managed in {} by {who}", names(&regions)));
    }
    for (line, regions) in besides {
        text += &comment(&format!("In {}: {line}", names(&regions)));
    }
    for (why, regions) in &left_out {
        text += &comment(&format!("Not managed in {}: {why}", names(regions)));
    }
    if readings.is_empty() {
        return text;
    }
    let candidates = [
        commonest(&readings).clone(),
        shared(readings.values().map(|seen| &seen.model)),
        Table::new(),
    ];
    let out: Vec<&Region> = left_out.values().flatten().copied().collect();
    let tables: Vec<String> = candidates
        .iter()
        .map(|base| tables(id, base, &readings, &out))
        .collect();
    let chosen = tables
        .iter()
        .find(|tables| wants_no_change(controls, id, tables, &readings, survey))
        .or(tables.last());
    text + chosen.map_or("", String::as_str)
}

/// The tables of a control: a base, if it says anything, what differs from it by region, and where it is off.
fn tables(
    id: Listed<'_>,
    base: &Table,
    readings: &BTreeMap<&Region, &ObservedDoc>,
    left_out: &[&Region],
) -> String {
    let mut sections = Vec::new();
    if !base.is_empty() {
        sections.push(written(&[id.name.as_str()], base));
        for region in left_out {
            let off = Table::from_iter([("manage".to_owned(), Value::from("off"))]);
            sections.push(written(&["region", region.as_str(), id.name.as_str()], &off));
        }
    }
    for (region, seen) in readings {
        let over = beyond(base, &seen.model);
        if !over.is_empty() {
            sections.push(written(&["region", region.as_str(), id.name.as_str()], &over));
        }
    }
    sections.join("\n")
}

/// Reads the tables back and asks the control itself: true if it would change nothing in any region, and has nothing
/// to say of one that it does not say of the reading itself, such as that a key of the base is not to be had there.
fn wants_no_change(
    controls: &Controls,
    id: Listed<'_>,
    tables: &str,
    readings: &BTreeMap<&Region, &ObservedDoc>,
    survey: &Survey,
) -> bool {
    let env = &survey.env;
    let loader = Loader {
        controls,
        files: &NoFiles,
        built_in: &[],
        today: env.run.today,
    };
    let Ok(wants) = loader
        .load_text("export", tables)
        .and_then(|baseline| baseline.wants(env, &env.enabled, &Filters::default()))
    else {
        return false;
    };
    readings.iter().all(|(region, seen)| {
        let place = Location::Region((*region).clone());
        wants.iter().find(|want| want.place == place).is_some_and(|want| {
            let notices = |table| found(controls, id, table, &place, seen, survey).map(|found| found.notices);
            let of_itself = notices(&seen.model).unwrap_or_default();
            difference(controls, id, &want.table, &place, seen, survey).is_none()
                && notices(&want.table).is_ok_and(|all| all.iter().all(|told| of_itself.contains(told)))
        })
    })
}

/// Why what was read, or a part of it, cannot be asked for, if it cannot.
fn unwanted(
    controls: &Controls,
    id: Listed<'_>,
    place: &Location,
    want: &Table,
    seen: &ObservedDoc,
    survey: &Survey,
) -> Option<String> {
    match id.control.check(want) {
        Err(error) => Some(error.to_string()),
        Ok(wrong) => match wrong.into_iter().next() {
            Some(("", what)) => Some(format!("it {what}")),
            Some((key, what)) => Some(format!("`{key}`: {what}")),
            None => difference(controls, id, want, place, seen, survey),
        },
    }
}

/// What a control would do to bring a reading to a wanted table, if anything.
fn difference(
    controls: &Controls,
    id: Listed<'_>,
    want: &Table,
    place: &Location,
    seen: &ObservedDoc,
    survey: &Survey,
) -> Option<String> {
    match found(controls, id, want, place, seen, survey) {
        Err(error) => Some(error.to_string()),
        Ok(findings) => findings
            .refusals
            .into_iter()
            .chain(
                findings
                    .entries
                    .into_iter()
                    .map(|(entry, what)| format!("{entry}: {what}")),
            )
            .chain(findings.steps.into_iter().map(|step| step.action.title))
            .next(),
    }
}

/// What belongs to a reading and its table does not say: what could not be read, and what no table can express.
fn beside(
    controls: &Controls,
    id: Listed<'_>,
    place: &Location,
    want: &Table,
    seen: &ObservedDoc,
    survey: &Survey,
) -> Vec<String> {
    let found = found(controls, id, want, place, seen, survey).unwrap_or_default();
    let unread = found
        .unread
        .iter()
        .map(|(unknown, fault)| format!("Not read: {fault}: {unknown}"));
    let mut lines: Vec<String> = unread.collect();
    for line in id
        .control
        .unsaid(seen)
        .unwrap_or_default()
        .into_iter()
        .chain(found.notices)
    {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// What a control says of a reading beside a wanted table.
fn found(
    controls: &Controls,
    id: Listed<'_>,
    want: &Table,
    place: &Location,
    seen: &ObservedDoc,
    survey: &Survey,
) -> Result<Changes<Act>, BadDocument> {
    let here = Here {
        place,
        env: &survey.env,
        relied: &survey.relied(controls, id.control, place),
    };
    id.control.diff(want, seen, &here)
}

/// The table that most regions have; among equals, the one of the first region.
fn commonest<'a>(readings: &BTreeMap<&Region, &'a ObservedDoc>) -> &'a Table {
    static NONE: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
    let mut counts: Vec<(&Table, usize)> = Vec::new();
    for seen in readings.values() {
        match counts.iter_mut().find(|(table, _)| **table == seen.model) {
            Some((_, count)) => *count += 1,
            None => counts.push((&seen.model, 1)),
        }
    }
    // The last of the greatest is what `max_by_key` gives, hence the reversal.
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(&NONE, |(table, _)| table)
}

/// What all tables have in common.
fn shared<'a>(tables: impl Iterator<Item = &'a Table>) -> Table {
    let both = |one: Table, two: &Table| -> Table {
        one.into_iter()
            .filter_map(|(key, value)| match (value, two.get(&key)?) {
                (Value::Table(one), Value::Table(two)) => {
                    let inner = shared([&one, two].into_iter());
                    (!inner.is_empty()).then_some((key, Value::Table(inner)))
                }
                (value, other) => (value == *other).then_some((key, value)),
            })
            .collect()
    };
    let mut tables = tables;
    let first = tables.next().cloned().unwrap_or_default();
    tables.fold(first, both)
}

/// What a table says that its base does not.
fn beyond(base: &Table, table: &Table) -> Table {
    table
        .iter()
        .filter_map(|(key, value)| match (base.get(key), value) {
            (Some(below), value) if below == value => None,
            (Some(Value::Table(below)), Value::Table(table)) => {
                Some((key.clone(), Value::Table(beyond(below, table))))
            }
            _ => Some((key.clone(), value.clone())),
        })
        .collect()
}

fn reading<'a>(
    id: Listed<'_>,
    region: &Region,
    survey: &'a Survey,
) -> Option<&'a Result<ObservedDoc, Fault>> {
    survey.cells.get(&id.at(Location::Region(region.clone())))
}

/// Why there is no reading.
fn unread(id: Listed<'_>, region: &Region, survey: &Survey) -> String {
    match reading(id, region, survey) {
        Some(Err(fault)) => fault.to_string(),
        _ => "it was not read".to_owned(),
    }
}

fn held_by(seen: &ObservedDoc) -> Option<String> {
    seen.held_by
        .as_ref()
        .map(|manager| comment(&format!("Managed by {}", manager.who)))
}

fn names(regions: &[&Region]) -> String {
    regions
        .iter()
        .map(|region| region.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A comment of one line: TOML allows no control characters in it.
fn comment(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    format!("# {}\n", visible::line(&text))
}

/// A table under its name.
fn written(path: &[&str], table: &Table) -> String {
    let nested = path.iter().rev().fold(table.clone(), |inner, name| {
        Table::from_iter([((*name).to_owned(), Value::Table(inner))])
    });
    nested.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_regions_without_anything_in_common_have_no_base() {
        let one = "a = 1".parse::<Table>().unwrap();
        let two = "a = 2\nb = 1".parse::<Table>().unwrap();
        assert_eq!(shared([&one, &two].into_iter()), Table::new());
        let deep = |text: &str| text.parse::<Table>().unwrap();
        assert_eq!(
            shared(
                [
                    &deep("x = { a = 1, b = 2 }\ny = 1"),
                    &deep("x = { a = 1, b = 3 }")
                ]
                .into_iter()
            ),
            deep("x = { a = 1 }")
        );
        assert_eq!(
            beyond(
                &deep("x = { a = 1, b = 2 }\ny = 1"),
                &deep("x = { a = 1, b = 3 }\ny = 1")
            ),
            deep("x = { b = 3 }")
        );
    }
}
