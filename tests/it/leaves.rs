//! One leaf moves: every single change to a converged account is noticed, or is on a list that says why it need not be.
//!
//! The account is true to `leaves/full.toml`, in which every optional part is in use. Then one leaf of the simulated
//! account at a time is another one: a boolean is flipped, a number is one more or less, a value of an enumeration is
//! another one, a statement of a document denies what it allowed, an element or an entry is gone, an optional member that
//! AWS knows and the account does not have is set. The plan of each such account must show a **drift** (a verdict, a step,
//! a reason or a task that was not there), or a **notice** where the notice is wanted, or the leaf is **listed**.
//!
//! `leaves/leaves.toml` has the lists. `open` are the leaves that should be noticed and are not: work in progress. An entry
//! that is noticed by now makes the test fail, so the list only shrinks; `TRUEUP_UPDATE_LEAVES=1` takes such entries out.
//! `TRUEUP_SHOW_LEAVES=1` prints every leaf with what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup::sandbox::Account;

use crate::folder::ROOT;
use crate::planner::{self, Healthy, Planner, Shown};
use crate::python;

pub(crate) mod change;

use change::Leaf;

/// The file of lists.
const FILE: &str = "tests/it/leaves/leaves.toml";

/// So many members may be listed as without effect.
const LISTED: usize = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lists {
    /// The kinds of resources, each with where its resources are in the account's document; `*` is any name.
    kind: Vec<Kind>,
    /// The values that a member may have.
    #[serde(rename = "enum")]
    enums: Vec<Enum>,
    /// What is the simulator's own, and no part of an account.
    simulator: Vec<Simulator>,
    /// What AWS always answers, so that it is never taken away …
    always: Vec<String>,
    /// … but for these.
    optional: Vec<String>,
    /// The least value of a number, where it is not 0.
    least: Vec<Least>,
    /// What is put where the healthy account has nothing.
    add: Vec<Add>,
    /// Members of which the sandbox keeps nothing yet: adding them must be impossible.
    #[serde(default)]
    unstored: Vec<Add>,
    /// What has no effect.
    listed: Vec<Listed>,
    /// What is noted.
    noted: Vec<Listed>,
    /// What should be noticed and is not.
    open: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    name: String,
    at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enum {
    at: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulator {
    at: String,
    #[expect(dead_code, reason = "for readers of the file")]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Least {
    at: String,
    value: i64,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    /// Where it is put; an array gets it as a further element.
    at: String,
    value: Value,
    /// Where the healthy account may have something else there.
    #[serde(default)]
    instead: bool,
}

/// An entry of a list: one member of one kind, and some changes of it unless all are meant.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    kind: String,
    member: String,
    #[serde(default)]
    changes: Vec<String>,
    /// Why it is there, in a few words; of an open one, what effect.md asks for.
    why: String,
}

impl Listed {
    fn is_of(&self, leaf: &Leaf) -> bool {
        self.kind == leaf.kind
            && self.member == leaf.member
            && (self.changes.is_empty() || self.changes.contains(&leaf.change))
    }

    fn leaf(&self) -> String {
        format!("{}: {}", self.kind, self.member)
    }

    fn named(&self) -> String {
        let changes = self.changes.join(", ");
        format!("{}: {} ({changes}): {}", self.kind, self.member, self.why)
    }
}

impl Lists {
    /// Whether a leaf, by its kind and member, is open in any of its changes.
    pub(crate) fn is_open(&self, leaf: &str) -> bool {
        self.open.iter().any(|listed| listed.leaf() == leaf)
    }

    /// Whether a leaf is listed as without effect, whatever it becomes.
    pub(crate) fn is_listed(&self, leaf: &str) -> bool {
        let mut listed = self.listed.iter();
        listed.any(|listed| listed.leaf() == leaf && listed.changes.is_empty())
    }
}

pub(crate) fn lists() -> Lists {
    let text = std::fs::read_to_string(Path::new(ROOT).join(FILE)).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{FILE}: {error}"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Drift,
    Noted,
    Unnoticed,
}

/// What became of a leaf, with what was shown first.
fn judge(planner: &Planner, healthy: &Healthy, account: &Account) -> (Outcome, String) {
    let cells = match planner.differing(healthy, account) {
        Ok(cells) => cells,
        Err(refused) => return (Outcome::Drift, refused),
    };
    let mut noted = None;
    for (cell, shown) in &cells {
        let before = &healthy.cells[cell];
        let is_new = |why: &&String| !before.why.contains(why);
        if shown.verdict != before.verdict || shown.why != before.why {
            let why = shown.why.iter().find(is_new).cloned().unwrap_or_default();
            return (Outcome::Drift, format!("{} {:?}: {why}", cell.0, shown.verdict));
        }
        noted = noted.or_else(|| new_notice(before, shown).map(|notice| format!("{}: {notice}", cell.0)));
    }
    match noted {
        Some(notice) => (Outcome::Noted, notice),
        None => (Outcome::Unnoticed, String::new()),
    }
}

fn new_notice<'a>(before: &'a Shown, shown: &'a Shown) -> Option<&'a String> {
    shown.notices.difference(&before.notices).next()
}

/// All leaves that make an account, each with what became of it, judged on as many threads as there are cores.
fn judged<'a>(baseline: &str, healthy: &Healthy, leaves: &'a [Leaf]) -> Vec<(&'a Leaf, Outcome, String)> {
    let next = AtomicUsize::new(0);
    let same: Account = serde_json::from_value(healthy.account.clone()).unwrap();
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..planner::threads() {
            scope.spawn(|| {
                let planner = Planner::new(baseline);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(leaf) = leaves.get(number) else { break };
                    if let Some(account) = leaf.account(&healthy.account, &same) {
                        let (outcome, said) = judge(&planner, healthy, &account);
                        results.lock().unwrap().insert(number, (leaf, outcome, said));
                    }
                }
            });
        }
    });
    results.into_inner().unwrap().into_values().collect()
}

