//! The monitors of the trail: metric filters on its log group, and an alarm on each that tells the alerts topic.
//!
//! A filter is found by what it looks for and an alarm by the metric that it watches, whatever they are called; what
//! else an alarm has and tells stays. Filters can only stand on a log group of the account's own trail.
//!
//! Sources: CloudWatch Logs API reference, `PutMetricFilter`; CloudWatch API reference, `PutMetricAlarm`; Security Hub
//! user guide, "Security Hub controls for CloudWatch".

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::values::Presence;
use trueup_core::want::Manage;

use crate::alerts::Alerts;
use crate::cloudtrail::CloudTrail;

mod catalogue;
mod chain;
mod check;
mod diff;
mod live;
mod model;
mod price;
#[cfg(test)]
mod records;
mod samples;
mod sight;
mod table;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct Monitors;

/// The namespace of the metrics that new filters feed, as in Security Hub's description.
const NAMESPACE: &str = "LogMetrics";

/// Metric filters of a log group at most (CloudWatch Logs user guide, "CloudWatch Logs quotas").
const FILTERS: usize = 100;

/// Actions of one kind that an alarm has at most (CloudWatch API reference, `PutMetricAlarm`).
const ACTIONS: usize = 5;

impl Control for Monitors {
    const NAME: &'static str = "monitors";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Metric filters and alarms on the trail",
        items: &[8],
        why: "Somebody hears within minutes of what should be rare: use of the root user, a trail that is stopped, a \
              policy that is changed.",
        decides: &[
            "The filter's pattern matches the events of the written one; with `exact` it equals the pattern.",
            "The filter counts 1 or more per event, without dimensions.",
            "The alarm counts the filter's metric, and one event within one period of 1 min to 1 h sets it off; for the four monitors of rates, at most the written number of events.",
            "The alarm's actions are on, and it reports to the written topic, or with topic = \"any\" to one with a confirmed subscription.",
            "Names and unmatched filters and alarms may be anything.",
        ],
        off: "false deletes a monitor's filter and alarm",
        cost: "10 metrics and 10 alarms are free; each further monitor 0.40 USD a month, all 17 of the checklist 2.80 to \
               6.80 USD",
        benchmarks: &[
            ("CIS 5.0", "4.1 – 4.15"),
            ("CIS 3.0", "4.1 – 4.15"),
            ("Security Hub", "CloudWatch.1 – CloudWatch.14"),
        ],
        page: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html",
        example: r#"[monitors]
# patterns = "exact"          # to the letter what Security Hub's controls of CIS 1.4 demand
root_usage = true
console_sign_in_failures = true
console_sign_in_without_mfa = true
network_acl_changes = true
vpc_changes = true
network_gateway_changes = true
security_group_changes = true
iam_policy_changes = true
iam_role_changes = true
iam_user_creation = true
access_key_creation = true
cloudtrail_changes = true
switch_role_failures = { threshold = 3 }
s3_bucket_policy_changes = true
kms_key_disabled_or_deletion = true
kms_disabled_key_use = true
unauthorized_api_calls = { threshold = 5, period = 300 }
# config_changes, route_table_changes, organizations_changes: asked for by CIS beyond
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "cloudtrail:DescribeTrails",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:ListTags",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            "logs:DescribeLogGroups",
            "logs:DescribeMetricFilters",
            "logs:ListTagsForResource",
            "sns:GetSubscriptionAttributes",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
        ],
        write: &[
            "cloudwatch:DeleteAlarms",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "logs:DeleteMetricFilter",
            "logs:PutMetricFilter",
        ],
    };
    const RELIES_ON: &'static [&'static str] = &["cloudtrail"];

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn refers_to(want: &Model) -> Vec<(&'static str, &'static str)> {
        let needs = want.is_any_on() && want.topic.is_none();
        needs.then_some(("", Alerts::NAME)).into_iter().collect()
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        let topic = || wants.of::<Alerts>()?.topic_arn(env);
        want.topic = want.topic.take().or_else(topic);
        if let Some(trail) = wants.of::<CloudTrail>() {
            want.trail = want.trail.take().or(trail.name);
            want.log_group = want.log_group.take().or(trail.log_group);
            let is_enforced = wants.manage::<CloudTrail>() == Some(Manage::Enforce);
            want.own_trail = want.own_trail.or(is_enforced.then_some(true));
            let is_left = matches!(wants.manage::<CloudTrail>(), Some(Manage::Report | Manage::Off));
            if !is_left && trail.state != Some(Presence::Absent) {
                want.managed_trail = want.managed_trail.or(Some(true));
                want.management_events = want.management_events.or(trail.management_events);
            }
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for Monitors {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
