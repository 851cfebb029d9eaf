//! The calls: reading budgets, and each change.

#![expect(
    deprecated,
    reason = "CostTypes say in two switches what a filter expression says in a tree, and AWS takes both"
)]

use trueup_aws::{Cx, Failure, done};
use trueup_core::control::Observed;
use trueup_core::fault::FaultKind;
use trueup_core::values::Presence;

use super::model::{Action, Budget, Ids, Model};

mod read;
mod write;

use self::read::{notification, read, refusal, subscriber};
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
    for live in all {
        let name = live.budget_name.clone();
        let wanted = want.and_then(|want| want.budgets.get(&name));
        let leaves = |want: &Model| {
            want.budgets
                .values()
                .any(|budget| budget.previously.as_deref() == Some(name.as_str()))
        };
        if want.is_some_and(|want| wanted.is_none() && !leaves(want)) {
            continue;
        }
        let by_expression = live.cost_types.is_none();
        let mut told = read(live)?;
        let with_notifications = wanted.is_none_or(|budget| budget.notifications.is_some());
        if let Ok(budget) = &mut told
            && with_notifications
        {
            match calls.notifications(&name).await? {
                Ok(notifications) => budget.notifications = Some(notifications),
                Err(why) => told = Err(why),
            }
        }
        match told {
            Ok(budget) => {
                if wanted.is_some_and(|budget| !budget.is_absent()) && !cx.env.run.tags.is_empty() {
                    ids.tags.insert(name.clone(), calls.tags(&name).await?);
                }
                if by_expression {
                    ids.by_expression.push(name.clone());
                }
                model.budgets.insert(name, budget);
            }
            Err(why) => {
                ids.others.insert(name, why);
            }
        }
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

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let calls = Calls::of(cx);
    match action {
        Action::Create { name, budget, tags } => calls.create(name, budget, tags).await,
        Action::Update { name, change } => calls.update(name, change).await,
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
                Err(fault) if fault.is("NotFoundException") => match calls.triggers(name).await? {
                    Ok(triggers) if triggers.contains(to) => Ok(()),
                    _ => Err(fault),
                },
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
                    match calls.recipients(name, trigger).await?.contains(new) {
                        true => Ok(()),
                        false => Err(fault),
                    }
                }
                other => other,
            }
        }
        Action::DeleteRecipient {
            name,
            trigger,
            recipient,
        } => done(
            calls
                .client
                .delete_subscriber()
                .account_id(&calls.account)
                .budget_name(name)
                .notification(notification(trigger)?)
                .subscriber(subscriber(recipient)?)
                .send()
                .await,
            &["NotFoundException"],
        ),
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
