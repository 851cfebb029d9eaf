//! The monitors of the trail from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::moto::Moto;

pub(crate) const HOME: &str = "[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n";
const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
const GROUP: &str = "/aws/cloudtrail/management-events";
const TRAIL: &str = "[alerts]\ntopic = \"account-alerts\"\nemails = [\"security@example.com\"]\n\
                     [log_bucket]\nname = \"logs-{account_id}\"\n\
                     [cloudtrail]\nname = \"management-events\"\nmulti_region = true\nlog_file_validation = true\n\
                     log_group = \"/aws/cloudtrail/management-events\"\nlog_retention_days = 365\n";
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:account-alerts";

/// The checklist's 17.
const ALL: &str = "[monitors]\nroot_usage = true\nconsole_sign_in_failures = true\nconsole_sign_in_without_mfa = true\n\
                   network_acl_changes = true\nvpc_changes = true\nnetwork_gateway_changes = true\n\
                   security_group_changes = true\niam_policy_changes = true\niam_role_changes = true\n\
                   iam_user_creation = true\naccess_key_creation = true\ncloudtrail_changes = true\n\
                   switch_role_failures = { threshold = 3 }\ns3_bucket_policy_changes = true\n\
                   kms_key_disabled_or_deletion = true\nkms_disabled_key_use = true\n\
                   unauthorized_api_calls = { threshold = 5, period = 600 }\n";

