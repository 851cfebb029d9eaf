//! Health events from the file to the account and back.

mod adopt;

use serde_json::{Value, json};

use crate::controls::titles;
use crate::folder::{Folder, STATE};
use crate::moto::Moto;

/// The account's home is where no copies of other regions' events come to; three regions keep a run short.
const WORLD: &str = r#"
disabled_regions = ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
  "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-2", "eu-west-3", "sa-east-1",
  "us-east-2", "us-west-1"]
"#;
const HEAD: &str = "[account]\nhome_region = \"eu-west-1\"\n[tags]\nmanaged-by = \"trueup\"\n\
                    [alerts]\ntopic = \"alerts\"\n";
const MINIMAL: &str =
    "[health_events]\ncoverage = \"minimal\"\nmessage = [\"<type> \\\"<service>\\\"\", \"<region>\"]\n";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";
const BUS: &str = "arn:aws:events:eu-west-1:123456789012:event-bus/default";

fn world(more: &str) -> String {
    format!("{WORLD}{more}")
}

fn baseline(table: &str) -> String {
    format!("{HEAD}{table}")
}

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let home = "[account]\nhome_region = \"eu-west-1\"\n";
    let to = format!("to = \"{TOPIC}\"\n");
    let own = |tag: &str, table: &str| {
        let tags = format!("{home}[tags]\na = \"{tag}\"\n");
        format!("{tags}{table}{to}")
    };
    vec![
        (
            WORLD,
            vec![
                own("1", MINIMAL),
                own(
                    "1",
                    &format!("{MINIMAL}permissions_boundary = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n"),
                ),
                own("2", &MINIMAL.replace("<region>", "in <region>")),
                format!("{home}[health_events]\nstate = \"absent\"\n"),
            ],
        ),
        (
            // A role that does not trust EventBridge, and a rule that is off.
            Box::leak(
                format!(
                    r#"{WORLD}
[[call]]
call = "iam:CreateRole"
region = "us-east-1"
[call.input]
RoleName = "trueup-health-forward"
AssumeRolePolicyDocument = "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"Service\":\"ec2.amazonaws.com\"}},\"Action\":\"sts:AssumeRole\"}}]}}"

[[call]]
call = "events:PutRule"
region = "eu-west-1"
input = {{ Name = "trueup-health-events", EventPattern = "{{\"source\":[\"aws.health\"]}}", State = "DISABLED" }}
"#
                )
                .into_boxed_str(),
            ),
            vec![own("1", MINIMAL)],
        ),
    ]
}

/// What is deleted, and the steps that bring it back.
type Deletion = (fn(&mut Value), &'static [&'static str]);

impl Folder {
    fn rules(&self, region: &str) -> Value {
        self.region(region)["events"]["rules"].clone()
    }

    #[track_caller]
    fn health_plan(&self) -> Vec<String> {
        titles(&self.sandbox(&["plan", "b.toml", "--json"]).stdout)
    }

    /// What was written to EventBridge and IAM, sorted: what waits for nothing comes in any order.
    fn health_writes(&self) -> Vec<String> {
        let mut writes = self.writes();
        writes.retain(|write| write.contains(" events:") || write.contains(" iam:"));
        writes.sort();
        writes
    }
}

