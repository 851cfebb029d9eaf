//! The changes, and how the plan tells them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};

use super::FORWARD;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a rule.
    CreateRule {
        /// Where.
        region: Region,
        /// Its name.
        name: String,
        /// Which events it hears.
        pattern: Value,
        /// Its tags.
        tags: Tags,
    },
    /// Let a rule hear what it should, and work. What else it has stays.
    ChangeRule {
        /// Where.
        region: Region,
        /// Its name.
        name: String,
        /// Which events it hears from now on, if it heard others.
        pattern: Option<Value>,
        /// It did not work.
        enable: bool,
    },
    /// Make the topic a target of the home region's rule.
    Send {
        /// The home region.
        region: Region,
        /// The rule.
        rule: String,
        /// The topic's ARN.
        topic: String,
        /// The lines of a message.
        message: Vec<String>,
    },
    /// Change what is sent to the topic; what else the target has stays.
    Reword {
        /// The home region.
        region: Region,
        /// The rule.
        rule: String,
        /// The target's id.
        id: String,
        /// The lines of a message.
        message: Vec<String>,
    },
    /// Make the home region's event bus the target of a rule.
    Forward {
        /// The rule's region.
        region: Region,
        /// The rule.
        rule: String,
        /// The target's id, if there is one that lacks a role.
        id: Option<String>,
        /// The event bus.
        bus: String,
        /// The role.
        role: String,
    },
    /// Make the role that forwards.
    CreateRole {
        /// Its tags.
        tags: Tags,
    },
    /// Let EventBridge assume the role.
    TrustEventBridge,
    /// Let the role put events on the home region's bus.
    LetPutEvents {
        /// The event bus.
        bus: String,
    },
    /// Tag a rule.
    TagRule {
        /// Where.
        region: Region,
        /// Its name.
        name: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Tag the role.
    TagRole {
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Delete a rule with all its targets.
    DeleteRule {
        /// Where.
        region: Region,
        /// Its name.
        name: String,
    },
    /// Send nothing to the topic any more, and leave the rule to its owner.
    StopSending {
        /// The home region.
        region: Region,
        /// The rule.
        rule: String,
        /// The target's id.
        id: String,
    },
    /// Delete the role.
    DeleteRole,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::CreateRule { region, name, .. } => {
                write!(f, "create the rule {name} in {region}")
            }
            Action::ChangeRule {
                region,
                name,
                pattern,
                enable,
            } => {
                let what = match (pattern.is_some(), enable) {
                    (false, _) => "enable the rule",
                    (true, false) => "change the events of the rule",
                    (true, true) => "enable and change the rule",
                };
                write!(f, "{what} {name} in {region}")
            }
            Action::Send { topic, .. } => {
                let name = topic.rsplit(':').next().unwrap_or(topic);
                write!(f, "send health events to the topic {name}")
            }
            Action::Reword { rule, .. } => write!(f, "change the message of the rule {rule}"),
            Action::Forward { region, bus, .. } => {
                let home = bus.split(':').nth(3).unwrap_or(bus);
                write!(f, "forward health events of {region} to {home}")
            }
            Action::CreateRole { .. } => write!(f, "create the role {FORWARD}"),
            Action::TrustEventBridge => write!(f, "let EventBridge assume the role {FORWARD}"),
            Action::LetPutEvents { .. } => {
                write!(f, "let the role {FORWARD} put events")
            }
            Action::TagRule { region, name, tags } => {
                write!(f, "tag the rule {name} in {region}: {}", tags::shown(tags))
            }
            Action::TagRole { tags } => write!(f, "tag the role {FORWARD}: {}", tags::shown(tags)),
            Action::DeleteRule { region, name } => write!(f, "delete the rule {name} in {region}"),
            Action::StopSending { rule, .. } => {
                write!(f, "remove the topic from the rule {rule}")
            }
            Action::DeleteRole => write!(f, "delete the role {FORWARD}"),
        }
    }
}
