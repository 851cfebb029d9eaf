//! Reading filters and alarms.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, StandardUnit, StateValue, Statistic};
use aws_sdk_cloudwatchlogs::types::MetricFilter;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trueup_aws::{Cx, Failure};
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::Tags;

use crate::monitors::NAMESPACE;
use crate::monitors::catalogue::{Entry, Monitor, PERIOD, TOOLING};
use crate::monitors::chain::{Chain, parts};
use crate::monitors::model::{Alarm, Filter, Flaw, Found, Heard, Patterns, Setting, Tuning};
use crate::monitors::samples::Reach;

/// The filters of a log group; nothing if there is no such group.
pub(super) async fn read_filters(
    cx: &Cx,
    home: &Region,
    group: &str,
) -> Result<Option<Vec<MetricFilter>>, Failure> {
    let logs = &cx.clients_in(home).logs;
    let call = logs.describe_metric_filters().log_group_name(group);
    let mut pages = call.into_paginator().items().send();
    let mut filters = vec![];
    while let Some(filter) = pages.next().await {
        match filter.map_err(Failure::from) {
            Ok(filter) => filters.push(filter),
            Err(fault) if fault.is("ResourceNotFoundException") => return Ok(None),
            Err(fault) => return Err(fault),
        }
    }
    Ok(Some(filters))
}

/// All metric alarms of the region: CloudWatch finds them by metric only one at a time.
pub(super) async fn read_alarms(cx: &Cx, home: &Region) -> Result<Vec<MetricAlarm>, Failure> {
    let mut pages = cx
        .clients_in(home)
        .cloudwatch
        .describe_alarms()
        .into_paginator()
        .send();
    let mut alarms = vec![];
    while let Some(page) = pages.next().await {
        alarms.extend(page?.metric_alarms.unwrap_or_default());
    }
    Ok(alarms)
}

pub(super) async fn read_tags(cx: &Cx, home: &Region, alarm: &str) -> Result<Tags, Failure> {
    let cloudwatch = &cx.clients_in(home).cloudwatch;
    let call = cloudwatch
        .list_tags_for_resource()
        .resource_arn(arn(alarm, home, &cx.env));
    let tags = call.send().await?.tags.unwrap_or_default().into_iter();
    Ok(tags
        .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
        .collect())
}

/// An alarm's ARN, as its tags are called by.
pub(super) fn arn(alarm: &str, region: &Region, env: &Env) -> String {
    format!(
        "arn:{}:cloudwatch:{region}:{}:alarm:{alarm}",
        env.partition, env.account
    )
}

/// What there is of a monitor.
pub(crate) fn find(entry: &Entry, filters: &[MetricFilter], alarms: &[MetricAlarm]) -> Found {
    let own = (NAMESPACE.to_owned(), entry.name.to_owned());
    let mut candidates: Vec<(Filter, Counting)> = filters
        .iter()
        .filter_map(usable)
        .filter(|(filter, _)| {
            let is_own = filter.name == entry.name && filter.metric == own;
            // One of others that counts nothing is left to them: its metric may serve something else.
            is_own || (entry.knows(&filter.pattern) && !filter.counts_nothing)
        })
        .collect();
    candidates.sort_by_key(|(filter, counting)| {
        (
            filter.counts_nothing,
            !entry.knows(&filter.pattern),
            find_alarm(entry, &filter.metric, counting, alarms).is_none(),
            filter.name != entry.name,
        )
    });
    let (filter, counting) = match candidates.into_iter().next() {
        Some((filter, counting)) => (Some(filter), counting),
        None => (None, Counting::default()),
    };
    let metric = filter.as_ref().map_or(&own, |filter| &filter.metric);
    let alarm = find_alarm(entry, metric, &counting, alarms);
    let is_beside =
        |one: &Filter| one.metric == *metric && filter.as_ref().is_none_or(|first| first.name != one.name);
    let beside = match entry.key {
        TOOLING => filters
            .iter()
            .filter_map(usable)
            .map(|(filter, _)| filter)
            .filter(is_beside)
            .collect(),
        _ => vec![],
    };
    Found {
        beside,
        other_filter: other(entry.name, |name| {
            filters.iter().any(|filter| filter.filter_name() == Some(name))
        })
        .filter(|_| filter.is_none()),
        other_alarm: other(entry.name, |name| {
            alarms.iter().any(|alarm| alarm.alarm_name() == Some(name))
        })
        .filter(|_| alarm.is_none()),
        alarm,
        filter,
    }
}

/// What a filter sends for each event.
struct Counting {
    /// The value, 1 where the filter is new.
    value: f64,
    /// Without events it sends a value too.
    has_default: bool,
    /// The unit, if it sends one.
    unit: Option<StandardUnit>,
}

