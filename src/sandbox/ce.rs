//! Cost Explorer, as far as cost anomaly detection goes; it is global.

mod shape;
#[cfg(test)]
mod tests;
mod threshold;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::shape::{
    CreateMonitor, CreateSubscription, Listing, OneMonitor, OneSubscription, RenameMonitor, ResourceTag,
    Tagging, UpdateSubscription,
};
use super::service::Service;
use super::wire::Protocol;
use super::world::CostExplorerState;
use super::{Account, Answer, AwsError, Call, Ids, tags};

/// How many entries a page has at most, and where a request does not say.
const PAGE: usize = 100;

/// The most tags that a resource can have of its owner (API reference, `ResourceTags`).
const MOST_TAGS: usize = 50;

/// What is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostExplorer {
    /// Nobody has opened Cost Explorer in the console yet, so every call is refused.
    pub never_launched: bool,
    /// The monitors, the oldest first.
    pub monitors: Vec<Monitor>,
    /// The subscriptions, the oldest first.
    pub subscriptions: Vec<Subscription>,
}

/// What is watched for anomalies (`AnomalyMonitor`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// Its ARN.
    pub arn: String,
    /// Its name; two monitors may have the same.
    pub name: String,
    /// `DIMENSIONAL` or `CUSTOM`.
    pub kind: MonitorKind,
    /// What a dimensional one goes by.
    pub dimension: Option<MonitorDimension>,
    /// Which costs count, as the request said it.
    pub specification: Option<Value>,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// When it was last renamed.
    pub updated_at: i64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The types of monitors (`MonitorType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MonitorKind {
    /// One for each value of a dimension.
    Dimensional,
    /// One for what its specification names.
    Custom,
}

/// What a dimensional monitor goes by (`MonitorDimension`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MonitorDimension {
    /// Each AWS service.
    Service,
    /// Each account of the organization.
    LinkedAccount,
    /// Each value of a tag.
    Tag,
    /// Each value of a cost category.
    CostCategory,
}

/// Who hears of which anomalies (`AnomalySubscription`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Its ARN.
    pub arn: String,
    /// Its name; two subscriptions may have the same.
    pub name: String,
    /// The monitors whose anomalies are told.
    pub monitors: Vec<String>,
    /// Who is told.
    pub subscribers: Vec<Subscriber>,
    /// How often.
    pub frequency: Frequency,
    /// The deprecated amount in dollars.
    pub threshold: Option<f64>,
    /// From which impact on, as the request said it.
    pub threshold_expression: Option<Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all(deserialize = "PascalCase", serialize = "PascalCase"),
    deny_unknown_fields
)]
pub struct Subscriber {
    /// An e-mail address or a topic's ARN.
    pub address: String,
    /// Which of the two.
    #[serde(rename = "Type")]
    pub kind: SubscriberKind,
    /// Whether it accepts what is sent: `CONFIRMED` or `DECLINED`. What a request says of it does not count.
    #[serde(default)]
    pub status: SubscriberStatus,
}

/// Whether a subscriber accepts what is sent (`SubscriberStatus`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubscriberStatus {
    /// It does.
    #[default]
    Confirmed,
    /// It does not.
    Declined,
}

/// The types of subscribers (`SubscriberType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubscriberKind {
    /// By e-mail.
    Email,
    /// By an SNS topic.
    Sns,
}

/// How often somebody is told (`AnomalySubscriptionFrequency`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Frequency {
    /// A summary a day.
    Daily,
    /// Each anomaly when it is found.
    Immediate,
    /// A summary a week.
    Weekly,
}

