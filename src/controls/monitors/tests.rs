//! The catalogue, and what has to be done in which account.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, StandardUnit, Statistic};
use aws_sdk_cloudwatchlogs::types::{MetricFilter, MetricTransformation};
use serde_json::json;
use trueup_core::cost::Monthly;
use trueup_core::tags::Tags;
use trueup_policy::filter_pattern::Pattern;

use super::catalogue::{CATALOGUE, Monitor, PERIOD};
use super::live::{read, write};
use super::model::{Alarm, AlarmChange, Filter, Flaw, Found, Group, Heard, Setting};
use super::samples::Reach;
use super::*;
use crate::testing::{found, found_in, monthly, told};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

fn model(text: &str) -> Model {
    let mut model: Model = toml::from_str(text).unwrap();
    model.topic.get_or_insert_with(|| TOPIC.to_owned());
    model
}

fn monitor(key: &str) -> Monitor {
    Monitor::of(key).unwrap()
}

fn filter(key: &str) -> Filter {
    let entry = monitor(key).entry();
    Filter {
        name: entry.name.to_owned(),
        pattern: entry.better.to_owned(),
        metric: (NAMESPACE.to_owned(), entry.name.to_owned()),
        counts_nothing: false,
    }
}

fn alarm(key: &str) -> Alarm {
    let entry = monitor(key).entry();
    Alarm {
        name: entry.name.to_owned(),
        counts: true,
        threshold: Some(entry.threshold),
        flaws: vec![],
        period: Some(PERIOD),
        is_enabled: true,
        actions: vec![TOPIC.to_owned()],
        heard: Heard::No,
        tags: Tags::new(),
    }
}

/// An account with a trail and these monitors.
fn account(keys: &[&str]) -> Observed<Model, Ids> {
    let found = keys.iter().map(|key| {
        let found = Found {
            filter: Some(filter(key)),
            alarm: Some(alarm(key)),
            ..Found::default()
        };
        (monitor(key), found)
    });
    Observed {
        model: Model::default(),
        ids: Ids {
            trail: Some("all".to_owned()),
            home: Some("us-east-1".parse().unwrap()),
            group: Some(Group {
                name: "trail".to_owned(),
                exists: true,
                filters: keys.len(),
            }),
            found: found.collect(),
            ..Ids::default()
        },
        held_by: None,
    }
}

fn plan(want: &Model, seen: &Observed<Model, Ids>) -> String {
    told(&found::<Monitors>(want, seen))
}

fn one<'a>(seen: &'a mut Observed<Model, Ids>, key: &str) -> &'a mut Found {
    seen.ids.found.get_mut(&monitor(key)).unwrap()
}

#[test]
fn the_catalogue_is_what_aws_takes_and_each_monitor_knows_itself_alone() {
    let mut names = BTreeSet::new();
    assert_eq!(CATALOGUE.len(), 22);
    for entry in CATALOGUE {
        assert!(
            names.insert(entry.name) && names.insert(entry.key),
            "{}",
            entry.key
        );
        assert!(!entry.name.contains([':', '*', '$']));
        let known = [entry.better, entry.exact()];
        for pattern in known.iter().chain(entry.also) {
            assert!(pattern.len() <= 1024, "{} is too long", entry.key);
            assert!(
                matches!(Pattern::parse(pattern), Ok(Pattern::Json(_))),
                "{pattern}"
            );
            let knowing: Vec<&str> = CATALOGUE
                .iter()
                .filter(|one| one.knows(pattern))
                .map(|one| one.key)
                .collect();
            assert_eq!(knowing, [entry.key]);
        }
    }
    assert!(
        monitor("iam_user_creation")
            .entry()
            .knows("{ $.eventName = CreateUser }")
    );
}

#[test]
fn a_table_is_written_as_it_was_read() {
    let text = "topic = \"arn:aws:sns:us-east-1:111122223333:alerts\"\npatterns = \"exact\"\nroot_usage = true\n\
                vpc_changes = false\n\n[switch_role_failures]\nthreshold = 3\n";
    let model: Model = toml::from_str(text).unwrap();
    assert_eq!(toml::to_string(&model).unwrap(), text);
    assert_eq!(model.monitors[&monitor("vpc_changes")], Setting::Off);
    let wrong = |text: &str| toml::from_str::<Model>(text).unwrap_err().to_string();
    assert!(wrong("root_use = true").contains("unknown field `root_use`, expected one of `trail`"));
    assert!(wrong("root_usage = 3").contains("expected true, false or a table { threshold, period }"));
    assert!(wrong("root_usage = { at = 3 }").contains("unknown field `at`"));
}

