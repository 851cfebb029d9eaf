//! The table, what is read beside it, and the changes.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::env::Env;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Email, Presence};
use trueup_policy::{Policy, Statement};

use super::check::is_name;
use super::endpoint::{self, Endpoint};
use super::publishers::{self, Publisher};

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
    /// The e-mail addresses that are subscribed. Each has to confirm once, by a link in a mail from AWS.
    pub(crate) emails: Option<Vec<Email>>,
    /// The addresses that it is posted to, `https://…`. Each has to confirm by itself. AWS shows a password in one as
    /// `****`, so that another password goes unseen.
    pub(crate) https: Option<Vec<Endpoint>>,
    /// Whether other subscribers of a written list are unsubscribed. They stay where it is not written.
    pub(crate) only: Option<bool>,
    /// The KMS key that messages are encrypted with at rest: its ARN, its id or an alias. Its policy has to allow the
    /// services that publish; trueup never changes that policy, and shows what it lacks.
    pub(crate) kms_key: Option<String>,
    /// The services that may publish to it. Where it is not written, those that the file's other tables use, or all if
    /// there are none. What else may publish stays allowed.
    pub(crate) publishers: Option<BTreeSet<Publisher>>,
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

    /// The services that have to be allowed to publish.
    pub(super) fn publishers(&self) -> Vec<Publisher> {
        match &self.publishers {
            Some(written) => written.iter().copied().collect(),
            None => Publisher::ALL.to_vec(),
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
    /// What its filter policy goes by, if it is wanted and has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Filter>,
}

/// What the filter policy of a subscription goes by (SNS developer guide, "Filter policy scope").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Filter {
    /// Attributes, which no publisher here sends: nothing is delivered.
    Attributes,
    /// The text of the message.
    Body,
}

/// The key that a topic is encrypted with, and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// How the topic names it.
    pub(crate) id: String,
    /// What it is.
    pub(crate) kind: KeyKind,
}

impl Key {
    /// Whether both names are of the same key.
    pub(super) fn is(&self, other: &Key) -> bool {
        match (&self.kind, &other.kind) {
            (KeyKind::Own { arn, .. }, KeyKind::Own { arn: other, .. }) => arn == other,
            (KeyKind::OfAws, KeyKind::OfAws) => true,
            _ => self.id == other.id,
        }
    }
}

/// What a key is, as far as it matters to those who publish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyKind {
    /// AWS's own key for SNS. Its policy lets no service publish, and cannot be changed.
    OfAws,
    /// There is none.
    Gone,
    /// It cannot be used: the state that it is in.
    Unusable(String),
    /// It could not be read, and why.
    Unread(String),
    /// The account's own.
    Own {
        /// Its ARN.
        arn: String,
        /// Its policy.
        policy: Policy,
    },
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The topic's ARN, if it exists.
    pub(crate) arn: Option<String>,
    /// Topics that carry trueup's statements where only one can be meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) several: Vec<String>,
    /// The topic's policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Policy>,
    /// The subscriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<Subscription>,
    /// The key that the topic is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Key>,
    /// The key that is written, if the topic does not name it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) written_key: Option<Key>,
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
        /// The deleted principals that the policy names, and that are left out of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        without: Vec<String>,
    },
    /// Encrypt the topic with a key.
    Encrypt {
        /// The topic's ARN.
        topic: String,
        /// The key, as it is written.
        key: String,
    },
    /// Deliver every message to a subscriber.
    Unfilter {
        /// The subscription's ARN.
        arn: String,
        /// The subscriber.
        endpoint: String,
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
            Action::LetPublish {
                statements, without, ..
            } => {
                let services = publishers::titles(statements).join(", ");
                write!(f, "allow {services} to publish to the topic")?;
                match without.is_empty() {
                    true => Ok(()),
                    false => write!(f, ", without the deleted principals {}", without.join(", ")),
                }
            }
            Action::Encrypt { key, .. } => write!(f, "encrypt the topic with the KMS key {key}"),
            Action::Unfilter { endpoint, .. } => {
                let endpoint = endpoint::masked(endpoint);
                write!(f, "remove the filter policy of the subscription of {endpoint}")
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
