//! Baselines of random values. What `validate` refuses must be refused with a place; what it takes must be taken by the
//! services, too: the sandbox must not refuse it, and AWS's own description of its services must allow every request.
//!
//! The values follow from the schema, so that a new key is tried without a line here.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::sync::Mutex;
use std::time::Instant;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value as Json;
use toml::Table;
use trueup::aws::Connect;
use trueup::core::baseline::{Baseline, Filters, Problems};
use trueup::core::fault::Fault;
use trueup::engine::Session;
use trueup::engine::execute::{Outcome, Stop};
use trueup::sandbox::{Sandbox, World};

use crate::{planner, python};

mod values;

use values::{Dice, Leaf};

/// From which all values follow.
const SEED: u64 = 12;

/// How many accounts are made, and how many baselines are applied to each, one after the other.
const ACCOUNTS: u64 = 10;
const BASELINES_EACH: usize = 3;

/// How many values are tried for each control and baseline; once a few are taken, it is enough.
const TRIED: usize = 16;

/// What a service answers to a request that can never be right.
const REJECTED: [&str; 11] = [
    "BadRequest",
    "InvalidArgument",
    "InvalidInput",
    "InvalidParameter",
    "InvalidRequest",
    "InvalidTag",
    "Malformed",
    "MissingParameter",
    "SerializationException",
    "UnknownParameter",
    "Validation",
];

/// Keys whose values `validate` takes and no trail of the file fits.
const OF_ANOTHER_TRAIL: [&str; 2] = ["log_bucket.trail", "log_bucket.trail_prefix"];

/// What the runs of baselines came to.
#[derive(Default)]
struct Found {
    tried: usize,
    refused: usize,
    applied: usize,
    steps: usize,
    wrong: Vec<String>,
}

fn load(table: &Table) -> Result<Baseline, Problems> {
    let list = trueup::controls::controls();
    let text = toml::to_string(table).unwrap();
    trueup::files::loader(&list).load_text("generated.toml", &text)
}

/// What is wrong with how a baseline was refused.
fn unplaced(problems: &Problems) -> Option<String> {
    let nowhere = problems.iter().find(|problem| problem.at.is_none())?;
    Some(nowhere.message.clone())
}

/// Replaces some values of a baseline, a few of each control, by random ones, as far as `validate` takes them.
fn generated(base: &Table, leaves: &[Leaf], dice: &mut Dice, found: &mut Found) -> (Table, Vec<String>) {
    let mut of_control: BTreeMap<&str, Vec<&Leaf>> = BTreeMap::new();
    for leaf in leaves {
        of_control.entry(leaf.control()).or_default().push(leaf);
    }
    let mut table = base.clone();
    let mut changes = vec![];
    for leaves in of_control.values() {
        let mut taken = 0;
        for _ in 0..TRIED {
            let leaf = dice.one_of(leaves);
            let mut changed = table.clone();
            let Some(value) = leaf.change(&mut changed, dice) else {
                continue;
            };
            found.tried += 1;
            match load(&changed) {
                // CloudTrail says only after minutes that another trail's policy does not do.
                Ok(_) if OF_ANOTHER_TRAIL.contains(&leaf.path().as_str()) => {}
                Ok(_) => {
                    table = changed;
                    changes.push(format!("{} = {value}", leaf.path()));
                    taken += 1;
                }
                Err(problems) => {
                    found.refused += 1;
                    found.wrong.extend(
                        unplaced(&problems)
                            .map(|message| format!("no place: {message}: {} = {value}", leaf.path())),
                    );
                }
            }
            if taken == 5 {
                break;
            }
        }
    }
    (table, changes)
}

