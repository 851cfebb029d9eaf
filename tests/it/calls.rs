//! How many calls a look at the account makes. A real account's limits are shared with everything else in it.

use std::collections::BTreeMap;

use crate::folder::Folder;

/// The most calls that a plan of the whole checklist may make in a converged account with 17 regions.
const MOST: usize = 330;

#[test]
fn a_plan_of_the_converged_checklist_keeps_to_its_number_of_calls() {
    let folder = Folder::with_checklist();
    folder.world("");
    folder
        .sandbox(&["apply", "checklist.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    folder.forget_exchanges();
    folder
        .sandbox(&["plan", "checklist.toml", "--detailed-exitcode"])
        .expect(0)
        .says("17 enabled");
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in folder.exchanges() {
        // S3's way of saying that a bucket has none.
        let is_none = exchange["error"] == "ObjectLockConfigurationNotFoundError";
        assert!(exchange["error"].is_null() || is_none, "{exchange}");
        let name = |key: &str| exchange[key].as_str().unwrap_or_default().to_owned();
        *calls
            .entry(format!("{}:{}", name("service"), name("operation")))
            .or_default() += 1;
    }
    let made: usize = calls.values().sum();
    assert!(made <= MOST, "{made} calls: {calls:#?}");
}
