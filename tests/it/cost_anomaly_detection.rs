//! Cost anomaly detection from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;

const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
pub(crate) const MAIL: &str = "[cost_anomaly_detection]\nfrequency = \"daily\"\nimpact_absolute = \"50\"\n\
                    impact_percent = \"none\"\nto = [\"billing@example.com\"]\n";
const ABSENT: &str = "[cost_anomaly_detection]\nstate = \"absent\"\n";

/// Cost Explorer as AWS leaves it when it first runs.
const OF_AWS: &str = "cost_explorer = \"with_defaults\"\n";

/// AWS's own subscription was replaced by hand, and its monitor renamed.
const BY_HAND: &str = r#"
cost_explorer = "with_defaults"

[[call]]
call = "ce:UpdateAnomalyMonitor"
[call.input]
MonitorArn = "arn:aws:ce::123456789012:anomalymonitor/e220a839-7b1d-cdaf-91cc-7d8e626b5dfd"
MonitorName = "ours"

[[call]]
call = "ce:TagResource"
[call.input]
ResourceArn = "arn:aws:ce::123456789012:anomalymonitor/e220a839-7b1d-cdaf-91cc-7d8e626b5dfd"
ResourceTags = [{ Key = "team", Value = "web" }, { Key = "managed-by", Value = "hand" }]

[[call]]
call = "ce:DeleteAnomalySubscription"
[call.input]
SubscriptionArn = "arn:aws:ce::123456789012:anomalysubscription/6e789e6a-a1b9-65f4-7a1f-74a83d0e2a5a"

[[call]]
call = "ce:CreateAnomalyMonitor"
[call.input.AnomalyMonitor]
MonitorName = "teams"
MonitorType = "CUSTOM"
MonitorSpecification = { Tags = { Key = "team", Values = ["web"] } }

[[call]]
call = "ce:CreateAnomalySubscription"
[call.input.AnomalySubscription]
SubscriptionName = "cfo"
MonitorArnList = ["arn:aws:ce::123456789012:anomalymonitor/e220a839-7b1d-cdaf-91cc-7d8e626b5dfd"]
Subscribers = [{ Type = "EMAIL", Address = "cfo@example.com" }]
Frequency = "WEEKLY"
Threshold = 1000.0

[[call]]
call = "ce:CreateAnomalySubscription"
[call.input.AnomalySubscription]
SubscriptionName = "mine"
MonitorArnList = ["arn:aws:ce::123456789012:anomalymonitor/e220a839-7b1d-cdaf-91cc-7d8e626b5dfd"]
Subscribers = [{ Type = "EMAIL", Address = "gone@example.com" }, { Type = "EMAIL", Address = "Billing@Example.com" }]
Frequency = "DAILY"
[[call.input.AnomalySubscription.ThresholdExpression.Or]]
Dimensions = { Key = "ANOMALY_TOTAL_IMPACT_PERCENTAGE", Values = ["20.0"], MatchOptions = ["GREATER_THAN_OR_EQUAL"] }
[[call.input.AnomalySubscription.ThresholdExpression.Or]]
Dimensions = { Key = "ANOMALY_TOTAL_IMPACT_ABSOLUTE", Values = ["050.00"], MatchOptions = ["GREATER_THAN_OR_EQUAL"] }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    vec![(
        "",
        vec![
            format!("{TAGS}{MAIL}"),
            format!("{TAGS}{MAIL}")
                .replace("trueup", "us")
                .replace("\"50\"", "\"40\""),
            ABSENT.to_owned(),
        ],
    )]
}

impl Folder {
    fn anomaly(&self, list: &str) -> Value {
        self.account()["ce"][list].clone()
    }

    /// The calls alone: Cost Explorer is in one place.
    #[track_caller]
    fn anomaly_becomes(&self, baseline: &str, writes: &[&str]) {
        let writes: Vec<String> = writes
            .iter()
            .map(|operation| format!("us-east-1 ce:{operation}"))
            .collect();
        let writes: Vec<&str> = writes.iter().map(String::as_str).collect();
        self.becomes(baseline, &writes);
    }

    /// Changes the simulated account behind trueup's back.
    fn anomaly_edit(&self, change: impl FnOnce(&mut Value)) {
        self.alter(|account| change(&mut account["ce"]));
    }

