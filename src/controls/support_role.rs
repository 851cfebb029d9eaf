//! The role for dealing with AWS Support: one with the managed policy AWSSupportAccess, which benchmarks ask for so
//! that nobody needs administrator's rights to open a case.
//!
//! A role of any name that has the policy is enough, also one of IAM Identity Center; a second one is never made. The
//! trust of a role that exists is nobody's business but its owner's, unless the file says who may assume it.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::env::Env;
use trueup_core::location::Scope;

use crate::admin_access::no_name;

mod calls;
mod diff;
mod model;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use self::model::{Action, Ids, Model};

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
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "iam:ListEntitiesForPolicy",
            "iam:GetRole",
            "iam:ListRoles",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListInstanceProfilesForRole",
        ],
        write: &[
            "iam:CreateRole",
            "iam:AttachRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRoleDescription",
            "iam:TagRole",
            "iam:DetachRolePolicy",
            "iam:DeleteRole",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check(want)
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for SupportRole {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        calls::read(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        calls::write(action, cx).await
    }
}

fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    if let Some(role) = &want.role {
        wrong.extend(no_name(role, 64).map(|what| ("role", what)));
        if role.starts_with("AWSReservedSSO_") {
            wrong.push((
                "role",
                format!(
                    "`{role}` is IAM Identity Center's own; expected a name of your own, or enabled = true alone"
                ),
            ));
        }
    }
    let principals = want.principals.iter().flatten();
    for who in principals.filter(|who| !trust::may_be_written(who)) {
        wrong.push((
            "principals",
            format!("`{who}` is nobody who can be let in; expected an account's 12 digits or the ARN of an IAM user or role"),
        ));
    }
    if want.principals.as_ref().is_some_and(Vec::is_empty) {
        wrong.push((
            "principals",
            "lets nobody in; expected at least one, or enabled = false to remove the role".to_owned(),
        ));
    }
    let is_long = |text: &String| text.chars().count() > 1000;
    if want.role_description.as_ref().is_some_and(is_long) {
        wrong.push((
            "role_description",
            "is too long; expected at most 1000 characters".to_owned(),
        ));
    }
    if want.enabled.is_none() && want.role.is_none() {
        wrong.push((
            "",
            "says nothing about the role; expected at least role = \"support\"".to_owned(),
        ));
    }
    if want.role.is_none() && !want.is_off() {
        for (key, is_written) in [
            ("principals", want.principals.is_some()),
            ("role_description", want.role_description.is_some()),
        ] {
            if is_written {
                wrong.push((
                    key,
                    "says nothing without role; expected role beside it".to_owned(),
                ));
            }
        }
    }
    wrong
}