/// An account of its own that takes one baseline after the other.
async fn account(number: u64, base: &Table, leaves: &[Leaf], log: &std::path::Path) -> Found {
    let mut found = Found::default();
    let mut dice = Dice::new(SEED + number);
    let world: World = planner::world("");
    let sandbox = Sandbox::open(None, Some(world)).unwrap();
    sandbox.log_exchanges(log).unwrap();
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(sandbox.http_client())),
        region: Some("eu-west-1".parse().unwrap()),
        ..Connect::default()
    };
    let session = Session::open(trueup::controls::registry(), connect, None)
        .await
        .unwrap();
    // It waits for a report, and writes nothing.
    let filters = Filters {
        exclude: vec!["root_user".try_into().unwrap()],
        ..Filters::default()
    };
    for _ in 0..BASELINES_EACH {
        let (table, changes) = generated(base, leaves, &mut dice, &mut found);
        let baseline = load(&table).unwrap();
        let planned = match session.plan(&baseline, &filters, &|_| {}).await {
            Ok(planned) => planned,
            Err(error) => {
                found.wrong.push(format!("not planned: {error:?}: {changes:#?}"));
                continue;
            }
        };
        let steps = &planned.plan.steps;
        let outcomes = session
            .run(&planned, &|_| true, 32, &Stop::default(), &planner::quiet())
            .await;
        found.applied += 1;
        for (step, outcome) in steps.iter().zip(&outcomes) {
            match outcome {
                Outcome::Done => found.steps += 1,
                Outcome::Failed(fault) if is_rejected(fault) => {
                    let of_control: Vec<&String> = changes
                        .iter()
                        .filter(|change| {
                            change.starts_with(step.control.as_str()) || change.starts_with("tags")
                        })
                        .collect();
                    found.wrong.push(format!(
                        "taken by `validate`, refused by the service: {}: {fault}: {of_control:#?}",
                        step.title
                    ));
                }
                _ => {}
            }
        }
    }
    found
}

fn is_rejected(fault: &Fault) -> bool {
    fault
        .code
        .as_deref()
        .is_some_and(|code| REJECTED.iter().any(|rejected| code.starts_with(rejected)))
}

/// Each request once: most of them are the same reads.
fn distinct(log: &str) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    log.lines().filter(move |line| {
        let exchange: Json = serde_json::from_str(line).unwrap();
        let request = &exchange["request"];
        seen.insert(format!(
            "{} {} {} {}",
            exchange["service"], exchange["operation"], request["uri"], request["body"]
        ))
    })
}

#[test]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
fn what_validate_takes_the_services_take_too() {
    let started = Instant::now();
    let base: Table = planner::full_baseline().parse().unwrap();
    let schema = trueup::core::schema::schema(&trueup::controls::controls(), trueup::files::BUILT_IN);
    let leaves = values::leaves(&schema, &base);
    let folder = tempfile::tempdir().unwrap();
    let all = Mutex::new(Found::default());
    let logs = Mutex::new(String::new());
    crate::folder::side_by_side(0..ACCOUNTS, |number| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let log = folder.path().join(format!("{number}.jsonl"));
        let found = runtime.block_on(account(number, &base, &leaves, &log));
        logs.lock()
            .unwrap()
            .push_str(&std::fs::read_to_string(&log).unwrap());
        let mut all = all.lock().unwrap();
        all.tried += found.tried;
        all.refused += found.refused;
        all.applied += found.applied;
        all.steps += found.steps;
        all.wrong.extend(found.wrong);
    });
    let (found, logs) = (all.into_inner().unwrap(), logs.into_inner().unwrap());
    println!(
        "generated baselines, seed {SEED}: {} values of {} keys tried, {} refused by validate; {} baselines applied, {} steps done; {:?}",
        found.tried,
        leaves.len(),
        found.refused,
        found.applied,
        found.steps,
        started.elapsed(),
    );
    let log = folder.path().join("all.jsonl");
    let mut file = std::fs::File::create(&log).unwrap();
    for line in distinct(&logs) {
        writeln!(file, "{line}").unwrap();
    }
    let mut wrong = found.wrong;
    let mut judge = python::module("judge", folder.path());
    if let Err(problem) = python::run_resident(judge.arg(&log)) {
        wrong.push(problem);
    }
    println!("{:?} with the judge", started.elapsed());
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