    #[track_caller]
    fn anomaly_plans(&self, steps: &[&str]) {
        let planned = self.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
        let planned: Value = serde_json::from_str(&planned).unwrap();
        let titles: Vec<&str> = planned["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["title"].as_str().unwrap())
            .collect();
        assert_eq!(titles, steps);
    }

    fn anomaly_survives_export(&self) {
        let export = self
            .sandbox(&["export", "--only", "cost_anomaly_detection"])
            .expect(0);
        self.write("b.toml", &export.says("[cost_anomaly_detection]").stdout);
        self.is_true();
    }
}

#[test]
fn a_new_account_gets_a_monitor_and_a_subscription_that_are_exported_as_written() {
    let folder = Folder::new();
    // Wherever home is, Cost Explorer is in one region.
    folder.anomaly_becomes(
        &format!("[account]\nhome_region = \"eu-west-1\"\n{TAGS}{MAIL}"),
        &["CreateAnomalyMonitor", "CreateAnomalySubscription"],
    );
    let (monitors, subscriptions) = (folder.anomaly("monitors"), folder.anomaly("subscriptions"));
    assert_eq!(monitors[0]["dimension"], "SERVICE");
    assert_eq!(subscriptions[0]["monitors"], json!([monitors[0]["arn"]]));
    for made in [&monitors[0], &subscriptions[0]] {
        assert_eq!(made["tags"], json!({"managed-by": "trueup"}));
    }
    let threshold = &subscriptions[0]["threshold_expression"]["Dimensions"];
    assert_eq!(threshold["Key"], "ANOMALY_TOTAL_IMPACT_ABSOLUTE");
    assert_eq!(threshold["Values"], json!(["50"]));
    folder.anomaly_survives_export();
}

#[test]
fn awss_own_subscription_is_changed_and_not_doubled_and_its_recipient_stays() {
    let folder = Folder::new();
    folder.world(OF_AWS);
    let before = folder.anomaly("subscriptions")[0].clone();
    folder.anomaly_becomes(MAIL, &["UpdateAnomalySubscription"]);
    let mut after = folder.anomaly("subscriptions");
    assert_eq!(after.as_array().unwrap().len(), 1);
    let subscribers = after[0]["subscribers"].as_array().unwrap();
    let addresses: Vec<&str> = subscribers
        .iter()
        .map(|one| one["Address"].as_str().unwrap())
        .collect();
    assert_eq!(addresses, ["root@example.com", "billing@example.com"]);
    for key in ["subscribers", "threshold_expression"] {
        after[0][key] = before[key].clone();
    }
    assert_eq!(after[0], before);
}

#[test]
fn what_aws_made_survives_an_export() {
    for world in [OF_AWS, BY_HAND, ""] {
        let folder = Folder::new();
        folder.world(world);
        folder.anomaly_survives_export();
    }
}

#[test]
fn what_was_made_by_hand_is_adopted_and_the_rest_left_alone() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let before = folder.account()["ce"].clone();
    folder.write("b.toml", &format!("{TAGS}{MAIL}"));
    folder.apply().expect(0);
    // What does not wait for another step comes in any order.
    let mut writes = folder.writes();
    writes.sort();
    // It alerts on all that is wanted, and on what is 20 percent more than expected besides.
    assert_eq!(writes, ["us-east-1 ce:TagResource", "us-east-1 ce:TagResource"]);
    folder.is_true();
    let mut expected = before;
    expected["monitors"][0]["tags"] = json!({"team": "web", "managed-by": "trueup"});
    expected["subscriptions"][1]["tags"] = json!({"managed-by": "trueup"});
    assert_eq!(folder.account()["ce"], expected);
}

#[test]
fn odd_forms_of_the_same_are_no_difference() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    for baseline in [
        "frequency = \"daily\"\nimpact_absolute = 50\nimpact_percent = \"20\"\ncombine = \"or\"\n\
         to = [\"BILLING@example.com\", \"Gone@example.com\"]\n",
        // The amount of before there were expressions.
        "frequency = \"weekly\"\nimpact_absolute = \"1000.000\"\nimpact_percent = \"none\"\n\
         to = [\"CFO@example.com\"]\n",
    ] {
        folder.write("b.toml", &format!("[cost_anomaly_detection]\n{baseline}"));
        folder.is_true();
    }
}

