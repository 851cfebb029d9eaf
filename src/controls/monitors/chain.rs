//! The filters that watch trueup's own chain, from the log group to the topic: who deletes an alarm is not heard of by it.
//!
//! Log groups, alarms, topics and rules are made and deleted all day in a busy account, so these filters are scoped to
//! the names of the chain. Each is a filter of its own beside the monitor's first one, on the same metric: all of it is
//! longer than a pattern may be (1,024 characters; CloudWatch Logs API reference, `PutMetricFilter`).

use std::collections::BTreeSet;

use trueup_policy::filter_pattern::{Expr, Pattern};

use super::catalogue::{Entry, Monitor, TOOLING};
use super::model::{Filter, Found};

/// Characters of a pattern at most.
pub(super) const LONGEST: usize = 1024;

/// What a chain is made of.
pub(super) struct Chain<'a> {
    /// The log group that filters stand on.
    pub(super) group: &'a str,
    /// The ARN of the topic that alarms tell.
    pub(super) topic: &'a str,
    /// The names of the alarms.
    pub(super) alarms: BTreeSet<&'a str>,
}

/// A filter that a monitor has beside its first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The filter's name.
    pub(super) name: String,
    /// What it looks for.
    pub(super) pattern: String,
}

impl Part {
    /// Whether a filter does the same.
    pub(super) fn is(&self, filter: &Filter) -> bool {
        let expr = |text: &str| match Pattern::parse(text) {
            Ok(Pattern::Json(expr)) => Some(expr),
            _ => None::<Expr>,
        };
        !filter.counts_nothing
            && (filter.pattern.trim() == self.pattern || expr(&filter.pattern) == expr(&self.pattern))
    }
}

/// The name that an alarm of a monitor has or is going to have.
pub(super) fn alarm_name(monitor: Monitor, found: Option<&Found>) -> &str {
    let live = found.and_then(|found| {
        found
            .alarm
            .as_ref()
            .map(|alarm| &alarm.name)
            .or(found.other_alarm.as_ref())
    });
    live.map_or(monitor.entry().name, String::as_str)
}

/// The filters that a monitor has beside its first one.
pub(super) fn parts(entry: &Entry, chain: &Chain<'_>) -> Vec<Part> {
    if entry.key != TOOLING {
        return vec![];
    }
    let part = |of: &str, pattern: String| Part {
        name: format!("{}-{of}", entry.name),
        pattern,
    };
    let mut parts = vec![
        part("Logs", of_logs(chain.group)),
        part("Topic", of_topic(chain.topic)),
        part("Rules", OF_RULES.to_owned()),
    ];
    // A quotation mark would end the name in the pattern.
    let names: Vec<&str> = chain
        .alarms
        .iter()
        .copied()
        .filter(|name| !name.contains('"'))
        .collect();
    let mut rest = names.as_slice();
    while !rest.is_empty() {
        let fits = |number: &usize| of_alarms(&rest[..*number]).len() <= LONGEST;
        let number = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
        let (some, left) = rest.split_at(number);
        parts.push(part(&format!("Alarms{}", parts.len() - 2), of_alarms(some)));
        rest = left;
    }
    parts
}

/// The rules of `[health_events]`, by the names that trueup gives them.
const OF_RULES: &str = r#"{($.eventSource = "events.amazonaws.com") && ((($.requestParameters.name = "trueup-health-*") && (($.eventName = "DeleteRule") || ($.eventName = "DisableRule"))) || (($.requestParameters.rule = "trueup-health-*") && ($.eventName = "RemoveTargets")))}"#;

/// Whether a filter beside the monitor's first one is trueup's, by its name.
pub(super) fn is_part(entry: &Entry, filter: &Filter) -> bool {
    let of = filter
        .name
        .strip_prefix(entry.name)
        .and_then(|rest| rest.strip_prefix('-'));
    of.is_some_and(|of| ["Logs", "Topic", "Rules"].contains(&of) || of.starts_with("Alarms"))
}

fn of_logs(group: &str) -> String {
    format!(
        r#"{{($.eventSource = "logs.amazonaws.com") && (($.eventName = "DeleteLogGroup") || ($.eventName = "DeleteMetricFilter") || ($.eventName = "PutMetricFilter")) && ($.requestParameters.logGroupName = "{group}")}}"#
    )
}

fn of_topic(topic: &str) -> String {
    format!(
        r#"{{($.eventSource = "sns.amazonaws.com") && ((($.requestParameters.topicArn = "{topic}") && (($.eventName = "DeleteTopic") || ($.eventName = "SetTopicAttributes"))) || (($.requestParameters.subscriptionArn = "{topic}:*") && ($.eventName = "Unsubscribe")))}}"#
    )
}

/// Of a call that names several alarms only the first is compared: a pattern cannot say "any of them".
fn of_alarms(names: &[&str]) -> String {
    let any = |member: &str| {
        let each = names
            .iter()
            .map(|name| format!(r#"($.requestParameters.{member} = "{name}")"#));
        each.collect::<Vec<_>>().join(" || ")
    };
    format!(
        r#"{{($.eventSource = "monitoring.amazonaws.com") && (((($.eventName = "DeleteAlarms") || ($.eventName = "DisableAlarmActions")) && ({})) || (($.eventName = "PutMetricAlarm") && ({})))}}"#,
        any("alarmNames[0]"),
        any("alarmName")
    )
}
