//! Reading budgets.

#![expect(
    deprecated,
    reason = "CostTypes say in two switches what a filter expression says in a tree, and AWS takes both"
)]

use aws_sdk_budgets::types::{
    self as api, BudgetType, ComparisonOperator, Dimension, HealthStatusReason, HealthStatusValue, Metric,
    NotificationType, SubscriptionType, ThresholdType, TimeUnit,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trueup_aws::Failure;
use trueup_core::fault::Fault;
use trueup_core::values::{Decimal, Recipient};

use super::write::built;
use crate::budgets::model::{Beside, Budget, Compares, On, Period, Trigger};

/// What a budget that exists is read as.
pub(super) enum Told {
    /// A table, and what that does not say.
    Budget(Box<(Budget, Beside)>),
    /// Why no table can be it: a budget that does not count the whole bill against one amount.
    Other(String),
}

/// What a refusal of the whole service means (Billing User Guide, "Overview of managing access permissions").
pub(super) fn refusal(fault: &Fault) -> String {
    if fault.message.contains("is a linked account") {
        "the account is a member of an organization: its management account has to open Budgets in the Billing console \
         once"
            .to_owned()
    } else {
        format!(
            "{fault}: grant budgets:ViewBudget to the caller; if it has that, the root user must first activate \"IAM \
             user and role access to Billing information\" on the console's Account page"
        )
    }
}

pub(super) fn read(live: api::Budget, account: &str) -> Result<Told, Failure> {
    if let Some(why) = other(&live, account) {
        return Ok(Told::Other(why));
    }
    let period = match &live.time_unit {
        TimeUnit::Daily => Period::Daily,
        TimeUnit::Monthly => Period::Monthly,
        TimeUnit::Quarterly => Period::Quarterly,
        TimeUnit::Annually => Period::Annually,
        TimeUnit::Custom => return Ok(Told::Other("has a period of its own".to_owned())),
        other => return Ok(Told::Other(format!("has the period {}", other.as_str()))),
    };
    let beside = beside(&live);
    let unclear = |what: String| Failure::answer("budgets:DescribeBudgets", what);
    let name = &live.budget_name;
    let amount = match &live.budget_limit {
        Some(limit) => Some(
            limit
                .amount
                .parse()
                .map_err(|_| unclear(format!("the budget {name} has the amount `{}`", limit.amount)))?,
        ),
        None if beside.moves.is_some() => None,
        None => return Err(unclear(format!("the budget {name} has no amount"))),
    };
    let types = live.cost_types.as_ref();
    Ok(Told::Budget(Box::new((
        Budget {
            amount,
            unit: live.budget_limit.map(|limit| limit.unit),
            period: Some(period),
            // Both are true unless the answer says otherwise.
            include_credits: Some(types.and_then(|types| types.include_credit).unwrap_or(true)),
            include_refunds: Some(types.and_then(|types| types.include_refund).unwrap_or(true)),
            ..Budget::default()
        },
        beside,
    ))))
}

/// Why a budget does not count the whole bill, if it does not.
///
/// Where an answer has cost types, an expression and a metric that say the same beside them narrow nothing.
fn other(live: &api::Budget, account: &str) -> Option<String> {
    let types = live.cost_types.as_ref();
    if live.budget_type != BudgetType::Cost {
        return Some(format!(
            "exists and is a {} budget, not one of cost",
            live.budget_type.as_str()
        ));
    }
    let mut filters: Vec<&str> = live
        .cost_filters
        .iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect();
    filters.sort_unstable();
    if !filters.is_empty() {
        return Some(format!("counts a part of the bill only ({})", filters.join(", ")));
    }
    if live
        .filter_expression
        .as_ref()
        .is_some_and(|expression| types.is_none() || narrows(expression))
    {
        return Some("counts a part of the bill only (FilterExpression)".to_owned());
    }
    if let Some(metrics) = &live.metrics {
        let usual = types.map(|types| match (types.use_blended, types.use_amortized) {
            (Some(true), _) => Metric::BlendedCost,
            (_, Some(true)) => Metric::AmortizedCost,
            _ => Metric::UnblendedCost,
        });
        if metrics.iter().any(|metric| Some(metric) != usual.as_ref()) {
            let names: Vec<&str> = metrics.iter().map(Metric::as_str).collect();
            return Some(format!("counts by a metric of its own ({})", names.join(", ")));
        }
    }
    live.billing_view_arn
        .as_ref()
        .filter(|view| !view.ends_with(&format!("::{account}:billingview/primary")))
        .map(|view| format!("counts a part of the bill only (the billing view {view})"))
}

/// True unless an expression only chooses kinds of charges, such as credits, as cost types do.
fn narrows(expression: &api::Expression) -> bool {
    let parts = || {
        expression
            .or()
            .iter()
            .chain(expression.and())
            .chain(expression.not())
    };
    let of_a_kind = |values: &api::ExpressionDimensionValues| values.key == Dimension::RecordType;
    let is_plain = expression.tags.is_none()
        && expression.cost_categories.is_none()
        && expression.product_attributes.is_none()
        && expression.dimensions.as_ref().is_none_or(of_a_kind);
    !is_plain || parts().any(narrows)
}

/// What its table does not say of it.
fn beside(live: &api::Budget) -> Beside {
    let moves = match (&live.planned_budget_limits, &live.auto_adjust_data) {
        (Some(_), _) => Some("has planned amounts instead of one".to_owned()),
        (_, Some(_)) => Some("adjusts its amount by itself".to_owned()),
        (None, None) => None,
    };
    let end = live.time_period.as_ref().and_then(|period| period.end);
    let health = live.health_status.as_ref();
    let unhealthy = health.filter(|health| health.status == Some(HealthStatusValue::Unhealthy));
    Beside {
        moves,
        ends: end.filter(|end| end.secs() < ENDLESS).and_then(day),
        unhealthy: unhealthy.map(|health| health.status_reason.as_ref().map_or("UNHEALTHY", why).to_owned()),
        cost_types: live.cost_types.iter().flat_map(odd_cost_types).collect(),
        ..Beside::default()
    }
}

/// The end of a budget that has none: 2087-06-15.
pub(super) const ENDLESS: i64 = 3_706_473_600;

fn day(moment: DateTime) -> Option<String> {
    let moment = Timestamp::from_second(moment.secs()).ok()?;
    Some(TimeZone::UTC.to_datetime(moment).date().to_string())
}

fn why(reason: &HealthStatusReason) -> &str {
    match reason {
        HealthStatusReason::BillingViewNoAccess => {
            "its billing view does not grant this account billing:GetBillingViewData"
        }
        HealthStatusReason::BillingViewUnhealthy => "its billing view does not work",
        HealthStatusReason::FilterInvalid => "its filter names an account that this one has no access to",
        HealthStatusReason::MultiYearHistoricalDataDisabled => {
            "multi-year historical data is off in the Cost Management preferences"
        }
        other => other.as_str(),
    }
}

/// The cost types without a key of the table that differ from AWS's defaults.
fn odd_cost_types(types: &api::CostTypes) -> Vec<String> {
    [
        ("IncludeTax", types.include_tax, true),
        ("IncludeSubscription", types.include_subscription, true),
        ("IncludeUpfront", types.include_upfront, true),
        ("IncludeRecurring", types.include_recurring, true),
        ("IncludeOtherSubscription", types.include_other_subscription, true),
        ("IncludeSupport", types.include_support, true),
        ("IncludeDiscount", types.include_discount, true),
        ("UseBlended", types.use_blended, false),
        ("UseAmortized", types.use_amortized, false),
    ]
    .into_iter()
    .filter_map(|(name, value, usual)| {
        value
            .filter(|value| *value != usual)
            .map(|value| format!("{name} = {value}"))
    })
    .collect()
}

pub(super) fn notification(trigger: &Trigger) -> Result<api::Notification, Failure> {
    built(
        api::Notification::builder()
            .notification_type(match trigger.on {
                On::Actual => NotificationType::Actual,
                On::Forecasted => NotificationType::Forecasted,
            })
            .comparison_operator(match trigger.compares {
                Compares::GreaterThan => ComparisonOperator::GreaterThan,
                Compares::LessThan => ComparisonOperator::LessThan,
                Compares::EqualTo => ComparisonOperator::EqualTo,
            })
            .threshold(trigger.above.to_f64())
            .threshold_type(match trigger.is_amount {
                true => ThresholdType::AbsoluteValue,
                false => ThresholdType::Percentage,
            })
            .build(),
    )
}

/// Nothing for what trueup does not know.
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
    let compares = match live.comparison_operator {
        ComparisonOperator::GreaterThan => Compares::GreaterThan,
        ComparisonOperator::LessThan => Compares::LessThan,
        ComparisonOperator::EqualTo => Compares::EqualTo,
        _ => return None,
    };
    Some(Trigger {
        on,
        is_amount,
        above: Decimal::from_f64(live.threshold)?,
        compares,
    })
}

/// The recipient that a subscriber is: only if its type is that of its address does it get anything.
pub(super) fn recipient(live: &api::Subscriber) -> Option<Recipient> {
    let known = Recipient::try_from(live.address.clone()).ok()?;
    let fits = match live.subscription_type {
        SubscriptionType::Sns => matches!(known, Recipient::Topic(_)),
        SubscriptionType::Email => matches!(known, Recipient::Email(_)),
        _ => false,
    };
    fits.then_some(known)
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
