//! IAM's users, groups and roles, with their policies, passwords, devices and keys.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::credentials::{device, key, password};
use super::policies::{attached, document, encoded, entities_for, inline, policy};
use crate::sandbox::{Account, Answer, AwsError, Call};

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entities {
    /// The users, by name.
    pub users: BTreeMap<String, User>,
    /// The groups, by name.
    pub groups: BTreeMap<String, Group>,
    /// The roles, by name.
    pub roles: BTreeMap<String, Role>,
    /// The virtual MFA devices by serial number, each with its user.
    pub devices: BTreeMap<String, Option<String>>,
}

/// What users, groups and roles have alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Its path, `/` if it has none.
    pub path: String,
    /// The unique id.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// The inline policies' documents, by name.
    pub inline: BTreeMap<String, String>,
    /// The managed policies that are attached, by ARN.
    pub attached: BTreeSet<String>,
    /// The tags; a group has none.
    pub tags: BTreeMap<String, String>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// What all have.
    pub common: Common,
    /// When the console password was made, if there is one.
    pub password: Option<i64>,
    /// The access keys, by id.
    pub keys: BTreeMap<String, Key>,
}

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Whether it works.
    pub active: bool,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What all have.
    pub common: Common,
    /// The members, by name.
    pub members: BTreeSet<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What all have.
    pub common: Common,
    /// The trust policy's document.
    pub trust: String,
    /// The description.
    pub description: Option<String>,
    /// The longest session, in seconds.
    pub max_session: u32,
}

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    Role,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
        }
    }

    pub(super) fn member(self) -> &'static str {
        match self {
            Kind::User => "UserName",
            Kind::Group => "GroupName",
            Kind::Role => "RoleName",
        }
    }
}

/// Answers an operation on one of them, or nothing if it is none.
pub(super) fn handle(account: &mut Account, call: &Call) -> Option<Answer> {
    let operation = call.operation.as_str();
    let kind = if operation.contains("Group")
        && !operation.ends_with("ToGroup")
        && !operation.ends_with("FromGroup")
    {
        Kind::Group
    } else if operation.contains("Role") {
        Kind::Role
    } else {
        Kind::User
    };
    Some(match operation {
        "CreateUser" | "CreateGroup" | "CreateRole" => create(account, call, kind),
        "GetUser" | "GetRole" => one(account, call, kind).map(|found| {
            let name = if kind == Kind::User { "User" } else { "Role" };
            json!({ name: found })
        }),
        "GetGroup" => group(account, call),
        "ListUsers" | "ListGroups" | "ListRoles" => Ok(all(account, kind)),
        "DeleteUser" | "DeleteGroup" | "DeleteRole" => delete(account, call, kind),
        "AddUserToGroup" | "RemoveUserFromGroup" => membership(account, call),
        "UpdateRole" | "UpdateAssumeRolePolicy" | "UpdateRoleDescription" => update(account, call),
        "PutGroupPolicy" | "PutRolePolicy" | "DeleteGroupPolicy" | "DeleteRolePolicy" | "GetGroupPolicy"
        | "GetRolePolicy" | "ListGroupPolicies" | "ListRolePolicies" => inline(account, call, kind),
        "AttachGroupPolicy"
        | "AttachRolePolicy"
        | "DetachGroupPolicy"
        | "DetachRolePolicy"
        | "ListAttachedGroupPolicies"
        | "ListAttachedRolePolicies" => attached(account, call, kind),
        "TagUser" | "TagRole" | "UntagUser" | "UntagRole" => tag(account, call, kind),
        "ListEntitiesForPolicy" => entities_for(account, call),
        "GetPolicy" | "GetPolicyVersion" => policy(call),
        "ListInstanceProfilesForRole" => find(&account.iam.entities.roles, call, kind)
            .map(|_| json!({ "InstanceProfiles": [], "IsTruncated": false })),
        "CreateLoginProfile" | "GetLoginProfile" => password(account, call),
        "ListMFADevices" | "CreateVirtualMFADevice" | "EnableMFADevice" => device(account, call),
        "ListAccessKeys" | "CreateAccessKey" | "UpdateAccessKey" => key(account, call),
        _ => return None,
    })
}

pub(super) fn text<'a>(call: &'a Call, member: &str) -> &'a str {
    call.input[member].as_str().unwrap_or_default()
}

pub(super) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::with_status(404, "NoSuchEntity", message)
}

fn unknown(kind: Kind, name: &str) -> AwsError {
    not_found(format!("The {} with name {name} cannot be found.", kind.word()))
}

pub(super) fn find<'a, T>(all: &'a BTreeMap<String, T>, call: &Call, kind: Kind) -> Result<&'a T, AwsError> {
    let name = text(call, kind.member());
    all.get(name).ok_or_else(|| unknown(kind, name))
}