impl CostExplorer {
    /// Cost Explorer as a world says it is.
    pub(super) fn new(state: CostExplorerState, account_id: &str, ids: &mut Ids, now: i64) -> Self {
        let mut this = CostExplorer {
            never_launched: state == CostExplorerState::NeverLaunched,
            ..CostExplorer::default()
        };
        if state == CostExplorerState::WithDefaults {
            let monitor = arn(account_id, "anomalymonitor", ids);
            this.monitors.push(Monitor {
                arn: monitor.clone(),
                name: "Default-Services-Monitor".to_owned(),
                kind: MonitorKind::Dimensional,
                dimension: Some(MonitorDimension::Service),
                specification: None,
                created_at: now,
                updated_at: now,
                tags: BTreeMap::new(),
            });
            this.subscriptions.push(Subscription {
                arn: arn(account_id, "anomalysubscription", ids),
                name: "Default-Services-Subscription".to_owned(),
                monitors: vec![monitor],
                subscribers: vec![Subscriber {
                    address: "root@example.com".to_owned(),
                    kind: SubscriberKind::Email,
                    status: SubscriberStatus::Confirmed,
                }],
                frequency: Frequency::Daily,
                threshold: None,
                threshold_expression: Some(threshold::default()),
                tags: BTreeMap::new(),
            });
        }
        this
    }

    fn monitor(&mut self, arn: &str) -> Result<&mut Monitor, AwsError> {
        self.monitors
            .iter_mut()
            .find(|monitor| monitor.arn == arn)
            .ok_or_else(|| {
                AwsError::new(
                    "UnknownMonitorException",
                    format!("Unable to find monitor: {arn}"),
                )
            })
    }

    fn subscription(&mut self, arn: &str) -> Result<&mut Subscription, AwsError> {
        self.subscriptions
            .iter_mut()
            .find(|subscription| subscription.arn == arn)
            .ok_or_else(|| {
                AwsError::new(
                    "UnknownSubscriptionException",
                    format!("Unable to find subscription: {arn}"),
                )
            })
    }

    fn tags(&mut self, arn: &str) -> Result<&mut BTreeMap<String, String>, AwsError> {
        let monitors = self.monitors.iter_mut().map(|m| (&m.arn, &mut m.tags));
        let subscriptions = self.subscriptions.iter_mut().map(|s| (&s.arn, &mut s.tags));
        monitors
            .chain(subscriptions)
            .find(|(of, _)| *of == arn)
            .map(|(_, tags)| tags)
            .ok_or_else(|| AwsError::new("ResourceNotFoundException", format!("Resource not found: {arn}")))
    }

    /// Refuses a subscription that could not be: who is told must fit how often, and everything must exist.
    fn check(&mut self, subscription: &Subscription) -> Result<(), AwsError> {
        name(&subscription.name, "SubscriptionName")?;
        if subscription.monitors.is_empty() {
            return Err(SERVICE.invalid("MonitorArnList must not be empty"));
        }
        for arn in &subscription.monitors {
            self.monitor(arn)?;
        }
        if subscription.subscribers.is_empty() {
            return Err(SERVICE.invalid("Subscribers must not be empty"));
        }
        for subscriber in &subscription.subscribers {
            let (fits, immediate) = match subscriber.kind {
                SubscriberKind::Email => (is_email(&subscriber.address), false),
                SubscriberKind::Sns => (is_topic(&subscriber.address), true),
            };
            if !fits {
                return Err(SERVICE.invalid(format!("Invalid subscriber address: {}", subscriber.address)));
            }
            if immediate != (subscription.frequency == Frequency::Immediate) {
                return Err(SERVICE.invalid(
                    "Frequency IMMEDIATE needs subscribers of type SNS; DAILY and WEEKLY need subscribers of type EMAIL",
                ));
            }
        }
        match (subscription.threshold, &subscription.threshold_expression) {
            (Some(amount), None) if amount.is_finite() && amount >= 0.0 => Ok(()),
            (Some(_), None) => Err(SERVICE.invalid("Threshold must be at least 0")),
            (None, Some(expression)) => threshold::check(expression),
            (Some(_), Some(_)) => {
                Err(SERVICE.invalid("Exactly one of Threshold and ThresholdExpression must be specified"))
            }
            (None, None) => Err(SERVICE.invalid("Threshold and ThresholdExpression cannot both be null")),
        }
    }
}

