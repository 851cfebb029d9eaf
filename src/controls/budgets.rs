//! Budgets of cost, and who hears when one is overrun.
//!
//! A table `[budgets.NAME]` is the budget of that name. Budgets that the file does not name are nobody's business
//! here: they are neither changed nor counted as a difference.
//!
//! `UpdateBudget` replaces the whole budget (AWS Budgets API reference), so a change sends back what was read a
//! moment before, with the managed keys changed in it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::tags::Tags;
use trueup_core::values::{Decimal, Presence, Recipient};

use crate::alerts::Alerts;

mod action;
mod calls;
mod check;
mod diff;
#[cfg(test)]
mod tests;

pub(crate) use self::action::Action;

/// The control.
pub(crate) struct Budgets;

/// The table `[budgets]`: a table for each budget, under the budget's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Model {
    /// The budgets, by name.
    pub(crate) budgets: BTreeMap<String, Budget>,
}

impl Model {
    /// Everybody who is told of some budget.
    fn recipients(&mut self) -> impl Iterator<Item = &mut Recipient> {
        let notifications = self
            .budgets
            .values_mut()
            .filter_map(|budget| budget.notifications.as_mut());
        notifications
            .flatten()
            .filter_map(|one| one.to.as_mut())
            .flatten()
    }
}

/// The table `[budgets.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// "absent" deletes the budget.
    pub(crate) state: Option<Presence>,
    /// The name that the budget had before: that one is deleted once this one exists.
    pub(crate) previously: Option<String>,
    /// How much may be spent in a period.
    pub(crate) amount: Option<Decimal>,
    /// The currency of the bill, such as "USD".
    pub(crate) unit: Option<String>,
    /// How long a period is.
    pub(crate) period: Option<Period>,
    /// Credits are subtracted from the costs. AWS's default, true, hides what is spent as long as there are credits.
    pub(crate) include_credits: Option<bool>,
    /// Refunds are subtracted from the costs. AWS's default is true.
    pub(crate) include_refunds: Option<bool>,
    /// When to tell whom: exactly these. A budget has 10 at most.
    pub(crate) notifications: Option<Vec<Notification>>,
}

impl Budget {
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }
}

/// How long a budget runs before it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Period {
    /// A day.
    Daily,
    /// A calendar month.
    Monthly,
    /// A calendar quarter.
    Quarterly,
    /// A calendar year.
    Annually,
}

impl Period {
    /// The word as written in TOML.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Period::Daily => "daily",
            Period::Monthly => "monthly",
            Period::Quarterly => "quarterly",
            Period::Annually => "annually",
        }
    }
}

/// One notification of a budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notification {
    /// What is watched.
    pub(crate) on: Option<On>,
    /// It is told when that is more than so many percent of the budget's amount.
    pub(crate) above_percent: Option<Decimal>,
    /// It is told when that is more than this amount.
    pub(crate) above_amount: Option<Decimal>,
    /// Who is told: e-mail addresses (10 at most), and a topic: "topic" (the one of `[alerts]`) or an SNS topic's ARN.
    pub(crate) to: Option<Vec<Recipient>>,
}

/// What a notification watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    /// What was spent.
    Actual,
    /// What will be spent by the end of the period, as AWS expects. AWS needs about five weeks of use to tell.
    Forecasted,
}

/// What makes a notification the same one: a budget has each once (AWS Budgets API reference, `Notification`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Trigger {
    /// What is watched.
    pub(crate) on: On,
    /// Whether the threshold is an amount; otherwise it is percent of the budget's amount.
    pub(crate) is_amount: bool,
    /// The threshold.
    pub(crate) above: Decimal,
}

impl Notification {
    /// What it is told on, if that is written as [`check`](Control::check) asks.
    pub(crate) fn trigger(&self) -> Option<Trigger> {
        let (is_amount, above) = match (self.above_percent, self.above_amount) {
            (Some(percent), None) => (false, percent),
            (None, Some(amount)) => (true, amount),
            _ => return None,
        };
        Some(Trigger {
            on: self.on?,
            is_amount,
            above,
        })
    }

    fn recipients(&self) -> &[Recipient] {
        self.to.as_deref().unwrap_or_default()
    }
}

impl JsonSchema for Model {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "budgets".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {},
            "additionalProperties": generator.subschema_for::<Budget>(),
        })
    }
}

/// What is known of the account's budgets beside their settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Why the service tells nothing, and what to do about it.
    pub(crate) refusal: Option<String>,
    /// Budgets that a table cannot express, each with why.
    pub(crate) others: BTreeMap<String, String>,
    /// The budgets whose cost types are not told: they have a filter expression instead.
    pub(crate) by_expression: Vec<String>,
    /// Their tags, as far as they were asked for.
    pub(crate) tags: BTreeMap<String, Tags>,
}

impl Control for Budgets {
    const NAME: &'static str = "budgets";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS Budgets",
        items: &[5],
        why: "A budget tells early that an account was taken over or that something costs more than was meant.",
        off: "state = \"absent\" in a budget's table deletes it; notifications = [] keeps it silent",
        cost: "free",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
        example: r#"[budgets.monthly]
amount = "100"
unit = "USD"
period = "monthly"
include_credits = false      # AWS's default hides what is spent behind credits
include_refunds = false
notifications = [
  { on = "actual", above_percent = 80, to = ["billing@example.com"] },
  { on = "forecasted", above_percent = 100, to = ["billing@example.com"] },
]
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &["budgets:ViewBudget", "budgets:ListTagsForResource"],
        write: &["budgets:ModifyBudget", "budgets:TagResource"],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn refers_to(want: &Model) -> Vec<(&'static str, &'static str)> {
        let mut to = want.clone();
        let speaks = to.recipients().any(|recipient| *recipient == Recipient::Alerts);
        speaks.then_some(("", Alerts::NAME)).into_iter().collect()
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        let Some(topic) = wants.of::<Alerts>().and_then(|alerts| alerts.topic_arn(env)) else {
            return;
        };
        want.recipients().for_each(|recipient| recipient.fill(&topic));
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for Budgets {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        calls::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        calls::apply(action, cx).await
    }
}