#[test]
fn a_new_account_is_told_of_everything_once_and_exported_as_it_was_written() {
    let folder = Folder::new();
    folder.world(&world(""));
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    let all = folder.writes();
    let place = |write: &str| {
        all.iter()
            .position(|one| one == write)
            .unwrap_or_else(|| panic!("no {write} in {all:?}"))
    };
    assert!(place("eu-west-1 sns:SetTopicAttributes") < place("eu-west-1 events:PutTargets"));
    assert!(place("eu-west-1 events:PutRule") < place("eu-west-1 events:PutTargets"));
    for region in ["us-east-1", "us-west-2"] {
        assert!(place("us-east-1 iam:PutRolePolicy") < place(&format!("{region} events:PutTargets")));
    }
    folder.is_true();

    let home = &folder.rules("eu-west-1")["trueup-health-events"];
    assert_eq!(home["event_pattern"], r#"{"source":["aws.health"]}"#);
    assert_eq!(home["tags"], json!({"managed-by": "trueup"}));
    assert_eq!(
        home["targets"],
        json!([{"Id": "trueup", "Arn": TOPIC, "InputTransformer": {
            "InputPathsMap": {"region": "$.detail.eventRegion", "service": "$.detail.service", "type": "$.detail-type"},
            "InputTemplate": "\"<type> \\\"<service>\\\"\"\n\"<region>\"",
        }}])
    );
    let role = "arn:aws:iam::123456789012:role/trueup-health-forward";
    for (region, detail) in [
        ("us-east-1", json!({"backupEvent": ["false", {"exists": false}]})),
        (
            "us-west-2",
            json!({"eventRegion": [{"anything-but": ["eu-west-1", "global", "us-east-1"]}, {"exists": false}]}),
        ),
    ] {
        let rule = &folder.rules(region)["trueup-health-forward"];
        let pattern: Value = serde_json::from_str(rule["event_pattern"].as_str().unwrap()).unwrap();
        assert_eq!(pattern, json!({"source": ["aws.health"], "detail": detail}));
        assert_eq!(
            rule["targets"],
            json!([{"Id": "trueup", "Arn": BUS, "RoleArn": role}])
        );
    }
    let export = folder
        .sandbox(&["export", "--home-region", "eu-west-1", "--only", "health_events"])
        .expect(0)
        .says("coverage = \"minimal\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn a_target_that_fails_in_an_answer_of_status_200_is_tried_again() {
    let folder = Folder::new();
    let events: String = [(1, "ec2.amazonaws.com"), (2, "events.amazonaws.com")]
        .iter()
        .map(|(nth, service)| {
            let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
            format!(
                "[[event]]\nbefore = \"events:PutTargets\"\nregion = \"us-west-2\"\nnth = {nth}\n\
                 [[event.call]]\ncall = \"iam:UpdateAssumeRolePolicy\"\nregion = \"us-east-1\"\n\
                 input = {{ RoleName = \"trueup-health-forward\", PolicyDocument = '{trust}' }}\n"
            )
        })
        .collect();
    folder.world(&world(&events));
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    let puts = folder.writes();
    let oregon = puts
        .iter()
        .filter(|write| *write == "us-west-2 events:PutTargets");
    assert_eq!(oregon.count(), 2);
    folder.is_true();
}

#[test]
fn what_was_deleted_by_hand_is_all_that_comes_back() {
    let folder = Folder::new();
    folder.world(&world(""));
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    let cases: [Deletion; 6] = [
        (
            |account| {
                account["regions"]["eu-west-1"]["events"]["rules"]["trueup-health-events"]["targets"] =
                    json!([])
            },
            &["send health events to the topic alerts"],
        ),
        (
            |account| {
                let target = &mut account["regions"]["eu-west-1"]["events"]["rules"]["trueup-health-events"]
                    ["targets"][0];
                target.as_object_mut().unwrap().remove("InputTransformer");
            },
            &["change the message of the rule trueup-health-events"],
        ),
        (
            |account| {
                account["regions"]["us-west-2"]["events"]["rules"]["trueup-health-forward"]["targets"] =
                    json!([]);
            },
            &["forward health events of us-west-2 to eu-west-1"],
        ),
        (
            |account| {
                account["regions"]["us-east-1"]["events"]["rules"]["trueup-health-forward"]["state"] =
                    "DISABLED".into();
            },
            &["enable the rule trueup-health-forward in us-east-1"],
        ),
        (
            |account| {
                let role = &mut account["iam"]["entities"]["roles"]["trueup-health-forward"];
                role["common"]["inline"] = json!({});
            },
            &["let the role trueup-health-forward put events"],
        ),
        (
            |account| {
                let rules = &mut account["regions"]["us-west-2"]["events"]["rules"];
                *rules = json!({});
            },
            &[
                "create the rule trueup-health-forward in us-west-2",
                "forward health events of us-west-2 to eu-west-1",
            ],
        ),
    ];
    for (delete, steps) in cases {
        folder.alter(delete);
        assert_eq!(folder.health_plan(), steps);
        folder.apply().expect(0);
        folder.is_true();
    }
}

#[test]
fn a_rule_that_was_switched_off_is_not_exported_to_its_end() {
    let folder = Folder::new();
    folder.world(&world(""));
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["events"]["rules"]["trueup-health-events"]["state"] =
            "DISABLED".into();
    });
    let before = folder.rules("eu-west-1");
    let export = folder
        .sandbox(&["export", "--home-region", "eu-west-1", "--only", "health_events"])
        .expect(0)
        .says("# Not managed here: enable the rule trueup-health-events in eu-west-1");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
    folder.apply().expect(0);
    assert_eq!(folder.rules("eu-west-1"), before);
}

