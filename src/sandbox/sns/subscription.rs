//! Subscriptions, and how they come to count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, AwsError, Here, SERVICE, Topic, no_topic, parameter, read_entries};
use crate::Ids;
use crate::input::Input;

/// Somebody who hears, or may come to hear, of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscription {
    /// The last part of its ARN.
    id: String,
    /// How it is told, such as `email`.
    protocol: String,
    /// Whom.
    endpoint: String,
    /// How far it has come.
    status: Status,
    /// Since when, in seconds since 1970.
    since: i64,
    /// How many requests to confirm it have gone out.
    requests: u32,
    /// The attributes that were set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    Confirmed,
    /// It has ended, and is still listed.
    Deleted,
}

/// The attributes of a subscription that can be set.
const ATTRIBUTES: [&str; 7] = [
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
];

const DAY: i64 = 24 * 60 * 60;

impl Subscription {
    pub(super) fn is_confirmed(&self) -> bool {
        self.status == Status::Confirmed
    }

    pub(super) fn is_pending(&self) -> bool {
        self.status == Status::Pending
    }

    /// A token lives two days (API reference, ConfirmSubscription); what has ended is listed for three more.
    pub(super) fn is_kept(&self, now: i64) -> bool {
        match self.status {
            Status::Confirmed => true,
            Status::Pending => now < self.since + 2 * DAY,
            Status::Deleted => now < self.since + 3 * DAY,
        }
    }

    pub(super) fn output(&self, here: &Here<'_>, topic: &str) -> Value {
        let arn = match self.status {
            Status::Confirmed => format!("{}:{}", here.arn(topic), self.id),
            Status::Pending => "PendingConfirmation".to_owned(),
            Status::Deleted => "Deleted".to_owned(),
        };
        json!({
            "SubscriptionArn": arn,
            "Owner": here.account,
            "Protocol": self.protocol,
            "Endpoint": masked(&self.endpoint),
            "TopicArn": here.arn(topic),
        })
    }

    /// Sets an attribute (API reference, `SetSubscriptionAttributes`). An empty filter policy is none.
    pub(super) fn set(&mut self, attribute: &str, value: &str) -> Result<(), AwsError> {
        if !ATTRIBUTES.contains(&attribute) {
            return Err(parameter("AttributeName"));
        }
        if attribute == "RawMessageDelivery" && !["true", "false"].contains(&value) {
            return Err(parameter(&format!(
                "RawMessageDelivery: Invalid value [{value}]. Must be true or false."
            )));
        }
        if attribute == "FilterPolicy" {
            let filter = serde_json::from_str::<Value>(value).unwrap_or_default();
            let Some(filter) = filter.as_object().filter(|_| !value.is_empty()) else {
                return Err(parameter("FilterPolicy: failed to parse JSON."));
            };
            if filter.is_empty() {
                self.attributes.remove("FilterPolicy");
                self.attributes.remove("FilterPolicyScope");
                return Ok(());
            }
        }
        self.attributes.insert(attribute.to_owned(), value.to_owned());
        Ok(())
    }

    /// All attributes (API reference, `GetSubscriptionAttributes`).
    pub(super) fn details(&self, here: &Here<'_>, topic: &str) -> BTreeMap<String, String> {
        let arn = here.arn(topic);
        let mut all = BTreeMap::from(
            [
                ("ConfirmationWasAuthenticated", "false".to_owned()),
                ("Endpoint", masked(&self.endpoint)),
                ("Owner", here.account.to_owned()),
                ("PendingConfirmation", self.is_pending().to_string()),
                ("Protocol", self.protocol.clone()),
                ("RawMessageDelivery", "false".to_owned()),
                ("SubscriptionArn", format!("{arn}:{}", self.id)),
                ("SubscriptionPrincipal", here.caller.to_owned()),
                ("TopicArn", arn),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        all.extend(self.attributes.clone());
        if all.contains_key("FilterPolicy") {
            let scope = "MessageAttributes".to_owned();
            all.entry("FilterPolicyScope".to_owned()).or_insert(scope);
        }
        all
    }

    fn is(&self, protocol: &str, endpoint: &str) -> bool {
        let mail = protocol.starts_with("email");
        self.protocol == protocol
            && (self.endpoint == endpoint || mail && self.endpoint.eq_ignore_ascii_case(endpoint))
    }
}

/// A URL's password is not told.
fn masked(endpoint: &str) -> String {
    let hidden = endpoint.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.split_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:****@{host}"))
    });
    hidden.unwrap_or_else(|| endpoint.to_owned())
}

fn is_fit(protocol: &str, endpoint: &str) -> Result<(), AwsError> {
    let fits = match protocol {
        "email" | "email-json" => {
            let fits = endpoint.split_once('@').is_some_and(|(name, domain)| {
                !name.is_empty() && domain.contains('.') && !domain.contains('@')
            });
            return if fits {
                Ok(())
            } else {
                Err(parameter("Email address"))
            };
        }
        "http" => endpoint.starts_with("http://"),
        "https" => endpoint.starts_with("https://"),
        "sqs" if !endpoint.starts_with("arn:aws:sqs:") => return Err(parameter("SQS endpoint ARN")),
        "sqs" => true,
        "sms" => {
            let digits = endpoint.strip_prefix('+').unwrap_or_default();
            let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            return match fits {
                true => Ok(()),
                false => Err(SERVICE.invalid(format!("Invalid SMS endpoint: {endpoint}"))),
            };
        }
        "lambda" => endpoint.starts_with("arn:aws:lambda:"),
        _ => {
            return Err(parameter(&format!(
                "Amazon SNS does not support this protocol string: {protocol}"
            )));
        }
    };
    match fits {
        true => Ok(()),
        false => Err(parameter("Endpoint must match the specified protocol")),
    }
}

