//! The one SNS topic that everything reports to, and who hears of it.
//!
//! The topic lives in the home region. Its policy belongs to many: trueup adds a statement for each service that
//! publishes, finds them again by their names, and leaves everything else in it alone.
//!
//! SNS asks each address whether it wants to hear. Until somebody says yes the subscription is pending, and is left
//! so: asking again would send another mail with every run.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Asset, AssetKind};
use trueup_core::change::{Changes, StepDraft};
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::env::Env;
use trueup_core::location::{Place, Scope};
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Email, Presence, Recipient};
use trueup_policy::Statement;

mod calls;
mod diff;
mod endpoint;
mod publishers;
#[cfg(test)]
mod tests;

pub(crate) use self::endpoint::Endpoint;

/// The control.
pub(crate) struct Alerts;

/// The topic, ready to be published to.
pub(crate) const TOPIC: AssetKind = AssetKind {
    control: "alerts",
    what: "alerts topic",
};

/// The topic of this ARN, ready to be published to. A step that names a topic waits for it: whether that is the alerts
/// topic does not have to be known.
pub(crate) fn topic(arn: &str) -> Asset {
    TOPIC.named(&Place::Account, arn)
}

/// The step, which comes after what makes the topics among its recipients, or lets them be published to.
pub(super) fn awaiting<'s, 'r, A>(
    step: StepDraft<'s, A>,
    to: impl IntoIterator<Item = &'r Recipient>,
) -> StepDraft<'s, A> {
    let topics = to.into_iter().filter_map(|recipient| match recipient {
        Recipient::Topic(arn) => Some(topic(arn)),
        _ => None,
    });
    topics.fold(step, StepDraft::waits_for)
}

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
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// The ARN of the topic that this table asks for, whether it exists yet or not. Nothing if there is to be none.
    ///
    /// For controls that report to it; their step waits for it by [`TOPIC`].
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

/// The parts of a topic's ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TopicArn<'a> {
    region: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> TopicArn<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
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

/// What SNS takes as a topic's name (API reference, `CreateTopic`). First-in-first-out topics take no e-mail
/// subscriptions.
fn is_name(name: &str) -> bool {
    (1..=256).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
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
    fn name(self) -> &'static str {
        match self {
            Protocol::Email => "email",
            Protocol::Https => "https",
        }
    }

    /// The form in which two equal endpoints are the same bytes.
    fn folded(self, endpoint: &str) -> String {
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

impl Control for Alerts {
    const NAME: &'static str = "alerts";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Amazon SNS topic",
        items: &[5, 8, 9],
        why: "Alarms, budgets and health events need somewhere to report to that people hear of.",
        off: "state = \"absent\" deletes the topic with its subscriptions; emails = [] tells nobody by mail",
        cost: "1,000 e-mails a month are free, then 2 USD for 100,000",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
        example: r#"[alerts]
topic = "account-alerts"          # made in the home region; or topic_arn of one that exists
emails = ["security@example.com"] # each has to confirm once, by a link in a mail from AWS
# https = ["https://alerts.example.com/aws"]
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
            "sns:ListTopics",
        ],
        write: &[
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:TagResource",
            "sns:Unsubscribe",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        if want.is_absent() {
            return vec![];
        }
        let mut wrong = vec![];
        match (&want.topic, &want.topic_arn) {
            (None, None) => wrong.push((
                "",
                "does not say which topic; expected topic or topic_arn".to_owned(),
            )),
            (Some(_), Some(_)) => wrong.push((
                "topic_arn",
                "stands beside topic; expected only one of the two".to_owned(),
            )),
            (Some(name), None) if !is_name(name) => wrong.push((
                "topic",
                format!("`{name}` is no topic's name; expected 1 to 256 letters, digits, - and _"),
            )),
            (None, Some(arn)) if TopicArn::parse(arn).is_none() => wrong.push((
                "topic_arn",
                format!(
                    "`{arn}` is no topic's ARN; expected one such as arn:aws:sns:us-east-1:111122223333:alerts"
                ),
            )),
            _ => {}
        }
        let mut once = |key, protocol: Protocol, endpoints: Vec<&str>| {
            let folded: Vec<String> = endpoints.iter().map(|one| protocol.folded(one)).collect();
            for (at, endpoint) in endpoints.iter().enumerate() {
                if folded[..at].contains(&folded[at]) {
                    wrong.push((
                        key,
                        format!("`{endpoint}` is there twice; expected each address once"),
                    ));
                }
            }
        };
        once("emails", Protocol::Email, want.endpoints(Protocol::Email));
        once("https", Protocol::Https, want.endpoints(Protocol::Https));
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }

    fn holds(seen: &Observed<Model, Ids>, _here: &Here<'_>) -> Vec<Asset> {
        let exists = !seen.model.is_absent();
        exists.then(|| TOPIC.at(&Place::Account)).into_iter().collect()
    }
}

impl Live for Alerts {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        calls::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        calls::apply(action, cx).await
    }
}

impl Model {
    /// The endpoints of a protocol, as they are written.
    fn endpoints(&self, protocol: Protocol) -> Vec<&str> {
        match protocol {
            Protocol::Email => self.emails.iter().flatten().map(Email::as_str).collect(),
            Protocol::Https => self.https.iter().flatten().map(Endpoint::as_str).collect(),
        }
    }

    fn manages(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Email => self.emails.is_some(),
            Protocol::Https => self.https.is_some(),
        }
    }
}
