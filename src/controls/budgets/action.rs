//! The changes of a budget, and how the plan tells them.

use std::fmt;

use serde::{Deserialize, Serialize};
use trueup_core::tags::Tags;
use trueup_core::values::Recipient;

use super::{Budget, On, Trigger};

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
