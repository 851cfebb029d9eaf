//! The calls: reading budgets, and each change.

#![expect(
    deprecated,
    reason = "CostTypes say in two switches what a filter expression says in a tree, and AWS takes both"
)]

use aws_sdk_budgets::Client;
use aws_sdk_budgets::error::BuildError;
use aws_sdk_budgets::types::{
    self as api, BudgetType, ComparisonOperator, NotificationType, SubscriptionType, ThresholdType, TimeUnit,
};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::tags::Tags;
use trueup_core::values::{Decimal, Presence, Recipient};

use super::{Action, Budget, Ids, Model, Notification, On, Period, Trigger};

/// What a budget that exists is told as: its table, or why none can say it.
type Told = Result<Budget, String>;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let calls = Calls::of(cx);
    let mut ids = Ids::default();
    let all = match calls.budgets().await {
        Ok(all) => all,
        Err(fault) if fault.kind == FaultKind::Denied && want.is_some() => {
            ids.refusal = Some(refusal(&fault));
            return Ok(Observed {
                ids,
                ..Observed::of(Model::default())
            });
        }
        Err(fault) => return Err(fault),
    };
    let mut model = Model::default();
    for live in all {
        let name = live.budget_name.clone();
        let wanted = want.and_then(|want| want.budgets.get(&name));
        let leaves = |want: &Model| {
            want.budgets
                .values()
                .any(|budget| budget.previously.as_deref() == Some(name.as_str()))
        };
        if want.is_some_and(|want| wanted.is_none() && !leaves(want)) {
            continue;
        }
        let by_expression = live.cost_types.is_none();
        let mut told = read(live)?;
        let with_notifications = wanted.is_none_or(|budget| budget.notifications.is_some());
        if let Ok(budget) = &mut told
            && with_notifications
        {
            match calls.notifications(&name).await? {
                Ok(notifications) => budget.notifications = Some(notifications),
                Err(why) => told = Err(why),
            }
        }
        match told {
            Ok(budget) => {
                if wanted.is_some_and(|budget| !budget.is_absent()) && !cx.env.run.tags.is_empty() {
                    ids.tags.insert(name.clone(), calls.tags(&name).await?);
                }
                if by_expression {
                    ids.by_expression.push(name.clone());
                }
                model.budgets.insert(name, budget);
            }
            Err(why) => {
                ids.others.insert(name, why);
            }
        }
    }
    for name in want.iter().flat_map(|want| want.budgets.keys()) {
        if !ids.others.contains_key(name) {
            model.budgets.entry(name.clone()).or_insert(Budget {
                state: Some(Presence::Absent),
                ..Budget::default()
            });
        }
    }
    Ok(Observed {
        ids,
        ..Observed::of(model)
    })
}

/// What a refusal of the whole service means (Billing User Guide, "Overview of managing access permissions").
fn refusal(fault: &Fault) -> String {
    if fault.message.contains("is a linked account") {
        format!(
            "{} It has to open Budgets in the Billing console once.",
            fault.message
        )
    } else {
        format!(
            "{}: grant budgets:ViewBudget to the caller; if it has that, the root user must first activate \"IAM \
             user and role access to Billing information\" on the console's Account page",
            fault.message
        )
    }
}