/// An account by which a test of the table judges, for the proof in `tests/before`.
#[derive(Serialize)]
pub(crate) struct Moved {
    /// What the table calls the test.
    pub(crate) test: String,
    pub(crate) change: String,
    #[serde(skip)]
    pub(crate) account: Value,
    pub(crate) baseline: String,
}

/// The accounts of the leaves that the table names. Of each change there are four at most: twenty alarms show no more.
pub(crate) fn named(baseline: &str, healthy: &Value) -> Vec<Moved> {
    let named = crate::effect::named_leaves();
    let same: Account = serde_json::from_value(healthy.clone()).unwrap();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut moved = vec![];
    for leaf in change::leaves(healthy, &lists()) {
        if !named.contains(&(leaf.kind.clone(), leaf.member.clone())) {
            continue;
        }
        let test = format!("leaf:{}: {}", leaf.kind, leaf.member);
        let count = counts.entry((test.clone(), leaf.change.clone())).or_default();
        if let (0..4, Some(account)) = (*count, leaf.account(healthy, &same)) {
            *count += 1;
            moved.push(Moved {
                test,
                change: format!("{} at {}", leaf.change, leaf.path()),
                account: serde_json::to_value(account).unwrap(),
                baseline: baseline.to_owned(),
            });
        }
    }
    moved
}