#[test]
fn full_coverage_comes_and_goes_with_consent_and_the_off_switch_leaves_nothing() {
    let folder = Folder::new();
    folder.world(&world(""));
    let full = MINIMAL.replace("minimal", "full");
    // At home where copies of all regions' events come to.
    let oregon = |table: &str| baseline(table).replace("eu-west-1", "us-west-2");
    folder.write("b.toml", &oregon(&full)).apply().expect(0);
    folder.is_true();
    let pattern = folder.rules("us-west-2")["trueup-health-events"]["event_pattern"].clone();
    assert!(pattern.as_str().unwrap().contains("backupEvent"), "{pattern}");
    for region in ["eu-west-1", "us-east-1"] {
        let rules = folder.rules(region);
        assert_eq!(rules.as_object().unwrap().len(), 1, "{region}");
    }
    folder
        .sandbox(&["export", "--home-region", "us-west-2", "--only", "health_events"])
        .expect(0)
        .says("coverage = \"full\"");
    folder.write("b.toml", &oregon(MINIMAL));
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow health_events");
    folder.apply().expect(0);
    assert_eq!(folder.rules("eu-west-1"), json!({}));
    folder.is_true();

    folder
        .write("b.toml", &oregon("[health_events]\nstate = \"absent\"\n"))
        .apply()
        .expect(0);
    folder.is_true();
    for region in ["eu-west-1", "us-east-1", "us-west-2"] {
        assert_eq!(folder.rules(region), json!({}), "{region}");
    }
    assert_eq!(folder.account()["iam"]["entities"]["roles"], json!({}));
}

#[test]
fn a_region_that_refuses_does_not_spoil_the_others() {
    let folder = Folder::new();
    let deny = |by: &str| format!("[[deny]]\naction = \"events:*\"\nregion = \"us-west-2\"\nby = \"{by}\"\n");
    folder.world(&world(&deny("iam")));
    folder.write("b.toml", &baseline(MINIMAL));
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        plan.contains("us-west-2 could not be read: events:ListRules"),
        "{plan}"
    );
    folder.apply().expect(3);
    assert_eq!(folder.rules("us-west-2"), json!({}));
    for (region, rule) in [
        ("eu-west-1", "trueup-health-events"),
        ("us-east-1", "trueup-health-forward"),
    ] {
        let targets = folder.rules(region)[rule]["targets"].clone();
        assert_eq!(targets.as_array().map(Vec::len), Some(1), "{region}");
    }
    assert_eq!(
        folder.health_plan(),
        ["forward health events of us-west-2 to eu-west-1"]
    );
    // What the organization denies is at rest: the account itself cannot change it.
    let mut state: Value = serde_json::from_str(&folder.read(STATE)).unwrap();
    state["world"]["deny"][0]["by"] = json!("scp");
    folder.write(STATE, &state.to_string());
    folder.apply().expect(0);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("Denied by the organization");
    // Once it is open again, only that was left to do.
    let mut state: Value = serde_json::from_str(&folder.read(STATE)).unwrap();
    state["world"]["deny"] = json!([]);
    folder.write(STATE, &state.to_string()).forget_exchanges();
    folder.apply().expect(0);
    assert_eq!(
        folder.health_writes(),
        ["us-west-2 events:PutRule", "us-west-2 events:PutTargets"]
    );
    folder.is_true();
}

#[test]
fn the_alerts_topic_has_to_be_managed_or_named() {
    let folder = Folder::new();
    folder.world(&world(""));
    folder.write("b.toml", MINIMAL);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("speaks of [alerts], which the file does not manage");
    folder.write("b.toml", &format!("{MINIMAL}to = \"{TOPIC}\"\n"));
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.contains("is not in the home region us-east-1"), "{plan}");
}

#[test]
fn moto_sees_the_rules_and_their_targets() {
    let moto = Moto::start();
    moto.folder.write("b.toml", &baseline(MINIMAL));
    moto.apply().expect(0).says("The account is true to b.toml.");
    moto.is_true();
    let rules = moto.look(&["eu-west-1", "us-east-1", "us-west-2"])["regions"].clone();
    let home = &rules["eu-west-1"]["rules"];
    assert_eq!(home[0]["Name"], "trueup-health-events", "{home}");
    assert_eq!(home[0]["State"], "ENABLED");
    assert_eq!(home[0]["EventPattern"], r#"{"source":["aws.health"]}"#);
    let target = &home[0]["Targets"][0];
    assert_eq!(target["Arn"], TOPIC);
    assert_eq!(
        target["InputTransformer"]["InputTemplate"],
        "\"<type> \\\"<service>\\\"\"\n\"<region>\""
    );
    assert_eq!(
        target["InputTransformer"]["InputPathsMap"]["type"],
        "$.detail-type"
    );
    for region in ["us-east-1", "us-west-2"] {
        let forwards = &rules[region]["rules"];
        assert_eq!(forwards.as_array().map(Vec::len), Some(1), "{forwards}");
        assert_eq!(forwards[0]["Targets"][0]["Arn"], BUS);
    }
    moto.folder
        .write("b.toml", &baseline("[health_events]\nstate = \"absent\"\n"));
    moto.apply().expect(0);
    let rules = moto.look(&["eu-west-1", "us-east-1", "us-west-2"])["regions"].clone();
    for region in ["eu-west-1", "us-east-1", "us-west-2"] {
        assert_eq!(rules[region]["rules"], json!([]), "{region}");
    }
}
