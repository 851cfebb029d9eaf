//! Rules and roles that others made.

use serde_json::json;

use super::{MINIMAL, TOPIC, baseline, world};
use crate::folder::Folder;

/// Rules that others made: one that does what is wanted in other words, with targets and settings of its own; one that
/// forwards with too wide a pattern and a role of its own; and one for something else.
const BY_HAND: &str = r#"
[[call]]
call = "sns:CreateTopic"
region = "eu-west-1"
input = { Name = "alerts" }

[[call]]
call = "events:PutRule"
region = "eu-west-1"
[call.input]
Name = "health"
EventPattern = "{ \"source\" : [ \"aws.health\" ] }"
Description = "theirs"
RoleArn = "arn:aws:iam::123456789012:role/rule"
Tags = [{ Key = "team", Value = "web" }]

[[call]]
call = "events:PutTargets"
region = "eu-west-1"
[call.input]
Rule = "health"
[[call.input.Targets]]
Id = "lambda"
Arn = "arn:aws:lambda:eu-west-1:123456789012:function:health"
Input = "\"x\""
[[call.input.Targets]]
Id = "mail"
Arn = "arn:aws:sns:eu-west-1:123456789012:alerts"
RetryPolicy = { MaximumRetryAttempts = 7, MaximumEventAgeInSeconds = 600 }
InputTransformer = { InputPathsMap = { s = "$.detail.service", t = "$.detail-type", r = "$.detail.eventRegion" }, InputTemplate = "\"<t> \\\"<s>\\\"\"\n\"<r>\"" }

[[call]]
call = "events:PutRule"
region = "eu-west-1"
input = { Name = "other", EventPattern = "{\"source\":[\"aws.ec2\"]}" }

[[call]]
call = "iam:CreateRole"
region = "us-east-1"
[call.input]
RoleName = "forwarder"
AssumeRolePolicyDocument = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"

[[call]]
call = "iam:PutRolePolicy"
region = "us-east-1"
[call.input]
RoleName = "forwarder"
PolicyName = "forward"
PolicyDocument = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"events:*\",\"Resource\":\"*\"}]}"

[[call]]
call = "events:PutRule"
region = "us-west-2"
input = { Name = "home", EventPattern = "{\"source\":[\"aws.health\"]}", Description = "theirs too" }

[[call]]
call = "events:PutTargets"
region = "us-west-2"
[call.input]
Rule = "home"
Targets = [{ Id = "bus", Arn = "arn:aws:events:eu-west-1:123456789012:event-bus/default", RoleArn = "arn:aws:iam::123456789012:role/forwarder" }]
"#;

#[test]
fn rules_of_others_are_taken_over_with_the_fewest_writes() {
    let folder = Folder::new();
    folder.world(&world(BY_HAND));
    let (before, other) = (
        folder.rules("eu-west-1")["health"].clone(),
        folder.rules("eu-west-1")["other"].clone(),
    );
    let forwards = folder.rules("us-west-2")["home"].clone();
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    assert_eq!(
        folder.health_writes(),
        [
            "eu-west-1 events:TagResource",
            "us-east-1 events:PutRule",
            "us-east-1 events:PutTargets",
            "us-east-1 iam:CreateRole",
            "us-east-1 iam:PutRolePolicy",
            "us-west-2 events:PutRule",
            "us-west-2 events:TagResource",
        ]
    );
    folder.is_true();
    let rules = folder.rules("eu-west-1");
    assert_eq!(
        rules.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["health", "other"]
    );
    assert_eq!(rules["other"], other);
    let mut expected = before;
    expected["tags"]["managed-by"] = "trueup".into();
    assert_eq!(rules["health"], expected);
    let mut expected = forwards;
    let rules = folder.rules("us-west-2");
    assert_eq!(rules.as_object().unwrap().len(), 1);
    expected["event_pattern"] = rules["home"]["event_pattern"].clone();
    expected["tags"] = json!({"managed-by": "trueup"});
    assert_eq!(rules["home"], expected);

    // Another message changes the one target, and nothing else of it.
    folder.forget_exchanges();
    folder
        .write("b.toml", &baseline(&MINIMAL.replace("<region>", "in <region>")))
        .apply()
        .expect(0);
    assert_eq!(folder.health_writes(), ["eu-west-1 events:PutTargets"]);
    let targets = folder.rules("eu-west-1")["health"]["targets"].clone();
    assert_eq!(targets[0]["Id"], "lambda");
    assert_eq!(targets[1]["RetryPolicy"]["MaximumRetryAttempts"], 7);
    assert_eq!(
        targets[1]["InputTransformer"]["InputTemplate"],
        "\"<type> \\\"<service>\\\"\"\n\"in <region>\""
    );

    // The off switch leaves the others what is theirs.
    folder.forget_exchanges();
    folder
        .write("b.toml", &baseline("[health_events]\nstate = \"absent\"\n"))
        .apply()
        .expect(0);
    let rules = folder.rules("eu-west-1");
    assert_eq!(rules["health"]["targets"].as_array().unwrap().len(), 1);
    assert_eq!(rules["health"]["targets"][0], targets[0]);
    assert_eq!(folder.rules("us-west-2").as_object().unwrap().len(), 1);
    assert_eq!(folder.rules("us-east-1"), json!({}));
    folder.is_true();
}

