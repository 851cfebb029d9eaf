//! The ledger of AWS's answers: each member of each answer that trueup reads is read, or left for a reason.
//!
//! `tests/ledger.toml` has every call that the plan of a control makes, and every member of its answer by botocore's model,
//! as `read` or as `left` with the reason; what is left may be a whole subtree. `read` is proven: some other value of the
//! member, put into the simulated account's answer, changes a verdict, a step, a reason, a note or a key of what is
//! exported. What is left must change nothing. A member that botocore enumerates is tried with each of its values and with
//! one that nothing knows: each must be noticed, or is listed as the `same` as what is there. What shows only beside
//! something else is tried on an answer that is `prepared`, and a value that cannot be guessed is in `values`. A member
//! that no account of this test shows names the test that does, in `elsewhere`; the token of the next page, which the
//! SDK's paginators follow, is the call's `pages`.
//!
//! The accounts are the one that is true to `leaves/full.toml`, and an odd one (`ledger/odd.toml`). `TRUEUP_SHOW_LEDGER=1`
//! prints what became of each member.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::json;
use trueup::aws::actions::EVERY_RUN;

use crate::folder::ROOT;
use crate::log_bucket::BY_HAND;
use crate::planner::{self, Cells, Healthy, Instead, Models, Planner};
use crate::python;

const FILE: &str = "tests/ledger.toml";

/// A value of an enumeration that AWS does not have yet.
const UNKNOWN: &str = "VALUE_OF_TOMORROW";

/// The home region of the accounts.
const HOME: &str = "eu-west-1";

/// So many changes of a member that is left, or shown elsewhere, are tried.
const TRIED: usize = 3;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    /// Answers that are changed before their members are.
    #[serde(default)]
    prepared: Vec<Prepared>,
    call: BTreeMap<String, Members>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Prepared {
    call: String,
    /// Members with their values; these and what is in them are changed then.
    set: BTreeMap<String, serde_json::Value>,
}

/// What the ledger has of the members of a call's answer.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    /// Only the members of the answer itself are looked at: what it has shows obstacles, and is no configuration.
    #[serde(default)]
    top: bool,
    #[serde(default)]
    read: Vec<String>,
    /// The token of the next page: the SDK's paginator follows it, and the sandbox has one page.
    pages: Option<String>,
    /// The members that are read where no account of this test shows it, each with the name of the test that does.
    #[serde(default)]
    elsewhere: BTreeMap<String, String>,
    /// The members that are not read, by the reason. A member stands for all that is in it.
    #[serde(default)]
    left: BTreeMap<String, Vec<String>>,
    /// The values of enumerated members that are read, which change nothing, by the reason.
    #[serde(default)]
    same: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Further values to try.
    #[serde(default)]
    values: BTreeMap<String, Vec<serde_json::Value>>,
}

/// Whether a member is another one, or in it.
fn is_in(member: &str, outer: &str) -> bool {
    let rest = member.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']))
}

impl Members {
    fn is_left(&self, member: &str) -> bool {
        self.left.values().flatten().any(|outer| is_in(member, outer))
    }

    fn is_same(&self, member: &str, value: &str) -> bool {
        let same = self.same.get(member);
        same.is_some_and(|same| same.values().flatten().any(|known| known == value))
    }

    /// The members that have an entry.
    fn entries(&self) -> impl Iterator<Item = &String> {
        let left = self.left.values().flatten();
        let shown = self.read.iter().chain(self.elsewhere.keys());
        shown.chain(&self.pages).chain(left)
    }
}

/// One changed answer, as the tests' Python makes it.
#[derive(Deserialize)]
struct Changed {
    exchange: usize,
    prepared: Option<usize>,
    member: String,
    change: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A call and a member of its answer.
type Place = (String, String);

/// The members of the calls, each with the values that it may have if they are enumerated.
type Known = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What a plan shows.
type Look = (Cells, Models);

/// An account that is looked at, with the changes of its answers.
struct Base {
    baseline: String,
    world: String,
    healthy: Healthy,
    changes: Vec<Changed>,
    /// What the plans of prepared answers show, by the line of the answer.
    looks: Vec<OnceLock<Look>>,
}

/// What became of the changes of one member.
#[derive(Clone, Default)]
struct Outcome {
    /// How many plans were made.
    tried: usize,
    /// What was shown first, if anything was.
    noticed: Option<String>,
    /// The changes, each with whether it was noticed.
    changes: BTreeMap<String, bool>,
}

impl Outcome {
    fn join(&mut self, other: Outcome) {
        self.tried += other.tried;
        self.noticed = self.noticed.take().or(other.noticed);
        for (change, noticed) in other.changes {
            *self.changes.entry(change).or_default() |= noticed;
        }
    }
}

impl Base {
    /// The account that is true to the file with everything in it.
    fn full() -> Base {
        let (baseline, healthy) = planner::healthy();
        Base::of(baseline, planner::world_text(""), healthy)
    }