impl Subscriber {
    /// With the status that it has there, or the first one.
    fn with_status_of(self, before: &[Subscriber]) -> Self {
        let same = |old: &&Subscriber| old.address == self.address && old.kind == self.kind;
        let status = before.iter().find(same).map(|old| old.status).unwrap_or_default();
        Subscriber { status, ..self }
    }
}

impl Monitor {
    fn output(&self) -> Value {
        json!({
            "MonitorArn": self.arn,
            "MonitorName": self.name,
            "CreationDate": date(self.created_at),
            "LastUpdatedDate": date(self.updated_at),
            "MonitorType": self.kind,
            "MonitorDimension": self.dimension,
            "MonitorSpecification": self.specification,
            "DimensionalValueCount": u8::from(self.kind == MonitorKind::Custom),
        })
    }
}

impl Subscription {
    fn output(&self, account_id: &str) -> Value {
        let subscriber = |subscriber: &Subscriber| json!({"Address": subscriber.address, "Type": subscriber.kind, "Status": subscriber.status});
        json!({
            "SubscriptionArn": self.arn,
            "AccountId": account_id,
            "MonitorArnList": self.monitors,
            "Subscribers": self.subscribers.iter().map(subscriber).collect::<Vec<_>>(),
            "Threshold": self.threshold,
            "Frequency": self.frequency,
            "SubscriptionName": self.name,
            "ThresholdExpression": self.threshold_expression,
        })
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    is_global: true,
    keeps_tag: |tag| {
        let key = tag.key.unwrap_or_default().to_ascii_lowercase();
        match tag.is_usual() && !key.starts_with("aws:") && !tag.is_repeated {
            true => Ok(true),
            false => Err(SERVICE.invalid("ResourceTags are invalid")),
        }
    },
    ..Service::new("ce", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let Account { id, ids, ce, .. } = account;
    if ce.never_launched {
        return Err(AwsError::new(
            "AccessDeniedException",
            "User not enabled for cost explorer access",
        ));
    }
    match call.operation.as_str() {
        "GetAnomalyMonitors" => {
            let asked: Listing = input(call)?;
            for arn in &asked.monitor_arn_list {
                ce.monitor(arn)?;
            }
            let wanted =
                |arn: &String| asked.monitor_arn_list.is_empty() || asked.monitor_arn_list.contains(arn);
            let found = ce.monitors.iter().filter(|m| wanted(&m.arn)).map(Monitor::output);
            page(&asked, "AnomalyMonitors", found.collect())
        }
        "CreateAnomalyMonitor" => {
            let CreateMonitor {
                anomaly_monitor: new,
                resource_tags,
            } = input(call)?;
            name(&new.monitor_name, "MonitorName")?;
            let specified = new.monitor_specification.is_some();
            match (new.monitor_type, new.monitor_dimension) {
                (MonitorKind::Custom, None) if specified => {}
                (MonitorKind::Custom, _) => {
                    return Err(SERVICE
                        .invalid("A custom monitor needs a MonitorSpecification and no MonitorDimension"));
                }
                (MonitorKind::Dimensional, None) => {
                    return Err(SERVICE.invalid("A dimensional monitor needs a MonitorDimension"));
                }
                (MonitorKind::Dimensional, Some(dimension)) => {
                    let by_value =
                        matches!(dimension, MonitorDimension::Tag | MonitorDimension::CostCategory);
                    if by_value != specified {
                        return Err(SERVICE.invalid("MonitorSpecification does not fit the MonitorDimension"));
                    }
                    if ce
                        .monitors
                        .iter()
                        .any(|monitor| monitor.dimension == Some(dimension))
                    {
                        return Err(SERVICE.invalid("Limit exceeded on dimensional spend monitor creation"));
                    }
                }
            }
            let tags = tags(&resource_tags)?;
            let arn = arn(id, "anomalymonitor", ids);
            ce.monitors.push(Monitor {
                arn: arn.clone(),
                name: new.monitor_name,
                kind: new.monitor_type,
                dimension: new.monitor_dimension,
                specification: new.monitor_specification,
                created_at: call.now,
                updated_at: call.now,
                tags,
            });
            Ok(json!({"MonitorArn": arn}))
        }
        "UpdateAnomalyMonitor" => {
            let asked: RenameMonitor = input(call)?;
            let monitor = ce.monitor(&asked.monitor_arn)?;
            if let Some(new) = asked.monitor_name {
                name(&new, "MonitorName")?;
                monitor.name = new;
                monitor.updated_at = call.now;
            }
            Ok(json!({"MonitorArn": asked.monitor_arn}))
        }
        "DeleteAnomalyMonitor" => {
            let OneMonitor { monitor_arn } = input(call)?;
            ce.monitor(&monitor_arn)?;
            ce.monitors.retain(|monitor| monitor.arn != monitor_arn);
            for subscription in &mut ce.subscriptions {
                subscription.monitors.retain(|arn| *arn != monitor_arn);
            }
            Ok(json!({}))
        }
        "GetAnomalySubscriptions" => {
            let asked: Listing = input(call)?;
            for arn in &asked.subscription_arn_list {
                ce.subscription(arn)?;
            }
            let wanted = |subscription: &&Subscription| {
                let list = &asked.subscription_arn_list;
                (list.is_empty() || list.contains(&subscription.arn))
                    && asked
                        .monitor_arn
                        .as_ref()
                        .is_none_or(|arn| subscription.monitors.contains(arn))
            };
            let found = ce.subscriptions.iter().filter(wanted).map(|s| s.output(id));
            page(&asked, "AnomalySubscriptions", found.collect())
        }
        "CreateAnomalySubscription" => {
            let CreateSubscription {
                anomaly_subscription: new,
                resource_tags,
            } = input(call)?;
            let mut subscription = Subscription {
                arn: String::new(),
                name: new.subscription_name,
                monitors: new.monitor_arn_list,
                subscribers: new
                    .subscribers
                    .into_iter()
                    .map(|new| new.with_status_of(&[]))
                    .collect(),
                frequency: new.frequency,
                threshold: new.threshold,
                threshold_expression: new.threshold_expression,
                tags: tags(&resource_tags)?,
            };
            ce.check(&subscription)?;
            subscription.arn = arn(id, "anomalysubscription", ids);
            let answer = json!({"SubscriptionArn": subscription.arn});
            ce.subscriptions.push(subscription);
            Ok(answer)
        }
        "UpdateAnomalySubscription" => {
            let asked: UpdateSubscription = input(call)?;
            let mut new = ce.subscription(&asked.subscription_arn)?.clone();
            if asked.threshold.is_some() || asked.threshold_expression.is_some() {
                new.threshold = asked.threshold;
                new.threshold_expression = asked.threshold_expression;
            }
            new.name = asked.subscription_name.unwrap_or(new.name);
            new.monitors = asked.monitor_arn_list.unwrap_or(new.monitors);
            if let Some(subscribers) = asked.subscribers {
                let before = std::mem::take(&mut new.subscribers);
                let kept = subscribers.into_iter().map(|new| new.with_status_of(&before));
                new.subscribers = kept.collect();
            }
            new.frequency = asked.frequency.unwrap_or(new.frequency);
            ce.check(&new)?;
            *ce.subscription(&asked.subscription_arn)? = new;
            Ok(json!({"SubscriptionArn": asked.subscription_arn}))
        }
        "DeleteAnomalySubscription" => {
            let OneSubscription { subscription_arn } = input(call)?;
            ce.subscription(&subscription_arn)?;
            ce.subscriptions.retain(|s| s.arn != subscription_arn);
            Ok(json!({}))
        }
        "ListTagsForResource" => {
            let Tagging { resource_arn, .. } = input(call)?;
            Ok(json!({"ResourceTags": tags::output(ce.tags(&resource_arn)?)}))
        }
        "TagResource" => {
            let asked: Tagging = input(call)?;
            let live = ce.tags(&asked.resource_arn)?;
            let mut all = live.clone();
            all.extend(tags(&asked.resource_tags)?);
            if all.len() > MOST_TAGS {
                return Err(too_many_tags());
            }
            *live = all;
            Ok(json!({}))
        }
        "UntagResource" => {
            let asked: Tagging = input(call)?;
            let live = ce.tags(&asked.resource_arn)?;
            live.retain(|key, _| !asked.resource_tag_keys.contains(key));
            Ok(json!({}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn too_many_tags() -> AwsError {
    AwsError::new("TooManyTagsException", "Too many tags on the resource")
}

fn input<T: DeserializeOwned>(call: &Call) -> Result<T, AwsError> {
    T::deserialize(&call.input)
        .map_err(|error| SERVICE.invalid(format!("1 validation error detected: {error}")))
}

fn name(name: &str, member: &str) -> Result<(), AwsError> {
    if name.trim().is_empty() || name.chars().count() > 1024 {
        return Err(SERVICE.invalid(format!("{member} must have 1 to 1024 characters")));
    }
    Ok(())
}

/// A page of a listing. The token is where the next one starts.
fn page(asked: &Listing, list: &str, found: Vec<Value>) -> Answer {
    let size = match asked.max_results {
        None => PAGE,
        Some(size) => match usize::try_from(size) {
            Ok(size) if (1..=PAGE).contains(&size) => size,
            _ => return Err(SERVICE.invalid("MaxResults is out of range")),
        },
    };
    let start = match asked
        .next_page_token
        .as_deref()
        .map(|token| token.strip_prefix("from-"))
    {
        None => 0,
        Some(at) => at
            .and_then(|at| at.parse().ok())
            .filter(|at| *at <= found.len())
            .ok_or_else(|| AwsError::new("InvalidNextTokenException", "The pagination token is invalid."))?,
    };
    let end = found.len().min(start + size);
    Ok(json!({
        list: found[start..end],
        "NextPageToken": (end < found.len()).then(|| format!("from-{end}")),
    }))
}

fn tags(list: &[ResourceTag]) -> Result<BTreeMap<String, String>, AwsError> {
    let pairs = list
        .iter()
        .map(|tag| (Some(tag.key.as_str()), Some(tag.value.as_str())));
    let tags = SERVICE.tag_pairs(pairs)?;
    match tags.len() > MOST_TAGS {
        true => Err(too_many_tags()),
        false => Ok(tags),
    }
}

/// The form of an e-mail address in the API's model (`SubscriberAddress`).
fn is_email(address: &str) -> bool {
    let word = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    address.split_once('@').is_some_and(|(local, domain)| {
        word(local, ".!#$%&'*+=?^_{|}~-")
            && domain.contains('.')
            && domain.split('.').all(|part| word(part, "_-"))
    })
}

/// The form of a topic's ARN in the same place.
fn is_topic(address: &str) -> bool {
    let parts: Vec<&str> = address.split(':').collect();
    let word = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    matches!(parts[..], ["arn", partition, "sns", region, account, topic]
        if partition.strip_prefix("aws").is_some_and(|rest| rest.is_empty() || word(rest, "-"))
            && word(region, "-")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && word(topic.strip_suffix(".fifo").unwrap_or(topic), "_-"))
}

fn arn(account_id: &str, kind: &str, ids: &mut Ids) -> String {
    let hex = ids.next_hex32();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    format!("arn:aws:ce::{account_id}:{kind}/{}", parts.join("-"))
}

/// The API's form of a time (`YearMonthDay`).
fn date(seconds: i64) -> Value {
    jiff::Timestamp::from_second(seconds).map_or(Value::Null, |time| json!(time.to_string()))
}