fn read(live: api::Budget) -> Result<Told, Failure> {
    let why = match (&live.budget_type, &live.time_unit) {
        (BudgetType::Cost, TimeUnit::Custom) => Some("has a period of its own".to_owned()),
        (BudgetType::Cost, _) if live.planned_budget_limits.is_some() => {
            Some("has planned amounts instead of one".to_owned())
        }
        (BudgetType::Cost, _) if live.auto_adjust_data.is_some() => {
            Some("adjusts its amount by itself".to_owned())
        }
        (BudgetType::Cost, _) => None,
        (other, _) => Some(format!(
            "exists and is a {} budget, not one of cost",
            other.as_str()
        )),
    };
    if let Some(why) = why {
        return Ok(Err(why));
    }
    let unclear = |what: String| Failure::answer("budgets:DescribeBudgets", what);
    let name = &live.budget_name;
    let Some(limit) = live.budget_limit else {
        return Err(unclear(format!("the budget {name} has no amount")));
    };
    let amount: Decimal = limit
        .amount
        .parse()
        .map_err(|_| unclear(format!("the budget {name} has the amount `{}`", limit.amount)))?;
    let period = match live.time_unit {
        TimeUnit::Daily => Period::Daily,
        TimeUnit::Monthly => Period::Monthly,
        TimeUnit::Quarterly => Period::Quarterly,
        TimeUnit::Annually => Period::Annually,
        other => return Ok(Err(format!("has the period {}", other.as_str()))),
    };
    let types = live.cost_types.as_ref();
    Ok(Ok(Budget {
        amount: Some(amount),
        unit: Some(limit.unit),
        period: Some(period),
        // Both are true unless told otherwise.
        include_credits: types.map(|types| types.include_credit.unwrap_or(true)),
        include_refunds: types.map(|types| types.include_refund.unwrap_or(true)),
        ..Budget::default()
    }))
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let calls = Calls::of(cx);
    match action {
        Action::Create { name, budget, tags } => calls.create(name, budget, tags).await,
        Action::Update { name, change } => calls.update(name, change).await,
        Action::Delete { name } => done(
            &["NotFoundException"],
            calls
                .client
                .delete_budget()
                .account_id(&calls.account)
                .budget_name(name)
                .send()
                .await,
        ),
        Action::AddNotification { name, trigger, to } => done(
            &["DuplicateRecordException"],
            calls
                .client
                .create_notification()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .set_subscribers(Some(subscribers(to)?))
                .send()
                .await,
        ),
        Action::MoveNotification { name, from, to } => {
            let moved = calls
                .client
                .update_notification()
                .account_id(&calls.account)
                .budget_name(name)
                .old_notification(notification(from)?)
                .new_notification(notification(to)?)
                .send()
                .await;
            match done(&["DuplicateRecordException"], moved) {
                // A repeated call finds the old one gone, because the first one got through.
                Err(fault) if fault.is("NotFoundException") => match calls.triggers(name).await? {
                    Ok(triggers) if triggers.contains(to) => Ok(()),
                    _ => Err(fault),
                },
                other => other,
            }
        }
        Action::DeleteNotification { name, trigger } => done(
            &["NotFoundException"],
            calls
                .client
                .delete_notification()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .send()
                .await,
        ),
        Action::AddRecipient {
            name,
            trigger,
            recipient,
        } => done(
            &["DuplicateRecordException"],
            calls
                .client
                .create_subscriber()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .subscriber(subscriber(recipient)?)
                .send()
                .await,
        ),
        Action::ReplaceRecipient {
            name,
            trigger,
            old,
            new,
        } => {
            let replaced = calls
                .client
                .update_subscriber()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .old_subscriber(subscriber(old)?)
                .new_subscriber(subscriber(new)?)
                .send()
                .await;
            match done(&["DuplicateRecordException"], replaced) {
                Err(fault) if fault.is("NotFoundException") => {
                    match calls.recipients(name, trigger).await?.contains(new) {
                        true => Ok(()),
                        false => Err(fault),
                    }
                }
                other => other,
            }
        }
        Action::DeleteRecipient {
            name,
            trigger,
            recipient,
        } => done(
            &["NotFoundException"],
            calls
                .client
                .delete_subscriber()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .subscriber(subscriber(recipient)?)
                .send()
                .await,
        ),
        Action::Tag { name, tags } => {
            calls
                .client
                .tag_resource()
                .resource_arn(calls.arn(name))
                .set_resource_tags(Some(resource_tags(tags)?))
                .send()
                .await?;
            Ok(())
        }
    }
}

/// The client with what every call names.
struct Calls {
    client: Client,
    account: String,
    partition: String,
}

impl Calls {
    fn of(cx: &Cx) -> Self {
        Calls {
            client: cx.clients().budgets.clone(),
            account: cx.env.account.clone(),
            partition: cx.env.partition.clone(),
        }
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:{}:budgets::{}:budget/{name}", self.partition, self.account)
    }