impl Default for Counting {
    /// What a new filter sends.
    fn default() -> Self {
        Counting {
            value: 1.0,
            has_default: true,
            unit: None,
        }
    }
}

/// A filter that an alarm can be on: one that feeds a metric without dimensions.
///
/// It counts only if it adds a number of at least 1 for each event: a field of the event (`$.bytes`) is a measure, 0 adds
/// nothing, criteria leave events out, and a transformer may have moved the fields that the pattern names (CloudWatch
/// Logs API reference, `MetricTransformation`, `PutMetricFilter`).
fn usable(filter: &MetricFilter) -> Option<(Filter, Counting)> {
    let [transformation] = filter.metric_transformations() else {
        return None;
    };
    let is_split = transformation.dimensions().is_some_and(|all| !all.is_empty())
        || !filter.emit_system_field_dimensions().is_empty();
    if is_split {
        return None;
    }
    let value = transformation.metric_value.parse().unwrap_or(0.0);
    let leaves_out = filter
        .field_selection_criteria()
        .is_some_and(|criteria| !criteria.trim().is_empty())
        || filter.apply_on_transformed_logs();
    let found = Filter {
        name: filter.filter_name.clone()?,
        pattern: filter.filter_pattern.clone().unwrap_or_default(),
        metric: (
            transformation.metric_namespace.clone(),
            transformation.metric_name.clone(),
        ),
        counts_nothing: !(1.0..1e9).contains(&value) || leaves_out,
    };
    let counting = Counting {
        value: if found.counts_nothing { 1.0 } else { value },
        has_default: transformation.default_value.is_some(),
        unit: transformation
            .unit
            .as_ref()
            .map(|unit| StandardUnit::from(unit.as_str())),
    };
    Some((found, counting))
}

/// The alarm on a metric: one that works, before one that counts, before one that has only the name.
fn find_alarm(
    entry: &Entry,
    metric: &(String, String),
    counting: &Counting,
    alarms: &[MetricAlarm],
) -> Option<Alarm> {
    let on_it = alarms.iter().filter(|alarm| {
        alarm.namespace() == Some(&metric.0)
            && alarm.metric_name() == Some(&metric.1)
            && alarm.dimensions().is_empty()
    });
    let read = on_it.filter_map(|alarm| {
        let threshold = at(alarm, counting);
        Some(Alarm {
            name: alarm.alarm_name.clone()?,
            counts: threshold.is_some(),
            threshold,
            flaws: flaws(alarm, counting),
            period: alarm.period,
            is_enabled: alarm.actions_enabled.unwrap_or(true),
            actions: alarm.alarm_actions.clone().unwrap_or_default(),
            heard: Heard::No,
            tags: Tags::new(),
        })
    });
    let mut candidates: Vec<Alarm> = read
        .filter(|alarm| alarm.counts || alarm.name == entry.name)
        .collect();
    candidates.sort_by_key(|alarm| {
        (
            !alarm.counts,
            !alarm.is_enabled,
            !alarm.flaws.is_empty(),
            alarm.actions.is_empty(),
            alarm.name != entry.name,
        )
    });
    candidates.into_iter().next()
}

/// The least number of events at which an alarm goes off, if it counts them and is not always on.
fn at(alarm: &MetricAlarm, counting: &Counting) -> Option<i64> {
    let threshold = alarm.threshold?;
    let events = threshold / counting.value;
    let least = match alarm.comparison_operator.as_ref()? {
        ComparisonOperator::GreaterThanOrEqualToThreshold => events.ceil(),
        ComparisonOperator::GreaterThanThreshold => events.floor() + 1.0,
        _ => return None,
    };
    let adds_up = match alarm.statistic {
        Some(Statistic::Sum) => true,
        // The greatest value of a period is that of one event, however many there are.
        Some(Statistic::Maximum) => least <= 1.0,
        _ => false,
    };
    // What is more than this goes off never.
    (adds_up && (1.0..1e15).contains(&least)).then_some(least as i64)
}

/// The alarms of monitors that are in the state ALARM, with the day since which they are.
pub(super) fn alarming(found: &BTreeMap<Monitor, Found>, alarms: &[MetricAlarm]) -> BTreeMap<String, String> {
    let on = alarms
        .iter()
        .filter(|alarm| alarm.state_value == Some(StateValue::Alarm));
    on.filter_map(|alarm| {
        let name = alarm.alarm_name().filter(|name| is_monitors(found, name))?;
        let since = alarm
            .state_transitioned_timestamp()
            .or(alarm.state_updated_timestamp())?;
        let since = Timestamp::from_second(since.secs()).ok()?;
        let day = TimeZone::UTC.to_datetime(since).date();
        Some((name.to_owned(), day.to_string()))
    })
    .collect()
}

fn is_monitors(found: &BTreeMap<Monitor, Found>, name: &str) -> bool {
    let mut of_monitors = found.values().filter_map(|found| found.alarm.as_ref());
    of_monitors.any(|alarm| alarm.name == name)
}

