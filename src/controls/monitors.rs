//! The monitors of the trail: metric filters on its log group, and an alarm on each that tells the alerts topic.
//!
//! A filter is found by what it looks for and an alarm by the metric that it watches, whatever they are called; what
//! else an alarm has and tells stays. Filters can only stand on a log group of the account's own trail.
//!
//! Sources: CloudWatch Logs API reference, `PutMetricFilter`; CloudWatch API reference, `PutMetricAlarm`; Security Hub
//! user guide, "Security Hub controls for CloudWatch".

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Region, Scope};
use trueup_core::tags::Tags;
use trueup_core::want::Manage;

use crate::alerts::Alerts;
use crate::cloudtrail::CloudTrail;

mod action;
mod apply;
mod catalogue;
mod diff;
mod price;
mod read;
#[cfg(test)]
mod records;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use self::action::{Action, AlarmChange};
pub(crate) use self::catalogue::{CATALOGUE, Entry, Monitor, PERIOD};

/// The control.
pub(crate) struct Monitors;

/// The namespace of the metrics that new filters feed, as in Security Hub's description.
const NAMESPACE: &str = "LogMetrics";

/// Metric filters of a log group at most (CloudWatch Logs user guide, "CloudWatch Logs quotas").
const FILTERS: usize = 100;

/// Actions of one kind that an alarm has at most (CloudWatch API reference, `PutMetricAlarm`).
const ACTIONS: usize = 5;

/// The table `[monitors]`: a key for each monitor, and what concerns all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    /// The account's trail whose log group is watched, if there are several.
    pub(crate) trail: Option<String>,
    /// The log group that it is going to deliver to, if it has none yet.
    pub(crate) log_group: Option<String>,
    /// The account gets a trail of its own although an organization's records it.
    pub(crate) own_trail: Option<bool>,
    /// The ARN of the topic that alarms tell.
    pub(crate) topic: Option<String>,
    /// Which patterns filters have.
    pub(crate) patterns: Option<Patterns>,
    /// The monitors.
    pub(crate) monitors: BTreeMap<Monitor, Setting>,
}

/// Which patterns filters have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Patterns {
    /// Those that miss less and tell less that is none.
    Better,
    /// Those that Security Hub's controls demand to the letter.
    Exact,
}

/// What is wanted of a monitor: `true`, `false`, or a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// It is removed.
    Off,
    /// It works. What is not written is left as it is, and is the monitor's default where the alarm is new.
    On(Tuning),
}

/// When an alarm goes off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tuning {
    /// At so many events in a period.
    pub(crate) threshold: Option<i64>,
    /// The period in seconds.
    pub(crate) period: Option<i32>,
}

impl Model {
    fn is_any_on(&self) -> bool {
        self.monitors
            .values()
            .any(|setting| matches!(setting, Setting::On(_)))
    }
}

impl JsonSchema for Model {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "monitors".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let tuning = generator.subschema_for::<Tuning>();
        let patterns = generator.subschema_for::<Patterns>();
        let text = |description: &str| json!({"type": "string", "description": description});
        let mut properties = Map::new();
        let all: [(&str, Value); 5] = [
            (
                "trail",
                text(
                    "The account's trail whose log group is watched. That of [cloudtrail] if it is not written.",
                ),
            ),
            (
                "log_group",
                text(
                    "The log group that the trail is going to deliver to. That of [cloudtrail] if it is not written.",
                ),
            ),
            (
                "own_trail",
                json!({
                    "type": "boolean",
                    "description": "The account gets a trail of its own although an organization's records it. True \
                                    where [cloudtrail] has manage = \"enforce\".",
                }),
            ),
            (
                "topic",
                text(
                    "The ARN of the topic that alarms tell, in the trail's home region. That of [alerts] if it is not \
                      written.",
                ),
            ),
            ("patterns", patterns.to_value()),
        ];
        properties.extend(all.map(|(key, schema)| (key.to_owned(), schema)));
        for entry in CATALOGUE {
            let asked: Vec<String> = entry
                .benchmarks
                .iter()
                .map(|(benchmark, number)| format!("{benchmark} {number}"))
                .collect();
            let asked = match asked.is_empty() {
                true => String::new(),
                false => format!(" Asked for by {}.", asked.join(", ")),
            };
            let schema = json!({
                "description": format!("Tells of {}.{asked}", entry.title),
                "anyOf": [{"type": "boolean"}, tuning],
            });
            properties.insert(entry.key.to_owned(), schema);
        }
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

/// The log group that filters stand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// It exists.
    pub(crate) exists: bool,
    /// How many metric filters it has, others' too.
    pub(crate) filters: usize,
}

/// A filter that is a monitor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// Its name.
    pub(crate) name: String,
    /// What it looks for.
    pub(crate) pattern: String,
    /// The namespace and the name of the metric that it feeds.
    pub(crate) metric: (String, String),
}

/// An alarm on a monitor's metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    /// Its name.
    pub(crate) name: String,
    /// It counts events and goes off when they are many. Otherwise it is only by its name the monitor's.
    pub(crate) counts: bool,
    /// The least number of events at which it goes off, if it counts.
    pub(crate) threshold: Option<i64>,
    /// In how many seconds.
    pub(crate) period: Option<i32>,
    /// Its actions are switched on.
    pub(crate) is_enabled: bool,
    /// Whom it tells.
    pub(crate) actions: Vec<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// What there is of one monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Filter>,
    /// The alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alarm: Option<Alarm>,
    /// What a new filter can be called, if its own name is somebody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_filter: Option<String>,
    /// The same for a new alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_alarm: Option<String>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The account's own trail, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trail: Option<String>,
    /// The ARN of an organization's trail that records the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_trail: Option<String>,
    /// The region of trail, log group, metrics and alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) home: Option<Region>,
    /// The log group, or the one that is going to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Group>,
    /// What there is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) found: BTreeMap<Monitor, Found>,
}

impl Control for Monitors {
    const NAME: &'static str = "monitors";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Metric filters and alarms on the trail",
        items: &[8],
        why: "Somebody hears within minutes of what should be rare: use of the root user, a trail that is stopped, a \
              policy that is changed.",
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
    const PERMISSIONS: Permissions = Permissions {
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
        let mut wrong = vec![];
        if let Some(topic) = want.topic.as_deref()
            && !(topic.starts_with("arn:") && topic.contains(":sns:") && topic.split(':').count() == 6)
        {
            wrong.push((
                "topic",
                format!("`{topic}` is no topic's ARN; expected arn:aws:sns:REGION:ACCOUNT:NAME"),
            ));
        }
        for (monitor, setting) in &want.monitors {
            let Setting::On(tuning) = setting else { continue };
            let key = monitor.entry().key;
            if let Some(threshold) = tuning.threshold.filter(|threshold| *threshold < 1) {
                wrong.push((
                    key,
                    format!("a threshold of {threshold} is always reached; expected 1 or more events"),
                ));
            }
            if let Some(period) = tuning.period.filter(|period| !is_period(*period)) {
                wrong.push((
                    key,
                    format!(
                        "CloudWatch has no period of {period} seconds; expected a multiple of 60 up to 86400"
                    ),
                ));
            }
        }
        wrong
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
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for Monitors {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        read::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        apply::apply(action, cx).await
    }
}

/// What CloudWatch takes as a period of an alarm, in seconds (API reference, `PutMetricAlarm`).
fn is_period(seconds: i32) -> bool {
    [10, 20, 30].contains(&seconds) || ((60..=86_400).contains(&seconds) && seconds % 60 == 0)
}
