//! The table, what is read beside it, and the changes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::tags::{Tags, shown};
use trueup_core::values::{Nothing, NumberOr, Template};
use trueup_policy::Policy;

use super::{SELF_SERVICE, SWITCH_ROLE};
use crate::role_rights::OtherPolicies;

/// The table `[admin_access]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// False removes the group and the role that are named; the users stay.
    pub(crate) enabled: Option<bool>,
    /// What stands for all of it: where it exists, nothing of the rest is made or changed.
    pub(crate) satisfied_by: Option<SatisfiedBy>,
    /// The administrators' IAM group. It may switch to the role, and its members manage their own password and MFA.
    pub(crate) group: Option<String>,
    /// The group's members, exactly. New ones are made without a password and without access keys.
    pub(crate) users: Option<Vec<String>>,
    /// The role with AdministratorAccess, which the account's own users assume with MFA.
    pub(crate) role: Option<String>,
    /// The role's description.
    #[schemars(length(max = 1000))]
    pub(crate) role_description: Option<String>,
    /// How the role's trust demands MFA: "Bool" where it is not written. A trust that demands more stays.
    pub(crate) mfa_condition: Option<MfaCondition>,
    /// How old a sign-in with MFA may be, in seconds, or "none" for any age. A trust that accepts less stays.
    pub(crate) mfa_max_age_seconds: Option<NumberOr<Nothing>>,
    /// How long a session of the role may last, in seconds, 3600 to 43200.
    #[schemars(range(min = 3600, max = 43200))]
    pub(crate) max_session_seconds: Option<i32>,
    /// The ARN of the managed policy that limits the role, as some organizations demand of every role. A role that has
    /// another one, or one that is not written here, is left alone and reported: a boundary is never taken away.
    pub(crate) permissions_boundary: Option<Template>,
    /// Active access keys of the users that are older are told of, in days; "none" for any age.
    pub(crate) access_key_max_age_days: Option<NumberOr<Nothing>>,
    /// True lets a run take away or narrow the access of the very user or role that runs it.
    pub(crate) caller_may_lose_access: Option<bool>,
}

impl Model {
    /// True if all of it is to be removed.
    pub(super) fn is_off(&self) -> bool {
        self.enabled == Some(false)
    }

    /// How MFA is demanded.
    pub(super) fn mfa(&self) -> MfaCondition {
        self.mfa_condition.unwrap_or(MfaCondition::Bool)
    }

    /// The users that are written.
    pub(super) fn members(&self) -> &[String] {
        self.users.as_deref().unwrap_or_default()
    }
}

/// What can stand for a group, users and a role of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SatisfiedBy {
    /// A role `AWSReservedSSO_*` of IAM Identity Center with AdministratorAccess.
    IdentityCenter,
}

/// The operator under which a trust policy asks for `aws:MultiFactorAuthPresent`, the weaker one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(crate) enum MfaCondition {
    /// Whoever has no MFA context at all, as with access keys, gets in.
    BoolIfExists,
    /// Only who signed in with MFA gets in.
    Bool,
}

