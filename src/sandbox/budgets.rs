//! AWS Budgets, which is global.
//!
//! Limits, patterns and required members are those of the service's own API model (2016-10-20).

mod shape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::shape::{Budget, Notification, Subscriber, WithSubscribers};
use super::input::Input;
use super::service::{Refusal, Service};
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

/// What is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// Why the service refuses every call, if it does.
    #[serde(default)]
    pub refusal: Option<BudgetsRefusal>,
    /// The budgets, by name.
    pub budgets: BTreeMap<String, Kept>,
}

/// Why Budgets refuses every call of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetsRefusal {
    /// The account is a member whose payer never opened Budgets.
    PayerNotEnabled,
    /// The root user has not activated IAM access to billing information.
    NoIamAccess,
}

/// A budget with what belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The budget itself, as it is described.
    budget: Budget,
    /// What was spent. A refresh, which the sandbox has none of, would move it.
    spent: String,
    /// When it was last changed, in seconds since 1970.
    updated: i64,
    /// `HEALTHY`, or `UNHEALTHY`: then it is not updated.
    #[serde(default = "healthy")]
    health: String,
    /// Why it is not healthy.
    #[serde(default)]
    health_reason: Option<String>,
    /// Its notifications.
    notifications: Vec<WithSubscribers>,
    /// Its tags.
    tags: BTreeMap<String, String>,
}

fn healthy() -> String {
    "HEALTHY".to_owned()
}

/// A budget's notifications at most.
const NOTIFICATIONS: usize = 10;
/// The subscribers of each kind at most.
const SUBSCRIBERS: [(&str, usize); 2] = [("SNS", 1), ("EMAIL", 10)];
/// The tags of a budget at most.
const TAGS: usize = 50;

impl Budgets {
    fn of(&mut self, name: &str) -> Result<&mut Kept, AwsError> {
        self.budgets.get_mut(name).ok_or_else(|| {
            not_found(&format!(
                "Unable to get budget: {name} - the budget doesn't exist."
            ))
        })
    }

    /// The budget that a request names.
    fn named(&mut self, input: &Value) -> Result<&mut Kept, AwsError> {
        self.of(input.text("BudgetName"))
    }

    /// The budget of an ARN.
    fn tagged(&mut self, account: &str, input: &Value) -> Result<&mut Kept, AwsError> {
        let arn = SERVICE.required(input, "ResourceARN")?;
        let name = arn
            .strip_prefix(&format!("arn:aws:budgets::{account}:budget/"))
            .ok_or_else(|| SERVICE.invalid("ResourceARN is not the ARN of a budget of this account."))?;
        self.of(name)
    }
}

impl Kept {
    fn notification(&mut self, input: &Value) -> Result<&mut WithSubscribers, AwsError> {
        let wanted: Notification = member(input, "Notification")?;
        wanted.check()?;
        self.notifications
            .iter_mut()
            .find(|kept| kept.notification.is(&wanted))
            .ok_or_else(|| not_found("Unable to find the notification."))
    }

    fn add(&mut self, new: WithSubscribers) -> Result<(), AwsError> {
        new.notification.check()?;
        self.forecasts(&new.notification)?;
        if self
            .notifications
            .iter()
            .any(|kept| kept.notification.is(&new.notification))
        {
            return Err(duplicate("The notification already exists."));
        }
        if self.notifications.len() >= NOTIFICATIONS {
            return Err(limit("notifications of a budget"));
        }
        if new.subscribers.is_empty() {
            return Err(SERVICE.invalid("A notification needs at least one subscriber."));
        }
        let mut made = WithSubscribers {
            notification: new.notification,
            subscribers: vec![],
        };
        for subscriber in new.subscribers {
            made.add(subscriber)?;
        }
        self.notifications.push(made);
        Ok(())
    }

    /// Forecasts are of months, quarters and years.
    fn forecasts(&self, notification: &Notification) -> Result<(), AwsError> {
        match self.budget.is_daily() && notification.is_forecasted() {
            true => Err(no_forecast()),
            false => Ok(()),
        }
    }

