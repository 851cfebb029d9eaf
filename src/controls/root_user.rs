//! The root user: whether it is sealed. Nothing is ever written; what differs is a person's work.
//!
//! Presence comes from the account summary, which is always fresh. The last use comes from the credential report,
//! which IAM keeps for four hours (IAM User Guide, "Get credential reports for your AWS account"). Nobody but the
//! root user can list its MFA devices; others see its virtual ones only (`ListVirtualMFADevices`), so the number of
//! devices is a lower bound, and more of them is for a person to vouch for.

mod calls;
mod report;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;
use trueup_core::values::{Presence, Required};

/// The control.
pub(crate) struct RootUser;

/// The table `[root_user]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent": the root user has no access keys. "present" puts up with them.
    pub(crate) access_keys: Option<Presence>,
    /// "absent": the root user has no X.509 signing certificates. "present" puts up with them.
    pub(crate) signing_certificates: Option<Presence>,
    /// The root user signs in with MFA, or has no credentials at all.
    pub(crate) mfa: Option<Required>,
    /// How many MFA devices the root user has at least, 1 to 8. Hardware keys are not readable: attested.
    #[schemars(range(min = 1, max = 8))]
    pub(crate) mfa_devices: Option<i32>,
    /// The root user has no virtual MFA device, but hardware keys or passkeys.
    pub(crate) hardware_mfa: Option<Required>,
    /// For how many days the root user has not been used, at least. A younger account is let off.
    #[schemars(range(min = 1, max = 3650))]
    pub(crate) unused_for_days: Option<i32>,
    /// IAM users and roles may see billing, which only the root user can activate. Not readable: attested.
    pub(crate) billing_access: Option<Required>,
}

/// What was read beside the table's own keys. Nothing that moves by itself is here: a saved plan has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The root user has neither password nor access keys nor certificates, as under an organization's centralised
    /// root access: then there is nothing that MFA could protect.
    pub(crate) without_credentials: bool,
    /// The day of its last use, such as 2026-11-01, if that is too recent for the baseline.
    pub(crate) used: Option<String>,
    /// The day on which the account was made, if that lets a recent use pass.
    pub(crate) new_since: Option<String>,
}

/// There is no change: trueup never touches the root user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {}

impl fmt::Display for Action {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Control for RootUser {
    const NAME: &'static str = "root_user";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Root user",
        items: &[1, 2],
        why: "The root user may do everything, and no policy of the account's own can limit it. So it has no keys, \
              several MFA devices, and is used for nothing that somebody else can do.",
        off: "a key that is not written is not looked at; nothing is ever written",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "1.3, 1.4, 1.5, 1.6"),
            ("CIS 3.0", "1.4, 1.5, 1.6, 1.7"),
            ("FSBP", "IAM.4, IAM.6"),
        ],
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html",
        example: r#"[root_user]
access_keys = "absent"
signing_certificates = "absent"
mfa = "required"
mfa_devices = 2            # hardware keys cannot be counted: [attestations.root_mfa]
unused_for_days = 30
# hardware_mfa = "required"     # no virtual device, as CIS asks at level 2
# billing_access = "required"   # not readable: [attestations.billing_access]
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "iam:GetAccountSummary",
            "iam:ListVirtualMFADevices",
            "iam:GenerateCredentialReport",
            "iam:GetCredentialReport",
        ],
        write: &[],
    };
    const ATTESTATIONS: &'static [(&'static str, &'static str)] = &[
        (
            ROOT_MFA,
            "The root user has as many MFA devices as mfa_devices asks for, hardware keys and passkeys among them.",
        ),
        (
            BILLING_ACCESS,
            "IAM user and role access to Billing information is activated.",
        ),
    ];

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        let mut range = |key, value: Option<i32>, to| {
            if let Some(value) = value.filter(|value| !(1..=to).contains(value)) {
                wrong.push((key, format!("{value} is out of range; expected 1 to {to}")));
            }
        };
        range("mfa_devices", want.mfa_devices, 8);
        range("unused_for_days", want.unused_for_days, 3650);
        if *want == Model::default() {
            wrong.push((
                "",
                "says nothing about the root user; expected at least mfa".to_owned(),
            ));
        }
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        let live = &seen.model;
        if want.access_keys == Some(Presence::Absent) && live.access_keys != want.access_keys {
            out.person(DELETE_KEYS);
        }
        if want.signing_certificates == Some(Presence::Absent)
            && live.signing_certificates != want.signing_certificates
        {
            out.person(DELETE_CERTIFICATES);
        }
        if !seen.ids.without_credentials {
            mfa(want, live, out);
        }
        if want.unused_for_days.is_some() {
            used(want, seen, here.env.run.is_root, out);
        }
        if want.billing_access.is_some() {
            out.attestable(BILLING_ACCESS, ACTIVATE_BILLING);
        }
        if here.env.run.is_root {
            out.notice(
                "trueup itself runs as the root user, which counts as its use: make an administrator role \
                 ([admin_access]) and run trueup with that",
            );
        }
    }
}

