//! Which live budget and which live notification do what a wanted one is for.

use std::cmp::Ordering;

use trueup_core::values::Decimal;

use super::model::{Beside, Budget, Notification, Trigger};

/// True if a budget of another name counts what a wanted one would, its notifications aside: the same costs, period and
/// currency, and a limit that is at most as high.
///
/// A limit under half of the wanted one does not count: its notifications come long before the wanted ones and are
/// sent once in a period, so nothing would follow when the wanted limit comes near.
pub(super) fn counts_as(want: &Budget, live: &Budget, beside: Option<&Beside>) -> bool {
    let is_near = |want: Decimal, live: Decimal| {
        live <= want
            && live
                .percent_of(want)
                .is_none_or(|percent| percent.value() >= 50.into())
    };
    let amounts = want.amount.zip(live.amount);
    let is_steady = |beside: &Beside| beside.moves.is_none() && beside.unhealthy.is_none();
    amounts.is_some_and(|(want, live)| is_near(want, live))
        && want.unit.is_some()
        && want.unit == live.unit
        && want.period.is_some()
        && want.period == live.period
        && (want.include_credits.is_none() || want.include_credits == live.include_credits)
        && (want.include_refunds.is_none() || want.include_refunds == live.include_refunds)
        && beside.is_none_or(is_steady)
}

/// A wanted notification, and the live one that does what it asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'a> {
    pub(super) want: &'a Notification,
    pub(super) trigger: Trigger,
    /// With its own trigger.
    pub(super) live: Option<(&'a Notification, Trigger)>,
}

/// Finds for each wanted notification the live one that does what it asks for, in a budget of this amount: one that
/// comes no later, and later than the next earlier one that is wanted.
pub(super) fn matched<'a>(
    want: &'a [Notification],
    live: &'a [Notification],
    amount: Option<Decimal>,
) -> Vec<Match<'a>> {
    let all = || {
        want.iter()
            .filter_map(|want| Some((want, want.trigger()?)))
            .map(|(want, trigger)| (want, trigger, height(trigger, amount)))
    };
    all()
        .map(|(want, trigger, at)| {
            let below = all()
                .map(|(_, other, below)| (other, below))
                .filter(|(other, below)| other.on == trigger.on && below.0 == at.0 && below.1 < at.1)
                .map(|(_, below)| below.1)
                .max();
            let fits = |live: Trigger| {
                let (kind, above) = height(live, amount);
                let in_time = match want.is_exact() {
                    true => above == at.1,
                    false => above <= at.1 && below.is_none_or(|below| above > below),
                };
                live.on == trigger.on && kind == at.0 && in_time
            };
            let live = live
                .iter()
                .filter_map(|live| Some((live, live.trigger()?)))
                .filter(|(_, live)| fits(*live))
                .max_by(|one, other| fitter(want, trigger, amount, *one, *other));
            Match { want, trigger, live }
        })
        .collect()
}

/// The fitter of two live notifications is the wanted one itself, then one at the same height, then the one with most
/// of the wanted recipients, then the nearest.
fn fitter(
    want: &Notification,
    wanted: Trigger,
    amount: Option<Decimal>,
    one: (&Notification, Trigger),
    other: (&Notification, Trigger),
) -> Ordering {
    let rank = |(live, trigger): (&Notification, Trigger)| {
        let has = want
            .recipients()
            .iter()
            .filter(|recipient| live.recipients().contains(recipient));
        let at = height(trigger, amount).1;
        (trigger == wanted, at == height(wanted, amount).1, has.count(), at)
    };
    rank(one).cmp(&rank(other))
}

/// Where a threshold lies: in percent of the budget's amount, if that is known, so that both kinds can be compared.
/// The first part tells apart what cannot be.
pub(super) fn height(trigger: Trigger, amount: Option<Decimal>) -> (bool, Decimal) {
    if !trigger.is_amount {
        return (false, trigger.above);
    }
    match amount.and_then(|amount| trigger.above.percent_of(amount)) {
        Some(percent) => (false, percent),
        None => (true, trigger.above),
    }
}