/// What the lists and the table name in vain.
fn misplaced(lists: &Lists, outcomes: &[(&Leaf, Outcome, String)]) -> Vec<String> {
    let leaves = || outcomes.iter().map(|(leaf, ..)| leaf);
    let added: BTreeSet<&String> = leaves().filter_map(|leaf| leaf.added.as_ref()).collect();
    let unkept = lists.add.iter().filter(|add| !added.contains(&add.at));
    let kept = lists.unstored.iter().filter(|add| added.contains(&add.at));
    let tried: BTreeSet<(String, String)> = leaves()
        .map(|leaf| (leaf.kind.clone(), leaf.member.clone()))
        .collect();
    let named = crate::effect::named_leaves();
    let unmoved = named.difference(&tried);
    unkept
        .map(|add| format!("{}: adding it changes nothing, or it cannot be kept", add.at))
        .chain(kept.map(|add| format!("{}: the sandbox keeps it by now, so move it to `add`", add.at)))
        .chain(
            unmoved.map(|(kind, member)| {
                format!("effect.toml names a leaf that does not move: {kind}: {member}")
            }),
        )
        .collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
fn every_leaf_that_moves_is_noticed_or_listed() {
    let lists = lists();
    let (baseline, healthy) = planner::healthy();
    let leaves = change::leaves(&healthy.account, &lists);
    let outcomes = judged(&baseline, &healthy, &leaves);
    let mut wrong = misplaced(&lists, &outcomes);
    let show = std::env::var_os("TRUEUP_SHOW_LEAVES").is_some();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut used: [BTreeSet<usize>; 3] = Default::default();
    let mut unlisted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (leaf, outcome, said) in &outcomes {
        if show {
            println!("{outcome:?} {} | {said}", leaf.named());
        }
        let mut in_list = |number: usize, list: &[Listed]| {
            let found = list.iter().position(|listed| listed.is_of(leaf));
            used[number].extend(found);
            found.is_some()
        };
        let counted = match outcome {
            Outcome::Drift => "drift",
            Outcome::Noted if in_list(0, &lists.noted) => "noted",
            Outcome::Unnoticed if in_list(1, &lists.listed) => "listed",
            Outcome::Unnoticed if in_list(2, &lists.open) => "open",
            _ => {
                let key = format!("{outcome:?}: {}: {} ({})", leaf.kind, leaf.member, leaf.change);
                unlisted
                    .entry(key)
                    .or_default()
                    .push(format!("{} {said}", leaf.path()));
                "unlisted"
            }
        };
        *counts.entry(counted).or_default() += 1;
    }
    wrong.extend(
        unlisted
            .iter()
            .map(|(key, of)| format!("{key}, {} times: {}", of.len(), of[0])),
    );
    let lists_by_name = [
        ("noted", &lists.noted),
        ("listed", &lists.listed),
        ("open", &lists.open),
    ];
    let mut stale = vec![];
    for ((name, list), used) in lists_by_name.iter().zip(&used) {
        let unused = list.iter().enumerate().filter(|(at, _)| !used.contains(at));
        stale.extend(unused.map(|(_, entry)| (*name, entry.clone())));
    }
    println!(
        "one leaf moves: {} tried, {} drift, {} noted, {} listed, {} open, {} unlisted; {} entries listed, {} open",
        outcomes.len(),
        counts.get("drift").unwrap_or(&0),
        counts.get("noted").unwrap_or(&0),
        counts.get("listed").unwrap_or(&0),
        counts.get("open").unwrap_or(&0),
        counts.get("unlisted").unwrap_or(&0),
        lists.listed.len(),
        lists.open.len(),
    );
    if std::env::var_os("TRUEUP_UPDATE_LEAVES").is_some() {
        let gone = stale.iter().filter(|(of, _)| *of == "open");
        let file = Path::new(ROOT).join(FILE);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, change::without(&text, gone.map(|(_, entry)| entry))).unwrap();
        stale.retain(|(name, _)| *name != "open");
    }
    wrong.extend(
        stale
            .iter()
            .map(|(name, entry)| format!("{name} without need, take it out: {}", entry.named())),
    );
    if lists.listed.len() > LISTED {
        wrong.push(format!(
            "{} entries are listed, and {LISTED} are allowed",
            lists.listed.len()
        ));
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What the leaves have of a call's optional members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    /// The healthy account has them.
    has: Vec<String>,
    /// They are added, or not stored yet, in the lists' entry at this place.
    #[serde(default)]
    added: BTreeMap<String, String>,
    /// There is nothing to add, for this reason.
    #[serde(default)]
    left_out: BTreeMap<String, String>,
}

#[test]
fn every_optional_member_that_aws_knows_is_added_or_left_out_for_a_reason() {
    let calls: BTreeMap<String, Members> = toml::from_str(include_str!("leaves/members.toml")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let known = python::succeed(python::module("members", home.path()).args(calls.keys()));
    let known: BTreeSet<&str> = known.lines().collect();
    let mut ours = BTreeSet::new();
    for (call, Members { has, added, left_out }) in &calls {
        for member in has.iter().chain(added.keys()).chain(left_out.keys()) {
            assert!(
                ours.insert(format!("{call} {member}")),
                "{call} {member} is there twice"
            );
        }
    }
    let ours: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    let missing: Vec<_> = known.difference(&ours).collect();
    assert!(missing.is_empty(), "AWS knows these too: {missing:#?}");
    let unknown: Vec<_> = ours.difference(&known).collect();
    assert!(unknown.is_empty(), "AWS does not know these: {unknown:#?}");
    let lists = lists();
    let places: BTreeSet<&String> = lists
        .add
        .iter()
        .chain(&lists.unstored)
        .map(|add| &add.at)
        .collect();
    let added = calls.values().flat_map(|members| members.added.values());
    let nowhere: Vec<_> = added.filter(|at| !places.contains(at)).collect();
    assert!(nowhere.is_empty(), "nothing is added at {nowhere:#?}");
}
