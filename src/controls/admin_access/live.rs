//! Reading: the group with its policies and members, the role, and what is known of each user.
//!
//! Writing: one call for each change, with the waits that IAM's propagation needs.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use futures::future::try_join_all;
use trueup_aws::{Cx, Failure, done, found};
use trueup_core::control::Observed;
use trueup_core::fault::Fault;
use trueup_core::values::{NumberOr, Template};

use super::documents;
use super::model::{Action, Group, Ids, Model, Role, SatisfiedBy, User};
use super::{administrator_access, role_arn, wanted_users};
use crate::access::May;
use crate::role_rights::OtherPolicies;
use crate::role_trust::{Own, Probe};
use crate::roles::{self, NONE, document, managed, sent};

/// The path of the roles that IAM Identity Center makes.
const IDENTITY_CENTER: &str = "/aws-reserved/sso.amazonaws.com/";

/// Reads all of it. Without a wanted table the group and the role are found by what they do.
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
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
        model.permissions_boundary = role.boundary.clone().map(Template::from);
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
    if let Some(role) = &ids.role {
        let own = Own::of(&cx.env);
        let users = want.map(|want| wanted_users(want, &ids, own)).unwrap_or_default();
        if let Some(asked) = Probe::new(&role.trust, own, users).asks(&role.trust) {
            model.mfa_condition = asked.mfa;
            model.mfa_max_age_seconds = Some(NumberOr::from_api(asked.max_age));
        }
    }

    let is_there = ids.group.is_some() || ids.role.is_some();
    model.enabled = Some(is_there || (!goes && model.satisfied_by.is_some()));
    let held_by = ids.role.as_ref().and_then(|role| roles::stack(&role.tags));
    Ok(Observed { model, ids, held_by })
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

/// The roles with AdministratorAccess, by name, in order: those of IAM Identity Center, or the others.
async fn administrators(cx: &Cx, iam: &Client, path: Option<&str>) -> Result<Vec<String>, Failure> {
    let mut names = roles::with_policy(iam, &administrator_access(&cx.env), path).await?;
    names.retain(|name| name.starts_with("AWSReservedSSO_") == path.is_some());
    Ok(names)
}

/// The role that the account's own users can assume as administrators: one that asks for MFA.
async fn likely_role(cx: &Cx, iam: &Client) -> Result<Option<Role>, Failure> {
    for name in administrators(cx, iam, None).await? {
        let Some(role) = role(cx, iam, &name, false).await? else {
            continue;
        };
        let asked = Probe::new(&role.trust, Own::of(&cx.env), vec![]).asks(&role.trust);
        if asked.is_some_and(|asked| asked.mfa.is_some()) {
            return Ok(Some(role));
        }
    }
    Ok(None)
}

/// The group that can switch to the role, and whose members can manage their own MFA.
async fn likely_group(
    cx: &Cx,
    iam: &Client,
    role: Option<&Role>,
) -> Result<Option<(Group, Vec<String>)>, Failure> {
    let Some(role) = role else {
        return Ok(None);
    };
    let mut needs = documents::self_service_at_least(Own::of(&cx.env));
    needs.push(("sts:AssumeRole", role.arn.clone()));
    for name in group_names(iam).await? {
        let Some((group, members)) = group(iam, &name).await? else {
            continue;
        };
        let all = group.inline.values().chain(group.attached.values());
        if documents::members_may(all, &needs, Own::of(&cx.env)) == May::Yes {
            return Ok(Some((group, members)));
        }
    }
    Ok(None)
}

async fn group_names(iam: &Client) -> Result<Vec<String>, Failure> {
    let groups = iam.list_groups().into_paginator().items().send();
    let groups = groups.collect::<Result<Vec<_>, _>>().await?;
    Ok(groups.into_iter().map(|group| group.group_name).collect())
}