    /// One in which much is to be changed, so that more is read.
    fn odd() -> Base {
        let baseline = include_str!("ledger/odd.toml").to_owned();
        let world = [
            &planner::world_text(""),
            BY_HAND,
            include_str!("ledger/odd_world.toml"),
        ]
        .concat();
        let planner = Planner::of(&baseline, world.parse().unwrap());
        let healthy = planner.healthy(planner.account());
        Base::of(baseline, world, healthy)
    }

    fn of(baseline: String, world: String, healthy: Healthy) -> Base {
        Base {
            baseline,
            world,
            healthy,
            changes: vec![],
            looks: vec![],
        }
    }

    fn planner(&self) -> Planner {
        let planner = Planner::of(&self.baseline, self.world.parse().unwrap());
        planner.put(serde_json::from_value(self.healthy.account.clone()).unwrap());
        planner
    }

    /// Has the answers changed, and returns the members that the calls have.
    fn change(&mut self, ledger: &Ledger) -> Known {
        let home = tempfile::tempdir().unwrap();
        let planner = self.planner();
        let mut lines = String::new();
        for asked in &self.healthy.asked {
            let answer = planner.whole_answer(asked);
            let line = json!({
                "call": asked.call.to_string(), "region": asked.call.region.to_string(), "status": answer.status,
                "headers": answer.headers, "body": aws_smithy_types::base64::encode(&answer.body),
            });
            lines.push_str(&format!("{line}\n"));
        }
        let (exchanges, changed) = (home.path().join("exchanges"), home.path().join("changed"));
        std::fs::write(&exchanges, lines).unwrap();
        let calls = &ledger.call;
        let depths: BTreeMap<_, _> = calls.iter().map(|(call, of)| (call, u8::from(of.top))).collect();
        let values: BTreeMap<_, _> = calls.iter().map(|(call, of)| (call, &of.values)).collect();
        let asked = json!({"depths": depths, "values": values, "prepared": ledger.prepared, "home": HOME});
        let mut command = python::module("ledger", home.path());
        command.arg(&exchanges).arg(asked.to_string()).arg(&changed);
        let known = serde_json::from_str(&python::succeed(&command)).unwrap();
        let text = std::fs::read_to_string(&changed).unwrap();
        self.changes = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        self.looks = self.changes.iter().map(|_| OnceLock::new()).collect();
        known
    }

    fn call(&self, change: &Changed) -> String {
        self.healthy.asked[change.exchange].call.to_string()
    }

    /// What the plan of a changed answer shows.
    fn look(&self, planner: &Planner, change: &Changed) -> Result<Look, String> {
        let asked = &self.healthy.asked[change.exchange];
        planner.put(serde_json::from_value(self.healthy.account.clone()).unwrap());
        let instead = Instead {
            identity: asked.identity(),
            headers: change.headers.clone(),
            body: aws_smithy_types::base64::decode(&change.body).unwrap(),
        };
        planner.look(&self.healthy, asked, Some(instead))
    }

    /// What shows a changed answer, if anything does.
    fn noticed(&self, planner: &Planner, change: &Changed) -> Option<String> {
        let (cells, models) = match self.look(planner, change) {
            Ok(look) => look,
            Err(refused) => return Some(refused),
        };
        let (known_cells, known_models) = match change.prepared {
            Some(line) => {
                let look = || self.look(planner, &self.changes[line]).unwrap();
                let (cells, models) = self.looks[line].get_or_init(look);
                (cells, models)
            }
            None => (&self.healthy.cells, &self.healthy.models),
        };
        for (cell, shown) in &cells {
            let before = &known_cells[cell];
            if shown != before {
                let said =
                    |of: &planner::Shown| of.why.iter().chain(&of.notices).cloned().collect::<BTreeSet<_>>();
                let new = said(shown).difference(&said(before)).next().cloned();
                return Some(format!(
                    "{} {:?}: {}",
                    cell.0,
                    shown.verdict,
                    new.unwrap_or_default()
                ));
            }
        }
        let mut models = models.iter();
        let (cell, model) = models.find(|(cell, model)| known_models.get(*cell) != Some(model))?;
        Some(format!("{} reads {model}", cell.0))
    }

