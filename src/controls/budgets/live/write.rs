//! Each change of a budget.

#![expect(
    deprecated,
    reason = "CostTypes say in two switches what a filter expression says in a tree, and AWS takes both"
)]

use aws_sdk_budgets::Client;
use aws_sdk_budgets::error::BuildError;
use aws_sdk_budgets::types::{self as api, BudgetType, TimeUnit};
use aws_smithy_types::DateTime;
use trueup_aws::{Cx, Failure, done};
use trueup_core::tags::Tags;
use trueup_core::values::{Bound, Decimal, Recipient};

use super::read::{ENDLESS, notification, recipient, subscriber, trigger};
use crate::budgets::model::{Beside, Budget, Notification, Period, Trigger};

/// The client with what every call names.
pub(super) struct Calls {
    pub(super) client: Client,
    pub(super) account: String,
    pub(super) partition: String,
}

impl Calls {
    pub(super) fn of(cx: &Cx) -> Self {
        Calls {
            client: cx.clients().budgets.clone(),
            account: cx.env.account.clone(),
            partition: cx.env.partition.clone(),
        }
    }

    pub(super) fn arn(&self, name: &str) -> String {
        format!("arn:{}:budgets::{}:budget/{name}", self.partition, self.account)
    }

    pub(super) async fn budgets(&self) -> Result<Vec<api::Budget>, Failure> {
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

    /// What sets off the notifications of a budget. What cannot be named goes to what stands beside the table.
    pub(super) async fn triggers(&self, name: &str, beside: &mut Beside) -> Result<Vec<Trigger>, Failure> {
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
                    None => beside
                        .unclear
                        .push("a notification of a kind that trueup does not know".to_owned()),
                }
            }
        }
        // A list is compared as a set, and shown in the order of its thresholds.
        all.sort();
        Ok(all)
    }

    /// The notifications that a table can say, with their recipients; the others go to what stands beside it.
    pub(super) async fn notifications(
        &self,
        name: &str,
        beside: &mut Beside,
    ) -> Result<Vec<Notification>, Failure> {
        let mut all = vec![];
        for trigger in self.triggers(name, beside).await? {
            if !trigger.compares.is_greater() {
                beside.odd.push(trigger);
                continue;
            }
            let above = Some(Bound::Plain(trigger.above));
            let (percent, amount) = match trigger.is_amount {
                false => (above, None),
                true => (None, above),
            };
            all.push(Notification {
                on: Some(trigger.on),
                above_percent: percent,
                above_amount: amount,
                to: Some(self.recipients(name, &trigger, beside).await?),
            });
        }
        Ok(all)
    }

    pub(super) async fn recipients(
        &self,
        name: &str,
        of: &Trigger,
        beside: &mut Beside,
    ) -> Result<Vec<Recipient>, Failure> {
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
                match recipient(&live) {
                    Some(recipient) => all.push(recipient),
                    None => beside.unclear.push(format!(
                        "{} as {} on {of}",
                        live.address,
                        live.subscription_type.as_str()
                    )),
                }
            }
        }
        all.sort();
        Ok(all)
    }

    pub(super) async fn tags(&self, name: &str) -> Result<Tags, Failure> {
        let answer = self
            .client
            .list_tags_for_resource()
            .resource_arn(self.arn(name))
            .send()
            .await?;
        let tags = answer.resource_tags.unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    pub(super) async fn create(&self, name: &str, budget: &Budget, tags: &Tags) -> Result<(), Failure> {
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
            self.client
                .create_budget()
                .account_id(&self.account)
                .budget(built(new)?)
                .set_notifications_with_subscribers((!notifications.is_empty()).then_some(notifications))
                .set_resource_tags((!tags.is_empty()).then(|| resource_tags(tags)).transpose()?)
                .send()
                .await,
            &["DuplicateRecordException"],
        )
    }

    /// Sends the whole budget as it is read now, with what changes.
    pub(super) async fn update(&self, name: &str, change: &Budget, endless: bool) -> Result<(), Failure> {
        let answer = self
            .client
            .describe_budget()
            .account_id(&self.account)
            .budget_name(name)
            .show_filter_expression(true)
            .send()
            .await?;
        let Some(mut whole) = answer.budget else {
            let what = format!("the answer has no budget {name}");
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
        if whole.planned_budget_limits.is_some() {
            // Beside planned amounts, the present one is only answered.
            whole.budget_limit = None;
        }
        if let Some(period) = whole.time_period.as_mut().filter(|_| endless) {
            period.end = Some(DateTime::from_secs(ENDLESS));
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

/// A part of a request that its own builder does not take: nothing was sent.
pub(super) fn built<T>(part: Result<T, BuildError>) -> Result<T, Failure> {
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

pub(super) fn subscribers(to: &[Recipient]) -> Result<Vec<api::Subscriber>, Failure> {
    to.iter().map(subscriber).collect()
}

pub(super) fn resource_tags(tags: &Tags) -> Result<Vec<api::ResourceTag>, Failure> {
    let tags = tags
        .iter()
        .map(|(key, value)| built(api::ResourceTag::builder().key(key).value(value).build()));
    tags.collect()
}