pub(super) fn find_mut<'a, T>(
    all: &'a mut BTreeMap<String, T>,
    call: &Call,
    kind: Kind,
) -> Result<&'a mut T, AwsError> {
    let name = text(call, kind.member());
    all.get_mut(name).ok_or_else(|| unknown(kind, name))
}

pub(super) fn common<'a>(
    account: &'a mut Account,
    call: &Call,
    kind: Kind,
) -> Result<&'a mut Common, AwsError> {
    let all = &mut account.iam.entities;
    Ok(match kind {
        Kind::User => &mut find_mut(&mut all.users, call, kind)?.common,
        Kind::Group => &mut find_mut(&mut all.groups, call, kind)?.common,
        Kind::Role => &mut find_mut(&mut all.roles, call, kind)?.common,
    })
}

fn tags(call: &Call) -> BTreeMap<String, String> {
    let tags = call.input["Tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned())))
        .collect()
}

fn create(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let name = text(call, kind.member()).to_owned();
    let most = if kind == Kind::Group { 128 } else { 64 };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || name.len() > most || !name.chars().all(plain) {
        return Err(AwsError::new(
            "ValidationError",
            format!(
                "The specified value for {} is invalid.",
                kind.word().to_owned() + "Name"
            ),
        ));
    }
    let all = &account.iam.entities;
    let names: Vec<&String> = match kind {
        Kind::User => all.users.keys().collect(),
        Kind::Group => all.groups.keys().collect(),
        Kind::Role => all.roles.keys().collect(),
    };
    if names.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
        return Err(AwsError::with_status(
            409,
            "EntityAlreadyExists",
            format!("{} with name {name} already exists.", kind.word()),
        ));
    }
    let prefix = match kind {
        Kind::User => "AIDA",
        Kind::Group => "AGPA",
        Kind::Role => "AROA",
    };
    let common = Common {
        path: call.input["Path"].as_str().unwrap_or("/").to_owned(),
        id: format!("{prefix}{}", account.ids.next_hex32()[..17].to_uppercase()),
        created: call.now,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        tags: tags(call),
    };
    let all = &mut account.iam.entities;
    match kind {
        Kind::User => {
            let user = User {
                common,
                password: None,
                keys: BTreeMap::new(),
            };
            all.users.insert(name, user);
        }
        Kind::Group => {
            let group = Group {
                common,
                members: BTreeSet::new(),
            };
            all.groups.insert(name, group);
        }
        Kind::Role => {
            let role = Role {
                common,
                trust: document(call, "AssumeRolePolicyDocument", true)?,
                description: call.input["Description"].as_str().map(str::to_owned),
                max_session: session(call)?,
            };
            all.roles.insert(name, role);
        }
    }
    let shown = match kind {
        Kind::Group => "Group",
        Kind::User => "User",
        Kind::Role => "Role",
    };
    one(account, call, kind).map(|made| json!({ shown: made }))
}

/// What is left out is an hour, at creation and in an update.
fn session(call: &Call) -> Result<u32, AwsError> {
    let Some(asked) = call.input["MaxSessionDuration"].as_str() else {
        return Ok(3600);
    };
    asked
        .parse()
        .ok()
        .filter(|seconds| (3600..=43200).contains(seconds))
        .ok_or_else(|| {
            AwsError::new(
                "ValidationError",
                format!(
                    "1 validation error detected: Value '{asked}' at 'maxSessionDuration' failed to satisfy constraint: \
                     Member must have value between 3600 and 43200"
                ),
            )
        })
}

fn output(account: &str, kind: Kind, name: &str, common: &Common) -> Value {
    let (word, member) = (kind.word(), kind.member());
    let id = match kind {
        Kind::User => "UserId",
        Kind::Group => "GroupId",
        Kind::Role => "RoleId",
    };
    json!({
        "Path": common.path,
        member: name,
        id: common.id,
        "Arn": format!("arn:aws:iam::{account}:{word}{}{name}", common.path),
        "CreateDate": time(common.created),
    })
}

fn shown_role(account: &str, name: &str, role: &Role) -> Value {
    let mut shown = output(account, Kind::Role, name, &role.common);
    shown["AssumeRolePolicyDocument"] = encoded(&role.trust).into();
    shown["Description"] = role.description.clone().into();
    shown["MaxSessionDuration"] = role.max_session.into();
    shown
}

fn shown_tags(tags: &BTreeMap<String, String>) -> Value {
    let pairs: Vec<Value> = tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    if pairs.is_empty() {
        Value::Null
    } else {
        pairs.into()
    }
}

