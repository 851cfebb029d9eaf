//! Who hears of a budget.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::words::Email;

/// An entry of a notification's `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Recipient {
    /// `"topic"`: the topic of `[alerts]`, until its ARN is filled in.
    Alerts,
    /// An SNS topic, by its ARN.
    Topic(String),
    /// An e-mail address.
    Email(Email),
}

/// The word for the topic of `[alerts]`.
const ALERTS: &str = "topic";

impl Recipient {
    /// Whether it is told through SNS: a notification has one such recipient at most.
    pub fn is_topic(&self) -> bool {
        !matches!(self, Recipient::Email(_))
    }
}

impl TryFrom<String> for Recipient {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == ALERTS {
            return Ok(Recipient::Alerts);
        }
        let parts: Vec<&str> = text.split(':').collect();
        if let ["arn", _, "sns", _, _, name] = parts[..]
            && !name.is_empty()
        {
            return Ok(Recipient::Topic(text));
        }
        text.parse().map(Recipient::Email).map_err(|_| {
            format!(
                "`{text}` is no recipient; expected an e-mail address, \"topic\" or the ARN of an SNS topic"
            )
        })
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> String {
        recipient.to_string()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Recipient::Alerts => ALERTS,
            Recipient::Topic(arn) => arn,
            Recipient::Email(email) => email.as_str(),
        })
    }
}

impl JsonSchema for Recipient {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "budget_recipient".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}
