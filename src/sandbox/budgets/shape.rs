//! Budgets, notifications and subscribers as they stand in requests, answers and the state.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AwsError, SERVICE};

/// The end of a budget that names none: 2087-06-15, in seconds since 1970.
const END: f64 = 3_706_473_600.0;

/// What a cost budget counts unless told otherwise.
const COST_TYPES: [(&str, bool); 11] = [
    ("IncludeTax", true),
    ("IncludeSubscription", true),
    ("UseBlended", false),
    ("IncludeRefund", true),
    ("IncludeCredit", true),
    ("IncludeUpfront", true),
    ("IncludeRecurring", true),
    ("IncludeOtherSubscription", true),
    ("IncludeSupport", true),
    ("IncludeDiscount", true),
    ("UseAmortized", false),
];

const TIME_UNITS: [&str; 5] = ["DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY", "CUSTOM"];
const TYPES: [&str; 6] = [
    "USAGE",
    "COST",
    "RI_UTILIZATION",
    "RI_COVERAGE",
    "SAVINGS_PLANS_UTILIZATION",
    "SAVINGS_PLANS_COVERAGE",
];
const METRICS: [&str; 8] = [
    "BlendedCost",
    "UnblendedCost",
    "AmortizedCost",
    "NetUnblendedCost",
    "NetAmortizedCost",
    "UsageQuantity",
    "NormalizedUsageAmount",
    "Hours",
];

/// A budget. What only answers have is let pass in a request, as AWS does, and forgotten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Budget {
    pub(super) budget_name: String,
    #[serde(default)]
    budget_limit: Option<Spend>,
    #[serde(default)]
    planned_budget_limits: Option<BTreeMap<String, Spend>>,
    #[serde(default)]
    cost_filters: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    cost_types: Option<BTreeMap<String, bool>>,
    time_unit: String,
    #[serde(default)]
    time_period: Option<TimePeriod>,
    #[serde(default, skip_serializing)]
    calculated_spend: Option<Value>,
    budget_type: String,
    #[serde(default, skip_serializing)]
    last_updated_time: Option<Value>,
    #[serde(default)]
    auto_adjust_data: Option<Value>,
    #[serde(default)]
    filter_expression: Option<Value>,
    #[serde(default)]
    metrics: Option<Vec<String>>,
    #[serde(default)]
    billing_view_arn: Option<String>,
    #[serde(default, skip_serializing)]
    health_status: Option<Value>,
}

/// An amount of something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Spend {
    amount: String,
    unit: String,
}

/// From when to when, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TimePeriod {
    start: Option<f64>,
    end: Option<f64>,
}

impl Budget {
    /// As AWS keeps it, if it takes it.
    pub(super) fn normalized(mut self, now: i64) -> Result<Budget, AwsError> {
        let name = &self.budget_name;
        if name.is_empty()
            || name.chars().count() > 100
            || name.contains([':', '\\'])
            || name.contains("/action/")
        {
            return Err(SERVICE
                .invalid("BudgetName has 1 to 100 characters, none of them : or \\, and not /action/."));
        }
        if !TIME_UNITS.contains(&self.time_unit.as_str()) {
            return Err(SERVICE.invalid("TimeUnit is none that there is."));
        }
        if !TYPES.contains(&self.budget_type.as_str()) {
            return Err(SERVICE.invalid("BudgetType is none that there is."));
        }
        let counts = ["COST", "USAGE"].contains(&self.budget_type.as_str());
        let sources = [
            self.budget_limit.is_some(),
            self.planned_budget_limits.is_some(),
            self.auto_adjust_data.is_some(),
        ];
        // An adjusting budget is read with the limit of the present period, and may be sent back so.
        if sources[0] && sources[1] || counts && !sources.contains(&true) {
            return Err(SERVICE.invalid(
                "A cost or usage budget needs one of BudgetLimit, PlannedBudgetLimits and AutoAdjustData.",
            ));
        }
        let planned = self
            .planned_budget_limits
            .iter_mut()
            .flat_map(|map| map.values_mut());
        for spend in self.budget_limit.iter_mut().chain(planned) {
            spend.amount = amount(&spend.amount)?;
            if self.budget_type == "COST" && spend.unit != "USD" {
                return Err(SERVICE.invalid("The unit of a cost budget is the currency of the bill, USD."));
            }
        }
        self.normalize_filters()?;
        let period = self.time_period.get_or_insert_default();
        period.start.get_or_insert(start(&self.time_unit, now)?);
        period.end.get_or_insert(END);
        if period.start >= period.end || period.end > Some(END) {
            return Err(
                SERVICE.invalid("The start of TimePeriod must come before its end, and that by 2087-06-15.")
            );
        }
        (self.calculated_spend, self.last_updated_time, self.health_status) = (None, None, None);
        Ok(self)
    }

