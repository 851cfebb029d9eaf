//! The table, what is read beside it, and the changes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use trueup_core::tags::Tags;
use trueup_core::values::{Decimal, Presence, Recipient};

/// The table `[budgets]`: a table for each budget, under the budget's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Model {
    /// The budgets, by name.
    pub(crate) budgets: BTreeMap<String, Budget>,
}

impl Model {
    /// Everybody who is told of some budget.
    pub(super) fn recipients(&mut self) -> impl Iterator<Item = &mut Recipient> {
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
    pub(super) fn is_absent(&self) -> bool {
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

impl Notification {
    /// What it is told on, if that is written as [`check`](super::check::check) asks.
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

    pub(super) fn recipients(&self) -> &[Recipient] {
        self.to.as_deref().unwrap_or_default()
    }
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

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a budget with its notifications and tags.
    Create {
        /// Its name.
        name: String,
        /// All of it.
        budget: Budget,
        /// Its tags.
        tags: Tags,
    },
    /// Change a budget's own settings.
    Update {
        /// Its name.
        name: String,
        /// What changes; notifications are never among it.
        change: Budget,
    },
    /// Delete a budget with everything that belongs to it.
    Delete {
        /// Its name.
        name: String,
    },
    /// Add a notification.
    AddNotification {
        /// The budget.
        name: String,
        /// On what.
        trigger: Trigger,
        /// To whom.
        to: Vec<Recipient>,
    },
    /// Give a notification another threshold; who hears of it stays.
    MoveNotification {
        /// The budget.
        name: String,
        /// On what until now.
        from: Trigger,
        /// On what from now on.
        to: Trigger,
    },
    /// Delete a notification.
    DeleteNotification {
        /// The budget.
        name: String,
        /// On what.
        trigger: Trigger,
    },
    /// Tell somebody too.
    AddRecipient {
        /// The budget.
        name: String,
        /// The notification.
        trigger: Trigger,
        /// Who.
        recipient: Recipient,
    },
    /// Tell somebody in place of somebody else.
    ReplaceRecipient {
        /// The budget.
        name: String,
        /// The notification.
        trigger: Trigger,
        /// Who until now.
        old: Recipient,
        /// Who from now on.
        new: Recipient,
    },
    /// Tell somebody no more.
    DeleteRecipient {
        /// The budget.
        name: String,
        /// The notification.
        trigger: Trigger,
        /// Who.
        recipient: Recipient,
    },
    /// Put tags on a budget.
    Tag {
        /// Its name.
        name: String,
        /// The tags that differ.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create { name, .. } => write!(f, "create the budget {name}"),
            Action::Update { name, change } => {
                let text = |key: &str, value: Option<String>| value.map(|value| format!("{key} = {value}"));
                let changes: Vec<String> = [
                    text("amount", change.amount.map(|amount| amount.to_string())),
                    text("unit", change.unit.clone()),
                    text("period", change.period.map(|period| period.word().to_owned())),
                    text("include_credits", change.include_credits.map(|on| on.to_string())),
                    text("include_refunds", change.include_refunds.map(|on| on.to_string())),
                ]
                .into_iter()
                .flatten()
                .collect();
                write!(f, "change the budget {name}: {}", changes.join(", "))
            }
            Action::Delete { name } => write!(f, "delete the budget {name}"),
            Action::AddNotification { name, trigger, .. } => {
                write!(f, "notify of the budget {name} on {trigger}")
            }
            Action::MoveNotification { name, from, to } => {
                write!(f, "notify of the budget {name} on {to} instead of {from}")
            }
            Action::DeleteNotification { name, trigger } => {
                write!(f, "stop notifying of the budget {name} on {trigger}")
            }
            Action::AddRecipient {
                name,
                trigger,
                recipient,
            } => write!(f, "tell {recipient} of the budget {name} on {trigger}"),
            Action::ReplaceRecipient {
                name,
                trigger,
                old,
                new,
            } => write!(f, "tell {new} instead of {old} of the budget {name} on {trigger}"),
            Action::DeleteRecipient {
                name,
                trigger,
                recipient,
            } => write!(f, "stop telling {recipient} of the budget {name} on {trigger}"),
            Action::Tag { name, tags } => {
                write!(f, "tag the budget {name}: {}", trueup_core::tags::shown(tags))
            }
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = match self.on {
            On::Actual => "actual",
            On::Forecasted => "forecasted",
        };
        let percent = if self.is_amount { "" } else { "%" };
        write!(f, "{on} > {}{percent}", self.above)
    }
}