fn one(account: &Account, call: &Call, kind: Kind) -> Answer {
    let (all, name) = (&account.iam.entities, text(call, kind.member()));
    Ok(match kind {
        Kind::User => {
            let user = find(&all.users, call, kind)?;
            let mut shown = output(&account.id, kind, name, &user.common);
            shown["Tags"] = shown_tags(&user.common.tags);
            shown
        }
        Kind::Group => output(&account.id, kind, name, &find(&all.groups, call, kind)?.common),
        Kind::Role => {
            let role = find(&all.roles, call, kind)?;
            let mut shown = shown_role(&account.id, name, role);
            shown["Tags"] = shown_tags(&role.common.tags);
            shown
        }
    })
}

fn all(account: &Account, kind: Kind) -> Value {
    let all = &account.iam.entities;
    let (member, shown): (&str, Vec<Value>) = match kind {
        Kind::User => (
            "Users",
            all.users
                .iter()
                .map(|(name, user)| output(&account.id, kind, name, &user.common))
                .collect(),
        ),
        Kind::Group => (
            "Groups",
            all.groups
                .iter()
                .map(|(name, group)| output(&account.id, kind, name, &group.common))
                .collect(),
        ),
        Kind::Role => (
            "Roles",
            all.roles
                .iter()
                .map(|(name, role)| shown_role(&account.id, name, role))
                .collect(),
        ),
    };
    json!({ member: shown, "IsTruncated": false })
}

fn group(account: &Account, call: &Call) -> Answer {
    let group = find(&account.iam.entities.groups, call, Kind::Group)?;
    let users = &account.iam.entities.users;
    let members = group.members.iter();
    let members: Vec<Value> = members
        .filter_map(|name| Some(output(&account.id, Kind::User, name, &users.get(name)?.common)))
        .collect();
    Ok(json!({ "Group": one(account, call, Kind::Group)?, "Users": members, "IsTruncated": false }))
}

fn delete(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let name = text(call, kind.member()).to_owned();
    let conflict = |what: &str| {
        AwsError::with_status(
            409,
            "DeleteConflict",
            format!("Cannot delete entity, must {what} first."),
        )
    };
    let has = common(account, call, kind)?;
    if !has.attached.is_empty() {
        return Err(conflict("detach all policies"));
    }
    if !has.inline.is_empty() {
        return Err(conflict("delete policies"));
    }
    let all = &mut account.iam.entities;
    match kind {
        Kind::User => {
            let user = find(&all.users, call, kind)?;
            if all.groups.values().any(|group| group.members.contains(&name)) {
                return Err(conflict("remove users from group"));
            }
            if user.password.is_some() {
                return Err(conflict("delete login profile"));
            }
            if !user.keys.is_empty() {
                return Err(conflict("delete access keys"));
            }
            if all.devices.values().flatten().any(|owner| *owner == name) {
                return Err(conflict("delete MFA device"));
            }
            all.users.remove(&name);
        }
        Kind::Group => {
            if !find(&all.groups, call, kind)?.members.is_empty() {
                return Err(conflict("remove users from group"));
            }
            all.groups.remove(&name);
        }
        Kind::Role => {
            all.roles.remove(&name);
        }
    }
    Ok(Value::Null)
}

fn membership(account: &mut Account, call: &Call) -> Answer {
    let user = text(call, "UserName").to_owned();
    let all = &mut account.iam.entities;
    find(&all.users, call, Kind::User)?;
    let group = find_mut(&mut all.groups, call, Kind::Group)?;
    if call.operation == "AddUserToGroup" {
        group.members.insert(user);
    } else if !group.members.remove(&user) {
        return Err(unknown(Kind::User, &user));
    }
    Ok(Value::Null)
}

fn update(account: &mut Account, call: &Call) -> Answer {
    let role = find_mut(&mut account.iam.entities.roles, call, Kind::Role)?;
    if call.operation == "UpdateAssumeRolePolicy" {
        role.trust = document(call, "PolicyDocument", true)?;
        return Ok(Value::Null);
    }
    if call.operation == "UpdateRoleDescription" {
        role.description = Some(text(call, "Description").to_owned());
        return one(account, call, Kind::Role).map(|role| json!({ "Role": role }));
    }
    role.max_session = session(call)?;
    if let Some(description) = call.input["Description"].as_str() {
        role.description = Some(description.to_owned());
    }
    Ok(json!({}))
}

fn tag(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let common = common(account, call, kind)?;
    if call.operation.starts_with("Tag") {
        common.tags.extend(tags(call));
    } else {
        for key in call.input["TagKeys"].as_array().into_iter().flatten() {
            common.tags.remove(key.as_str().unwrap_or_default());
        }
    }
    Ok(Value::Null)
}
