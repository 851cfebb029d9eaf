//! The calls: reading budgets, and each change.

use aws_sdk_budgets::types as api;
use trueup_aws::{Cx, Failure, done};
use trueup_core::control::Observed;
use trueup_core::fault::FaultKind;
use trueup_core::values::Presence;

use super::matching::counts_as;
use super::model::{Action, Beside, Budget, Ids, Model, Period};

mod read;
mod write;

use self::read::{Told, notification, read, refusal, subscriber};
use self::write::{Calls, resource_tags, subscribers};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let calls = Calls::of(cx);
    let mut ids = Ids::default();
    let all = match calls.budgets().await {
        Ok(all) => all,
        Err(fault) if fault.kind == FaultKind::Denied && want.is_some() => {
            ids.refusal = Some(refusal(&fault));
            return Ok(Observed {
                ids,
                ..Observed::of(Model::default())
            });
        }
        Err(fault) => return Err(fault),
    };
    let mut model = Model::default();
    let mut unnamed = vec![];
    for live in all {
        let name = live.budget_name.clone();
        let wanted = want.and_then(|want| want.budgets.get(&name));
        let leaves = |want: &Model| {
            want.budgets
                .values()
                .any(|budget| budget.previously.as_deref() == Some(name.as_str()))
        };
        if want.is_some_and(|want| wanted.is_none() && !leaves(want)) {
            unnamed.push(live);
            continue;
        }
        let (mut budget, mut beside) = match read(live, &cx.env.account)? {
            Told::Budget(told) => *told,
            Told::Other(why) => {
                ids.others.insert(name, why);
                continue;
            }
        };
        // A table with today's amount would be wrong tomorrow.
        if let (Some(moves), None) = (&beside.moves, want) {
            ids.others.insert(name, moves.clone());
            continue;
        }
        let becomes_daily =
            |want: &Budget| want.period == Some(Period::Daily) && budget.period != want.period;
        if wanted.is_none_or(|want| want.notifications.is_some() || becomes_daily(want)) {
            budget.notifications = Some(calls.notifications(&name, &mut beside).await?);
        }
        if wanted.is_some_and(|budget| !budget.is_absent()) && !cx.env.run.tags.is_empty() {
            ids.tags.insert(name.clone(), calls.tags(&name).await?);
        }
        if beside != Beside::default() {
            ids.beside.insert(name.clone(), beside);
        }
        model.budgets.insert(name, budget);
    }
    if let Some(want) = want {
        stand_ins(&calls, want, unnamed, &model, &mut ids).await?;
    }
    for name in want.iter().flat_map(|want| want.budgets.keys()) {
        if !ids.others.contains_key(name) {
            model.budgets.entry(name.clone()).or_insert(Budget {
                state: Some(Presence::Absent),
                ..Budget::default()
            });
        }
    }
    Ok(Observed {
        ids,
        ..Observed::of(model)
    })
}

/// Reads those of the budgets that no table names which count what a wanted one would, where that does not exist.
async fn stand_ins(
    calls: &Calls,
    want: &Model,
    unnamed: Vec<api::Budget>,
    live: &Model,
    ids: &mut Ids,
) -> Result<(), Failure> {
    let lacking = want.budgets.iter().filter(|(name, budget)| {
        !budget.is_absent() && !live.budgets.contains_key(*name) && !ids.others.contains_key(*name)
    });
    let lacking: Vec<&Budget> = lacking.map(|(_, budget)| budget).collect();
    for other in unnamed {
        let name = other.budget_name.clone();
        let Told::Budget(told) = read(other, &calls.account)? else {
            continue;
        };
        let (mut budget, mut beside) = *told;
        if !lacking.iter().any(|want| counts_as(want, &budget, Some(&beside))) {
            continue;
        }
        budget.notifications = Some(calls.notifications(&name, &mut beside).await?);
        ids.beside.insert(name.clone(), beside);
        ids.stand_ins.insert(name, budget);
    }
    Ok(())
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let calls = Calls::of(cx);
    match action {
        Action::Create { name, budget, tags } => calls.create(name, budget, tags).await,
        Action::Update {
            name,
            change,
            endless,
        } => calls.update(name, change, *endless).await,
        Action::Delete { name } => done(
            calls
                .client
                .delete_budget()
                .account_id(&calls.account)
                .budget_name(name)
                .send()
                .await,
            &["NotFoundException"],
        ),
        Action::AddNotification { name, trigger, to } => done(
            calls
                .client
                .create_notification()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .set_subscribers(Some(subscribers(to)?))
                .send()
                .await,
            &["DuplicateRecordException"],
        ),
        Action::MoveNotification { name, from, to } => {
            let moved = calls
                .client
                .update_notification()
                .account_id(&calls.account)
                .budget_name(name)
                .old_notification(notification(from)?)
                .new_notification(notification(to)?)
                .send()
                .await;
            match done(moved, &["DuplicateRecordException"]) {
                // A repeated call finds the old one gone, because the first one got through.
                Err(fault) if fault.is("NotFoundException") => {
                    let triggers = calls.triggers(name, &mut Beside::default()).await?;
                    match triggers.contains(to) {
                        true => Ok(()),
                        false => Err(fault),
                    }
                }
                other => other,
            }
        }
        Action::DeleteNotification { name, trigger } => done(
            calls
                .client
                .delete_notification()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .send()
                .await,
            &["NotFoundException"],
        ),
        Action::AddRecipient {
            name,
            trigger,
            recipient,
        } => done(
            calls
                .client
                .create_subscriber()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .subscriber(subscriber(recipient)?)
                .send()
                .await,
            &["DuplicateRecordException"],
        ),
        Action::ReplaceRecipient {
            name,
            trigger,
            old,
            new,
        } => {
            let replaced = calls
                .client
                .update_subscriber()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .old_subscriber(subscriber(old)?)
                .new_subscriber(subscriber(new)?)
                .send()
                .await;
            match done(replaced, &["DuplicateRecordException"]) {
                Err(fault) if fault.is("NotFoundException") => {
                    let there = calls.recipients(name, trigger, &mut Beside::default()).await?;
                    match there.contains(new) {
                        true => Ok(()),
                        false => Err(fault),
                    }
                }
                other => other,
            }
        }
        Action::Tag { name, tags } => {
            calls
                .client
                .tag_resource()
                .resource_arn(calls.arn(name))
                .set_resource_tags(Some(resource_tags(tags)?))
                .send()
                .await?;
            Ok(())
        }
    }
}
