//! Access Analyzer from the file to the account and back.

use serde_json::json;

use crate::folder::{Folder, TWO};

const BOTH: &str = "[access_analyzer]\nexternal_access = true\nunused_access = true\n";

/// The console's analyzer and somebody's of unused access, made by hand.
const BY_HAND: &str = r#"
[[call]]
call = "access-analyzer:CreateAnalyzer"
region = "eu-west-1"
input = { analyzerName = "ConsoleAnalyzer-1", type = "ACCOUNT", tags = { team = "web" } }

[[call]]
call = "access-analyzer:CreateAnalyzer"
region = "us-east-1"
[call.input]
analyzerName = "theirs"
type = "ACCOUNT_UNUSED_ACCESS"
configuration = { unusedAccess = { unusedAccessAge = 30 } }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    vec![(
        BY_HAND,
        vec![
            format!("{TWO}[tags]\na = \"1\"\n{BOTH}"),
            format!("{TWO}[access_analyzer]\nexternal_access = false\n"),
        ],
    )]
}

#[test]
fn every_region_gets_one_and_the_home_region_the_paid_one_beside_it() {
    let folder = Folder::new();
    folder.becomes(
        &format!("{TWO}[tags]\na = \"1\"\n{BOTH}"),
        &[
            "eu-west-1 access-analyzer:CreateAnalyzer",
            "us-east-1 access-analyzer:CreateAnalyzer",
            "us-east-1 access-analyzer:CreateAnalyzer",
        ],
    );
    let analyzers = folder.region("us-east-1")["access_analyzer"]["analyzers"].clone();
    assert_eq!(analyzers["unused-access"]["kind"], "ACCOUNT_UNUSED_ACCESS");
    assert_eq!(analyzers["external-access"]["tags"], json!({"a": "1"}));
    folder
        .sandbox(&["export", "--only", "access_analyzer"])
        .expect(0)
        .says("unused_access_days = 90");
    let export = folder
        .sandbox(&["export", "--only", "access_analyzer", "--region", "us-east-1"])
        .expect(0)
        .stdout;
    folder.write("b.toml", &export);
    folder.is_true();
}

#[test]
fn what_was_made_by_hand_is_adopted_and_stays_as_it_is() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let analyzers = |region: &str| folder.region(region)["access_analyzer"]["analyzers"].clone();
    let (west, east) = (analyzers("eu-west-1"), analyzers("us-east-1"));
    folder.becomes(
        &format!("{TWO}{BOTH}"),
        &["us-east-1 access-analyzer:CreateAnalyzer"],
    );
    assert_eq!(analyzers("eu-west-1"), west);
    assert_eq!(analyzers("us-east-1")["theirs"], east["theirs"]);

    // Tags come beside those of others.
    folder.becomes(
        &format!("{TWO}[tags]\na = \"1\"\n[access_analyzer]\nexternal_access = true\n"),
        &[
            "eu-west-1 access-analyzer:TagResource",
            "us-east-1 access-analyzer:TagResource",
        ],
    );
    assert_eq!(
        analyzers("eu-west-1")["ConsoleAnalyzer-1"]["tags"],
        json!({"a": "1", "team": "web"})
    );
}

#[test]
fn one_that_was_deleted_by_hand_is_all_that_comes_back_and_both_can_be_switched_off() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{TWO}{BOTH}"));
    folder.apply().expect(0);
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["access_analyzer"]["analyzers"] = json!({});
    });
    folder.becomes(
        &format!("{TWO}{BOTH}"),
        &["eu-west-1 access-analyzer:CreateAnalyzer"],
    );
    let off = format!("{TWO}[access_analyzer]\nexternal_access = false\nunused_access = false\n");
    folder.write("b.toml", &off);
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    folder.becomes(
        &off,
        &[
            "eu-west-1 access-analyzer:DeleteAnalyzer",
            "us-east-1 access-analyzer:DeleteAnalyzer",
            "us-east-1 access-analyzer:DeleteAnalyzer",
        ],
    );
}