#[test]
fn what_was_deleted_by_hand_is_all_that_comes_back() {
    let folder = Folder::new();
    folder.anomaly_becomes(MAIL, &["CreateAnomalyMonitor", "CreateAnomalySubscription"]);
    folder.anomaly_edit(|ce| ce["subscriptions"] = json!([]));
    folder.anomaly_plans(&["create the cost anomaly subscription `cost-anomalies`"]);
    folder.anomaly_becomes(MAIL, &["CreateAnomalySubscription"]);
    folder.anomaly_edit(|ce| (ce["monitors"], ce["subscriptions"]) = (json!([]), json!([])));
    folder.anomaly_plans(&["create the cost anomaly monitor `all-services` and subscribe to it"]);
    folder.anomaly_becomes(MAIL, &["CreateAnomalyMonitor", "CreateAnomalySubscription"]);
}

#[test]
fn a_monitor_that_somebody_makes_meanwhile_is_used() {
    let folder = Folder::new();
    folder.world(
        r#"
        [[event]]
        before = "ce:CreateAnomalyMonitor"
        region = "us-east-1"

        [[event.call]]
        call = "ce:CreateAnomalyMonitor"
        input = { AnomalyMonitor = { MonitorName = "first", MonitorType = "DIMENSIONAL", MonitorDimension = "SERVICE" } }
        "#,
    );
    folder.anomaly_becomes(MAIL, &["CreateAnomalyMonitor", "CreateAnomalySubscription"]);
    let monitors = folder.anomaly("monitors");
    assert_eq!(
        (monitors.as_array().unwrap().len(), &monitors[0]["name"]),
        (1, &json!("first"))
    );
}

#[test]
fn a_subscription_that_another_run_makes_meanwhile_leaves_one() {
    let folder = Folder::new();
    // Between the last look and the call.
    folder.world(
        r#"
        cost_explorer = "with_defaults"

        [[call]]
        call = "ce:DeleteAnomalySubscription"
        input = { SubscriptionArn = "arn:aws:ce::123456789012:anomalysubscription/6e789e6a-a1b9-65f4-7a1f-74a83d0e2a5a" }

        [[event]]
        before = "ce:CreateAnomalySubscription"
        region = "us-east-1"

        [[event.call]]
        call = "ce:CreateAnomalySubscription"
        [event.call.input.AnomalySubscription]
        SubscriptionName = "cost-anomalies"
        MonitorArnList = ["arn:aws:ce::123456789012:anomalymonitor/e220a839-7b1d-cdaf-91cc-7d8e626b5dfd"]
        Subscribers = [{ Type = "EMAIL", Address = "billing@example.com" }]
        Frequency = "DAILY"
        ThresholdExpression = { Dimensions = { Key = "ANOMALY_TOTAL_IMPACT_ABSOLUTE", Values = ["50"], MatchOptions = ["GREATER_THAN_OR_EQUAL"] } }
        "#,
    );
    folder.anomaly_becomes(MAIL, &["CreateAnomalySubscription", "DeleteAnomalySubscription"]);
    assert_eq!(folder.anomaly("subscriptions").as_array().unwrap().len(), 1);
}

#[test]
fn the_alerts_topic_hears_at_once_and_is_made_first() {
    let folder = Folder::new();
    let baseline = "[alerts]\ntopic = \"account-alerts\"\n[cost_anomaly_detection]\nfrequency = \"immediate\"\n\
                    impact_absolute = 10\nto = [\"topic\"]\n";
    folder.becomes(
        baseline,
        &[
            "us-east-1 sns:CreateTopic",
            "us-east-1 sns:SetTopicAttributes",
            "us-east-1 ce:CreateAnomalyMonitor",
            "us-east-1 ce:CreateAnomalySubscription",
        ],
    );
    assert_eq!(
        folder.anomaly("subscriptions")[0]["subscribers"],
        json!([{"Address": "arn:aws:sns:us-east-1:123456789012:account-alerts", "Type": "SNS", "Status": "CONFIRMED"}])
    );
    let alone = baseline.replace("[alerts]\ntopic = \"account-alerts\"\n", "");
    folder.write("b.toml", &alone);
    folder.sandbox(&["plan", "b.toml"]).expect(1).complains("alerts");
    let daily = baseline.replace("immediate", "daily");
    folder.write("b.toml", &daily);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("topic is a topic, and \"daily\" is told by e-mail alone");
}

