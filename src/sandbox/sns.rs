//! Amazon SNS: topics, their policies, and who is subscribed to them.
//!
//! Nobody reads mail here. A subscription by e-mail or HTTP waits until somebody calls `ConfirmSubscription`, and its
//! token is its endpoint: `Token = "security@example.com"`.
//!
//! Limits, patterns and required members are those of the service's own API model (2010-03-31).

mod subscription;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_policy::Policy;
use trueup_policy::evaluate::deleted_principals;

use self::subscription::Subscription;
use super::input::{Input, null_at, one_or_many};
use super::service::{Refusal, Service};
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

/// SNS of one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sns {
    /// The topics, by name.
    pub topics: BTreeMap<String, Topic>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Who may do what with it, as it was written.
    policy: String,
    /// The attributes that were set, without the policy.
    attributes: BTreeMap<String, String>,
    /// Its tags.
    tags: BTreeMap<String, String>,
    /// Who hears of it.
    subscriptions: Vec<Subscription>,
    /// How many subscriptions were confirmed since and have ended.
    deleted: u32,
}

/// The attributes that can be set, beside the policy. Feedback attributes of each protocol end as the last three do.
const ATTRIBUTES: [&str; 5] = [
    "DeliveryPolicy",
    "DisplayName",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
];
const FEEDBACK: [&str; 3] = [
    "SuccessFeedbackRoleArn",
    "SuccessFeedbackSampleRate",
    "FailureFeedbackRoleArn",
];

/// The actions that a topic's policy may name (SNS developer guide, "Using identity-based policies with Amazon SNS").
const ACTIONS: [&str; 11] = [
    "addpermission",
    "deletetopic",
    "getdataprotectionpolicy",
    "gettopicattributes",
    "listsubscriptionsbytopic",
    "listtagsforresource",
    "publish",
    "putdataprotectionpolicy",
    "removepermission",
    "settopicattributes",
    "subscribe",
];

/// The items of a page.
const PAGE: usize = 100;
/// The tags of a topic at most.
const TAGS: usize = 50;

/// The service.
pub(super) static SERVICE: Service = Service {
    invalid_code: "InvalidParameter",
    missing: |_, member| AwsError::new("ValidationError", null_at(member)),
    keeps_tag: |tag| match tag.key {
        None => Err(SERVICE.missing("Key")),
        Some(_) if tag.wrong().is_some() || tag.is_repeated => Err(parameter("Tags")),
        Some(_) => Ok(true),
    },
    denied_resource: |call, id| {
        let mut members = ["TopicArn", "ResourceArn", "SubscriptionArn"].iter();
        match members.find_map(|member| call.input[*member].as_str()) {
            Some(arn) => arn.to_owned(),
            None => format!("arn:aws:sns:{}:{id}:*", call.region),
        }
    },
    denied: |who| AwsError::with_status(403, "AuthorizationError", who),
    region_not_enabled: Refusal::INVALID_CLIENT_TOKEN,
    ..Service::new(
        "sns",
        &[Protocol::Query("http://sns.amazonaws.com/doc/2010-03-31/")],
        handle,
    )
};

