//! Each change of the monitor and of a subscription.

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::error::BuildError;
use aws_sdk_costexplorer::types::{
    AnomalyMonitor, AnomalySubscription, AnomalySubscriptionFrequency, Dimension, DimensionValues,
    Expression, MatchOption, MonitorDimension, MonitorType, ResourceTag, Subscriber, SubscriberType,
};
use aws_smithy_types::retry::RetryConfig;
use trueup_aws::{Cx, Failure, done, wait};
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::tags::Tags;
use trueup_core::values::{Decimal, Recipient};

use super::read::{monitor, subscriptions};
use crate::cost_anomaly_detection::model::{Frequency, Settings, Subscription};
use crate::cost_anomaly_detection::threshold::{Combine, Threshold};
use crate::cost_anomaly_detection::{MONITOR, SUBSCRIPTION};

/// Makes the monitor, or finds it where a call that seemed to fail had made it. Its ARN.
pub(super) async fn create_monitor(ce: &Client, tags: &Tags) -> Result<String, Failure> {
    let new = AnomalyMonitor::builder()
        .monitor_name(MONITOR)
        .monitor_type(MonitorType::Dimensional)
        .monitor_dimension(MonitorDimension::Service)
        .build();
    let made = ce
        .create_anomaly_monitor()
        .anomaly_monitor(built(new)?)
        .set_resource_tags(some_tags(tags)?)
        .send()
        .await
        .map_err(Failure::from);
    match made {
        Ok(made) => Ok(made.monitor_arn),
        Err(fault)
            if fault
                .message
                .contains("Limit exceeded on dimensional spend monitor") =>
        {
            monitor(ce).await?.map(|monitor| monitor.arn).ok_or(fault)
        }
        Err(fault) => Err(fault),
    }
}

/// Whether a subscription to the monitor is the one that is made here.
fn is_ours(one: &Subscription) -> bool {
    one.name == SUBSCRIPTION && one.monitors.len() == 1
}

/// Makes the subscription unless it is there: AWS would make another of the same name.
pub(super) async fn subscribe(
    cx: &Cx,
    monitor: String,
    settings: &Settings,
    tags: &Tags,
) -> Result<(), Failure> {
    let ce = &cx.clients().ce;
    let there = subscriptions(ce, &monitor).await?;
    if there.iter().any(is_ours) {
        return Ok(());
    }
    let new = AnomalySubscription::builder()
        .subscription_name(SUBSCRIPTION)
        .monitor_arn_list(&monitor)
        .set_frequency(settings.frequency.map(frequency))
        .set_threshold_expression(settings.threshold.map(expression))
        .set_subscribers(settings.to.as_deref().map(subscribers))
        .build();
    // It takes no token and any number of one name: the SDK must not send it again after an answer that was lost.
    let once = aws_sdk_costexplorer::config::Config::builder().retry_config(RetryConfig::disabled());
    let call = ce
        .create_anomaly_subscription()
        .anomaly_subscription(built(new)?)
        .set_resource_tags(some_tags(tags)?);
    let is_throttled = |fault: &Fault| fault.kind == FaultKind::Throttled;
    let wait = cx.wait_until("Cost Explorer takes calls again");
    let made = wait::while_passing(wait, wait::HALF_A_MINUTE, is_throttled, || async {
        Ok(call
            .clone()
            .customize()
            .config_override(once.clone())
            .send()
            .await?)
    });
    match made.await {
        Ok(made) => withdraw_a_later_one(ce, &monitor, &made.subscription_arn).await,
        Err(fault) if fault.kind == FaultKind::Network => {
            let there = subscriptions(ce, &monitor).await?;
            match there.iter().any(is_ours) {
                true => Ok(()),
                false => Err(fault),
            }
        }
        Err(fault) => Err(fault),
    }
}

/// Deletes the subscription that was just made if another run made one at the same moment. Of all of them the one with the
/// first ARN stays, so that exactly one run keeps its own.
async fn withdraw_a_later_one(ce: &Client, monitor: &str, made: &str) -> Result<(), Failure> {
    let there = subscriptions(ce, monitor).await?;
    let is_later = there.iter().any(|one| is_ours(one) && one.arn.as_str() < made);
    if !is_later {
        return Ok(());
    }
    let deleted = ce.delete_anomaly_subscription().subscription_arn(made).send();
    done(deleted.await, &["UnknownSubscriptionException"])
}

/// A part of a request that its own builder does not take: nothing was sent.
fn built<T>(part: Result<T, BuildError>) -> Result<T, Failure> {
    part.map_err(|error| Failure::answer("ce", error.to_string()))
}

pub(super) fn frequency(frequency: Frequency) -> AnomalySubscriptionFrequency {
    match frequency {
        Frequency::Immediate => AnomalySubscriptionFrequency::Immediate,
        Frequency::Daily => AnomalySubscriptionFrequency::Daily,
        Frequency::Weekly => AnomalySubscriptionFrequency::Weekly,
    }
}

pub(super) fn subscribers(to: &[Recipient]) -> Vec<Subscriber> {
    let subscriber = |recipient: &Recipient| {
        Subscriber::builder()
            .address(recipient.to_string())
            .r#type(match recipient.is_topic() {
                true => SubscriberType::Sns,
                false => SubscriberType::Email,
            })
            .build()
    };
    to.iter().map(subscriber).collect()
}

pub(super) fn resource_tags(tags: &Tags) -> Result<Vec<ResourceTag>, Failure> {
    let tags = tags
        .iter()
        .map(|(key, value)| built(ResourceTag::builder().key(key).value(value).build()));
    tags.collect()
}

fn some_tags(tags: &Tags) -> Result<Option<Vec<ResourceTag>>, Failure> {
    (!tags.is_empty()).then(|| resource_tags(tags)).transpose()
}

pub(super) fn expression(threshold: Threshold) -> Expression {
    let leaf = |key: Dimension, number: Decimal| {
        let values = DimensionValues::builder()
            .key(key)
            .values(number.to_string())
            .match_options(MatchOption::GreaterThanOrEqual)
            .build();
        Expression::builder().dimensions(values).build()
    };
    let absolute = |number| leaf(Dimension::AnomalyTotalImpactAbsolute, number);
    let percent = |number| leaf(Dimension::AnomalyTotalImpactPercentage, number);
    match threshold {
        Threshold::Absolute(number) => absolute(number),
        Threshold::Percent(number) => percent(number),
        Threshold::Both {
            absolute: dollars,
            percent: share,
            combine,
        } => {
            let both = Some(vec![absolute(dollars), percent(share)]);
            match combine {
                Combine::And => Expression::builder().set_and(both).build(),
                Combine::Or => Expression::builder().set_or(both).build(),
            }
        }
    }
}
