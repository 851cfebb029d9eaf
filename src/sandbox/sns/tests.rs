use super::*;
use crate::World;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";
const NOW: i64 = 1_800_000_000;
const DAY: i64 = 24 * 60 * 60;

struct Region(Account);

impl Region {
    fn new() -> Self {
        let mut region = Region(Account::new(&World::default()));
        region.ok("CreateTopic", json!({"Name": "alerts"}));
        region
    }

    fn at(&mut self, now: i64, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "sns",
            region: "us-east-1".into(),
            operation: operation.into(),
            input,
            now,
        };
        handle(&mut self.0, &call)
    }

    #[track_caller]
    fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.at(NOW, operation, input).unwrap()
    }

    #[track_caller]
    fn refuses(&mut self, operation: &str, input: Value) -> String {
        let error = self.at(NOW, operation, input).unwrap_err();
        format!("{} {}: {}", error.status, error.code, error.message)
    }

    fn attributes(&mut self) -> BTreeMap<String, String> {
        let told = self.ok("GetTopicAttributes", json!({"TopicArn": TOPIC}));
        read_entries(&json!({"entry": told["Attributes"]}))
            .into_iter()
            .collect()
    }

    fn set(&mut self, name: &str, value: &str) -> Answer {
        let input = json!({"TopicArn": TOPIC, "AttributeName": name, "AttributeValue": value});
        self.at(NOW, "SetTopicAttributes", input)
    }

    fn subscribe(&mut self, protocol: &str, endpoint: &str) -> Answer {
        let input = json!({"TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint});
        self.at(NOW, "Subscribe", input)
    }

    /// Endpoints and ARNs, listed some time later.
    fn listed(&mut self, later: i64) -> Vec<(String, String)> {
        let input = json!({"TopicArn": TOPIC});
        let told = self.at(NOW + later, "ListSubscriptionsByTopic", input).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let all = told["Subscriptions"].as_array().unwrap().iter();
        all.map(|one| (text(&one["Endpoint"]), text(&one["SubscriptionArn"])))
            .collect()
    }
}

#[test]
fn a_new_topic_has_the_policy_that_aws_gives_it() {
    let mut region = Region::new();
    let attributes = region.attributes();
    let policy: Value = serde_json::from_str(&attributes["Policy"]).unwrap();
    assert_eq!(policy["Version"], "2008-10-17");
    assert_eq!(policy["Statement"][0]["Sid"], "__default_statement_ID");
    assert_eq!(
        policy["Statement"][0]["Condition"]["StringEquals"]["AWS:SourceOwner"],
        "123456789012"
    );
    assert_eq!(
        (attributes["TopicArn"].as_str(), attributes["Owner"].as_str()),
        (TOPIC, "123456789012")
    );
    assert!(!attributes.contains_key("KmsMasterKeyId"));
    // It satisfies its own rules.
    region.set("Policy", &attributes["Policy"]).unwrap();
}

#[test]
fn a_topic_is_made_once_and_only_bare_or_the_same() {
    let mut region = Region::new();
    let tags = json!([{"Key": "team", "Value": "web"}]);
    assert_eq!(
        region.ok("CreateTopic", json!({"Name": "alerts"}))["TopicArn"],
        TOPIC
    );
    assert_eq!(
        region.refuses("CreateTopic", json!({"Name": "alerts", "Tags": tags})),
        "400 InvalidParameter: Invalid parameter: Tags Reason: Topic already exists with different tags"
    );
    let named = json!({"Name": "alerts", "Attributes": {"entry": [{"key": "DisplayName", "value": "x"}]}});
    assert_eq!(
        region.refuses("CreateTopic", named.clone()),
        "400 InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    );
    region.ok("TagResource", json!({"ResourceArn": TOPIC, "Tags": tags}));
    region.set("DisplayName", "x").unwrap();
    region.ok("CreateTopic", json!({"Name": "alerts", "Tags": tags}));
    region.ok("CreateTopic", named);
    for name in ["", "a b", "a.fifo", &"a".repeat(257)] {
        assert_eq!(
            region.refuses("CreateTopic", json!({"Name": name})),
            "400 InvalidParameter: Invalid parameter: Topic Name"
        );
    }
}

#[test]
fn an_arn_has_to_be_of_this_account_and_region_and_of_a_topic_that_exists() {
    let mut region = Region::new();
    for (arn, refusal) in [
        (
            "alerts",
            "400 InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (
            "arn:aws:sns:eu-west-1:123456789012:alerts",
            "400 InvalidParameter: Invalid parameter: TopicArn",
        ),
        (
            "arn:aws:sqs:us-east-1:123456789012:alerts",
            "400 InvalidParameter: Invalid parameter: TopicArn",
        ),
        (
            "arn:aws:sns:us-east-1:123456789012:other",
            "404 NotFound: Topic does not exist",
        ),
    ] {
        assert_eq!(
            region.refuses("GetTopicAttributes", json!({"TopicArn": arn})),
            refusal
        );
    }
    let foreign = json!({"TopicArn": "arn:aws:sns:us-east-1:999988887777:alerts"});
    assert!(
        region
            .refuses("GetTopicAttributes", foreign)
            .starts_with("403 AuthorizationError: ")
    );
    let gone = json!({"ResourceArn": "arn:aws:sns:us-east-1:123456789012:other"});
    assert_eq!(
        region.refuses("ListTagsForResource", gone),
        "404 ResourceNotFound: Resource does not exist"
    );
    assert!(
        region
            .refuses("GetTopicAttributes", json!({}))
            .contains("ValidationError")
    );
}

#[test]
fn a_topic_is_deleted_with_its_subscriptions_and_twice_without_complaint() {
    let mut region = Region::new();
    region.subscribe("email", "a@example.com").unwrap();
    for _ in 0..2 {
        region.ok("DeleteTopic", json!({"TopicArn": TOPIC}));
        assert_eq!(region.ok("ListTopics", json!({}))["Topics"], json!([]));
        assert_eq!(
            region.ok("ListSubscriptions", json!({}))["Subscriptions"],
            json!([])
        );
    }
}

#[test]
fn an_attribute_has_a_known_name_and_a_policy_its_form() {
    let mut region = Region::new();
    for (name, value, refusal) in [
        ("Colour", "red", "Invalid parameter: AttributeName"),
        ("DisplayName", &*"x".repeat(101), "Invalid parameter: DisplayName"),
        ("Policy", "{", "Invalid parameter: Policy Error: null"),
        (
            "Policy",
            r#"{"Statement": []}"#,
            "Invalid parameter: Policy statement list is empty",
        ),
        (
            "Policy",
            r#"{"Statement": {"Effect": "Allow", "Action": "SNS:Publish", "Resource": "*"}}"#,
            "Invalid parameter: Policy statement must have Principal",
        ),
        (
            "Policy",
            r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "SNS:*", "Resource": "*"}}"#,
            "Invalid parameter: Policy statement action out of service scope!",
        ),
        (
            "Policy",
            r#"{"Statement": [
                {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"},
                {"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}]}"#,
            "Invalid parameter: Policy statement ids must be unique",
        ),
    ] {
        let error = region.set(name, value).unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("InvalidParameter", refusal)
        );
    }
    let policy =
        r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "SNS:publish", "Resource": "*"}}"#;
    region.set("Policy", policy).unwrap();
    assert_eq!(region.attributes()["Policy"], policy);
    region.set("KmsMasterKeyId", "alias/aws/sns").unwrap();
    assert_eq!(region.attributes()["KmsMasterKeyId"], "alias/aws/sns");
    region.set("KmsMasterKeyId", "").unwrap();
    assert!(!region.attributes().contains_key("KmsMasterKeyId"));
}