    /// Tries the changes of each member.
    fn judge(&self, ledger: &Ledger, known: &Known) -> BTreeMap<Place, Outcome> {
        let mut places: BTreeMap<Place, Vec<&Changed>> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| change.change != "prepared") {
            let place = (self.call(change), change.member.clone());
            places.entry(place).or_default().push(change);
        }
        let places: Vec<(Place, Vec<&Changed>)> = places.into_iter().collect();
        let next = AtomicUsize::new(0);
        let results = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for _ in 0..planner::threads() {
                scope.spawn(|| {
                    let planner = self.planner();
                    while let Some((place, changes)) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let of = &ledger.call[&place.0];
                        let values = known[&place.0].get(&place.1);
                        let is_enum = values.is_some_and(|values| !values.is_empty());
                        let is_proven_here = of.read.contains(&place.1);
                        let most = if is_proven_here { usize::MAX } else { TRIED };
                        let outcome = self.outcome(&planner, changes, is_enum && most > TRIED, most);
                        results.lock().unwrap().insert(place.clone(), outcome);
                    }
                });
            }
        });
        results.into_inner().unwrap()
    }

    /// Tries changes until one is noticed; of an enumerated member, until each value is.
    fn outcome(&self, planner: &Planner, changes: &[&Changed], is_enum: bool, most: usize) -> Outcome {
        let mut outcome = Outcome::default();
        for change in changes {
            let is_known = outcome.changes.get(&change.change) == Some(&true);
            if is_known || outcome.noticed.is_some() && !is_enum || outcome.tried == most {
                continue;
            }
            outcome.tried += 1;
            let shown = self.noticed(planner, change);
            *outcome.changes.entry(change.change.clone()).or_default() |= shown.is_some();
            if let Some(shown) = shown {
                outcome
                    .noticed
                    .get_or_insert(format!("{}: {shown}", change.change));
            }
        }
        outcome
    }
}

fn ledger() -> Ledger {
    let text = std::fs::read_to_string(Path::new(ROOT).join(FILE)).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{FILE}: {error}"))
}

/// A call with what the ledger has of it, and what there is to hold that against.
struct Case<'a> {
    call: &'a str,
    of: &'a Members,
    /// The members of its answer, each with the values that it may have if they are enumerated.
    known: &'a BTreeMap<String, Vec<String>>,
    outcomes: &'a BTreeMap<Place, Outcome>,
    /// The names of all tests.
    tests: &'a BTreeSet<String>,
}

/// What is wrong with the ledger's entries of a call, as against the members and the tests that there are.
fn misplaced(case: &Case<'_>) -> Vec<String> {
    let Case {
        call,
        of,
        known,
        outcomes,
        tests,
    } = *case;
    let mut wrong = vec![];
    let mut entries: BTreeSet<&String> = BTreeSet::new();
    for entry in of.entries() {
        if !entries.insert(entry) {
            wrong.push(format!("{call} {entry} is there twice"));
        }
        if !known.contains_key(entry) {
            wrong.push(format!("{call} {entry} is no member that AWS knows"));
        }
    }
    for (member, test) in of.elsewhere.iter().filter(|(_, test)| !tests.contains(*test)) {
        wrong.push(format!(
            "{call} {member}: there is no test {test} that could show it"
        ));
    }
    for member in known.keys() {
        // What has members is covered by theirs, and what no account has by what it would be in.
        let has_members = known.keys().any(|inner| inner != member && is_in(inner, member));
        let is_tried = outcomes.contains_key(&(call.to_owned(), member.clone()));
        let is_covered = !is_tried && of.read.iter().any(|outer| is_in(member, outer));
        if !(has_members || is_covered || entries.contains(member) || of.is_left(member)) {
            wrong.push(format!(
                "{call} {member} is a member of AWS's answer: is it read, or left, and why?"
            ));
        }
    }
    wrong
}

