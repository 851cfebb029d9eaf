//! Administrators who are not the root user: an IAM group, its users, and a role with AdministratorAccess that they
//! switch to with MFA.
//!
//! The users themselves may do next to nothing: the group lets them manage their own password and MFA devices, without
//! which nobody could enrol the MFA that the role demands, and assume the role. Passwords and access keys are never
//! made here.
//!
//! What exists is adopted. A trust policy keeps the statements that let others in, and gets the demand for MFA where it
//! lets the account's own users in. A group whose policies allow enough already, by whatever name, gets no further
//! ones. `UpdateRole` resets the session length where it is left out, so description and session length go together
//! (IAM API reference, `UpdateRole`).

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;

mod check;
mod diff;
mod documents;
mod live;
mod model;
#[cfg(test)]
mod tests;

pub(crate) use self::model::MfaCondition;
use self::model::{Action, Ids, Model};
use crate::role_trust::{Own, Person};

/// The group's inline policy that lets it switch to the role.
pub(crate) const SWITCH_ROLE: &str = "trueup-switch-role";

/// The group's inline policy by which its members manage their own password and MFA devices.
pub(crate) const SELF_SERVICE: &str = "trueup-self-service";

/// The control.
pub(crate) struct AdminAccess;

fn administrator_access(env: &Env) -> String {
    format!("arn:{}:iam::aws:policy/AdministratorAccess", env.partition)
}

fn role_arn(env: &Env, name: &str) -> String {
    format!("arn:{}:iam::{}:role/{name}", env.partition, env.account)
}

/// The users of the file, who have to get into the role; none where the file leaves them to others.
fn wanted_users(want: &Model, ids: &Ids, own: Own<'_>) -> Vec<Person> {
    let person = |name: &String| match ids.users.get(name) {
        Some(user) => Person::of(&user.arn),
        None => Person::of(format!("arn:{}:iam::{}:user/{name}", own.partition, own.account)),
    };
    want.members().iter().map(person).collect()
}

impl Control for AdminAccess {
    const NAME: &'static str = "admin_access";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Administrators: IAM group, users and role",
        items: &[11],
        why: "Daily work does not need the root user, which nothing can limit: administrators switch to a role, and only with MFA.",
        decides: &[
            "The role has AdministratorAccess, and no policy of it denies everything.",
            "Its permissions boundary is the written one, or none where none is written; another one blocks.",
            "By its trust, the users of the file (any IAM user where none is written) can assume it with MFA.",
            "No IAM user of the account can assume it without MFA; roles and other accounts that can are noted.",
            "A group's members equal `users` where written. Path, description and session duration may be anything unless written.",
        ],
        off: "enabled = false removes the group and the role that are named and leaves the users; a user who is taken out of the list leaves the group",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "1.9, 1.14, 1.15"),
            ("CIS 3.0", "1.10, 1.15, 1.16"),
            ("FSBP", "IAM.1, IAM.2, IAM.5"),
        ],
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html",
        example: r#"[admin_access]
group = "administrators"      # may switch to the role; its members manage their own password and MFA
users = ["alice"]             # exactly these; made without password and keys
role = "administrator"        # has AdministratorAccess, and only with MFA
mfa_condition = "Bool"        # "BoolIfExists" lets access keys in without MFA
# mfa_max_age_seconds = 3600
# max_session_seconds = 3600
# access_key_max_age_days = 90
# satisfied_by = "identity_center"      # where IAM Identity Center has administrators, they are enough
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "iam:GetGroup",
            "iam:GetGroupPolicy",
            "iam:GetLoginProfile",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAttachedGroupPolicies",
            "iam:ListAttachedRolePolicies",
            "iam:ListEntitiesForPolicy",
            "iam:ListGroupPolicies",
            "iam:ListGroups",
            "iam:ListInstanceProfilesForRole",
            "iam:ListMFADevices",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "iam:ListUsers",
        ],
        write: &[
            "iam:AddUserToGroup",
            "iam:AttachRolePolicy",
            "iam:CreateGroup",
            "iam:CreateRole",
            "iam:CreateUser",
            "iam:DeleteGroup",
            "iam:DeleteGroupPolicy",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PutGroupPolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:RemoveUserFromGroup",
            "iam:TagRole",
            "iam:TagUser",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
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
        if want.role.is_some() && !want.is_off() {
            want.mfa_condition.get_or_insert(MfaCondition::Bool);
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for AdminAccess {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
