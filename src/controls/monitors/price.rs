//! What monitors cost: each feeds a metric of its own, and has an alarm.
//!
//! Source: CloudWatch's list prices. A metric is paid as long as it is fed, and a filter with a default value feeds it
//! whenever the trail delivers anything.

use std::collections::BTreeSet;

use trueup_core::cost::Monthly;

use super::model::{Found, Ids, Model, Setting};

/// A metric, in US cents a month.
pub(super) const METRIC: u32 = 30;

/// An alarm, in US cents a month.
pub(super) const ALARM: u32 = 10;

/// So many metrics and so many alarms of an account are free.
const FREE: usize = 10;

/// How many metrics and alarms are still free, if only monitors use them. What else there is in other regions is not
/// known: so each may be paid.
#[derive(Default)]
pub(super) struct Free {
    metrics: usize,
    alarms: usize,
}

impl Free {
    /// What the monitors leave that there are and that stay.
    pub(super) fn beside(want: &Model, ids: &Ids) -> Self {
        let stay = || {
            let staying = ids
                .found
                .iter()
                .filter(|(monitor, _)| want.monitors.get(*monitor) != Some(&Setting::Off));
            staying.map(|(_, found)| found)
        };
        let metric = |found: &Found| Some(found.filter.as_ref()?.metric.clone());
        let alarm = |found: &Found| Some(found.alarm.as_ref()?.name.clone());
        let metrics: BTreeSet<_> = stay().filter_map(metric).collect();
        let alarms: BTreeSet<_> = stay().filter_map(alarm).collect();
        Free {
            metrics: FREE.saturating_sub(metrics.len()),
            alarms: FREE.saturating_sub(alarms.len()),
        }
    }

    /// What one more metric costs.
    pub(super) fn metric(&mut self) -> Monthly {
        one(&mut self.metrics, METRIC)
    }

    /// What one more alarm costs.
    pub(super) fn alarm(&mut self) -> Monthly {
        one(&mut self.alarms, ALARM)
    }
}

fn one(free: &mut usize, price: u32) -> Monthly {
    match free.checked_sub(1) {
        Some(left) => {
            *free = left;
            Monthly::up_to(price)
        }
        None => Monthly::cents(price, price),
    }
}
