//! Reading: the group with its policies and members, the role, and what is known of each user.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{AttachedPolicy, EntityType, StatusType, Tag};
use futures::future::try_join_all;

use super::documents::{self, Own};
use super::model::{Group, Ids, Model, Role, SatisfiedBy, User};
use super::{administrator_access, role_arn};
use crate::control::{Cx, Env, Manager, Seen};
use crate::fault::Fault;
use crate::policy::Policy;
use crate::tags::Tags;
use crate::words::NumberOr;

pub(in crate::controls) type Iam = aws_sdk_iam::Client;

/// The path of the roles that IAM Identity Center makes.
const IDENTITY_CENTER: &str = "/aws-reserved/sso.amazonaws.com/";

pub(in crate::controls) fn own(env: &Env) -> Own<'_> {
    Own {
        partition: &env.partition,
        account: &env.account,
    }
}

/// Reads all of it. Without a wanted table the group and the role are found by what they do.
pub(super) async fn read(cx: &Cx, want: Option<&Model>) -> Result<Seen<Model, Ids>, Fault> {
    let clients = cx.clients();
    let iam = &clients.iam;
    let mut ids = Ids {
        identity_center: administrators(cx, iam, Some(IDENTITY_CENTER))
            .await?
            .into_iter()
            .next(),
        ..Ids::default()
    };
    let goes = want.is_some_and(Model::is_off);
    ids.role = match want {
        Some(Model { role: Some(name), .. }) => role(cx, iam, name, goes).await?,
        Some(_) => None,
        None => likely_role(cx, iam).await?,
    };
    let group = match want {
        Some(Model {
            group: Some(name), ..
        }) => group(iam, name).await?,
        Some(_) => None,
        None => likely_group(cx, iam, ids.role.as_ref()).await?,
    };

    let mut model = Model {
        satisfied_by: ids.identity_center.as_ref().map(|_| SatisfiedBy::IdentityCenter),
        // These two say how to look and what to allow: nothing of the account.
        access_key_max_age_days: want.and_then(|want| want.access_key_max_age_days),
        caller_may_lose_access: want.and_then(|want| want.caller_may_lose_access),
        ..Model::default()
    };
    if let Some(role) = &ids.role {
        let written = want.and_then(|want| want.role.clone());
        model.role = Some(written.unwrap_or_else(|| role.name.clone()));
        model.role_description = Some(role.description.clone().unwrap_or_default());
        model.max_session_seconds = Some(role.max_session);
        if let Some(asked) = documents::asked(&role.trust, own(&cx.env)) {
            model.mfa_condition = asked.mfa;
            model.mfa_max_age_seconds = Some(NumberOr::from_api(asked.max_age));
        }
    }
    let wanted = want.map(Model::members).unwrap_or_default();
    if let Some((group, members)) = group {
        let written = want.and_then(|want| want.group.clone());
        model.group = Some(written.unwrap_or_else(|| group.name.clone()));
        model.users = Some(in_order(members, wanted));
        ids.group = Some(group);
    }
    let asked_of = match want {
        Some(_) => wanted.to_vec(),
        None => model.members().to_vec(),
    };
    let users = try_join_all(
        asked_of
            .into_iter()
            .map(|name| async move { Ok::<_, Fault>(user(iam, &name).await?.map(|user| (name, user))) }),
    );
    ids.users = users.await?.into_iter().flatten().collect();

    let is_there = ids.group.is_some() || ids.role.is_some();
    model.enabled = Some(is_there || (!goes && model.satisfied_by.is_some()));
    let stack = ids
        .role
        .as_ref()
        .and_then(|role| role.tags.get("aws:cloudformation:stack-name"));
    let held_by = stack.map(|stack| Manager {
        who: format!("the CloudFormation stack {stack}, which made the role"),
    });
    Ok(Seen { model, ids, held_by })
}

/// Members are a set: in the order and the spelling of the file, then of the alphabet, so that only what differs is
/// shown.
fn in_order(members: Vec<String>, wanted: &[String]) -> Vec<String> {
    let place = |name: &String| wanted.iter().position(|wanted| wanted.eq_ignore_ascii_case(name));
    let mut users: Vec<(usize, String)> = members
        .into_iter()
        .map(|name| match place(&name) {
            Some(at) => (at, wanted[at].clone()),
            None => (usize::MAX, name),
        })
        .collect();
    users.sort();
    users.into_iter().map(|(_, name)| name).collect()
}

/// What exists, or nothing where IAM knows none of that name.
pub(in crate::controls) fn found<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.is("NoSuchEntity") => Ok(None),
        Err(fault) => Err(fault),
    }
}

pub(in crate::controls) fn document(call: &str, text: Option<&str>) -> Result<Policy, Fault> {
    Policy::from_encoded(text.unwrap_or_default()).map_err(|error| Fault::answer(call, error.to_string()))
}

