//! What the changes are made of.

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, Statistic, Tag};
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure};
use trueup_core::location::Region;
use trueup_core::tags::Tags;

use crate::monitors::model::AlarmChange;

/// What CloudWatch Logs answers while it works on another change of the same group.
pub(super) const BUSY: &[&str] = &["OperationAbortedException"];

/// What is waited for then.
pub(super) const IDLE: &str = "the log group takes changes again";

pub(super) fn api_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// `PutMetricFilter` replaces the whole filter, so the rest is sent back as it is.
pub(super) async fn set_pattern(
    cx: &Cx,
    region: &Region,
    group: &str,
    name: &str,
    pattern: &str,
) -> Result<(), Failure> {
    let logs = &cx.clients_in(region).logs;
    // The name is only a prefix here.
    let call = logs.describe_metric_filters().log_group_name(group);
    let mut pages = call.filter_name_prefix(name).into_paginator().items().send();
    let mut live = None;
    while let Some(filter) = pages.next().await {
        let filter = filter?;
        if filter.filter_name() == Some(name) {
            live = Some(filter);
            break;
        }
    }
    let live = live.ok_or_else(|| {
        Failure::answer(
            "logs:DescribeMetricFilters",
            format!("the filter `{name}` is gone"),
        )
    })?;
    let dimensions = live.emit_system_field_dimensions.filter(|all| !all.is_empty());
    let call = logs
        .put_metric_filter()
        .log_group_name(group)
        .filter_name(name)
        .filter_pattern(pattern)
        .set_metric_transformations(live.metric_transformations)
        .set_apply_on_transformed_logs(live.apply_on_transformed_logs.then_some(true))
        .set_field_selection_criteria(live.field_selection_criteria)
        .set_emit_system_field_dimensions(dimensions);
    wait::patiently(cx.wait_until(IDLE), HALF_A_MINUTE, BUSY, || async {
        Ok(call.clone().send().await?)
    })
    .await?;
    Ok(())
}

/// `PutMetricAlarm` replaces the whole alarm, so the rest is sent back as it is.
pub(super) async fn change_alarm(
    cx: &Cx,
    region: &Region,
    name: &str,
    change: &AlarmChange,
) -> Result<(), Failure> {
    let cloudwatch = &cx.clients_in(region).cloudwatch;
    let answer = cloudwatch.describe_alarms().alarm_names(name).send().await?;
    let live = answer.metric_alarms.unwrap_or_default().into_iter().next();
    let live = live
        .ok_or_else(|| Failure::answer("cloudwatch:DescribeAlarms", format!("the alarm `{name}` is gone")))?;
    let new = changed(live, change);
    let list = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty());
    cloudwatch
        .put_metric_alarm()
        .alarm_name(name)
        .set_alarm_description(new.alarm_description)
        .set_actions_enabled(new.actions_enabled)
        .set_ok_actions(list(new.ok_actions))
        .set_alarm_actions(list(new.alarm_actions))
        .set_insufficient_data_actions(list(new.insufficient_data_actions))
        .set_metric_name(new.metric_name)
        .set_namespace(new.namespace)
        .set_statistic(new.statistic)
        .set_extended_statistic(new.extended_statistic)
        .set_period(new.period)
        .set_unit(new.unit)
        .set_evaluation_periods(new.evaluation_periods)
        .set_datapoints_to_alarm(new.datapoints_to_alarm)
        .set_threshold(new.threshold)
        .set_comparison_operator(new.comparison_operator)
        .set_treat_missing_data(new.treat_missing_data)
        .set_evaluate_low_sample_count_percentile(new.evaluate_low_sample_count_percentile)
        .set_evaluation_window(new.evaluation_window)
        .set_warm_up_configuration(new.warm_up_configuration)
        .set_evaluation_criteria(new.evaluation_criteria)
        .set_evaluation_interval(new.evaluation_interval)
        .set_action_configuration(new.action_configuration)
        .send()
        .await?;
    Ok(())
}

/// An alarm with the change in it.
pub(crate) fn changed(mut alarm: MetricAlarm, change: &AlarmChange) -> MetricAlarm {
    if let Some(topic) = &change.topic {
        let actions = alarm.alarm_actions.get_or_insert_default();
        if !actions.contains(topic) {
            actions.push(topic.clone());
        }
    }
    if change.enable {
        alarm.actions_enabled = Some(true);
    }
    if let Some(threshold) = change.threshold {
        alarm.threshold = Some(threshold as f64);
        alarm.comparison_operator = Some(ComparisonOperator::GreaterThanOrEqualToThreshold);
        alarm.statistic = Some(Statistic::Sum);
        alarm.extended_statistic = None;
    }
    if let Some(period) = change.period {
        alarm.period = Some(period);
    }
    if change.one_period {
        alarm.evaluation_periods = Some(1);
        alarm.datapoints_to_alarm = Some(1);
    }
    if change.missing_is_fine {
        alarm.treat_missing_data = Some("notBreaching".to_owned());
    }
    if change.any_unit {
        alarm.unit = None;
    }
    alarm
}
