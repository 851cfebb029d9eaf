//! The alerts topic from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::moto::Moto;

const ALERTS: &str = "[alerts]\ntopic = \"account-alerts\"\nemails = [\"security@example.com\"]\n\
                      https = [\"https://alerts.example.com/aws\"]\n";
const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
const ARN: &str = "arn:aws:sns:us-east-1:123456789012:account-alerts";

/// Somebody confirms, right before the next time that the subscriptions are listed.
const CONFIRMED: &str = r#"
[[event]]
before = "sns:ListSubscriptionsByTopic"
region = "us-east-1"
nth = 4

[[event.call]]
call = "sns:ConfirmSubscription"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Token = "security@example.com" }
"#;

/// A topic that was made by hand: its policy says what two services need in other words, lets a third party publish,
/// and has a statement of trueup's that somebody spoilt. Some listen to it already.
const BY_HAND: &str = r#"
[[call]]
call = "sns:CreateTopic"
[call.input]
Name = "account-alerts"
Tags = [{ Key = "team", Value = "web" }, { Key = "managed-by", Value = "hand" }]

[[call]]
call = "sns:SetTopicAttributes"
[call.input]
TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts"
AttributeName = "Policy"
AttributeValue = '''{"Version": "2008-10-17", "Id": "theirs", "Statement": [
  {"Sid": "partner", "Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "SNS:Publish",
   "Resource": "arn:aws:sns:us-east-1:123456789012:account-alerts"},
  {"Sid": "alarms", "Effect": "Allow", "Principal": {"Service": ["cloudwatch.amazonaws.com"]},
   "Action": ["SNS:Publish"], "Resource": ["arn:aws:sns:us-east-1:123456789012:account-alerts"],
   "Condition": {"StringEquals": {"AWS:SourceAccount": ["123456789012"]}}},
  {"Sid": "TrueupBudgets", "Effect": "Allow", "Principal": {"Service": "budgets.amazonaws.com"},
   "Action": "SNS:Publish", "Resource": "arn:aws:sns:us-east-1:123456789012:account-alerts"},
  {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:publish",
   "Resource": "arn:aws:sns:us-east-1:123456789012:account-alerts"}
]}'''

[[call]]
call = "sns:SetTopicAttributes"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", AttributeName = "DisplayName", AttributeValue = "Ops" }

[[call]]
call = "sns:Subscribe"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Protocol = "email", Endpoint = "Security@Example.com" }
[[call]]
call = "sns:ConfirmSubscription"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Token = "security@example.com" }

[[call]]
call = "sns:Subscribe"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Protocol = "email", Endpoint = "gone@example.com" }
[[call]]
call = "sns:ConfirmSubscription"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Token = "gone@example.com" }

[[call]]
call = "sns:Subscribe"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Protocol = "email", Endpoint = "asked@example.com" }
at = 4000000000

[[call]]
call = "sns:Subscribe"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Protocol = "sqs", Endpoint = "arn:aws:sqs:us-east-1:123456789012:q" }

[[call]]
call = "sns:CreateTopic"
input = { Name = "theirs" }
"#;

/// A topic whose key lets no service use it, and whose subscriber gets no message: its filter policy wants an attribute
/// that no alarm has.
const SILENT: &str = r#"
[[call]]
call = "kms:CreateKey"
input = {}
[[call]]
call = "sns:CreateTopic"
input = { Name = "account-alerts", Attributes = { entry = [{ key = "KmsMasterKeyId", value = "4dca29b4-fd88-80c0-6b9f-6edacd3e9076" }] }, Tags = [{ Key = "team", Value = "web" }] }
[[call]]
call = "sns:Subscribe"
[call.input]
TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts"
Protocol = "email"
Endpoint = "security@example.com"
Attributes = { entry = [{ key = "FilterPolicy", value = '{"kind": ["x"]}' }] }
[[call]]
call = "sns:ConfirmSubscription"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Token = "security@example.com" }
[[call]]
call = "sns:Subscribe"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Protocol = "email", Endpoint = "gone@example.com" }
[[call]]
call = "sns:ConfirmSubscription"
input = { TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts", Token = "gone@example.com" }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let exactly = format!("{TAGS}{ALERTS}only = true\n");
    vec![(
        SILENT,
        vec![
            exactly.clone(),
            "[alerts]\nstate = \"absent\"\n".to_owned(),
            exactly,
        ],
    )]
}

