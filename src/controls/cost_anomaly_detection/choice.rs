//! Which of the subscriptions a table speaks of, and what that one is as a table.

use trueup_core::values::Recipient;

use super::SUBSCRIPTION;
use super::model::{Model, Subscription};
use super::threshold::{Impact, Threshold};

/// The name of the subscription that AWS makes when Cost Explorer first runs, for the root user's address.
const OF_AWS: &str = "Default-Services-Subscription";

/// The subscription that a table speaks of, out of all that there are to the monitor: where it stands among them.
///
/// Names need not be unique and say little, so the first of these is it: the one that has the name of those made here;
/// one that is as wanted already; AWS's own; the one that tells most of the wanted recipients, who would hear
/// everything twice otherwise. One that has further monitors is never changed, only found to be as wanted.
pub(super) fn chosen(want: Option<&Model>, all: &[Subscription]) -> Option<usize> {
    let alone = |one: &Subscription| one.monitors.len() == 1;
    let named = |name: &str| all.iter().position(|one| alone(one) && one.name == name);
    // Of several that are as wanted, the one that can be changed later comes first.
    let first = |fits: &dyn Fn(&Subscription) -> bool| {
        all.iter()
            .position(|one| alone(one) && fits(one))
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
    named(SUBSCRIPTION)
        .or_else(|| first(&|one| is_as(want, one)))
        .or_else(|| named(OF_AWS))
        .or_else(|| match want.to {
            // Whoever is told now goes on being told.
            None => all.iter().position(alone),
            Some(_) => {
                let shared = |one: &Subscription| {
                    let told = want.recipients().iter();
                    told.filter(|recipient| one.to.contains(recipient)).count()
                };
                // Of equals the last is the greatest, and the first is wanted.
                let all = all.iter().enumerate().rev();
                all.filter(|(_, one)| alone(one) && shared(one) > 0)
                    .max_by_key(|(_, one)| shared(one))
                    .map(|(at, _)| at)
            }
        })
}

/// A subscription as a table.
pub(super) fn model(one: &Subscription) -> Model {
    Model {
        state: None,
        frequency: one.frequency,
        impact_absolute: one.threshold.map(|threshold| threshold.absolute().into()),
        impact_percent: one.threshold.map(|threshold| threshold.percent().into()),
        combine: one.threshold.and_then(Threshold::combine),
        to: Some(one.to.clone()),
    }
}

/// True if every key that is written has this value.
fn is_as(want: &Model, one: &Subscription) -> bool {
    let live = model(one);
    let combine = want.combine.is_none() || want.combine == live.combine;
    let impact = |want: Option<Impact>, live: Option<Impact>| want.is_none() || want == live;
    combine
        && impact(want.impact_absolute, live.impact_absolute)
        && impact(want.impact_percent, live.impact_percent)
        && (want.frequency.is_none() || want.frequency == live.frequency)
        && (want.to.is_none() || same(want.recipients(), &one.to))
}

/// True if two lists have the same recipients.
pub(super) fn same(a: &[Recipient], b: &[Recipient]) -> bool {
    a.iter().all(|one| b.contains(one)) && b.iter().all(|one| a.contains(one))
}
