//! What a plan says of the bill.

use serde_json::Value;

use crate::folder::Folder;

/// What a plan of the whole checklist says, between this heading and the end of its part.
fn part(stdout: &str) -> String {
    let from = stdout.find("It would cost").unwrap_or_else(|| panic!("{stdout}"));
    let (part, _) = stdout[from..].split_once("\n\n").unwrap();
    part.to_owned()
}

fn monthly(of: &Value) -> (u64, u64) {
    let cents = |key: &str| of["monthly"][key].as_u64().unwrap_or_default();
    (cents("low_cents"), cents("high_cents"))
}

#[test]
fn the_checklist_costs_a_new_account_what_the_parts_come_to() {
    let folder = Folder::with_checklist();
    let out = ["plan", "checklist.toml", "--out", "plan.json"];
    let planned = folder.sandbox(&out).expect(0).stdout;
    insta::assert_snapshot!(part(&planned), @r"
    It would cost 26 to 89 USD a month
      security_hub     20 to 60 USD      17 regions
      config_recorder  2 to 10 USD       17 regions
      monitors         2.80 to 6.80 USD
      guardduty        1 to 6.50 USD     17 regions
      cloudtrail       0.50 to 5 USD
      log_bucket       0.05 to 1 USD
      → estimated for a small account by list prices of us-east-1, without free
        trials; `trueup controls NAME` says what each is metered by
    ");
    let shown = folder.run(&["show", "plan.json"]).expect(0).stdout;
    assert_eq!(part(&shown), part(&planned));
    let saved: Value = serde_json::from_str(&folder.read("plan.json")).unwrap();
    let steps: Vec<(u64, u64)> = saved["steps"].as_array().unwrap().iter().map(monthly).collect();
    let sum = steps
        .iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(monthly(&saved["summary"]), sum);
}

#[test]
fn what_is_there_costs_nothing_more_and_what_is_free_says_nothing() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[account]\nregions = [\"us-east-1\"]\n[guardduty]\nenabled = true\n[ebs_encryption]\nenabled = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("It would cost");
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(0)
        .says("It would cost");
    for file in [
        "[guardduty]\nenabled = true\n[account]\nregions = [\"us-east-1\"]\n",
        "[password_policy]\nminimum_length = 14\n",
    ] {
        folder.write("b.toml", file);
        let planned = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
        assert!(!planned.contains("It would cost"), "{planned}");
        let json = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
        assert!(!json.contains("monthly"), "{json}");
    }
}

#[test]
fn a_saved_plan_holds_although_prices_moved() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[account]\nregions = [\"us-east-1\"]\n[guardduty]\nenabled = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml", "--out", "plan.json"])
        .expect(0);
    let saved = folder.read("plan.json");
    let moved = saved.replace("\"high_cents\": 3", "\"high_cents\": 7");
    assert_ne!(moved, saved);
    folder.write("plan.json", &moved);
    folder
        .sandbox(&["apply", "b.toml", "--plan", "plan.json", "--auto-approve"])
        .expect(0);
    assert_eq!(folder.writes(), ["us-east-1 guardduty:CreateDetector"]);
}
