//! What a trail costs a month once it records.

use trueup_core::cost::Monthly;

use super::model::Ids;

/// The log group, at 0.50 USD a GB: a small account's events are 1 to 10 GB.
pub(super) const LOGS: Monthly = Monthly::cents(50, 500);

/// Another copy of the management events, at 2 USD for 100,000: a small account has up to a million.
pub(super) const SECOND_COPY: Monthly = Monthly::cents(200, 2000);

/// What a trail costs, with or without its log group. The first copy of the events is free; where an organization's
/// trail records the account, that is the first one.
pub(super) fn costs(delivers: bool, ids: &Ids) -> Monthly {
    let logs = if delivers { LOGS } else { Monthly::default() };
    match ids.organization_trail {
        Some(_) => logs + SECOND_COPY,
        None => logs,
    }
}
