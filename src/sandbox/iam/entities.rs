//! IAM's users, groups and roles, with their policies, passwords, devices and keys.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_policy::Policy;
use trueup_policy::evaluate::deleted_principals;

use super::SERVICE;
use super::credentials::{Device, device, key, password};
use super::managed::{Managed, exists, policy};
use super::members::{group, groups_of, instance_profiles, last_used, membership, tag};
use super::paging::page;
use super::policies::{attached, encoded, entities_for, inline, trust};
use super::service_linked;
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call, tags};

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
    /// The virtual MFA devices, by serial number.
    pub devices: BTreeMap<String, Device>,
    /// The account's own managed policies, by ARN.
    pub policies: BTreeMap<String, Managed>,
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
    /// Its last use, if there was one. The sandbox does not look at what requests are signed with: nothing but a
    /// state that somebody edits says so.
    pub used: Option<Used>,
}

/// A key's last use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// When, in seconds since 1970.
    pub at: i64,
    /// In which region.
    pub region: String,
    /// With which service, by its short name.
    pub service: String,
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
    /// The ARN of the policy that limits it.
    #[serde(default)]
    pub boundary: Option<String>,
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
        "ListUsers" | "ListGroups" | "ListRoles" => all(account, call, kind),
        "ListGroupsForUser" => groups_of(account, call),
        "DeleteUser" | "DeleteGroup" | "DeleteRole" => delete(account, call, kind),
        "AddUserToGroup" | "RemoveUserFromGroup" => membership(account, call),
        "UpdateRole" | "UpdateAssumeRolePolicy" | "UpdateRoleDescription" => update(account, call),
        "PutRolePermissionsBoundary" | "DeleteRolePermissionsBoundary" => limit(account, call),
        "PutUserPolicy" | "PutGroupPolicy" | "PutRolePolicy" | "DeleteUserPolicy" | "DeleteGroupPolicy"
        | "DeleteRolePolicy" | "GetUserPolicy" | "GetGroupPolicy" | "GetRolePolicy" | "ListUserPolicies"
        | "ListGroupPolicies" | "ListRolePolicies" => inline(account, call, kind),
        "AttachUserPolicy"
        | "AttachGroupPolicy"
        | "AttachRolePolicy"
        | "DetachUserPolicy"
        | "DetachGroupPolicy"
        | "DetachRolePolicy"
        | "ListAttachedUserPolicies"
        | "ListAttachedGroupPolicies"
        | "ListAttachedRolePolicies" => attached(account, call, kind),
        "TagUser" | "TagRole" | "UntagUser" | "UntagRole" | "ListUserTags" | "ListRoleTags" => {
            tag(account, call, kind)
        }
        "ListEntitiesForPolicy" => entities_for(account, call),
        "CreatePolicy"
        | "GetPolicy"
        | "ListPolicies"
        | "DeletePolicy"
        | "CreatePolicyVersion"
        | "GetPolicyVersion"
        | "ListPolicyVersions"
        | "SetDefaultPolicyVersion"
        | "DeletePolicyVersion" => policy(account, call),
        "ListInstanceProfilesForRole" => instance_profiles(account, call),
        "CreateLoginProfile" | "GetLoginProfile" | "DeleteLoginProfile" => password(account, call),
        "ListMFADevices"
        | "ListVirtualMFADevices"
        | "CreateVirtualMFADevice"
        | "DeleteVirtualMFADevice"
        | "EnableMFADevice"
        | "DeactivateMFADevice" => device(account, call),
        "ListAccessKeys" | "CreateAccessKey" | "UpdateAccessKey" | "DeleteAccessKey" => key(account, call),
        "GetAccessKeyLastUsed" => last_used(account, call),
        _ => return None,
    })
}

pub(super) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

pub(super) fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::with_status(404, "NoSuchEntity", message)
}

pub(super) fn unknown(kind: Kind, name: &str) -> AwsError {
    not_found(format!("The {} with name {name} cannot be found.", kind.word()))
}

pub(super) fn find<'a, T>(all: &'a BTreeMap<String, T>, call: &Call, kind: Kind) -> Result<&'a T, AwsError> {
    let name = call.input.text(kind.member());
    all.get(name).ok_or_else(|| unknown(kind, name))
}

pub(super) fn find_mut<'a, T>(
    all: &'a mut BTreeMap<String, T>,
    call: &Call,
    kind: Kind,
) -> Result<&'a mut T, AwsError> {
    let name = call.input.text(kind.member());
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

fn create(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let name = call.input.text(kind.member()).to_owned();
    let most = if kind == Kind::Group { 128 } else { 64 };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || name.len() > most || !name.chars().all(plain) {
        return Err(SERVICE.invalid(format!(
            "The specified value for {} is invalid.",
            kind.word().to_owned() + "Name"
        )));
    }
    let all = &account.iam.entities;
    let names: Vec<&String> = match kind {
        Kind::User => all.users.keys().collect(),
        Kind::Group => all.groups.keys().collect(),
        Kind::Role => all.roles.keys().collect(),
    };
    let shown = match kind {
        Kind::Group => "Group",
        Kind::User => "User",
        Kind::Role => "Role",
    };
    if names.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
        return Err(AwsError::with_status(
            409,
            "EntityAlreadyExists",
            format!("{shown} with name {name} already exists."),
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
        tags: SERVICE.tags(call.input.list("Tags"))?,
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
                trust: trust(call, "AssumeRolePolicyDocument")?,
                description: description(call)?,
                max_session: session(call)?,
                boundary: boundary(all, call)?,
            };
            all.roles.insert(name, role);
        }
    }
    one(account, call, kind).map(|mut made| {
        // The answer to its creation has neither.
        if let Some(made) = made.as_object_mut() {
            made.remove("MaxSessionDuration");
            made.remove("RoleLastUsed");
        }
        json!({ shown: made })
    })
}

