//! What is wrong with a table as a whole.

use std::collections::BTreeSet;

use trueup_core::values::Recipient;

use super::model::Model;
use super::threshold::Impact;

/// The highest threshold (Cost Explorer API reference, `AnomalySubscription`).
const HIGHEST: i64 = 10_000_000_000;

/// The longest address of a subscriber (the same API's `SubscriberAddress`).
const LONGEST: usize = 302;

/// Whether Cost Explorer takes it as an e-mail address (the same).
fn is_address(text: &str) -> bool {
    let all = |part: &str, marks: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
    };
    text.len() <= LONGEST
        && text.split_once('@').is_some_and(|(name, host)| {
            all(name, ".!#$%&'*+=?^_‘{|}~-")
                && host.contains('.')
                && host.split('.').all(|part| all(part, "_-"))
        })
}

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    if want.is_absent() {
        return vec![];
    }
    let mut wrong = vec![];
    let mut is_wrong = |key, what: String| wrong.push((key, what));
    if *want == Model::default() {
        is_wrong(
            "",
            "says nothing about the subscription; expected at least to, or state = \"present\" for the monitor alone"
                .to_owned(),
        );
    }
    let impacts = [
        (
            "impact_absolute",
            want.impact_absolute.map(|impact| *impact.value()),
        ),
        (
            "impact_percent",
            want.impact_percent.map(|impact| *impact.value()),
        ),
    ];
    for (key, impact) in impacts {
        if let Some(number) = impact.and_then(Impact::number)
            && !(0.into()..=HIGHEST.into()).contains(&number.value())
        {
            is_wrong(key, format!("{number} is out of range; expected 0 to {HIGHEST}"));
        }
    }
    match impacts.map(|(_, impact)| impact) {
        [Some(Impact::None), Some(Impact::None)] => is_wrong(
            "impact_percent",
            "a subscription has a threshold, and both impacts are \"none\"; expected a number for one of them"
                .to_owned(),
        ),
        [Some(Impact::From(_)), Some(Impact::From(_))] if want.combine.is_none() => is_wrong(
            "impact_percent",
            "stands beside impact_absolute; expected combine = \"and\" or \"or\"".to_owned(),
        ),
        [Some(Impact::From(_)), Some(Impact::From(_))] => {}
        _ if want.combine.is_some() => is_wrong(
            "combine",
            "combines two impacts; expected impact_absolute and impact_percent".to_owned(),
        ),
        _ => {}
    }
    let Some(to) = &want.to else {
        return wrong;
    };
    if to.is_empty() {
        is_wrong(
            "to",
            "a subscription tells somebody; expected at least one recipient, or state = \"absent\""
                .to_owned(),
        );
    }
    let topics = to.iter().filter(|recipient| recipient.is_topic()).count();
    if topics > 0 && topics < to.len() {
        is_wrong(
            "to",
            "e-mail addresses hear a summary and topics each anomaly at once, so one subscription cannot tell both; \
             expected either"
                .to_owned(),
        );
    } else if let Some(what) = want.often().and_then(|frequency| frequency.misfit(to)) {
        let fits = if topics > 0 {
            "\"immediate\""
        } else {
            "\"daily\" or \"weekly\""
        };
        is_wrong(
            "frequency",
            format!("{what}; expected {fits}, or other recipients"),
        );
    }
    for recipient in to {
        if let Recipient::Email(email) = recipient
            && !is_address(email.as_str())
        {
            is_wrong(
                "to",
                format!(
                    "{email} is not an address that Cost Explorer takes; expected at most {LONGEST} letters without \
                     accents, digits and marks"
                ),
            );
        }
    }
    let mut met = BTreeSet::new();
    if let Some(twice) = to.iter().find(|recipient| !met.insert(*recipient)) {
        is_wrong(
            "to",
            format!("{twice} is there twice; expected each recipient once"),
        );
    }
    wrong
}
