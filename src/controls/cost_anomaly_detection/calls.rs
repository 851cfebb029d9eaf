//! The calls: reading the monitor and the subscriptions to it, and each change.

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::error::BuildError;
use aws_sdk_costexplorer::types::{
    AnomalyMonitor, AnomalySubscription, AnomalySubscriptionFrequency, Dimension, DimensionValues,
    Expression, MatchOption, MonitorDimension, MonitorType, ResourceTag, Subscriber, SubscriberType,
};
use aws_smithy_types::retry::RetryConfig;
use trueup_aws::wait;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::tags::Tags;
use trueup_core::values::{Decimal, Presence, Recipient};

use super::{
    Action, Combine, Frequency, Ids, MONITOR, Model, Monitor, SUBSCRIPTION, Settings, Subscription,
    Threshold, read,
};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let ce = &cx.clients().ce;
    let mut ids = Ids::default();
    let monitor = match monitor(ce).await {
        Ok(monitor) => monitor,
        Err(fault) if want.is_some() && is_closed(&fault) => {
            ids.refusal = Some(format!(
                "{}: open Cost Explorer once in the Billing and Cost Management console, and wait up to 24 hours; for \
                 a member account the organization's management account has to do it",
                fault.message
            ));
            return Ok(Observed {
                ids,
                ..Observed::of(Model::default())
            });
        }
        Err(fault) => return Err(fault),
    };
    let Some(mut monitor) = monitor else {
        return Ok(Observed::of(Model {
            state: Some(Presence::Absent),
            ..Model::default()
        }));
    };
    let mut model = Model {
        state: Some(Presence::Present),
        ..Model::default()
    };
    ids.others = subscriptions(ce, &monitor.arn).await?;
    let tagged = !cx.env.run.tags.is_empty() && want.is_some_and(|want| !want.is_absent());
    if tagged {
        monitor.tags = tags(ce, &monitor.arn).await?;
    }
    if let Some(at) = read::chosen(want, &ids.others) {
        let one = ids.others.remove(at);
        if tagged {
            ids.tags = tags(ce, &one.arn).await?;
        }
        model = Model {
            // The table of a subscription says that there is one: the word is told to whom it was asked by alone.
            state: want.and_then(|want| want.state).map(|_| Presence::Present),
            ..read::model(&one)
        };
        ids.subscription = Some(one);
    }
    ids.monitor = Some(monitor);
    Ok(Observed {
        ids,
        ..Observed::of(model)
    })
}

/// Whether nobody has opened Cost Explorer yet: only its console page switches it on.
fn is_closed(fault: &Fault) -> bool {
    fault.kind == FaultKind::Denied && fault.message.contains("not enabled for cost explorer")
}

/// The monitor of all services. There is one at most (`CreateAnomalyMonitor` refuses a second).
async fn monitor(ce: &Client) -> Result<Option<Monitor>, Failure> {
    let mut pages = ce.get_anomaly_monitors().into_paginator().send();
    while let Some(page) = pages.next().await {
        for live in page?.anomaly_monitors {
            if live.monitor_dimension == Some(MonitorDimension::Service) {
                let Some(arn) = live.monitor_arn else {
                    let what = format!("the monitor {} has no ARN", live.monitor_name);
                    return Err(Failure::answer("ce:GetAnomalyMonitors", what));
                };
                return Ok(Some(Monitor {
                    arn,
                    name: live.monitor_name,
                    tags: Tags::new(),
                }));
            }
        }
    }
    Ok(None)
}

async fn subscriptions(ce: &Client, monitor: &str) -> Result<Vec<Subscription>, Failure> {
    let pages = ce.get_anomaly_subscriptions().monitor_arn(monitor);
    let mut pages = pages.into_paginator().send();
    let mut all = vec![];
    while let Some(page) = pages.next().await {
        for live in page?.anomaly_subscriptions {
            all.push(subscription(live).map_err(|what| Failure::answer("ce:GetAnomalySubscriptions", what))?);
        }
    }
    Ok(all)
}