    fn normalize_filters(&mut self) -> Result<(), AwsError> {
        let newer = self.filter_expression.is_some() || self.metrics.is_some();
        let older = self.cost_filters.is_some() || self.cost_types.is_some();
        if newer && older {
            return Err(SERVICE.invalid(
                "Either CostFilters and CostTypes or FilterExpression and Metrics can be given, not both.",
            ));
        }
        if let Some(metrics) = &self.metrics
            && (metrics.len() != 1 || !METRICS.contains(&metrics[0].as_str()))
        {
            return Err(SERVICE.invalid("Metrics names one metric."));
        }
        if newer {
            return Ok(());
        }
        let filters = self.cost_filters.get_or_insert_default();
        if filters.values().any(Vec::is_empty) {
            return Err(SERVICE.invalid("A cost filter needs a value."));
        }
        if self.budget_type != "COST" {
            return match self.cost_types {
                Some(_) => Err(SERVICE.invalid("Only a cost budget has CostTypes.")),
                None => Ok(()),
            };
        }
        let types = self.cost_types.get_or_insert_default();
        if let Some(unknown) = types
            .keys()
            .find(|name| COST_TYPES.iter().all(|(known, _)| known != name))
        {
            return Err(SERVICE.invalid(format!("CostTypes has no {unknown}.")));
        }
        for (name, default) in COST_TYPES {
            types.entry(name.to_owned()).or_insert(default);
        }
        if types["UseBlended"] && types["UseAmortized"] {
            return Err(SERVICE.invalid("UseBlended and UseAmortized exclude each other."));
        }
        Ok(())
    }

    pub(super) fn is_daily(&self) -> bool {
        self.time_unit == "DAILY"
    }

    /// The planned limit of the running period, which answers have as the limit.
    pub(super) fn planned_now(&self, now: i64) -> Option<Value> {
        let planned = self.planned_budget_limits.as_ref()?;
        let started = planned
            .iter()
            .filter_map(|(start, limit)| Some((start.parse::<i64>().ok()?, limit)));
        let running = started
            .filter(|(start, _)| *start <= now)
            .max_by_key(|(start, _)| *start);
        running.map(|(_, limit)| json!(limit))
    }

    /// What it counts in.
    pub(super) fn unit(&self) -> &str {
        self.budget_limit.as_ref().map_or("USD", |limit| &limit.unit)
    }
}

/// An amount in the form in which AWS tells it: `100` becomes `100.0`.
fn amount(text: &str) -> Result<String, AwsError> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if text.is_empty() || part.is_empty() || !digits(whole) || !digits(part) {
        return Err(SERVICE.invalid("Amount is a number that is not negative."));
    }
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    Ok(format!(
        "{}.{}",
        if whole.is_empty() { "0" } else { whole },
        if part.is_empty() { "0" } else { part }
    ))
}

/// The first moment of the period that is running.
fn start(unit: &str, now: i64) -> Result<f64, AwsError> {
    let unclear = |_| SERVICE.invalid("TimePeriod needs its start.");
    let today = jiff::Timestamp::from_second(now)
        .map_err(unclear)?
        .to_zoned_datetime(TimeZone::UTC)
        .date();
    let (month, day) = match unit {
        "MONTHLY" => (today.month(), 1),
        "QUARTERLY" => ((today.month() - 1) / 3 * 3 + 1, 1),
        "ANNUALLY" => (1, 1),
        _ => (today.month(), today.day()),
    };
    let first = jiff::civil::Date::new(today.year(), month, day).map_err(unclear)?;
    let at = first
        .to_zoned_datetime(TimeZone::UTC)
        .map_err(unclear)?
        .timestamp();
    // Seconds since 1970 are far from where whole numbers end in this type.
    Ok(at.as_second() as f64)
}

/// When to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Notification {
    notification_type: String,
    comparison_operator: String,
    threshold: f64,
    /// Missing where it was not sent: AWS does not add it.
    #[serde(default)]
    threshold_type: Option<String>,
    #[serde(default, skip_serializing)]
    notification_state: Option<String>,
}

impl Notification {
    pub(super) fn check(&self) -> Result<(), AwsError> {
        let known = ["ACTUAL", "FORECASTED"].contains(&self.notification_type.as_str())
            && ["GREATER_THAN", "LESS_THAN", "EQUAL_TO"].contains(&self.comparison_operator.as_str())
            && ["PERCENTAGE", "ABSOLUTE_VALUE"].contains(&self.kind());
        if !known {
            return Err(
                SERVICE.invalid("The notification's type, operator or threshold type is none that there is.")
            );
        }
        if !(0.0..=15_000_000_000_000.0).contains(&self.threshold) {
            return Err(SERVICE.invalid("Threshold is 0 to 15000000000000."));
        }
        Ok(())
    }

    pub(super) fn is_forecasted(&self) -> bool {
        self.notification_type == "FORECASTED"
    }

    fn kind(&self) -> &str {
        self.threshold_type.as_deref().unwrap_or("PERCENTAGE")
    }

    /// Whether both are the same one: a budget has it once.
    pub(super) fn is(&self, other: &Notification) -> bool {
        self.notification_type == other.notification_type
            && self.comparison_operator == other.comparison_operator
            && self.threshold == other.threshold
            && self.kind() == other.kind()
    }

    pub(super) fn output(&self) -> Value {
        let mut told = json!(self);
        told["NotificationState"] = "OK".into();
        told
    }
}

/// A notification and who hears of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct WithSubscribers {
    pub(super) notification: Notification,
    #[serde(default)]
    pub(super) subscribers: Vec<Subscriber>,
}

/// Who hears of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Subscriber {
    pub(super) subscription_type: String,
    address: String,
}

impl Subscriber {
    pub(super) fn check(&self) -> Result<(), AwsError> {
        let address = &self.address;
        let fits = match self.subscription_type.as_str() {
            "SNS" => {
                let parts: Vec<&str> = address.split(':').collect();
                parts.len() == 6 && parts[0] == "arn" && parts[2] == "sns" && !parts[5].is_empty()
            }
            "EMAIL" => address
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !address.contains(' ')),
            _ => false,
        };
        match fits {
            true => Ok(()),
            false => {
                Err(SERVICE
                    .invalid("The subscriber is neither an e-mail address nor the ARN of an SNS topic."))
            }
        }
    }
}
