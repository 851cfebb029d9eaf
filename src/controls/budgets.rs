//! Budgets of cost, and who is notified when one is overrun.
//!
//! A table `[budgets.NAME]` is the budget of that name. Where that does not exist and one of another name does all that
//! the table asks for, that one counts and stays as it is. Other budgets are neither changed nor counted as a difference.
//!
//! `UpdateBudget` replaces the whole budget (AWS Budgets API reference), so a change sends back what was read a
//! moment before, with the managed keys changed in it.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::values::Recipient;

use crate::alerts::Alerts;

mod check;
mod diff;
mod live;
mod matching;
mod model;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct Budgets;

impl Control for Budgets {
    const NAME: &'static str = "budgets";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS Budgets",
        items: &[5],
        why: "A budget warns early that an account was taken over or that something costs more than was meant.",
        decides: &[
            "A cost budget that counts the whole bill has the written period and currency, and has not ended.",
            "Its limit equals the file's; a budget of another name that does the rest may have a lower one, down to half.",
            "Each written notification has a match that alerts at the same threshold or earlier and reaches the written recipients; others may be there.",
            "An unhealthy budget is a manual task. Cost types that are not written may be anything.",
        ],
        off: "state = \"absent\" in a budget's table deletes it; notifications = [] deletes its notifications",
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
    const CALLS: Calls = Calls {
        read: &[
            "budgets:DescribeBudgets",
            "budgets:DescribeNotificationsForBudget",
            "budgets:DescribeSubscribersForNotification",
            "budgets:ListTagsForResource",
        ],
        write: &[
            "budgets:CreateBudget",
            "budgets:CreateNotification",
            "budgets:CreateSubscriber",
            "budgets:DeleteBudget",
            "budgets:DeleteNotification",
            "budgets:DescribeBudget",
            "budgets:TagResource",
            "budgets:UpdateBudget",
            "budgets:UpdateNotification",
            "budgets:UpdateSubscriber",
        ],
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

    fn unsaid(seen: &Observed<Model, Ids>) -> Vec<String> {
        let others = seen.ids.others.iter();
        let left_out = others.map(|(name, why)| format!("Left out: the budget {name} {why}"));
        let named = seen
            .ids
            .beside
            .iter()
            .filter(|(name, _)| seen.model.budgets.contains_key(*name));
        left_out
            .chain(named.flat_map(|(name, beside)| {
                let lines = beside.in_words();
                lines
                    .into_iter()
                    .map(move |line| format!("The budget {name} {line}"))
            }))
            .collect()
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for Budgets {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
