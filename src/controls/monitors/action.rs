//! What can be done.

use std::fmt;

use serde::{Deserialize, Serialize};
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};

/// One change. Each names the region of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Action {
    /// Makes a filter, or one of this name as it should be.
    PutFilter {
        /// The region.
        region: Region,
        /// The log group.
        group: String,
        /// The filter's name.
        name: String,
        /// What it looks for.
        pattern: String,
        /// The namespace and the name of the metric that it feeds.
        metric: (String, String),
    },
    /// Changes what a filter looks for.
    SetPattern {
        /// The region.
        region: Region,
        /// The log group.
        group: String,
        /// The filter's name.
        name: String,
        /// What it looks for.
        pattern: String,
    },
    /// Deletes a filter.
    DeleteFilter {
        /// The region.
        region: Region,
        /// The log group.
        group: String,
        /// The filter's name.
        name: String,
    },
    /// Makes an alarm.
    PutAlarm {
        /// The region.
        region: Region,
        /// The alarm's name.
        name: String,
        /// What it tells of.
        description: String,
        /// The namespace and the name of the metric that it watches.
        metric: (String, String),
        /// It goes off at so many events
        threshold: i64,
        /// in so many seconds.
        period: i32,
        /// The ARN of the topic that it tells.
        topic: String,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Changes an alarm; what else it has stays.
    ChangeAlarm {
        /// The region.
        region: Region,
        /// The alarm's name.
        name: String,
        /// What changes.
        change: AlarmChange,
    },
    /// Tags an alarm; other tags stay.
    TagAlarm {
        /// The region.
        region: Region,
        /// The alarm's name.
        name: String,
        /// The tags.
        tags: Tags,
    },
    /// Deletes an alarm.
    DeleteAlarm {
        /// The region.
        region: Region,
        /// The alarm's name.
        name: String,
    },
}

/// What changes of an alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AlarmChange {
    /// It tells this topic too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<String>,
    /// Its actions are switched on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) enable: bool,
    /// It goes off when the sum of events is this or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<i64>,
    /// In so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) period: Option<i32>,
}

impl fmt::Display for AlarmChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic = self.topic.as_deref().and_then(|arn| arn.rsplit(':').next());
        let parts = [
            topic.map(|name| format!("tell `{name}` too")),
            self.enable.then(|| "actions on".to_owned()),
            self.threshold.map(|threshold| format!("at {threshold}")),
            self.period.map(|period| format!("in {period} s")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::PutFilter { name, .. } => {
                write!(f, "watch the trail's log group by the filter `{name}`")
            }
            Action::SetPattern { name, .. } => write!(f, "change what the filter `{name}` looks for"),
            Action::DeleteFilter { name, .. } => write!(f, "delete the filter `{name}`"),
            Action::PutAlarm {
                name,
                threshold,
                period,
                ..
            } => write!(f, "make the alarm `{name}`: at {threshold} in {period} s"),
            Action::ChangeAlarm { name, change, .. } => write!(f, "change the alarm `{name}`: {change}"),
            Action::TagAlarm { name, tags, .. } => write!(f, "tag the alarm `{name}`: {}", tags::shown(tags)),
            Action::DeleteAlarm { name, .. } => write!(f, "delete the alarm `{name}`"),
        }
    }
}
