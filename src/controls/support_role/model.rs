//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::tags::{Tags, shown};
use trueup_core::values::Template;
use trueup_policy::Policy;

use crate::role_rights::OtherPolicies;

/// The table `[support_role]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// False removes the role that is named. True without a name only asks whether any role has the policy.
    pub(crate) enabled: Option<bool>,
    /// The role with AWSSupportAccess. One of another name that has the policy stands for it.
    pub(crate) role: Option<String>,
    /// Who may assume the role, exactly: accounts by their 12 digits, IAM users and roles by ARN. Accounts and users
    /// have to sign in with MFA; the session of a role does not carry that. Where it is not written, a new role lets
    /// the account itself in, and an existing one is changed only where users get in without MFA, or no one gets in.
    pub(crate) principals: Option<Vec<String>>,
    /// The role's description.
    #[schemars(length(max = 1000))]
    pub(crate) role_description: Option<String>,
    /// The ARN of the managed policy that limits the role, as some organizations demand of every role. A role that has
    /// another one, or one that is not written here, is left alone and reported: a boundary is never taken away.
    pub(crate) permissions_boundary: Option<Template>,
}

impl Model {
    /// True if the role is to be removed.
    pub(super) fn is_off(&self) -> bool {
        self.enabled == Some(false)
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The role of the name that is wanted, if it exists; in an export the one that was found.
    pub(crate) role: Option<Role>,
    /// Another role that has the policy, where this one does not.
    pub(crate) other: Option<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its name as IAM has it.
    pub(crate) name: String,
    /// True with AWSSupportAccess.
    pub(crate) has_support_access: bool,
    /// Its ARN.
    pub(crate) arn: String,
    /// Its trust policy.
    pub(crate) trust: Policy,
    /// The policy that limits it, by ARN.
    pub(crate) boundary: Option<String>,
    /// Its policies beside AWSSupportAccess.
    pub(crate) others: OtherPolicies,
    /// Its description.
    pub(crate) description: Option<String>,
    /// The other policies and the instance profiles, by name. Read only where the role is to go.
    pub(crate) foreign: Vec<String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make the role.
    CreateRole {
        role: String,
        trust: Policy,
        description: Option<String>,
        boundary: Option<Template>,
        tags: Tags,
    },
    /// Attach AWSSupportAccess.
    AttachSupportAccess { role: String },
    /// Limit the role by a permissions boundary.
    PutBoundary { role: String, boundary: String },
    /// Detach a managed policy that denies everything.
    DetachPolicy { role: String, policy: String },
    /// Delete an inline policy that denies everything.
    DeletePolicy { role: String, policy: String },
    /// Replace the trust policy.
    UpdateTrust { role: String, trust: Policy },
    /// Set the description alone.
    Describe { role: String, description: String },
    /// Tag the role.
    TagRole { role: String, tags: Tags },
    /// Detach AWSSupportAccess and delete the role.
    DeleteRole { role: String },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::CreateRole { role, .. } => write!(f, "create the role {role}"),
            Action::AttachSupportAccess { role } => write!(f, "attach AWSSupportAccess to the role {role}"),
            Action::PutBoundary { role, boundary } => {
                write!(f, "limit the role {role} by the permissions boundary {boundary}")
            }
            Action::DetachPolicy { role, policy } => write!(f, "detach {policy} from the role {role}"),
            Action::DeletePolicy { role, policy } => {
                write!(f, "delete the inline policy {policy} of the role {role}")
            }
            Action::UpdateTrust { role, .. } => write!(f, "set who may assume the role {role}"),
            Action::Describe { role, .. } => write!(f, "set the description of the role {role}"),
            Action::TagRole { role, tags } => write!(f, "tag the role {role}: {}", shown(tags)),
            Action::DeleteRole { role } => write!(f, "delete the role {role}"),
        }
    }
}