#[test]
fn the_off_switch_deletes_the_subscriptions_before_the_monitor() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.anomaly_edit(|ce| {
        let custom = ce["monitors"][1]["arn"].clone();
        ce["subscriptions"][0]["monitors"]
            .as_array_mut()
            .unwrap()
            .push(custom);
    });
    folder.write("b.toml", ABSENT);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow cost_anomaly_detection");
    folder.apply().expect(0);
    let mut writes = folder.writes();
    assert_eq!(writes.pop().as_deref(), Some("us-east-1 ce:DeleteAnomalyMonitor"));
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 ce:DeleteAnomalySubscription",
            "us-east-1 ce:UpdateAnomalySubscription",
        ]
    );
    folder.is_true();
    let (monitors, subscriptions) = (folder.anomaly("monitors"), folder.anomaly("subscriptions"));
    assert_eq!(monitors.as_array().unwrap().len(), 1);
    assert_eq!(monitors[0]["name"], "teams");
    assert_eq!(subscriptions.as_array().unwrap().len(), 1);
    assert_eq!(subscriptions[0]["monitors"], json!([monitors[0]["arn"]]));
}

#[test]
fn a_cost_explorer_that_nobody_opened_is_blocked_with_what_to_do() {
    let folder = Folder::new();
    folder.world("cost_explorer = \"never_launched\"\n");
    folder.write("b.toml", MAIL);
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    // The lines of a plan are wrapped.
    let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        plan.contains("blocked") && plan.contains("open Cost Explorer once in the Billing"),
        "{plan}"
    );
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "blocked"])
        .expect(4);
    folder.apply();
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn a_caller_who_may_not_look_is_told_so_and_not_sent_to_the_console() {
    let folder = Folder::new();
    folder.world("[[deny]]\naction = \"ce:GetAnomalyMonitors\"\nby = \"iam\"\n");
    folder.write("b.toml", MAIL);
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(1);
    let plan = format!("{}{}", plan.stdout, plan.stderr);
    assert!(
        plan.contains("grant the action") && !plan.contains("open Cost Explorer"),
        "{plan}"
    );
}

#[test]
fn a_subscription_whose_answer_was_lost_is_not_made_twice() {
    let create = "call = \"ce:CreateAnomalySubscription\"\nnth = 1\n";
    for (fault, calls) in [
        ("kind = \"reset\"\ncarried_out = true\n", 1),
        ("kind = \"throttle\"\n", 2),
    ] {
        let folder = Folder::new();
        folder.world(&format!("[[fault]]\n{create}{fault}"));
        folder.write("b.toml", MAIL).apply().expect(0);
        let creates = folder.writes();
        let creates = creates
            .iter()
            .filter(|write| write.ends_with("ce:CreateAnomalySubscription"));
        assert_eq!(creates.count(), calls, "{fault}");
        let subscriptions = folder.account()["ce"]["subscriptions"].clone();
        assert_eq!(subscriptions.as_array().unwrap().len(), 1, "{fault}");
        folder.is_true();
    }
}

#[test]
fn what_makes_a_subscription_useless_is_no_longer_in_sync() {
    let subscriber = |key: &'static str, value: &'static str| {
        move |ce: &mut Value| ce["subscriptions"][0]["subscribers"][0][key] = value.into()
    };
    let folder = Folder::new();
    folder.anomaly_becomes(MAIL, &["CreateAnomalyMonitor", "CreateAnomalySubscription"]);
    folder.anomaly_edit(subscriber("Status", "DECLINED"));
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("billing@example.com declined");
    folder.anomaly_edit(subscriber("Status", "CONFIRMED"));
    folder.is_true();
    folder.anomaly_edit(subscriber("Type", "SNS"));
    folder.anomaly_becomes(MAIL, &["UpdateAnomalySubscription"]);
    assert_eq!(
        folder.anomaly("subscriptions")[0]["subscribers"][0]["Type"],
        "EMAIL"
    );
}

#[test]
fn other_subscriptions_to_the_monitor_are_comments_of_the_export() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder
        .sandbox(&["export", "--only", "cost_anomaly_detection"])
        .expect(0)
        .says("# Left out: the subscription mine to the same monitor");
}
