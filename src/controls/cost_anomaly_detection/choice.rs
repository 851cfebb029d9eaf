//! Which of the subscriptions a table is about, and what that one is as a table.

use trueup_core::values::{Bound, Decimal, Fit, Recipient};

use super::SUBSCRIPTION;
use super::model::{Frequency, Model, Subscription};
use super::threshold::{Impact, Threshold};

/// The name of the subscription that AWS makes when Cost Explorer first runs, for the root user's address.
const OF_AWS: &str = "Default-Services-Subscription";

/// The subscription that a table is about, out of all that there are to the monitor: where it stands among them.
///
/// Names need not be unique and say little, so the first of these is it: one that does what is wanted already; the one
/// that has the name of those made here; AWS's own; the one with most of the wanted recipients, who would get everything
/// twice otherwise. One that has further monitors is never changed, only found to do what is wanted.
pub(super) fn chosen(want: Option<&Model>, all: &[Subscription]) -> Option<usize> {
    let alone = |one: &Subscription| one.monitors.len() == 1;
    let named = |name: &str| all.iter().position(|one| alone(one) && one.name == name);
    let first = |fits: &dyn Fn(&Subscription) -> bool| {
        all.iter()
            .position(|one| alone(one) && one.name == SUBSCRIPTION && fits(one))
            // Of several that do, one that can be changed later comes first.
            .or_else(|| all.iter().position(|one| alone(one) && fits(one)))
            .or_else(|| all.iter().position(fits))
    };
    let Some(want) = want else {
        return named(SUBSCRIPTION)
            .or_else(|| named(OF_AWS))
            .or_else(|| first(&|_| true));
    };
    if want.is_silent() {
        return None;
    }
    let can_be_changed = |one: &Subscription| alone(one) && is_of_a_kind(want, one);
    first(&|one| does(want, one))
        .or_else(|| named(SUBSCRIPTION))
        .or_else(|| named(OF_AWS).filter(|at| can_be_changed(&all[*at])))
        .or_else(|| match want.to {
            // The recipients stay.
            None => all.iter().position(can_be_changed),
            Some(_) => {
                let shared = |one: &Subscription| {
                    let wanted = want.recipients().iter();
                    wanted.filter(|recipient| one.to.contains(recipient)).count()
                };
                // Of equals the last is the greatest, and the first is wanted.
                let all = all.iter().enumerate().rev();
                all.filter(|(_, one)| can_be_changed(one) && shared(one) > 0)
                    .max_by_key(|(_, one)| shared(one))
                    .map(|(at, _)| at)
            }
        })
}

/// False if one is sent at once and the other in summaries: then none of its recipients could stay.
fn is_of_a_kind(want: &Model, one: &Subscription) -> bool {
    let wanted = want
        .often()
        .map(|frequency| frequency == Frequency::Immediate)
        .or_else(|| want.recipients().first().map(Recipient::is_topic));
    let live = one.frequency.map(|frequency| frequency == Frequency::Immediate);
    wanted.is_none() || live.is_none() || wanted == live
}

/// A subscription as a table.
pub(super) fn model(one: &Subscription) -> Model {
    let impact = |number: fn(Threshold) -> Option<Decimal>| {
        one.threshold
            .map(|threshold| Bound::Plain(Impact::from(number(threshold))))
    };
    Model {
        state: None,
        frequency: one.frequency.map(Bound::Plain),
        impact_absolute: impact(Threshold::absolute),
        impact_percent: impact(Threshold::percent),
        combine: one.threshold.and_then(Threshold::combine),
        to: Some(one.to.clone()),
    }
}

/// True if it does what is wanted: it alerts at least as often, on at least as much, and all wanted recipients get it.
fn does(want: &Model, one: &Subscription) -> bool {
    let live = model(one);
    let often = match (want.frequency, one.frequency) {
        (None, _) => true,
        (Some(want), Some(live)) => want.fit(&live, Frequency::by_strictness) != Fit::Misses,
        (Some(_), None) => false,
    };
    let wanted = whole(want, &live).threshold();
    let early = !want.manages_threshold()
        || one
            .threshold
            .zip(wanted.ok())
            .is_some_and(|(live, wanted)| match want.is_exact() {
                true => live == wanted,
                false => live.covers(wanted),
            });
    let arrives = one
        .frequency
        .is_none_or(|frequency| frequency.misfit(want.recipients()).is_none());
    often
        && early
        && arrives
        && lacking(want.recipients(), &one.to).is_empty()
        && declined(want, one).is_empty()
}

/// A table with the impacts that are not written as they are there.
pub(super) fn whole(want: &Model, live: &Model) -> Model {
    Model {
        impact_absolute: want.impact_absolute.or(live.impact_absolute),
        impact_percent: want.impact_percent.or(live.impact_percent),
        combine: want.combine.or(live.combine),
        ..Model::default()
    }
}

/// The wanted recipients that are not there.
pub(super) fn lacking(want: &[Recipient], there: &[Recipient]) -> Vec<Recipient> {
    want.iter().filter(|one| !there.contains(one)).cloned().collect()
}

/// The wanted recipients that declined.
pub(super) fn declined<'a>(want: &'a Model, one: &Subscription) -> Vec<&'a Recipient> {
    let wanted = want.recipients().iter();
    wanted
        .filter(|recipient| one.declined.contains(recipient))
        .collect()
}
