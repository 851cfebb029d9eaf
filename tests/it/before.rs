//! What `tests/before/lay_over.py` lays over an older client: the accounts of the leaves and variants that the table names.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{effect, harmless, leaves, planner};

/// The first time the converged account. Once it is there, as the older client left it, what the tests make of it.
#[test]
#[ignore = "writes the accounts on which tests/before/lay_over.py plans"]
fn the_accounts_by_which_rows_are_judged_are_written() {
    let folder = PathBuf::from(std::env::var_os("TRUEUP_BEFORE").unwrap());
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    let Ok(healthy) = std::fs::read_to_string(folder.join("healthy.json")) else {
        let (baseline, healthy) = planner::healthy();
        write("healthy.json", healthy.account.to_string());
        write("baseline.toml", baseline);
        write("world.toml", planner::world_text(""));
        return;
    };
    let healthy: Value = serde_json::from_str(&healthy).unwrap();
    let baseline = planner::full_baseline();
    let mut moved = leaves::named(&baseline, &healthy);
    moved.extend(harmless::named(&baseline, &healthy));
    let made: BTreeSet<&str> = moved.iter().map(|moved| moved.test.as_str()).collect();
    let lacking: Vec<String> = effect::named()
        .filter(|test| !made.contains(test.as_str()))
        .collect();
    assert!(lacking.is_empty(), "no account was made for {lacking:?}");
    for (number, moved) in moved.iter().enumerate() {
        write(&format!("{number}.json"), moved.account.to_string());
    }
    write("index.json", json!(moved).to_string());
}
