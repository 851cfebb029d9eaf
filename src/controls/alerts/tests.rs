use trueup_core::control::Relied;
use trueup_core::env::{Env, Run};

use super::model::{Protocol, Subscription};
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
    }
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
    let CloudWatch, Budgets, cost alerts, EventBridge publish to the topic [safe]
      after create the SNS topic `account-alerts`
    subscribe security@example.com, who must confirm by mail [safe]
      after let CloudWatch, Budgets, cost alerts, EventBridge publish to the topic
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
    let statements: Vec<String> = publishers::statements(ARN, &env())
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
fn the_lists_are_exact() {
    let seen = live(vec![
        subscribed(Protocol::Email, "gone@example.com", true),
        subscribed(Protocol::Https, "https://me:****@gone.example.com", true),
    ]);
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    subscribe security@example.com, who must confirm by mail [safe]
    unsubscribe gone@example.com [destructive]
      ! nothing reaches it any more, and it would have to confirm again
    ");
    let want = model("topic = \"account-alerts\"\nhttps = [\"https://me:secret@new.example.com\"]");
    insta::assert_snapshot!(plan(&want, &seen), @r"
    subscribe https://me:****@new.example.com, which must confirm [safe]
    unsubscribe https://me:****@gone.example.com [destructive]
      ! nothing reaches it any more, and it would have to confirm again
    ");
    insta::assert_snapshot!(plan(&model("topic = \"account-alerts\"\nemails = []"), &seen), @r"
    unsubscribe gone@example.com [destructive]
      ! nothing reaches it any more, and it would have to confirm again
    ");
}

#[test]
fn only_the_statements_that_are_missing_are_put_in() {
    let mut seen = live(vec![subscribed(Protocol::Email, "security@example.com", true)]);
    let all = publishers::statements(ARN, &env());
    seen.ids.lacking = vec![all[1].clone(), all[3].clone()];
    let out = testing::found::<Alerts>(&example(), &seen);
    insta::assert_snapshot!(
        testing::told(&out),
        @"let Budgets, EventBridge publish to the topic [safe]"
    );
    assert_eq!(out.steps[0].provides, [TOPIC.at(&Location::Account), topic(ARN)]);
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
fn a_key_that_lets_no_service_publish_is_worth_a_note() {
    let mut seen = live(vec![subscribed(Protocol::Email, "security@example.com", true)]);
    seen.ids.kms_key = Some("alias/aws/sns".to_owned());
    assert!(plan(&example(), &seen).starts_with("note: the topic is encrypted with AWS's own key for SNS"));
    seen.ids.kms_key = Some("alias/alerts".to_owned());
    assert_eq!(plan(&example(), &seen), "");
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