impl Folder {
    fn topics(&self) -> Value {
        self.region("us-east-1")["sns"]["topics"].clone()
    }

    fn statements(&self) -> Vec<Value> {
        let policy = self.topics()["account-alerts"]["policy"].clone();
        let policy: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
        policy["Statement"].as_array().unwrap().clone()
    }

    /// The calls alone: the topic lives in one region.
    #[track_caller]
    fn alerts_become(&self, baseline: &str, writes: &[&str]) {
        let writes: Vec<String> = writes
            .iter()
            .map(|operation| format!("us-east-1 sns:{operation}"))
            .collect();
        let writes: Vec<&str> = writes.iter().map(String::as_str).collect();
        self.becomes(baseline, &writes);
    }

    /// Changes a topic behind trueup's back.
    fn edit_topic(&self, change: impl FnOnce(&mut Value)) {
        self.alter(|account| change(&mut account["regions"]["us-east-1"]["sns"]["topics"]["account-alerts"]));
    }

    #[track_caller]
    fn alerts_plan(&self, steps: &[&str]) {
        let planned = self.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
        let planned: Value = serde_json::from_str(&planned).unwrap();
        let all = planned["steps"].as_array().unwrap().iter();
        let titles: Vec<&str> = all.map(|step| step["title"].as_str().unwrap()).collect();
        assert_eq!(titles, steps);
    }
}

/// How many mails went to each address, in the order of the subscriptions.
fn mails(topic: &Value) -> Vec<(String, u64)> {
    let all = topic["subscriptions"].as_array().unwrap().iter();
    all.map(|one| {
        (
            one["endpoint"].as_str().unwrap().to_owned(),
            one["requests"].as_u64().unwrap(),
        )
    })
    .collect()
}

