//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::env::Env;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Email, Presence};
use trueup_policy::Statement;

use super::check::is_name;
use super::endpoint::{self, Endpoint};
use super::publishers;

/// The table `[alerts]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" deletes the topic that trueup's statements are in, with its subscriptions.
    pub(crate) state: Option<Presence>,
    /// The topic's name. It is made in the home region if it does not exist.
    pub(crate) topic: Option<String>,
    /// The ARN of a topic that exists, instead of a name: one that others made, or another account's.
    pub(crate) topic_arn: Option<String>,
    /// Who hears of it by e-mail: exactly these. Each has to confirm once, by a link in a mail from AWS.
    pub(crate) emails: Option<Vec<Email>>,
    /// The addresses that it is posted to, `https://…`: exactly these. Each has to confirm by itself. AWS shows a
    /// password in one as `****`, so that another password goes unseen.
    pub(crate) https: Option<Vec<Endpoint>>,
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// The ARN of the topic that this table asks for, whether it exists yet or not. Nothing if there is to be none.
    ///
    /// For controls that report to it; their step waits for it by [`TOPIC`](super::TOPIC).
    pub(crate) fn topic_arn(&self, env: &Env) -> Option<String> {
        if self.is_absent() {
            return None;
        }
        self.topic_arn.clone().or_else(|| {
            let name = self.topic.as_ref()?;
            Some(format!(
                "arn:{}:sns:{}:{}:{name}",
                env.partition, env.home, env.account
            ))
        })
    }
}

impl Model {
    /// The endpoints of a protocol, as they are written.
    pub(super) fn endpoints(&self, protocol: Protocol) -> Vec<&str> {
        match protocol {
            Protocol::Email => self.emails.iter().flatten().map(Email::as_str).collect(),
            Protocol::Https => self.https.iter().flatten().map(Endpoint::as_str).collect(),
        }
    }

    pub(super) fn manages(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Email => self.emails.is_some(),
            Protocol::Https => self.https.is_some(),
        }
    }
}

/// The parts of a topic's ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TopicArn<'a> {
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) name: &'a str,
}

impl<'a> TopicArn<'a> {
    pub(super) fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sns", region, account, name] = parts[..] else {
            return None;
        };
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        (!region.is_empty() && is_account && is_name(name)).then_some(TopicArn {
            region,
            account,
            name,
        })
    }
}

/// How a subscription is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    /// By mail.
    Email,
    /// By a request to a web address.
    Https,
}

impl Protocol {
    /// SNS's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Protocol::Email => "email",
            Protocol::Https => "https",
        }
    }

    /// The form in which two equal endpoints are the same bytes.
    pub(super) fn folded(self, endpoint: &str) -> String {
        match self {
            Protocol::Email => endpoint.trim().to_lowercase(),
            Protocol::Https => endpoint::masked(endpoint),
        }
    }
}

/// A subscription that exists, of a protocol that a table can express.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    /// How it is told.
    pub(crate) protocol: Protocol,
    /// Whom.
    pub(crate) endpoint: String,
    /// Its ARN; nothing while it is pending.
    pub(crate) arn: Option<String>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The topic's ARN, if it exists.
    pub(crate) arn: Option<String>,
    /// Topics that carry trueup's statements where only one can be meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) several: Vec<String>,
    /// The statements that the topic's policy lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lacking: Vec<Statement>,
    /// The subscriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<Subscription>,
    /// The key that the topic is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make the topic.
    Create {
        /// Its name.
        name: String,
        /// Its tags.
        tags: Tags,
    },
    /// Put statements into the topic's policy, in place of those of the same names.
    LetPublish {
        /// The topic's ARN.
        topic: String,
        /// The statements.
        statements: Vec<Statement>,
    },
    /// Ask somebody to hear of it.
    Subscribe {
        /// The topic's ARN.
        topic: String,
        /// How they are told.
        protocol: Protocol,
        /// Who they are.
        endpoint: String,
    },
    /// Tell somebody no longer.
    Unsubscribe {
        /// The subscription's ARN.
        arn: String,
        /// Who it is.
        endpoint: String,
    },
    /// Tag the topic.
    Tag {
        /// The topic's ARN.
        topic: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Delete the topic.
    Delete {
        /// Its ARN.
        topic: String,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create { name, .. } => write!(f, "create the SNS topic `{name}`"),
            Action::LetPublish { statements, .. } => {
                let who: Vec<&str> = statements.iter().filter_map(publishers::title).collect();
                write!(f, "let {} publish to the topic", who.join(", "))
            }
            Action::Subscribe {
                protocol, endpoint, ..
            } => match protocol {
                Protocol::Email => write!(f, "subscribe {endpoint}, who must confirm by mail"),
                Protocol::Https => {
                    write!(f, "subscribe {}, which must confirm", endpoint::masked(endpoint))
                }
            },
            Action::Unsubscribe { endpoint, .. } => {
                write!(f, "unsubscribe {}", endpoint::masked(endpoint))
            }
            Action::Tag { tags, .. } => write!(f, "tag the SNS topic: {}", tags::shown(tags)),
            Action::Delete { topic } => match TopicArn::parse(topic) {
                Some(TopicArn { name, .. }) => write!(f, "delete the SNS topic `{name}`"),
                None => write!(f, "delete the SNS topic {topic}"),
            },
        }
    }
}
