//! What AWS Health has to say, sent to the alerts topic.
//!
//! Each region's events come to its own event bus. One rule in the home region sends what it hears to the topic; rules
//! in other regions forward theirs to the home region's bus, through a role. Which region forwards what, so that each
//! event is told once, is in `coverage.rs`.
//!
//! Rules are recognised by what they do: one of somebody else's that hears AWS Health in the home region is taken over
//! under its own name, with whatever else it does. Rules that AWS services made for themselves are never touched.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::AssetKind;
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Region, Scope};
use trueup_core::tags::Tags;
use trueup_core::values::Presence;

use crate::alerts::Alerts;

mod action;
mod calls;
mod coverage;
mod diff;
mod message;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use self::action::Action;
pub(crate) use self::coverage::Coverage;

/// The control.
pub(crate) struct HealthEvents;

/// The EventBridge rules of a region: what could not be read cannot be made true there.
const RULES: AssetKind = AssetKind {
    control: "health_events",
    what: "EventBridge rules",
};

/// The rule that sends to the topic, where there is none yet that could.
const RULE: &str = "trueup-health-events";
/// The rules that forward, and the role that they use.
const FORWARD: &str = "trueup-health-forward";
/// The role's policy.
const POLICY: &str = "put-events";
/// The targets of a rule at most (EventBridge quotas).
const TARGETS: usize = 5;

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
}

impl Model {
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// The topic's ARN, once it is known.
    fn topic(&self) -> Option<&str> {
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
    /// What is sent to it, if lines can say that.
    pub(crate) message: Option<Vec<String>>,
}

/// The role that forwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its ARN: one that was there before may have a path.
    pub(crate) arn: String,
    /// EventBridge may assume it.
    pub(crate) trusts: bool,
    /// It may put events on the home region's bus, and nothing else by our policy.
    pub(crate) lets: bool,
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
    /// The role, if it exists.
    pub(crate) role: Option<Role>,
}

/// The ARN of the home region's event bus, which the others forward to.
fn bus(env: &Env) -> String {
    format!(
        "arn:{}:events:{}:{}:event-bus/default",
        env.partition, env.home, env.account
    )
}

impl Ids {
    /// The ARN of the role that forwards, whether it exists yet or not.
    fn role_arn(&self, env: &Env) -> String {
        match &self.role {
            Some(role) => role.arn.clone(),
            None => format!("arn:{}:iam::{}:role/{FORWARD}", env.partition, env.account),
        }
    }
}

impl Control for HealthEvents {
    const NAME: &'static str = "health_events";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS Health events through EventBridge",
        items: &[9],
        why: "AWS tells through AWS Health of a compromised account, of instances to be retired and of outages; the \
              mails about it go to the root user's address alone.",
        off: "state = \"absent\" removes the rules and the role that trueup made",
        cost: "free; forwarding costs 1 USD for a million events",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/health/latest/ug/cloudwatch-events-health.html",
        example: r#"[health_events]
coverage = "minimal"      # what us-east-1 and us-west-2 hear; "full": public events of all regions
message = [
  "<type>: <service> in <region>",
  "<eventTypeCode> since <startTime>",
  "<eventDescription>",
  "https://health.aws.amazon.com/health/home",
]
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "events:ListRules",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            "iam:GetRole",
            "iam:GetRolePolicy",
        ],
        write: &[
            "events:DeleteRule",
            "events:DescribeRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:PassRole",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let wrong = want.message.as_deref().filter(|_| !want.is_absent());
        wrong
            .and_then(message::wrong)
            .map(|what| ("message", what))
            .into_iter()
            .collect()
    }

    fn refers_to(want: &Model) -> Vec<(&'static str, &'static str)> {
        match &want.to {
            _ if want.is_absent() => vec![],
            None => vec![("", Alerts::NAME)],
            Some(To::Alerts) => vec![("to", Alerts::NAME)],
            Some(To::Topic(_)) => vec![],
        }
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        if want.topic().is_none() {
            let topic = wants.of::<Alerts>().and_then(|alerts| alerts.topic_arn(env));
            want.to = topic.map(To::Topic).or_else(|| want.to.take());
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for HealthEvents {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        read::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        calls::apply(action, cx).await
    }
}
