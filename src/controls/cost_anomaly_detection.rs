//! Cost anomaly detection: the monitor of all services, and who is notified of what it finds.
//!
//! An account has one monitor of the dimension SERVICE, and AWS itself makes one with a subscription when Cost
//! Explorer first runs. So the monitor is found by its dimension, whatever its name, and the table is about one of
//! the subscriptions to it: see `choice::chosen`. Other monitors and subscriptions are left alone.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::values::Recipient;

use crate::alerts::Alerts;

mod check;
mod choice;
mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;
mod threshold;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct CostAnomalyDetection;

/// The name of a monitor that is made here.
const MONITOR: &str = "all-services";

/// The name of a subscription that is made here, by which it is found again.
const SUBSCRIPTION: &str = "cost-anomalies";

impl Control for CostAnomalyDetection {
    const NAME: &'static str = "cost_anomaly_detection";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS Cost Anomaly Detection",
        items: &[6],
        why: "It alerts when a service costs more than usual, which a budget only sees once it is overrun.",
        decides: &[
            "A monitor of all services exists, under any name.",
            "A subscription to it alerts the written recipients at least as early as the file asks.",
            "A recipient that declined is a manual task.",
        ],
        off: "state = \"absent\" deletes the monitor of all services, with what it learnt and its subscriptions",
        cost: "free",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/cost-management/latest/userguide/manage-ad.html",
        example: r#"[cost_anomaly_detection]
frequency = "daily"
impact_absolute = "50"       # in US dollars
impact_percent = "none"      # what AWS itself subscribes asks for 40 percent too
to = ["billing@example.com"]
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "ce:GetAnomalyMonitors",
            "ce:GetAnomalySubscriptions",
            "ce:ListTagsForResource",
        ],
        write: &[
            "ce:CreateAnomalyMonitor",
            "ce:CreateAnomalySubscription",
            "ce:DeleteAnomalyMonitor",
            "ce:DeleteAnomalySubscription",
            "ce:TagResource",
            "ce:UpdateAnomalySubscription",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn refers_to(want: &Model) -> Vec<(&'static str, &'static str)> {
        let speaks = !want.is_absent() && want.recipients().contains(&Recipient::Alerts);
        speaks.then_some(("to", Alerts::NAME)).into_iter().collect()
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        let Some(topic) = wants.of::<Alerts>().and_then(|alerts| alerts.topic_arn(env)) else {
            return;
        };
        let to = want.to.iter_mut().flatten();
        to.for_each(|recipient| recipient.fill(&topic));
    }

    fn unsaid(seen: &Observed<Model, Ids>) -> Vec<String> {
        let others = seen.ids.others.iter();
        let others = others.map(|one| format!("Left out: the subscription {} to the same monitor", one.name));
        let this = seen.ids.subscription.iter();
        let odd = this.clone().filter(|one| one.threshold.is_none()).map(|one| {
            format!(
                "The subscription {} has a threshold that no key can express",
                one.name
            )
        });
        let declined = this.flat_map(|one| {
            let declined = one.declined.iter();
            declined.map(|recipient| format!("{recipient} declined the subscription {}", one.name))
        });
        others.chain(odd).chain(declined).collect()
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for CostAnomalyDetection {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
