//! An organization that allows few regions: what is asked there, and what comes of it.

use std::collections::BTreeMap;

use crate::folder::Folder;

/// Five regions, of which the organization denies three. Like AWS's example, its policy spares global services.
const WORLD: &str = r#"
disabled_regions = ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
  "ap-southeast-2", "ca-central-1", "eu-north-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-west-1"]

[[deny]]
region = "eu-west-1"
[[deny]]
region = "us-east-2"
[[deny]]
region = "us-west-2"
"#;

const OPEN: &str = r#"["eu-central-1", "us-east-1"]"#;

fn baseline(regions: &str) -> String {
    format!(
        "extends = [\"checklist@1\"]\n\n[account]\nhome_region = \"eu-central-1\"\nregions = {regions}\n\n\
         [root_user]\nmfa = \"required\"\n"
    )
}

/// How many calls each region has refused since the exchanges were forgotten.
fn denied(folder: &Folder) -> BTreeMap<String, usize> {
    let mut denied = BTreeMap::new();
    for exchange in folder.exchanges() {
        let code = exchange["error"].as_str().unwrap_or_default();
        if code.starts_with("AccessDenied")
            || code.starts_with("Unauthorized")
            || code == "AuthorizationError"
        {
            *denied
                .entry(exchange["region"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    folder.forget_exchanges();
    denied
}

#[test]
fn denied_regions_are_asked_three_calls_each_and_the_account_comes_to_rest() {
    let folder = Folder::new();
    folder.world(WORLD);
    folder.write("b.toml", &baseline("\"enabled\""));
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2);
    let counted = denied(&folder);
    assert_eq!(counted.len(), 3, "{counted:?}");
    assert!(counted.values().all(|calls| *calls <= 3), "{counted:?}");

    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    denied(&folder);
    let plan = folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .stdout;
    assert!(denied(&folder).values().all(|calls| *calls <= 3));
    let words = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "eu-west-1, us-east-2 and us-west-2: the organization denies EC2 there, so 6 controls are not managed there",
        &format!("write under [account]: regions = {OPEN}"),
        "us-west-2: its health events are not forwarded, because the organization denies EventBridge there",
    ] {
        assert!(words.contains(said), "no `{said}` in\n{plan}");
    }
    let json = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let cells = json["cells"].as_array().unwrap();
    let health = cells
        .iter()
        .find(|cell| cell["control"] == "health_events")
        .unwrap();
    assert_eq!(health["verdict"], "denied");
}

#[test]
fn regions_that_the_file_leaves_out_are_not_called() {
    let folder = Folder::new();
    folder.world(WORLD);
    folder.write("b.toml", &baseline(OPEN));
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0);
    let called: Vec<String> = folder
        .exchanges()
        .iter()
        .map(|exchange| exchange["region"].as_str().unwrap().to_owned())
        .collect();
    for region in ["eu-west-1", "us-east-2", "us-west-2"] {
        assert!(!called.iter().any(|called| called == region), "{region}");
    }
    assert!(denied(&folder).is_empty());
}

#[test]
fn an_account_that_matches_but_for_denied_regions_says_so() {
    let folder = Folder::new();
    folder.world(WORLD);
    let tables = "[ebs_encryption]\nenabled = true\n[guardduty]\nenabled = true\n";
    folder.write(
        "b.toml",
        &format!("[account]\nhome_region = \"us-east-1\"\n{tables}"),
    );
    let matches = "The account matches b.toml, except 3 regions the organization denies.";
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0)
        .says(matches);
    let plan = folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says(matches);
    let about: Vec<&str> = plan
        .stdout
        .lines()
        .filter(|line| line.contains("us-east-2"))
        .collect();
    assert_eq!(about.len(), 1, "{}", plan.stdout);
}

#[test]
fn a_denied_service_in_an_open_region_is_denied_alone() {
    let folder = Folder::new();
    folder.world("[[deny]]\nregion = \"us-east-1\"\naction = \"guardduty:*\"\n");
    folder.write("b.toml", &baseline("[\"us-east-1\"]"));
    let json = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let verdicts = json["cells"].as_array().unwrap().iter().map(|cell| {
        (
            cell["control"].as_str().unwrap().to_owned(),
            cell["verdict"].as_str().unwrap().to_owned(),
        )
    });
    let denied: Vec<String> = verdicts
        .filter(|(_, verdict)| verdict == "denied")
        .map(|(control, _)| control)
        .collect();
    assert_eq!(denied, ["guardduty"]);
}

#[test]
fn a_plan_of_what_is_denied_is_the_same_to_the_byte_each_time() {
    let folder = Folder::new();
    let unread = "[[deny]]\naction = \"iam:GetAccountPasswordPolicy\"\nby = \"iam\"\n[[deny]]\naction = \"iam:GetRole\"\n";
    folder.world(&format!("fresh_texts = true\n{WORLD}{unread}"));
    folder.write("b.toml", &baseline("\"enabled\""));
    let plan = || folder.sandbox(&["plan", "b.toml", "--json"]).stdout;
    let (one, other) = (plan(), plan());
    assert!(one.contains("\"denied_by_organization\"") && one.contains("\"kind\": \"denied\""));
    assert!(
        one == other,
        "{}",
        similar::TextDiff::from_lines(&one, &other).unified_diff()
    );
    for volatile in ["authorization-details", "Encoded authorization", "request_id"] {
        assert!(!one.contains(volatile), "{volatile}");
    }
}
