//! How strict it is.

use super::*;
use crate::World;

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "logs",
        region: "eu-west-1".into(),
        operation: operation.into(),
        input,
        now: 1_800_000_000,
    };
    handle(account, &call)
}

fn code(answer: Answer) -> String {
    answer.unwrap_err().code
}

#[test]
fn names_and_retentions_are_those_that_aws_takes() {
    let mut account = Account::new(&World::default());
    for bad in ["", "a b", "aws/x"] {
        let named = json!({"logGroupName": bad});
        assert_eq!(
            code(ask(&mut account, "CreateLogGroup", named)),
            "InvalidParameterException",
            "{bad}"
        );
    }
    let group = json!({"logGroupName": "/aws/cloudtrail/all"});
    assert_eq!(
        code(ask(&mut account, "DeleteRetentionPolicy", group.clone())),
        "ResourceNotFoundException"
    );
    ask(&mut account, "CreateLogGroup", group.clone()).unwrap();
    assert_eq!(
        code(ask(&mut account, "CreateLogGroup", group.clone())),
        "ResourceAlreadyExistsException"
    );
    let keep = |days: i64| json!({"logGroupName": "/aws/cloudtrail/all", "retentionInDays": days});
    assert_eq!(
        code(ask(&mut account, "PutRetentionPolicy", keep(364))),
        "InvalidParameterException"
    );
    ask(&mut account, "PutRetentionPolicy", keep(365)).unwrap();
    let read = ask(&mut account, "DescribeLogGroups", json!({})).unwrap();
    let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/cloudtrail/all";
    assert_eq!(read["logGroups"][0]["retentionInDays"], 365);
    assert_eq!(read["logGroups"][0]["arn"], format!("{arn}:*"));
    assert_eq!(read["logGroups"][0]["logGroupArn"], arn);
    let tags = json!({"resourceArn": format!("{arn}:*"), "tags": {"a": "b"}});
    assert_eq!(
        code(ask(&mut account, "TagResource", tags)),
        "InvalidParameterException"
    );
    ask(
        &mut account,
        "TagResource",
        json!({"resourceArn": arn, "tags": {"a": "b"}}),
    )
    .unwrap();
    let read = ask(&mut account, "ListTagsForResource", json!({"resourceArn": arn})).unwrap();
    assert_eq!(read, json!({"tags": {"a": "b"}}));
}

#[test]
fn groups_are_found_by_prefix_or_pattern_and_in_pages() {
    let mut account = Account::new(&World::default());
    for name in ["a", "a/1", "b"] {
        ask(&mut account, "CreateLogGroup", json!({"logGroupName": name})).unwrap();
    }
    let mut names = |input: Value| -> (Vec<String>, Value) {
        let answer = ask(&mut account, "DescribeLogGroups", input).unwrap();
        let groups = answer["logGroups"].as_array().unwrap().iter();
        let names = groups.map(|group| group["logGroupName"].as_str().unwrap().to_owned());
        (names.collect(), answer["nextToken"].clone())
    };
    assert_eq!(names(json!({"logGroupNamePrefix": "a"})).0, ["a", "a/1"]);
    assert_eq!(names(json!({"logGroupNamePattern": "1"})).0, ["a/1"]);
    let (first, token) = names(json!({"limit": 2}));
    assert_eq!(first, ["a", "a/1"]);
    assert_eq!(
        names(json!({"nextToken": token})),
        (vec!["b".to_owned()], Value::Null)
    );
    let both = json!({"logGroupNamePrefix": "a", "logGroupNamePattern": "a"});
    assert_eq!(
        code(ask(&mut account, "DescribeLogGroups", both)),
        "InvalidParameterException"
    );
}

fn filter(name: &str, pattern: &str) -> Value {
    json!({
        "logGroupName": "g", "filterName": name, "filterPattern": pattern,
        "metricTransformations": [
            {"metricName": "M", "metricNamespace": "N", "metricValue": "1", "defaultValue": 0}
        ],
    })
}

