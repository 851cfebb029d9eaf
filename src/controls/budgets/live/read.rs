//! Reading budgets.

#![expect(
    deprecated,
    reason = "CostTypes say in two switches what a filter expression says in a tree, and AWS takes both"
)]

use aws_sdk_budgets::types::{
    self as api, BudgetType, ComparisonOperator, NotificationType, SubscriptionType, ThresholdType, TimeUnit,
};
use trueup_aws::Failure;
use trueup_core::fault::Fault;
use trueup_core::values::{Decimal, Recipient};

use super::write::built;
use crate::budgets::model::{Budget, On, Period, Trigger};

/// What a budget that exists is told as: its table, or why none can say it.
type Told = Result<Budget, String>;

/// What a refusal of the whole service means (Billing User Guide, "Overview of managing access permissions").
pub(super) fn refusal(fault: &Fault) -> String {
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

pub(super) fn read(live: api::Budget) -> Result<Told, Failure> {
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

pub(super) fn notification(trigger: &Trigger) -> Result<api::Notification, Failure> {
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
pub(super) fn trigger(live: &api::Notification) -> Option<Trigger> {
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

pub(super) fn subscriber(recipient: &Recipient) -> Result<api::Subscriber, Failure> {
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
