use trueup_core::control::Relied;
use trueup_core::env::{Env, Run};

use serde_json::{Value, json};
use trueup_policy::Policy;

use super::model::{Filter, Key, KeyKind, Protocol, Subscription};
use super::*;
use crate::testing::{self, found_in};

const ARN: &str = "arn:aws:sns:us-east-1:111122223333:account-alerts";

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn example() -> Model {
    let table: toml::Table = Alerts::DOC.example.parse().unwrap();
    table[Alerts::NAME].clone().try_into().unwrap()
}

fn env() -> Env {
    Env {
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        home: "us-east-1".parse().unwrap(),
        enabled: vec!["us-east-1".parse().unwrap()],
        run: Run::default(),
    }
}

fn subscribed(protocol: Protocol, endpoint: &str, confirmed: bool) -> Subscription {
    Subscription {
        protocol,
        endpoint: endpoint.to_owned(),
        arn: confirmed.then(|| format!("{ARN}:{endpoint}")),
        filter: None,
    }
}

/// The policy that trueup writes.
fn policy() -> Policy {
    let statements = Publisher::ALL.iter();
    Policy::of(statements.map(|publisher| publisher.statement(ARN, &env())))
}

/// A topic with this policy, and one confirmed subscriber.
fn with_policy(statements: Value) -> Observed<Model, Ids> {
    let mut seen = live(vec![subscribed(Protocol::Email, "security@example.com", true)]);
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    seen.ids.policy = Some(document.to_string().parse().unwrap());
    seen
}

/// The statements of a policy, to be changed.
fn statements(policy: &Policy) -> Vec<Value> {
    json!(policy)["Statement"].as_array().unwrap().clone()
}

/// A topic as `fetch` reads one, with these subscriptions.
fn live(subscriptions: Vec<Subscription>) -> Observed<Model, Ids> {
    let of = |protocol: Protocol| {
        let all = subscriptions.iter().filter(move |one| one.protocol == protocol);
        all.map(|one| one.endpoint.clone())
    };
    Observed {
        model: Model {
            topic: Some("account-alerts".to_owned()),
            emails: Some(of(Protocol::Email).map(|one| one.parse().unwrap()).collect()),
            https: Some(of(Protocol::Https).map(|one| one.try_into().unwrap()).collect()),
            ..Model::default()
        },
        ids: Ids {
            arn: Some(ARN.to_owned()),
            policy: Some(policy()),
            subscriptions,
            ..Ids::default()
        },
        held_by: None,
    }
}

fn absent() -> Observed<Model, Ids> {
    Observed::of(model("state = \"absent\""))
}

fn plan(want: &Model, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<Alerts>(want, seen))
}

fn run(tags: &[(&str, &str)]) -> Run {
    let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Run {
        tags: tags.collect(),
        ..Run::default()
    }
}

