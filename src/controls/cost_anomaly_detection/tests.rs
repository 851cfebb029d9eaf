use trueup_core::env::Run;
use trueup_core::tags::Tags;

use super::model::{Frequency, Monitor, Settings, Subscription};
use super::threshold::{Combine, Threshold};
use super::*;
use crate::testing;

const MONITOR_ARN: &str = "arn:aws:ce::111122223333:anomalymonitor/m";
const OTHER_ARN: &str = "arn:aws:ce::111122223333:anomalymonitor/other";
const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

fn table(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn example() -> Model {
    let table: toml::Table = CostAnomalyDetection::DOC.example.parse().unwrap();
    table[CostAnomalyDetection::NAME].clone().try_into().unwrap()
}

fn absent() -> Model {
    table("state = \"absent\"")
}

/// A subscription to the monitor alone, with the settings of a table.
fn subscription(name: &str, text: &str) -> Subscription {
    let model = table(text);
    Subscription {
        arn: format!("arn:aws:ce::111122223333:anomalysubscription/{name}"),
        name: name.to_owned(),
        monitors: vec![MONITOR_ARN.to_owned()],
        frequency: model.often(),
        threshold: model.threshold().ok(),
        to: model.to.unwrap(),
        declined: vec![],
    }
}

/// What AWS makes by itself.
fn of_aws() -> Subscription {
    subscription(
        "Default-Services-Subscription",
        "frequency = \"daily\"\nimpact_absolute = 100\nimpact_percent = 40\ncombine = \"and\"\n\
         to = [\"root@example.com\"]",
    )
}

/// What `fetch` reads where these subscriptions are.
fn seen(want: &Model, mut all: Vec<Subscription>) -> Observed<Model, Ids> {
    let subscription = choice::chosen(Some(want), &all).map(|at| all.remove(at));
    let without = table("state = \"present\"");
    Observed {
        model: subscription.as_ref().map_or(without, choice::model),
        ids: Ids {
            monitor: Some(Monitor {
                arn: MONITOR_ARN.to_owned(),
                name: "any".to_owned(),
                tags: Tags::new(),
            }),
            subscription,
            others: all,
            ..Ids::default()
        },
        held_by: None,
    }
}

fn found(want: &Model, all: Vec<Subscription>) -> Changes<Action> {
    testing::found::<CostAnomalyDetection>(want, &seen(want, all))
}

fn plan(want: &Model, all: Vec<Subscription>) -> String {
    testing::told(&found(want, all))
}

fn changed(out: &Changes<Action>) -> &Settings {
    let Action::Change { change, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    change
}

#[test]
fn a_new_account_gets_a_monitor_and_a_subscription() {
    let out = testing::found::<CostAnomalyDetection>(&example(), &Observed::of(absent()));
    insta::assert_snapshot!(
        testing::told(&out),
        @"create the cost anomaly monitor `all-services` and subscribe to it [safe]"
    );
    let Action::Subscribe { settings, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    let expected = Settings {
        frequency: Some(Frequency::Daily),
        to: example().to,
        threshold: Some(Threshold::Absolute("50".parse().unwrap())),
    };
    assert_eq!(*settings, expected);
    insta::assert_snapshot!(
        plan(&example(), vec![]),
        @"create the cost anomaly subscription `cost-anomalies` [safe]"
    );
}

#[test]
fn a_monitor_alone_can_be_wanted() {
    let want = table("state = \"present\"");
    let out = testing::found::<CostAnomalyDetection>(&want, &Observed::of(absent()));
    insta::assert_snapshot!(testing::told(&out), @"create the cost anomaly monitor `all-services` [safe]");
    assert_eq!(plan(&want, vec![of_aws()]), "");
}

#[test]
fn what_a_new_subscription_lacks_is_said() {
    insta::assert_snapshot!(
        plan(&table("impact_percent = \"none\""), vec![]),
        @"refused: there is no subscription to adopt, and to create one the table lacks frequency, impact_absolute or impact_percent, to"
    );
}

#[test]
fn odd_forms_of_the_same_are_no_difference() {
    let live = subscription(
        "any",
        "frequency = \"weekly\"\nimpact_absolute = \"50.00\"\nimpact_percent = 20\ncombine = \"or\"\n\
         to = [\"b@example.com\", \"A@Example.com\"]",
    );
    let want = table(
        "frequency = \"weekly\"\nimpact_absolute = 50\nimpact_percent = \"20.0\"\ncombine = \"or\"\n\
         to = [\"a@example.COM\", \"b@example.com\"]",
    );
    assert_eq!(plan(&want, vec![live]), "");
    assert_eq!(plan(&table("impact_absolute = 100.0"), vec![of_aws()]), "");
}

#[test]
fn awss_own_subscription_is_brought_into_line_instead_of_doubled() {
    let out = found(&example(), vec![of_aws()]);
    insta::assert_snapshot!(testing::told(&out), @r"
    change `Default-Services-Subscription` of cost anomalies: impact, recipients [safe]
    note: `Default-Services-Subscription` also goes to root@example.com, which stays
    ");
    let change = changed(&out);
    assert_eq!(change.frequency, None);
    assert_eq!(change.threshold, Some(Threshold::Absolute("50".parse().unwrap())));
}

#[test]
fn each_key_is_changed_alone() {
    for (written, line) in [
        ("frequency = { exactly = \"weekly\" }", "frequency"),
        ("impact_absolute = 99.9", "impact"),
        ("impact_percent = \"none\"", "impact"),
        (
            "impact_absolute = 100\nimpact_percent = 40\ncombine = \"or\"",
            "impact",
        ),
        ("to = [\"root@example.com\", \"b@example.com\"]", "recipients"),
    ] {
        let out = found(&table(written), vec![of_aws()]);
        let told = testing::told(&out);
        let expected = format!("change `Default-Services-Subscription` of cost anomalies: {line} [safe]");
        assert_eq!(told.lines().next(), Some(expected.as_str()), "{written}");
        assert_eq!(out.steps.len(), 1);
        let change = changed(&out);
        let sent = [
            (change.frequency.is_some(), "frequency"),
            (change.threshold.is_some(), "impact"),
            (change.to.is_some(), "recipients"),
        ];
        assert!(
            sent.iter().all(|(is, what)| *is == (*what == line)),
            "{written}: {change:?}"
        );
    }
}

#[test]
fn an_impact_that_is_not_written_stays_and_is_told() {
    let out = found(&table("impact_absolute = 50"), vec![of_aws()]);
    let expected = Threshold::Both {
        absolute: "50".parse().unwrap(),
        percent: "40".parse().unwrap(),
        combine: Combine::And,
    };
    assert_eq!(changed(&out).threshold, Some(expected));
    insta::assert_snapshot!(testing::told(&out), @r#"
    change `Default-Services-Subscription` of cost anomalies: impact [safe]
    note: impact_percent = "40" stays, with combine = "and": write impact_percent = "none" to drop it
    "#);
}

#[test]
fn a_threshold_that_could_not_be_is_refused() {
    let absolute = || {
        vec![subscription(
            "any",
            "impact_absolute = 100\nto = [\"a@example.com\"]",
        )]
    };
    insta::assert_snapshot!(
        plan(&table("impact_absolute = \"none\""), absolute()),
        @"refused: a subscription has a threshold, and no impact would be left: write a number for the other one"
    );
    insta::assert_snapshot!(
        plan(&table("impact_percent = 20"), absolute()),
        @r#"refused: the subscription asks for the other impact already: write both with combine, or "none" for that one"#
    );
}

#[test]
fn recipients_stay_as_they_are_written_and_the_missing_ones_are_added() {
    let live = subscription("any", "to = [\"A@Example.com\", \"b@example.com\"]");
    let out = found(&table("to = [\"c@example.com\", \"a@example.com\"]"), vec![live]);
    insta::assert_snapshot!(testing::told(&out), @r"
    change `any` of cost anomalies: recipients [safe]
    note: `any` also goes to b@example.com, which stays
    ");
    let to: Vec<String> = changed(&out)
        .to
        .iter()
        .flatten()
        .map(Recipient::to_string)
        .collect();
    assert_eq!(to, ["A@Example.com", "b@example.com", "c@example.com"]);
    let out = found(&table("to = [\"root@example.com\"]"), vec![of_aws()]);
    assert_eq!(testing::told(&out), "");
}

#[test]
fn what_alerts_more_often_and_on_more_stays() {
    let live = || {
        subscription(
            "any",
            "frequency = \"daily\"\nimpact_absolute = 50\nimpact_percent = 20\ncombine = \"or\"\n\
             to = [\"a@example.com\", \"b@example.com\"]",
        )
    };
    for (want, kept) in [
        ("frequency = \"weekly\"", "frequency"),
        (
            "impact_absolute = 60\nimpact_percent = \"none\"",
            "impact_absolute",
        ),
        (
            "impact_absolute = 50\nimpact_percent = 20\ncombine = \"and\"",
            "impact_absolute",
        ),
        ("to = [\"a@example.com\"]", "to"),
    ] {
        let out = found(&table(want), vec![live()]);
        assert!(
            out.steps.is_empty() && out.refusals.is_empty(),
            "{want}: {}",
            testing::told(&out)
        );
        assert_eq!(out.kept[0], [kept], "{want}");
    }
    for want in [
        "impact_absolute = 49\nimpact_percent = 20\ncombine = \"or\"",
        "impact_percent = 19\nimpact_absolute = \"none\"",
        "impact_absolute = { exactly = 60 }\nimpact_percent = \"none\"",
    ] {
        assert_eq!(found(&table(want), vec![live()]).steps.len(), 1, "{want}");
    }
}

#[test]
fn what_would_alert_on_less_than_before_needs_consent() {
    let live = || {
        subscription(
            "any",
            "frequency = \"daily\"\nimpact_percent = 20\nto = [\"a@example.com\"]",
        )
    };
    insta::assert_snapshot!(plan(&table("impact_absolute = 50\nimpact_percent = \"none\""), vec![live()]), @r"
    change `any` of cost anomalies: impact [safe]
      weakens: no longer alerts on all of what it does now
    ");
    insta::assert_snapshot!(plan(&table("frequency = { exactly = \"weekly\" }"), vec![live()]), @r"
    change `any` of cost anomalies: frequency [safe]
      weakens: alerts less often
    ");
}

#[test]
fn an_address_gets_nothing_of_what_is_sent_at_once() {
    let mut live = subscription("any", "impact_absolute = 50\nto = [\"a@example.com\"]");
    live.frequency = Some(Frequency::Immediate);
    live.name = SUBSCRIPTION.to_owned();
    let want = table("frequency = \"daily\"\nimpact_absolute = 50\nto = [\"a@example.com\"]");
    insta::assert_snapshot!(
        plan(&want, vec![live]),
        @"change `cost-anomalies` of cost anomalies: frequency, recipients [safe]"
    );
}

#[test]
fn a_threshold_that_no_table_can_say_stays_and_is_noted() {
    let mut live = subscription("any", "impact_percent = 20\nto = [\"a@example.com\"]");
    live.threshold = None;
    insta::assert_snapshot!(
        plan(&table("impact_absolute = 50"), vec![live]),
        @"note: `any` has a threshold that no key can express; it stays"
    );
}

#[test]
fn a_recipient_who_declined_is_a_manual_task_unless_another_subscription_does_it() {
    let mut declined = of_aws();
    declined.declined = declined.to.clone();
    let want = table("to = [\"root@example.com\"]");
    insta::assert_snapshot!(
        plan(&want, vec![declined.clone()]),
        @"person: root@example.com declined what the cost anomaly subscription `Default-Services-Subscription` sends: have the recipient confirm it in the Billing and Cost Management console, or write another one"
    );
    let other = subscription("other", "impact_percent = 1\nto = [\"root@example.com\"]");
    assert_eq!(plan(&want, vec![declined, other]), "");
}

#[test]
fn what_is_sent_at_once_is_another_subscription_than_a_summary() {
    let at_once = format!("frequency = \"immediate\"\nimpact_absolute = 50\nto = [\"{TOPIC}\"]");
    insta::assert_snapshot!(plan(&table(&at_once), vec![of_aws()]), @r"
    create the cost anomaly subscription `cost-anomalies` [safe]
    note: others are notified of the same anomalies by `Default-Services-Subscription`, which stays
    ");
    // The one that is made here turns, and then no recipient can stay.
    let mut own = of_aws();
    own.name = SUBSCRIPTION.to_owned();
    insta::assert_snapshot!(plan(&table(&at_once), vec![own.clone()]), @r#"
    change `cost-anomalies` of cost anomalies: frequency, impact, recipients [destructive]
      ! stops this notification to root@example.com
    note: impact_percent = "40" stays, with combine = "and": write impact_percent = "none" to drop it
    "#);
    insta::assert_snapshot!(
        plan(&table("frequency = \"immediate\""), vec![own]),
        @r#"refused: root@example.com is an e-mail address, and "immediate" is told through topics alone: write both frequency and to"#
    );
}

#[test]
fn one_subscription_of_several_is_meant() {
    let mail = |name: &str, to: &str| subscription(name, &format!("impact_percent = 10\nto = {to}"));
    let shared = |name: &str, to: &str| {
        let mut one = mail(name, to);
        one.monitors.push(OTHER_ARN.to_owned());
        one
    };
    let (a, b, ab) = (
        "[\"a@example.com\"]",
        "[\"b@example.com\"]",
        "[\"A@example.com\", \"b@example.com\"]",
    );
    let to_a = format!("impact_percent = 5\nto = {a}");
    let as_b = format!("impact_percent = 10\nto = {b}");
    for (want, all, is) in [
        (Some(to_a.as_str()), vec![], None),
        // One that does what is wanted comes first, then the name of those made here.
        (
            Some(&as_b),
            vec![mail("x", b), of_aws(), mail(SUBSCRIPTION, a)],
            Some("x"),
        ),
        (
            Some(&to_a),
            vec![mail("x", b), of_aws(), mail(SUBSCRIPTION, b)],
            Some(SUBSCRIPTION),
        ),
        // One that is as wanted is left as it is: AWS's own would tell the same twice.
        (Some(&as_b), vec![of_aws(), mail("x", b)], Some("x")),
        (
            Some(&as_b),
            vec![of_aws(), shared("x", b), mail("y", b)],
            Some("y"),
        ),
        (Some(&as_b), vec![of_aws(), shared("x", b)], Some("x")),
        (
            Some(&to_a),
            vec![mail("x", a), of_aws()],
            Some("Default-Services-Subscription"),
        ),
        // Who would hear twice otherwise; the one with most of them.
        (
            Some(&to_a),
            vec![mail("x", b), mail("y", ab), mail("z", a)],
            Some("y"),
        ),
        (Some(&to_a), vec![mail("x", b)], None),
        // What others share is not changed.
        (Some(&to_a), vec![shared("x", a), shared(SUBSCRIPTION, a)], None),
        (
            Some("frequency = \"daily\""),
            vec![shared("x", a), mail("y", b)],
            Some("y"),
        ),
        (Some("state = \"present\""), vec![of_aws()], None),
        (
            None,
            vec![mail("x", a), of_aws()],
            Some("Default-Services-Subscription"),
        ),
        (None, vec![shared("x", a), mail("y", b)], Some("y")),
        (None, vec![shared("x", a)], Some("x")),
    ] {
        let want = want.map(table);
        let at = choice::chosen(want.as_ref(), &all);
        assert_eq!(at.map(|at| all[at].name.as_str()), is, "{want:?} {all:?}");
    }
}

#[test]
fn what_is_exported_finds_the_same_subscription_again() {
    let others = [
        of_aws(),
        subscription("x", "impact_percent = 1\nto = [\"a@example.com\"]"),
    ];
    for all in [vec![others[0].clone()], vec![others[1].clone()], others.to_vec()] {
        let at = choice::chosen(None, &all).unwrap();
        assert_eq!(plan(&choice::model(&all[at]), all), "");
    }
}

#[test]
fn others_who_are_told_are_left_alone_and_named() {
    let other = subscription("theirs", "impact_percent = 1\nto = [\"a@example.com\"]");
    insta::assert_snapshot!(plan(&example(), vec![other]), @r"
    create the cost anomaly subscription `cost-anomalies` [safe]
    note: others are notified of the same anomalies by `theirs`, which stays
    ");
}

#[test]
fn switched_off_the_monitor_goes_last() {
    let mut shared = subscription("shared", "impact_percent = 1\nto = [\"a@example.com\"]");
    shared.monitors.insert(0, OTHER_ARN.to_owned());
    let out = found(&absent(), vec![of_aws(), shared]);
    insta::assert_snapshot!(testing::told(&out), @r"
    delete the cost anomaly subscription `Default-Services-Subscription` [destructive]
      ! stops telling root@example.com of services' anomalies
    take the monitor out of the subscription `shared` [destructive]
      ! stops telling a@example.com of services' anomalies
    delete the cost anomaly monitor `any` [destructive]
      after delete the cost anomaly subscription `Default-Services-Subscription`
      after take the monitor out of the subscription `shared`
      ! what it learnt about the account's usual costs is lost
    ");
    let Action::Detach { monitors, .. } = &out.steps[1].action else {
        panic!("{:?}", out.steps[1].action);
    };
    assert_eq!(monitors, &[OTHER_ARN]);
    let gone = testing::found::<CostAnomalyDetection>(&absent(), &Observed::of(absent()));
    assert_eq!(testing::told(&gone), "");
}

#[test]
fn tags_are_sent_with_what_is_new_and_as_drift() {
    let run = || Run {
        tags: [("managed-by".to_owned(), "trueup".to_owned())].into(),
        ..Run::default()
    };
    let out = testing::found_in::<CostAnomalyDetection>(&example(), &Observed::of(absent()), run());
    let Action::Subscribe { tags, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!((out.steps.len(), tags), (1, &run().tags));
    let want = choice::model(&of_aws());
    let mut live = seen(&want, vec![of_aws()]);
    live.ids.tags = [("team".to_owned(), "web".to_owned())].into();
    let out = testing::found_in::<CostAnomalyDetection>(&want, &live, run());
    insta::assert_snapshot!(testing::told(&out), @r#"
    tag the cost anomaly monitor: managed-by = "trueup" [safe]
    tag the cost anomaly subscription: managed-by = "trueup" [safe]
    "#);
}

#[test]
fn a_service_that_is_not_there_yet_blocks() {
    let closed = Observed {
        ids: Ids {
            refusal: Some("open Cost Explorer".to_owned()),
            ..Ids::default()
        },
        ..Observed::of(Model::default())
    };
    for want in [example(), absent()] {
        let out = testing::found::<CostAnomalyDetection>(&want, &closed);
        assert_eq!(testing::told(&out), "refused: open Cost Explorer");
    }
}

#[test]
fn a_topic_that_nobody_names_is_refused() {
    let want = table("frequency = \"immediate\"\nimpact_absolute = 1\nto = [\"topic\"]");
    assert_eq!(CostAnomalyDetection::refers_to(&want), [("to", "alerts")]);
    insta::assert_snapshot!(
        plan(&want, vec![]),
        @r#"refused: `to` has "topic", and the file wants no [alerts] topic to know which: write the topic's ARN"#
    );
}

#[test]
fn what_does_not_fit_together_is_said() {
    for (text, key, what) in [
        ("", "", "says nothing"),
        ("impact_absolute = -1", "impact_absolute", "-1 is out of range"),
        (
            "impact_absolute = \"none\"\nimpact_percent = \"none\"",
            "impact_percent",
            "both impacts are \"none\"",
        ),
        (
            "impact_absolute = 1\nimpact_percent = 2",
            "impact_percent",
            "expected combine",
        ),
        ("combine = \"and\"", "combine", "expected impact_absolute and"),
        (
            "impact_absolute = 1\nimpact_percent = \"none\"\ncombine = \"or\"",
            "combine",
            "combines two impacts",
        ),
        ("to = []", "to", "expected at least one recipient"),
        (
            "to = [\"a@example.com\", \"topic\"]",
            "to",
            "one subscription cannot tell both",
        ),
        (
            "frequency = \"daily\"\nto = [\"topic\"]",
            "frequency",
            "expected \"immediate\"",
        ),
        (
            "frequency = \"immediate\"\nto = [\"a@example.com\"]",
            "frequency",
            "expected \"daily\" or \"weekly\"",
        ),
        (
            "to = [\"a@example.com\", \"A@example.com\"]",
            "to",
            "A@example.com is there twice",
        ),
    ] {
        let wrong = CostAnomalyDetection::check(&table(text));
        assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
        assert!(
            wrong[0].0 == key && wrong[0].1.contains(what),
            "{text}: {wrong:?}"
        );
    }
    for fine in [
        "state = \"absent\"",
        "state = \"present\"",
        "impact_percent = \"none\"",
        "impact_absolute = 0",
        "frequency = \"immediate\"\nto = [\"topic\"]",
        "impact_absolute = 1\nimpact_percent = 2\ncombine = \"or\"",
    ] {
        assert_eq!(CostAnomalyDetection::check(&table(fine)), [], "{fine}");
    }
    let error = toml::from_str::<Model>("impact_percent = \"much\"")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("expected a number, such as \"50\", or \"none\""),
        "{error}"
    );
}