/// Answers one operation of SNS.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let id = account.id.clone();
    let here = Here {
        account: &id,
        caller: &account.caller.arn.clone(),
        call,
    };
    let ids = &mut account.ids;
    let Some(state) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let topics = &mut state.sns.topics;
    for topic in topics.values_mut() {
        topic.subscriptions.retain(|one| one.is_kept(call.now));
    }
    let input = &call.input;
    match call.operation.as_str() {
        "ListTopics" => {
            let all = topics
                .keys()
                .map(|name| json!({"TopicArn": here.arn(name)}))
                .collect();
            paged(input, "Topics", all)
        }
        "CreateTopic" => create(topics, &here),
        // "Deleting a topic that does not exist does not result in an error" (API reference).
        "DeleteTopic" => {
            topics.remove(here.name("TopicArn")?);
            Ok(Value::Null)
        }
        "GetTopicAttributes" => {
            let name = here.name("TopicArn")?;
            let topic = topics.get(name).ok_or_else(no_topic)?;
            Ok(json!({"Attributes": entries(&topic.output(name, &here))}))
        }
        "SetTopicAttributes" => {
            let topic = topics.get_mut(here.name("TopicArn")?).ok_or_else(no_topic)?;
            let attribute = SERVICE.required(input, "AttributeName")?;
            topic.set(attribute, input.text("AttributeValue"))?;
            Ok(Value::Null)
        }
        "ListTagsForResource" => {
            let topic = topics.get(here.name("ResourceArn")?).ok_or_else(no_resource)?;
            Ok(json!({"Tags": tags::output(&topic.tags)}))
        }
        "TagResource" => {
            let new = SERVICE.tags(input.list("Tags"))?;
            let topic = topics
                .get_mut(here.name("ResourceArn")?)
                .ok_or_else(no_resource)?;
            topic.tags.extend(new);
            if topic.tags.len() > TAGS {
                return Err(AwsError::new(
                    "TagLimitExceeded",
                    "Could not complete request: tag quota of per resource exceeded",
                ));
            }
            Ok(json!({}))
        }
        "UntagResource" => {
            let topic = topics
                .get_mut(here.name("ResourceArn")?)
                .ok_or_else(no_resource)?;
            for key in input.list("TagKeys") {
                topic.tags.remove(key.as_str().unwrap_or_default());
            }
            Ok(json!({}))
        }
        "Subscribe" => {
            let name = here.name("TopicArn")?;
            let topic = topics.get_mut(name).ok_or_else(no_topic)?;
            subscription::subscribe(topic, name, &here, ids)
        }
        "ConfirmSubscription" => {
            let name = here.name("TopicArn")?;
            let topic = topics.get_mut(name).ok_or_else(no_topic)?;
            subscription::confirm(topic, name, &here)
        }
        "GetSubscriptionAttributes" => {
            let (topic, one) = subscription::named(topics, &here)?;
            Ok(json!({"Attributes": entries(&one.details(&here, &topic))}))
        }
        "SetSubscriptionAttributes" => {
            let attribute = SERVICE.required(input, "AttributeName")?;
            let (_, one) = subscription::named(topics, &here)?;
            one.set(attribute, input.text("AttributeValue"))?;
            Ok(Value::Null)
        }
        "Unsubscribe" => subscription::unsubscribe(topics, &here),
        "ListSubscriptionsByTopic" => {
            let name = here.name("TopicArn")?;
            let topic = topics.get(name).ok_or_else(no_topic)?;
            let all = topic
                .subscriptions
                .iter()
                .map(|one| one.output(&here, name))
                .collect();
            paged(input, "Subscriptions", all)
        }
        "ListSubscriptions" => {
            let all = topics
                .iter()
                .flat_map(|(name, topic)| topic.subscriptions.iter().map(move |one| (name, one)));
            paged(
                input,
                "Subscriptions",
                all.map(|(name, one)| one.output(&here, name)).collect(),
            )
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// Where a call happens.
struct Here<'a> {
    account: &'a str,
    caller: &'a str,
    call: &'a Call,
}

impl Here<'_> {
    fn arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{}:{}:{name}", self.call.region, self.account)
    }

    /// The name of the topic whose ARN is in a member of the request.
    fn name(&self, member: &str) -> Result<&str, AwsError> {
        let arn = SERVICE.required(&self.call.input, member)?;
        let (name, more) = self.parts(member, arn)?;
        match more {
            None => Ok(name),
            Some(_) => Err(parameter(member)),
        }
    }

    /// The topic's name in an ARN of this account and region, and the subscription's id if there is one.
    fn parts<'a>(&self, member: &str, arn: &'a str) -> Result<(&'a str, Option<&'a str>), AwsError> {
        let parts: Vec<&str> = arn.split(':').collect();
        if parts.len() < 6 {
            return Err(SERVICE.invalid(format!(
                "Invalid parameter: {member} Reason: An ARN must have at least 6 elements, not {}",
                parts.len()
            )));
        }
        let ["arn", "aws", "sns", region, account, ref rest @ ..] = parts[..] else {
            return Err(parameter(member));
        };
        if region != self.call.region || rest.len() > 2 {
            return Err(parameter(member));
        }
        if account != self.account {
            return Err(AwsError::with_status(
                403,
                "AuthorizationError",
                format!(
                    "User: {} is not authorized to perform: SNS:{} on resource: {arn} because no resource-based \
                     policy allows the SNS:{} action",
                    self.caller, self.call.operation, self.call.operation
                ),
            ));
        }
        Ok((rest[0], rest.get(1).copied()))
    }
}

