//! What a trail costs a month once it records.

use trueup_core::cost::Monthly;

use super::model::{Ids, Other};

/// The log group, at 0.50 USD a GB: a small account's events are 1 to 10 GB.
pub(super) const LOGS: Monthly = Monthly::cents(50, 500);

/// Another copy of the management events, at 2 USD for 100,000: a small account has up to a million.
pub(super) const SECOND_COPY: Monthly = Monthly::cents(200, 2000);

/// What a trail costs, with or without its log group. The first copy of the events is free.
pub(super) fn costs(delivers: bool, ids: &Ids) -> Monthly {
    let logs = if delivers { LOGS } else { Monthly::default() };
    logs + copy(ids)
}

/// What management events cost that another trail records already: an organization's, or another one of the account's.
pub(super) fn copy(ids: &Ids) -> Monthly {
    let is_second = ids.organization_trail.is_some() || ids.others.iter().any(Other::is_a_copy);
    if is_second {
        SECOND_COPY
    } else {
        Monthly::default()
    }
}
