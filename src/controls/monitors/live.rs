//! The calls: reading, and each change. What is already as asked for, or already gone, counts as done.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::location::Region;

use super::catalogue::Monitor;
use super::chain::{Chain, alarm_name};
use super::model::{Action, Found, Group, Ids, Model, Records, Setting, Told};
use crate::cloudtrail;

mod heard;
pub(super) mod read;
pub(super) mod write;

use self::read::{
    alarming, arn, evaluation, find, live, most_told, patterns, read_alarms, read_filters, read_tags,
};
use self::write::{BUSY, IDLE, api_tags, change_alarm, set_pattern};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let trails = cloudtrail::trails(cx).await?;
    let trail = cloudtrail::choose(&trails, want.and_then(|want| want.trail.as_deref()), &cx.env);
    let records = trail.map(|seen| {
        let records = seen.records();
        Records {
            is_logging: seen.is_logging(),
            is_organizations: seen.is_organizations(),
            lacks_kms: records.lacks_kms(),
            events: records.events,
        }
    });
    let others = trails
        .iter()
        .find(|seen| seen.owner() != Some(&cx.env.account) && seen.is_everywhere());
    let others = others.map(|seen| &seen.trail);
    let trail = trail.map(|seen| &seen.trail);
    let home = match trail.and_then(|trail| trail.home_region()) {
        None => cx.env.home.clone(),
        Some(home) => home.parse::<Region>().map_err(|_| {
            Failure::answer(
                "cloudtrail:DescribeTrails",
                format!("the home region `{home}` is none"),
            )
        })?,
    };
    let attached = trail
        .and_then(|trail| trail.cloud_watch_logs_log_group_arn())
        .and_then(cloudtrail::group_of);
    let name = attached.or(want.and_then(|want| want.log_group.as_deref()));
    let (mut group, mut filters) = (None, vec![]);
    if let Some(name) = name {
        let read = read_filters(cx, &home, name).await?;
        group = Some(Group {
            name: name.to_owned(),
            exists: read.is_some(),
            filters: read.as_ref().map_or(0, Vec::len),
        });
        filters = read.unwrap_or_default();
    }
    let alarms = read_alarms(cx, &home).await?;
    let mut found: BTreeMap<Monitor, Found> = Monitor::all()
        .map(|monitor| (monitor, find(monitor.entry(), &filters, &alarms)))
        .collect();
    if !cx.env.run.tags.is_empty() {
        for (monitor, found) in &mut found {
            let is_wanted =
                want.is_some_and(|want| matches!(want.monitors.get(monitor), Some(Setting::On(_))));
            if let Some(alarm) = found.alarm.as_mut().filter(|_| is_wanted) {
                alarm.tags = read_tags(cx, &home, &alarm.name).await?;
            }
        }
    }
    let heard_topic = match want.is_some_and(Model::takes_any_topic) {
        true => heard::mark(cx, &home, &mut found).await?,
        false => None,
    };
    let topic = match want {
        Some(want) => want.topic.clone(),
        None => most_told(found.values()),
    };
    let is_on = |monitor: &Monitor| match want {
        Some(want) => matches!(want.monitors.get(monitor), Some(Setting::On(_))),
        None => found
            .get(monitor)
            .is_some_and(|found| found.filter.is_some() && found.alarm.is_some()),
    };
    let (alarming, evaluation) = (alarming(&found, &alarms), evaluation(&found, &alarms));
    let alarms = found.iter().filter(|(monitor, _)| is_on(monitor));
    let chain = Chain {
        group: group.as_ref().map_or("", |group| &group.name),
        topic: heard_topic.as_ref().or(topic.as_ref()).map_or("", String::as_str),
        alarms: alarms
            .map(|(monitor, found)| alarm_name(*monitor, Some(found)))
            .collect(),
    };
    let model = Model {
        // What says where to look is as it is written.
        trail: want.and_then(|want| want.trail.clone()),
        log_group: want.and_then(|want| want.log_group.clone()),
        own_trail: want.and_then(|want| want.own_trail),
        managed_trail: want.and_then(|want| want.managed_trail),
        management_events: want.and_then(|want| want.management_events),
        patterns: patterns(&found).filter(|_| want.is_none_or(|want| want.patterns.is_some())),
        monitors: found
            .iter()
            .filter_map(|(monitor, found)| {
                let wanted = want.and_then(|want| want.monitors.get(monitor));
                Some((*monitor, live(monitor.entry(), found, &chain, wanted)?))
            })
            .collect(),
        topic: topic.clone(),
    };
    Ok(Observed {
        model,
        ids: Ids {
            trail: trail.and_then(|trail| trail.name.clone()),
            records,
            organization_trail: others.and_then(|trail| trail.trail_arn.clone()),
            home: Some(home),
            group,
            heard_topic,
            told: Told { alarming, evaluation },
            found,
        },
        held_by: None,
    })
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    match action {
        Action::PutFilter {
            region,
            group,
            name,
            pattern,
            metric,
        } => {
            // Without dimensions, which exclude a default value (Security Hub's description of the filters).
            let transformation = MetricTransformation::builder()
                .metric_namespace(&metric.0)
                .metric_name(&metric.1)
                .metric_value("1")
                .default_value(0.0)
                .build()
                .map_err(|error| Failure::answer("logs:PutMetricFilter", error.to_string()))?;
            let call = cx
                .clients_in(region)
                .logs
                .put_metric_filter()
                .log_group_name(group)
                .filter_name(name)
                .filter_pattern(pattern)
                .metric_transformations(transformation);
            wait::patiently(cx.wait_until(IDLE), HALF_A_MINUTE, BUSY, || async {
                Ok(call.clone().send().await?)
            })
            .await?;
            Ok(())
        }
        Action::SetPattern {
            region,
            group,
            name,
            pattern,
        } => set_pattern(cx, region, group, name, pattern).await,
        Action::DeleteFilter { region, group, name } => {
            let call = cx.clients_in(region).logs.delete_metric_filter();
            let call = call.log_group_name(group).filter_name(name);
            let gone = wait::patiently(cx.wait_until(IDLE), HALF_A_MINUTE, BUSY, || async {
                Ok(call.clone().send().await?)
            })
            .await;
            match gone {
                Err(fault) if !fault.is("ResourceNotFoundException") => Err(fault),
                _ => Ok(()),
            }
        }
        Action::PutAlarm {
            region,
            name,
            description,
            metric,
            threshold,
            period,
            topic,
            tags,
        } => {
            let call = cx
                .clients_in(region)
                .cloudwatch
                .put_metric_alarm()
                .alarm_name(name)
                .alarm_description(description)
                .namespace(&metric.0)
                .metric_name(&metric.1)
                .statistic(Statistic::Sum)
                .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
                .threshold(*threshold as f64)
                .period(*period)
                .evaluation_periods(1)
                .treat_missing_data("notBreaching")
                .alarm_actions(topic)
                .set_tags((!tags.is_empty()).then(|| api_tags(tags)));
            call.send().await?;
            Ok(())
        }
        Action::ChangeAlarm { region, name, change } => change_alarm(cx, region, name, change).await,
        Action::TagAlarm { region, name, tags } => {
            let call = cx.clients_in(region).cloudwatch.tag_resource();
            let call = call.resource_arn(arn(name, region, &cx.env));
            call.set_tags(Some(api_tags(tags))).send().await?;
            Ok(())
        }
        Action::DeleteAlarm { region, name } => {
            let call = cx.clients_in(region).cloudwatch.delete_alarms();
            match call.alarm_names(name).send().await.map_err(Failure::from) {
                Err(fault) if !fault.is_one_of(&["ResourceNotFound", "ResourceNotFoundException"]) => {
                    Err(fault)
                }
                _ => Ok(()),
            }
        }
    }
}
