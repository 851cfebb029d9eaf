//! What is wrong with a table as a whole.

use super::model::Model;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    let mut range = |key, value: Option<i32>, from, to| {
        if let Some(value) = value.filter(|value| !(from..=to).contains(value)) {
            wrong.push((key, format!("{value} is out of range; expected {from} to {to}")));
        }
    };
    range("minimum_length", want.minimum_length, 6, 128);
    range(
        "reuse_prevention",
        want.reuse_prevention.and_then(|n| n.number),
        1,
        24,
    );
    range("max_age_days", want.max_age_days.and_then(|n| n.number), 1, 1095);
    if want.hard_expiry == Some(true) && want.max_age_days.is_some_and(|age| age.number.is_none()) {
        wrong.push((
            "hard_expiry",
            "nothing expires with max_age_days = \"never\"".to_owned(),
        ));
    }
    if want.is_silent() && !want.is_absent() {
        wrong.push((
            "",
            "says nothing about the policy; expected at least minimum_length".to_owned(),
        ));
    }
    wrong
}
