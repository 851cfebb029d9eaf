//! The password policy for IAM users.
//!
//! `UpdateAccountPasswordPolicy` has no partial update: what it is not sent goes back to a default that is
//! weaker than the built-in policy (IAM API reference). So every write sends the whole policy, with what the
//! baseline does not manage as it was read.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod check;
mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct PasswordPolicy;

impl Control for PasswordPolicy {
    const NAME: &'static str = "password_policy";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "IAM password policy",
        items: &[10],
        why: "Without one, IAM users may choose passwords of 8 characters that never expire and can be used again.",
        decides: &[
            "Minimum length and reuse prevention are the written values or stricter; a required kind of characters stays required.",
            r#"Passwords expire after the written number of days or earlier; with "never" any expiry is fine."#,
            "`hard_expiry` and `allow_users_to_change` equal the file's where written.",
            "Keys that are not written may be anything.",
        ],
        off: "state = \"absent\" returns to AWS's built-in policy",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "1.7, 1.8"),
            ("CIS 3.0", "1.8, 1.9"),
            ("FSBP", "IAM.7"),
        ],
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",
        example: r#"[password_policy]
minimum_length = 14
require_symbols = true
require_numbers = true
require_uppercase = true
require_lowercase = true
allow_users_to_change = true
reuse_prevention = 24
# max_age_days = 180       # for users without MFA; "never" asks for no expiry
# hard_expiry = false      # true locks out users whose password expires
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "iam:GenerateCredentialReport",
            "iam:GetAccountPasswordPolicy",
            "iam:GetCredentialReport",
            "iam:GetLoginProfile",
            "iam:ListMFADevices",
        ],
        write: &[
            "iam:DeleteAccountPasswordPolicy",
            "iam:UpdateAccountPasswordPolicy",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, _here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, out);
    }
}

impl Live for PasswordPolicy {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
