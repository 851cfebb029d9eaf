//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Bound, Presence, Recipient};

use super::threshold::{Combine, Impact, Threshold};
use super::{MONITOR, SUBSCRIPTION};

/// The table `[cost_anomaly_detection]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" deletes the monitor of all services, with the subscriptions to it. "present", alone, has the monitor
    /// and tells nobody.
    pub(crate) state: Option<Presence>,
    /// How often at least: a summary in "daily" or "weekly" e-mails, or each anomaly "immediate" through a topic.
    pub(crate) frequency: Option<Bound<Frequency>>,
    /// Alerts on anomalies that cost at least so many US dollars more than expected. "none": by percent alone. A live
    /// threshold that alerts on all of these and more stays.
    pub(crate) impact_absolute: Option<Bound<Impact>>,
    /// Alerts on anomalies that cost at least so many percent more than expected. "none": by dollars alone.
    pub(crate) impact_percent: Option<Bound<Impact>>,
    /// Whether an anomaly must reach both impacts or one of them.
    pub(crate) combine: Option<Combine>,
    /// The recipients, beside which others stay: e-mail addresses, or, where the frequency is "immediate", "topic" (the
    /// one of `[alerts]`) or an SNS topic's ARN.
    pub(crate) to: Option<Vec<Recipient>>,
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// True if it says nothing about a subscription.
    pub(super) fn is_silent(&self) -> bool {
        Model {
            state: None,
            ..self.clone()
        } == Model::default()
    }

    /// How often, without the bound around it.
    pub(super) fn often(&self) -> Option<Frequency> {
        self.frequency.map(|frequency| *frequency.value())
    }

    pub(super) fn recipients(&self) -> &[Recipient] {
        self.to.as_deref().unwrap_or_default()
    }
}

/// How often somebody is told (`AnomalySubscriptionFrequency`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Frequency {
    /// Each anomaly once it is found, through SNS.
    Immediate,
    /// A summary a day, by e-mail.
    Daily,
    /// A summary a week, by e-mail.
    Weekly,
}

impl Frequency {
    /// The word as written in TOML.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Frequency::Immediate => "immediate",
            Frequency::Daily => "daily",
            Frequency::Weekly => "weekly",
        }
    }

    /// More often is greater.
    pub(super) fn by_strictness(&self, other: &Frequency) -> std::cmp::Ordering {
        let rank = |frequency: &Frequency| match frequency {
            Frequency::Weekly => 0,
            Frequency::Daily => 1,
            Frequency::Immediate => 2,
        };
        rank(self).cmp(&rank(other))
    }

    /// What AWS does not take together with these recipients: a topic hears at once, an address a summary
    /// (API reference, `AnomalySubscription`).
    pub(super) fn misfit(self, to: &[Recipient]) -> Option<String> {
        let at_once = self == Frequency::Immediate;
        let wrong = to.iter().find(|recipient| recipient.is_topic() != at_once)?;
        Some(if at_once {
            format!("{wrong} is an e-mail address, and \"immediate\" is told through topics alone")
        } else {
            format!(
                "{wrong} is a topic, and \"{}\" is told by e-mail alone",
                self.word()
            )
        })
    }
}

/// The monitor of all services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Monitor {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name, which may be any.
    pub(crate) name: String,
    /// Its tags, as far as they were asked for.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// A subscription to the monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// The monitors that it subscribes to, the one of all services among them.
    pub(crate) monitors: Vec<String>,
    /// How often it tells, if a table can say that.
    pub(crate) frequency: Option<Frequency>,
    /// Its recipients, as far as their type is that of their address: others get nothing.
    pub(crate) to: Vec<Recipient>,
    /// Those of them that declined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) declined: Vec<Recipient>,
    /// From which impact on, if a table can say that.
    pub(crate) threshold: Option<Threshold>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Why the service refuses to answer, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<String>,
    /// The monitor, if it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) monitor: Option<Monitor>,
    /// The subscription that the table speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subscription: Option<Subscription>,
    /// That subscription's tags, as far as they were asked for.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
    /// The other subscriptions to the monitor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<Subscription>,
}

/// What a subscription is made with, or what changes of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frequency: Option<Frequency>,
    /// Whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Vec<Recipient>>,
    /// From which impact on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<Threshold>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make the monitor.
    CreateMonitor {
        /// Its tags.
        tags: Tags,
    },
    /// Subscribe to the monitor, which is made as well if it is not there: only AWS knows its ARN then.
    Subscribe {
        /// The monitor's ARN, if it exists.
        monitor: Option<String>,
        /// The subscription.
        settings: Settings,
        /// The tags of what is made.
        tags: Tags,
    },
    /// Change the subscription.
    Change {
        /// Its ARN.
        arn: String,
        /// Its name.
        name: String,
        /// What changes.
        change: Settings,
    },
    /// Tag the monitor or the subscription.
    Tag {
        /// Its ARN.
        arn: String,
        /// What it is.
        what: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Take the monitor out of a subscription that has others as well.
    Detach {
        /// The subscription's ARN.
        arn: String,
        /// Its name.
        name: String,
        /// The monitors that it keeps.
        monitors: Vec<String>,
    },
    /// Delete a subscription.
    Unsubscribe {
        /// Its ARN.
        arn: String,
        /// Its name.
        name: String,
    },
    /// Delete the monitor.
    DeleteMonitor {
        /// Its ARN.
        arn: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::CreateMonitor { .. } => write!(f, "create the cost anomaly monitor `{MONITOR}`"),
            Action::Subscribe { monitor: Some(_), .. } => {
                write!(f, "create the cost anomaly subscription `{SUBSCRIPTION}`")
            }
            Action::Subscribe { monitor: None, .. } => write!(
                f,
                "create the cost anomaly monitor `{MONITOR}` and subscribe to it"
            ),
            Action::Change { name, change, .. } => {
                let parts = [
                    change.frequency.map(|_| "frequency"),
                    change.threshold.map(|_| "impact"),
                    change.to.as_ref().map(|_| "recipients"),
                ];
                let parts: Vec<&str> = parts.into_iter().flatten().collect();
                write!(f, "change `{name}` of cost anomalies: {}", parts.join(", "))
            }
            Action::Tag { what, tags, .. } => write!(f, "tag the cost anomaly {what}: {}", tags::shown(tags)),
            Action::Detach { name, .. } => {
                write!(f, "take the monitor out of the subscription `{name}`")
            }
            Action::Unsubscribe { name, .. } => write!(f, "delete the cost anomaly subscription `{name}`"),
            Action::DeleteMonitor { name, .. } => write!(f, "delete the cost anomaly monitor `{name}`"),
        }
    }
}