#[test]
fn metric_filters_are_those_that_aws_takes() {
    let mut account = Account::new(&World::default());
    let put = "PutMetricFilter";
    assert_eq!(
        code(ask(&mut account, put, filter("f", "{ $.a = b }"))),
        "ResourceNotFoundException"
    );
    ask(&mut account, "CreateLogGroup", json!({"logGroupName": "g"})).unwrap();
    let mut two = filter("f", "{ $.a = b }");
    two["metricTransformations"] = json!([{}, {}]);
    let mut colon = filter("f", "");
    colon["metricTransformations"][0]["metricName"] = "a:b".into();
    let mut split = filter("f", "");
    split["metricTransformations"][0]["dimensions"] = json!({"a": "$.a"});
    for bad in [
        two,
        colon,
        split,
        filter("a:b", ""),
        filter("f", "{ $.a = }"),
        filter("f", &"x".repeat(1025)),
    ] {
        assert_eq!(
            code(ask(&mut account, put, bad.clone())),
            "InvalidParameterException",
            "{bad}"
        );
    }
    ask(&mut account, put, filter("f", "{ $.a = b }")).unwrap();
    ask(&mut account, put, filter("f", "{ $.a = c }")).unwrap();
    let read = ask(
        &mut account,
        "DescribeMetricFilters",
        json!({"logGroupName": "g"}),
    )
    .unwrap();
    assert_eq!(
        read["metricFilters"].as_array().unwrap().len(),
        1,
        "the same again overwrites"
    );
    assert_eq!(read["metricFilters"][0]["filterPattern"], "{ $.a = c }");
    assert_eq!(
        read["metricFilters"][0]["metricTransformations"][0]["defaultValue"],
        0.0
    );
    assert_eq!(
        read["metricFilters"][0]["metricTransformations"][0]["unit"],
        Value::Null
    );
    for number in 1..100 {
        ask(&mut account, put, filter(&format!("f{number}"), "x")).unwrap();
    }
    assert_eq!(
        code(ask(&mut account, put, filter("one more", "x"))),
        "LimitExceededException"
    );
    let page = ask(&mut account, "DescribeMetricFilters", json!({"limit": 50})).unwrap();
    assert_eq!(page["metricFilters"].as_array().unwrap().len(), 50);
    let rest = json!({"limit": 50, "nextToken": page["nextToken"]});
    let rest = ask(&mut account, "DescribeMetricFilters", rest).unwrap();
    assert_eq!(rest["nextToken"], Value::Null);
    assert_eq!(rest["metricFilters"].as_array().unwrap().len(), 50);
    let gone = json!({"logGroupName": "g", "filterName": "f"});
    ask(&mut account, "DeleteMetricFilter", gone.clone()).unwrap();
    assert_eq!(
        code(ask(&mut account, "DeleteMetricFilter", gone)),
        "ResourceNotFoundException"
    );
    let rare = json!({"logGroupName": "g2", "logGroupClass": "INFREQUENT_ACCESS"});
    ask(&mut account, "CreateLogGroup", rare).unwrap();
    let mut on_it = filter("f", "x");
    on_it["logGroupName"] = "g2".into();
    assert_eq!(code(ask(&mut account, put, on_it)), "InvalidOperationException");
}

#[test]
fn a_pattern_is_tested_against_events() {
    let mut account = Account::new(&World::default());
    let input = json!({
        "filterPattern": "{ $.eventName = Create* }",
        "logEventMessages": [r#"{"eventName": "DeleteUser"}"#, r#"{"eventName": "CreateUser"}"#],
    });
    let told = ask(&mut account, "TestMetricFilter", input).unwrap();
    assert_eq!(
        told,
        json!({"matches": [{
            "eventNumber": 2,
            "eventMessage": r#"{"eventName": "CreateUser"}"#,
            "extractedValues": {"$.eventName": "CreateUser"},
        }]})
    );
    let nothing = json!({"filterPattern": "x", "logEventMessages": []});
    assert_eq!(
        code(ask(&mut account, "TestMetricFilter", nothing)),
        "InvalidParameterException"
    );
}
