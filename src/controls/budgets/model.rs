//! The table, what is read beside it, and the changes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use trueup_core::tags::Tags;
use trueup_core::values::{Bound, Decimal, Presence, Recipient};

/// The table `[budgets]`: a table for each budget, under the budget's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Model {
    /// The budgets, by name.
    pub(crate) budgets: BTreeMap<String, Budget>,
}

impl Model {
    /// The recipients of all budgets.
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
    /// Whom to notify when. A notification that comes earlier than the wanted one counts as it; other notifications and
    /// recipients stay, except that [] deletes all. A budget has 10 at most, a daily one no forecasted ones.
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
    /// The threshold, in percent of the budget's amount: the notification comes at the latest when more is spent.
    pub(crate) above_percent: Option<Bound<Decimal>>,
    /// The threshold as an amount.
    pub(crate) above_amount: Option<Bound<Decimal>>,
    /// The recipients: e-mail addresses (10 at most), and a topic: "topic" (the one of `[alerts]`) or an SNS topic's ARN.
    pub(crate) to: Option<Vec<Recipient>>,
}

impl Notification {
    /// What sets it off, if that is written as [`check`](super::check::check) asks.
    pub(crate) fn trigger(&self) -> Option<Trigger> {
        let (is_amount, above) = match (self.above_percent, self.above_amount) {
            (Some(percent), None) => (false, percent),
            (None, Some(amount)) => (true, amount),
            _ => return None,
        };
        Some(Trigger {
            on: self.on?,
            is_amount,
            above: *above.value(),
            compares: Compares::GreaterThan,
        })
    }

    /// True if no earlier notification will do.
    pub(super) fn is_exact(&self) -> bool {
        [self.above_percent, self.above_amount]
            .iter()
            .any(|above| matches!(above, Some(Bound::Exactly(_))))
    }

    pub(super) fn recipients(&self) -> &[Recipient] {
        self.to.as_deref().unwrap_or_default()
    }

    /// True if both have the same recipients.
    pub(super) fn has_recipients_of(&self, other: &Notification) -> bool {
        let within = |one: &Notification, other: &Notification| {
            one.recipients()
                .iter()
                .all(|recipient| other.recipients().contains(recipient))
        };
        within(self, other) && within(other, self)
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
    /// On which side of it.
    #[serde(default, skip_serializing_if = "Compares::is_greater")]
    pub(crate) compares: Compares,
}

/// The comparisons of a notification (`ComparisonOperator`). A table says the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Compares {
    /// More than the threshold.
    #[default]
    GreaterThan,
    /// Less.
    LessThan,
    /// Just as much.
    EqualTo,
}

impl Compares {
    pub(super) fn is_greater(&self) -> bool {
        *self == Compares::GreaterThan
    }
}

/// What is known of the account's budgets beside their settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Why the service refuses to answer, and what to do about it.
    pub(crate) refusal: Option<String>,
    /// Budgets that do not count the whole bill against one amount, each with why.
    pub(crate) others: BTreeMap<String, String>,
    /// What the budgets have that no table says, where there is something.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) beside: BTreeMap<String, Beside>,
    /// Budgets of other names that count what a wanted one would, which does not exist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) stand_ins: BTreeMap<String, Budget>,
    /// Their tags, as far as they were asked for.
    pub(crate) tags: BTreeMap<String, Tags>,
}

/// What a budget has that its table does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Why its amount changes without a change of the file, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moves: Option<String>,
    /// The day on which AWS deletes it, such as 2027-01-31, if one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends: Option<String>,
    /// Why it is not updated, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unhealthy: Option<String>,
    /// The cost types without a key that differ from AWS's defaults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cost_types: Vec<String>,
    /// Its notifications that no table can express.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) odd: Vec<Trigger>,
    /// Subscribers that are not what their type says, and other things that trueup cannot name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unclear: Vec<String>,
}

impl Beside {
    /// In words that follow the budget's name, a line each.
    pub(super) fn in_words(&self) -> Vec<String> {
        let mut lines = vec![];
        lines.extend(self.ends.as_ref().map(|end| format!("ends on {end}")));
        lines.extend(
            self.unhealthy
                .as_ref()
                .map(|why| format!("is not updated: {why}")),
        );
        if !self.cost_types.is_empty() {
            lines.push(format!("has {}", self.cost_types.join(", ")));
        }
        lines.extend(self.odd.iter().map(|odd| format!("notifies on {odd}")));
        lines.extend(self.unclear.iter().map(|unclear| format!("notifies {unclear}")));
        lines
    }
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
        /// Whether its end is taken away.
        endless: bool,
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
        /// What sets it off.
        trigger: Trigger,
        /// To whom.
        to: Vec<Recipient>,
    },
    /// Give a notification another threshold; its recipients stay.
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
        /// What sets it off.
        trigger: Trigger,
    },
    /// Add a recipient to a notification.
    AddRecipient {
        /// The budget.
        name: String,
        /// The notification.
        trigger: Trigger,
        /// The recipient.
        recipient: Recipient,
    },
    /// Put a topic in place of another one: a notification has one.
    ReplaceRecipient {
        /// The budget.
        name: String,
        /// The notification.
        trigger: Trigger,
        /// The topic until now.
        old: Recipient,
        /// The topic from now on.
        new: Recipient,
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
            Action::Create { name, .. } => write!(f, "create budget `{name}`"),
            Action::Update {
                name,
                change,
                endless,
            } => {
                let text = |key: &str, value: Option<String>| value.map(|value| format!("{key} = {value}"));
                let changes: Vec<String> = [
                    text("amount", change.amount.map(|amount| amount.to_string())),
                    text("unit", change.unit.clone()),
                    text("period", change.period.map(|period| period.word().to_owned())),
                    text("include_credits", change.include_credits.map(|on| on.to_string())),
                    text("include_refunds", change.include_refunds.map(|on| on.to_string())),
                    endless.then(|| "no end date".to_owned()),
                ]
                .into_iter()
                .flatten()
                .collect();
                write!(f, "change budget `{name}`: {}", changes.join(", "))
            }
            Action::Delete { name } => write!(f, "delete budget `{name}`"),
            Action::AddNotification { name, trigger, .. } => {
                write!(f, "add notification {trigger} to budget `{name}`")
            }
            Action::MoveNotification { name, from, to } => {
                write!(f, "change notification {from} of budget `{name}` to {to}")
            }
            Action::DeleteNotification { name, trigger } => {
                write!(f, "delete notification {trigger} of budget `{name}`")
            }
            Action::AddRecipient {
                name,
                trigger,
                recipient,
            } => write!(
                f,
                "add recipient {recipient} to notification {trigger} of budget `{name}`"
            ),
            Action::ReplaceRecipient {
                name,
                trigger,
                old,
                new,
            } => write!(
                f,
                "replace recipient {old} of notification {trigger} of budget `{name}` by {new}"
            ),
            Action::Tag { name, tags } => {
                write!(f, "tag budget `{name}`: {}", trueup_core::tags::shown(tags))
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
        let compares = match self.compares {
            Compares::GreaterThan => '>',
            Compares::LessThan => '<',
            Compares::EqualTo => '=',
        };
        write!(f, "{on} {compares} {}{percent}", self.above)
    }
}