#[test]
fn a_subscription_by_mail_waits_for_its_confirmation_and_each_request_sends_a_mail() {
    let mut region = Region::new();
    for _ in 0..2 {
        let told = region.subscribe("email", "A@example.com").unwrap();
        assert_eq!(told["SubscriptionArn"], "pending confirmation");
    }
    let pending = ("A@example.com".to_owned(), "PendingConfirmation".to_owned());
    assert_eq!(region.listed(2 * DAY - 1), [pending]);
    let kept = &region.0.regions["us-east-1"].sns.topics["alerts"].subscriptions[0];
    assert_eq!(json!(kept)["requests"], 2);
    assert_eq!(region.attributes()["SubscriptionsPending"], "1");

    let confirm = |token: &str| json!({"TopicArn": TOPIC, "Token": token});
    assert_eq!(
        region.refuses("ConfirmSubscription", confirm("b@example.com")),
        "400 InvalidParameter: Invalid parameter: Token"
    );
    let arn = region.ok("ConfirmSubscription", confirm("a@example.com"))["SubscriptionArn"].clone();
    assert_eq!(
        region.subscribe("email", "a@EXAMPLE.com").unwrap()["SubscriptionArn"],
        arn
    );
    assert_eq!(
        region.listed(100 * DAY),
        [("A@example.com".to_owned(), arn.as_str().unwrap().to_owned())]
    );
    assert_eq!(region.attributes()["SubscriptionsConfirmed"], "1");
}

