//! The table, what is read beside it, and the changes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};

use super::catalogue::{CATALOGUE, Monitor};
use crate::cloudtrail::Events;

/// In place of a topic's ARN: each that has a confirmed subscription will do.
pub(super) const ANY: &str = "any";

/// The table `[monitors]`: a key for each monitor, and what concerns all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    /// The account's trail whose log group is watched, if there are several.
    pub(crate) trail: Option<String>,
    /// The log group that it is going to deliver to, if it has none yet.
    pub(crate) log_group: Option<String>,
    /// The account gets a trail of its own although an organization's records it.
    pub(crate) own_trail: Option<bool>,
    /// The file manages the trail: what it has to record is made so.
    pub(crate) managed_trail: Option<bool>,
    /// The management events that the file has the trail record.
    pub(crate) management_events: Option<Events>,
    /// The ARN of the topic that alarms report to, or "any".
    pub(crate) topic: Option<String>,
    /// Which patterns filters have.
    pub(crate) patterns: Option<Patterns>,
    /// The monitors.
    pub(crate) monitors: BTreeMap<Monitor, Setting>,
}

impl Model {
    pub(super) fn is_any_on(&self) -> bool {
        self.monitors
            .values()
            .any(|setting| matches!(setting, Setting::On(_)))
    }

    /// Alarms may report to any topic that has a confirmed subscription.
    pub(super) fn takes_any_topic(&self) -> bool {
        self.topic.as_deref() == Some(ANY)
    }

    /// Some monitor is wanted that watches what AWS KMS does.
    pub(crate) fn needs_kms(&self) -> bool {
        let is_on = |setting: &Setting| matches!(setting, Setting::On(_));
        self.monitors
            .iter()
            .any(|(monitor, setting)| is_on(setting) && monitor.entry().needs_kms())
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
        let events = generator.subschema_for::<Events>();
        let all: [(&str, Value); 7] = [
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
                "managed_trail",
                json!({
                    "type": "boolean",
                    "description": "The trail is made to record what monitors need. True where [cloudtrail] is managed.",
                }),
            ),
            (
                "management_events",
                json!({
                    "description": "Which management events the file has the trail record. As [cloudtrail] says if it is \
                                    not written.",
                    "anyOf": [events],
                }),
            ),
            (
                "topic",
                text(
                    "The ARN of the topic that alarms report to, in the trail's home region, or \"any\": each topic \
                     that has a confirmed subscription will do. That of [alerts] if it is not written.",
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

/// What the trail does, as far as monitors depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Records {
    /// It records now.
    pub(crate) is_logging: bool,
    /// It is the organization's, and this is the management account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_organizations: bool,
    /// Which management events; nothing if none, or only some.
    pub(crate) events: Option<Events>,
    /// It leaves out what AWS KMS does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lacks_kms: bool,
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
    /// It does not add at least 1 to the metric for each event, so no alarm on the metric can count events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) counts_nothing: bool,
}

/// Why an alarm does not go off although events reach its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flaw {
    /// It needs several periods with events.
    Datapoints,
    /// Its period is shorter than the metric's resolution, or longer than an hour.
    Period,
    /// It is always on without data, or keeps its state.
    MissingData,
    /// It looks at data of another unit than the filter sends.
    Unit,
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
    /// Why it does not go off all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) flaws: Vec<Flaw>,
    /// In how many seconds.
    pub(crate) period: Option<i32>,
    /// Its actions are switched on.
    pub(crate) is_enabled: bool,
    /// Whom it tells.
    pub(crate) actions: Vec<String>,
    /// Who hears it, where any topic will do.
    #[serde(default, skip_serializing_if = "Heard::is_no")]
    pub(crate) heard: Heard,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// Who hears an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Heard {
    /// No confirmed subscription is known.
    #[default]
    No,
    /// Another account's topic, which does not show its subscriptions.
    Foreign,
    /// A topic that has a confirmed subscription.
    Yes,
}

impl Heard {
    fn is_no(&self) -> bool {
        *self == Heard::No
    }
}

/// What there is of one monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Filter>,
    /// The filters that feed the same metric, of a monitor that has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) beside: Vec<Filter>,
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
    /// What that trail does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) records: Option<Records>,
    /// The ARN of an organization's trail that records the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_trail: Option<String>,
    /// The region of trail, log group, metrics and alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) home: Option<Region>,
    /// The log group, or the one that is going to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Group>,
    /// The topic of which people hear most of the alarms, where any topic will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heard_topic: Option<String>,
    /// What there is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) found: BTreeMap<Monitor, Found>,
    /// For notices alone.
    #[serde(default)]
    pub(crate) told: Told,
}

/// What moves by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The day since which alarms are in the state ALARM, as `2026-11-30`, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) alarming: BTreeMap<String, String>,
    /// What CloudWatch says of alarms that it does not evaluate as they should be, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) evaluation: BTreeMap<String, String>,
}

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
    /// One period with events is enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) one_period: bool,
    /// Missing data is not breaching.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) missing_is_fine: bool,
    /// It looks at data of any unit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) any_unit: bool,
}

impl fmt::Display for AlarmChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic = self.topic.as_deref().and_then(|arn| arn.rsplit(':').next());
        let parts = [
            topic.map(|name| format!("tell `{name}` too")),
            self.enable.then(|| "actions on".to_owned()),
            self.threshold.map(|threshold| format!("at {threshold}")),
            self.period.map(|period| format!("in {period} s")),
            self.one_period.then(|| "after 1 period".to_owned()),
            self.missing_is_fine
                .then(|| "missing data is not breaching".to_owned()),
            self.any_unit.then(|| "without a unit".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}
