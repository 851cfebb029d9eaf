//! From what is wanted and what is there to the steps between them.

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::tags;
use trueup_core::values::{Decimal, Recipient};

use super::check::{ADDRESSES, NOTIFICATIONS};
use super::matching::{Match, counts_as, height, matched};
use super::model::{Action, Beside, Budget, Ids, Model, Notification, On, Period, Trigger};
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
            want: budget,
            seen,
            here,
        };
        let before = (out.steps.len(), out.entries.len());
        if budget.is_absent() {
            if of.exists(name) {
                out.destroy(Action::Delete { name: name.clone() });
            }
            continue;
        }
        let made = match (live(seen, name), seen.ids.others.get(name)) {
            (_, Some(why)) => {
                out.refuse_entry(
                    name,
                    format!(
                        "the budget of this name {why}: give the table another name, or delete the budget"
                    ),
                );
                continue;
            }
            (None, None) if of.is_stood_in_for(out) => None,
            (None, None) => of.create(out),
            (Some(live), None) => {
                of.change(live, out);
                None
            }
        };
        if out.entries.len() > before.1 {
            // Something is in the way of a part of it: it gets no step.
            out.steps.truncate(before.0);
            continue;
        }
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
    want: &'a Budget,
    seen: &'a Observed<Model, Ids>,
    here: &'a Here<'a>,
}

