//! The whole checklist at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Moto;

/// All of the checklist and what it only proposes. Two regions keep the run short.
const WHOLE: &str = r#"
extends = ["checklist@1"]

[account]
id = "123456789012"
alias = "example-corp"
home_region = "us-east-1"
regions = ["eu-west-1", "us-east-1"]

[tags]
managed-by = "trueup"

[admin_access]
users = ["alice"]

[support_role]
role = "support"
"#;

/// What moto drops or refuses of it: the control; the call that fails, or the step that is still planned behind the
/// apply; and why.
const DROPPED: &[(&str, &str, &str)] = &[
    (
        "root_user",
        "iam:GetCredentialReport",
        "the report has no line for the root user",
    ),
    (
        "contact_information",
        "account:GetContactInformation",
        "not implemented",
    ),
    (
        "budgets",
        "budgets:DescribeSubscribersForNotification",
        "not implemented: the budget is made, and nobody can read whom it tells",
    ),
    (
        "cost_anomaly_detection",
        "ce:GetAnomalyMonitors",
        "not implemented",
    ),
    (
        "log_bucket",
        "encrypt objects with AES256",
        "a new bucket is not encrypted until it is told to be",
    ),
    (
        "access_analyzer",
        "access-analyzer:ListAnalyzers",
        "not implemented",
    ),
    (
        "config_recorder",
        "config:DescribeDeliveryChannelStatus",
        "not implemented: the recorder runs, and whether its records arrive cannot be read",
    ),
    (
        "security_hub",
        "securityhub:DescribeStandards",
        "not implemented: the hub is enabled, and nobody can read what it could check",
    ),
];

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:account-alerts";
const BUCKET: &str = "audit-logs-123456789012-us-east-1";
const GROUP: &str = "/aws/cloudtrail/management-events";

#[test]
fn moto_sees_the_whole_checklist_come_true_but_for_what_it_drops() {
    let moto = Moto::with_managed_policies();
    moto.folder.write("b.toml", WHOLE);
    let applied = moto.apply().expect(3).stdout;
    let sum = applied.lines().find(|line| line.starts_with("Applied: "));
    assert!(
        sum.is_some_and(|sum| sum.ends_with(" done.") && !sum.contains(',')),
        "{applied}"
    );

    let account = moto.look(&["eu-west-1", "us-east-1", "us-west-2"]);
    has_the_trail(&account);
    has_the_monitors(&account);
    has_the_health_events(&account["regions"]);
    has_the_rest(&account);
    has_recorder_and_roles(&moto);

    let planned = moto.trueup(&["plan", "b.toml", "--json"]).expect(1).stdout;
    let mut left = left(&serde_json::from_str(&planned).unwrap());
    for (control, what, why) in DROPPED {
        let still = left.remove(&((*control).to_owned(), (*what).to_owned()));
        assert!(still, "moto carries {control} now: no more {what} ({why})");
    }
    assert_eq!(left, BTreeSet::new(), "moto drops more than the table says");
    let mut kept = vec!["plan", "b.toml", "--detailed-exitcode"];
    kept.extend(DROPPED.iter().flat_map(|(control, ..)| ["--exclude", control]));
    moto.trueup(&kept).expect(0).says("No changes.");
}

/// What a plan has that is not as wanted: each control with the call that failed, the step, or the verdict.
fn left(plan: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let cells = plan["cells"].as_array().unwrap().iter();
    let cells = cells.filter_map(|cell| {
        let what = match cell["verdict"].as_str().unwrap() {
            // What a person is to do is no difference, and a change is told by its steps.
            "in-sync" | "needs-person" | "change" => return None,
            "unread" => &cell["fault"]["call"],
            _ => &cell["verdict"],
        };
        Some((text(&cell["control"]), text(what)))
    });
    let steps = plan["steps"].as_array().unwrap().iter();
    let steps = steps.map(|step| (text(&step["control"]), text(&step["title"])));
    cells.chain(steps).collect()
}

fn has_the_trail(account: &Value) {
    let trails = account["trails"].as_array().unwrap();
    assert_eq!(trails.len(), 1, "{trails:?}");
    for (key, wanted) in [
        ("Name", json!("management-events")),
        ("IsLogging", json!(true)),
        ("IsMultiRegionTrail", json!(true)),
        ("LogFileValidationEnabled", json!(true)),
        ("S3BucketName", json!(BUCKET)),
        (
            "CloudWatchLogsLogGroupArn",
            json!(format!("arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:*")),
        ),
        (
            "CloudWatchLogsRoleArn",
            json!("arn:aws:iam::123456789012:role/CloudTrailToCloudWatchLogs"),
        ),
    ] {
        assert_eq!(trails[0][key], wanted, "{key}");
    }
    let bucket = &account["buckets"][BUCKET];
    let statements = bucket["policy"]["Statement"].as_array().unwrap();
    let lets = |service: &str| {
        let principal = json!({ "Service": service });
        statements
            .iter()
            .any(|one| one["Principal"] == principal && one["Action"] == "s3:PutObject")
    };
    assert!(
        lets("cloudtrail.amazonaws.com") && lets("config.amazonaws.com"),
        "{statements:?}"
    );
    assert_eq!(bucket["versioning"], "Enabled");
    assert_eq!(
        account["log_groups"],
        json!([{ "logGroupName": GROUP, "retentionInDays": 365 }])
    );
}