/// A description has the characters of Latin-1 that can be seen (IAM API reference, `CreateRole`).
fn description(call: &Call) -> Result<Option<String>, AwsError> {
    let Some(text) = call.input["Description"].as_str() else {
        return Ok(None);
    };
    let plain = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if text.chars().count() > 1000 || !text.chars().all(plain) {
        return Err(SERVICE.invalid(format!(
            "1 validation error detected: Value '{text}' at 'description' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*"
        )));
    }
    Ok(Some(text.to_owned()))
}

/// The policy of a call that is to limit a role: one that exists.
fn boundary(all: &Entities, call: &Call) -> Result<Option<String>, AwsError> {
    let Some(arn) = call.input["PermissionsBoundary"].as_str() else {
        return Ok(None);
    };
    if exists(all, arn).is_err() {
        return Err(not_found(format!(
            "Scope ARN: {arn} does not exist or is not attachable."
        )));
    }
    Ok(Some(arn.to_owned()))
}

fn limit(account: &mut Account, call: &Call) -> Answer {
    let boundary = boundary(&account.iam.entities, call)?;
    let role = find_mut(&mut account.iam.entities.roles, call, Kind::Role)?;
    if call.operation.starts_with("Put") && boundary.is_none() {
        return Err(SERVICE.missing("PermissionsBoundary"));
    }
    role.boundary = boundary;
    Ok(Value::Null)
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
            SERVICE.invalid(format!(
                    "1 validation error detected: Value '{asked}' at 'maxSessionDuration' failed to satisfy constraint: \
                     Member must have value between 3600 and 43200"
                ),
            )
        })
}

pub(super) fn output(account: &str, kind: Kind, name: &str, common: &Common) -> Value {
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
    match tags.is_empty() {
        true => Value::Null,
        false => tags::output(tags).into(),
    }
}

pub(super) fn one(account: &Account, call: &Call, kind: Kind) -> Answer {
    let (all, name) = (&account.iam.entities, call.input.text(kind.member()));
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
            // Nothing here uses a role.
            shown["RoleLastUsed"] = json!({});
            // A list of roles leaves it out (IAM API reference, `ListRoles`).
            if let Some(boundary) = &role.boundary {
                shown["PermissionsBoundary"] = json!({
                    "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
                    "PermissionsBoundaryArn": boundary,
                });
            }
            shown
        }
    })
}

fn all(account: &Account, call: &Call, kind: Kind) -> Answer {
    let all = &account.iam.entities;
    let path = call.input["PathPrefix"].as_str().unwrap_or("/");
    let plain = |name: &String, common: &Common| output(&account.id, kind, name, common);
    let (member, mut shown): (&str, Vec<Value>) = match kind {
        Kind::User => {
            let users = all.users.iter();
            (
                "Users",
                users.map(|(name, user)| plain(name, &user.common)).collect(),
            )
        }
        Kind::Group => {
            let groups = all.groups.iter();
            (
                "Groups",
                groups.map(|(name, group)| plain(name, &group.common)).collect(),
            )
        }
        Kind::Role => {
            let roles = all
                .roles
                .iter()
                .map(|(name, role)| shown_role(&account.id, name, role));
            let mut shown: Vec<Value> = roles.chain(service_linked::all(account)).collect();
            shown.sort_by(|one, other| one.text("RoleName").cmp(other.text("RoleName")));
            ("Roles", shown)
        }
    };
    shown.retain(|one| one["Path"].as_str().is_some_and(|has| has.starts_with(path)));
    page(call, member, shown)
}

fn delete(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let name = call.input.text(kind.member()).to_owned();
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
            if all
                .devices
                .values()
                .any(|device| device.user.as_ref() == Some(&name))
            {
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

/// Refuses the unique id of a deleted principal. A new role may have one, so that a world can have an account in which
/// a principal was deleted.
fn alive(trust: &str) -> Result<(), AwsError> {
    let gone = trust.parse::<Policy>().ok();
    let gone = gone.and_then(|trust| deleted_principals(&trust).into_iter().next().map(|(_, id)| id));
    gone.map_or(Ok(()), |id| {
        let what = format!("Invalid principal in policy: \"AWS\":\"{id}\"");
        Err(AwsError::new("MalformedPolicyDocument", what))
    })
}

fn update(account: &mut Account, call: &Call) -> Answer {
    let role = find_mut(&mut account.iam.entities.roles, call, Kind::Role)?;
    if call.operation == "UpdateAssumeRolePolicy" {
        let document = trust(call, "PolicyDocument")?;
        alive(&document)?;
        role.trust = document;
        return Ok(Value::Null);
    }
    if call.operation == "UpdateRoleDescription" {
        role.description = description(call)?.or(Some(String::new()));
        return one(account, call, Kind::Role).map(|role| json!({ "Role": role }));
    }
    role.max_session = session(call)?;
    if let Some(description) = description(call)? {
        role.description = Some(description);
    }
    Ok(json!({}))
}
