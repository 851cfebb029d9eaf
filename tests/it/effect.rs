//! The table of what decides "in sync" (`tests/effect.toml`), held against the tests: each row has tests that judge it.
//!
//! A row names unit tests and whole runs by their functions, leaves that must be noticed when they move as
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    id: String,
    /// The control whose verdict it is.
    control: Name,
    /// The field of the live account.
    #[expect(dead_code, reason = "for readers of the file")]
    live: String,
    /// What of it is in sync.
    tolerance: String,
    /// What follows otherwise: D step, B blocked, P manual task, N note.
    #[expect(dead_code, reason = "for readers of the file")]
    otherwise: String,
    tests: Vec<String>,
    open: Option<String>,
}

pub(crate) fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(FILE)).unwrap();
    let table: Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{FILE}: {error}"));
    table.row
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
    let mut wrong = vec![];
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
        let tolerates = ["∋", "≥", "≤", "⊇", "any"]
            .iter()
            .any(|sign| row.tolerance.contains(sign));
        if tolerates && row.open.is_none() && !row.tests.iter().any(|test| test.starts_with("harmless:")) {
            wrong.push(format!(
                "{id}: no harmless variant shows that it is {}",
                row.tolerance
            ));
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
