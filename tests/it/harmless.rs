//! The twin of [`leaves`](crate::leaves): harmless differences stay in sync and plan to nothing.
//!
//! Each variant in `harmless/variants.toml` changes the converged account in a way after which AWS works all the same, and
//! says why it does. No two of them move the same member in the same direction. A variant that fails today is marked
//! `open`; once it passes, the test fails until the mark is gone, and `TRUEUP_UPDATE_HARMLESS=1` takes it out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde_json::Value;
use trueup::core::plan::Verdict;
use trueup::sandbox::Account;

use crate::folder::ROOT;
use crate::leaves::Moved;
use crate::leaves::change::{child, places};
use crate::planner::{self, Cells, Healthy, Planner};

const FILE: &str = "tests/it/harmless/variants.toml";

/// So many variants there are at least.
const LEAST: usize = 150;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variants {
    pub(crate) variant: Vec<Variant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    /// Its name, which `effect.toml` calls it by.
    pub(crate) id: String,
    /// Why AWS works all the same.
    why: String,
    /// What moves, and in which direction.
    moves: String,
    /// What the account differs in.
    #[serde(default)]
    edit: Vec<Edit>,
    /// Texts of the baseline that are others.
    #[serde(default)]
    baseline: Vec<[String; 2]>,
    /// A control whose cell is managed elsewhere then.
    elsewhere: Option<String>,
    /// Why it fails today.
    pub(crate) open: Option<String>,
}

/// One difference. `at` leads to a place in the account's document; `*` is any name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    #[serde(default)]
    at: String,
    /// This value.
    set: Option<Value>,
    /// One more element.
    push: Option<Value>,
    /// Nothing.
    #[serde(default)]
    remove: bool,
    /// Another key.
    rename: Option<String>,
    /// A policy document, which is kept as text.
    document: Option<Value>,
    /// A statement of the document there, by its Sid or number: what is put into it …
    statement: Option<String>,
    put: Option<Value>,
    /// … what is taken out of it …
    #[serde(default)]
    without: Vec<String>,
    /// … or that it is gone.
    #[serde(default)]
    drop: bool,
    /// A further statement of the document there.
    add_statement: Option<Value>,
    /// A text that is another one in the text there, or in the whole account if there is no `at`.
    replace: Option<[String; 2]>,
}

impl Edit {
    fn make(&self, account: &mut Value) {
        if let (Some([from, to]), "") = (&self.replace, self.at.as_str()) {
            let text = account.to_string().replace(from, to);
            *account = serde_json::from_str(&text).unwrap();
            return;
        }
        let parts: Vec<&str> = self.at.split('/').map(str::trim).collect();
        let parts: Vec<String> = parts.iter().map(|part| part.replace('|', "/")).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let found = places(account, &parts);
        assert!(!found.is_empty(), "{} leads nowhere", self.at);
        for place in found {
            self.make_at(account, &place);
        }
    }

    fn make_at(&self, account: &mut Value, place: &[String]) {
        let (last, above) = place.split_last().unwrap();
        let above = format!(
            "/{}",
            above
                .iter()
                .map(|part| escaped(part))
                .collect::<Vec<_>>()
                .join("/")
        );
        let parent = account.pointer_mut(above.trim_end_matches('/')).unwrap();
        let there = child(parent, last).cloned().unwrap_or(Value::Null);
        if self.remove {
            match parent {
                Value::Object(map) => drop(map.shift_remove(last)),
                Value::Array(elements) => drop(elements.remove(last.parse().unwrap())),
                _ => {}
            }
            return;
        }
        if let Some(name) = &self.rename {
            let map = parent.as_object_mut().unwrap();
            map.shift_remove(last);
            map.insert(name.clone(), there);
            return;
        }
        let new = self.new_value(there);
        match parent {
            Value::Object(map) => drop(map.insert(last.clone(), new)),
            Value::Array(elements) => elements[last.parse::<usize>().unwrap()] = new,
            _ => {}
        }
    }

    fn new_value(&self, mut there: Value) -> Value {
        if let Some(value) = &self.set {
            return value.clone();
        }
        if let Some(document) = &self.document {
            return document.to_string().into();
        }
        if let Some(element) = &self.push {
            match &mut there {
                Value::Array(elements) => elements.push(element.clone()),
                other => *other = Value::Array(vec![element.clone()]),
            }
            return there;
        }
        if let Some([from, to]) = &self.replace {
            let text = there.as_str().unwrap();
            assert!(text.contains(from), "no `{from}` in {text}");
            return text.replace(from, to).into();
        }
        let mut document: Value = serde_json::from_str(there.as_str().unwrap()).unwrap();
        let statements = document["Statement"].as_array_mut().unwrap();
        if let Some(statement) = &self.add_statement {
            statements.push(statement.clone());
        }
        if let Some(wanted) = &self.statement {
            let at = statements
                .iter()
                .position(|statement| statement["Sid"] == wanted.as_str())
                .or_else(|| wanted.parse().ok())
                .unwrap_or_else(|| panic!("no statement {wanted} in {there}"));
            if self.drop {
                statements.remove(at);
            } else {
                let statement = statements[at].as_object_mut().unwrap();
                for key in &self.without {
                    assert!(statement.shift_remove(key).is_some(), "no {key} in {wanted}");
                }
                for (key, value) in self.put.iter().flat_map(|put| put.as_object().unwrap()) {
                    statement.insert(key.clone(), value.clone());
                }
            }
        }
        document.to_string().into()
    }
}

fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

pub(crate) fn variants() -> Vec<Variant> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(FILE)).unwrap();
    let variants: Variants = toml::from_str(&text).unwrap_or_else(|error| panic!("{FILE}: {error}"));
    variants.variant
}

impl Variant {
    fn account(&self, healthy: &Value) -> Value {
        let mut account = healthy.clone();
        for edit in &self.edit {
            edit.make(&mut account);
        }
        account
    }

    fn baseline(&self, baseline: &str) -> String {
        let mut text = baseline.to_owned();
        for [from, to] in &self.baseline {
            assert!(text.contains(from), "{}: no `{from}` in the baseline", self.id);
            text = text.replacen(from, to, 1);
        }
        text
    }
}

/// The accounts of all variants that the table names, for the proof in `tests/before`.
pub(crate) fn named(baseline: &str, healthy: &Value) -> Vec<Moved> {
    let tests = crate::effect::named_variants();
    let variants = variants().into_iter();
    let named = variants.filter(|variant| tests.contains(&variant.id));
    named
        .map(|variant| {
            let mut account = variant.account(healthy);
            account["iam"]["root_user"]["report"] = Value::Null;
            Moved {
                test: format!("harmless:{}", variant.id),
                change: variant.moves.clone(),
                account,
                baseline: variant.baseline(baseline),
            }
        })
        .collect()
}

/// What of a variant's plan is not in sync.
fn amiss(variant: &Variant, baseline: &str, healthy: &Healthy, planner: &Planner) -> Vec<String> {
    let mut account = variant.account(&healthy.account);
    let same = account == healthy.account && variant.baseline.is_empty();
    if variant
        .edit
        .iter()
        .any(|edit| edit.at.starts_with("iam/root_user"))
    {
        account["iam"]["root_user"]["report"] = Value::Null;
    }
    let account = match serde_json::from_value::<Account>(account) {
        Ok(account) if !same => account,
        Ok(_) => return vec!["it changes nothing".to_owned()],
        Err(error) => return vec![format!("the sandbox does not keep it: {error}")],
    };
    let cells = match variant.baseline.is_empty() {
        true => planner.differing(healthy, &account),
        false => {
            let planner = Planner::new(&variant.baseline(baseline));
            planner.put(account);
            planner.plan(&[])
        }
    };
    match cells {
        Ok(cells) => not_in_sync(variant, &cells),
        Err(error) => vec![error],
    }
}

fn not_in_sync(variant: &Variant, cells: &Cells) -> Vec<String> {
    let is_right = |control: &str, verdict: Verdict| match verdict {
        Verdict::InSync | Verdict::Attested => true,
        Verdict::ManagedElsewhere => variant.elsewhere.as_deref() == Some(control),
        _ => false,
    };
    let wrong = cells
        .iter()
        .filter(|((control, _), shown)| !is_right(control, shown.verdict));
    wrong
        .map(|((control, place), shown)| {
            format!(
                "{control} in {place} is {:?}: {}",
                shown.verdict,
                shown.why.join("; ")
            )
        })
        .collect()
}

/// The file without the marks `open` of these variants.
fn without_marks(text: &str, ids: &BTreeSet<&String>) -> String {
    let mut kept = String::new();
    let mut passes = false;
    for line in text.lines() {
        if let Some(id) = line.strip_prefix("id = ") {
            passes = ids
                .iter()
                .any(|passing| **passing == id.trim_matches(['\'', '"']));
        }
        if !(passes && line.starts_with("open = ")) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[test]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
fn what_works_all_the_same_stays_in_sync() {
    let variants = variants();
    let (baseline, healthy) = planner::healthy();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..planner::threads() {
            scope.spawn(|| {
                let planner = Planner::new(&baseline);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(variant) = variants.get(number) else {
                        break;
                    };
                    let amiss = amiss(variant, &baseline, &healthy, &planner);
                    results.lock().unwrap().insert(number, amiss);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let mut wrong = vec![];
    let mut open = 0;
    let (mut ids, mut moves) = (BTreeSet::new(), BTreeSet::new());
    let mut passing = BTreeSet::new();
    for (variant, amiss) in variants.iter().zip(results.values()) {
        let Variant { id, why, .. } = variant;
        match (&variant.open, amiss.is_empty()) {
            (None, true) => {}
            (None, false) => wrong.push(format!("{id} ({why}):\n    {}", amiss.join("\n    "))),
            (Some(_), true) => {
                passing.insert(id);
            }
            (Some(_), false) => open += 1,
        }
        if !ids.insert(id) {
            wrong.push(format!("there are two variants {id}"));
        }
        if !moves.insert(&variant.moves) {
            wrong.push(format!("{id}: another variant moves this too: {}", variant.moves));
        }
    }
    println!("harmless: {} variants tried, {open} open", variants.len());
    if std::env::var_os("TRUEUP_UPDATE_HARMLESS").is_some() {
        let file = Path::new(ROOT).join(FILE);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, without_marks(&text, &passing)).unwrap();
        passing.clear();
    }
    wrong.extend(
        passing
            .iter()
            .map(|id| format!("{id} passes by now: take its mark `open` out")),
    );
    if variants.len() < LEAST {
        wrong.push(format!("{} variants are fewer than {LEAST}", variants.len()));
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
