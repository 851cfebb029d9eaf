//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::Observed;
use trueup_core::fault::FaultKind;

use super::model::{Action, Ids, Model, Told, days};

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
    let whole = want.over(live);
    if whole
        == (Model {
            state: None,
            ..live.clone()
        })
    {
        return;
    }
    let expires_sooner = match (days(live), days(&whole)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    // A hard expiry locks out nobody while nothing expires, and more people when things expire sooner.
    let locks_out = whole.hard_expiry == Some(true)
        && days(&whole).is_some()
        && (live.hard_expiry != Some(true) || expires_sooner);
    let age = whole.max_age_days;
    if live.is_absent() && !whole.asks_for_kinds() {
        out.notice(
            "this replaces AWS's built-in policy, which asks for three of the four kinds of characters; write \
             require_symbols, require_numbers, require_uppercase or require_lowercase to keep asking for them",
        );
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
        step.disruptive("who lets a password expire is locked out until an administrator resets it");
    }
}

/// Passwords that are all that stands before a user, and never expire: worth knowing, but no difference.
fn remark(told: &Told, out: &mut Changes<Action>) {
    if let Some(fault) = &told.unread {
        let unknown = "whether IAM users sign in without MFA is not known";
        out.notice(match (fault.kind, fault.hint()) {
            (FaultKind::Denied | FaultKind::DeniedByOrganization, _) => format!(
                "{unknown}: IAM does not show the users ({}); iam:ListUsers, iam:GetLoginProfile and \
                 iam:ListMFADevices are needed",
                fault.code.as_deref().unwrap_or("no code")
            ),
            (_, Some(hint)) => format!("{unknown}: {fault}; {hint}"),
            (_, None) => format!("{unknown}: {fault}"),
        });
    }
    if told.without_mfa.is_empty() {
        return;
    }
    let (named, more) = told.without_mfa.split_at(told.without_mfa.len().min(10));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    out.notice(format!(
        "these IAM users sign in with a password alone, without MFA, and it never expires: {}{more}; give them MFA, \
         or write max_age_days = 180 and reuse_prevention = 5 or more",
        named.join(", ")
    ));
}