/// What the outcomes say against the ledger's entries of a call.
fn untrue(case: &Case<'_>) -> Vec<String> {
    let Case {
        call,
        of,
        known,
        outcomes,
        ..
    } = *case;
    let mut wrong = vec![];
    let outcome = |member: &str| outcomes.get(&(call.to_owned(), member.to_owned()));
    for member in &of.read {
        match outcome(member) {
            None => wrong.push(format!(
                "{call} {member} is read, and no account has it in an answer"
            )),
            Some(outcome) if outcome.noticed.is_none() => {
                wrong.push(format!(
                    "{call} {member} is read, and nothing shows it: {:?}",
                    outcome.changes
                ));
            }
            Some(outcome) => {
                let mut values: BTreeMap<&str, bool> = BTreeMap::new();
                for (change, noticed) in &outcome.changes {
                    let value = change.strip_prefix("added ").unwrap_or(change);
                    if value == UNKNOWN || known[member].iter().any(|known| known == value) {
                        *values.entry(value).or_default() |= noticed;
                    }
                }
                let unnoticed = values.iter().filter(|(_, noticed)| !**noticed);
                for (value, _) in unnoticed.filter(|(value, _)| !of.is_same(member, value)) {
                    wrong.push(format!("{call} {member} = {value} is taken for what is there"));
                }
            }
        }
    }
    for ((_, member), outcome) in outcomes.iter().filter(|((of, _), _)| of == call) {
        if let Some(shown) = outcome
            .noticed
            .as_ref()
            .filter(|_| of.is_left(member) || member.is_empty())
        {
            wrong.push(format!("{call} {member} is left, and shows: {shown}"));
        }
    }
    wrong
}

#[test]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
fn every_member_of_an_answer_is_read_or_left_for_a_reason() {
    let ledger = ledger();
    let mut known = Known::new();
    let mut outcomes: BTreeMap<Place, Outcome> = BTreeMap::new();
    for mut base in [Base::full(), Base::odd()] {
        for (call, members) in base.change(&ledger) {
            known.entry(call).or_default().extend(members);
        }
        for (place, outcome) in base.judge(&ledger, &known) {
            outcomes.entry(place).or_default().join(outcome);
        }
    }
    if std::env::var_os("TRUEUP_SHOW_LEDGER").is_some() {
        for ((call, member), of) in &outcomes {
            println!(
                "{call}\t{member}\t{}\t{:?}\t{:?}",
                of.tried, of.noticed, of.changes
            );
        }
        for (call, members) in &known {
            let untried = |member: &&String| !outcomes.contains_key(&(call.clone(), (*member).clone()));
            for member in members.keys().filter(untried) {
                println!("{call}\t{member}\tuntried");
            }
        }
    }
    let tests = crate::effect::tests();
    let mut wrong = vec![];
    for (call, of) in &ledger.call {
        let case = Case {
            call,
            of,
            known: &known[call],
            outcomes: &outcomes,
            tests: &tests,
        };
        wrong.extend(misplaced(&case));
        wrong.extend(untrue(&case));
    }
    let count = |of: fn(&Members) -> usize| ledger.call.values().map(of).sum::<usize>();
    println!(
        "the ledger: {} calls, {} members read, {} of them shown elsewhere, {} left in {} entries; {} plans",
        ledger.call.len(),
        count(|of| of.read.len() + of.elsewhere.len() + usize::from(of.pages.is_some())),
        count(|of| of.elsewhere.len()),
        known
            .iter()
            .map(|(call, members)| members
                .keys()
                .filter(|member| ledger.call[call].is_left(member))
                .count())
            .sum::<usize>(),
        count(|of| of.left.values().map(Vec::len).sum()),
        outcomes.values().map(|outcome| outcome.tried).sum::<usize>(),
    );
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_ledger_has_every_call_that_a_plan_makes() {
    let controls = trueup::controls::controls();
    let mut calls: BTreeSet<&str> = EVERY_RUN.iter().copied().collect();
    calls.extend(controls.iter().flat_map(|entry| entry.control.calls().read));
    let ledger = ledger();
    let listed: BTreeSet<&str> = ledger.call.keys().map(String::as_str).collect();
    assert_eq!(listed, calls);
}
