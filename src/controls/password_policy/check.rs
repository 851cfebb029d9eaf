//! What is wrong with a table as a whole.

use trueup_core::values::Bound;

use super::model::{Model, days};

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    let mut range = |key, value: Option<i32>, from, to| {
        if let Some(value) = value.filter(|value| !(from..=to).contains(value)) {
            wrong.push((key, format!("{value} is out of range; expected {from} to {to}")));
        }
    };
    range(
        "minimum_length",
        want.minimum_length.map(Bound::into_value),
        6,
        128,
    );
    range(
        "reuse_prevention",
        want.reuse_prevention.and_then(|count| count.value().number),
        1,
        24,
    );
    range("max_age_days", days(want), 1, 1095);
    if want.is_silent() && !want.is_absent() {
        wrong.push((
            "",
            "says nothing about the policy; expected at least minimum_length".to_owned(),
        ));
    }
    wrong
}
