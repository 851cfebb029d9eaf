//! Refusals of which no two have the same text, as AWS's: no plan depends on the text, nor is saved with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use trueup::aws::actions::permissions;
use trueup::core::plan_file;
use trueup::core::registry::Name;

use crate::folder::{Folder, ROOT, side_by_side};
use crate::planner::{Planner, REGIONS};

const FRESH: &str = "fresh_texts = true\n";

/// What a plan cannot be made without, and what is not asked of the simulated account: AWS asks for it behind a call.
const SPARED: [&str; 2] = ["ec2:DescribeRegions", "billing:GetBillingViewData"];

fn full() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("tests/it/leaves/full.toml")).unwrap()
}

/// The controls of which a plan may make a call, by the call's IAM action.
fn reads() -> BTreeMap<String, Vec<Name>> {
    let mut reads: BTreeMap<String, Vec<Name>> = BTreeMap::new();
    for listed in trueup::controls::controls().iter() {
        for needed in permissions(listed.control.calls().read.iter().copied()) {
            reads.entry(needed.action).or_default().push(listed.name.clone());
        }
    }
    reads.retain(|action, _| !SPARED.contains(&action.as_str()));
    reads
}

/// The account of which `full.toml` is true.
static CONVERGED: LazyLock<serde_json::Value> = LazyLock::new(|| {
    let planner = Planner::new(&full());
    planner.converge();
    // So that the credential report is there.
    planner.plan(&[]).unwrap();
    planner.account()
});

/// Plans twice in this trouble, on the account of which `full.toml` is true.
fn judge(controls: &[Name], trouble: &str) {
    let planner = Planner::in_trouble(&full(), &format!("{FRESH}{trouble}"));
    let list = trueup::controls::controls();
    let path = Path::new("plan.json");
    planner.put(serde_json::from_value(CONVERGED.clone()).unwrap());
    let [one, other] = [planner.document(controls), planner.document(controls)];
    let [saved, again] = [&one, &other].map(|document| document.to_json().unwrap());
    assert!(
        saved == again,
        "{trouble}\n{}",
        similar::TextDiff::from_lines(&saved, &again).unified_diff()
    );
    assert_eq!(plan_file::hold(&list, path, &saved, &other), Ok(()), "{trouble}");
}

#[test]
fn whatever_read_is_refused_a_plan_is_the_same_to_the_byte_each_time() {
    let reads = reads();
    assert!(reads.len() > 50, "{reads:?}");
    side_by_side(reads.iter().enumerate(), |(at, (action, controls))| {
        let by = ["iam", "scp"][at % 2];
        judge(
            controls,
            &format!("[[deny]]\naction = \"{action}\"\nby = \"{by}\"\n"),
        );
    });
}

#[test]
fn whatever_service_fails_a_plan_is_the_same_to_the_byte_each_time() {
    let services = [
        "access-analyzer",
        "account",
        "budgets",
        "ce",
        "cloudtrail",
        "config",
        "events",
        "guardduty",
        "logs",
        "cloudwatch",
        "s3",
        "s3control",
        "securityhub",
        "sns",
    ];
    side_by_side(services, |service| {
        let fault = format!(
            "[[fault]]\ncall = \"{service}:*\"\nkind = \"error\"\ncode = \"OddException\"\nmessage = \"Odd.\"\n"
        );
        judge(&[], &fault);
    });
}

#[test]
fn a_saved_plan_holds_where_a_region_and_reads_are_denied() {
    let folder = Folder::new();
    let [denied, open] = REGIONS;
    folder.world(&format!(
        "{FRESH}[[deny]]\nregion = \"{denied}\"\n[[deny]]\naction = \"iam:GetAccountPasswordPolicy\"\nby = \"iam\"\n\
         [[deny]]\naction = \"iam:GenerateCredentialReport\"\nby = \"iam\"\n[[deny]]\naction = \"budgets:*\"\n"
    ));
    folder.write(
        "b.toml",
        &format!(
            "extends = [\"checklist@1\"]\n[account]\nhome_region = \"{open}\"\nregions = [\"{denied}\", \"{open}\"]\n\
             [root_user]\nmfa = \"required\"\nunused_for_days = 30\n"
        ),
    );
    folder
        .sandbox(&["plan", "b.toml", "--out", "plan.json"])
        .expect(1);
    let saved = folder.read("plan.json");
    assert!(
        saved.contains("\"denied\"") && saved.contains("\"unread\""),
        "{saved}"
    );
    for volatile in [
        "Request ID",
        "Root=1-",
        "authorization-details",
        "Encoded",
        "reported as",
    ] {
        assert!(!saved.contains(volatile), "{volatile} in {saved}");
    }
    folder
        .sandbox(&[
            "apply",
            "b.toml",
            "--plan",
            "plan.json",
            "--auto-approve",
            "--allow",
            "all",
        ])
        .expect(3);
    assert!(!folder.writes().is_empty());
    // A person who looks at it does see what was said.
    folder.sandbox(&["plan", "b.toml"]).expect(1).says("reported as");
}