impl MfaCondition {
    /// Its name in a policy document.
    pub(crate) fn operator(self) -> &'static str {
        match self {
            MfaCondition::BoolIfExists => "BoolIfExists",
            MfaCondition::Bool => "Bool",
        }
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// IAM Identity Center's role with AdministratorAccess, if there is one.
    pub(crate) identity_center: Option<String>,
    /// The group, if it exists.
    pub(crate) group: Option<Group>,
    /// The role, if it exists.
    pub(crate) role: Option<Role>,
    /// The users that exist, of those in the file, by their names there.
    pub(crate) users: BTreeMap<String, User>,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its name as IAM has it.
    pub(crate) name: String,
    /// Its inline policies, by name.
    pub(crate) inline: BTreeMap<String, Policy>,
    /// The managed policies that are attached, by name.
    pub(crate) attached: BTreeMap<String, Policy>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its name as IAM has it.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Its description.
    pub(crate) description: Option<String>,
    /// The longest session, in seconds.
    pub(crate) max_session: i32,
    /// Its trust policy.
    pub(crate) trust: Policy,
    /// True if AdministratorAccess is not attached.
    pub(crate) lacks_administrator_access: bool,
    /// The policy that limits it, by ARN.
    pub(crate) boundary: Option<String>,
    /// Its policies beside AdministratorAccess.
    pub(crate) others: OtherPolicies,
    /// The other policies and the instance profiles, by name. Read only where the role is to go.
    pub(crate) foreign: Vec<String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    /// The name as IAM has it.
    pub(crate) name: String,
    /// The ARN, which has its path.
    pub(crate) arn: String,
    /// True with a console password.
    pub(crate) has_password: bool,
    /// True with an MFA device.
    pub(crate) has_mfa: bool,
    /// The ids of the active access keys and the days on which they were made, as `2026-11-25`.
    pub(crate) keys: BTreeMap<String, String>,
    /// Tags.
    pub(crate) tags: Tags,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make the group.
    CreateGroup { group: String },
    /// Write an inline policy of the group.
    PutGroupPolicy {
        group: String,
        policy: String,
        document: Policy,
    },
    /// Make a user without password and keys.
    CreateUser { user: String, tags: Tags },
    /// Make a user a member.
    AddUser { group: String, user: String },
    /// Make a user no longer a member.
    RemoveUser { group: String, user: String },
    /// Make the role.
    CreateRole {
        role: String,
        trust: Policy,
        description: Option<String>,
        max_session: Option<i32>,
        boundary: Option<Template>,
        tags: Tags,
    },
    /// Attach AdministratorAccess.
    AttachAdministratorAccess { role: String },
    /// Limit the role by a permissions boundary.
    PutBoundary { role: String, boundary: String },
    /// Detach a managed policy that denies everything.
    DetachPolicy { role: String, policy: String },
    /// Delete an inline policy that denies everything.
    DeletePolicy { role: String, policy: String },
    /// Replace the trust policy, which then demands MFA so.
    UpdateTrust {
        role: String,
        trust: Policy,
        mfa: MfaCondition,
    },
    /// Set description and session length, which IAM takes together.
    UpdateRole {
        role: String,
        description: Option<String>,
        max_session: i32,
    },
    /// Tag the role.
    TagRole { role: String, tags: Tags },
    /// Tag a user.
    TagUser { user: String, tags: Tags },
    /// Delete an inline policy of the group.
    DeleteGroupPolicy { group: String, policy: String },
    /// Delete the group.
    DeleteGroup { group: String },
    /// Detach AdministratorAccess and delete the role.
    DeleteRole { role: String },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::CreateGroup { group } => write!(f, "create the group {group}"),
            Action::PutGroupPolicy { group, policy, .. } if policy == SWITCH_ROLE => {
                write!(f, "let the group {group} switch to the role")
            }
            Action::PutGroupPolicy { group, policy, .. } if policy == SELF_SERVICE => {
                write!(f, "let members of {group} manage their own password and MFA")
            }
            Action::PutGroupPolicy { group, policy, .. } => write!(f, "put {policy} on the group {group}"),
            Action::CreateUser { user, .. } => write!(f, "create the user {user}, without password and keys"),
            Action::AddUser { group, user } => write!(f, "add {user} to the group {group}"),
            Action::RemoveUser { group, user } => write!(f, "remove {user} from the group {group}"),
            Action::CreateRole { role, .. } => write!(f, "create the role {role}"),
            Action::AttachAdministratorAccess { role } => {
                write!(f, "attach AdministratorAccess to the role {role}")
            }
            Action::PutBoundary { role, boundary } => {
                write!(f, "limit the role {role} by the permissions boundary {boundary}")
            }
            Action::DetachPolicy { role, policy } => write!(f, "detach {policy} from the role {role}"),
            Action::DeletePolicy { role, policy } => {
                write!(f, "delete the inline policy {policy} of the role {role}")
            }
            Action::UpdateTrust { role, mfa, .. } => {
                write!(
                    f,
                    "set who may assume the role {role}, with MFA ({})",
                    mfa.operator()
                )
            }
            Action::UpdateRole { role, .. } => {
                write!(f, "set description and session length of the role {role}")
            }
            Action::TagRole { role, tags } => write!(f, "tag the role {role}: {}", shown(tags)),
            Action::TagUser { user, tags } => write!(f, "tag the user {user}: {}", shown(tags)),
            Action::DeleteGroupPolicy { group, policy } => write!(f, "delete {policy} of the group {group}"),
            Action::DeleteGroup { group } => write!(f, "delete the group {group}"),
            Action::DeleteRole { role } => write!(f, "delete the role {role}"),
        }
    }
}
