//! Who is told of something: by mail or through a topic.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Email;

/// An entry of a `to`.
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
    /// Whether it is told through SNS.
    pub fn is_topic(&self) -> bool {
        !matches!(self, Recipient::Email(_))
    }

    /// Puts the topic's ARN in place of the word for it.
    pub fn fill(&mut self, topic: &str) {
        if *self == Recipient::Alerts {
            *self = Recipient::Topic(topic.to_owned());
        }
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
        "recipient".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_an_address_a_topic_or_the_word() {
        for text in [
            "topic",
            "a@example.com",
            "arn:aws-cn:sns:cn-north-1:111122223333:t",
        ] {
            assert_eq!(Recipient::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in [
            "topics",
            "arn:aws:sqs:us-east-1:111122223333:q",
            "@example.com",
            "",
        ] {
            assert!(Recipient::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