impl Live for RootUser {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        let iam = &cx.clients().iam;
        let summary = calls::summary(iam).await?;
        let virtual_devices = calls::virtual_devices(iam).await?;
        let use_matters = want.is_none_or(|want| want.unused_for_days.is_some());
        let used = if use_matters {
            Some(calls::use_of_root(iam, cx.wait_until("IAM has written the credential report")).await?)
        } else {
            None
        };
        Ok(read(
            summary,
            virtual_devices,
            used,
            want.and_then(|want| want.unused_for_days),
            cx.env.run.today,
        ))
    }

    async fn apply(action: &Action, _cx: &Cx) -> Result<(), Failure> {
        match *action {}
    }
}

const ROOT_MFA: &str = "root_mfa";
const BILLING_ACCESS: &str = "billing_access";

const DELETE_KEYS: &str = "delete the root user's access keys: sign in as the root user, open Security credentials, \
    deactivate each key, and delete it once nothing fails for want of it; in an organization with centralised root \
    access the management account can do it too. \
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user_manage_delete-key.html";

const DELETE_CERTIFICATES: &str = "delete the root user's X.509 signing certificates: sign in as the root user, open \
    Security credentials and delete them there. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html";

const MFA_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html";

const ACTIVATE_BILLING: &str = "activate IAM access to billing: sign in as the root user, open Account, and under IAM \
    user and role access to Billing information choose Edit, Activate IAM Access. No API shows whether it is. \
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html";

/// What is to be done about MFA: all of it while there is none, else what is missing.
fn mfa(want: &Model, live: &Model, out: &mut Changes<Action>) {
    let devices = want.mfa_devices.unwrap_or(1);
    let asks = want.mfa.is_some() || want.mfa_devices.is_some() || want.hardware_mfa.is_some();
    if !asks {
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
    if want.hardware_mfa.is_some() && live.hardware_mfa.is_none() {
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

/// The reading, from what the calls found.
///
/// Without a number of days (`export`), the model says for how long the root user has not been used.
fn read(
    summary: calls::Summary,
    virtual_devices: i32,
    used: Option<report::Use>,
    days: Option<i32>,
    today: Date,
) -> Observed<Model, Ids> {
    let presence = |present| {
        Some(if present {
            Presence::Present
        } else {
            Presence::Absent
        })
    };
    let without_credentials = !(summary.password || summary.access_keys || summary.signing_certificates);
    let protected = summary.mfa || without_credentials;
    let mut model = Model {
        access_keys: presence(summary.access_keys),
        signing_certificates: presence(summary.signing_certificates),
        mfa: protected.then_some(Required::Required),
        mfa_devices: summary.mfa.then_some(virtual_devices.max(1)),
        hardware_mfa: (protected && virtual_devices == 0).then_some(Required::Required),
        unused_for_days: None,
        billing_access: None,
    };
    let mut ids = Ids {
        without_credentials,
        ..Ids::default()
    };
    if let Some(used) = used {
        let age = |day: Date| (today - day).get_days();
        let unused = used.last.map(age);
        match days {
            None => model.unused_for_days = unused.filter(|days| (1..=3650).contains(days)),
            Some(days) if unused.is_none_or(|unused| unused >= days) => model.unused_for_days = Some(days),
            Some(days) => match used.created.filter(|created| age(*created) < days) {
                Some(created) => {
                    model.unused_for_days = Some(days);
                    ids.new_since = Some(created.to_string());
                }
                None => ids.used = used.last.map(|day| day.to_string()),
            },
        }
    }
    Observed {
        model,
        ids,
        held_by: None,
    }
}