fn subscription(live: AnomalySubscription) -> Result<Subscription, String> {
    let name = live.subscription_name.clone();
    let to = live.subscribers.iter().map(|one| {
        let address = one.address.clone().unwrap_or_default();
        Recipient::try_from(address).map_err(|what| format!("of the subscription {name} {what}"))
    });
    let mut to = to.collect::<Result<Vec<_>, String>>()?;
    to.sort();
    Ok(Subscription {
        to,
        frequency: match &live.frequency {
            AnomalySubscriptionFrequency::Immediate => Some(Frequency::Immediate),
            AnomalySubscriptionFrequency::Daily => Some(Frequency::Daily),
            AnomalySubscriptionFrequency::Weekly => Some(Frequency::Weekly),
            _ => None,
        },
        threshold: match &live.threshold_expression {
            Some(expression) => threshold(expression),
            None => amount(&live),
        },
        arn: live
            .subscription_arn
            .ok_or_else(|| format!("the subscription {name} has no ARN"))?,
        name: live.subscription_name,
        monitors: live.monitor_arn_list,
    })
}

#[expect(
    deprecated,
    reason = "a subscription that was made before there were expressions still has the older form"
)]
fn amount(live: &AnomalySubscription) -> Option<Threshold> {
    live.threshold
        .and_then(Decimal::from_f64)
        .map(Threshold::Absolute)
}

/// Nothing for what a table cannot say.
fn threshold(live: &Expression) -> Option<Threshold> {
    let (both, combine) = match (live.and(), live.or()) {
        ([], []) => return leaf(live),
        (both, []) => (both, Combine::And),
        ([], both) => (both, Combine::Or),
        _ => return None,
    };
    let bare = Expression::builder()
        .set_and(live.and.clone())
        .set_or(live.or.clone())
        .build();
    let [one, other] = both else {
        return None;
    };
    match (leaf(one)?, leaf(other)?) {
        _ if *live != bare => None,
        (Threshold::Absolute(absolute), Threshold::Percent(percent))
        | (Threshold::Percent(percent), Threshold::Absolute(absolute)) => Some(Threshold::Both {
            absolute,
            percent,
            combine,
        }),
        _ => None,
    }
}

fn leaf(live: &Expression) -> Option<Threshold> {
    let values = live.dimensions()?;
    // Whatever else an expression can say is not meant here.
    let bare = Expression::builder()
        .dimensions(values.clone())
        .set_and(live.and.clone().filter(Vec::is_empty))
        .set_or(live.or.clone().filter(Vec::is_empty))
        .build();
    let ([value], [MatchOption::GreaterThanOrEqual]) = (values.values(), values.match_options()) else {
        return None;
    };
    let number = value.parse().ok().filter(|_| *live == bare)?;
    match values.key()? {
        Dimension::AnomalyTotalImpactAbsolute => Some(Threshold::Absolute(number)),
        Dimension::AnomalyTotalImpactPercentage => Some(Threshold::Percent(number)),
        _ => None,
    }
}

