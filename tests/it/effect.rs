//! The page of what decides "in sync" (`docs/in-sync.md`), held line by line against the tests.
//!
//! Each line of the page's tables has one row in `tests/effect.toml`, by its control and its first column, and each row has
//! a line. A row names unit tests and whole runs by their functions, leaves that must be noticed when they move as
//! `leaf:KIND: MEMBER`, and variants that must stay in sync as `harmless:ID`. A row without tests says why as `open`. Rows of
//! which some tests are open in their own lists are counted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use trueup::core::registry::Name;

use crate::folder::ROOT;
use crate::harmless;
use crate::leaves;

const FILE: &str = "tests/effect.toml";
const PAGE: &str = "docs/in-sync.md";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    id: String,
    /// The control whose line it is.
    control: Name,
    /// The first column of the line: what is looked at.
    live: String,
    tests: Vec<String>,
    open: Option<String>,
    /// Why none of its tests fails with the client from before the table.
    #[expect(dead_code, reason = "for readers, and for tests/before/lay_over.py")]
    held: Option<String>,
}

impl Row {
    fn is_of(&self, line: &Line) -> bool {
        self.control.as_str() == line.control && self.live == line.live
    }
}

/// A line of the page's tables.
#[derive(Clone)]
struct Line {
    control: String,
    live: String,
    in_sync: String,
}

fn lines() -> Vec<Line> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(PAGE)).unwrap();
    let mut control = String::new();
    let mut lines = vec![];
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            control = title.trim_matches('`').to_owned();
        }
        let Some(cells) = line.strip_prefix("| ") else {
            continue;
        };
        let cells: Vec<&str> = cells.trim_end_matches(" |").split(" | ").collect();
        let [live, in_sync, _otherwise] = cells.as_slice() else {
            panic!("{PAGE}: three columns are expected: {line}");
        };
        if *live != "Setting" {
            lines.push(Line {
                control: control.clone(),
                live: (*live).to_owned(),
                in_sync: (*in_sync).to_owned(),
            });
        }
    }
    lines
}

/// Lines that have not one row each, and rows without a line.
fn unmatched(lines: &[Line], rows: &[Row]) -> Vec<String> {
    let mut wrong = vec![];
    for line in lines {
        let count = rows.iter().filter(|row| row.is_of(line)).count();
        if count != 1 {
            wrong.push(format!(
                "{PAGE}, {}: {count} rows are of the line `{}`, and one should be",
                line.control, line.live
            ));
        }
    }
    for row in rows {
        let count = lines.iter().filter(|line| row.is_of(line)).count();
        if count != 1 {
            let Row {
                id, control, live, ..
            } = row;
            wrong.push(format!("{id}: {PAGE} has {count} lines `{live}` of {control}"));
        }
    }
    wrong
}

pub(crate) fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(FILE)).unwrap();
    let table: Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{FILE}: {error}"));
    table.row
}

/// The leaves and variants that rows name, as they name them.
pub(crate) fn named() -> impl Iterator<Item = String> {
    let tests = rows().into_iter().flat_map(|row| row.tests);
    tests.filter(|test| test.starts_with("leaf:") || test.starts_with("harmless:"))
}

/// The leaves that rows name, as kind and member.
pub(crate) fn named_leaves() -> BTreeSet<(String, String)> {
    rows()
        .iter()
        .flat_map(|row| &row.tests)
        .filter_map(|test| test.strip_prefix("leaf:")?.split_once(": "))
        .map(|(kind, member)| (kind.to_owned(), member.to_owned()))
        .collect()
}

/// The harmless variants that rows name.
pub(crate) fn named_variants() -> BTreeSet<String> {
    let rows = rows();
    let tests = rows.iter().flat_map(|row| &row.tests);
    tests
        .filter_map(|test| Some(test.strip_prefix("harmless:")?.to_owned()))
        .collect()
}

/// The names of all functions that are tests, in the sources of all crates.
pub(crate) fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![Path::new(ROOT).join("src"), Path::new(ROOT).join("tests/it")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                names.extend(tests_in(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    names
}

/// The functions of a file that come after an attribute `#[test]` or `#[tokio::test]`.
fn tests_in(text: &str) -> Vec<String> {
    let mut names = vec![];
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, rest)) = line.split_once("fn ")
            && is_test
        {
            names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
            is_test = false;
        }
    }
    names
}

#[test]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
fn every_row_of_the_table_is_judged_by_tests() {
    let rows = rows();
    let tests = tests();
    assert!(tests.len() > 500, "only {} tests were found", tests.len());
    let variants = harmless::variants();
    let lists = leaves::lists();
    let controls = trueup::controls::controls();
    let lines = lines();
    let mut wrong = unmatched(&lines, &rows);
    let (mut unjudged, mut unmet) = (0, 0);
    let mut ids = BTreeSet::new();
    for row in &rows {
        let id = &row.id;
        if controls.get(&row.control).is_err() {
            wrong.push(format!("{id}: there is no control {}", row.control));
        }
        if !ids.insert(id) {
            wrong.push(format!("there are two rows {id}"));
        }
        let mut open: Vec<&String> = vec![];
        for test in &row.tests {
            if let Some(variant) = test.strip_prefix("harmless:") {
                match variants.iter().find(|known| known.id == variant) {
                    None => wrong.push(format!("{id}: there is no harmless variant {variant}")),
                    Some(variant) if variant.open.is_some() => open.push(test),
                    Some(_) => {}
                }
            } else if let Some(leaf) = test.strip_prefix("leaf:") {
                if lists.is_open(leaf) {
                    open.push(test);
                }
                if lists.is_listed(leaf) {
                    wrong.push(format!("{id}: {leaf} is in the table, so it cannot be listed"));
                }
            } else if !tests.contains(test) {
                wrong.push(format!("{id}: there is no test {test}"));
            }
        }
        match &row.open {
            None if row.tests.is_empty() => wrong.push(format!("{id} has no test")),
            Some(_) if !row.tests.is_empty() => {
                wrong.push(format!("{id} has tests, so take its mark `open` out"));
            }
            _ => {}
        }
        unjudged += usize::from(row.tests.is_empty());
        unmet += usize::from(!open.is_empty());
        let line = lines.iter().find(|line| row.is_of(line));
        let in_sync = line.map_or("", |line| &line.in_sync);
        let tolerates = ["∋", "≥", "≤", "⊇", "any"]
            .iter()
            .any(|sign| in_sync.contains(sign));
        if tolerates && row.open.is_none() && !row.tests.iter().any(|test| test.starts_with("harmless:")) {
            wrong.push(format!("{id}: no harmless variant shows that it is {in_sync}"));
        }
    }
    println!(
        "the table: {} rows, {unjudged} without tests, {unmet} with tests that are open",
        rows.len()
    );
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_line_or_a_row_that_is_taken_out_is_missed() {
    let (lines, rows) = (lines(), rows());
    for at in 0..lines.len() {
        let mut fewer = lines.clone();
        let gone = fewer.remove(at);
        assert!(!unmatched(&fewer, &rows).is_empty(), "{}", gone.live);
    }
    for at in 0..rows.len() {
        let mut fewer = rows.clone();
        let gone = fewer.remove(at);
        assert!(!unmatched(&lines, &fewer).is_empty(), "{}", gone.id);
    }
}

#[test]
fn each_control_has_a_table_on_the_page() {
    let lines = lines();
    for control in trueup::controls::controls().iter() {
        let name = control.name.as_str();
        assert!(lines.iter().any(|line| line.control == name), "{name}");
    }
}