#[test]
fn a_new_topic_is_made_with_its_policy_and_its_listeners_wait_for_a_person() {
    let folder = Folder::new();
    folder.alerts_become(
        &format!("{TAGS}{ALERTS}"),
        &["CreateTopic", "SetTopicAttributes", "Subscribe", "Subscribe"],
    );
    let topic = folder.topics()["account-alerts"].clone();
    assert_eq!(topic["tags"], json!({"managed-by": "trueup"}));
    let sids: Vec<Value> = folder.statements().iter().map(|one| one["Sid"].clone()).collect();
    assert_eq!(
        sids,
        [
            "__default_statement_ID",
            "TrueupCloudWatch",
            "TrueupBudgets",
            "TrueupCostAlerts",
            "TrueupEventBridge"
        ]
    );
    // However often it is looked at and applied, each gets one mail.
    for _ in 0..2 {
        folder.alerts_become(&format!("{TAGS}{ALERTS}"), &[]);
    }
    let mut sent = mails(&folder.topics()["account-alerts"]);
    sent.sort();
    assert_eq!(
        sent,
        [
            ("https://alerts.example.com/aws".to_owned(), 1),
            ("security@example.com".to_owned(), 1)
        ]
    );
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("security@example.com has to confirm")
        .says("https://alerts.example.com/aws has to confirm");
    // An export wants the same, also of those who have not confirmed.
    let export = folder.sandbox(&["export", "--only", "alerts"]).expect(0);
    let export = export
        .says("topic = \"account-alerts\"")
        .says("security@example.com");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn nothing_is_left_to_do_once_everybody_has_confirmed() {
    let folder = Folder::new();
    folder.world(CONFIRMED);
    let by_mail = "[alerts]\ntopic = \"account-alerts\"\nemails = [\"security@example.com\"]\n";
    folder.write("b.toml", by_mail);
    folder.apply().expect(0);
    for _ in 0..4 {
        folder.sandbox(&["plan", "b.toml"]).expect(0);
    }
    folder
        .sandbox(&[
            "plan",
            "b.toml",
            "--detailed-exitcode",
            "--fail-on",
            "needs-person",
        ])
        .expect(0)
        .says("No changes. The account is true to b.toml.");
    assert_eq!(
        folder.topics()["account-alerts"]["subscriptions"][0]["status"],
        "confirmed"
    );
}

#[test]
fn a_topic_that_exists_is_adopted_with_the_fewest_writes_and_keeps_what_is_others() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let before = folder.topics();
    let old = folder.statements();
    // A topic that lacks something is no reason to write that there is none, which would delete it.
    folder
        .sandbox(&["export", "--only", "alerts"])
        .expect(0)
        .says("Not managed here: ")
        .says("allow cost alerts to publish to the topic");
    let by_mail = "[alerts]\ntopic = \"account-alerts\"\nemails = [\"security@example.com\", \"ASKED@example.com\"]\nonly = true\n";
    folder
        .write("b.toml", &format!("{TAGS}{by_mail}"))
        .forget_exchanges();
    // Addresses that differ in their case alone are no difference.
    let shown = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    assert!(!shown.contains("Security@Example.com"), "{shown}");
    folder.alerts_plan(&[
        "tag the SNS topic: managed-by = \"trueup\"",
        "allow cost alerts to publish to the topic",
        "unsubscribe gone@example.com",
    ]);
    // To unsubscribe somebody needs consent.
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow alerts");
    folder.apply().expect(0);
    let mut writes = folder.writes();
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 sns:SetTopicAttributes",
            "us-east-1 sns:TagResource",
            "us-east-1 sns:Unsubscribe"
        ]
    );
    folder.is_true();
    let after = folder.topics();
    assert_eq!(after["theirs"], before["theirs"]);
    let topic = &after["account-alerts"];
    assert_eq!(topic["tags"], json!({"managed-by": "trueup", "team": "web"}));
    assert_eq!(topic["attributes"], json!({"DisplayName": "Ops"}));
    assert_eq!(mails(topic), mails(&before["account-alerts"]));
    let new = folder.statements();
    // What is there stays byte for byte, also where it says what trueup wants in other words or allows more.
    assert_eq!(new[..4], old[..]);
    assert_eq!(new[4]["Sid"], "TrueupCostAlerts");
    assert_eq!(new.len(), 5);
    let policy: Value = serde_json::from_str(topic["policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&policy["Version"], &policy["Id"]),
        (&json!("2008-10-17"), &json!("theirs"))
    );
}

#[test]
fn a_topic_named_by_its_arn_is_used_and_not_made() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("[alerts]\ntopic_arn = \"{ARN}\"\n"));
    folder.apply().expect(3).says("there is no topic");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.world(BY_HAND);
    folder.alerts_become(
        &format!("[alerts]\ntopic_arn = \"{ARN}\"\n"),
        &["SetTopicAttributes"],
    );
    assert_eq!(
        folder.topics()["account-alerts"]["subscriptions"]
            .as_array()
            .unwrap()
            .len(),
        4
    );

    let foreign = ARN.replace("123456789012", "999988887777");
    folder.alerts_become(&format!("[alerts]\ntopic_arn = \"{foreign}\"\n"), &[]);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("belongs to account 999988887777");
}

