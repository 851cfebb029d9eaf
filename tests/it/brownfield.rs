//! An account in which a quarter of the checklist exists already under other names: what is there is taken over, what
//! others have in it stays, and nothing is there twice.

use std::path::Path;

use serde_json::Value;

use crate::folder::{Folder, ROOT};

/// The account of `examples/worlds/brownfield.toml`.
fn brownfield() -> Folder {
    let folder = Folder::with_checklist();
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join("examples").join(path)).unwrap();
    folder.world(&read("worlds/brownfield.toml"));
    folder.write("b.toml", &read("brownfield/baseline.toml"));
    folder
}

impl Folder {
    /// Applies a file with consent to these controls, after which nothing is left to do, also by the export.
    fn becomes_true(&self, file: &str, allow: &[&str]) -> Value {
        let plan = self.sandbox(&["plan", file, "--json"]).expect(0).stdout;
        let mut args = vec!["apply", file, "--auto-approve"];
        args.extend(allow.iter().flat_map(|control| ["--allow", control]));
        self.forget_exchanges();
        self.sandbox(&args).expect(0);
        let plan_again = ["plan", file, "--detailed-exitcode"];
        self.sandbox(&plan_again).expect(0).says("No changes.");
        let export = self.sandbox(&["export"]).expect(0).stdout;
        self.write("export.toml", &export);
        self.sandbox(&["plan", "export.toml", "--detailed-exitcode"])
            .expect(0)
            .says("No changes.");
        serde_json::from_str(&plan).unwrap()
    }
}

/// What of one state is not in another one, removed or changed, by its path. A policy is compared as the document that
/// it is; list by list, it says how many of the elements are no longer there as they were.
fn lost(before: &Value, after: &Value, path: &str, out: &mut Vec<String>) {
    let document = |value: &Value| serde_json::from_str::<Value>(value.as_str()?).ok();
    match (before, after) {
        (Value::Null, _) => {}
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                match after.get(key) {
                    Some(now) => lost(value, now, &format!("{path}/{key}"), out),
                    None => out.push(format!("{path}/{key} is gone")),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for one in before.iter().filter(|one| !after.contains(one)) {
                out.push(format!("{path}: {one}"));
            }
        }
        (before, after) if before == after => {}
        (before, after) => match (document(before), document(after)) {
            (Some(before @ Value::Object(_)), Some(after)) => lost(&before, &after, path, out),
            _ => out.push(format!("{path}: {before}")),
        },
    }
}

/// What an apply has removed or changed of the account, but for the default VPCs.
fn changed(folder: &Folder, before: &Value) -> String {
    let mut changed = vec![];
    lost(before, &folder.account(), "", &mut changed);
    let counts = ["/ids/", "/iam/root_user/report"];
    changed.retain(|path| !path.contains("/ec2/") && !counts.iter().any(|count| path.starts_with(count)));
    changed.join("\n")
}

/// The calls that take something away, without their order.
fn removals(folder: &Folder) -> Vec<String> {
    let verbs = [
        ":Delete",
        ":Detach",
        ":Remove",
        ":Unsubscribe",
        ":Untag",
        ":Stop",
        ":Disable",
    ];
    let mut writes = folder.writes();
    writes.retain(|write| verbs.iter().any(|verb| write.contains(verb)));
    writes
}

/// AWS allows one of each: what is there must be what was there.
fn assert_one_of_each(before: &Value, after: &Value) {
    for region in ["us-east-1", "eu-west-1", "ap-northeast-1"] {
        let id = |account: &Value| account["regions"][region]["guardduty"]["detector"]["id"].clone();
        assert!(id(before).is_string(), "{region}");
        assert_eq!(id(before), id(after), "{region}");
    }
    let recorder = &after["regions"]["eu-west-1"]["config"]["recorder"];
    assert_eq!(recorder["name"], "acme-recorder");
    let trails: Vec<&String> = after["regions"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|region| region["cloudtrail"]["trails"].as_object().unwrap().keys())
        .collect();
    assert_eq!(trails, ["main-trail"]);
    for (region, name) in [
        ("us-east-1", "ConsoleAnalyzer-0b1c2d3e"),
        ("eu-west-1", "acme-analyzer"),
    ] {
        let analyzers = after["regions"][region]["access_analyzer"]["analyzers"].to_string();
        assert!(
            analyzers.contains(name) && !analyzers.contains("external-access"),
            "{analyzers}"
        );
    }
    for list in ["monitors", "subscriptions"] {
        assert_eq!(after["ce"][list].as_array().unwrap().len(), 1, "{list}");
    }
}

#[test]
fn the_checklist_itself_takes_over_what_aws_allows_one_of() {
    let folder = brownfield();
    let before = folder.account();
    let plan = folder.becomes_true("checklist.toml", &["all"]);
    assert_one_of_each(&before, &folder.account());
    assert_only_default_vpcs_went(&folder, &plan);
    insta::assert_snapshot!(changed(&folder, &before));
}

#[test]
fn a_file_with_the_names_that_are_there_takes_over_the_rest_too() {
    let folder = brownfield();
    let before = folder.account();
    let plan = folder.becomes_true("b.toml", &["all"]);
    let after = folder.account();
    assert_one_of_each(&before, &after);
    assert_only_default_vpcs_went(&folder, &plan);
    let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after["budgets"]["budgets"]), ["account-limit"]);
    assert_eq!(
        names(&after["regions"]["us-east-1"]["sns"]["topics"]),
        ["ops-alerts"]
    );
    assert_eq!(names(&after["iam"]["entities"]["groups"]), ["Admins"]);
    assert_eq!(names(&after["s3"]["buckets"]), names(&before["s3"]["buckets"]));
    insta::assert_snapshot!(changed(&folder, &before));
}

/// Each removal was a step of the plan that said so.
fn assert_only_default_vpcs_went(folder: &Folder, plan: &Value) {
    let steps = plan["steps"].as_array().unwrap();
    let destroying = steps.iter().filter(|step| step["effect"] == "destroy");
    assert!(destroying.clone().all(|step| step["control"] == "default_vpc"));
    let removals = removals(folder);
    assert!(
        removals.iter().all(|call| call.contains(" ec2:")),
        "{removals:#?}"
    );
    let detached = steps
        .iter()
        .filter(|step| step["title"].as_str().unwrap().starts_with("detach"));
    let detached = detached.filter(|step| step["effect"] != "destroy").count();
    assert_eq!(removals.len(), destroying.count() + detached);
}
