//! The role for dealing with AWS Support: one with the managed policy AWSSupportAccess, which benchmarks ask for so
//! that nobody needs administrator's rights to open a case.
//!
//! A role of any name that has the policy is enough, also one of IAM Identity Center; a second one is never made. The
//! trust of a role that exists stays unless the file says who may assume it, users get in without MFA, or no one gets
//! in.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;

mod check;
mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;
mod trust;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct SupportRole;

fn support_access(env: &Env) -> String {
    format!("arn:{}:iam::aws:policy/AWSSupportAccess", env.partition)
}

impl Control for SupportRole {
    const NAME: &'static str = "support_role";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Role for AWS Support",
        items: &[],
        why: "Incidents are managed with AWS Support by a role that may do that and nothing else.",
        decides: &[
            "The role has AWSSupportAccess, and no policy of it denies everything.",
            "Its permissions boundary is the written one, or none where none is written; another one blocks.",
            "By its trust, exactly the written principals can assume it; where none are written, at least one principal can.",
            "No IAM user of the account can assume it without MFA; roles and other accounts that can are noted.",
        ],
        off: "enabled = false removes the role that is named; a table that is not written leaves all roles alone",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "1.16"),
            ("CIS 3.0", "1.17"),
            ("Security Hub", "IAM.18"),
        ],
        page: "https://docs.aws.amazon.com/awssupport/latest/user/accessing-support.html",
        example: r#"[support_role]
role = "support"              # has AWSSupportAccess; another role that has it is enough
# principals = ["arn:aws:iam::123456789012:user/alice"]     # exactly these; a new role lets the account in, with MFA
# role_description = "Opens and follows cases of AWS Support"
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListEntitiesForPolicy",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:ListRoles",
        ],
        write: &[
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRoleDescription",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn fill(want: &mut Model, env: &Env, _wants: Wants<'_>) {
        if let Some(boundary) = &mut want.permissions_boundary {
            boundary.fill(env);
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for SupportRole {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