    async fn budgets(&self) -> Result<Vec<api::Budget>, Failure> {
        let mut pages = self
            .client
            .describe_budgets()
            .account_id(&self.account)
            .show_filter_expression(true)
            .into_paginator()
            .send();
        let mut all = vec![];
        while let Some(page) = pages.next().await {
            match page.map_err(Failure::from) {
                Ok(page) => all.extend(page.budgets.unwrap_or_default()),
                // An account without budgets may be answered so.
                Err(fault) if fault.is("NotFoundException") => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(all)
    }

    async fn triggers(&self, name: &str) -> Result<Result<Vec<Trigger>, String>, Failure> {
        let mut pages = self
            .client
            .describe_notifications_for_budget()
            .account_id(&self.account)
            .budget_name(name)
            .into_paginator()
            .send();
        let mut all = vec![];
        while let Some(page) = pages.next().await {
            for live in page?.notifications.unwrap_or_default() {
                match trigger(&live) {
                    Some(trigger) => all.push(trigger),
                    None => return Ok(Err("has a notification that no table can express".to_owned())),
                }
            }
        }
        // A list is compared as a set, and shown in the order of its thresholds.
        all.sort();
        Ok(Ok(all))
    }

    async fn notifications(&self, name: &str) -> Result<Result<Vec<Notification>, String>, Failure> {
        let triggers = match self.triggers(name).await? {
            Ok(triggers) => triggers,
            Err(why) => return Ok(Err(why)),
        };
        let mut all = vec![];
        for trigger in triggers {
            let (percent, amount) = match trigger.is_amount {
                false => (Some(trigger.above), None),
                true => (None, Some(trigger.above)),
            };
            all.push(Notification {
                on: Some(trigger.on),
                above_percent: percent,
                above_amount: amount,
                to: Some(self.recipients(name, &trigger).await?),
            });
        }
        Ok(Ok(all))
    }

    async fn recipients(&self, name: &str, of: &Trigger) -> Result<Vec<Recipient>, Failure> {
        let mut pages = self
            .client
            .describe_subscribers_for_notification()
            .account_id(&self.account)
            .budget_name(name)
            .notification(notification(of)?)
            .into_paginator()
            .send();
        let mut all = vec![];
        while let Some(page) = pages.next().await {
            for live in page?.subscribers.unwrap_or_default() {
                all.push(
                    Recipient::try_from(live.address).map_err(|what| {
                        Failure::answer("budgets:DescribeSubscribersForNotification", what)
                    })?,
                );
            }
        }
        all.sort();
        Ok(all)
    }

    async fn tags(&self, name: &str) -> Result<Tags, Failure> {
        let answer = self
            .client
            .list_tags_for_resource()
            .resource_arn(self.arn(name))
            .send()
            .await?;
        let tags = answer.resource_tags.unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn create(&self, name: &str, budget: &Budget, tags: &Tags) -> Result<(), Failure> {
        let types = (budget.include_credits.is_some() || budget.include_refunds.is_some()).then(|| {
            api::CostTypes::builder()
                .set_include_credit(budget.include_credits)
                .set_include_refund(budget.include_refunds)
                .build()
        });
        let new = api::Budget::builder()
            .budget_name(name)
            .budget_type(BudgetType::Cost)
            .set_time_unit(budget.period.map(time_unit))
            .budget_limit(spend(budget.amount, budget.unit.as_deref())?)
            .set_cost_types(types)
            .build();
        let notifications = budget.notifications.as_deref().unwrap_or_default().iter();
        let notifications: Vec<_> = notifications
            .filter_map(|wanted| Some((wanted, wanted.trigger()?)))
            .map(|(wanted, trigger)| {
                let with = api::NotificationWithSubscribers::builder()
                    .notification(notification(&trigger)?)
                    .set_subscribers(Some(subscribers(wanted.recipients())?))
                    .build();
                built(with)
            })
            .collect::<Result<_, Failure>>()?;
        done(
            &["DuplicateRecordException"],
            self.client
                .create_budget()
                .account_id(&self.account)
                .budget(built(new)?)
                .set_notifications_with_subscribers((!notifications.is_empty()).then_some(notifications))
                .set_resource_tags((!tags.is_empty()).then(|| resource_tags(tags)).transpose()?)
                .send()
                .await,
        )
    }

    /// Sends the whole budget as it is read now, with what changes.
    async fn update(&self, name: &str, change: &Budget) -> Result<(), Failure> {
        let answer = self
            .client
            .describe_budget()
            .account_id(&self.account)
            .budget_name(name)
            .show_filter_expression(true)
            .send()
            .await?;
        let Some(mut whole) = answer.budget else {
            let what = format!("the budget {name} is described without a word");
            return Err(Failure::answer("budgets:DescribeBudget", what));
        };
        // What only answers have.
        (
            whole.calculated_spend,
            whole.last_updated_time,
            whole.health_status,
        ) = (None, None, None);
        // Costs are chosen in the older form or in the newer one: both together are refused.
        match whole.cost_types {
            Some(_) => (whole.filter_expression, whole.metrics) = (None, None),
            None if whole.metrics.is_some() || whole.filter_expression.is_some() => whole.cost_filters = None,
            None => {}
        }
        if let Some(types) = &mut whole.cost_types {
            types.include_credit = change.include_credits.or(types.include_credit);
            types.include_refund = change.include_refunds.or(types.include_refund);
        }
        if let Some(limit) = &mut whole.budget_limit {
            if let Some(amount) = change.amount {
                limit.amount = amount.to_string();
            }
            if let Some(unit) = &change.unit {
                limit.unit.clone_from(unit);
            }
        }
        if let Some(period) = change.period {
            whole.time_unit = time_unit(period);
        }
        self.client
            .update_budget()
            .account_id(&self.account)
            .new_budget(whole)
            .send()
            .await?;
        Ok(())
    }
}

/// Takes these codes for success: what was to be done had been done.
fn done<T, E>(codes: &[&str], answer: Result<T, E>) -> Result<(), Failure>
where
    Failure: From<E>,
{
    match answer.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(fault) if fault.is_one_of(codes) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// A part of a request that its own builder does not take: nothing was sent.
fn built<T>(part: Result<T, BuildError>) -> Result<T, Failure> {
    part.map_err(|error| Failure::answer("budgets", error.to_string()))
}

fn time_unit(period: Period) -> TimeUnit {
    match period {
        Period::Daily => TimeUnit::Daily,
        Period::Monthly => TimeUnit::Monthly,
        Period::Quarterly => TimeUnit::Quarterly,
        Period::Annually => TimeUnit::Annually,
    }
}

fn spend(amount: Option<Decimal>, unit: Option<&str>) -> Result<api::Spend, Failure> {
    built(
        api::Spend::builder()
            .set_amount(amount.map(|amount| amount.to_string()))
            .set_unit(unit.map(str::to_owned))
            .build(),
    )
}

fn notification(trigger: &Trigger) -> Result<api::Notification, Failure> {
    built(
        api::Notification::builder()
            .notification_type(match trigger.on {
                On::Actual => NotificationType::Actual,
                On::Forecasted => NotificationType::Forecasted,
            })
            .comparison_operator(ComparisonOperator::GreaterThan)
            .threshold(trigger.above.to_f64())
            .threshold_type(match trigger.is_amount {
                true => ThresholdType::AbsoluteValue,
                false => ThresholdType::Percentage,
            })
            .build(),
    )
}

/// Nothing for what a table cannot say.
fn trigger(live: &api::Notification) -> Option<Trigger> {
    let on = match live.notification_type {
        NotificationType::Actual => On::Actual,
        NotificationType::Forecasted => On::Forecasted,
        _ => return None,
    };
    // AWS leaves the type out where it is a percentage.
    let is_amount = match live.threshold_type {
        None | Some(ThresholdType::Percentage) => false,
        Some(ThresholdType::AbsoluteValue) => true,
        Some(_) => return None,
    };
    (live.comparison_operator == ComparisonOperator::GreaterThan).then_some(Trigger {
        on,
        is_amount,
        above: Decimal::from_f64(live.threshold)?,
    })
}

fn subscribers(to: &[Recipient]) -> Result<Vec<api::Subscriber>, Failure> {
    to.iter().map(subscriber).collect()
}

fn subscriber(recipient: &Recipient) -> Result<api::Subscriber, Failure> {
    built(
        api::Subscriber::builder()
            .subscription_type(match recipient.is_topic() {
                true => SubscriptionType::Sns,
                false => SubscriptionType::Email,
            })
            .address(recipient.to_string())
            .build(),
    )
}

fn resource_tags(tags: &Tags) -> Result<Vec<api::ResourceTag>, Failure> {
    let tags = tags
        .iter()
        .map(|(key, value)| built(api::ResourceTag::builder().key(key).value(value).build()));
    tags.collect()
}
