//! The table, what is read beside it, and the changes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Presence, Template};

use super::FORWARD;
use super::coverage::Coverage;

/// The table `[health_events]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" takes back what trueup made for it: the rules, the role, and the topic as a target of another's rule.
    pub(crate) state: Option<Presence>,
    /// Where to: "topic", which is the topic of `[alerts]` and meant where this is left out, or the ARN of an SNS topic
    /// in the home region.
    pub(crate) to: Option<To>,
    /// "minimal": what concerns this account in any region, and global services, heard in us-east-1 and us-west-2;
    /// "full": a rule in every enabled region, for public events of all of them too.
    pub(crate) coverage: Option<Coverage>,
    /// The lines of a message. A place such as `<service>` stands for what the event says: account, eventArn,
    /// eventDescription, eventTypeCategory, eventTypeCode, region, service, startTime, statusCode, type.
    pub(crate) message: Option<Vec<String>>,
    /// The ARN of the managed policy that limits the role that forwards, as some organizations demand of every
    /// role. A role that has another one is left alone and reported: a boundary is never taken away.
    pub(crate) permissions_boundary: Option<Template>,
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// The topic's ARN, once it is known.
    pub(super) fn topic(&self) -> Option<&str> {
        match &self.to {
            Some(To::Topic(arn)) => Some(arn),
            Some(To::Alerts) | None => None,
        }
    }
}

/// Where health events are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum To {
    /// `"topic"`: the topic of `[alerts]`, until its ARN is filled in.
    Alerts,
    /// An SNS topic, by its ARN.
    Topic(String),
}

impl TryFrom<String> for To {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "topic" {
            return Ok(To::Alerts);
        }
        match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", _, "sns", _, _, name] if !name.is_empty() => Ok(To::Topic(text)),
            _ => Err(format!(
                "`{text}` is no topic; expected \"topic\" or the ARN of an SNS topic"
            )),
        }
    }
}

impl From<To> for String {
    fn from(to: To) -> String {
        match to {
            To::Alerts => "topic".to_owned(),
            To::Topic(arn) => arn,
        }
    }
}

impl JsonSchema for To {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "health_events_to".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// A rule that hears AWS Health.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) name: String,
    /// Which events it hears.
    pub(crate) pattern: Value,
    /// Whether it works.
    pub(crate) enabled: bool,
    /// The target that is the topic, or the home region's event bus.
    pub(crate) target: Option<Target>,
    /// How many other targets it has.
    pub(crate) others: usize,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// A target of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Its id, which is the rule's own.
    pub(crate) id: String,
    /// What it is.
    pub(crate) arn: String,
    /// The role that is used to reach it.
    pub(crate) role: Option<String>,
    /// Why it cannot be reached through that role, if the role is another one than trueup's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role_fails: Option<String>,
    /// Why it cannot be told whether that works, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role_unclear: Option<String>,
    /// What is sent to it, if lines can say that.
    pub(crate) message: Option<Vec<String>>,
    /// Something else than the event as it is is sent to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_reshaped: bool,
}

/// The role that forwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its ARN: one that was there before may have a path.
    pub(crate) arn: String,
    /// EventBridge may assume it.
    pub(crate) trusts: bool,
    /// It may put events on the home region's bus.
    pub(crate) lets: bool,
    /// Why it cannot forward, whatever is added to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) obstacles: Vec<String>,
    /// Why it cannot be told whether it forwards, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unclear: Option<String>,
    /// The policy that limits it, by ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The rule of the home region that sends to the topic, or could.
    pub(crate) home: Option<Rule>,
    /// Other rules of the home region that send some health events to the topic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) doubles: Vec<String>,
    /// The rules that forward, by region.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) forwarders: BTreeMap<Region, Rule>,
    /// The regions that could not be read, with what was said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) unread: BTreeMap<Region, String>,
    /// The regions where the organization denies EventBridge, with what was said first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) denied: BTreeMap<Region, Fault>,
    /// The role, if it exists.
    pub(crate) role: Option<Role>,
}

impl Ids {
    /// The ARN of the role that forwards, whether it exists yet or not.
    pub(super) fn role_arn(&self, env: &Env) -> String {
        match &self.role {
            Some(role) => role.arn.clone(),
            None => format!("arn:{}:iam::{}:role/{FORWARD}", env.partition, env.account),
        }
    }
}

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
    /// Send to the topic without a role: its policy lets EventBridge publish.
    DropRole {
        /// The home region.
        region: Region,
        /// The rule.
        rule: String,
        /// The target's id.
        id: String,
    },
    /// Send events as they are to the home region's event bus, through a role.
    Forward {
        /// The rule's region.
        region: Region,
        /// The rule.
        rule: String,
        /// The target's id, if there is one that does not work.
        id: Option<String>,
        /// The event bus.
        bus: String,
        /// The role.
        role: String,
    },
    /// Make the role that forwards.
    CreateRole {
        /// The policy that limits it.
        boundary: Option<Template>,
        /// Its tags.
        tags: Tags,
    },
    /// Limit the role by a permissions boundary.
    PutBoundary {
        /// The policy.
        boundary: String,
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
            Action::DropRole { rule, .. } => {
                write!(f, "let the rule {rule} send to the topic without a role")
            }
            Action::Reword { rule, .. } => write!(f, "change the message of the rule {rule}"),
            Action::Forward { region, bus, .. } => {
                let home = bus.split(':').nth(3).unwrap_or(bus);
                write!(f, "forward health events of {region} to {home}")
            }
            Action::CreateRole { .. } => write!(f, "create the role {FORWARD}"),
            Action::PutBoundary { .. } => write!(f, "limit the role {FORWARD} by its permissions boundary"),
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