/// A trail with a log group, and somebody's monitors on it: of the root user in other words and with an alarm of
/// their own, of security groups by an old pattern with its alarm switched off, and a filter that is none of ours.
pub(crate) const BY_HAND: &str = r#"
[[call]]
call = "s3:CreateBucket"
input = { Bucket = "their-logs" }
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "their-logs"
Policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["s3:GetBucketAcl", "s3:PutObject"],
  "Resource": ["arn:aws:s3:::their-logs", "arn:aws:s3:::their-logs/*"]}]}'''
[[call]]
call = "logs:CreateLogGroup"
input = { logGroupName = "their-trail" }
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "theirs"
AssumeRolePolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'''
[[call]]
call = "iam:PutRolePolicy"
[call.input]
RoleName = "theirs"
PolicyName = "deliver"
PolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]}'''
[[call]]
call = "cloudtrail:CreateTrail"
[call.input]
Name = "theirs"
S3BucketName = "their-logs"
IsMultiRegionTrail = true
CloudWatchLogsLogGroupArn = "arn:aws:logs:us-east-1:123456789012:log-group:their-trail:*"
CloudWatchLogsRoleArn = "arn:aws:iam::123456789012:role/theirs"
[[call]]
call = "cloudtrail:StartLogging"
input = { Name = "theirs" }
[[call]]
call = "sns:CreateTopic"
input = { Name = "account-alerts" }
[[call]]
call = "logs:PutMetricFilter"
[call.input]
logGroupName = "their-trail"
filterName = "root"
filterPattern = '{ $.userIdentity.type = "Root" && $.eventType != "AwsServiceEvent" && $.userIdentity.invokedBy NOT EXISTS }'
metricTransformations = [{ metricNamespace = "Theirs", metricName = "RootCalls", metricValue = "1" }]
[[call]]
call = "cloudwatch:PutMetricAlarm"
[call.input]
AlarmName = "somebody is root"
Namespace = "Theirs"
MetricName = "RootCalls"
Statistic = "Sum"
ComparisonOperator = "GreaterThanThreshold"
Threshold = 0
Period = 60
EvaluationPeriods = 2
AlarmActions = ["arn:aws:sns:us-east-1:123456789012:pager"]
OKActions = ["arn:aws:sns:us-east-1:123456789012:pager"]
Tags = [{ Key = "team", Value = "web" }]
[[call]]
call = "logs:PutMetricFilter"
[call.input]
logGroupName = "their-trail"
filterName = "groups"
filterPattern = '{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}'
metricTransformations = [{ metricNamespace = "Theirs", metricName = "Groups", metricValue = "1", defaultValue = 0, unit = "Count" }]
[[call]]
call = "cloudwatch:PutMetricAlarm"
[call.input]
AlarmName = "groups"
Namespace = "Theirs"
MetricName = "Groups"
Statistic = "Sum"
ComparisonOperator = "GreaterThanOrEqualToThreshold"
Threshold = 1
Period = 300
EvaluationPeriods = 1
ActionsEnabled = false
AlarmActions = ["arn:aws:sns:us-east-1:123456789012:account-alerts"]
[[call]]
call = "logs:PutMetricFilter"
[call.input]
logGroupName = "their-trail"
filterName = "errors"
filterPattern = "ERROR"
metricTransformations = [{ metricNamespace = "Theirs", metricName = "Errors", metricValue = "1" }]
[[call]]
call = "sns:Subscribe"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Protocol = "sqs", Endpoint = "arn:aws:sqs:us-east-1:123456789012:alerts" }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let with =
        |tags: &str, monitors: &str| format!("{HOME}{tags}[monitors]\ntopic = \"{TOPIC}\"\n{monitors}");
    vec![(
        BY_HAND,
        vec![
            with(
                TAGS,
                "patterns = \"better\"\nroot_usage = true\nsecurity_group_changes = true\nvpc_changes = true\n",
            ),
            with("", "vpc_changes = false\n"),
            format!("{HOME}[monitors]\ntopic = \"any\"\nroot_usage = true\n"),
        ],
    )]
}

impl Folder {
    fn filters(&self, group: &str) -> Value {
        self.region("us-east-1")["logs"]["groups"][group]["filters"].clone()
    }

    pub(crate) fn alarms(&self) -> Value {
        self.region("us-east-1")["cloudwatch"]["alarms"].clone()
    }

    fn export_is_true(&self) {
        let export = self
            .sandbox(&[
                "export",
                "--only",
                "monitors",
                "--only",
                "alerts",
                "--only",
                "cloudtrail",
            ])
            .expect(0);
        self.write("b.toml", &export.stdout);
        self.is_true();
    }
}

#[test]
fn a_new_account_gets_all_monitors_after_trail_and_topic() {
    let folder = Folder::new();
    // Another change of the group is under way once.
    folder.world(
        "[[fault]]\ncall = \"logs:PutMetricFilter\"\nnth = 3\nkind = \"error\"\ncode = \"OperationAbortedException\"\n\
         message = \"Multiple concurrent requests to update the same resource were in conflict\"\n",
    );
    folder.write("b.toml", &format!("{HOME}{TAGS}{TRAIL}{ALL}"));
    folder.apply().expect(0);
    let writes = folder.writes();
    let at = |call: &str| writes.iter().position(|write| write.ends_with(call)).unwrap();
    assert!(at(":CreateTrail") < at(":PutMetricFilter"), "{writes:?}");
    assert!(at("sns:CreateTopic") < at(":PutMetricAlarm"), "{writes:?}");
    let count = |call: &str| writes.iter().filter(|write| write.ends_with(call)).count();
    assert_eq!((count(":PutMetricFilter"), count(":PutMetricAlarm")), (18, 17));
    folder.is_true();
    let (filters, alarms) = (folder.filters(GROUP), folder.alarms());
    assert_eq!(filters.as_object().unwrap().len(), 17);
    assert_eq!(
        filters["RootUsage"]["transformation"],
        json!({"metricName": "RootUsage", "metricNamespace": "LogMetrics", "metricValue": "1", "defaultValue": 0.0})
    );
    for (name, alarm) in alarms.as_object().unwrap() {
        assert_eq!(alarm["members"]["AlarmActions"], json!([TOPIC]), "{name}");
        assert_eq!(alarm["members"]["TreatMissingData"], "notBreaching", "{name}");
        assert_eq!(alarm["tags"], json!({"managed-by": "trueup"}), "{name}");
    }
    let tuned = &alarms["UnauthorizedApiCalls"]["members"];
    assert_eq!(
        (&tuned["Threshold"], &tuned["Period"]),
        (&json!(5.0), &json!(600))
    );

    // What goes comes back alone.
    folder.alter(|account| {
        let region = &mut account["regions"]["us-east-1"];
        region["cloudwatch"]["alarms"]
            .as_object_mut()
            .unwrap()
            .remove("VpcChanges");
        region["logs"]["groups"][GROUP]["filters"]["IamUserCreation"]["pattern"] = "{ $.a = b }".into();
    });
    let mut steps = folder.steps();
    steps.sort();
    assert_eq!(
        steps,
        [
            "change what the filter `IamUserCreation` looks for",
            "make the alarm `VpcChanges`: at 1 in 300 s",
        ]
    );
    folder.apply().expect(0);
    folder.is_true();
    folder.export_is_true();
}

#[test]
fn monitors_of_others_are_adopted_and_told_beside_whom_they_tell() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let baseline = format!(
        "{HOME}{TAGS}[monitors]\ntopic = \"{TOPIC}\"\nroot_usage = true\nsecurity_group_changes = true\n"
    );
    folder.write("b.toml", &baseline);
    folder.sandbox(&["plan", "b.toml"]).expect(0);
    let (filters, alarms) = (folder.filters("their-trail"), folder.alarms());
    folder.forget_exchanges();
    folder.apply().expect(0);
    let mut writes = folder.writes();
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 cloudwatch:PutMetricAlarm",
            "us-east-1 cloudwatch:PutMetricAlarm",
            "us-east-1 cloudwatch:TagResource",
            "us-east-1 cloudwatch:TagResource",
        ]
    );
    folder.is_true();
    assert_eq!(folder.filters("their-trail"), filters);
    let mut expected = alarms.clone();
    let now = folder.alarms();
    for name in ["somebody is root", "groups"] {
        let updated = now[name]["members"]["AlarmConfigurationUpdatedTimestamp"].clone();
        expected[name]["members"]["AlarmConfigurationUpdatedTimestamp"] = updated;
        expected[name]["tags"]["managed-by"] = "trueup".into();
    }
    expected["somebody is root"]["members"]["AlarmActions"] =
        json!(["arn:aws:sns:us-east-1:123456789012:pager", TOPIC]);
    // It needed root calls in two periods one after the other.
    expected["somebody is root"]["members"]["EvaluationPeriods"] = 1.into();
    expected["somebody is root"]["members"]["DatapointsToAlarm"] = 1.into();
    expected["groups"]["members"]["ActionsEnabled"] = true.into();
    assert_eq!(now, expected);

    // Another pattern keeps the rest of the filter; another period the rest of the alarm. One event is fewer than two,
    // and stays.
    let tuned = baseline
        .replace(
            "root_usage = true",
            "root_usage = { threshold = 2, period = 120 }",
        )
        .replace("security_group", "patterns = \"better\"\nsecurity_group");
    folder.write("b.toml", &tuned).forget_exchanges();
    folder.apply().expect(0);
    let mut writes = folder.writes();
    // They depend on nothing of each other.
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 cloudwatch:PutMetricAlarm",
            "us-east-1 logs:PutMetricFilter"
        ]
    );
    folder.is_true();
    let mut changed = folder.filters("their-trail");
    assert!(
        changed["groups"]["pattern"]
            .as_str()
            .unwrap()
            .contains("ModifySecurityGroupRules"),
        "{changed}"
    );
    changed["groups"]["pattern"] = filters["groups"]["pattern"].clone();
    assert_eq!(changed, filters);
    let root = &folder.alarms()["somebody is root"]["members"];
    assert_eq!((&root["Threshold"], &root["Period"]), (&json!(0.0), &json!(120)));
    folder.export_is_true();

    // And off is off, with consent, for these alone.
    folder.write("b.toml", &format!("{HOME}[monitors]\nroot_usage = false\n"));
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow monitors");
    folder.apply().expect(0);
    folder.is_true();
    let left: Vec<String> = folder
        .filters("their-trail")
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(left, ["errors", "groups"]);
    let left: Vec<String> = folder.alarms().as_object().unwrap().keys().cloned().collect();
    assert_eq!(left, ["groups"]);
}

#[test]
fn under_an_organizations_trail_alone_it_is_blocked_until_an_own_one_is_enforced() {
    let folder = Folder::new();
    folder.world("organization_trail = \"999988887777\"\n");
    let baseline = format!("{HOME}{TRAIL}[monitors]\nroot_usage = true\n");
    folder.write("b.toml", &baseline);
    folder
        .apply()
        .says("arn:aws:cloudtrail:us-east-1:999988887777:trail/organization records the")
        .says("manage = \"enforce\" into [cloudtrail] for an own one beside it (2 USD for")
        .says("or watch from the management account");
    assert!(!folder.writes().iter().any(|write| write.contains("MetricFilter")));
    folder.write(
        "b.toml",
        &baseline.replace("[cloudtrail]\n", "[cloudtrail]\nmanage = \"enforce\"\n"),
    );
    folder.apply().expect(0);
    folder.is_true();
    assert_eq!(folder.filters(GROUP).as_object().unwrap().len(), 1);
}

#[test]
fn an_unknown_monitor_and_a_missing_topic_are_told_with_their_place() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{HOME}[monitors]\nroot_use = true\n"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("b.toml:5")
        .complains("root_use");
    folder.write("b.toml", &format!("{HOME}[monitors]\nroot_usage = true\n"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("[alerts]");
}

#[test]
fn moto_sees_all_filters_and_alarms() {
    let moto = Moto::start();
    moto.folder.write("b.toml", &format!("{TAGS}{TRAIL}{ALL}"));
    moto.apply().expect(0).says("The account is true to b.toml.");
    let account = moto.look(&["us-east-1"]);
    let filters = account["filters"].as_array().unwrap();
    let alarms = account["alarms"].as_array().unwrap();
    assert_eq!((filters.len(), alarms.len()), (17, 17));
    for (filter, alarm) in filters.iter().zip(alarms) {
        let metric = &filter["metricTransformations"][0];
        assert_eq!(filter["logGroupName"], GROUP);
        assert_eq!(metric["metricNamespace"], "LogMetrics");
        assert_eq!(
            (&metric["metricName"], &alarm["MetricName"]),
            (&filter["filterName"], &filter["filterName"])
        );
        assert_eq!(alarm["Namespace"], "LogMetrics");
        assert_eq!(alarm["AlarmActions"], json!([TOPIC]));
        assert_eq!(
            (&alarm["Statistic"], &alarm["TreatMissingData"]),
            (&json!("Sum"), &json!("notBreaching"))
        );
        assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold");
        assert_eq!(alarm["Tags"], json!([{"Key": "managed-by", "Value": "trueup"}]));
    }
    let tuned = alarms
        .iter()
        .find(|alarm| alarm["AlarmName"] == "UnauthorizedApiCalls")
        .unwrap();
    assert_eq!(
        (&tuned["Threshold"], &tuned["Period"]),
        (&json!(5.0), &json!(600))
    );
    moto.is_true();
    let off = ALL.replace("root_usage = true", "root_usage = false");
    moto.folder.write("b.toml", &format!("{TAGS}{TRAIL}{off}"));
    moto.apply().expect(0).says("Applied: 2 done.");
    assert_eq!(moto.look(&["us-east-1"])["alarms"].as_array().unwrap().len(), 16);
}

#[test]
fn the_chain_is_watched_by_several_filters_on_one_metric() {
    let folder = Folder::new();
    let monitors =
        "[monitors]\nroot_usage = true\nsecurity_tooling_changes = true\nidentity_provider_changes = true\n";
    folder.write("b.toml", &format!("{HOME}{TRAIL}{monitors}"));
    folder.apply().expect(0);
    folder.is_true();
    folder.export_is_true();
    let filters = folder.filters(GROUP);
    let metric_of = |name: &str| filters[name]["transformation"]["metricName"].clone();
    let of_tooling = ["", "-Logs", "-Topic", "-Rules", "-Alarms1"];
    for part in of_tooling {
        let name = format!("SecurityToolingChanges{part}");
        assert_eq!(metric_of(&name), "SecurityToolingChanges", "{name}");
    }
    assert_eq!(filters.as_object().unwrap().len(), of_tooling.len() + 2);
    assert_eq!(folder.alarms().as_object().unwrap().len(), 3);
    // Each part alone is drift when it is gone or looks for something else.
    for part in &of_tooling[1..] {
        let name = format!("SecurityToolingChanges{part}");
        folder.alter(|account| {
            let filters = &mut account["regions"]["us-east-1"]["logs"]["groups"][GROUP]["filters"];
            filters[&name]["pattern"] = "{ $.eventName = ListTopics }".into();
        });
        assert_eq!(
            folder.steps(),
            [format!("watch the trail's log group by the filter `{name}`")]
        );
        folder.apply().expect(0);
        folder.is_true();
    }
    // One more alarm is one more name to watch.
    let more = monitors.replace("root_usage", "root_usage = true\nvpc_changes");
    folder.write("b.toml", &format!("{HOME}{TRAIL}{more}"));
    assert!(
        folder.steps().contains(
            &"watch the trail's log group by the filter `SecurityToolingChanges-Alarms1`".to_owned()
        )
    );
    folder.apply().expect(0);
    folder.is_true();
    folder.write(
        "b.toml",
        &format!(
            "{HOME}{TRAIL}{}",
            more.replace("tooling_changes = true", "tooling_changes = false")
        ),
    );
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    folder.is_true();
    assert_eq!(folder.filters(GROUP).as_object().unwrap().len(), 3);
}

/// What a person changes of the root user's filter or alarm, so that nothing is told any more, and the step for it.
#[test]
fn a_chain_that_tells_nothing_is_drift() {
    let alarm = "AlarmName = \"RootUsage\"\nNamespace = \"LogMetrics\"\nMetricName = \"RootUsage\"\n\
                 Statistic = \"Sum\"\nComparisonOperator = \"GreaterThanOrEqualToThreshold\"\n\
                 AlarmActions = [\"arn:aws:sns:us-east-1:123456789012:account-alerts\"]\n";
    let rest = "Threshold = 1\nPeriod = 300\nEvaluationPeriods = 1\n";
    let filter = |more: &str| {
        format!(
            "[[call]]\ncall = \"logs:PutMetricFilter\"\n[call.input]\nlogGroupName = \"their-trail\"\n\
             filterName = \"RootUsage\"\nfilterPattern = '{{ $.userIdentity.type = \"Root\" && \
             $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }}'\n\
             metricTransformations = [{{ metricNamespace = \"LogMetrics\", metricName = \"RootUsage\", {more} }}]\n"
        )
    };
    // The trail, its log group and the topic, without the filters and alarms of others.
    let chain = BY_HAND
        .split("[[call]]\ncall = \"logs:PutMetricFilter\"")
        .next()
        .unwrap();
    let baseline = format!("{HOME}[monitors]\ntopic = \"{TOPIC}\"\nroot_usage = true\n");
    for (sends, looks, step) in [
        ("metricValue = \"1\"", rest.to_owned(), None),
        (
            "metricValue = \"0\"",
            rest.to_owned(),
            Some("watch the trail's log group by the filter `RootUsage`"),
        ),
        (
            "metricValue = \"1\"",
            rest.replace("Threshold = 1", "Threshold = 5"),
            Some("change the alarm `RootUsage`: at 1"),
        ),
        (
            "metricValue = \"1\"",
            rest.replace("EvaluationPeriods = 1", "EvaluationPeriods = 3"),
            Some("change the alarm `RootUsage`: after 1 period"),
        ),
        (
            "metricValue = \"1\"",
            rest.replace("Period = 300", "Period = 86400"),
            Some("change the alarm `RootUsage`: in 300 s"),
        ),
        (
            "metricValue = \"1\"",
            format!("{rest}TreatMissingData = \"breaching\"\n"),
            Some("change the alarm `RootUsage`: missing data is not breaching"),
        ),
        (
            "metricValue = \"1\"",
            format!("{rest}Unit = \"Count\"\n"),
            Some("change the alarm `RootUsage`: without a unit"),
        ),
    ] {
        let folder = Folder::new();
        let filter = filter(sends);
        folder.world(&format!(
            "{chain}{filter}[[call]]\ncall = \"cloudwatch:PutMetricAlarm\"\n[call.input]\n{alarm}{looks}"
        ));
        folder.write("b.toml", &baseline);
        let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
        let titles = crate::controls::titles(&plan);
        assert_eq!(titles, Vec::from_iter(step), "{sends} {looks}");
        folder.apply().expect(0);
        folder.is_true();
    }
}

/// What the trail records instead.
fn records(folder: &Folder, selectors: Value) {
    folder.alter(|account| {
        account["regions"]["us-east-1"]["cloudtrail"]["trails"]["theirs"]["selectors"] = selectors;
    });
}

#[test]
fn a_monitor_that_the_trail_cannot_feed_is_blocked_or_the_trail_is_widened() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let monitors = format!(
        "[monitors]\ntopic = \"{TOPIC}\"\nvpc_changes = true\nkms_disabled_key_use = true\n\
         unauthorized_api_calls = true\n"
    );
    folder.write("b.toml", &format!("{HOME}{monitors}"));
    folder.apply().expect(0);
    folder.is_true();
    records(
        &folder,
        json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true, "DataResources": [],
                "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]),
    );
    let plan = ["plan", "b.toml", "--detailed-exitcode"];
    folder
        .sandbox(&plan)
        .expect(2)
        .says("unauthorized_api_calls: requires [cloudtrail] management_events = \"all\"")
        .says("kms_disabled_key_use: requires [cloudtrail] management_events = \"all\"");
    // Others do without.
    folder.write(
        "b.toml",
        &format!("{HOME}[monitors]\ntopic = \"{TOPIC}\"\nvpc_changes = true\n"),
    );
    folder.is_true();
    // Where the file says what the trail records, that is made so, and the monitors see it.
    let trail = "[cloudtrail]\nname = \"theirs\"\n";
    folder.write("b.toml", &format!("{HOME}{trail}{monitors}"));
    folder
        .sandbox(&plan)
        .expect(2)
        .says("requires [cloudtrail] management_events");
    folder.write(
        "b.toml",
        &format!("{HOME}{trail}management_events = \"all\"\n{monitors}"),
    );
    assert_eq!(folder.steps(), ["record all management events"]);
    folder.apply().expect(0);
    folder.is_true();
    let trail_now = folder.region("us-east-1")["cloudtrail"]["trails"]["theirs"].clone();
    assert_eq!(
        trail_now["selectors"][0]["ExcludeManagementEventSources"],
        json!([])
    );

    // A trail that is stopped, or records no changes, feeds none of them.
    let stop = |logging: bool| {
        folder.alter(|account| {
            account["regions"]["us-east-1"]["cloudtrail"]["trails"]["theirs"]["logging"] = logging.into();
        });
    };
    folder.write("b.toml", &format!("{HOME}{monitors}"));
    stop(false);
    folder
        .sandbox(&plan)
        .expect(2)
        .says("the trail theirs is stopped, so no alarm can go off");
    stop(true);
    records(
        &folder,
        json!([{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true, "DataResources": []}]),
    );
    folder
        .sandbox(&plan)
        .expect(2)
        .says("the trail theirs does not record all management events");
}

#[test]
fn an_alarm_that_has_been_on_for_more_than_a_week_is_told() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        &format!("{HOME}{TRAIL}[monitors]\nvpc_changes = true\n"),
    );
    folder.apply();
    let on_for = |days: i64| {
        folder.alter(|account| {
            let alarm = &mut account["regions"]["us-east-1"]["cloudwatch"]["alarms"]["VpcChanges"]["members"];
            let made = alarm["AlarmConfigurationUpdatedTimestamp"].as_i64().unwrap();
            alarm["StateValue"] = "ALARM".into();
            alarm["StateTransitionedTimestamp"] = (made - days * 86_400).into();
        });
        let plan = folder.sandbox(&["plan", "b.toml"]).expect(0);
        plan.stdout.contains("alarm `VpcChanges` has been in ALARM since")
    };
    assert!(!on_for(6));
    assert!(on_for(9));
}

#[test]
fn a_log_group_that_takes_no_filters_blocks_the_monitors() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.alter(|account| {
        let region = &mut account["regions"]["us-east-1"];
        region["logs"]["groups"]["their-trail"]["class"] = "INFREQUENT_ACCESS".into();
    });
    folder.write(
        "b.toml",
        &format!("{HOME}[monitors]\ntopic = \"{TOPIC}\"\nvpc_changes = true\n"),
    );
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2)
        .says("the log group their-trail has the class INFREQUENT_ACCESS");
}

#[test]
fn any_topic_with_a_confirmed_subscription_will_do() {
    let folder = Folder::new();
    let (unheard, _) = BY_HAND.rsplit_once("[[call]]").unwrap();
    folder.world(unheard);
    let any = format!("{HOME}[monitors]\ntopic = \"any\"\nsecurity_group_changes = true\n");
    folder.write("b.toml", &any);
    folder
        .apply()
        .expect(3)
        .says("no alarm reports to a topic that has a confirmed subscription");
    assert_eq!(folder.writes(), Vec::<String>::new());
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write("b.toml", &any);
    folder.apply().expect(0);
    let told = &folder.alarms()["groups"]["members"]["AlarmActions"];
    assert_eq!(*told, json!([TOPIC]));
    folder.is_true();
}

#[test]
fn a_topic_that_refuses_alarms_or_filters_them_out_is_not_heard() {
    let deny = r#"[[call]]
call = "sns:SetTopicAttributes"
[call.input]
TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts"
AttributeName = "Policy"
AttributeValue = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*"}]}'
"#;
    let filtered = |scope: &str| {
        let (before, after) = BY_HAND.rsplit_once(" }").unwrap();
        let policy = r#"{ key = "FilterPolicy", value = '{"a":["b"]}' }"#;
        let scope = format!("{{ key = \"FilterPolicyScope\", value = \"{scope}\" }}");
        format!("{before}, Attributes = {{ entry = [{policy}, {scope}] }} }}{after}")
    };
    for (world, is_heard) in [
        (BY_HAND.to_owned(), true),
        (format!("{BY_HAND}{deny}"), false),
        (filtered("MessageAttributes"), false),
        (filtered("MessageBody"), true),
    ] {
        let folder = Folder::new();
        folder.world(&world);
        folder.write(
            "b.toml",
            &format!("{HOME}[monitors]\ntopic = \"any\"\nsecurity_group_changes = true\n"),
        );
        let applied = folder.apply();
        match is_heard {
            true => drop(applied.expect(0)),
            false => drop(applied.expect(3).says("no alarm reports to a topic")),
        }
    }
}
