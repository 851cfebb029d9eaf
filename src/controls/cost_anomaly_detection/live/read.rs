//! Reading the monitor and the subscriptions to it.

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::types::{
    AnomalySubscription, AnomalySubscriptionFrequency, Dimension, Expression, MatchOption, MonitorDimension,
    MonitorType, Subscriber, SubscriberStatus, SubscriberType,
};
use trueup_aws::Failure;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::tags::Tags;
use trueup_core::values::{Decimal, Recipient};

use crate::cost_anomaly_detection::model::{Frequency, Monitor, Subscription};
use crate::cost_anomaly_detection::threshold::{Combine, Threshold};

/// Whether nobody has opened Cost Explorer yet: only its console page switches it on.
pub(super) fn is_closed(fault: &Fault) -> bool {
    fault.kind == FaultKind::Denied && fault.message.contains("not enabled for cost explorer")
}

/// The monitor of all services. There is one at most (`CreateAnomalyMonitor` refuses a second).
pub(super) async fn monitor(ce: &Client) -> Result<Option<Monitor>, Failure> {
    let mut pages = ce.get_anomaly_monitors().into_paginator().send();
    while let Some(page) = pages.next().await {
        for live in page?.anomaly_monitors {
            // A custom monitor looks at what its specification says, not at the services.
            let is_of_services = live.monitor_type == MonitorType::Dimensional
                && live.monitor_dimension == Some(MonitorDimension::Service)
                && live.monitor_specification.is_none();
            if is_of_services {
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

pub(super) async fn subscriptions(ce: &Client, monitor: &str) -> Result<Vec<Subscription>, Failure> {
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
    let known = || {
        live.subscribers
            .iter()
            .filter_map(|one| Some((one, recipient(one)?)))
    };
    let mut to: Vec<Recipient> = known().map(|(_, recipient)| recipient).collect();
    to.sort();
    let declined = known().filter(|(one, _)| one.status == Some(SubscriberStatus::Declined));
    Ok(Subscription {
        declined: declined.map(|(_, recipient)| recipient).collect(),
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

/// The recipient that a subscriber is: only if its type is that of its address does it get anything.
fn recipient(live: &Subscriber) -> Option<Recipient> {
    let known = Recipient::try_from(live.address.clone()?).ok()?;
    let fits = match live.r#type {
        Some(SubscriberType::Sns) => matches!(known, Recipient::Topic(_)),
        Some(SubscriberType::Email) => matches!(known, Recipient::Email(_)),
        _ => false,
    };
    fits.then_some(known)
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
pub(super) fn threshold(live: &Expression) -> Option<Threshold> {
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

pub(super) async fn tags(ce: &Client, arn: &str) -> Result<Tags, Failure> {
    let answer = ce.list_tags_for_resource().resource_arn(arn).send().await?;
    let tags = answer.resource_tags.unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_costexplorer::types::DimensionValues;

    use super::super::write::expression;
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
