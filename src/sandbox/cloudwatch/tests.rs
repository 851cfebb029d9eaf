use serde_json::{Value, json};

use super::*;
use crate::World;

fn call(account: &mut Account, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "cloudwatch",
        region: "us-east-1".to_owned(),
        operation: operation.to_owned(),
        input,
        now: 1_767_225_600,
    };
    handle(account, &call)
}

fn alarm(name: &str) -> Value {
    json!({
        "AlarmName": name,
        "MetricName": "root_usage",
        "Namespace": "LogMetrics",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:alerts"],
        "Tags": [{"Key": "a", "Value": "1"}],
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut alarm = alarm("x");
    alarm[key] = value;
    alarm
}

fn described(account: &mut Account, input: Value) -> Value {
    call(account, "DescribeAlarms", input).unwrap()
}

#[test]
fn an_alarm_is_replaced_as_a_whole_and_keeps_its_state_and_tags() {
    let account = &mut Account::new(&World::default());
    call(account, "PutMetricAlarm", alarm("x")).unwrap();
    let made = described(account, json!({}))["MetricAlarms"][0].clone();
    assert_eq!(made["StateValue"], "INSUFFICIENT_DATA");
    assert_eq!(made["Threshold"], json!(1.0));
    assert_eq!(made["TreatMissingData"], Value::Null);
    assert_eq!(made["ActionsEnabled"], true);
    let members = &mut account.regions.get_mut("us-east-1").unwrap().cloudwatch.alarms;
    members.get_mut("x").unwrap().members["StateValue"] = json!("OK");

    let mut other = alarm("x");
    other.as_object_mut().unwrap().remove("AlarmActions");
    other["Tags"] = json!([{"Key": "a", "Value": "2"}]);
    call(account, "PutMetricAlarm", other).unwrap();
    let changed = described(account, json!({"AlarmNames": ["x"]}))["MetricAlarms"][0].clone();
    assert_eq!(changed["AlarmActions"], json!([]));
    assert_eq!(changed["StateValue"], "OK");
    let arn = json!({"ResourceARN": changed["AlarmArn"]});
    assert_eq!(
        call(account, "ListTagsForResource", arn).unwrap(),
        json!({"Tags": [{"Key": "a", "Value": "1"}]})
    );
}

#[test]
fn what_cloudwatch_refuses_is_refused() {
    let account = &mut Account::new(&World::default());
    for (input, code) in [
        (with("AlarmName", json!("")), "ValidationError"),
        (with("Period", json!(45)), "ValidationError"),
        (with("EvaluationPeriods", json!(0)), "ValidationError"),
        (with("Statistic", json!("Median")), "ValidationError"),
        (with("TreatMissingData", json!("good")), "ValidationError"),
        (with("ComparisonOperator", json!("Near")), "ValidationError"),
        (with("ExtendedStatistic", json!("p99")), "ValidationError"),
        (with("MetricName", json!("")), "ValidationError"),
        (
            with(
                "AlarmActions",
                json!(["arn:aws:sns:eu-west-1:123456789012:alerts"]),
            ),
            "ValidationError",
        ),
        (
            with("AlarmActions", json!(vec!["arn:aws:x"; 6])),
            "ValidationError",
        ),
        (
            with("Tags", json!([{"Key": "aws:x", "Value": ""}])),
            "ValidationError",
        ),
    ] {
        let error = call(account, "PutMetricAlarm", input.clone()).unwrap_err();
        assert_eq!(error.code, code, "{input}");
    }
    for key in ["ComparisonOperator", "EvaluationPeriods", "Threshold", "Period"] {
        let mut input = alarm("x");
        input.as_object_mut().unwrap().remove(key);
        assert_eq!(
            call(account, "PutMetricAlarm", input).unwrap_err().code,
            "ValidationError",
            "{key}"
        );
    }
    assert!(account.regions["us-east-1"].cloudwatch.alarms.is_empty());
}

#[test]
fn alarms_are_listed_in_pages_and_by_prefix() {
    let account = &mut Account::new(&World::default());
    for name in ["a1", "a2", "b"] {
        call(account, "PutMetricAlarm", alarm(name)).unwrap();
    }
    let names = |listed: &Value| -> Vec<String> {
        let alarms = listed["MetricAlarms"].as_array().unwrap();
        alarms
            .iter()
            .map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = described(account, json!({"MaxRecords": 2}));
    assert_eq!(names(&first), ["a1", "a2"]);
    let second = described(account, json!({"MaxRecords": 2, "NextToken": first["NextToken"]}));
    assert_eq!(names(&second), ["b"]);
    assert!(second["NextToken"].is_null());
    assert_eq!(
        names(&described(account, json!({"AlarmNamePrefix": "a"}))),
        ["a1", "a2"]
    );
    assert_eq!(
        names(&described(account, json!({"AlarmNames": ["b", "none"]}))),
        ["b"]
    );
    let both = json!({"AlarmNames": ["b"], "AlarmNamePrefix": "a"});
    assert_eq!(
        call(account, "DescribeAlarms", both).unwrap_err().code,
        "ValidationError"
    );
}

#[test]
fn alarms_go_together_or_not_at_all() {
    let account = &mut Account::new(&World::default());
    call(account, "PutMetricAlarm", alarm("x")).unwrap();
    let error = call(account, "DeleteAlarms", json!({"AlarmNames": ["x", "none"]})).unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("ResourceNotFound", 404));
    assert_eq!(account.regions["us-east-1"].cloudwatch.alarms.len(), 1);
    call(account, "DeleteAlarms", json!({"AlarmNames": ["x"]})).unwrap();
    assert!(account.regions["us-east-1"].cloudwatch.alarms.is_empty());
}

#[test]
fn tags_are_put_and_taken_by_arn() {
    let account = &mut Account::new(&World::default());
    call(account, "PutMetricAlarm", alarm("x")).unwrap();
    let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:x";
    call(
        account,
        "TagResource",
        json!({"ResourceARN": arn, "Tags": [{"Key": "b", "Value": "2"}]}),
    )
    .unwrap();
    call(
        account,
        "UntagResource",
        json!({"ResourceARN": arn, "TagKeys": ["a"]}),
    )
    .unwrap();
    assert_eq!(
        call(account, "ListTagsForResource", json!({"ResourceARN": arn})).unwrap(),
        json!({"Tags": [{"Key": "b", "Value": "2"}]})
    );
    let missing = json!({"ResourceARN": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:y"});
    assert_eq!(
        call(account, "ListTagsForResource", missing).unwrap(),
        json!({"Tags": []})
    );
}

#[test]
fn an_alarm_takes_the_state_of_missing_data_once_its_periods_have_passed() {
    let account = &mut Account::new(&World::default());
    let state_at = |account: &mut Account, now: i64| {
        let call = Call {
            service: "cloudwatch",
            region: "us-east-1".to_owned(),
            operation: "DescribeAlarms".to_owned(),
            input: json!({}),
            now,
        };
        handle(account, &call).unwrap()["MetricAlarms"][0]["StateValue"].clone()
    };
    for (missing, state) in [
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
    ] {
        call(
            account,
            "PutMetricAlarm",
            with("TreatMissingData", json!(missing)),
        )
        .unwrap();
        assert_eq!(
            state_at(account, 1_767_225_600 + 299),
            "INSUFFICIENT_DATA",
            "{missing}"
        );
        assert_eq!(state_at(account, 1_767_225_600 + 300), state, "{missing}");
    }
    let set = json!({"AlarmName": "x", "StateValue": "ALARM", "StateReason": "a test"});
    call(account, "SetAlarmState", set).unwrap();
    assert_eq!(state_at(account, 1_767_225_600 + 300), "ALARM");
}

fn composites(account: &mut Account) -> Value {
    described(account, json!({"AlarmTypes": ["CompositeAlarm"]}))["CompositeAlarms"].clone()
}

#[test]
fn a_composite_alarm_has_the_state_of_its_rule_and_goes_before_what_it_names() {
    let account = &mut Account::new(&World::default());
    let put = json!({"AlarmName": "c", "AlarmRule": "ALARM(x) AND NOT ALARM(y)", "Tags": [{"Key": "a", "Value": "1"}]});
    let error = call(account, "PutCompositeAlarm", put.clone()).unwrap_err();
    assert!(
        error
            .message
            .contains("alarms [x, y] in the alarm rule do not exist"),
        "{error:?}"
    );
    call(account, "PutMetricAlarm", alarm("x")).unwrap();
    call(account, "PutMetricAlarm", alarm("y")).unwrap();
    call(account, "PutCompositeAlarm", put.clone()).unwrap();
    assert_eq!(described(account, json!({}))["CompositeAlarms"], json!([]));
    assert_eq!(composites(account)[0]["StateValue"], "OK");
    let both = described(
        account,
        json!({"AlarmTypes": ["CompositeAlarm", "MetricAlarm"], "MaxRecords": 2}),
    );
    assert_eq!(both["CompositeAlarms"][0]["AlarmName"], "c");
    assert_eq!(
        (
            both["MetricAlarms"][0]["AlarmName"].clone(),
            both["NextToken"].clone()
        ),
        (json!("x"), json!("x"))
    );

    let state =
        |name: &str, state: &str| json!({"AlarmName": name, "StateValue": state, "StateReason": "a test"});
    call(account, "SetAlarmState", state("x", "ALARM")).unwrap();
    assert_eq!(composites(account)[0]["StateValue"], "ALARM");
    call(account, "SetAlarmState", state("y", "ALARM")).unwrap();
    assert_eq!(composites(account)[0]["StateValue"], "OK");

    let arn = json!({"ResourceARN": composites(account)[0]["AlarmArn"]});
    let tags = call(account, "ListTagsForResource", arn).unwrap();
    assert_eq!(tags, json!({"Tags": [{"Key": "a", "Value": "1"}]}));
    call(account, "DisableAlarmActions", json!({"AlarmNames": ["c"]})).unwrap();
    assert_eq!(composites(account)[0]["ActionsEnabled"], false);
    let error = call(account, "DeleteAlarms", json!({"AlarmNames": ["x"]})).unwrap_err();
    assert_eq!(
        error.message,
        "Cannot delete x as there are composite alarm(s) depending on it."
    );
    call(account, "DeleteAlarms", json!({"AlarmNames": ["x", "c"]})).unwrap();
    assert_eq!(composites(account), json!([]));
}

#[test]
fn composite_alarms_in_a_circle_stay_as_they_were() {
    let account = &mut Account::new(&World::default());
    call(
        account,
        "PutCompositeAlarm",
        json!({"AlarmName": "a", "AlarmRule": "TRUE"}),
    )
    .unwrap();
    call(
        account,
        "PutCompositeAlarm",
        json!({"AlarmName": "b", "AlarmRule": "ALARM(a)"}),
    )
    .unwrap();
    call(
        account,
        "PutCompositeAlarm",
        json!({"AlarmName": "a", "AlarmRule": "OK(b)"}),
    )
    .unwrap();
    assert_eq!(composites(account).as_array().unwrap().len(), 2);
}

#[test]
fn an_alarm_on_an_expression_is_kept_as_it_was_put_by_any_protocol() {
    let account = &mut Account::new(&World::default());
    let typed = json!({
        "AlarmName": "m", "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [
            {"Id": "r", "ReturnData": false,
             "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "root"}, "Period": 300, "Stat": "Sum"}},
            {"Id": "e", "Expression": "r * 2", "ReturnData": true},
        ],
    });
    // As a form has it: texts alone.
    let form = json!({
        "AlarmName": "m", "EvaluationPeriods": "1", "Threshold": "1.0", "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [
            {"Id": "r", "ReturnData": "false",
             "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "root"}, "Period": "300", "Stat": "Sum"}},
            {"Id": "e", "Expression": "r * 2", "ReturnData": "true"},
        ],
    });
    for input in [typed.clone(), form] {
        call(account, "PutMetricAlarm", input).unwrap();
        let made = described(account, json!({}))["MetricAlarms"][0].clone();
        assert_eq!(made["Metrics"], typed["Metrics"]);
        assert_eq!(
            (made["MetricName"].clone(), made["Dimensions"].clone()),
            (Value::Null, Value::Null)
        );
    }
    for (key, value) in [
        ("Period", json!(60)),
        (
            "Metrics",
            json!([{"Id": "r", "Expression": "1"}, {"Id": "e", "Expression": "2"}]),
        ),
        ("Metrics", json!([{"Id": "R", "Expression": "1"}])),
        ("Metrics", json!([{"Id": "r"}])),
        ("Metrics", json!([])),
    ] {
        let mut wrong = typed.clone();
        wrong[key] = value;
        let error = call(account, "PutMetricAlarm", wrong.clone()).unwrap_err();
        assert_eq!(error.code, "ValidationError", "{wrong}");
    }
}
