//! The root user: whether it is sealed. Nothing is ever written; what differs is a person's work.
//!
//! Presence comes from the account summary, which is always fresh. The last use comes from the credential report,
//! which may be four hours old. Only the root user can list its MFA devices; others see its virtual ones
//! (`ListVirtualMFADevices`), so the number of devices is a lower bound, and a person vouches for more of them. Without
//! the rights to list or to report, the rest is still judged, and only what is missing counts as unread.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct RootUser;

const ROOT_MFA: &str = "root_mfa";
const BILLING_ACCESS: &str = "billing_access";

/// Whether the root user can sign in to the console. In AWS GovCloud (US) it has access keys at most (AWS GovCloud (US)
/// User Guide, "AWS GovCloud (US) account root user").
fn signs_in(partition: &str) -> bool {
    partition != "aws-us-gov"
}

impl Control for RootUser {
    const NAME: &'static str = "root_user";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Root user",
        items: &[1, 2],
        why: "The root user may do everything, and no policy of the account's own can limit it. So it has no keys, \
              several MFA devices, and is used for nothing that somebody else can do.",
        decides: &[
            "The account has no root access keys and no root signing certificates.",
            "Root has MFA, with at least `mfa_devices` devices; hardware devices cannot be counted, so at least one is assumed.",
            "In AWS GovCloud (US), where root cannot sign in to the console, MFA means that it has no access keys.",
            "Root was last used longer ago than the file allows, by the credential report; without the right to it, that part is unread.",
            "A difference is a manual task; trueup never changes the root user.",
        ],
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
    const CALLS: Calls = Calls {
        read: &[
            "iam:GenerateCredentialReport",
            "iam:GetAccountSummary",
            "iam:GetCredentialReport",
            "iam:ListVirtualMFADevices",
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
        diff::diff(want, seen, here, out);
    }
}

impl Live for RootUser {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, _cx: &Cx) -> Result<(), Failure> {
        match *action {}
    }
}