fn create(topics: &mut BTreeMap<String, Topic>, here: &Here<'_>) -> Answer {
    let input = &here.call.input;
    let name = SERVICE.required(input, "Name")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 256 || !name.chars().all(plain) {
        return Err(parameter("Topic Name"));
    }
    let mut made = Topic::new(name, here);
    for (attribute, value) in read_entries(&input["Attributes"]) {
        made.set(&attribute, &value)?;
    }
    made.tags = SERVICE.tags(input.list("Tags"))?;
    let differs = |what: &str, why: &str| {
        Err(SERVICE.invalid(format!(
            "Invalid parameter: {what} Reason: Topic already exists with different {why}"
        )))
    };
    match topics.get(name) {
        None => {
            topics.insert(name.to_owned(), made);
        }
        // Nothing of what exists is changed, so what is asked for must be there.
        Some(live) => {
            let set = |topic: &Topic| {
                let policy = (!input["Attributes"].is_null()).then(|| topic.policy.clone());
                (policy, topic.attributes.clone())
            };
            let asks = !made.attributes.is_empty() || made.policy != Topic::new(name, here).policy;
            if asks && set(live) != set(&made) {
                return differs("Attributes", "attributes");
            }
            let is_there = |(key, value): (&String, &String)| live.tags.get(key) == Some(value);
            if !made.tags.iter().all(is_there) {
                return differs("Tags", "tags");
            }
        }
    }
    Ok(json!({"TopicArn": here.arn(name)}))
}

impl Topic {
    fn new(name: &str, here: &Here<'_>) -> Self {
        let policy = json!({
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [{
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [
                    "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                    "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic",
                    "SNS:Publish",
                ],
                "Resource": here.arn(name),
                "Condition": {"StringEquals": {"AWS:SourceOwner": here.account}},
            }],
        });
        Topic {
            policy: policy.to_string(),
            attributes: BTreeMap::new(),
            tags: BTreeMap::new(),
            subscriptions: vec![],
            deleted: 0,
        }
    }

    fn set(&mut self, attribute: &str, value: &str) -> Result<(), AwsError> {
        if attribute == "Policy" {
            check_policy(value, &self.policy)?;
            self.policy = value.to_owned();
            return Ok(());
        }
        let is_known =
            ATTRIBUTES.contains(&attribute) || FEEDBACK.iter().any(|suffix| attribute.ends_with(suffix));
        if !is_known {
            return Err(parameter("AttributeName"));
        }
        if attribute == "DisplayName" && value.chars().count() > 100 {
            return Err(parameter("DisplayName"));
        }
        if value.is_empty() {
            self.attributes.remove(attribute);
        } else {
            self.attributes.insert(attribute.to_owned(), value.to_owned());
        }
        Ok(())
    }

