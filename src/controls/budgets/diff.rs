//! From what is wanted and what is there to the steps between them.

use std::collections::BTreeSet;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::tags;
use trueup_core::values::Recipient;

use super::check::NOTIFICATIONS;
use super::model::{Action, Budget, Ids, Model, Notification, Trigger};
use crate::alerts::awaiting;

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    if let Some(why) = &seen.ids.refusal {
        out.refuse(why);
        return;
    }
    for (name, budget) in &want.budgets {
        let of = Of {
            name,
            seen,
            here,
            live: live(seen, name),
        };
        if budget.is_absent() {
            if of.exists(name) {
                out.destroy(Action::Delete { name: name.clone() });
            }
            continue;
        }
        let made = match (of.live, seen.ids.others.get(name)) {
            (_, Some(why)) => {
                out.refuse(format!(
                    "the budget {name} {why}: give the table another name, or delete the budget"
                ));
                continue;
            }
            (None, None) => match of.create(budget, out) {
                None => continue,
                made => made,
            },
            (Some(live), None) => {
                of.change(budget, live, out);
                None
            }
        };
        if let Some(old) = &budget.previously
            && of.exists(old)
        {
            out.destroy(Action::Delete { name: old.clone() }).after_all(made);
        }
    }
}

fn live<'a>(seen: &'a Observed<Model, Ids>, name: &str) -> Option<&'a Budget> {
    seen.model.budgets.get(name).filter(|live| !live.is_absent())
}

/// One budget that is wanted.
struct Of<'a> {
    name: &'a String,
    seen: &'a Observed<Model, Ids>,
    here: &'a Here<'a>,
    live: Option<&'a Budget>,
}