fn expression(threshold: Threshold) -> Expression {
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

async fn tags(ce: &Client, arn: &str) -> Result<Tags, Failure> {
    let answer = ce.list_tags_for_resource().resource_arn(arn).send().await?;
    let tags = answer.resource_tags.unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let ce = &cx.clients().ce;
    match action {
        Action::CreateMonitor { tags } => {
            create_monitor(ce, tags).await?;
        }
        Action::Subscribe {
            monitor,
            settings,
            tags,
        } => {
            let monitor = match monitor {
                Some(arn) => arn.clone(),
                None => create_monitor(ce, tags).await?,
            };
            subscribe(cx, monitor, settings, tags).await?;
        }
        Action::Change { arn, change, .. } => {
            ce.update_anomaly_subscription()
                .subscription_arn(arn)
                .set_frequency(change.frequency.map(frequency))
                .set_threshold_expression(change.threshold.map(expression))
                .set_subscribers(change.to.as_deref().map(subscribers))
                .send()
                .await?;
        }
        Action::Tag { arn, tags, .. } => {
            ce.tag_resource()
                .resource_arn(arn)
                .set_resource_tags(Some(resource_tags(tags)?))
                .send()
                .await?;
        }
        Action::Detach { arn, monitors, .. } => {
            ce.update_anomaly_subscription()
                .subscription_arn(arn)
                .set_monitor_arn_list(Some(monitors.clone()))
                .send()
                .await?;
        }
        Action::Unsubscribe { arn, .. } => gone(
            "UnknownSubscriptionException",
            ce.delete_anomaly_subscription()
                .subscription_arn(arn)
                .send()
                .await,
        )?,
        Action::DeleteMonitor { arn, .. } => gone(
            "UnknownMonitorException",
            ce.delete_anomaly_monitor().monitor_arn(arn).send().await,
        )?,
    }
    Ok(())
}

/// Makes the monitor, or finds it where a call that seemed to fail had made it. Its ARN.
async fn create_monitor(ce: &Client, tags: &Tags) -> Result<String, Failure> {
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
async fn subscribe(cx: &Cx, monitor: String, settings: &Settings, tags: &Tags) -> Result<(), Failure> {
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
        Ok(_) => Ok(()),
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

/// Takes what no longer exists for deleted.
fn gone<T, E>(code: &str, answer: Result<T, E>) -> Result<(), Failure>
where
    Failure: From<E>,
{
    match answer.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(fault) if fault.is(code) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// A part of a request that its own builder does not take: nothing was sent.
fn built<T>(part: Result<T, BuildError>) -> Result<T, Failure> {
    part.map_err(|error| Failure::answer("ce", error.to_string()))
}

fn frequency(frequency: Frequency) -> AnomalySubscriptionFrequency {
    match frequency {
        Frequency::Immediate => AnomalySubscriptionFrequency::Immediate,
        Frequency::Daily => AnomalySubscriptionFrequency::Daily,
        Frequency::Weekly => AnomalySubscriptionFrequency::Weekly,
    }
}

fn subscribers(to: &[Recipient]) -> Vec<Subscriber> {
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

fn resource_tags(tags: &Tags) -> Result<Vec<ResourceTag>, Failure> {
    let tags = tags
        .iter()
        .map(|(key, value)| built(ResourceTag::builder().key(key).value(value).build()));
    tags.collect()
}

fn some_tags(tags: &Tags) -> Result<Option<Vec<ResourceTag>>, Failure> {
    (!tags.is_empty()).then(|| resource_tags(tags)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn both(combine: Combine) -> Threshold {
        Threshold::Both {
            absolute: number("50"),
            percent: number("40"),
            combine,
        }
    }

    #[test]
    fn every_threshold_survives_the_way_there_and_back() {
        for whole in [
            Threshold::Absolute(number("0")),
            Threshold::Percent(number("12.5")),
            both(Combine::And),
            both(Combine::Or),
        ] {
            assert_eq!(threshold(&expression(whole)), Some(whole));
        }
    }

    #[test]
    fn the_order_of_two_impacts_and_the_form_of_numbers_mean_nothing() {
        let mut live = expression(both(Combine::And));
        let parts = live.and.as_mut().unwrap();
        parts.reverse();
        for part in parts {
            part.or = Some(vec![]);
            let values = part.dimensions.as_mut().unwrap().values.as_mut().unwrap();
            values[0] += ".00";
        }
        assert_eq!(threshold(&live), Some(both(Combine::And)));
    }

    #[test]
    fn what_no_table_can_say_is_never_taken_for_something_else() {
        let absolute = expression(Threshold::Absolute(number("50")));
        let spoilt = |spoil: fn(&mut DimensionValues)| {
            let mut live = absolute.clone();
            spoil(live.dimensions.as_mut().unwrap());
            live
        };
        let but_not = |mut live: Expression| {
            live.not = Some(Box::new(absolute.clone()));
            live
        };
        for live in [
            Expression::builder().build(),
            Expression::builder().not(absolute.clone()).build(),
            Expression::builder()
                .and(absolute.clone())
                .and(absolute.clone())
                .build(),
            Expression::builder()
                .and(expression(both(Combine::Or)))
                .and(absolute.clone())
                .build(),
            but_not(absolute.clone()),
            but_not(expression(both(Combine::And))),
            spoilt(|values| values.key = Some(Dimension::Service)),
            spoilt(|values| values.match_options = Some(vec![MatchOption::Equals])),
            spoilt(|values| values.values = Some(vec!["1".to_owned(), "2".to_owned()])),
            spoilt(|values| values.values = Some(vec!["much".to_owned()])),
        ] {
            assert_eq!(threshold(&live), None, "{live:?}");
        }
    }
}