pub(super) fn subscribe(topic: &mut Topic, name: &str, here: &Here<'_>, ids: &mut Ids) -> Answer {
    let input = &here.call.input;
    let (protocol, endpoint) = (
        SERVICE.required(input, "Protocol")?,
        SERVICE.required(input, "Endpoint")?,
    );
    is_fit(protocol, endpoint)?;
    let asks = protocol.starts_with("email") || protocol.starts_with("http");
    topic
        .subscriptions
        .retain(|one| one.status != Status::Deleted || !one.is(protocol, endpoint));
    let at = topic
        .subscriptions
        .iter()
        .position(|one| one.is(protocol, endpoint));
    let attributes = read_entries(&input["Attributes"]);
    let is_there = |live: &Subscription, (name, value): &(String, String)| match live.attributes.get(name) {
        Some(live) => live == value,
        None => value == "false",
    };
    if let Some(live) = at.map(|at| &topic.subscriptions[at])
        && !attributes.iter().all(|one| is_there(live, one))
    {
        return Err(SERVICE.invalid(
            "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
        ));
    }
    let at = at.unwrap_or_else(|| {
        let id = ids.next_hex32();
        topic.subscriptions.push(Subscription {
            id: format!(
                "{}-{}-{}-{}-{}",
                &id[..8],
                &id[8..12],
                &id[12..16],
                &id[16..20],
                &id[20..]
            ),
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
            status: if asks { Status::Pending } else { Status::Confirmed },
            since: here.call.now,
            requests: 0,
            attributes: BTreeMap::new(),
        });
        topic.subscriptions.len() - 1
    });
    let kept = &mut topic.subscriptions[at];
    for (attribute, value) in attributes {
        kept.set(&attribute, &value)?;
    }
    let arn = format!("{}:{}", here.arn(name), kept.id);
    let told = if kept.is_pending() {
        // Each request sends the mail anew, and with it a new token.
        kept.requests += 1;
        kept.since = here.call.now;
        match input["ReturnSubscriptionArn"].as_str() {
            Some("true") => arn,
            _ => "pending confirmation".to_owned(),
        }
    } else {
        arn
    };
    Ok(json!({"SubscriptionArn": told}))
}

pub(super) fn confirm(topic: &mut Topic, name: &str, here: &Here<'_>) -> Answer {
    let token = SERVICE.required(&here.call.input, "Token")?;
    let asked = topic
        .subscriptions
        .iter_mut()
        .find(|one| one.status != Status::Deleted && one.is(&one.protocol, token))
        .ok_or_else(|| parameter("Token"))?;
    asked.status = Status::Confirmed;
    Ok(json!({"SubscriptionArn": format!("{}:{}", here.arn(name), asked.id)}))
}

/// The subscription of a request, with its topic's name.
pub(super) fn named<'a>(
    topics: &'a mut BTreeMap<String, Topic>,
    here: &Here<'_>,
) -> Result<(String, &'a mut Subscription), AwsError> {
    let (name, id) = here.parts(
        "SubscriptionArn",
        SERVICE.required(&here.call.input, "SubscriptionArn")?,
    )?;
    let id = id.ok_or_else(|| parameter("SubscriptionArn"))?;
    let all = topics
        .get_mut(name)
        .into_iter()
        .flat_map(|topic| &mut topic.subscriptions);
    let found = all
        .into_iter()
        .find(|one| one.id == id && one.status != Status::Deleted);
    let missing = || AwsError::with_status(404, "NotFound", "Subscription does not exist");
    Ok((name.to_owned(), found.ok_or_else(missing)?))
}

pub(super) fn unsubscribe(topics: &mut BTreeMap<String, Topic>, here: &Here<'_>) -> Answer {
    let arn = here.call.input.text("SubscriptionArn");
    if arn.is_empty() {
        return Err(parameter(
            "SubscriptionArn Reason: no value for required parameter",
        ));
    }
    if arn.split(':').count() == 6 {
        return Err(parameter("SubscriptionId"));
    }
    let (name, id) = here.parts("SubscriptionArn", arn)?;
    let id = id.ok_or_else(|| parameter("SubscriptionId"))?;
    let topic = topics.get_mut(name).ok_or_else(no_topic)?;
    // What does not exist (any more) is as good as unsubscribed.
    if let Some(gone) = topic
        .subscriptions
        .iter_mut()
        .find(|one| one.id == id && one.status != Status::Deleted)
    {
        if gone.is_confirmed() {
            topic.deleted += 1;
        }
        gone.status = Status::Deleted;
        gone.since = here.call.now;
    }
    Ok(Value::Null)
}