pub(in crate::controls) fn tags(tags: Option<Vec<Tag>>) -> Tags {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

/// The roles with AdministratorAccess, by name, in order: those of IAM Identity Center, or the others.
async fn administrators(cx: &Cx, iam: &Iam, path: Option<&str>) -> Result<Vec<String>, Fault> {
    let mut names = roles_with(iam, &administrator_access(&cx.env), path).await?;
    names.retain(|name| name.starts_with("AWSReservedSSO_") == path.is_some());
    Ok(names)
}

/// The roles with a managed policy, by name, in order.
pub(in crate::controls) async fn roles_with(
    iam: &Iam,
    policy: &str,
    path: Option<&str>,
) -> Result<Vec<String>, Fault> {
    let pages = iam
        .list_entities_for_policy()
        .policy_arn(policy)
        .entity_filter(EntityType::Role)
        .set_path_prefix(path.map(str::to_owned))
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await?;
    let roles = pages
        .into_iter()
        .flat_map(|page| page.policy_roles.unwrap_or_default());
    let mut names: Vec<String> = roles.filter_map(|role| role.role_name).collect();
    names.sort();
    Ok(names)
}

/// The role that the account's own users can assume as administrators: one that asks for MFA.
async fn likely_role(cx: &Cx, iam: &Iam) -> Result<Option<Role>, Fault> {
    for name in administrators(cx, iam, None).await? {
        let Some(role) = role(cx, iam, &name, false).await? else {
            continue;
        };
        let asked = documents::asked(&role.trust, own(&cx.env));
        if asked.is_some_and(|asked| asked.mfa.is_some()) {
            return Ok(Some(role));
        }
    }
    Ok(None)
}

/// The group that can switch to the role, and whose members can manage their own MFA.
async fn likely_group(
    cx: &Cx,
    iam: &Iam,
    role: Option<&Role>,
) -> Result<Option<(Group, Vec<String>)>, Fault> {
    let Some(role) = role else {
        return Ok(None);
    };
    let mut needs = documents::self_service_at_least(own(&cx.env));
    needs.push(("sts:AssumeRole", role.arn.clone()));
    for name in group_names(iam).await? {
        let Some((group, members)) = group(iam, &name).await? else {
            continue;
        };
        let all = || group.inline.values().chain(group.attached.values());
        if needs
            .iter()
            .all(|(action, resource)| documents::allow(all(), action, resource))
        {
            return Ok(Some((group, members)));
        }
    }
    Ok(None)
}

async fn group_names(iam: &Iam) -> Result<Vec<String>, Fault> {
    let groups = iam.list_groups().into_paginator().items().send();
    let groups = groups.collect::<Result<Vec<_>, _>>().await?;
    Ok(groups.into_iter().map(|group| group.group_name).collect())
}

/// A role as IAM tells it, whatever the case of its name and its path.
pub(in crate::controls) async fn any_case(
    iam: &Iam,
    name: &str,
) -> Result<Option<aws_sdk_iam::types::Role>, Fault> {
    let get =
        |name: String| async move { found(iam.get_role().role_name(name).send().await.map_err(Fault::from)) };
    let mut answer = get(name.to_owned()).await?;
    if answer.is_none() {
        let roles = iam.list_roles().into_paginator().items().send();
        let roles = roles.collect::<Result<Vec<_>, _>>().await?;
        let other = roles
            .into_iter()
            .find(|role| role.role_name.eq_ignore_ascii_case(name));
        if let Some(other) = other {
            answer = get(other.role_name).await?;
        }
    }
    Ok(answer.and_then(|answer| answer.role))
}

/// The managed policies of a role.
pub(in crate::controls) async fn attached_to(iam: &Iam, role: &str) -> Result<Vec<AttachedPolicy>, Fault> {
    let attached = iam
        .list_attached_role_policies()
        .role_name(role)
        .into_paginator()
        .items()
        .send();
    Ok(attached.collect::<Result<Vec<_>, _>>().await?)
}

/// A role by its name. With `whole`, also what stands in the way of deleting it.
async fn role(cx: &Cx, iam: &Iam, name: &str, whole: bool) -> Result<Option<Role>, Fault> {
    let Some(role) = any_case(iam, name).await? else {
        return Ok(None);
    };
    let attached = attached_to(iam, &role.role_name).await?;
    let administrator = administrator_access(&cx.env);
    let is_administrator = |policy: &AttachedPolicy| policy.policy_arn.as_deref() == Some(&administrator);
    let lacks_administrator_access = !attached.iter().any(is_administrator);
    let mut foreign = vec![];
    if whole {
        let others = attached.into_iter().filter(|policy| !is_administrator(policy));
        foreign.extend(others.filter_map(|policy| policy.policy_name));
        foreign.extend(in_the_way(iam, &role.role_name).await?);
    }
    let boundary = role
        .permissions_boundary
        .and_then(|boundary| boundary.permissions_boundary_arn);
    Ok(Some(Role {
        trust: document("iam:GetRole", role.assume_role_policy_document.as_deref())?,
        // A role that was just made may be told by its id for a moment.
        arn: if role.arn.starts_with("arn:") {
            role.arn
        } else {
            role_arn(&cx.env, &role.role_name)
        },
        name: role.role_name,
        description: role.description,
        max_session: role.max_session_duration.unwrap_or(3600),
        lacks_administrator_access,
        boundary,
        foreign,
        tags: tags(role.tags),
    }))
}

/// The inline policies and the instance profiles of a role.
pub(in crate::controls) async fn in_the_way(iam: &Iam, role: &str) -> Result<Vec<String>, Fault> {
    let inline = iam
        .list_role_policies()
        .role_name(role)
        .into_paginator()
        .items()
        .send();
    let mut names = inline.collect::<Result<Vec<_>, _>>().await?;
    let profiles = iam
        .list_instance_profiles_for_role()
        .role_name(role)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await?;
    names.extend(profiles.into_iter().map(|profile| profile.instance_profile_name));
    Ok(names)
}

async fn group(iam: &Iam, name: &str) -> Result<Option<(Group, Vec<String>)>, Fault> {
    let get = |name: String| async move {
        let pages = iam.get_group().group_name(name).into_paginator().send();
        found(pages.collect::<Result<Vec<_>, _>>().await.map_err(Fault::from))
    };
    let mut pages = get(name.to_owned()).await?;
    if pages.is_none() {
        let others = group_names(iam).await?;
        if let Some(other) = others.into_iter().find(|other| other.eq_ignore_ascii_case(name)) {
            pages = get(other).await?;
        }
    }
    let Some(pages) = pages else {
        return Ok(None);
    };
    let name = pages
        .iter()
        .find_map(|page| page.group.as_ref())
        .map_or_else(|| name.to_owned(), |group| group.group_name.clone());
    let members = pages.into_iter().flat_map(|page| page.users);
    let members = members.map(|user| user.user_name).collect();

    let policies = iam
        .list_group_policies()
        .group_name(&name)
        .into_paginator()
        .items()
        .send();
    let mut inline = BTreeMap::new();
    for policy in policies.collect::<Result<Vec<_>, _>>().await? {
        let get = iam.get_group_policy().group_name(&name).policy_name(&policy);
        let answer = get.send().await?;
        inline.insert(
            policy,
            document("iam:GetGroupPolicy", Some(&answer.policy_document))?,
        );
    }
    let policies = iam
        .list_attached_group_policies()
        .group_name(&name)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await?;
    let mut attached = BTreeMap::new();
    for policy in policies {
        if let (Some(name), Some(arn)) = (policy.policy_name, policy.policy_arn) {
            attached.insert(name, managed(iam, &arn).await?);
        }
    }
    Ok(Some((
        Group {
            name,
            inline,
            attached,
        },
        members,
    )))
}

/// The document of a managed policy.
async fn managed(iam: &Iam, arn: &str) -> Result<Policy, Fault> {
    let policy = iam.get_policy().policy_arn(arn).send().await?;
    let version = policy.policy.and_then(|policy| policy.default_version_id);
    let answer = iam
        .get_policy_version()
        .policy_arn(arn)
        .set_version_id(version)
        .send()
        .await?;
    let text = answer.policy_version.and_then(|version| version.document);
    document("iam:GetPolicyVersion", text.as_deref())
}

async fn user(iam: &Iam, name: &str) -> Result<Option<User>, Fault> {
    let get =
        |name: String| async move { found(iam.get_user().user_name(name).send().await.map_err(Fault::from)) };
    let mut answer = get(name.to_owned()).await?;
    if answer.is_none() {
        let users = iam.list_users().into_paginator().items().send();
        let users = users.collect::<Result<Vec<_>, _>>().await?;
        let other = users
            .into_iter()
            .find(|user| user.user_name.eq_ignore_ascii_case(name));
        if let Some(other) = other {
            answer = get(other.user_name).await?;
        }
    }
    let Some(user) = answer.and_then(|answer| answer.user) else {
        return Ok(None);
    };
    let profile = iam.get_login_profile().user_name(&user.user_name).send().await;
    let has_password = found(profile.map_err(Fault::from))?.is_some();
    let devices = iam.list_mfa_devices().user_name(&user.user_name).send().await?;
    let keys = iam.list_access_keys().user_name(&user.user_name).send().await?;
    let keys = keys.access_key_metadata.into_iter();
    let keys = keys
        .filter(|key| key.status == Some(StatusType::Active))
        .filter_map(|key| {
            let made = jiff::Timestamp::from_second(key.create_date?.secs()).ok()?;
            let day = jiff::tz::TimeZone::UTC.to_datetime(made).date();
            Some((key.access_key_id?, day.to_string()))
        });
    Ok(Some(User {
        has_password,
        has_mfa: !devices.mfa_devices.is_empty(),
        keys: keys.collect(),
        tags: tags(user.tags),
        name: user.user_name,
    }))
}
