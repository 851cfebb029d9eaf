//! What is wrong with a table as a whole.

use super::model::{ANY, Model, Setting};
use crate::cloudtrail::is_group;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    if let Some(topic) = want.topic.as_deref()
        && topic != ANY
        && !(topic.starts_with("arn:") && topic.contains(":sns:") && topic.split(':').count() == 6)
    {
        wrong.push((
            "topic",
            format!("`{topic}` is no topic's ARN; expected arn:aws:sns:REGION:ACCOUNT:NAME, or any"),
        ));
    }
    if let Some(group) = want.log_group.as_deref().filter(|group| !is_group(group)) {
        wrong.push((
            "log_group",
            format!(
                "`{group}` is not a valid log group name; expected 1 to 512 letters, digits and . _ - / #, not aws/ in \
                 front"
            ),
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

/// What CloudWatch takes as a period of an alarm, in seconds (API reference, `PutMetricAlarm`).
fn is_period(seconds: i32) -> bool {
    [10, 20, 30].contains(&seconds) || ((60..=86_400).contains(&seconds) && seconds % 60 == 0)
}
