use super::*;
use crate::World;

const NOW: i64 = 1_800_000_000;

struct Explorer(Account);

impl Explorer {
    fn of(world: &str) -> Self {
        Explorer(Account::new(&world.parse::<World>().unwrap()))
    }

    fn ask(&mut self, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "ce",
            region: "us-east-1".into(),
            operation: operation.into(),
            input,
            now: NOW,
        };
        let before = self.0.ce.clone();
        let answer = handle(&mut self.0, &call);
        if answer.is_err() {
            assert_eq!(self.0.ce, before, "what is refused changes nothing");
        }
        answer
    }

    fn done(&mut self, operation: &str, input: Value) -> Value {
        self.ask(operation, input).unwrap()
    }

    /// Code and sentence of a call that must be refused.
    fn refused(&mut self, operation: &str, input: Value) -> (String, String) {
        let error = self.ask(operation, input).unwrap_err();
        (error.code, error.message)
    }

    fn service_monitor(&mut self) -> String {
        let made = self.done("CreateAnomalyMonitor", service("a"));
        made["MonitorArn"].as_str().unwrap().to_owned()
    }
}

fn service(name: &str) -> Value {
    json!({"AnomalyMonitor": {"MonitorName": name, "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}})
}

fn leaf(key: &str, value: &str) -> Value {
    let key = format!("ANOMALY_TOTAL_IMPACT_{key}");
    json!({"Dimensions": {"Key": key, "Values": [value], "MatchOptions": ["GREATER_THAN_OR_EQUAL"]}})
}

/// A subscription that is taken, for tests to spoil.
fn subscription(monitor: &str) -> Value {
    json!({"AnomalySubscription": {
        "SubscriptionName": "s",
        "MonitorArnList": [monitor],
        "Subscribers": [{"Type": "EMAIL", "Address": "ops@example.com"}],
        "Frequency": "DAILY",
        "ThresholdExpression": leaf("ABSOLUTE", "100"),
    }})
}

#[test]
fn there_is_one_monitor_a_dimension_and_its_name_alone_can_change() {
    let mut ce = Explorer::of("");
    let arn = ce.service_monitor();
    assert_eq!(
        ce.refused("CreateAnomalyMonitor", service("b")),
        (
            "ValidationException".to_owned(),
            "Limit exceeded on dimensional spend monitor creation".to_owned()
        )
    );
    ce.done(
        "UpdateAnomalyMonitor",
        json!({"MonitorArn": arn, "MonitorName": "c"}),
    );
    let other = json!({"MonitorArn": arn, "MonitorDimension": "TAG"});
    assert_eq!(ce.refused("UpdateAnomalyMonitor", other).0, "ValidationException");
    let list = ce.done("GetAnomalyMonitors", json!({}));
    assert_eq!(list["AnomalyMonitors"][0]["MonitorName"], "c");
    assert_eq!(list["AnomalyMonitors"][0]["CreationDate"], "2027-01-15T08:00:00Z");
    ce.done("DeleteAnomalyMonitor", json!({"MonitorArn": arn}));
    for operation in ["DeleteAnomalyMonitor", "UpdateAnomalyMonitor"] {
        let gone = ce.refused(operation, json!({"MonitorArn": arn}));
        assert_eq!(gone.0, "UnknownMonitorException");
    }
    ce.service_monitor();
}

#[test]
fn a_monitor_says_what_its_type_asks_for() {
    let mut ce = Explorer::of("");
    let costs = json!({"Tags": {"Key": "team", "Values": ["web"]}});
    for wrong in [
        json!({"MonitorName": "m", "MonitorType": "DIMENSIONAL"}),
        json!({"MonitorName": "m", "MonitorType": "CUSTOM"}),
        json!({"MonitorName": "m", "MonitorType": "CUSTOM", "MonitorDimension": "SERVICE"}),
        json!({"MonitorName": "m", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE", "MonitorSpecification": costs}),
        json!({"MonitorName": "", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}),
        json!({"MonitorName": "m", "MonitorType": "OTHER"}),
    ] {
        let refused = ce.refused("CreateAnomalyMonitor", json!({"AnomalyMonitor": wrong}));
        assert_eq!(refused.0, "ValidationException", "{wrong}");
    }
    for _ in 0..2 {
        let custom = json!({"MonitorName": "m", "MonitorType": "CUSTOM", "MonitorSpecification": costs});
        ce.done("CreateAnomalyMonitor", json!({"AnomalyMonitor": custom}));
    }
}

#[test]
fn who_is_told_must_fit_how_often() {
    let mut ce = Explorer::of("");
    let arn = ce.service_monitor();
    let mail = json!({"Type": "EMAIL", "Address": "ops@example.com"});
    let topic = json!({"Type": "SNS", "Address": "arn:aws:sns:us-east-1:123456789012:alerts"});
    for (frequency, subscribers, fits) in [
        ("DAILY", json!([mail]), true),
        ("WEEKLY", json!([mail]), true),
        ("IMMEDIATE", json!([topic]), true),
        ("IMMEDIATE", json!([mail]), false),
        ("DAILY", json!([topic]), false),
        ("WEEKLY", json!([mail, topic]), false),
        ("IMMEDIATE", json!([mail, topic]), false),
        ("DAILY", json!([]), false),
        ("DAILY", json!([{"Type": "EMAIL", "Address": "ops"}]), false),
        ("IMMEDIATE", json!([{"Type": "SNS", "Address": "alerts"}]), false),
        ("HOURLY", json!([mail]), false),
    ] {
        let mut wanted = subscription(&arn);
        wanted["AnomalySubscription"]["Frequency"] = json!(frequency);
        wanted["AnomalySubscription"]["Subscribers"] = subscribers;
        match ce.ask("CreateAnomalySubscription", wanted.clone()) {
            Ok(_) => assert!(fits, "{wanted}"),
            Err(error) => assert!(
                !fits && error.code == "ValidationException",
                "{wanted}: {error:?}"
            ),
        }
    }
}

#[test]
fn a_threshold_has_one_form() {
    let mut ce = Explorer::of("");
    let arn = ce.service_monitor();
    let (absolute, percent) = (leaf("ABSOLUTE", "100.0"), leaf("PERCENTAGE", "40"));
    let mut equals = absolute.clone();
    equals["Dimensions"]["MatchOptions"] = json!(["EQUALS"]);
    let mut two = absolute.clone();
    two["Dimensions"]["Values"] = json!(["1", "2"]);
    let mut service = absolute.clone();
    service["Dimensions"]["Key"] = json!("SERVICE");
    for (expression, fits) in [
        (absolute.clone(), true),
        (percent.clone(), true),
        (json!({"And": [absolute, percent]}), true),
        (json!({"Or": [percent, absolute]}), true),
        (json!({"Or": [absolute]}), false),
        (json!({"And": [absolute, absolute]}), false),
        (json!({"And": [absolute, {"Or": [absolute, percent]}]}), false),
        (json!({"Not": absolute}), false),
        (leaf("ABSOLUTE", "much"), false),
        (leaf("ABSOLUTE", "-1"), false),
        (equals, false),
        (two, false),
        (service, false),
        (json!({}), false),
    ] {
        let mut wanted = subscription(&arn);
        wanted["AnomalySubscription"]["ThresholdExpression"] = expression.clone();
        let answer = ce.ask("CreateAnomalySubscription", wanted);
        assert_eq!(answer.is_ok(), fits, "{expression}: {answer:?}");
    }
    let mut wanted = subscription(&arn);
    wanted["AnomalySubscription"]["Threshold"] = json!(100);
    let both = ce.refused("CreateAnomalySubscription", wanted.clone());
    assert_eq!(
        both.1,
        "Exactly one of Threshold and ThresholdExpression must be specified"
    );
    wanted["AnomalySubscription"]["ThresholdExpression"].take();
    ce.done("CreateAnomalySubscription", wanted.clone());
    wanted["AnomalySubscription"]["Threshold"].take();
    assert_eq!(
        ce.refused("CreateAnomalySubscription", wanted).1,
        "Threshold and ThresholdExpression cannot both be null"
    );
}

#[test]
fn an_update_changes_what_it_names_and_one_threshold_replaces_the_other() {
    let mut ce = Explorer::of("");
    let monitor = ce.service_monitor();
    let mut old = subscription(&monitor);
    old["AnomalySubscription"]["ThresholdExpression"].take();
    old["AnomalySubscription"]["Threshold"] = json!(10.0);
    let arn = ce.done("CreateAnomalySubscription", old)["SubscriptionArn"].clone();
    let read = |ce: &mut Explorer| {
        ce.done("GetAnomalySubscriptions", json!({"MonitorArn": monitor}))["AnomalySubscriptions"][0].clone()
    };
    let before = read(&mut ce);
    assert_eq!(
        (&before["Threshold"], &before["ThresholdExpression"]),
        (&json!(10.0), &Value::Null)
    );
    let weekly = json!({"SubscriptionArn": arn, "Frequency": "WEEKLY"});
    ce.done("UpdateAnomalySubscription", weekly);
    let expression = leaf("PERCENTAGE", "20");
    ce.done(
        "UpdateAnomalySubscription",
        json!({"SubscriptionArn": arn, "ThresholdExpression": expression}),
    );
    let mut after = before;
    after["Frequency"] = json!("WEEKLY");
    after["Threshold"] = Value::Null;
    after["ThresholdExpression"] = expression;
    assert_eq!(read(&mut ce), after);
    let immediate = json!({"SubscriptionArn": arn, "Frequency": "IMMEDIATE"});
    assert_eq!(
        ce.refused("UpdateAnomalySubscription", immediate).0,
        "ValidationException"
    );
}

#[test]
fn what_does_not_exist_is_unknown() {
    let mut ce = Explorer::of("");
    let arn = ce.service_monitor();
    let gone = format!("{arn}0");
    assert_eq!(
        ce.refused("CreateAnomalySubscription", subscription(&gone)).0,
        "UnknownMonitorException"
    );
    for (operation, input, code) in [
        (
            "DeleteAnomalySubscription",
            json!({"SubscriptionArn": gone}),
            "UnknownSubscriptionException",
        ),
        (
            "UpdateAnomalySubscription",
            json!({"SubscriptionArn": gone}),
            "UnknownSubscriptionException",
        ),
        (
            "GetAnomalySubscriptions",
            json!({"SubscriptionArnList": [gone]}),
            "UnknownSubscriptionException",
        ),
        (
            "GetAnomalyMonitors",
            json!({"MonitorArnList": [gone]}),
            "UnknownMonitorException",
        ),
        (
            "TagResource",
            json!({"ResourceArn": gone, "ResourceTags": []}),
            "ResourceNotFoundException",
        ),
        (
            "ListTagsForResource",
            json!({"ResourceArn": gone}),
            "ResourceNotFoundException",
        ),
        ("GetCostAndUsage", json!({}), "NotInSandbox"),
    ] {
        assert_eq!(ce.refused(operation, input).0, code, "{operation}");
    }
}

#[test]
fn lists_come_in_pages() {
    let mut ce = Explorer::of("");
    let arn = ce.service_monitor();
    for _ in 0..3 {
        ce.done("CreateAnomalySubscription", subscription(&arn));
    }
    let first = ce.done("GetAnomalySubscriptions", json!({"MaxResults": 2}));
    assert_eq!(first["AnomalySubscriptions"].as_array().unwrap().len(), 2);
    let next = json!({"MaxResults": 2, "NextPageToken": first["NextPageToken"]});
    let second = ce.done("GetAnomalySubscriptions", next);
    assert_eq!(second["AnomalySubscriptions"].as_array().unwrap().len(), 1);
    assert_eq!(second["NextPageToken"], Value::Null);
    for token in ["3", "from-x", "from-9"] {
        let refused = ce.refused("GetAnomalyMonitors", json!({"NextPageToken": token}));
        assert_eq!(refused.0, "InvalidNextTokenException", "{token}");
    }
    assert_eq!(
        ce.refused("GetAnomalyMonitors", json!({"MaxResults": 0})).0,
        "ValidationException"
    );
}

#[test]
fn a_world_says_what_cost_explorer_is_like() {
    let mut never = Explorer::of("cost_explorer = \"never_launched\"");
    assert_eq!(
        never.refused("GetAnomalyMonitors", json!({})),
        (
            "AccessDeniedException".to_owned(),
            "User not enabled for cost explorer access".to_owned()
        )
    );
    let mut defaults = Explorer::of("cost_explorer = \"with_defaults\"");
    let monitors = defaults.done("GetAnomalyMonitors", json!({}));
    assert_eq!(
        monitors["AnomalyMonitors"][0]["MonitorName"],
        "Default-Services-Monitor"
    );
    assert!(defaults.ask("CreateAnomalyMonitor", service("b")).is_err());
    let own = defaults.0.ce.subscriptions[0].clone();
    assert_eq!(defaults.0.ce.check(&own), Ok(()));
}

#[test]
fn tags_come_with_a_new_thing_and_are_changed_one_by_one() {
    let mut ce = Explorer::of("");
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let mut monitor = service("m");
    monitor["ResourceTags"] = json!([tag("team", "web"), tag("stage", "test")]);
    let arn = ce.done("CreateAnomalyMonitor", monitor)["MonitorArn"].clone();
    let prod = json!({"ResourceArn": arn, "ResourceTags": [tag("stage", "prod")]});
    ce.done("TagResource", prod);
    ce.done(
        "UntagResource",
        json!({"ResourceArn": arn, "ResourceTagKeys": ["team"]}),
    );
    let told = ce.done("ListTagsForResource", json!({"ResourceArn": arn}));
    assert_eq!(told["ResourceTags"], json!([tag("stage", "prod")]));
    for wrong in [
        json!([tag("aws:x", "y")]),
        json!([tag("", "y")]),
        json!([tag("a", "1"), tag("a", "2")]),
    ] {
        let refused = ce.refused("TagResource", json!({"ResourceArn": arn, "ResourceTags": wrong}));
        assert_eq!(refused.0, "ValidationException", "{wrong}");
    }
    let many: Vec<Value> = (0..50).map(|n| tag(&n.to_string(), "")).collect();
    let refused = ce.refused("TagResource", json!({"ResourceArn": arn, "ResourceTags": many}));
    assert_eq!(refused.0, "TooManyTagsException");
}