#[test]
fn a_table_that_cannot_be_meant_is_told() {
    let text = "topic = \"alerts\"\nroot_usage = { threshold = 0 }\nvpc_changes = { period = 90 }\n\
                iam_user_creation = { threshold = 2, period = 3600 }";
    let wrong = Monitors::check(&toml::from_str(text).unwrap());
    let wrong: Vec<String> = wrong.iter().map(|(key, why)| format!("{key}: {why}")).collect();
    assert_eq!(
        wrong,
        [
            "topic: `alerts` is no topic's ARN; expected arn:aws:sns:REGION:ACCOUNT:NAME, or any",
            "root_usage: a threshold of 0 is always reached; expected 1 or more events",
            "vpc_changes: CloudWatch has no period of 90 seconds; expected a multiple of 60 up to 86400",
        ]
    );
    let refers = |text: &str| Monitors::refers_to(&toml::from_str(text).unwrap());
    assert_eq!(refers("root_usage = true"), [("", "alerts")]);
    assert_eq!(refers("root_usage = false"), []);
    assert_eq!(refers(&format!("root_usage = true\ntopic = \"{TOPIC}\"")), []);
}

#[test]
fn a_new_account_gets_filters_one_by_one_and_each_its_alarm() {
    let want = model("root_usage = true\nswitch_role_failures = { period = 600 }");
    insta::assert_snapshot!(plan(&want, &account(&[])), @r"
    watch the trail's log group by the filter `RootUsage` [safe]
    make the alarm `RootUsage`: at 1 in 300 s [safe]
      after watch the trail's log group by the filter `RootUsage`
    watch the trail's log group by the filter `SwitchRoleFailures` [safe]
      after watch the trail's log group by the filter `RootUsage`
    make the alarm `SwitchRoleFailures`: at 3 in 600 s [safe]
      after watch the trail's log group by the filter `SwitchRoleFailures`
    ");
}

#[test]
fn filters_wait_for_the_trail_and_its_log_group_where_those_are_not_there_yet() {
    let needs = |seen: &Observed<Model, Ids>| {
        let out = found::<Monitors>(&model("root_usage = true"), seen);
        let step = &out.steps[0];
        step.needs
            .iter()
            .map(|asset| asset.what.clone())
            .collect::<Vec<_>>()
    };
    let mut seen = account(&[]);
    assert_eq!(needs(&seen), Vec::<String>::new());
    seen.ids.group.as_mut().unwrap().exists = false;
    assert_eq!(needs(&seen), ["trail's log group"]);
    seen.ids.trail = None;
    assert_eq!(needs(&seen), ["trail", "trail's log group"]);
}

#[test]
fn what_is_in_sync_needs_nothing_whatever_it_is_called() {
    let keys = ["root_usage", "vpc_changes"];
    let mut seen = account(&keys);
    let want = model("root_usage = true\nvpc_changes = { threshold = 1, period = 300 }");
    assert_eq!(plan(&want, &seen), "");
    let theirs = one(&mut seen, "vpc_changes");
    theirs.filter.as_mut().unwrap().pattern = monitor("vpc_changes").entry().exact().to_owned();
    theirs
        .alarm
        .as_mut()
        .unwrap()
        .actions
        .insert(0, "arn:aws:sns:us-east-1:111122223333:x".to_owned());
    // Any pattern that matches what is asked for will do where the file does not say which.
    assert_eq!(
        plan(&want, &seen),
        "note: filters that match what benchmarks ask for, and miss events that trueup's own patterns match: \
         vpc_changes (CreateDefaultVpc); write patterns = \"better\" to have those too"
    );
}

#[test]
fn a_filter_is_known_by_the_events_that_it_matches_however_it_is_written() {
    let reach = |key: &str, pattern: &str| monitor(key).entry().reach(pattern);
    let vpc = |more: &str| {
        let exact = monitor("vpc_changes").entry().exact();
        format!("{}{more}", exact.trim_end_matches('}'))
    };
    assert_eq!(reach("vpc_changes", &vpc("}")), Reach::Asked);
    assert_eq!(
        reach("vpc_changes", &vpc(" || ($.eventName=CreateDefaultVpc)}")),
        Reach::Better
    );
    assert_eq!(
        reach("vpc_changes", &vpc(" || ($.eventName=CreateVpcEndpoint)}")),
        Reach::Asked
    );
    // What another monitor alone is for, a caller that is left out, and an event that is missing.
    assert_eq!(
        reach("vpc_changes", &vpc(" || ($.eventName=CreateRoute)}")),
        Reach::Other
    );
    assert_eq!(
        reach(
            "iam_user_creation",
            "{ ($.eventName = CreateUser) && ($.userIdentity.type = IAMUser) }"
        ),
        Reach::Other
    );
    assert_eq!(
        reach("cloudtrail_changes", "{ $.eventName = StopLogging }"),
        Reach::Other
    );
    // One filter for all of IAM serves no monitor: its alarm could mean anything.
    let all = "{ $.eventSource = \"iam.amazonaws.com\" }";
    assert!(Monitor::all().all(|monitor| !monitor.entry().knows(all)));
    assert_eq!(reach("iam_user_creation", "CreateUser"), Reach::Asked);
    assert_eq!(reach("iam_user_creation", "[a, b = CreateUser]"), Reach::Other);
}

#[test]
fn an_alarm_goes_off_at_the_latest_where_the_monitor_needs_it() {
    let planned = |file: &str, key: &str, at: i64| {
        let mut seen = account(&[key]);
        one(&mut seen, key).alarm.as_mut().unwrap().threshold = Some(at);
        plan(&model(file), &seen)
    };
    // Each event of these counts, unless the file allows more.
    assert_eq!(
        planned("root_usage = true", "root_usage", 7),
        "change the alarm `RootUsage`: at 1 [safe]"
    );
    assert_eq!(planned("root_usage = { threshold = 7 }", "root_usage", 7), "");
    // These count over time: how many are too many is the owner's choice where the file is silent.
    assert_eq!(
        planned("switch_role_failures = true", "switch_role_failures", 50),
        "note: switch_role_failures: alarm `SwitchRoleFailures` needs 50 events, more than the 3 of a new one; write \
         threshold into the file to have another"
    );
    assert_eq!(
        planned(
            "switch_role_failures = { threshold = 3 }",
            "switch_role_failures",
            50
        ),
        "change the alarm `SwitchRoleFailures`: at 3 [safe]"
    );
    assert_eq!(
        planned(
            "switch_role_failures = { threshold = 3 }",
            "switch_role_failures",
            2
        ),
        "note: switch_role_failures: alarm `SwitchRoleFailures` needs 2 events, fewer than the 3 of the file"
    );
}

#[test]
fn any_topic_will_do_that_people_hear() {
    let want = model("topic = \"any\"\nroot_usage = true");
    let planned = |heard: Heard, topic: Option<&str>| {
        let mut seen = account(&["root_usage"]);
        let alarm = one(&mut seen, "root_usage").alarm.as_mut().unwrap();
        alarm.actions = vec!["arn:aws:sns:us-east-1:111122223333:theirs".to_owned()];
        alarm.heard = heard;
        seen.ids.heard_topic = topic.map(str::to_owned);
        plan(&want, &seen)
    };
    assert_eq!(planned(Heard::Yes, Some(TOPIC)), "");
    assert_eq!(
        planned(Heard::Foreign, Some(TOPIC)),
        "note: root_usage: alarm `RootUsage` reports to another account's topic, whose subscriptions are not shown"
    );
    assert_eq!(
        planned(Heard::No, Some(TOPIC)),
        "change the alarm `RootUsage`: tell `alerts` too [safe]"
    );
    assert_eq!(
        planned(Heard::No, None),
        "refused: no alarm reports to a topic that has a confirmed subscription; confirm one, or write a topic's ARN as topic"
    );
}

#[test]
fn an_alarm_that_cannot_go_off_is_mended() {
    let planned = |key: &str, flaw: Flaw| {
        let mut seen = account(&[key]);
        one(&mut seen, key).alarm.as_mut().unwrap().flaws = vec![flaw];
        plan(&model(&format!("{key} = true")), &seen)
    };
    for (flaw, change) in [
        (Flaw::Datapoints, "after 1 period"),
        (Flaw::Period, "in 300 s"),
        (Flaw::MissingData, "missing data is not breaching"),
        (Flaw::Unit, "without a unit"),
    ] {
        let step = format!("change the alarm `RootUsage`: {change} [safe]");
        assert_eq!(planned("root_usage", flaw), step);
    }
    assert_eq!(
        planned("unauthorized_api_calls", Flaw::Datapoints),
        "note: unauthorized_api_calls: alarm `UnauthorizedApiCalls` needs events in several periods"
    );
    let mut seen = account(&["root_usage"]);
    one(&mut seen, "root_usage")
        .filter
        .as_mut()
        .unwrap()
        .counts_nothing = true;
    assert_eq!(
        plan(&model("root_usage = true"), &seen),
        "watch the trail's log group by the filter `RootUsage` [safe]"
    );
}

#[test]
fn each_drift_is_one_change() {
    let want = model("patterns = \"better\"\nvpc_changes = { threshold = 2, period = 600 }");
    let mut seen = account(&["vpc_changes"]);
    let found = one(&mut seen, "vpc_changes");
    found.alarm.as_mut().unwrap().threshold = Some(9);
    found.filter.as_mut().unwrap().pattern = monitor("vpc_changes").entry().exact().to_owned();
    let alarm = found.alarm.as_mut().unwrap();
    alarm.is_enabled = false;
    alarm.actions = vec!["arn:aws:sns:us-east-1:111122223333:other".to_owned()];
    insta::assert_snapshot!(plan(&want, &seen), @r"
    change what the filter `VpcChanges` looks for [safe]
    change the alarm `VpcChanges`: tell `alerts` too, actions on, at 2, in 600 s [safe]
    ");
    // An alarm that has the name and does not count is made to.
    let alarm = one(&mut seen, "vpc_changes").alarm.as_mut().unwrap();
    (alarm.counts, alarm.threshold, alarm.is_enabled) = (false, None, true);
    alarm.actions = vec![TOPIC.to_owned()];
    let filter = one(&mut seen, "vpc_changes").filter.as_mut().unwrap();
    filter.pattern = monitor("vpc_changes").entry().better.to_owned();
    let want = model("vpc_changes = true");
    assert_eq!(plan(&want, &seen), "change the alarm `VpcChanges`: at 1 [safe]");
    // And one that can tell nobody else is a person's.
    let alarm = one(&mut seen, "vpc_changes").alarm.as_mut().unwrap();
    (alarm.counts, alarm.threshold) = (true, Some(1));
    alarm.actions = (0..5)
        .map(|n| format!("arn:aws:sns:us-east-1:111122223333:t{n}"))
        .collect();
    assert!(plan(&want, &seen).starts_with("person: the alarm `VpcChanges` has 5 actions"));
}

#[test]
fn exact_patterns_are_exact_to_the_letter() {
    let want = |patterns: &str| model(&format!("patterns = \"{patterns}\"\nroot_usage = true"));
    let mut seen = account(&["root_usage"]);
    assert_eq!(plan(&want("exact"), &seen), "");
    let filter = one(&mut seen, "root_usage").filter.as_mut().unwrap();
    filter.pattern = filter
        .pattern
        .replace("{$.userIdentity.type=\"Root\"", "{ $.userIdentity.type = Root ");
    assert_eq!(plan(&want("better"), &seen), "", "the same in other words");
    assert_eq!(
        plan(&want("exact"), &seen),
        "change what the filter `RootUsage` looks for [safe]"
    );
}

#[test]
fn an_exact_pattern_in_place_of_a_better_one_needs_consent() {
    let mut seen = account(&["vpc_changes"]);
    let entry = monitor("vpc_changes").entry();
    one(&mut seen, "vpc_changes").filter.as_mut().unwrap().pattern = entry.better.to_owned();
    let want = model("patterns = \"exact\"\nvpc_changes = true");
    insta::assert_snapshot!(plan(&want, &seen), @r"
    change what the filter `VpcChanges` looks for [safe]
      weakens: events of vpc_changes that the benchmark's pattern misses are no longer counted
    ");
}

#[test]
fn a_monitor_is_removed_unless_another_one_uses_its_alarm() {
    let mut seen = account(&["root_usage", "vpc_changes"]);
    let want = model("root_usage = false\nvpc_changes = false\niam_user_creation = false");
    insta::assert_snapshot!(plan(&want, &seen), @r"
    delete the alarm `RootUsage` [destructive]
      weakens: no alert on what the root user does any more
    delete the filter `RootUsage` [destructive]
      after delete the alarm `RootUsage`
      weakens: no alert on what the root user does any more
    delete the alarm `VpcChanges` [destructive]
      weakens: no alert on changes of VPCs any more
    delete the filter `VpcChanges` [destructive]
      after delete the alarm `VpcChanges`
      after delete the filter `RootUsage`
      weakens: no alert on changes of VPCs any more
    ");
    one(&mut seen, "vpc_changes").alarm = Some(alarm("root_usage"));
    insta::assert_snapshot!(plan(&model("root_usage = false"), &seen), @r"
    delete the filter `RootUsage` [destructive]
      weakens: no alert on what the root user does any more
    ");
    assert_eq!(plan(&want, &account(&[])), "");
}

#[test]
fn what_cannot_be_watched_is_refused_with_what_to_do() {
    let want = model("root_usage = true");
    let mut seen = account(&[]);
    seen.ids.group.as_mut().unwrap().filters = 100;
    insta::assert_snapshot!(plan(&want, &seen), @"refused: the log group trail has 100 metric filters, and 1 more are too many: it can have 100");
    seen.ids.home = Some("eu-west-1".parse().unwrap());
    insta::assert_snapshot!(plan(&want, &seen), @"refused: the trail is at home in eu-west-1, and its alarms can tell no topic in us-east-1: write the ARN of one in eu-west-1 as topic");
    seen.ids.group = None;
    insta::assert_snapshot!(plan(&want, &seen), @"refused: the trail all delivers to no log group; write log_group into [cloudtrail]");
    seen.ids.trail = None;
    insta::assert_snapshot!(plan(&want, &seen), @"refused: there is no trail to watch; write [cloudtrail] with a log_group");
    seen.ids.organization_trail = Some("arn:aws:cloudtrail:us-east-1:999988887777:trail/o".to_owned());
    insta::assert_snapshot!(plan(&want, &seen), @r#"refused: only the organization's trail arn:aws:cloudtrail:us-east-1:999988887777:trail/o records the account, and filters can stand on an own trail's log group alone: write manage = "enforce" into [cloudtrail] for an own one beside it (2 USD for 100,000 events), or watch from the management account"#);
    assert_eq!(plan(&model("root_usage = false"), &seen), "");
}

#[test]
fn tags_come_with_a_new_alarm_and_as_drift() {
    let tags: Tags = [("managed-by".to_owned(), "trueup".to_owned())].into();
    let run = trueup_core::env::Run {
        tags: tags.clone(),
        ..trueup_core::env::Run::default()
    };
    let want = model("root_usage = true");
    let out = found_in::<Monitors>(&want, &account(&[]), run.clone());
    assert!(matches!(&out.steps[1].action, Action::PutAlarm { tags: sent, .. } if *sent == tags));
    let out = found_in::<Monitors>(&want, &account(&["root_usage"]), run);
    assert_eq!(
        told(&out),
        "tag the alarm `RootUsage`: managed-by = \"trueup\" [safe]"
    );
}

fn live_filter(name: &str, pattern: &str, metric: &str) -> MetricFilter {
    let transformation = MetricTransformation::builder()
        .metric_namespace("Theirs")
        .metric_name(metric)
        .metric_value("1");
    MetricFilter::builder()
        .filter_name(name)
        .filter_pattern(pattern)
        .metric_transformations(transformation.build().unwrap())
        .build()
}

fn live_alarm(name: &str, metric: &str, op: ComparisonOperator, threshold: f64) -> MetricAlarm {
    MetricAlarm::builder()
        .alarm_name(name)
        .namespace("Theirs")
        .metric_name(metric)
        .statistic(Statistic::Sum)
        .comparison_operator(op)
        .threshold(threshold)
        .period(60)
        .alarm_actions(TOPIC)
        .build()
}

#[test]
fn filters_are_found_by_what_they_look_for_and_alarms_by_their_metric() {
    let entry = monitor("iam_user_creation").entry();
    let find = |filters: &[MetricFilter], alarms: &[MetricAlarm]| read::find(entry, filters, alarms);
    let pattern = "{ $.eventName = \"CreateUser\" }";
    let filters = [
        live_filter("new users", pattern, "Users"),
        live_filter("IamUserCreation", "x", "X"),
    ];
    let alarms = [
        live_alarm("never", "Users", ComparisonOperator::LessThanThreshold, 1.0),
        live_alarm("any", "Users", ComparisonOperator::GreaterThanThreshold, 0.0),
        live_alarm(
            "IamUserCreation",
            "X",
            ComparisonOperator::GreaterThanThreshold,
            0.0,
        ),
    ];
    let there = find(&filters, &alarms);
    assert_eq!(there.filter.unwrap().name, "new users");
    let alarm = there.alarm.unwrap();
    assert_eq!(
        (alarm.name.as_str(), alarm.threshold, alarm.period),
        ("any", Some(1), Some(60))
    );
    // What only has the name is somebody else's.
    let there = find(&filters[1..], &alarms[2..]);
    assert_eq!((there.filter, there.alarm), (None, None));
    assert_eq!(there.other_filter.as_deref(), Some("IamUserCreation-2"));
    assert_eq!(there.other_alarm.as_deref(), Some("IamUserCreation-2"));
}

#[test]
fn what_an_alarm_needs_is_told_from_all_that_decides_it() {
    let entry = monitor("iam_user_creation").entry();
    let pattern = "{ $.eventName = \"CreateUser\" }";
    let sends = |value: &str, default: Option<f64>| {
        let transformation = MetricTransformation::builder()
            .metric_namespace("Theirs")
            .metric_name("Users")
            .metric_value(value)
            .set_default_value(default);
        MetricFilter::builder()
            .filter_name("new users")
            .filter_pattern(pattern)
            .metric_transformations(transformation.build().unwrap())
            .build()
    };
    let over = ComparisonOperator::GreaterThanThreshold;
    let at_least = ComparisonOperator::GreaterThanOrEqualToThreshold;
    let alarm = |op: &ComparisonOperator, threshold: f64| {
        MetricAlarm::builder()
            .alarm_name("any")
            .namespace("Theirs")
            .metric_name("Users")
            .statistic(Statistic::Sum)
            .comparison_operator(op.clone())
            .threshold(threshold)
            .period(300)
            .evaluation_periods(1)
            .alarm_actions(TOPIC)
    };
    let find = |filter: MetricFilter, alarm: MetricAlarm| read::find(entry, &[filter], &[alarm]);
    let needs = |value: &str, op: &ComparisonOperator, threshold: f64| {
        let there = find(sends(value, None), alarm(op, threshold).build());
        there.alarm.and_then(|alarm| alarm.threshold)
    };
    assert_eq!(needs("1", &at_least, 3.0), Some(3));
    assert_eq!(needs("1", &over, 3.0), Some(4));
    assert_eq!(needs("2", &at_least, 3.0), Some(2));
    assert_eq!(needs("2", &over, 4.0), Some(3));
    // A filter that sends a field of the event, or 0, does not count events. Such a filter of others stays as it is.
    for value in ["0", "0.5", "$.bytes"] {
        let there = find(sends(value, None), alarm(&at_least, 1.0).build());
        assert_eq!((there.filter, there.alarm), (None, None), "{value}");
    }
    let highest = alarm(&at_least, 1.0).statistic(Statistic::Maximum).build();
    assert_eq!(find(sends("1", None), highest).alarm.unwrap().threshold, Some(1));
    let highest = alarm(&at_least, 2.0).statistic(Statistic::Maximum).build();
    assert_eq!(find(sends("1", None), highest).alarm, None);

    let flaws =
        |alarm: MetricAlarm, default: Option<f64>| find(sends("1", default), alarm).alarm.unwrap().flaws;
    let one = || alarm(&at_least, 1.0);
    assert_eq!(flaws(one().build(), None), []);
    let of_three = one().evaluation_periods(3);
    assert_eq!(flaws(of_three.clone().datapoints_to_alarm(1).build(), None), []);
    assert_eq!(flaws(of_three.build(), None), [Flaw::Datapoints]);
    assert_eq!(flaws(one().period(10).build(), None), [Flaw::Period]);
    assert_eq!(flaws(one().period(86_400).build(), None), [Flaw::Period]);
    for (missing, default, flaw) in [
        ("breaching", Some(0.0), true),
        ("ignore", None, true),
        ("ignore", Some(0.0), false),
        ("missing", None, false),
        ("notBreaching", None, false),
    ] {
        let found = flaws(one().treat_missing_data(missing).build(), default);
        assert_eq!(found == [Flaw::MissingData], flaw, "{missing}");
    }
    let counted = one().unit(StandardUnit::Count).build();
    assert_eq!(flaws(counted, None), [Flaw::Unit]);
}

#[test]
fn an_alarm_changes_in_what_is_said_alone() {
    let live = live_alarm("any", "Users", ComparisonOperator::GreaterThanThreshold, 0.0);
    let tell = AlarmChange {
        topic: Some("arn:aws:sns:us-east-1:111122223333:more".to_owned()),
        ..AlarmChange::default()
    };
    let told = write::changed(live.clone(), &tell);
    assert_eq!(told.alarm_actions().len(), 2);
    assert_eq!(
        (told.threshold, told.comparison_operator.clone()),
        (live.threshold, live.comparison_operator.clone())
    );
    let at = AlarmChange {
        threshold: Some(5),
        ..AlarmChange::default()
    };
    let raised = write::changed(live.clone(), &at);
    assert_eq!(raised.threshold, Some(5.0));
    assert_eq!(
        raised.comparison_operator,
        Some(ComparisonOperator::GreaterThanOrEqualToThreshold)
    );
    assert_eq!(
        (raised.period, raised.alarm_actions),
        (live.period, live.alarm_actions)
    );
}

#[test]
fn the_schema_has_every_key() {
    let schema = schemars::schema_for!(Model).to_value();
    let keys = schema["properties"].as_object().unwrap();
    assert_eq!(keys.len(), CATALOGUE.len() + 7);
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(
        keys["root_usage"]["description"],
        "Tells of what the root user does. Asked for by CIS 5.0 4.3, CIS 3.0 4.3, Security Hub CloudWatch.1."
    );
}

#[test]
fn each_monitor_is_paid_once_the_free_ones_are_used_up() {
    let each = Monthly::cents(price::METRIC + price::ALARM, price::METRIC + price::ALARM);
    assert!(Monitors::DOC.cost.contains(&each.to_string()), "{each}");
    let keys: Vec<&str> = CATALOGUE.iter().map(|entry| entry.key).collect();
    let on = |keys: &[&str]| {
        let lines: Vec<String> = keys.iter().map(|key| format!("{key} = true\n")).collect();
        model(&lines.concat())
    };
    let costs = |want: &Model, there: &[&str]| monthly(&found::<Monitors>(want, &account(there)));
    assert_eq!(costs(&on(&keys[..10]), &[]), Monthly::up_to(400));
    assert_eq!(costs(&on(&keys[..17]), &[]), Monthly::cents(280, 680));
    assert_eq!(costs(&on(&keys[..17]), &keys[..17]), Monthly::default());
    assert_eq!(costs(&on(&keys[11..12]), &keys[..11]), each);
    assert_eq!(costs(&on(&keys[11..12]), &keys[..9]), Monthly::up_to(40));
    let instead = model(&format!("{} = false\n{} = true", keys[0], keys[11]));
    assert_eq!(costs(&instead, &keys[..10]), Monthly::up_to(40), "one goes");
    let mut seen = account(&keys[..11]);
    one(&mut seen, keys[0]).alarm = None;
    let alone = monthly(&found::<Monitors>(&on(&keys[..1]), &seen));
    assert_eq!(
        alone,
        Monthly::cents(price::ALARM, price::ALARM),
        "only the alarm is missing"
    );
}