    fn output(&self, shows_expression: bool, now: i64) -> Value {
        let mut told = json!(self.budget);
        if !shows_expression {
            told["FilterExpression"].take();
            told["Metrics"].take();
        }
        if let Some(limit) = self.budget.planned_now(now) {
            told["BudgetLimit"] = limit;
        }
        let unit = self.budget.unit();
        told["CalculatedSpend"] = json!({"ActualSpend": {"Amount": self.spent, "Unit": unit}});
        told["LastUpdatedTime"] = self.updated.into();
        told["HealthStatus"] = json!({
            "Status": self.health,
            "StatusReason": self.health_reason,
            "LastUpdatedTime": self.updated,
        });
        told
    }

    fn tag(&mut self, tags: &Value) -> Result<(), AwsError> {
        let list = tags.as_array().ok_or_else(|| SERVICE.missing("ResourceTags"))?;
        self.tags.extend(SERVICE.tags(list)?);
        match self.tags.len() > TAGS {
            true => Err(AwsError::new(
                "ServiceQuotaExceededException",
                "A budget can have 50 tags at most.",
            )),
            false => Ok(()),
        }
    }
}

impl WithSubscribers {
    fn add(&mut self, new: Subscriber) -> Result<(), AwsError> {
        new.check()?;
        if self.subscribers.contains(&new) {
            return Err(duplicate("The subscriber already exists."));
        }
        let kind = &new.subscription_type;
        let most = SUBSCRIBERS.iter().find(|(name, _)| name == kind).map(|(_, n)| *n);
        let has = self
            .subscribers
            .iter()
            .filter(|kept| kept.subscription_type == *kind)
            .count();
        if most.is_none_or(|most| has >= most) {
            return Err(limit("subscribers of a notification"));
        }
        self.subscribers.push(new);
        Ok(())
    }

