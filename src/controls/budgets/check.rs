//! What is wrong with a table of budgets as a whole.

use std::collections::BTreeSet;

use trueup_core::values::Bound;

use super::model::{Budget, Model, Notification, On, Period};

/// The notifications of a budget at most (AWS Budgets API reference, `CreateBudget`).
pub(super) const NOTIFICATIONS: usize = 10;
/// The e-mail addresses of a notification at most; beside them it has one topic (the same page).
pub(super) const ADDRESSES: usize = 10;
/// The currencies of bills, whatever they are paid in: CreateBudget refuses any other ("not in the supported unit set").
const UNITS: [&str; 2] = ["USD", "CNY"];
/// The highest threshold (`NotificationThreshold`).
const HIGHEST: i64 = 15_000_000_000_000;

/// Every mistake, told with the budget that it is in.
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    for (name, budget) in &want.budgets {
        if let Some(what) = name_is_wrong(name) {
            wrong.push(format!("`{name}` cannot be a budget's name: {what}"));
        }
        wrong.extend(
            of_one(budget)
                .into_iter()
                .chain(previously(name, budget, want))
                .map(|what| format!("{name}: {what}")),
        );
    }
    wrong.into_iter().map(|what| ("", what)).collect()
}

fn name_is_wrong(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.chars().count() > 100 {
        Some("expected 1 to 100 characters")
    } else if name.contains([':', '\\']) {
        Some("`:` and `\\` are not allowed in it")
    } else if name.contains("/action/") {
        Some("`/action/` is not allowed in it")
    } else if has_script(name) {
        Some("`<script>` is not allowed in it")
    } else {
        None
    }
}

/// Whether AWS takes it for a script of a web page.
fn has_script(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.find("<script>")
        .is_some_and(|at| name[at..].contains("</script>"))
}

fn previously(name: &str, budget: &Budget, want: &Model) -> Option<String> {
    let old = budget.previously.as_deref()?;
    if let Some(what) = name_is_wrong(old) {
        return Some(format!("`previously` cannot be a budget's name: {what}"));
    }
    if budget.is_absent() {
        Some("`previously` belongs to a budget that is there; expected no state = \"absent\"".to_owned())
    } else if old == name {
        Some("`previously` is the budget's own name; expected the name that it had before".to_owned())
    } else if want.budgets.contains_key(old) {
        Some(format!(
            "`previously` names {old}, which has a table of its own; expected only one of the two"
        ))
    } else {
        let others = want
            .budgets
            .iter()
            .find(|(other, budget)| other.as_str() < name && budget.previously.as_deref() == Some(old));
        others.map(|(other, _)| format!("`previously` names {old}, as {other} does; expected it once"))
    }
}

fn of_one(budget: &Budget) -> Vec<String> {
    let mut wrong = vec![];
    if *budget == Budget::default() {
        wrong.push("says nothing about the budget; expected at least amount".to_owned());
    }
    if let Some(amount) = budget.amount
        && amount.value().is_sign_negative()
    {
        wrong.push(format!("amount {amount} is out of range; expected 0 or more"));
    }
    if let Some(unit) = &budget.unit
        && !UNITS.contains(&unit.as_str())
    {
        wrong.push(format!(
            "unit `{unit}` is not one in which AWS bills; expected \"USD\", or \"CNY\" in China"
        ));
    }
    let notifications = budget.notifications.as_deref().unwrap_or_default();
    if notifications.len() > NOTIFICATIONS {
        wrong.push(format!(
            "{} notifications are too many; expected {NOTIFICATIONS} at most",
            notifications.len()
        ));
    }
    let mut met = BTreeSet::new();
    for (at, notification) in notifications.iter().enumerate() {
        let nth = at + 1;
        wrong.extend(
            of_notification(notification)
                .into_iter()
                .map(|what| format!("notification {nth} {what}")),
        );
        if budget.period == Some(Period::Daily) && notification.on == Some(On::Forecasted) {
            wrong.push(format!(
                "notification {nth} is on a forecast, and AWS has no forecasts for daily budgets; expected on = \"actual\", or \
                 another period"
            ));
        }
        if let Some(trigger) = notification.trigger()
            && !met.insert(trigger)
        {
            wrong.push(format!(
                "notification {nth} is on {trigger}, as another one; expected one with all recipients"
            ));
        }
    }
    wrong
}

fn of_notification(notification: &Notification) -> Vec<String> {
    let mut wrong = vec![];
    if notification.on.is_none() {
        wrong.push("lacks `on`; expected \"actual\" or \"forecasted\"".to_owned());
    }
    let thresholds = [notification.above_percent, notification.above_amount];
    if thresholds.iter().flatten().count() != 1 {
        wrong.push("needs one threshold; expected either above_percent or above_amount".to_owned());
    }
    for threshold in thresholds.iter().flatten().map(Bound::value) {
        if !(0.into()..=HIGHEST.into()).contains(&threshold.value()) {
            wrong.push(format!(
                "has the threshold {threshold}, which is out of range; expected 0 to {HIGHEST}"
            ));
        }
    }
    let to = notification.recipients();
    if to.is_empty() {
        wrong.push("has no recipients; expected `to` with at least one".to_owned());
    }
    let topics = to.iter().filter(|recipient| recipient.is_topic()).count();
    if topics > 1 {
        wrong.push(format!("has {topics} topics; expected one at most"));
    }
    if to.len() - topics > ADDRESSES {
        wrong.push(format!(
            "has {} addresses; expected {ADDRESSES} at most",
            to.len() - topics
        ));
    }
    let mut met = BTreeSet::new();
    if let Some(twice) = to.iter().find(|recipient| !met.insert(*recipient)) {
        wrong.push(format!("has {twice} twice; expected each recipient once"));
    }
    wrong
}
