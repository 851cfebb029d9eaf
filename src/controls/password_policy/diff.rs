//! What has to be done.

use std::cmp::Ordering;

use trueup_core::change::Changes;
use trueup_core::control::Observed;
use trueup_core::fault::FaultKind;
use trueup_core::values::Bound;

use super::model::{Action, BUILT_IN_LENGTH, Ids, Model, Told, by_age, by_count, days};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let live = &seen.model;
    remark(&seen.ids.told, out);
    if want.is_absent() {
        if !live.is_absent() {
            out.destroy(Action::Delete);
        }
        return;
    }
    if !needs_step(want, live, out) {
        remark_on_unwritten(want, live, out);
        return;
    }
    let whole = want.over(live);
    let expires_sooner = match (days(live), days(&whole)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    // A hard expiry locks out nobody while nothing expires, and more people when things expire sooner.
    let locks_out = whole.hard_expiry == Some(true)
        && days(&whole).is_some()
        && (live.hard_expiry != Some(true) || expires_sooner);
    let age = days(&whole);
    let weakens = weakens(live, &whole);
    if drops_kinds(live, &whole) && is_longer(&whole) {
        out.notice(DROPPED);
    }
    let mut step = if live.is_absent() {
        out.add(Action::Put(whole))
    } else {
        out.change(Action::Put(whole))
    };
    if let Some(age) = age.filter(|_| expires_sooner) {
        step = step.disruptive(format!("passwords older than {age} days expire at once"));
    }
    if locks_out {
        step = step.disruptive(LOCKED_OUT);
    }
    for what in weakens {
        step = step.weakening(what);
    }
    remark_on_unwritten(want, live, out);
}

const LOCKED_OUT: &str = "users whose password expires are locked out until an administrator resets it";

/// True if the policy has to be written. Keys whose stricter live value stays are kept.
fn needs_step(want: &Model, live: &Model, out: &mut Changes<Action>) -> bool {
    let mut missing = vec![
        differs(want.allow_users_to_change, live.allow_users_to_change),
        differs(want.hard_expiry, live.hard_expiry),
        out.misses(
            &["minimum_length"],
            want.minimum_length.as_ref(),
            live.minimum_length.map(Bound::into_value).as_ref(),
            i32::cmp,
        ),
        out.misses(
            &["reuse_prevention"],
            want.reuse_prevention.as_ref(),
            live.reuse_prevention.map(Bound::into_value).as_ref(),
            by_count,
        ),
        out.misses(
            &["max_age_days"],
            want.max_age_days.as_ref(),
            live.max_age_days.map(Bound::into_value).as_ref(),
            by_age,
        ),
    ];
    for ((key, want), (_, live)) in want.kinds().into_iter().zip(live.kinds()) {
        let live = live.map(Bound::into_value);
        missing.push(out.misses(&[key], want.as_ref(), live.as_ref(), bool::cmp));
    }
    missing.contains(&true)
}

fn differs(want: Option<bool>, live: Option<bool>) -> bool {
    want.is_some() && want != live
}

/// What passwords no longer have to be once the whole policy is sent.
fn weakens(live: &Model, whole: &Model) -> Vec<String> {
    if live.is_absent() {
        // A longer password may do without kinds of characters.
        return (drops_kinds(live, whole) && !is_longer(whole))
            .then(|| DROPPED.to_owned())
            .into_iter()
            .collect();
    }
    let mut weakens = vec![];
    if let Some((from, to)) = lowered(live.minimum_length, whole.minimum_length, i32::cmp) {
        weakens.push(format!("the minimum length falls from {from} to {to}"));
    }
    for ((key, from), (_, to)) in live.kinds().into_iter().zip(whole.kinds()) {
        if lowered(from, to, bool::cmp).is_some() {
            weakens.push(format!("{key} is turned off"));
        }
    }
    if let Some((from, to)) = lowered(live.reuse_prevention, whole.reuse_prevention, by_count) {
        weakens.push(format!("reuse_prevention falls from {from} to {to}"));
    }
    if let Some((from, to)) = lowered(live.max_age_days, whole.max_age_days, by_age) {
        weakens.push(match to.number {
            Some(days) => format!("passwords expire after {days} days instead of {from}"),
            None => format!("passwords no longer expire after {from} days"),
        });
    }
    weakens
}

const DROPPED: &str = "this replaces AWS's built-in policy, which asks for three of the four kinds of characters; write \
                       require_symbols, require_numbers, require_uppercase or require_lowercase to keep asking for them";

/// True for a first policy that asks for no kind of characters, as AWS's built-in one does.
fn drops_kinds(live: &Model, whole: &Model) -> bool {
    live.is_absent() && !whole.asks_for_kinds()
}

fn is_longer(whole: &Model) -> bool {
    whole
        .minimum_length
        .is_some_and(|length| length.into_value() > BUILT_IN_LENGTH)
}

/// Both values, if the second one is less strict.
fn lowered<T>(
    from: Option<Bound<T>>,
    to: Option<Bound<T>>,
    strictness: fn(&T, &T) -> Ordering,
) -> Option<(T, T)> {
    let (from, to) = (from?.into_value(), to?.into_value());
    strictness(&to, &from).is_lt().then_some((from, to))
}

/// Live values that change what users can do and that the file does not write: no difference.
fn remark_on_unwritten(want: &Model, live: &Model, out: &mut Changes<Action>) {
    if want.hard_expiry.is_none() && live.hard_expiry == Some(true) {
        out.notice(format!(
            "hard_expiry is true: {LOCKED_OUT}; write hard_expiry to manage it"
        ));
    }
    if want.allow_users_to_change.is_none() && live.allow_users_to_change == Some(false) {
        out.notice(
            "allow_users_to_change is false: the policy lets no IAM user change their own password; write \
             allow_users_to_change to manage it",
        );
    }
}

/// Passwords that are all that stands before a user, and never expire: worth knowing, but no difference.
fn remark(told: &Told, out: &mut Changes<Action>) {
    if let Some(fault) = &told.unread {
        let unknown = "whether IAM users sign in without MFA is not known";
        out.notice(match (fault.kind, fault.hint()) {
            (FaultKind::Denied | FaultKind::DeniedByOrganization, _) => format!(
                "{unknown}: IAM does not show the users ({}); iam:GenerateCredentialReport, \
                 iam:GetCredentialReport, iam:GetLoginProfile and iam:ListMFADevices are needed",
                fault.code.as_deref().unwrap_or("no code")
            ),
            (_, Some(hint)) => format!("{unknown}: {fault}; {hint}"),
            (_, None) => format!("{unknown}: {fault}"),
        });
    }
    let more = match told.others_without_mfa {
        0 => String::new(),
        more => format!("{more} more by the credential report, which may be four hours old"),
    };
    let mut users = vec![told.without_mfa.join(", "), more];
    users.retain(|part| !part.is_empty());
    if users.is_empty() {
        return;
    }
    out.notice(format!(
        "these IAM users sign in with a password alone, without MFA, and it never expires: {}; give them MFA, or \
         write max_age_days = 180 and reuse_prevention = 5 or more",
        users.join(" and ")
    ));
}