    fn place_of(&self, subscriber: &Subscriber) -> Result<usize, AwsError> {
        self.subscribers
            .iter()
            .position(|kept| kept == subscriber)
            .ok_or_else(|| not_found("Unable to find the subscriber."))
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    is_global: true,
    invalid_code: "InvalidParameterException",
    keeps_tag: |tag| match tag.is_usual() {
        true => Ok(true),
        false => Err(SERVICE.invalid("ResourceTags has a tag that is not allowed.")),
    },
    missing: |service, member| service.invalid(format!("{member} must not be null.")),
    iam_action,
    denied_resource: |_, id| format!("arn:aws:budgets::{id}:budget/*"),
    denied: |who| AwsError::new("AccessDeniedException", who),
    throttled: Refusal::new(400, "ThrottlingException", "Rate exceeded"),
    ..Service::new("budgets", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let id = account.id.clone();
    if let Some(refusal) = account.budgets.refusal {
        return Err(refused(refusal, &account.caller.arn, &id, call));
    }
    if !call.operation.contains("Tag") {
        own(input, &id)?;
    }
    let budgets = &mut account.budgets;
    let with_expression = input["ShowFilterExpression"].as_bool().unwrap_or(false);
    match call.operation.as_str() {
        "DescribeBudgets" => {
            let all = budgets
                .budgets
                .values()
                .map(|kept| kept.output(with_expression, call.now))
                .collect();
            paged(input, "Budgets", all, 1000)
        }
        "DescribeBudget" => Ok(json!({"Budget": budgets.named(input)?.output(with_expression, call.now)})),
        "CreateBudget" => {
            let budget: Budget = member(input, "Budget")?;
            let budget = budget.normalized(call.now)?;
            if budgets.budgets.contains_key(&budget.budget_name) {
                return Err(duplicate(&format!(
                    "Error creating budget: {} - the budget already exists.",
                    budget.budget_name
                )));
            }
            let name = budget.budget_name.clone();
            let mut kept = Kept {
                budget,
                spent: "0.0".to_owned(),
                updated: call.now,
                health: healthy(),
                health_reason: None,
                notifications: vec![],
                tags: BTreeMap::new(),
            };
            for new in list::<WithSubscribers>(input, "NotificationsWithSubscribers")? {
                kept.add(new)?;
            }
            if !input["ResourceTags"].is_null() {
                kept.tag(&input["ResourceTags"])?;
            }
            budgets.budgets.insert(name, kept);
            Ok(json!({}))
        }
        "UpdateBudget" => {
            let new: Budget = member(input, "NewBudget")?;
            let kept = budgets.of(&new.budget_name)?;
            let new = new.normalized(call.now)?;
            let mut notifications = kept.notifications.iter();
            if new.is_daily() && notifications.any(|kept| kept.notification.is_forecasted()) {
                return Err(no_forecast());
            }
            kept.budget = new;
            // A change resets it until the next refresh (API reference, UpdateBudget).
            kept.spent = "0.0".to_owned();
            kept.updated = call.now;
            Ok(json!({}))
        }
        "DeleteBudget" => {
            budgets.named(input)?;
            budgets.budgets.remove(SERVICE.required(input, "BudgetName")?);
            Ok(json!({}))
        }
        "DescribeNotificationsForBudget" => {
            let kept = budgets.named(input)?;
            let all = kept
                .notifications
                .iter()
                .map(|kept| kept.notification.output())
                .collect();
            paged(input, "Notifications", all, 100)
        }
        "DescribeBudgetNotificationsForAccount" => {
            let with_some = budgets
                .budgets
                .iter()
                .filter(|(_, kept)| !kept.notifications.is_empty());
            let all = with_some
                .map(|(name, kept)| {
                    let notifications: Vec<Value> = kept
                        .notifications
                        .iter()
                        .map(|kept| kept.notification.output())
                        .collect();
                    json!({"BudgetName": name, "Notifications": notifications})
                })
                .collect();
            paged(input, "BudgetNotificationsForAccount", all, 1000)
        }
        "DescribeSubscribersForNotification" => {
            let kept = budgets.named(input)?.notification(input)?;
            let all = kept
                .subscribers
                .iter()
                .map(|subscriber| json!(subscriber))
                .collect();
            paged(input, "Subscribers", all, 100)
        }
        "CreateNotification" => {
            let new = WithSubscribers {
                notification: member(input, "Notification")?,
                subscribers: list(input, "Subscribers")?,
            };
            budgets.named(input)?.add(new)?;
            Ok(json!({}))
        }
        "UpdateNotification" => {
            let new: Notification = member(input, "NewNotification")?;
            new.check()?;
            let old: Notification = member(input, "OldNotification")?;
            let kept = budgets.named(input)?;
            let others = |other: &WithSubscribers| other.notification.is(&new) && !old.is(&new);
            if kept.notifications.iter().any(others) {
                return Err(duplicate("The notification already exists."));
            }
            kept.forecasts(&new)?;
            kept.notification(&json!({"Notification": old}))?.notification = new;
            Ok(json!({}))
        }
        "DeleteNotification" => {
            let kept = budgets.named(input)?;
            let gone = kept.notification(input)?.notification.clone();
            kept.notifications.retain(|kept| !kept.notification.is(&gone));
            Ok(json!({}))
        }
        "CreateSubscriber" => {
            let new = member(input, "Subscriber")?;
            budgets.named(input)?.notification(input)?.add(new)?;
            Ok(json!({}))
        }
        "UpdateSubscriber" => {
            let (old, new): (Subscriber, Subscriber) =
                (member(input, "OldSubscriber")?, member(input, "NewSubscriber")?);
            let kept = budgets.named(input)?.notification(input)?;
            let at = kept.place_of(&old)?;
            kept.subscribers.remove(at);
            kept.add(new)?;
            Ok(json!({}))
        }
        "DeleteSubscriber" => {
            let kept = budgets.named(input)?;
            let notification = kept.notification(input)?;
            let at = notification.place_of(&member(input, "Subscriber")?)?;
            notification.subscribers.remove(at);
            // "Deleting the last subscriber to a notification also deletes the notification" (API reference).
            kept.notifications.retain(|kept| !kept.subscribers.is_empty());
            Ok(json!({}))
        }
        "TagResource" => {
            budgets.tagged(&id, input)?.tag(&input["ResourceTags"])?;
            Ok(json!({}))
        }
        "UntagResource" => {
            let keys: Vec<String> = list(input, "ResourceTagKeys")?;
            budgets
                .tagged(&id, input)?
                .tags
                .retain(|key, _| !keys.contains(key));
            Ok(json!({}))
        }
        "ListTagsForResource" => {
            let tags = &budgets.tagged(&id, input)?.tags;
            Ok(json!({"ResourceTags": tags::output(tags)}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// Budgets are the account's own.
fn own(input: &Value, id: &str) -> Result<(), AwsError> {
    let account = SERVICE.required(input, "AccountId")?;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SERVICE.invalid("AccountId has 12 digits."));
    }
    match account == id {
        true => Ok(()),
        false => Err(AwsError::new(
            "AccessDeniedException",
            format!("Account {id} may not use the budgets of account {account}."),
        )),
    }
}

fn refused(refusal: BudgetsRefusal, caller: &str, id: &str, call: &Call) -> AwsError {
    let message = match refusal {
        BudgetsRefusal::PayerNotEnabled => format!(
            "Account {id} is a linked account. To enable budgets for your account, ask the payer account to enable \
             budgets first."
        ),
        BudgetsRefusal::NoIamAccess => {
            let action = iam_action(&call.operation);
            format!(
                "User: {caller} is not authorized to perform: budgets:{action} on resource: \
                 arn:aws:budgets::{id}:budget/*"
            )
        }
    };
    AwsError::new("AccessDeniedException", message)
}

/// The name that IAM knows an operation by (Service Authorization Reference, "AWS Budget Service").
fn iam_action(operation: &str) -> &str {
    match operation {
        "TagResource" | "UntagResource" | "ListTagsForResource" => operation,
        read if read.starts_with("Describe") => "ViewBudget",
        _ => "ModifyBudget",
    }
}

/// A page of a list: a token is where the next one begins.
fn paged(input: &Value, name: &str, all: Vec<Value>, most: u64) -> Answer {
    let size = match &input["MaxResults"] {
        Value::Null => 100.min(most),
        size => size
            .as_u64()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| SERVICE.invalid(format!("MaxResults is 1 to {most}.")))?,
    };
    let from = match &input["NextToken"] {
        Value::Null => 0,
        token => token
            .as_str()
            .and_then(|token| token.parse().ok())
            .filter(|from| *from < all.len())
            .ok_or_else(|| AwsError::new("InvalidNextTokenException", "The pagination token is invalid."))?,
    };
    let to = all
        .len()
        .min(from + usize::try_from(size).unwrap_or(usize::MAX - from));
    let next = (to < all.len()).then(|| to.to_string());
    Ok(json!({ name: all[from..to], "NextToken": next }))
}

/// A structure of a request, read strictly.
fn member<T: DeserializeOwned>(input: &Value, name: &str) -> Result<T, AwsError> {
    if input[name].is_null() {
        return Err(SERVICE.missing(name));
    }
    serde_json::from_value(input[name].clone()).map_err(|error| SERVICE.invalid(format!("{name}: {error}")))
}

fn list<T: DeserializeOwned>(input: &Value, name: &str) -> Result<Vec<T>, AwsError> {
    match &input[name] {
        Value::Null => Ok(vec![]),
        _ => member(input, name),
    }
}

fn not_found(message: &str) -> AwsError {
    AwsError::new("NotFoundException", message)
}

fn no_forecast() -> AwsError {
    SERVICE.invalid("A FORECASTED notification needs a MONTHLY, QUARTERLY or ANNUALLY budget.")
}

fn duplicate(message: &str) -> AwsError {
    AwsError::new("DuplicateRecordException", message)
}

fn limit(what: &str) -> AwsError {
    AwsError::new(
        "CreationLimitExceededException",
        format!("You've exceeded the limit of {what}."),
    )
}