#[test]
fn a_new_account_gets_a_topic_that_may_be_published_to_and_listeners() {
    insta::assert_snapshot!(plan(&example(), &absent()), @r"
    create the SNS topic `account-alerts` [safe]
    allow CloudWatch, Budgets, cost alerts, EventBridge to publish to the topic [safe]
      after create the SNS topic `account-alerts`
    subscribe security@example.com, who must confirm by mail [safe]
      after allow CloudWatch, Budgets, cost alerts, EventBridge to publish to the topic
    ");
    let out = found_in::<Alerts>(&example(), &absent(), run(&[("team", "web")]));
    assert_eq!(
        out.steps[0].action,
        Action::Create {
            name: "account-alerts".to_owned(),
            tags: run(&[("team", "web")]).tags,
        }
    );
    // Who needs the topic waits for both.
    for step in &out.steps[..2] {
        assert_eq!(step.provides, [TOPIC.at(&Location::Account), topic(ARN)]);
    }
}

#[test]
fn each_service_may_publish_for_this_account_and_events_without_a_condition() {
    let statements: Vec<String> = policy()
        .statements()
        .iter()
        .map(|statement| serde_json::to_string(statement).unwrap())
        .collect();
    insta::assert_snapshot!(statements.join("\n"), @r#"
    {"Effect":"Allow","Sid":"TrueupCloudWatch","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111122223333:account-alerts","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}
    {"Effect":"Allow","Sid":"TrueupBudgets","Principal":{"Service":"budgets.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111122223333:account-alerts","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:budgets::111122223333:*"}}}
    {"Effect":"Allow","Sid":"TrueupCostAlerts","Principal":{"Service":"costalerts.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111122223333:account-alerts","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}
    {"Effect":"Allow","Sid":"TrueupEventBridge","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111122223333:account-alerts"}
    "#);
}

#[test]
fn a_topic_as_wanted_needs_nothing() {
    let seen = live(vec![
        subscribed(Protocol::Email, "Security@Example.COM", true),
        subscribed(Protocol::Https, "https://me:****@alerts.example.com/x", true),
    ]);
    let want = Model {
        https: Some(vec![
            "https://me:secret@alerts.example.com/x"
                .to_owned()
                .try_into()
                .unwrap(),
        ]),
        ..example()
    };
    assert_eq!(plan(&want, &seen), "");
    // What is not written is not managed.
    assert_eq!(plan(&model("topic = \"account-alerts\""), &seen), "");
    assert_eq!(plan(&model(&format!("topic_arn = \"{ARN}\"")), &seen), "");
}

#[test]
fn who_has_not_confirmed_is_a_persons_task_and_never_asked_again() {
    let seen = live(vec![
        subscribed(Protocol::Email, "security@example.com", false),
        subscribed(Protocol::Https, "https://a.example.com", false),
        subscribed(Protocol::Email, "old@example.com", false),
    ]);
    let want = Model {
        https: Some(vec!["https://a.example.com".to_owned().try_into().unwrap()]),
        ..example()
    };
    insta::assert_snapshot!(plan(&want, &seen), @r#"
    person: security@example.com has to confirm, by the link in the mail "AWS Notification - Subscription Confirmation"; AWS drops what nobody confirms within two days, and the next apply asks anew
    person: https://a.example.com has to confirm, by opening the SubscribeURL that SNS has posted to it; AWS drops what is not confirmed within two days, and the next apply asks anew
    note: old@example.com was asked to hear of it and is not wanted; AWS drops that by itself unless somebody confirms
    "#);
    // Somebody was asked twice and has confirmed once.
    let seen = live(vec![
        subscribed(Protocol::Email, "Security@example.com", false),
        subscribed(Protocol::Email, "security@example.com", true),
    ]);
    assert_eq!(plan(&example(), &seen), "");
}

#[test]
fn other_subscribers_stay_unless_the_lists_are_to_be_exact() {
    let seen = live(vec![
        subscribed(Protocol::Email, "gone@example.com", true),
        subscribed(Protocol::Https, "https://me:****@gone.example.com", true),
    ]);
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    subscribe security@example.com, who must confirm by mail [safe]
    note: also subscribed, and kept: gone@example.com (`only = true` unsubscribes what the file does not name)
    ");
    let exactly = |want: Model| Model {
        only: Some(true),
        ..want
    };
    insta::assert_snapshot!(plan(&exactly(example()), &seen), @r"
    subscribe security@example.com, who must confirm by mail [safe]
    unsubscribe gone@example.com [destructive]
      ! nothing reaches it any more, and it would have to confirm again
    ");
    let want = model("topic = \"account-alerts\"\nhttps = [\"https://me:secret@new.example.com\"]");
    insta::assert_snapshot!(plan(&exactly(want), &seen), @r"
    subscribe https://me:****@new.example.com, which must confirm [safe]
    unsubscribe https://me:****@gone.example.com [destructive]
      ! nothing reaches it any more, and it would have to confirm again
    ");
    let none = model("topic = \"account-alerts\"\nemails = []");
    insta::assert_snapshot!(plan(&exactly(none), &seen), @r"
    unsubscribe gone@example.com [destructive]
      ! nothing reaches it any more, and it would have to confirm again
    ");
}

#[test]
fn a_filter_policy_that_lets_no_message_through_is_removed() {
    let with = |filter: Filter| {
        let mut seen = live(vec![subscribed(Protocol::Email, "security@example.com", true)]);
        seen.ids.subscriptions[0].filter = Some(filter);
        plan(&example(), &seen)
    };
    insta::assert_snapshot!(with(Filter::Attributes), @"remove the filter policy of the subscription of security@example.com [safe]");
    insta::assert_snapshot!(with(Filter::Body), @"note: the subscription of security@example.com filters messages by their body; trueup cannot tell which ones are delivered");
}

#[test]
fn a_topic_is_in_sync_in_any_shape_that_lets_its_publishers_publish() {
    let service = |name: &str| json!({"Service": format!("{name}.amazonaws.com")});
    let all = json!({"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com",
                                 "events.amazonaws.com"]});
    let allow = |principal: &Value, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "SNS:Publish", "Resource": ARN, "Condition": condition});
    let events = || allow(&service("events"), json!({}));
    let others = || json!({"Service": all["Service"].as_array().unwrap()[..3]});
    for (why, statements) in [
        ("one statement for all services", json!([allow(&all, json!({}))])),
        (
            "wildcards",
            json!([{"Effect": "Allow", "Principal": all, "Action": "sns:P*", "Resource": "*"}]),
        ),
        ("every principal", json!([allow(&json!("*"), json!({}))])),
        (
            "StringLike",
            json!([
                events(),
                allow(&others(), json!({"StringLike": {"aws:SourceAccount": "1111*"}}))
            ]),
        ),
        (
            "ForAllValues and another case of the key",
            json!([
                events(),
                allow(
                    &others(),
                    json!({"StringEquals": {"AWS:SOURCEACCOUNT": ["111122223333", "x"]}})
                )
            ]),
        ),
        (
            "alarms by their ARN, and by the owner that SNS's own policy for new topics asks for",
            json!([
                events(),
                allow(
                    &service("cloudwatch"),
                    json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:111122223333:alarm:*"}})
                ),
                allow(
                    &json!({"AWS": "*"}),
                    json!({"StringEquals": {"AWS:SourceOwner": "111122223333"}})
                ),
                allow(
                    &service("budgets"),
                    json!({"ArnEquals": {"aws:SourceArn": "arn:aws:budgets::111122223333:*"}})
                ),
                allow(&service("costalerts"), json!({})),
            ]),
        ),
        (
            "a Deny of plain HTTP, and of principals of other organizations that exempts services",
            json!([
                allow(&all, json!({})),
                {"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": ARN,
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                {"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": ARN,
                 "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}},
            ]),
        ),
        (
            "NotAction and NotResource",
            json!([{"Effect": "Allow", "Principal": all, "NotAction": "sns:DeleteTopic", "Resource": "*"}]),
        ),
    ] {
        assert_eq!(plan(&example(), &with_policy(statements)), "", "{why}");
    }
}

#[test]
fn a_publisher_that_the_policy_keeps_out_is_let_in() {
    let told = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = statements(&policy());
        change(&mut all);
        plan(&example(), &with_policy(json!(all)))
    };
    // The statement is missing, denies, is for another account or topic, or asks for what the service does not send.
    let let_in = "allow CloudWatch to publish to the topic [safe]";
    assert_eq!(told(&|all| drop(all.remove(0))), let_in);
    assert_eq!(told(&|all| all[0]["Effect"] = json!("Deny")), let_in);
    assert_eq!(
        told(&|all| all[0]["Resource"] = json!(format!("{ARN}-2"))),
        let_in
    );
    assert_eq!(told(&|all| all[0]["Action"] = json!("sns:Subscribe")), let_in);
    assert_eq!(
        told(&|all| all[0]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "999988887777"}})),
        let_in
    );
    assert_eq!(
        told(&|all| all[0]["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        let_in
    );
    // EventBridge says nothing of itself.
    assert_eq!(
        told(&|all| all[3]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "111122223333"}})),
        "allow EventBridge to publish to the topic [safe]"
    );
    // Only what is in use has to be let in, and nothing is taken away.
    let alarms = Model {
        publishers: Some(BTreeSet::from([Publisher::CloudWatch])),
        ..example()
    };
    let only_alarms = with_policy(json!([statements(&policy())[0]]));
    assert_eq!(plan(&alarms, &only_alarms), "");
    assert_eq!(plan(&alarms, &with_policy(json!(statements(&policy())))), "");
    let out = testing::found::<Alerts>(&example(), &only_alarms);
    assert_eq!(
        testing::told(&out),
        "allow Budgets, cost alerts, EventBridge to publish to the topic [safe]"
    );
    assert_eq!(out.steps[0].provides, [TOPIC.at(&Location::Account), topic(ARN)]);
}

#[test]
fn a_deny_of_others_beside_the_right_statements_blocks_and_one_that_is_unclear_is_noted() {
    let beside = |condition: Value| {
        let mut all = statements(&policy());
        all.push(json!({"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": ARN,
                        "Condition": condition}));
        plan(&example(), &with_policy(json!(all)))
    };
    insta::assert_snapshot!(beside(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})), @r#"refused for publishers: statement Perimeter of the topic's policy denies sns:Publish to CloudWatch, Budgets, cost alerts, EventBridge, and trueup removes no statement of others; remove it, or exempt AWS services by the condition "Bool": {"aws:PrincipalIsAWSService": "false"}"#);
    insta::assert_snapshot!(beside(json!({"StringEquals": {"aws:SourceAccount": "111122223333"}})), @r#"refused for publishers: statement Perimeter of the topic's policy denies sns:Publish to CloudWatch, Budgets, cost alerts, and trueup removes no statement of others; remove it, or exempt AWS services by the condition "Bool": {"aws:PrincipalIsAWSService": "false"}"#);
    insta::assert_snapshot!(beside(json!({"StringEquals": {"aws:SourceOrgID": "o-1"}})), @"note: cannot tell whether the topic's policy allows CloudWatch, Budgets, cost alerts to publish (statement Perimeter: cannot tell: the value of aws:sourceorgid is unknown)");
}

#[test]
fn deleted_principals_are_named_and_left_out_where_the_policy_is_written() {
    let mut all = statements(&policy());
    all[0] = json!({"Sid": "old-user", "Effect": "Allow", "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE123"},
                    "Action": "sns:Publish", "Resource": ARN});
    insta::assert_snapshot!(plan(&example(), &with_policy(json!(all))), @"allow CloudWatch to publish to the topic, without the deleted principals AIDAEXAMPLEEXAMPLE123 (statement old-user) [safe]");
    // They do no harm where nothing has to be written.
    all.push(statements(&policy())[0].clone());
    assert_eq!(plan(&example(), &with_policy(json!(all))), "");
}

#[test]
fn tags_are_added_beside_those_of_others() {
    let mut seen = live(vec![subscribed(Protocol::Email, "security@example.com", true)]);
    seen.ids.tags = run(&[("theirs", "x"), ("team", "web")]).tags;
    let out = found_in::<Alerts>(
        &example(),
        &seen,
        run(&[("team", "ops"), ("managed-by", "trueup")]),
    );
    insta::assert_snapshot!(
        testing::told(&out),
        @r#"tag the SNS topic: managed-by = "trueup", team = "ops" [safe]"#
    );
    let out = found_in::<Alerts>(&example(), &seen, run(&[("team", "web")]));
    assert_eq!(testing::told(&out), "");
}

#[test]
fn a_key_that_keeps_publishers_out_is_a_manual_task() {
    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd";
    let with = |kind: KeyKind| {
        let mut seen = live(vec![subscribed(Protocol::Email, "security@example.com", true)]);
        let id = "alias/alerts".to_owned();
        seen.ids.key = Some(Key { id, kind });
        plan(&example(), &seen)
    };
    let own = |statements: Value| KeyKind::Own {
        arn: KEY.to_owned(),
        policy: json!({"Statement": statements}).to_string().parse().unwrap(),
    };
    let root = || {
        json!({"Sid": "Enable IAM User Permissions", "Effect": "Allow",
               "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"})
    };
    let services = |condition: Value| {
        let services =
            ["cloudwatch", "budgets", "costalerts", "events"].map(|name| format!("{name}.amazonaws.com"));
        json!({"Sid": "Alerts", "Effect": "Allow", "Principal": {"Service": services},
               "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*", "Condition": condition})
    };
    let deny = |condition: Value| {
        json!({"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
               "Condition": condition})
    };
    assert_eq!(with(own(json!([root(), services(json!({}))]))), "");
    insta::assert_snapshot!(with(own(json!([root()]))), @r#"person: the policy of the topic's key alias/alerts does not allow CloudWatch, Budgets, cost alerts, EventBridge to use it, which therefore cannot publish; add this statement to it: {"Effect":"Allow","Sid":"TrueupAlerts","Principal":{"Service":["cloudwatch.amazonaws.com","budgets.amazonaws.com","costalerts.amazonaws.com","events.amazonaws.com"]},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}"#);
    let from_here = json!({"StringEquals": {"aws:SourceAccount": "111122223333"}});
    insta::assert_snapshot!(with(own(json!([root(), services(from_here)]))), @r#"person: the policy of the topic's key alias/alerts does not allow EventBridge to use it, which therefore cannot publish; add this statement to it: {"Effect":"Allow","Sid":"TrueupAlerts","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}"#);
    let with_alarms = json!([
        services(json!({})),
        deny(json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:*:*"}}))
    ]);
    insta::assert_snapshot!(with(own(with_alarms)), @r"
    person: statement Perimeter of the policy of the topic's key alias/alerts denies its use to CloudWatch, which therefore cannot publish; change that statement
    note: cannot tell whether the policy of the topic's key alias/alerts allows cost alerts to publish (statement Perimeter: cannot tell: the value of aws:sourcearn is unknown)
    ");
    let unclear = json!([
        services(json!({})),
        deny(json!({"StringNotEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}}))
    ]);
    insta::assert_snapshot!(with(own(unclear)), @"note: cannot tell whether the policy of the topic's key alias/alerts allows CloudWatch, Budgets, cost alerts, EventBridge to publish (statement Perimeter: cannot tell: the value of kms:viaservice is unknown)");
    insta::assert_snapshot!(with(KeyKind::OfAws), @"person: the topic is encrypted with AWS's own key for SNS, whose policy allows no service to publish, so that alarms and budgets stay silent; encrypt it with a customer managed key whose policy allows them, or turn its encryption off");
    insta::assert_snapshot!(with(KeyKind::Gone), @"person: the key alias/alerts that the topic is encrypted with does not exist, so that nothing can be published; set another key, or turn the topic's encryption off");
    insta::assert_snapshot!(with(KeyKind::Unusable("PendingDeletion".to_owned())), @"person: the key alias/alerts that the topic is encrypted with is in state PendingDeletion, so that nothing can be published; enable it, or set another key");
    insta::assert_snapshot!(with(KeyKind::Unread("kms:GetKeyPolicy is denied".to_owned())), @"note: cannot tell whether the key alias/alerts of the topic allows CloudWatch, Budgets, cost alerts, EventBridge to publish: its policy cannot be read (kms:GetKeyPolicy is denied)");
}

#[test]
fn a_topic_gets_the_key_that_is_written_and_its_policy_stays() {
    let key = |id: &str, arn: &str, statements: Value| Key {
        id: id.to_owned(),
        kind: KeyKind::Own {
            arn: format!("arn:aws:kms:us-east-1:111122223333:key/{arn}"),
            policy: json!({"Statement": statements}).to_string().parse().unwrap(),
        },
    };
    let want = Model {
        kms_key: Some("alias/alerts".to_owned()),
        emails: None,
        ..example()
    };
    let open = || json!([{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]);
    let mut seen = live(vec![]);
    seen.ids.written_key = Some(key("alias/alerts", "a", open()));
    insta::assert_snapshot!(plan(&want, &seen), @r"
    encrypt the topic with the KMS key alias/alerts [disruptive]
      ! services that the key's policy does not allow can no longer publish
    ");
    // The same key under another name.
    seen.ids.key = Some(key("a", "a", open()));
    assert_eq!(plan(&want, &seen), "");
    seen.ids.key = Some(key("b", "b", open()));
    seen.ids.written_key = Some(key("alias/alerts", "a", json!([])));
    insta::assert_snapshot!(plan(&want, &seen), @r#"
    encrypt the topic with the KMS key alias/alerts [disruptive]
      ! services that the key's policy does not allow can no longer publish
    person: the policy of the topic's key alias/alerts does not allow CloudWatch, Budgets, cost alerts, EventBridge to use it, which therefore cannot publish; add this statement to it: {"Effect":"Allow","Sid":"TrueupAlerts","Principal":{"Service":["cloudwatch.amazonaws.com","budgets.amazonaws.com","costalerts.amazonaws.com","events.amazonaws.com"]},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}
    "#);
    let mut new = absent();
    new.ids.written_key = Some(key("alias/alerts", "a", open()));
    insta::assert_snapshot!(plan(&want, &new), @r"
    create the SNS topic `account-alerts` [safe]
    encrypt the topic with the KMS key alias/alerts [safe]
      after create the SNS topic `account-alerts`
    allow CloudWatch, Budgets, cost alerts, EventBridge to publish to the topic [safe]
      after create the SNS topic `account-alerts`
    ");
    new.ids.written_key.as_mut().unwrap().kind = KeyKind::Gone;
    insta::assert_snapshot!(plan(&want, &new), @r"
    create the SNS topic `account-alerts` [safe]
    allow CloudWatch, Budgets, cost alerts, EventBridge to publish to the topic [safe]
      after create the SNS topic `account-alerts`
    refused for kms_key: there is no KMS key alias/alerts in the topic's region; write one that exists
    ");
}

#[test]
fn a_topic_of_others_has_to_exist_and_be_in_reach() {
    let want = |arn: &str| model(&format!("topic_arn = \"{arn}\"\n"));
    insta::assert_snapshot!(
        plan(&want(ARN), &absent()),
        @r#"refused: there is no topic arn:aws:sns:us-east-1:111122223333:account-alerts; write topic = "account-alerts" instead of topic_arn to have it made"#
    );
    insta::assert_snapshot!(
        plan(&want("arn:aws:sns:eu-west-1:111122223333:x"), &Observed::of(Model::default())),
        @"refused: the topic is in eu-west-1, and CloudWatch and EventBridge publish only to a topic of their own region; name one of the home region us-east-1"
    );
    let foreign = "arn:aws:sns:us-east-1:999988887777:x";
    insta::assert_snapshot!(
        plan(&want(foreign), &Observed::of(want(foreign))),
        @"note: the topic belongs to account 999988887777: its policy has to let CloudWatch, Budgets, cost alerts and EventBridge of this account publish, which is not looked at here"
    );
    let with_mail = Model {
        emails: Some(vec![]),
        ..want(foreign)
    };
    insta::assert_snapshot!(plan(&with_mail, &Observed::of(want(foreign))), @r"
    refused: the topic belongs to account 999988887777, and so do its subscriptions; leave emails and https out
    note: the topic belongs to account 999988887777: its policy has to let CloudWatch, Budgets, cost alerts and EventBridge of this account publish, which is not looked at here
    ");
}

#[test]
fn what_is_switched_off_is_deleted_with_its_listeners() {
    let off = model("state = \"absent\"");
    let mut seen = live(vec![
        subscribed(Protocol::Email, "a@example.com", true),
        subscribed(Protocol::Email, "b@example.com", true),
    ]);
    insta::assert_snapshot!(plan(&off, &seen), @r"
    delete the SNS topic `account-alerts` [destructive]
      ! its 2 subscriptions go with it, and what is reported to it is lost
    ");
    let out = testing::found::<Alerts>(&off, &seen);
    assert_eq!(out.steps[0].removes, [TOPIC.at(&Location::Account)]);
    assert_eq!(plan(&off, &absent()), "");
    seen.ids.several = vec![ARN.to_owned(), format!("{ARN}-2")];
    assert!(plan(&off, &seen).starts_with("refused: several topics have statements of trueup's"));
}

#[test]
fn other_controls_learn_the_arn_from_the_table() {
    let env = env();
    assert_eq!(example().topic_arn(&env).as_deref(), Some(ARN));
    let given = "arn:aws:sns:us-east-1:999988887777:x";
    assert_eq!(
        model(&format!("topic_arn = \"{given}\""))
            .topic_arn(&env)
            .as_deref(),
        Some(given)
    );
    assert_eq!(model("state = \"absent\"").topic_arn(&env), None);
    let china = Env {
        partition: "aws-cn".to_owned(),
        home: "cn-north-1".parse().unwrap(),
        ..env
    };
    assert_eq!(
        example().topic_arn(&china).as_deref(),
        Some("arn:aws-cn:sns:cn-north-1:111122223333:account-alerts")
    );
}

#[test]
fn the_topic_is_there_for_others_once_it_exists() {
    let env = env();
    let here = Here {
        place: &Location::Account,
        env: &env,
        relied: &Relied::default(),
    };
    assert_eq!(
        Alerts::holds(&live(vec![]), &here),
        [TOPIC.at(&Location::Account)]
    );
    assert_eq!(Alerts::holds(&absent(), &here), []);
}

#[test]
fn an_exported_topic_plans_to_nothing() {
    let confirmed = live(vec![
        subscribed(Protocol::Email, "a@example.com", true),
        subscribed(Protocol::Https, "https://me:****@a.example.com", true),
    ]);
    for seen in [confirmed, absent()] {
        let read: Model = toml::Table::try_from(&seen.model).unwrap().try_into().unwrap();
        assert_eq!(read, seen.model);
        assert_eq!(Alerts::check(&read), []);
        assert_eq!(plan(&read, &seen), "");
    }
}

#[test]
fn a_table_that_aws_would_refuse_is_refused_here() {
    for (text, key, message) in [
        ("", "", "does not say which topic; expected topic or topic_arn"),
        (
            "topic = \"a\"\ntopic_arn = \"b\"",
            "topic_arn",
            "stands beside topic; expected only one of the two",
        ),
        (
            "topic = \"a b\"",
            "topic",
            "`a b` is no topic's name; expected 1 to 256 letters, digits, - and _",
        ),
        (
            "topic_arn = \"arn:aws:sqs:us-east-1:111122223333:x\"",
            "topic_arn",
            "`arn:aws:sqs:us-east-1:111122223333:x` is no topic's ARN; expected one such as \
             arn:aws:sns:us-east-1:111122223333:alerts",
        ),
        (
            "topic = \"a\"\nemails = [\"a@example.com\", \"b@example.com\", \"A@example.com\"]",
            "emails",
            "`A@example.com` is there twice; expected each address once",
        ),
        (
            "topic = \"a\"\nhttps = [\"https://a.example.com\", \"https://a.example.com\"]",
            "https",
            "`https://a.example.com` is there twice; expected each address once",
        ),
    ] {
        assert_eq!(Alerts::check(&model(text)), [(key, message.to_owned())], "{text}");
    }
    for text in [
        "topic = \"a\"\nhttps = [\"http://a.example.com\"]",
        "topic = \"a\"\nemails = [\"nobody\"]",
        "colour = \"red\"",
    ] {
        assert!(toml::from_str::<Model>(text).is_err(), "{text}");
    }
}