#[test]
fn a_subscription_that_nobody_confirms_is_gone_after_two_days() {
    let mut region = Region::new();
    region.subscribe("email", "a@example.com").unwrap();
    assert_eq!(region.listed(2 * DAY), []);
    let confirm = json!({"TopicArn": TOPIC, "Token": "a@example.com"});
    let error = region
        .at(NOW + 2 * DAY, "ConfirmSubscription", confirm)
        .unwrap_err();
    assert_eq!(error.message, "Invalid parameter: Token");
}

#[test]
fn what_is_unsubscribed_is_listed_as_deleted_for_a_while() {
    let mut region = Region::new();
    let pending = json!({"SubscriptionArn": "PendingConfirmation"});
    assert!(
        region
            .refuses("Unsubscribe", pending)
            .contains("An ARN must have at least 6 elements, not 1")
    );
    region.subscribe("email", "a@example.com").unwrap();
    let arn = region.ok(
        "ConfirmSubscription",
        json!({"TopicArn": TOPIC, "Token": "a@example.com"}),
    );
    for _ in 0..2 {
        region.ok("Unsubscribe", arn.clone());
    }
    assert_eq!(
        region.listed(DAY),
        [("a@example.com".to_owned(), "Deleted".to_owned())]
    );
    assert_eq!(region.attributes()["SubscriptionsDeleted"], "1");
    region.subscribe("email", "a@example.com").unwrap();
    let again = ("a@example.com".to_owned(), "PendingConfirmation".to_owned());
    assert_eq!(region.listed(DAY), [again]);
    assert_eq!(region.listed(4 * DAY), []);
}

