//! What a recorder costs a month once it runs.

use trueup_core::control::Here;
use trueup_core::cost::{Monthly, PerRegion};

use super::model::{Frequency, Recording};

/// At 0.003 USD a change. A region without workloads has a few dozen, most of them when it starts.
pub(super) const CONTINUOUS: PerRegion = PerRegion {
    home: Monthly::cents(120, 680),
    elsewhere: Monthly::cents(5, 20),
};

/// At 0.012 USD a record: of the same changes, from half of that where a thing changes eight times a day to twice of
/// it where it changes two times.
pub(super) const DAILY: PerRegion = PerRegion {
    home: Monthly::cents(60, 1360),
    elsewhere: Monthly::cents(2, 40),
};

/// What a recorder costs that records this.
pub(super) fn costs(recording: &Recording, here: &Here<'_>) -> Monthly {
    let all = match recording.frequency {
        Frequency::Continuous => CONTINUOUS.at(here.is_home()),
        Frequency::Daily => DAILY.at(here.is_home()),
    };
    match recording.only {
        // How much of all changes that is, nobody knows.
        Some(_) => Monthly::up_to(all.high_cents),
        None => all,
    }
}