/// A role by its name. With `whole`, also what stands in the way of deleting it.
async fn role(cx: &Cx, iam: &Client, name: &str, whole: bool) -> Result<Option<Role>, Failure> {
    let Some(role) = roles::get_any_case(iam, name).await? else {
        return Ok(None);
    };
    let attached = roles::attached(iam, &role.role_name).await?;
    let administrator = administrator_access(&cx.env);
    let lacks_administrator_access = !attached
        .iter()
        .any(|policy| policy.policy_arn.as_deref() == Some(&administrator));
    let (mut others, mut foreign) = (OtherPolicies::default(), vec![]);
    if whole {
        foreign = roles::in_the_way(iam, &role.role_name, attached, &administrator).await?;
    } else {
        others = roles::policies(iam, &role.role_name, &attached, Some(&administrator)).await?;
    }
    let trust = roles::trust(&role)?;
    let boundary = roles::boundary(&role);
    Ok(Some(Role {
        // A role that was just made may be told by its id for a moment.
        arn: if role.arn.starts_with("arn:") {
            role.arn
        } else {
            role_arn(&cx.env, &role.role_name)
        },
        name: role.role_name,
        trust,
        description: role.description,
        max_session: role.max_session_duration.unwrap_or(3600),
        lacks_administrator_access,
        boundary,
        others,
        foreign,
        tags: roles::tags(role.tags),
    }))
}

async fn group(iam: &Client, name: &str) -> Result<Option<(Group, Vec<String>)>, Failure> {
    let get = |name: String| async move {
        let pages = iam.get_group().group_name(name).into_paginator().send();
        found(pages.collect::<Result<Vec<_>, _>>().await, NONE)
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

async fn user(iam: &Client, name: &str) -> Result<Option<User>, Failure> {
    let get = |name: String| async move { found(iam.get_user().user_name(name).send().await, NONE) };
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
    let has_password = found(profile, NONE)?.is_some();
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
        tags: roles::tags(user.tags),
        arn: user.arn,
        name: user.user_name,
    }))
}

/// The code for a name that is taken.
const TAKEN: &str = "EntityAlreadyExists";

/// Makes one change.
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let clients = cx.clients();
    let iam = &clients.iam;
    match action {
        Action::CreateGroup { group } => done(iam.create_group().group_name(group).send().await, &[TAKEN]),
        Action::PutGroupPolicy {
            group,
            policy,
            document,
        } => {
            let call = iam.put_group_policy().group_name(group).policy_name(policy);
            let call = call.policy_document(document.to_string());
            roles::patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
            Ok(())
        }
        Action::CreateUser { user, tags } => {
            let call = iam.create_user().user_name(user).set_tags(sent(tags)?);
            done(call.send().await, &[TAKEN])
        }
        Action::AddUser { group, user } => {
            let call = iam.add_user_to_group().group_name(group).user_name(user);
            roles::patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
            Ok(())
        }
        Action::RemoveUser { group, user } => {
            let call = iam.remove_user_from_group().group_name(group).user_name(user);
            done(call.send().await, &[NONE])
        }
        Action::CreateRole {
            role,
            trust,
            description,
            max_session,
            boundary,
            tags,
        } => {
            let new = roles::New {
                name: role,
                trust,
                description: description.as_deref(),
                max_session: *max_session,
                boundary: boundary.as_ref().map(Template::as_str),
                tags,
            };
            roles::create(cx, new).await
        }
        Action::PutBoundary { role, boundary } => roles::set_boundary(cx, role, boundary).await,
        Action::DetachPolicy { role, policy } => roles::detach(iam, role, policy).await,
        Action::DeletePolicy { role, policy } => roles::delete_inline(iam, role, policy).await,
        Action::AttachAdministratorAccess { role } => {
            roles::attach(cx, role, &administrator_access(&cx.env)).await
        }
        Action::UpdateTrust { role, trust, .. } => roles::set_trust(cx, role, trust).await,
        Action::UpdateRole {
            role,
            description,
            max_session,
        } => {
            let call = iam
                .update_role()
                .role_name(role)
                .max_session_duration(*max_session);
            let call = call.set_description(description.clone());
            roles::patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
            Ok(())
        }
        Action::TagRole { role, tags } => roles::tag(iam, role, tags).await,
        Action::TagUser { user, tags } => {
            let call = iam.tag_user().user_name(user).set_tags(sent(tags)?);
            call.send().await?;
            Ok(())
        }
        Action::DeleteGroupPolicy { group, policy } => {
            let call = iam.delete_group_policy().group_name(group).policy_name(policy);
            done(call.send().await, &[NONE])
        }
        Action::DeleteGroup { group } => done(iam.delete_group().group_name(group).send().await, &[NONE]),
        Action::DeleteRole { role } => {
            roles::detach(iam, role, &administrator_access(&cx.env)).await?;
            roles::delete(iam, role).await
        }
    }
}
