//! Who is in which group.

use serde_json::{Value, json};

use super::SERVICE;
use super::entities::{Kind, find, find_mut, not_found, one, output, unknown};
use super::paging::{cut, page};
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call, tags};

/// So many groups a user can be in (`GroupsPerUserQuota`).
pub(super) const GROUPS: usize = 10;

pub(super) fn group(account: &Account, call: &Call) -> Answer {
    let group = find(&account.iam.entities.groups, call, Kind::Group)?;
    let users = &account.iam.entities.users;
    let members = group.members.iter();
    let members: Vec<Value> = members
        .filter_map(|name| Some(output(&account.id, Kind::User, name, &users.get(name)?.common)))
        .collect();
    let (members, mut answer) = cut(call, members)?;
    answer["Group"] = one(account, call, Kind::Group)?;
    answer["Users"] = members.into();
    Ok(answer)
}

pub(super) fn groups_of(account: &Account, call: &Call) -> Answer {
    let all = &account.iam.entities;
    find(&all.users, call, Kind::User)?;
    let user = call.input.text("UserName");
    let groups = all
        .groups
        .iter()
        .filter(|(_, group)| group.members.contains(user));
    let groups = groups.map(|(name, group)| output(&account.id, Kind::Group, name, &group.common));
    page(call, "Groups", groups.collect())
}

pub(super) fn membership(account: &mut Account, call: &Call) -> Answer {
    let user = call.input.text("UserName").to_owned();
    let all = &mut account.iam.entities;
    find(&all.users, call, Kind::User)?;
    let others = all
        .groups
        .iter()
        .filter(|(name, group)| *name != call.input.text("GroupName") && group.members.contains(&user));
    let is_full = others.count() >= GROUPS;
    let group = find_mut(&mut all.groups, call, Kind::Group)?;
    if call.operation == "AddUserToGroup" {
        if is_full {
            return Err(AwsError::with_status(
                409,
                "LimitExceeded",
                format!("Cannot exceed quota for GroupsPerUser: {GROUPS}"),
            ));
        }
        group.members.insert(user);
    } else if !group.members.remove(&user) {
        return Err(unknown(Kind::User, &user));
    }
    Ok(Value::Null)
}

pub(super) fn instance_profiles(account: &Account, call: &Call) -> Answer {
    find(&account.iam.entities.roles, call, Kind::Role)?;
    Ok(json!({ "InstanceProfiles": [], "IsTruncated": false }))
}

/// The tags of a user or a role.
pub(super) fn tag(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let common = super::entities::common(account, call, kind)?;
    if call.operation.starts_with("List") {
        return page(call, "Tags", tags::output(&common.tags));
    }
    if call.operation.starts_with("Tag") {
        let new = SERVICE.tags(call.input.list("Tags"))?;
        let more = new.keys().filter(|key| !common.tags.contains_key(*key)).count();
        if common.tags.len() + more > 50 {
            return Err(AwsError::with_status(
                409,
                "LimitExceeded",
                "The number of tags has reached the maximum limit.",
            ));
        }
        common.tags.extend(new);
    } else {
        for key in call.input.list("TagKeys") {
            common.tags.remove(key.as_str().unwrap_or_default());
        }
    }
    Ok(Value::Null)
}

/// Which user has an access key, and when it was used last.
pub(super) fn last_used(account: &Account, call: &Call) -> Answer {
    let id = call.input.text("AccessKeyId");
    let (name, key) = account
        .iam
        .entities
        .users
        .iter()
        .find_map(|(name, user)| Some((name, user.keys.get(id)?)))
        .ok_or_else(|| not_found(format!("The Access Key with id {id} cannot be found")))?;
    // A key that was never used has words in place of these two, and no date (`AccessKeyLastUsed`).
    let used = match &key.used {
        None => json!({ "ServiceName": "N/A", "Region": "N/A" }),
        Some(used) => json!({ "LastUsedDate": super::entities::time(used.at), "ServiceName": used.service,
            "Region": used.region }),
    };
    Ok(json!({ "UserName": name, "AccessKeyLastUsed": used }))
}