#[test]
fn an_endpoint_has_the_form_of_its_protocol() {
    let mut region = Region::new();
    for (protocol, endpoint, refusal) in [
        ("email", "nobody", "Invalid parameter: Email address"),
        (
            "https",
            "http://example.com",
            "Invalid parameter: Endpoint must match the specified protocol",
        ),
        (
            "pigeon",
            "coop",
            "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        ),
    ] {
        assert_eq!(region.subscribe(protocol, endpoint).unwrap_err().message, refusal);
    }
    region
        .subscribe("https", "https://me:secret@example.com/x")
        .unwrap();
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let arn = region.subscribe("sqs", queue).unwrap()["SubscriptionArn"].clone();
    assert_eq!(
        region.listed(0),
        [
            (
                "https://me:****@example.com/x".to_owned(),
                "PendingConfirmation".to_owned()
            ),
            (queue.to_owned(), arn.as_str().unwrap().to_owned()),
        ]
    );
}

#[test]
fn long_lists_come_in_pages() {
    let mut region = Region::new();
    for n in 0..150 {
        region.subscribe("email", &format!("a{n}@example.com")).unwrap();
    }
    let first = region.ok("ListSubscriptionsByTopic", json!({"TopicArn": TOPIC}));
    assert_eq!(first["Subscriptions"].as_array().unwrap().len(), 100);
    let input = json!({"TopicArn": TOPIC, "NextToken": first["NextToken"]});
    let rest = region.ok("ListSubscriptionsByTopic", input);
    assert_eq!(rest["Subscriptions"].as_array().unwrap().len(), 50);
    assert_eq!(rest["NextToken"], Value::Null);
}

#[test]
fn tags_are_merged_and_checked() {
    let mut region = Region::new();
    let tags = |pairs: &[(&str, &str)]| -> Vec<Value> {
        pairs
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect()
    };
    let add = |tags: Vec<Value>| json!({"ResourceArn": TOPIC, "Tags": tags});
    region.ok("TagResource", add(tags(&[("a", "1"), ("b", "2")])));
    region.ok("TagResource", add(tags(&[("b", "3")])));
    region.ok("UntagResource", json!({"ResourceArn": TOPIC, "TagKeys": ["a"]}));
    assert_eq!(
        region.ok("ListTagsForResource", json!({"ResourceArn": TOPIC})),
        json!({"Tags": tags(&[("b", "3")])})
    );
    for wrong in [tags(&[("aws:a", "1")]), tags(&[("c", "1"), ("c", "2")])] {
        assert_eq!(
            region.refuses("TagResource", add(wrong)),
            "400 InvalidParameter: Invalid parameter: Tags"
        );
    }
    let many: Vec<Value> = (0..50)
        .map(|n| json!({"Key": format!("k{n}"), "Value": ""}))
        .collect();
    assert!(
        region
            .refuses("TagResource", add(many))
            .contains("TagLimitExceeded")
    );
}

#[test]
fn a_subscription_has_a_filter_policy_until_an_empty_one_is_set() {
    let mut region = Region::new();
    region
        .subscribe("sqs", "arn:aws:sqs:us-east-1:123456789012:q")
        .unwrap();
    let arn = region.listed(0).remove(0).1;
    let set = |value: &str| json!({"SubscriptionArn": arn, "AttributeName": "FilterPolicy", "AttributeValue": value});
    let told = |region: &mut Region| -> BTreeMap<String, String> {
        let told = region.ok("GetSubscriptionAttributes", json!({"SubscriptionArn": arn}));
        read_entries(&json!({"entry": told["Attributes"]}))
            .into_iter()
            .collect()
    };
    assert!(!told(&mut region).contains_key("FilterPolicy"));
    region.ok("SetSubscriptionAttributes", set("{\"kind\": [\"x\"]}"));
    let attributes = told(&mut region);
    assert_eq!(attributes["FilterPolicy"], "{\"kind\": [\"x\"]}");
    assert_eq!(attributes["FilterPolicyScope"], "MessageAttributes");
    region.ok("SetSubscriptionAttributes", set("{}"));
    assert!(!told(&mut region).contains_key("FilterPolicy"));
    assert!(
        region
            .refuses("SetSubscriptionAttributes", set("x"))
            .contains("FilterPolicy")
    );
    let other = json!({"SubscriptionArn": format!("{TOPIC}:none")});
    assert_eq!(
        region.refuses("GetSubscriptionAttributes", other),
        "404 NotFound: Subscription does not exist"
    );
}

#[test]
fn the_id_of_a_deleted_principal_cannot_be_sent_back() {
    let mut region = Region::new();
    let policy = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE123"},
        "Action": "sns:Publish", "Resource": TOPIC}});
    region.set("Policy", &policy.to_string()).unwrap();
    let error = region.set("Policy", &policy.to_string()).unwrap_err();
    assert_eq!(
        error.message,
        "Invalid parameter: Policy Error: PrincipalNotFound"
    );
}