    fn output(&self, name: &str, here: &Here<'_>) -> BTreeMap<String, String> {
        let count = |is: fn(&Subscription) -> bool| {
            self.subscriptions
                .iter()
                .filter(|one| is(one))
                .count()
                .to_string()
        };
        let mut told = BTreeMap::from([
            ("DisplayName".to_owned(), String::new()),
            (
                "EffectiveDeliveryPolicy".to_owned(),
                json!({"http": {
                    "defaultHealthyRetryPolicy": {
                        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
                        "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
                    },
                    "disableSubscriptionOverrides": false,
                    "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
                }})
                .to_string(),
            ),
            ("Owner".to_owned(), here.account.to_owned()),
            ("Policy".to_owned(), self.policy.clone()),
            (
                "SubscriptionsConfirmed".to_owned(),
                count(Subscription::is_confirmed),
            ),
            ("SubscriptionsDeleted".to_owned(), self.deleted.to_string()),
            ("SubscriptionsPending".to_owned(), count(Subscription::is_pending)),
            ("TopicArn".to_owned(), here.arn(name)),
        ]);
        told.extend(self.attributes.clone());
        told
    }
}

/// Refuses what is not a topic policy, and one that sends back the id of a principal that was deleted since it was put.
/// The first time an id is that of a principal that exists.
fn check_policy(text: &str, before: &str) -> Result<(), AwsError> {
    let wrong = |why: &str| Err(SERVICE.invalid(format!("Invalid parameter: {why}")));
    let Some(policy) = serde_json::from_str(text).ok().filter(Value::is_object) else {
        return wrong("Policy Error: null");
    };
    if text.len() > 30_720 {
        return wrong("Policy length exceeds the limit");
    }
    let statements = one_or_many(&policy["Statement"]);
    if statements.is_empty() {
        return wrong("Policy statement list is empty");
    }
    let deleted = |text: &str| -> Vec<String> {
        let policy = text.parse::<Policy>();
        let found = policy.iter().flat_map(deleted_principals);
        found.map(|(_, id)| id).collect()
    };
    let before = deleted(before);
    if deleted(text).iter().any(|id| before.contains(id)) {
        return wrong("Policy Error: PrincipalNotFound");
    }
    let mut sids = vec![];
    for statement in statements {
        for required in ["Effect", "Principal", "Action", "Resource"] {
            let negated = format!("Not{required}");
            if statement[required].is_null() && statement[&negated].is_null() {
                return wrong(&format!("Policy statement must have {required}"));
            }
        }
        let sid = &statement["Sid"];
        if !sid.is_null() && sids.contains(sid) {
            return wrong("Policy statement ids must be unique");
        }
        sids.push(sid.clone());
        let out_of_scope = |action: &Value| {
            let name = action.as_str().unwrap_or_default().to_lowercase();
            name.strip_prefix("sns:")
                .is_none_or(|name| !ACTIONS.contains(&name))
        };
        if one_or_many(&statement["Action"]).iter().any(out_of_scope) {
            return wrong("Policy statement action out of service scope!");
        }
    }
    Ok(())
}

/// A map as query protocols write one.
fn entries(map: &BTreeMap<String, String>) -> Vec<Value> {
    map.iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect()
}

fn read_entries(map: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = map.list("entry").iter();
    pairs
        .map(|pair| (text(&pair["key"]), text(&pair["value"])))
        .collect()
}

/// A page of a list; the token is where the next one begins.
fn paged(input: &Value, name: &str, all: Vec<Value>) -> Answer {
    let start: usize = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token.parse().map_err(|_| parameter("NextToken"))?,
    };
    let next = (start + PAGE < all.len()).then(|| (start + PAGE).to_string());
    let page: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
    Ok(json!({name: page, "NextToken": next}))
}

fn parameter(what: &str) -> AwsError {
    SERVICE.invalid(format!("Invalid parameter: {what}"))
}

fn no_topic() -> AwsError {
    AwsError::with_status(404, "NotFound", "Topic does not exist")
}

fn no_resource() -> AwsError {
    AwsError::with_status(404, "ResourceNotFound", "Resource does not exist")
}