#[test]
fn other_words_for_the_same_are_no_difference() {
    let folder = Folder::new();
    folder.world(&world(BY_HAND));
    let odd = "[health_events]\nmessage = [\"<type> \\\"<service>\\\"\", '<region>']\n";
    folder.write(
        "b.toml",
        &baseline(odd).replace("[tags]\nmanaged-by = \"trueup\"\n", ""),
    );
    folder.apply().expect(0);
    assert_eq!(folder.health_writes(), [""; 0]);
    // The same lines in one string, under other names, by a rule that says its filter in another order.
    folder.alter(|account| {
        let rule = &mut account["regions"]["eu-west-1"]["events"]["rules"]["health"];
        rule["state"] = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS".into();
        rule["targets"][1]["InputTransformer"] = json!({
            "InputPathsMap": {"a": "$.detail.service", "b": "$.detail-type", "region": "$.detail.eventRegion", "c": "$.id"},
            "InputTemplate": "\"<b> \\\"<a>\\\"\\n<region>\"",
        });
    });
    folder.is_true();
}

#[test]
fn a_role_of_the_name_that_has_a_path_is_used_as_it_is() {
    let folder = Folder::new();
    folder.world(&world(
        r#"
[[call]]
call = "iam:CreateRole"
region = "us-east-1"
[call.input]
RoleName = "trueup-health-forward"
Path = "/service/"
AssumeRolePolicyDocument = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":[\"events.amazonaws.com\"]},\"Action\":[\"sts:AssumeRole\"]}]}"
"#,
    ));
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    folder.is_true();
    let rule = &folder.rules("us-west-2")["trueup-health-forward"];
    assert_eq!(
        rule["targets"][0]["RoleArn"],
        "arn:aws:iam::123456789012:role/service/trueup-health-forward"
    );
}

#[test]
fn what_a_service_made_for_itself_is_never_touched() {
    let folder = Folder::new();
    folder.world(&world(BY_HAND));
    folder.alter(|account| {
        for (region, rule) in [("eu-west-1", "health"), ("us-west-2", "home")] {
            account["regions"][region]["events"]["rules"][rule]["managed_by"] = "health.amazonaws.com".into();
        }
    });
    let before = (
        folder.rules("eu-west-1")["health"].clone(),
        folder.rules("us-west-2")["home"].clone(),
    );
    folder.write("b.toml", &baseline(MINIMAL)).apply().expect(0);
    folder.is_true();
    let after = (
        folder.rules("eu-west-1")["health"].clone(),
        folder.rules("us-west-2")["home"].clone(),
    );
    assert_eq!(after, before);
    assert_eq!(
        folder.rules("eu-west-1")["trueup-health-events"]["state"],
        "ENABLED"
    );
}

#[test]
fn a_rule_that_tells_of_some_events_too_is_named_and_left_alone() {
    let folder = Folder::new();
    folder.world(&world(&format!(
        r#"{BY_HAND}
[[call]]
call = "events:PutRule"
region = "eu-west-1"
input = {{ Name = "abuse", EventPattern = "{{\"source\":[\"aws.health\"],\"detail-type\":[\"AWS Health Abuse Event\"]}}" }}

[[call]]
call = "events:PutTargets"
region = "eu-west-1"
input = {{ Rule = "abuse", Targets = [{{ Id = "t", Arn = "{TOPIC}" }}] }}
"#
    )));
    let before = folder.rules("eu-west-1")["abuse"].clone();
    folder.write("b.toml", &baseline(MINIMAL));
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        plan.contains("the rule abuse in eu-west-1 sends health events to the topic too"),
        "{plan}"
    );
    folder.apply().expect(0);
    assert_eq!(folder.rules("eu-west-1")["abuse"], before);
    folder.is_true();
}
