//! EventBridge's strictness, operation by operation.

use super::*;
use crate::World;

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "events",
        region: "us-west-2".into(),
        operation: operation.into(),
        input,
        now: 1_800_000_000,
    };
    handle(account, &call)
}

fn new() -> Account {
    Account::new(&World::default())
}

const HEALTH: &str = r#"{"source":["aws.health"]}"#;
const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:alerts";

fn with_rule() -> Account {
    let mut account = new();
    let input = json!({"Name": "r", "EventPattern": HEALTH, "Description": "d", "State": "DISABLED",
        "Tags": [{"Key": "team", "Value": "web"}]});
    ask(&mut account, "PutRule", input).unwrap();
    account
}

#[track_caller]
fn refused(account: &mut Account, operation: &str, input: Value, code: &str, says: &str) {
    let before = account.clone();
    let error = ask(&mut account.clone(), operation, input.clone()).unwrap_err();
    assert_eq!(error.code, code, "{operation} {input}: {}", error.message);
    assert!(
        error.message.contains(says),
        "{operation} {input}: {}",
        error.message
    );
    assert_eq!(*account, before);
}

#[test]
fn what_a_second_put_leaves_out_is_gone_but_targets_and_tags_stay() {
    let mut account = with_rule();
    let target = json!({"Rule": "r", "Targets": [{"Id": "t", "Arn": TOPIC}]});
    ask(&mut account, "PutTargets", target).unwrap();
    let again = json!({"Name": "r", "EventPattern": "{\"source\":[\"aws.ec2\"]}",
        "Tags": [{"Key": "team", "Value": "other"}]});
    let answer = ask(&mut account, "PutRule", again).unwrap();
    assert_eq!(answer["RuleArn"], "arn:aws:events:us-west-2:123456789012:rule/r");
    let rule = ask(&mut account, "DescribeRule", json!({"Name": "r"})).unwrap();
    assert_eq!(
        (&rule["State"], &rule["Description"]),
        (&json!("ENABLED"), &Value::Null)
    );
    let targets = ask(&mut account, "ListTargetsByRule", json!({"Rule": "r"})).unwrap();
    assert_eq!(targets["Targets"], json!([{"Id": "t", "Arn": TOPIC}]));
    let tags = ask(
        &mut account,
        "ListTagsForResource",
        json!({"ResourceARN": answer["RuleArn"]}),
    );
    assert_eq!(tags.unwrap()["Tags"], json!([{"Key": "team", "Value": "web"}]));
}

