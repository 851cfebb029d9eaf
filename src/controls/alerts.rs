//! The one SNS topic that everything reports to, and who hears of it.
//!
//! The topic lives in the home region. Its policy belongs to many: trueup adds a statement for each service that
//! publishes, finds them again by their names, and leaves everything else in it alone.
//!
//! SNS asks each address whether it wants to hear. Until somebody says yes the subscription is pending, and is left
//! so: asking again would send another mail with every run.

use std::collections::BTreeSet;

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Asset, AssetKind, Changes, StepDraft};
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Location, Scope};
use trueup_core::values::Recipient;

mod check;
mod diff;
mod endpoint;
mod live;
mod model;
mod publishers;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};
use self::publishers::Publisher;

pub(crate) use self::live::{filter, refuses_alarms};
pub(crate) use self::model::Filter;
use crate::budgets::Budgets;
use crate::cost_anomaly_detection::CostAnomalyDetection;
use crate::health_events::HealthEvents;
use crate::monitors::Monitors;

/// The control.
pub(crate) struct Alerts;

/// The topic, ready to be published to.
pub(crate) const TOPIC: AssetKind = AssetKind {
    control: "alerts",
    what: "alerts topic",
};

/// The topic of this ARN, ready to be published to. A step that names a topic waits for it: whether that is the alerts
/// topic does not have to be known.
pub(crate) fn topic(arn: &str) -> Asset {
    TOPIC.named(&Location::Account, arn)
}

/// The step, which comes after what makes the topics among its recipients, or lets them be published to.
pub(super) fn awaiting<'s, 'r, A>(
    step: StepDraft<'s, A>,
    to: impl IntoIterator<Item = &'r Recipient>,
) -> StepDraft<'s, A> {
    let topics = to.into_iter().filter_map(|recipient| match recipient {
        Recipient::Topic(arn) => Some(topic(arn)),
        _ => None,
    });
    topics.fold(step, StepDraft::waits_for)
}

impl Control for Alerts {
    const NAME: &'static str = "alerts";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Amazon SNS topic",
        items: &[5, 8, 9],
        why: "Alarms, budgets and health events need somewhere to report to that people hear of.",
        decides: &[
            "The topic's policy, its statements taken together, lets each publisher in use publish.",
            "A customer key's policy lets them use the key; otherwise it is a manual task with the statement to add.",
            "Each written endpoint is subscribed without a filter policy; an unconfirmed one is a manual task.",
            "Other subscribers, statements and statement ids may be anything.",
        ],
        off: "state = \"absent\" deletes the topic with its subscriptions; emails = [] with only = true unsubscribes all \
              e-mail addresses",
        cost: "1,000 e-mails a month are free, then 2 USD for 100,000",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
        example: r#"[alerts]
topic = "account-alerts"          # made in the home region; or topic_arn of one that exists
emails = ["security@example.com"] # each has to confirm once, by a link in a mail from AWS
# https = ["https://alerts.example.com/aws"]
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "sns:GetSubscriptionAttributes",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
            "sns:ListTopics",
        ],
        write: &[
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:SetSubscriptionAttributes",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:TagResource",
            "sns:Unsubscribe",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        let Some(topic) = want.topic_arn(env) else { return };
        if want.publishers.is_none() {
            let in_use = [
                (Publisher::CloudWatch, publishes::<Monitors>(wants, &topic)),
                (Publisher::Budgets, publishes::<Budgets>(wants, &topic)),
                (
                    Publisher::CostAlerts,
                    publishes::<CostAnomalyDetection>(wants, &topic),
                ),
                (Publisher::EventBridge, publishes::<HealthEvents>(wants, &topic)),
            ];
            let in_use = in_use.into_iter().filter(|(_, is_used)| *is_used);
            let in_use: BTreeSet<Publisher> = in_use.map(|(publisher, _)| publisher).collect();
            want.publishers = Some(in_use).filter(|in_use| !in_use.is_empty());
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }

    fn holds(seen: &Observed<Model, Ids>, _here: &Here<'_>) -> Vec<Asset> {
        let exists = !seen.model.is_absent();
        exists.then(|| TOPIC.at(&Location::Account)).into_iter().collect()
    }
}

/// Whether the file's table of another control reports to the topic: as the one of `[alerts]`, or by its ARN.
fn publishes<C: Control>(wants: Wants<'_>, topic: &str) -> bool {
    wants.of::<C>().is_some_and(|table| {
        let refers = C::refers_to(&table)
            .iter()
            .any(|(_, other)| *other == Alerts::NAME);
        refers || toml::Value::try_from(&table).is_ok_and(|table| table.to_string().contains(topic))
    })
}

impl Live for Alerts {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