#[test]
fn what_was_taken_away_is_the_one_thing_that_is_planned() {
    let folder = Folder::new();
    folder.alerts_become(
        ALERTS,
        &["CreateTopic", "SetTopicAttributes", "Subscribe", "Subscribe"],
    );
    folder.edit_topic(|topic| {
        let policy = topic["policy"].as_str().unwrap();
        let mut policy: Value = serde_json::from_str(policy).unwrap();
        policy["Statement"]
            .as_array_mut()
            .unwrap()
            .retain(|one| one["Sid"] != "TrueupEventBridge");
        topic["policy"] = policy.to_string().into();
    });
    folder.alerts_plan(&["allow EventBridge to publish to the topic"]);
    folder.alerts_become(ALERTS, &["SetTopicAttributes"]);
    // Two days later nobody has confirmed, and AWS has dropped it.
    folder.edit_topic(|topic| {
        for one in topic["subscriptions"].as_array_mut().unwrap() {
            if one["protocol"] == "email" {
                one["since"] = 0.into();
            }
        }
    });
    folder.alerts_plan(&["subscribe security@example.com, who must confirm by mail"]);
    folder.alerts_become(ALERTS, &["Subscribe"]);
    // Somebody unsubscribed: SNS lists that for some days.
    folder.edit_topic(|topic| {
        for one in topic["subscriptions"].as_array_mut().unwrap() {
            if one["protocol"] == "https" {
                one["status"] = "deleted".into();
            }
        }
    });
    folder.alerts_plan(&["subscribe https://alerts.example.com/aws, which must confirm"]);
    folder.alerts_become(ALERTS, &["Subscribe"]);
    // A policy in other words is the same policy.
    folder.edit_topic(|topic| {
        let policy = topic["policy"].as_str().unwrap();
        let mut policy: Value = serde_json::from_str(policy).unwrap();
        for one in policy["Statement"].as_array_mut().unwrap() {
            one["Action"] = match &one["Action"] {
                Value::String(action) => json!([action.to_uppercase()]),
                several => several.as_array().unwrap().iter().rev().cloned().collect(),
            };
            if let Some(account) = one.pointer_mut("/Condition/StringEquals/aws:SourceAccount") {
                *account = json!([account]);
            }
        }
        policy["Statement"].as_array_mut().unwrap().reverse();
        topic["policy"] = policy.to_string().into();
    });
    folder.alerts_become(ALERTS, &[]);
}

#[test]
fn a_topic_that_somebody_makes_meanwhile_under_other_tags_is_used() {
    let folder = Folder::new();
    folder.world(
        r#"
        [[event]]
        before = "sns:CreateTopic"
        region = "us-east-1"

        [[event.call]]
        call = "sns:CreateTopic"
        input = { Name = "account-alerts", Tags = [{ Key = "team", Value = "web" }] }
        "#,
    );
    folder.write("b.toml", &format!("{TAGS}[alerts]\ntopic = \"account-alerts\"\n"));
    folder.apply().expect(0);
    assert_eq!(
        folder.topics()["account-alerts"]["tags"],
        json!({"managed-by": "trueup", "team": "web"})
    );
    folder.is_true();
}

#[test]
fn switched_off_the_topic_goes_and_topics_of_others_stay() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write("b.toml", ALERTS);
    folder.apply().expect(0);
    folder
        .write("b.toml", "[alerts]\nstate = \"absent\"\n")
        .forget_exchanges();
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow alerts");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.alerts_become("[alerts]\nstate = \"absent\"\n", &["DeleteTopic"]);
    let left: Vec<String> = folder.topics().as_object().unwrap().keys().cloned().collect();
    assert_eq!(left, ["theirs"]);
    // The export of an account without alerts has none, and wants none.
    let export = folder.sandbox(&["export", "--only", "alerts"]).expect(0);
    folder.write("b.toml", &export.says("[alerts]\nstate = \"absent\"").stdout);
    folder.is_true();
}

#[test]
fn a_budget_that_tells_the_topic_waits_until_it_may_publish() {
    let folder = Folder::new();
    let budget = "[budgets.monthly]\namount = \"100\"\nunit = \"USD\"\nperiod = \"monthly\"\n\
                  notifications = [{ on = \"actual\", above_percent = 80, to = [\"topic\"] }]\n";
    folder.write("b.toml", budget);
    folder
        .run(&["validate", "b.toml"])
        .expect(1)
        .complains("speaks of [alerts], which the file does not manage");
    folder.becomes(
        &format!("{budget}[alerts]\ntopic = \"account-alerts\"\n"),
        &[
            "us-east-1 sns:CreateTopic",
            "us-east-1 sns:SetTopicAttributes",
            "us-east-1 budgets:CreateBudget",
        ],
    );
    let told = &folder.account()["budgets"]["budgets"]["monthly"]["notifications"][0]["Subscribers"];
    assert_eq!(told[0]["Address"], ARN, "{told}");
}