fn has_the_monitors(account: &Value) {
    let filters = account["filters"].as_array().unwrap();
    let alarms = account["alarms"].as_array().unwrap();
    assert_eq!((filters.len(), alarms.len()), (17, 17));
    let metric = |of: &Value, namespace: &str, name: &str| format!("{}/{}", of[namespace], of[name]);
    let fed: BTreeSet<String> = filters
        .iter()
        .map(|filter| {
            assert_eq!(filter["logGroupName"], GROUP);
            let fed = &filter["metricTransformations"][0];
            metric(fed, "metricNamespace", "metricName")
        })
        .collect();
    let watched: BTreeSet<String> = alarms
        .iter()
        .map(|alarm| {
            let name = &alarm["AlarmName"];
            assert_eq!(alarm["AlarmActions"], json!([TOPIC]), "{name}");
            assert_eq!(alarm["ActionsEnabled"], true, "{name}");
            assert_eq!(alarm["Tags"], managed(), "{name}");
            metric(alarm, "Namespace", "MetricName")
        })
        .collect();
    assert_eq!((fed.len(), &fed), (17, &watched));
}

fn has_the_health_events(regions: &Value) {
    let only = |region: &str| {
        let rules = regions[region]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 1, "{region}: {rules:?}");
        assert_eq!(rules[0]["State"], "ENABLED", "{region}");
        let targets = rules[0]["Targets"].as_array().unwrap();
        assert_eq!(targets.len(), 1, "{region}: {targets:?}");
        (rules[0].clone(), targets[0].clone())
    };
    let (rule, target) = only("us-east-1");
    assert_eq!(
        rule["EventPattern"],
        r#"{"source":["aws.health"],"detail":{"backupEvent":["false",{"exists":false}]}}"#
    );
    assert_eq!(target["Arn"], TOPIC);
    assert_eq!(
        target["InputTransformer"],
        json!({
            "InputPathsMap": {
                "type": "$.detail-type",
                "service": "$.detail.service",
                "region": "$.detail.eventRegion",
                "eventTypeCode": "$.detail.eventTypeCode",
                "startTime": "$.detail.startTime",
                "eventDescription": "$.detail.eventDescription[0].latestDescription",
            },
            "InputTemplate": "\"<type>: <service> in <region>\"\n\"<eventTypeCode> since <startTime>\"\n\
                              \"<eventDescription>\"\n\"https://health.aws.amazon.com/health/home\"",
        })
    );
    // The file leaves out us-west-2, which has copies of all: so each region forwards what is its own.
    let (_, forwarded) = only("eu-west-1");
    assert_eq!(
        (&forwarded["Arn"], &forwarded["RoleArn"]),
        (
            &json!("arn:aws:events:us-east-1:123456789012:event-bus/default"),
            &json!("arn:aws:iam::123456789012:role/trueup-health-forward")
        )
    );
    assert_eq!(regions["us-west-2"]["rules"], json!([]));
}

/// What is there besides; its details are looked at in the test of each control.
fn has_the_rest(account: &Value) {
    assert_eq!(account["alias"], "example-corp");
    for kind in ["BILLING", "OPERATIONS", "SECURITY"] {
        assert!(account["alternate_contacts"][kind].is_object(), "{kind}");
    }
    let topic = &account["topics"][0];
    assert_eq!(
        (&topic["TopicArn"], &topic["Subscriptions"]),
        (&json!(TOPIC), &json!([["email", "security@example.com"]]))
    );
    assert_eq!(account["budgets"][0]["BudgetName"], "monthly");
    assert_eq!(account["password_policy"]["MinimumPasswordLength"], 14);
    let block = account["public_access_block"].as_object().unwrap();
    assert!(block.values().all(|on| on == true), "{block:?}");
    assert_eq!(account["buckets"][BUCKET]["tags"], managed());
    for region in ["eu-west-1", "us-east-1"] {
        let seen = &account["regions"][region];
        assert_eq!(seen["default_vpcs"], json!([]), "{region}");
        assert_eq!(seen["ebs_encryption"], true, "{region}");
        assert_eq!(seen["detectors"][0]["Status"], "ENABLED", "{region}");
    }
}

/// The recorder delivers to the same bucket, and the roles have what they are for.
fn has_recorder_and_roles(moto: &Moto) {
    let config = moto.boto3(
        "config",
        &json!([
            ["describe_configuration_recorder_status", {}],
            ["describe_delivery_channels", {}]
        ]),
    );
    let status = &config[0]["ConfigurationRecordersStatus"];
    assert_eq!(status[0]["recording"], true, "{status}");
    assert_eq!(config[1]["DeliveryChannels"][0]["s3BucketName"], BUCKET);
    let attached = |role: &str| json!(["list_attached_role_policies", { "RoleName": role }]);
    let roles = moto.boto3("iam", &json!([attached("administrator"), attached("support")]));
    for (role, policy) in roles.iter().zip(["AdministratorAccess", "AWSSupportAccess"]) {
        let policies = &role["AttachedPolicies"];
        assert_eq!(policies[0]["PolicyName"], policy, "{policies}");
    }
}

fn managed() -> Value {
    json!([{ "Key": "managed-by", "Value": "trueup" }])
}
