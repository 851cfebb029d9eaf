//! Alarms of strangers that are no plain metric alarms: composite ones, and those on expressions.

use serde_json::json;

use crate::folder::Folder;
use crate::monitors::{BY_HAND, HOME, TOPIC};

/// A topic with a confirmed subscription, which only a composite alarm of this rule reports to.
fn on_call(rule: &str) -> String {
    let (unheard, _) = BY_HAND.rsplit_once("[[call]]").unwrap();
    format!(
        r#"{unheard}[[call]]
call = "sns:CreateTopic"
input = {{ Name = "on-call" }}
[[call]]
call = "sns:Subscribe"
input = {{ TopicArn = "arn:aws:sns:us-east-1:123456789012:on-call", Protocol = "sqs", Endpoint = "arn:aws:sqs:us-east-1:123456789012:alerts" }}
[[call]]
call = "cloudwatch:PutCompositeAlarm"
[call.input]
AlarmName = "anything"
AlarmRule = '{rule}'
AlarmActions = ["arn:aws:sns:us-east-1:123456789012:on-call"]
"#
    )
}

#[test]
fn a_composite_alarm_with_a_confirmed_subscription_makes_its_alarms_heard() {
    let any = format!("{HOME}[monitors]\ntopic = \"any\"\nsecurity_group_changes = true\n");
    let folder = Folder::new();
    folder.world(&on_call(r#"ALARM("somebody is root") OR ALARM(groups)"#));
    folder.write("b.toml", &any);
    folder.apply().expect(0);
    let members = &folder.alarms()["groups"]["members"];
    assert_eq!(members["ActionsEnabled"], true);
    // Its own topic, which nothing listens to, stays the only one.
    assert_eq!(members["AlarmActions"], json!([TOPIC]));
    folder.is_true();

    let folder = Folder::new();
    folder.world(&on_call(r#"ALARM("somebody is root") AND ALARM(groups)"#));
    folder.write("b.toml", &any);
    folder
        .apply()
        .expect(3)
        .says("no alarm reports to a topic that has a confirmed subscription");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn an_alarm_on_an_expression_of_the_monitors_metric_does_not_count() {
    let expression = r#"[[call]]
call = "cloudwatch:PutMetricAlarm"
[call.input]
AlarmName = "share of root"
ComparisonOperator = "GreaterThanOrEqualToThreshold"
EvaluationPeriods = 1
Threshold = 1
AlarmActions = ["arn:aws:sns:us-east-1:123456789012:account-alerts"]
[[call.input.Metrics]]
Id = "root"
ReturnData = false
MetricStat = { Metric = { Namespace = "Theirs", MetricName = "RootCalls" }, Period = 300, Stat = "Sum" }
[[call.input.Metrics]]
Id = "share"
Expression = "root / 100"
"#;
    let plain = BY_HAND.replace(
        "AlarmName = \"somebody is root\"\n",
        "AlarmName = \"elsewhere\"\n",
    );
    let plain = plain.replace(
        "MetricName = \"RootCalls\"\nStatistic",
        "MetricName = \"Other\"\nStatistic",
    );
    let folder = Folder::new();
    folder.world(&format!("{plain}{expression}"));
    folder.write(
        "b.toml",
        &format!("{HOME}[monitors]\ntopic = \"{TOPIC}\"\nroot_usage = true\n"),
    );
    let before = folder.alarms()["share of root"].clone();
    folder.apply().expect(0);
    let alarms = folder.alarms();
    assert_eq!(alarms["share of root"], before);
    assert_eq!(alarms["RootUsage"]["members"]["MetricName"], "RootCalls");
    folder.is_true();
}

#[test]
fn an_alarm_that_cloudwatch_cannot_evaluate_is_a_task_or_noted() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write(
        "b.toml",
        &format!("{HOME}[monitors]\ntopic = \"{TOPIC}\"\nsecurity_group_changes = true\n"),
    );
    folder.apply().expect(0);
    let plan_in = |state: &str| {
        folder.alter(|account| {
            let alarms = &mut account["regions"]["us-east-1"]["cloudwatch"]["alarms"];
            alarms["groups"]["members"]["EvaluationState"] = state.into();
        });
        folder.sandbox(&["plan", "b.toml"]).expect(0)
    };
    plan_in("EVALUATION_ERROR").says("cannot evaluate the alarm `groups`");
    plan_in("EVALUATION_FAILURE").says("alarm `groups` is in the evaluation state");
}