#[test]
fn a_rule_needs_a_name_and_a_pattern_that_is_one() {
    let mut account = new();
    let mut put = |input: Value, code: &str, says: &str| refused(&mut account, "PutRule", input, code, says);
    let validation = "ValidationException";
    put(json!({"EventPattern": HEALTH}), validation, "null at 'name'");
    put(
        json!({"Name": "a b", "EventPattern": HEALTH}),
        validation,
        "pattern",
    );
    put(json!({"Name": "a"}), validation, "must be specified");
    put(
        json!({"Name": "a", "EventPattern": HEALTH, "State": "ON"}),
        validation,
        "enum",
    );
    put(
        json!({"Name": "a", "ScheduleExpression": "daily"}),
        validation,
        "not valid",
    );
    let not_there = json!({"Name": "a", "EventPattern": HEALTH, "EventBusName": "b"});
    put(not_there, "ResourceNotFoundException", "Event bus b");
    for (pattern, says) in [
        ("{", "EOF"),
        ("[]", "not an object"),
        ("{}", "Empty objects"),
        (r#"{"source":"aws.health"}"#, "\"source\" must be"),
        (r#"{"source":[]}"#, "Empty arrays"),
        (r#"{"source":[["a"]]}"#, "array in an array"),
        (r#"{"detail":{"a":1}}"#, "\"a\" must be"),
    ] {
        put(
            json!({"Name": "a", "EventPattern": pattern}),
            "InvalidEventPatternException",
            says,
        );
    }
    let long = json!({"source": ["x".repeat(4096)]}).to_string();
    put(
        json!({"Name": "a", "EventPattern": long}),
        "InvalidEventPatternException",
        "too long",
    );
}

#[test]
fn a_target_is_looked_at_before_it_is_kept() {
    let mut account = with_rule();
    let mut put = |target: Value, says: &str| {
        let input = json!({"Rule": "r", "Targets": [target]});
        refused(&mut account, "PutTargets", input, "ValidationException", says);
    };
    put(json!({"Arn": TOPIC}), "null at 'id'");
    put(json!({"Id": "a/b", "Arn": TOPIC}), "pattern");
    put(json!({"Id": "a", "Arn": "alerts"}), "correct format");
    put(
        json!({"Id": "a", "Arn": TOPIC, "Input": "\"x\"", "InputPath": "$.detail"}),
        "Only one of",
    );
    let bus = "arn:aws:events:us-east-1:123456789012:event-bus/default";
    put(json!({"Id": "a", "Arn": bus}), "RoleArn is required");
    let mut transform = |paths: Value, template: &str, says: &str| {
        let transformer = json!({"InputPathsMap": paths, "InputTemplate": template});
        put(
            json!({"Id": "a", "Arn": TOPIC, "InputTransformer": transformer}),
            says,
        );
    };
    transform(json!({}), "", "1 to 8192");
    transform(json!({}), &format!("\"{}\"", "x".repeat(8191)), "1 to 8192");
    transform(json!({"a b": "$.x"}), "\"x\"", "the key \"a b\"");
    transform(json!({"a": "x"}), "\"x\"", "the path \"x\"");
    transform(json!({"a": "$.x"}), "\"<b>\"", "<b> is not in");
    transform(json!({"a": "$.x"}), "<a> happened", "neither JSON nor");
    transform(json!({"a": "$.x"}), "\"say \"<a>\"\"", "neither JSON nor");
    transform(json!({"a": "$.x"}), "\"one\" \"two\"", "neither JSON nor");
}

#[test]
fn templates_of_every_allowed_form_are_kept_as_they_are() {
    let mut account = with_rule();
    for template in [
        "\"<a>\"",
        "\"<a> is \\\"it\\\"\"\n\"second line\"",
        "{\"a\": <a>, \"b\": \"<a>\"}",
        "<a>",
        "\"<aws.events.rule-name>\"",
    ] {
        let target = json!({"Id": "t", "Arn": TOPIC,
            "InputTransformer": {"InputPathsMap": {"a": "$.detail.x[0].y"}, "InputTemplate": template}});
        let input = json!({"Rule": "r", "Targets": [target]});
        let answer = ask(&mut account, "PutTargets", input).unwrap();
        assert_eq!(answer, json!({"FailedEntryCount": 0, "FailedEntries": []}));
        let kept = ask(&mut account, "ListTargetsByRule", json!({"Rule": "r"})).unwrap();
        assert_eq!(kept["Targets"], json!([target]), "{template}");
    }
}

#[test]
fn a_rule_has_five_targets_at_most_and_goes_only_without_any() {
    let mut account = with_rule();
    let targets = |ids: std::ops::Range<u32>| -> Value {
        let targets: Vec<Value> = ids
            .map(|n| json!({"Id": format!("t{n}"), "Arn": TOPIC}))
            .collect();
        json!({"Rule": "r", "Targets": targets})
    };
    ask(&mut account, "PutTargets", targets(0..5)).unwrap();
    refused(
        &mut account,
        "PutTargets",
        targets(5..6),
        "LimitExceededException",
        "maximum",
    );
    // Written anew they are no more than before.
    ask(&mut account, "PutTargets", targets(3..5)).unwrap();
    let gone = json!({"Name": "r"});
    refused(
        &mut account,
        "DeleteRule",
        gone.clone(),
        "ValidationException",
        "has targets",
    );
    let ids = json!({"Rule": "r", "Ids": ["t0", "t1", "t2", "t3", "t4", "t9"]});
    let answer = ask(&mut account, "RemoveTargets", ids).unwrap();
    assert_eq!(answer["FailedEntryCount"], 1);
    assert_eq!(answer["FailedEntries"][0]["TargetId"], "t9");
    for _ in 0..2 {
        ask(&mut account, "DeleteRule", gone.clone()).unwrap();
    }
    let targets = targets(0..1);
    refused(
        &mut account,
        "PutTargets",
        targets,
        "ResourceNotFoundException",
        "Rule r does not exist",
    );
}

#[test]
fn what_a_service_made_for_itself_is_its_own() {
    let mut account = with_rule();
    let rules = &mut account.regions.get_mut("us-west-2").unwrap().events.rules;
    rules.get_mut("r").unwrap().managed_by = Some("guardduty.amazonaws.com".to_owned());
    for (operation, input) in [
        ("PutRule", json!({"Name": "r", "EventPattern": HEALTH})),
        ("DeleteRule", json!({"Name": "r"})),
        ("EnableRule", json!({"Name": "r"})),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": [{"Id": "t", "Arn": TOPIC}]}),
        ),
        ("RemoveTargets", json!({"Rule": "r", "Ids": ["t"]})),
    ] {
        refused(
            &mut account,
            operation,
            input,
            "ManagedRuleException",
            "managed by",
        );
    }
    let told = ask(&mut account, "ListRules", json!({})).unwrap();
    assert_eq!(told["Rules"][0]["ManagedBy"], "guardduty.amazonaws.com");
}

#[test]
fn lists_come_in_pages_and_by_prefix_and_target() {
    let mut account = with_rule();
    for name in ["ra", "s"] {
        let input = json!({"Name": name, "ScheduleExpression": "rate(1 day)"});
        ask(&mut account, "PutRule", input).unwrap();
    }
    let names = |answer: &Value| -> Vec<String> {
        let rules = answer["Rules"].as_array().unwrap().iter();
        rules
            .map(|rule| rule["Name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = ask(&mut account, "ListRules", json!({"Limit": 2})).unwrap();
    assert_eq!(names(&first), ["r", "ra"]);
    let rest = ask(
        &mut account,
        "ListRules",
        json!({"NextToken": first["NextToken"]}),
    )
    .unwrap();
    assert_eq!(
        (names(&rest), &rest["NextToken"]),
        (vec!["s".to_owned()], &Value::Null)
    );
    let some = ask(&mut account, "ListRules", json!({"NamePrefix": "r"})).unwrap();
    assert_eq!(names(&some), ["r", "ra"]);
    let target = json!({"Rule": "ra", "Targets": [{"Id": "t", "Arn": TOPIC}]});
    ask(&mut account, "PutTargets", target).unwrap();
    let by_target = ask(&mut account, "ListRuleNamesByTarget", json!({"TargetArn": TOPIC})).unwrap();
    assert_eq!(by_target["RuleNames"], json!(["ra"]));
    refused(
        &mut account,
        "ListRules",
        json!({"Limit": 101}),
        "ValidationException",
        "1 to 100",
    );
}

#[test]
fn rules_are_switched_and_tagged_by_calls_of_their_own() {
    let mut account = with_rule();
    ask(&mut account, "EnableRule", json!({"Name": "r"})).unwrap();
    let arn = "arn:aws:events:us-west-2:123456789012:rule/r";
    let tag = json!({"ResourceARN": arn, "Tags": [{"Key": "a", "Value": "b"}]});
    ask(&mut account, "TagResource", tag).unwrap();
    ask(
        &mut account,
        "UntagResource",
        json!({"ResourceARN": arn, "TagKeys": ["team"]}),
    )
    .unwrap();
    let rule = &account.regions["us-west-2"].events.rules["r"];
    assert_eq!(rule.state, "ENABLED");
    assert_eq!(rule.tags, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let other = json!({"ResourceARN": format!("{arn}x")});
    refused(
        &mut account,
        "ListTagsForResource",
        other,
        "ResourceNotFoundException",
        "does not exist",
    );
    let error = ask(&mut account, "CreateEventBus", json!({})).unwrap_err();
    assert_eq!(error.code, "NotInSandbox");
}
