//! The calls: reading the monitor and the subscriptions to it, and each change.

use trueup_aws::{Cx, Failure, done};
use trueup_core::control::Observed;
use trueup_core::values::Presence;

use super::choice;
use super::model::{Action, Ids, Model};

mod read;
mod write;

use self::read::{is_closed, monitor, subscriptions, tags};
use self::write::{create_monitor, expression, frequency, resource_tags, subscribe, subscribers};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let ce = &cx.clients().ce;
    let mut ids = Ids::default();
    let monitor = match monitor(ce).await {
        Ok(monitor) => monitor,
        Err(fault) if want.is_some() && is_closed(&fault) => {
            ids.refusal = Some(format!(
                "{fault}: open Cost Explorer once in the Billing and Cost Management console, and wait up to 24 hours; for \
                 a member account the organization's management account has to do it"
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
    if let Some(at) = choice::chosen(want, &ids.others) {
        let one = ids.others.remove(at);
        if tagged {
            ids.tags = tags(ce, &one.arn).await?;
        }
        model = Model {
            // The table of a subscription says that there is one: the word is told to whom it was asked by alone.
            state: want.and_then(|want| want.state).map(|_| Presence::Present),
            ..choice::model(&one)
        };
        ids.subscription = Some(one);
    }
    ids.monitor = Some(monitor);
    Ok(Observed {
        ids,
        ..Observed::of(model)
    })
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
        Action::Unsubscribe { arn, .. } => done(
            ce.delete_anomaly_subscription()
                .subscription_arn(arn)
                .send()
                .await,
            &["UnknownSubscriptionException"],
        )?,
        Action::DeleteMonitor { arn, .. } => done(
            ce.delete_anomaly_monitor().monitor_arn(arn).send().await,
            &["UnknownMonitorException"],
        )?,
    }
    Ok(())
}