impl Of<'_> {
    fn exists(&self, name: &str) -> bool {
        live(self.seen, name).is_some() || self.seen.ids.others.contains_key(name)
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn refuse(&self, what: impl Into<String>, out: &mut Changes<Action>) {
        out.refuse_entry(self.name, what);
    }

    fn wanted(&self) -> &[Notification] {
        self.want.notifications.as_deref().unwrap_or_default()
    }

    /// True if a budget of another name does all that is wanted: the one whose limit is nearest.
    fn is_stood_in_for(&self, out: &mut Changes<Action>) -> bool {
        let mut fitting: Vec<(&String, &Budget)> = self
            .seen
            .ids
            .stand_ins
            .iter()
            .filter(|(name, live)| self.is_done_by(name, live))
            .collect();
        fitting.sort_by_key(|(_, live)| std::cmp::Reverse(live.amount));
        let Some(((chosen, _), others)) = fitting.split_first() else {
            return false;
        };
        let others: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!(" (so do {})", others.join(", ")),
        };
        out.keep(
            &[self.name],
            format!(
                "budget {chosen} does what [budgets.{}] asks for{others}, so no second one is made",
                self.name
            ),
        );
        true
    }

    fn is_done_by(&self, name: &str, live: &Budget) -> bool {
        let beside = self.seen.ids.beside.get(name);
        if self.want.notifications.as_ref().is_some_and(Vec::is_empty)
            && live.notifications != self.want.notifications
        {
            return false;
        }
        let has_ended = beside.is_some_and(|beside| self.has_ended(beside));
        let there = live.notifications.as_deref().unwrap_or_default();
        let is_sent = |one: &Match<'_>| {
            one.live.is_some_and(|(live, _)| {
                let to = one.want.recipients();
                to.iter().all(|recipient| live.recipients().contains(recipient))
            })
        };
        !has_ended
            && counts_as(self.want, live, beside)
            && matched(self.wanted(), there, live.amount).iter().all(is_sent)
    }

    fn has_ended(&self, beside: &Beside) -> bool {
        // Days of this form are in the order of their texts.
        let today = self.here.env.run.today.to_string();
        beside.ends.as_ref().is_some_and(|end| *end <= today)
    }

    fn create(&self, out: &mut Changes<Action>) -> Option<LocalId> {
        let want = self.want;
        let lacks: Vec<&str> = [
            ("amount", want.amount.is_none()),
            ("unit", want.unit.is_none()),
            ("period", want.period.is_none()),
        ]
        .into_iter()
        .filter_map(|(key, lacks)| lacks.then_some(key))
        .collect();
        if !lacks.is_empty() {
            self.refuse(
                format!(
                    "there is no such budget, and to create it the table lacks {}",
                    lacks.join(", ")
                ),
                out,
            );
            return None;
        }
        let recipients = || self.wanted().iter().flat_map(Notification::recipients);
        if self.lacks_the_topic(recipients(), out) {
            return None;
        }
        let step = out.add(Action::Create {
            name: self.name(),
            budget: Budget {
                previously: None,
                state: None,
                ..want.clone()
            },
            tags: self.here.env.run.tags.clone(),
        });
        Some(awaiting(step, recipients()).id())
    }

    fn change(&self, live: &Budget, out: &mut Changes<Action>) {
        let nothing = Beside::default();
        let beside = self.seen.ids.beside.get(self.name).unwrap_or(&nothing);
        if let Some(why) = self.obstacle(live, beside) {
            self.refuse(why, out);
            return;
        }
        self.remark(live, beside, out);
        let want = self.want;
        let change = Budget {
            amount: other(&want.amount, &live.amount).filter(|_| beside.moves.is_none()),
            unit: other(&want.unit, &live.unit),
            period: other(&want.period, &live.period),
            include_credits: other(&want.include_credits, &live.include_credits),
            include_refunds: other(&want.include_refunds, &live.include_refunds),
            ..Budget::default()
        };
        let endless = self.has_ended(beside);
        let notifications = want.notifications.as_ref().zip(live.notifications.as_ref());
        let gone = match notifications {
            Some((want, live)) if want.is_empty() => self.silence(live, &beside.odd, out),
            _ => vec![],
        };
        // AWS has no forecasts for daily budgets: notifications on them go before a budget becomes daily, and come only after it
        // no longer is.
        let is_daily = |period| period == Some(Period::Daily);
        let mut forecastable = None;
        if change != Budget::default() || endless {
            let (becomes, was) = (
                is_daily(change.period),
                is_daily(live.period) && change.period.is_some(),
            );
            let step = out.change(Action::Update {
                name: self.name(),
                change,
                endless,
            });
            let step = step.after_all(gone.into_iter().filter(|_| becomes));
            forecastable = Some(step.id()).filter(|_| was);
        }
        if let Some((_, live)) = notifications.filter(|(want, _)| !want.is_empty()) {
            self.notifications(live, beside, forecastable, out);
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

    /// What is in the way of this budget alone.
    fn obstacle(&self, live: &Budget, beside: &Beside) -> Option<String> {
        let want = self.want;
        if let (Some(moves), Some(limit)) = (&beside.moves, want.amount)
            && live.amount.is_none_or(|now| now > limit)
        {
            let now = live.amount.map_or_else(String::new, |now| format!(", now {now}"));
            return Some(format!(
                "the budget {moves}{now}, and the file asks for {limit}: give the table another name, or give the \
                 budget a fixed amount in the console"
            ));
        }
        let period = want.period.or(live.period);
        if period != Some(Period::Daily) {
            return None;
        }
        let is_forecast = |one: &&Notification| one.on == Some(On::Forecasted);
        if self.wanted().iter().any(|one| is_forecast(&one)) {
            return Some(
                "AWS has no forecasts for daily budgets: write on = \"actual\" for every notification, or another period"
                    .to_owned(),
            );
        }
        // The empty list deletes them all first.
        if live.period == period || want.notifications.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let there = live.notifications.iter().flatten().filter(is_forecast);
        let odd = beside.odd.iter().filter(|odd| odd.on == On::Forecasted).copied();
        let there: Vec<String> = there
            .filter_map(Notification::trigger)
            .chain(odd)
            .map(|trigger| trigger.to_string())
            .collect();
        (!there.is_empty()).then(|| {
            format!(
                "the budget cannot become daily while it has notifications on {}, because AWS has no forecasts for daily \
                 budgets: delete them in the console, write notifications = [] to delete all notifications, or write \
                 another period",
                there.join(" and on ")
            )
        })
    }

    /// What is worth knowing of a budget that stays, and what a person has to look into.
    fn remark(&self, live: &Budget, beside: &Beside, out: &mut Changes<Action>) {
        let name = self.name;
        if let (Some(moves), Some(limit)) = (&beside.moves, self.want.amount) {
            let now = live.amount.map(|now| now.to_string()).unwrap_or_default();
            let why = format!("budget {name} {moves}, now {now}, which is not above {limit}; that stays");
            match live.amount == self.want.amount {
                true => out.notice(why),
                false => out.keep(&[name, "amount"], why),
            }
        }
        if let Some(end) = beside.ends.as_ref().filter(|_| !self.has_ended(beside)) {
            out.notice(format!("budget {name} ends on {end}, and AWS deletes it then"));
        }
        if !beside.cost_types.is_empty() {
            out.notice(format!(
                "budget {name} has cost types other than AWS's defaults: {}",
                beside.cost_types.join(", ")
            ));
        }
        if let Some(why) = &beside.unhealthy {
            out.person(format!(
                "repair budget {name}: AWS does not update it, so it sends no notifications ({why}). \
                 https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html"
            ));
        }
    }

    /// Deletes every notification: the empty list asks for none.
    fn silence(&self, live: &[Notification], odd: &[Trigger], out: &mut Changes<Action>) -> Vec<LocalId> {
        let mut gone = vec![];
        let known = live
            .iter()
            .filter_map(|one| Some((one.trigger()?, one.recipients())));
        let odd = odd.iter().map(|trigger| (*trigger, &[][..]));
        for (trigger, to) in known.chain(odd) {
            let to: Vec<String> = to.iter().map(ToString::to_string).collect();
            let stops = match to.is_empty() {
                true => "stops this notification".to_owned(),
                false => format!("stops this notification to {}", to.join(", ")),
            };
            let step = out.destroy(Action::DeleteNotification {
                name: self.name(),
                trigger,
            });
            gone.push(step.destructive(stops).id());
        }
        gone
    }

    /// Each wanted notification is sent, by whichever live one does it. One with the same recipients that comes too late
    /// is moved; the others stay. `forecastable` is the step before which there can be none on a forecast.
    fn notifications(
        &self,
        live: &[Notification],
        beside: &Beside,
        forecastable: Option<LocalId>,
        out: &mut Changes<Action>,
    ) {
        let there: Vec<&Recipient> = live.iter().flat_map(Notification::recipients).collect();
        let new = self.wanted().iter().flat_map(Notification::recipients);
        if self.lacks_the_topic(new.filter(|wanted| !there.contains(wanted)), out) {
            return;
        }
        let amount = match beside.moves {
            Some(_) => live_amount(self),
            None => self.want.amount.or_else(|| live_amount(self)),
        };
        let before = (out.steps.len(), out.entries.len());
        let matches = matched(self.wanted(), live, amount);
        let mut free: Vec<(&Notification, Trigger)> = live
            .iter()
            .filter_map(|live| Some((live, live.trigger()?)))
            .filter(|(_, trigger)| {
                matches
                    .iter()
                    .all(|one| one.live.map(|live| live.1) != Some(*trigger))
            })
            .collect();
        let mut added = vec![];
        let mut moved = vec![];
        for one in &matches {
            match one.live {
                Some((live, trigger)) => self.recipients(one, trigger, live.recipients(), out),
                None => match free.iter().position(|live| is_movable(one, *live, amount)) {
                    Some(at) => moved.push((free.remove(at).1, one)),
                    None => added.push(one),
                },
            }
        }
        if out.entries.len() > before.1 {
            return;
        }
        if live.len() + beside.odd.len() + added.len() > NOTIFICATIONS {
            self.refuse(
                format!("AWS allows {NOTIFICATIONS} notifications of a budget: delete one that is no longer needed"),
                out,
            );
            return;
        }
        for (from, one) in moved {
            let step = out.change(Action::MoveNotification {
                name: self.name(),
                from,
                to: one.trigger,
            });
            let (was, becomes) = (height(from, amount), height(one.trigger, amount));
            if was.0 == becomes.0 && was.1 < becomes.1 {
                step.weakening(format!("notifies on {} instead of {from}", one.trigger));
            }
        }
        for one in added {
            let to = one.want.recipients().to_vec();
            let step = out.add(Action::AddNotification {
                name: self.name(),
                trigger: one.trigger,
                to,
            });
            let before = forecastable.filter(|_| one.trigger.on == On::Forecasted);
            awaiting(step, one.want.recipients()).after_all(before);
        }
        let differs = out.steps.len() > before.0;
        for said in self.strangers(&matches, &free, beside) {
            match differs {
                true => out.notice(said),
                false => out.keep(&[self.name, "notifications"], said),
            }
        }
    }

    /// Adds the recipients that are missing; others stay. A topic replaces another one, as a notification has one.
    fn recipients(&self, one: &Match<'_>, trigger: Trigger, live: &[Recipient], out: &mut Changes<Action>) {
        let name = || self.name();
        let missing = |recipient: &&Recipient| !live.contains(recipient);
        let wanted = one.want.recipients();
        let addresses = live.iter().filter(|recipient| !recipient.is_topic()).count();
        let new = wanted
            .iter()
            .filter(missing)
            .filter(|new| !new.is_topic())
            .count();
        if addresses + new > ADDRESSES {
            self.refuse(
                format!(
                    "notification {trigger} has {addresses} addresses, and AWS allows {ADDRESSES}: delete one that is \
                     no longer needed"
                ),
                out,
            );
            return;
        }
        for recipient in wanted.iter().filter(missing) {
            let old = live.iter().find(|old| old.is_topic() && recipient.is_topic());
            match old {
                Some(old) => {
                    let step = out.change(Action::ReplaceRecipient {
                        name: name(),
                        trigger,
                        old: old.clone(),
                        new: recipient.clone(),
                    });
                    awaiting(step, [recipient]).destructive(format!("stops this notification to {old}"));
                }
                None => {
                    let step = out.add(Action::AddRecipient {
                        name: name(),
                        trigger,
                        recipient: recipient.clone(),
                    });
                    awaiting(step, [recipient]);
                }
            }
        }
    }

    /// Says what stays beside the wanted notifications.
    fn strangers(
        &self,
        matches: &[Match<'_>],
        free: &[(&Notification, Trigger)],
        beside: &Beside,
    ) -> Vec<String> {
        let mut others: Vec<String> = vec![];
        let mut earlier: Vec<String> = vec![];
        for one in matches {
            let Some((live, trigger)) = one.live else { continue };
            let extra = live
                .recipients()
                .iter()
                .filter(|live| !one.want.recipients().contains(live) && !live.is_topic());
            others.extend(extra.map(|recipient| format!("{recipient} on {trigger}")));
            if trigger != one.trigger {
                earlier.push(format!("{trigger} for {}", one.trigger));
            }
        }
        let rest = free.iter().flat_map(|(live, trigger)| {
            live.recipients()
                .iter()
                .map(move |recipient| format!("{recipient} on {trigger}"))
        });
        others.extend(rest);
        others.extend(beside.odd.iter().map(ToString::to_string));
        others.extend(beside.unclear.iter().cloned());
        let name = self.name;
        let mut said = vec![];
        if !others.is_empty() {
            said.push(format!(
                "budget {name} also notifies, which stays: {}",
                others.join("; ")
            ));
        }
        if !earlier.is_empty() {
            said.push(format!(
                "budget {name} notifies no later than the file asks for, which stays: {}; for the threshold itself \
                 write {{ exactly = … }}",
                earlier.join(", ")
            ));
        }
        said
    }

    fn lacks_the_topic<'r>(
        &self,
        mut recipients: impl Iterator<Item = &'r Recipient>,
        out: &mut Changes<Action>,
    ) -> bool {
        let unknown = recipients.any(|recipient| *recipient == Recipient::Alerts);
        if unknown {
            self.refuse(
                "a recipient is \"topic\", and the file manages no [alerts] to know which: write the topic's ARN",
                out,
            );
        }
        unknown
    }
}

fn live_amount(of: &Of<'_>) -> Option<Decimal> {
    live(of.seen, of.name).and_then(|live| live.amount)
}

/// True if a live notification that no wanted one has use for has the recipients of this one and comes later, or is at
/// the wrong place for one that is wanted exactly.
fn is_movable(one: &Match<'_>, (live, trigger): (&Notification, Trigger), amount: Option<Decimal>) -> bool {
    let (from, to) = (height(trigger, amount), height(one.trigger, amount));
    trigger.on == one.trigger.on
        && one.want.has_recipients_of(live)
        && (one.want.is_exact() || from.0 == to.0 && from.1 > to.1)
}

/// What is wanted, where it is written and is not what there is.
fn other<T: Clone + PartialEq>(want: &Option<T>, live: &Option<T>) -> Option<T> {
    want.as_ref().filter(|want| live.as_ref() != Some(want)).cloned()
}
