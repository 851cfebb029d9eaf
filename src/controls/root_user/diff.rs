//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::values::{Presence, Required};

use super::model::{Action, Ids, Model};
use super::{BILLING_ACCESS, ROOT_MFA, signs_in};

const DELETE_KEYS: &str = "delete the root user's access keys: sign in as the root user, open Security credentials, \
    deactivate each key, and delete it once nothing fails without it; in an organization with centralised root \
    access the management account can do it too. \
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user_manage_delete-key.html";

const DELETE_KEYS_BY_API: &str = "delete the root user's access keys: in AWS GovCloud (US) the root user cannot sign in to \
    the console, so MFA cannot protect them. With one of the keys as credentials, run `aws iam list-access-keys`, \
    deactivate each key with `aws iam update-access-key`, check that nothing fails without it, and delete it with `aws \
    iam delete-access-key`; delete the key that you are using last. \
    https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-account-root-user.html";

const DELETE_CERTIFICATES: &str = "delete the root user's X.509 signing certificates: sign in as the root user, open \
    Security credentials and delete them there. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html";

const MFA_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html";

const ACTIVATE_BILLING: &str = "activate IAM access to billing: sign in as the root user, open Account, and under IAM \
    user and role access to Billing information choose Edit, Activate IAM Access. No API shows whether it is. \
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html";

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let live = &seen.model;
    let signs_in = signs_in(&here.env.partition);
    let no_keys = want.access_keys == Some(Presence::Absent) || (!signs_in && want.asks_for_mfa());
    if no_keys && live.access_keys != Some(Presence::Absent) {
        out.person(if signs_in { DELETE_KEYS } else { DELETE_KEYS_BY_API });
    }
    if want.signing_certificates == Some(Presence::Absent)
        && live.signing_certificates != want.signing_certificates
    {
        out.person(DELETE_CERTIFICATES);
    }
    if signs_in && !seen.ids.without_credentials {
        mfa(want, seen, out);
    }
    if want.unused_for_days.is_some() {
        used(want, seen, here.env.run.is_root, out);
    }
    if want.billing_access.is_some() {
        out.attestable(BILLING_ACCESS, ACTIVATE_BILLING);
    }
    for (unknown, fault) in &seen.ids.unread {
        out.unread(unknown.clone(), fault.clone());
    }
    if here.env.run.is_root {
        out.notice(
            "trueup itself runs as the root user, which counts as its use: make an administrator role \
             ([admin_access]) and run trueup with that",
        );
    }
}

/// What is to be done about MFA: all of it while there is none, else what is missing.
fn mfa(want: &Model, Observed { model: live, ids, .. }: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let devices = want.mfa_devices.unwrap_or(1);
    if !want.asks_for_mfa() {
        return;
    }
    if live.mfa.is_none() {
        let kind = match want.hardware_mfa {
            Some(Required::Required) => "hardware keys or passkeys, no authenticator app",
            None => "passkeys, hardware keys or authenticator apps",
        };
        let more = if devices > 1 {
            format!(", until there are {devices}, so that a lost one locks nobody out")
        } else {
            String::new()
        };
        out.person(format!(
            "protect the root user with MFA: sign in as the root user, open Security credentials and choose Assign \
             MFA device{more} ({kind}). {MFA_PAGE}"
        ));
        return;
    }
    if want.hardware_mfa.is_some() && live.hardware_mfa.is_none() && !ids.devices_unread {
        out.person(format!(
            "replace the root user's virtual MFA device by a hardware key or passkey: sign in as the root user, open \
             Security credentials, assign the new device, then remove the virtual one. {MFA_PAGE}"
        ));
    }
    let seen = live.mfa_devices.unwrap_or_default();
    if seen < devices {
        out.attestable(
            ROOT_MFA,
            format!(
                "see that the root user has {devices} MFA devices: sign in as the root user, open Security \
                 credentials, and assign what is missing. trueup is sure of {seen}, because no API shows others \
                 the root user's hardware keys and passkeys. {MFA_PAGE}"
            ),
        );
    }
}

/// What is to be done about the root user's being used.
fn used(want: &Model, seen: &Observed<Model, Ids>, is_root: bool, out: &mut Changes<Action>) {
    let days = want.unused_for_days.unwrap_or_default();
    if let Some(since) = &seen.ids.new_since {
        out.notice(format!(
            "the account was made on {since}: use of the root user counts once it is {days} days old"
        ));
    } else if let Some(day) = &seen.ids.used {
        let known = if is_root { " (trueup runs as it now)" } else { "" };
        out.person(format!(
            "find out who used the root user on {day} and what for{known}: CloudTrail has it under the user name \
             root. What another user or role can do is theirs from now on. trueup asks for {days} days without use. \
             https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-tasks.html"
        ));
    }
}