impl Of<'_> {
    fn exists(&self, name: &str) -> bool {
        live(self.seen, name).is_some() || self.seen.ids.others.contains_key(name)
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn create(&self, want: &Budget, out: &mut Changes<Action>) -> Option<LocalId> {
        let lacks: Vec<&str> = [
            ("amount", want.amount.is_none()),
            ("unit", want.unit.is_none()),
            ("period", want.period.is_none()),
        ]
        .into_iter()
        .filter_map(|(key, lacks)| lacks.then_some(key))
        .collect();
        if !lacks.is_empty() {
            out.refuse(format!(
                "there is no budget {}, and to make one its table lacks {}",
                self.name,
                lacks.join(", ")
            ));
            return None;
        }
        let notifications = want.notifications.as_deref().unwrap_or_default();
        let recipients = notifications.iter().flat_map(Notification::recipients);
        if self.nobody_knows_the_topic(recipients, out) {
            return None;
        }
        let recipients: Vec<&Recipient> = notifications.iter().flat_map(Notification::recipients).collect();
        let step = out.add(Action::Create {
            name: self.name(),
            budget: Budget {
                previously: None,
                state: None,
                ..want.clone()
            },
            tags: self.here.env.run.tags.clone(),
        });
        Some(awaiting(step, recipients).id())
    }

    fn change(&self, want: &Budget, live: &Budget, out: &mut Changes<Action>) {
        let change = Budget {
            amount: other(&want.amount, &live.amount),
            unit: other(&want.unit, &live.unit),
            period: other(&want.period, &live.period),
            include_credits: other(&want.include_credits, &live.include_credits),
            include_refunds: other(&want.include_refunds, &live.include_refunds),
            ..Budget::default()
        };
        let by_types = change.include_credits.is_some() || change.include_refunds.is_some();
        if by_types && self.seen.ids.by_expression.contains(self.name) {
            out.refuse(format!(
                "the budget {} chooses its costs by a filter expression, which include_credits and include_refunds \
                 cannot change: leave them out, or give the table another name",
                self.name
            ));
            return;
        }
        if change != Budget::default() {
            out.change(Action::Update {
                name: self.name(),
                change,
            });
        }
        if let (Some(want), Some(live)) = (&want.notifications, &live.notifications) {
            self.notifications(want, live, out);
        }
        if let Some(live) = self.seen.ids.tags.get(self.name) {
            let tags = tags::differing(&self.here.env.run.tags, live);
            if !tags.is_empty() {
                out.change(Action::Tag {
                    name: self.name(),
                    tags,
                });
            }
        }
    }

    /// The written list is exact. One that only has another threshold is moved, so that nobody's mail is
    /// interrupted.
    fn notifications(&self, want: &[Notification], live: &[Notification], out: &mut Changes<Action>) {
        let mut added = missing(want, live);
        let mut surplus = missing(live, want);
        let recipients = |notification: &Notification| -> BTreeSet<Recipient> {
            notification.recipients().iter().cloned().collect()
        };
        let known = want.iter().flat_map(|wanted| wanted.recipients());
        let there: BTreeSet<&Recipient> = live.iter().flat_map(Notification::recipients).collect();
        if self.nobody_knows_the_topic(known.filter(|wanted| !there.contains(wanted)), out) {
            return;
        }
        for (wanted, trigger) in want.iter().filter_map(|wanted| Some((wanted, wanted.trigger()?))) {
            if let Some(kept) = live.iter().find(|live| live.trigger() == Some(trigger)) {
                self.recipients(trigger, wanted.recipients(), kept.recipients(), out);
            }
        }
        let mut moved = vec![];
        added.retain(|(wanted, to)| {
            let same = surplus
                .iter()
                .position(|(old, from)| from.on == to.on && recipients(old) == recipients(wanted));
            if let Some(at) = same {
                moved.push((surplus.remove(at).1, *to));
            }
            same.is_none()
        });
        for (from, to) in moved {
            let name = self.name();
            out.change(Action::MoveNotification { name, from, to });
        }
        let remove = |out: &mut Changes<Action>, after: &[LocalId]| -> Vec<LocalId> {
            let steps = surplus.iter().map(|(old, trigger)| {
                let who: Vec<String> = old.recipients().iter().map(ToString::to_string).collect();
                let (name, trigger) = (self.name(), *trigger);
                out.destroy(Action::DeleteNotification { name, trigger })
                    .destructive(format!("stops this notice to {}", who.join(", ")))
                    .after_all(after.iter().copied())
                    .id()
            });
            steps.collect()
        };
        let add = |out: &mut Changes<Action>, after: &[LocalId]| -> Vec<LocalId> {
            let steps = added.iter().map(|(new, trigger)| {
                let (name, trigger) = (self.name(), *trigger);
                let to = new.recipients().to_vec();
                let step = out.add(Action::AddNotification { name, trigger, to });
                awaiting(step, new.recipients())
                    .after_all(after.iter().copied())
                    .id()
            });
            steps.collect()
        };
        // The new ones first, so that there is no time without any; unless AWS has no room for both.
        if live.len() + added.len() <= NOTIFICATIONS {
            let first = add(out, &[]);
            remove(out, &first);
        } else {
            let first = remove(out, &[]);
            add(out, &first);
        }
    }

    /// Replaces one by one, so that a notification is never without a recipient, with whom it would go, nor has
    /// more than AWS allows.
    fn recipients(
        &self,
        trigger: Trigger,
        want: &[Recipient],
        live: &[Recipient],
        out: &mut Changes<Action>,
    ) {
        let without = |of: &[Recipient], others: &[Recipient], topics: bool| -> Vec<Recipient> {
            of.iter()
                .filter(|one| one.is_topic() == topics && !others.contains(one))
                .cloned()
                .collect()
        };
        let mut added = vec![];
        let mut surplus = vec![];
        for topics in [true, false] {
            let mut new = without(want, live, topics).into_iter();
            let mut old = without(live, want, topics).into_iter();
            loop {
                match (old.next(), new.next()) {
                    (Some(old), Some(new)) => {
                        let stops = format!("stops this notice to {old}");
                        let name = self.name();
                        let step = out.change(Action::ReplaceRecipient {
                            name,
                            trigger,
                            old,
                            new: new.clone(),
                        });
                        awaiting(step, [&new]).destructive(stops);
                    }
                    (None, Some(recipient)) => {
                        let name = self.name();
                        let step = out.add(Action::AddRecipient {
                            name,
                            trigger,
                            recipient: recipient.clone(),
                        });
                        added.push(awaiting(step, [&recipient]).id());
                    }
                    (Some(recipient), None) => surplus.push(recipient),
                    (None, None) => break,
                }
            }
        }
        for recipient in surplus {
            let stops = format!("stops this notice to {recipient}");
            let name = self.name();
            out.destroy(Action::DeleteRecipient {
                name,
                trigger,
                recipient,
            })
            .destructive(stops)
            .after_all(added.iter().copied());
        }
    }

    fn nobody_knows_the_topic<'r>(
        &self,
        mut recipients: impl Iterator<Item = &'r Recipient>,
        out: &mut Changes<Action>,
    ) -> bool {
        let unknown = recipients.any(|recipient| *recipient == Recipient::Alerts);
        if unknown {
            out.refuse(format!(
                "the budget {} tells \"topic\", and the file manages no [alerts] to know which: write the topic's ARN",
                self.name
            ));
        }
        unknown
    }
}

/// What is wanted, where it is written and is not what there is.
fn other<T: Clone + PartialEq>(want: &Option<T>, live: &Option<T>) -> Option<T> {
    want.as_ref().filter(|want| live.as_ref() != Some(want)).cloned()
}

/// The notifications of one list whose trigger the other one does not have.
fn missing<'a>(list: &'a [Notification], others: &[Notification]) -> Vec<(&'a Notification, Trigger)> {
    list.iter()
        .filter_map(|one| Some((one, one.trigger()?)))
        .filter(|(_, trigger)| others.iter().all(|other| other.trigger() != Some(*trigger)))
        .collect()
}