#[test]
fn the_topic_is_in_the_home_region() {
    let folder = Folder::new();
    let home = "[account]\nhome_region = \"eu-west-1\"\n";
    folder.becomes(
        &format!("{home}[alerts]\ntopic = \"account-alerts\"\n"),
        &["eu-west-1 sns:CreateTopic", "eu-west-1 sns:SetTopicAttributes"],
    );
    assert_eq!(folder.topics(), json!({}));
    folder.write("b.toml", &format!("{home}[alerts]\ntopic_arn = \"{ARN}\"\n"));
    folder.apply().expect(3).says("the topic is in us-east-1");
}

#[test]
fn who_may_not_look_at_the_topic_is_told_so() {
    for (by, said) in [
        ("iam", "AuthorizationError"),
        ("scp", "denied by the organization"),
    ] {
        let folder = Folder::new();
        folder.world(&format!(
            "[[deny]]\naction = \"sns:GetTopicAttributes\"\nby = \"{by}\"\n"
        ));
        folder.write("b.toml", ALERTS);
        let ended = folder.sandbox(&["plan", "b.toml"]);
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
        assert_eq!(folder.writes(), Vec::<String>::new());
    }
}

#[test]
fn subscribers_that_the_file_does_not_name_stay() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let by_mail = "[alerts]\ntopic = \"account-alerts\"\nemails = [\"security@example.com\"]\n";
    folder.alerts_become(by_mail, &["SetTopicAttributes"]);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("also subscribed, and kept: gone@example.com");
    folder.alerts_become(&format!("{by_mail}only = true\n"), &["Unsubscribe"]);
}

#[test]
fn only_the_services_that_the_file_uses_have_to_be_allowed_to_publish() {
    let folder = Folder::new();
    let budget = "[alerts]\ntopic = \"account-alerts\"\n[budgets.monthly]\namount = \"100\"\nunit = \"USD\"\n\
                  period = \"monthly\"\nnotifications = [{ on = \"actual\", above_percent = 80, to = [\"topic\"] }]\n";
    folder.write("b.toml", budget);
    folder.apply().expect(0);
    folder.is_true();
    let sids: Vec<Value> = folder.statements().iter().map(|one| one["Sid"].clone()).collect();
    assert_eq!(sids, ["__default_statement_ID", "TrueupBudgets"]);
    // What another file has put there stays.
    folder.alerts_become(
        "[alerts]\ntopic = \"account-alerts\"\npublishers = [\"eventbridge\"]\n",
        &["SetTopicAttributes"],
    );
    assert_eq!(folder.statements().len(), 3);
}

#[test]
fn a_topic_that_delivers_nothing_is_repaired_as_far_as_trueup_can() {
    let folder = Folder::new();
    folder.world(SILENT);
    let alerts = "[alerts]\ntopic = \"account-alerts\"\nemails = [\"security@example.com\"]\n";
    folder.write("b.toml", alerts);
    folder.apply().expect(0);
    let mut writes = folder.writes();
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 sns:SetSubscriptionAttributes",
            "us-east-1 sns:SetTopicAttributes"
        ]
    );
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("allow CloudWatch, Budgets, cost alerts, EventBridge to use it")
        .says("\"kms:GenerateDataKey*\"");
    let edit_key = |change: &dyn Fn(&mut Value)| {
        folder.alter(|account| {
            let keys = &mut account["regions"]["us-east-1"]["kms"]["keys"];
            change(keys.as_object_mut().unwrap().values_mut().next().unwrap());
        });
    };
    edit_key(&|key| {
        let services =
            ["cloudwatch", "budgets", "costalerts", "events"].map(|name| format!("{name}.amazonaws.com"));
        let statement = json!({"Sid": "TrueupAlerts", "Effect": "Allow", "Principal": {"Service": services},
                               "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"});
        key["policy"] = json!({"Version": "2012-10-17", "Statement": [statement]})
            .to_string()
            .into();
    });
    folder.is_true();
    edit_key(&|key| key["state"] = "PendingDeletion".into());
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("PendingDeletion");
}