/// The alarms of monitors that CloudWatch does not evaluate as they should be, with its word for that.
pub(super) fn evaluation(
    found: &BTreeMap<Monitor, Found>,
    alarms: &[MetricAlarm],
) -> BTreeMap<String, String> {
    let states = alarms.iter().filter_map(|alarm| {
        let name = alarm.alarm_name().filter(|name| is_monitors(found, name))?;
        Some((name.to_owned(), alarm.evaluation_state()?.as_str().to_owned()))
    });
    states.collect()
}

/// Why an alarm stays silent, or never ends, whatever its threshold is (CloudWatch user guide, "Configuring how alarms
/// treat missing data", "Evaluating an alarm"; a filter without a unit sends data of no unit).
fn flaws(alarm: &MetricAlarm, counting: &Counting) -> Vec<Flaw> {
    let datapoints = alarm.datapoints_to_alarm.or(alarm.evaluation_periods);
    let unit = alarm.unit.as_ref().filter(|unit| **unit != StandardUnit::None);
    let missing = alarm.treat_missing_data.as_deref().unwrap_or("missing");
    let all = [
        (Flaw::Datapoints, datapoints.is_some_and(|needed| needed > 1)),
        (
            Flaw::Period,
            alarm.period.is_some_and(|period| !(60..=3600).contains(&period)),
        ),
        (
            Flaw::MissingData,
            missing == "breaching" || (missing == "ignore" && !counting.has_default),
        ),
        (Flaw::Unit, unit.is_some() && unit != counting.unit.as_ref()),
    ];
    let present = all.into_iter().filter(|(_, is_there)| *is_there);
    present.map(|(flaw, _)| flaw).collect()
}

/// A name that nobody has, where the usual one is taken.
fn other(usual: &str, is_taken: impl Fn(&str) -> bool) -> Option<String> {
    if !is_taken(usual) {
        return None;
    }
    (2..)
        .map(|number| format!("{usual}-{number}"))
        .find(|name| !is_taken(name))
}

/// The topic that most of these alarms tell.
pub(super) fn most_told<'a>(found: impl Iterator<Item = &'a Found>) -> Option<String> {
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let alarms = found.filter_map(|found| found.alarm.as_ref());
    for action in alarms.flat_map(|alarm| &alarm.actions) {
        if action.contains(":sns:") {
            *told.entry(action).or_default() += 1;
        }
    }
    let most = told.into_iter().rev().max_by_key(|(_, times)| *times);
    most.map(|(topic, _)| topic.to_owned())
}

/// The kind of patterns, if all filters that can show it have the same.
pub(super) fn patterns(found: &BTreeMap<Monitor, Found>) -> Option<Patterns> {
    let mut kinds = found.iter().filter_map(|(monitor, found)| {
        let (entry, filter) = (monitor.entry(), found.filter.as_ref()?);
        let (is_exact, is_better) = (
            filter.pattern.trim() == entry.exact(),
            entry.reach(&filter.pattern) == Reach::Better,
        );
        Some((is_better, is_exact))
    });
    let (is_better, is_exact) = kinds
        .clone()
        .fold((true, true), |all, one| (all.0 && one.0, all.1 && one.1));
    match (kinds.next(), is_better, is_exact) {
        (Some(_), true, _) => Some(Patterns::Better),
        (Some(_), false, true) => Some(Patterns::Exact),
        _ => None,
    }
}

/// How a monitor is written that is as it is found, in the words of what is wanted; nothing if it is half there.
pub(super) fn live(
    entry: &Entry,
    found: &Found,
    chain: &Chain<'_>,
    want: Option<&Setting>,
) -> Option<Setting> {
    let (filter, alarm) = match (&found.filter, &found.alarm) {
        (None, None) => return Some(Setting::Off),
        (Some(filter), Some(alarm)) => (filter, alarm),
        _ => return None,
    };
    let tells = alarm.heard != Heard::No || alarm.actions.iter().any(|action| action == chain.topic);
    let is_whole = parts(entry, chain)
        .iter()
        .all(|part| found.beside.iter().any(|filter| part.is(filter)));
    let works = !filter.counts_nothing && alarm.counts && !entry.is_flawed(alarm);
    if !entry.knows(&filter.pattern) || !works || !alarm.is_enabled || !tells || !is_whole {
        return None;
    }
    Some(Setting::On(match want {
        Some(Setting::On(want)) => Tuning {
            threshold: want.threshold.and(alarm.threshold),
            period: want.period.and(alarm.period),
        },
        _ => Tuning {
            threshold: alarm.threshold.filter(|threshold| *threshold != entry.threshold),
            period: alarm.period.filter(|period| *period != PERIOD),
        },
    }))
}