#[test]
fn a_key_that_may_not_be_read_is_not_taken_for_a_no() {
    let folder = Folder::new();
    folder.world(&format!(
        "{SILENT}[[deny]]\naction = \"kms:DescribeKey\"\nby = \"iam\"\n"
    ));
    folder.write("b.toml", "[alerts]\ntopic = \"account-alerts\"\n");
    folder.apply().expect(0);
    folder.is_true();
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("(kms:DescribeKey is denied)");
}

#[test]
fn a_deleted_principal_is_named_and_left_out_of_the_policy() {
    let folder = Folder::new();
    folder.world(
        r#"
        [[call]]
        call = "sns:CreateTopic"
        input = { Name = "account-alerts" }
        [[call]]
        call = "sns:SetTopicAttributes"
        [call.input]
        TopicArn = "arn:aws:sns:us-east-1:123456789012:account-alerts"
        AttributeName = "Policy"
        AttributeValue = '{"Statement": [{"Sid": "old-user", "Effect": "Allow", "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE123"}, "Action": "sns:Publish", "Resource": "*"}]}'
        "#,
    );
    folder.write("b.toml", "[alerts]\ntopic = \"account-alerts\"\n");
    folder.alerts_plan(&[
        "allow CloudWatch, Budgets, cost alerts, EventBridge to publish to the topic, without the deleted principals \
         AIDAEXAMPLEEXAMPLE123 (statement old-user)",
    ]);
    folder.apply().expect(0);
    folder.is_true();
    assert_eq!(folder.statements().len(), 4);
}

#[test]
fn a_deny_of_others_is_named_and_nothing_is_written() {
    let folder = Folder::new();
    folder.alerts_become(
        "[alerts]\ntopic = \"account-alerts\"\n",
        &["CreateTopic", "SetTopicAttributes"],
    );
    folder.edit_topic(|topic| {
        let mut policy: Value = serde_json::from_str(topic["policy"].as_str().unwrap()).unwrap();
        policy["Statement"]
            .as_array_mut()
            .unwrap()
            .push(json!({"Sid": "Perimeter", "Effect": "Deny",
            "Principal": "*", "Action": "sns:*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}));
        topic["policy"] = policy.to_string().into();
    });
    folder.forget_exchanges();
    folder
        .apply()
        .expect(3)
        .says("statement Perimeter of the topic's policy denies");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn moto_sees_the_topic_and_who_hears_of_it() {
    let moto = Moto::start();
    // An address of an example's domain would be refused. Moto sends no mail.
    let alerts = "[account]\nid = \"123456789012\"\n[tags]\nmanaged-by = \"trueup\"\n\
                  [alerts]\ntopic = \"account-alerts\"\nemails = [\"security@trueup.dev\"]\n";
    moto.folder.write("b.toml", alerts);
    moto.trueup(&["apply", "b.toml", "--auto-approve"])
        .expect(0)
        .says("The account is true to b.toml.");
    let topics = moto.look(&["us-east-1"])["topics"].clone();
    let topics = topics.as_array().unwrap();
    assert_eq!(topics.len(), 1);
    assert_eq!(topics[0]["TopicArn"], ARN);
    assert_eq!(topics[0]["Tags"], json!({"managed-by": "trueup"}));
    assert_eq!(
        topics[0]["Subscriptions"],
        json!([["email", "security@trueup.dev"]])
    );
    let policy: Value = serde_json::from_str(topics[0]["Policy"].as_str().unwrap()).unwrap();
    let services: Vec<&Value> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["Principal"].get("Service"))
        .collect();
    assert_eq!(
        services,
        [
            "cloudwatch.amazonaws.com",
            "budgets.amazonaws.com",
            "costalerts.amazonaws.com",
            "events.amazonaws.com"
        ]
    );
    moto.trueup(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("No changes. The account is true to b.toml.");
    moto.folder.write(
        "b.toml",
        "[account]\nid = \"123456789012\"\n[alerts]\nstate = \"absent\"\n",
    );
    moto.apply().expect(0);
    assert_eq!(moto.look(&["us-east-1"])["topics"], json!([]));
}
