//! Reading the trail, its log group and its role.

use std::sync::Arc;

use aws_sdk_cloudtrail::types::Trail;
use trueup_aws::{Cx, Failure, Reading};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::Tags;
use trueup_core::values::Presence;

use crate::cloudtrail::model::{Delivery, Group, Ids, Model, Role};
use crate::cloudtrail::role;
use crate::roles;

/// All trails that are seen from one region.
struct Trails(Arc<Vec<Trail>>);

impl Reading for Trails {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let call = cx
            .clients()
            .cloudtrail
            .describe_trails()
            .include_shadow_trails(true);
        let mut trails = call.send().await?.trail_list.unwrap_or_default();
        trails.sort_by(|one, other| one.trail_arn.cmp(&other.trail_arn));
        Ok(Trails(Arc::new(trails)))
    }
}

/// All trails that are seen from the home region: those that are at home there, and all that record every region.
pub(crate) async fn trails(cx: &Cx) -> Result<Arc<Vec<Trail>>, Failure> {
    Ok(Arc::clone(&cx.cached::<Trails>().await?.0))
}

/// The trail of this account's that is meant: the one of this name, or one that records every region, rather for this
/// account than for an organization.
pub(crate) fn choose<'a>(trails: &'a [Trail], name: Option<&str>, env: &Env) -> Option<&'a Trail> {
    let own = || trails.iter().filter(|trail| owner(trail) == Some(&env.account));
    let named = |trail: &&Trail| name.is_some() && trail.name() == name;
    let at_home = |trail: &&Trail| trail.home_region() == Some(env.home.as_str());
    own()
        .find(|trail| named(trail) && at_home(trail))
        .or_else(|| own().find(named))
        .or_else(|| own().find(|trail| is_everywhere(trail) && !is_organizations(trail)))
        .or_else(|| own().find(|trail| is_everywhere(trail)))
}

pub(super) fn is_everywhere(trail: &Trail) -> bool {
    trail.is_multi_region_trail == Some(true)
}

pub(super) fn is_organizations(trail: &Trail) -> bool {
    trail.is_organization_trail == Some(true)
}

pub(super) fn of_the_organization(arn: &str) -> Manager {
    Manager {
        who: format!("the organization's trail {arn}"),
    }
}

/// There is no trail of the account's own.
pub(super) async fn absent(
    cx: &Cx,
    want: Option<&Model>,
    mut ids: Ids,
) -> Result<Observed<Model, Ids>, Failure> {
    if let Some(name) = want.and_then(|want| want.log_group.as_deref()) {
        ids.group = Some(group(cx, name, &cx.env.home, false).await?);
        read_role(cx, want, None, &mut ids).await?;
    }
    let held_by = ids.organization_trail.as_deref().map(of_the_organization);
    Ok(Observed {
        model: Model {
            state: Some(Presence::Absent),
            ..Model::default()
        },
        ids,
        held_by,
    })
}

pub(super) fn region(name: &str) -> Result<Region, Failure> {
    let parsed = name.parse();
    parsed.map_err(|_| {
        Failure::answer(
            "cloudtrail:DescribeTrails",
            format!("the home region `{name}` is none"),
        )
    })
}

/// The name in the ARN of a log group.
pub(crate) fn group_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":log-group:")?;
    Some(name.strip_suffix(":*").unwrap_or(name)).filter(|name| !name.is_empty())
}

pub(super) async fn group(cx: &Cx, name: &str, region: &Region, is_attached: bool) -> Result<Group, Failure> {
    let logs = &cx.clients_in(region).logs;
    // The name is only a prefix here.
    let mut pages = logs
        .describe_log_groups()
        .log_group_name_prefix(name)
        .into_paginator()
        .items()
        .send();
    let mut found = None;
    while let Some(listed) = pages.next().await {
        let listed = listed?;
        if listed.log_group_name() == Some(name) {
            found = Some(listed);
            break;
        }
    }
    let mut tags = Tags::new();
    if found.is_some() && !cx.env.run.tags.is_empty() {
        let call = logs
            .list_tags_for_resource()
            .resource_arn(group_arn(name, region, &cx.env));
        tags = call.send().await?.tags.unwrap_or_default().into_iter().collect();
    }
    Ok(Group {
        name: name.to_owned(),
        region: region.clone(),
        exists: found.is_some(),
        is_attached,
        retention: found.and_then(|group| group.retention_in_days),
        tags,
    })
}

/// The ARN of a log group as its tags are called by, without `:*`.
pub(super) fn group_arn(name: &str, region: &Region, env: &Env) -> String {
    format!(
        "arn:{}:logs:{region}:{}:log-group:{name}",
        env.partition, env.account
    )
}

/// The role that delivers, or is going to; looked at only where a log group is wanted.
pub(super) async fn read_role(
    cx: &Cx,
    want: Option<&Model>,
    attached: Option<&str>,
    ids: &mut Ids,
) -> Result<(), Failure> {
    let wanted = want.and_then(|want| want.role.as_deref());
    let (Some(name), Some(group), Some(_)) = (attached.or(wanted), &ids.group, wanted) else {
        return Ok(());
    };
    let iam = &cx.clients().iam;
    let live = roles::get(iam, name).await?;
    let is_trusted = live
        .as_ref()
        .and_then(|role| roles::trust(role).ok())
        .is_some_and(|trust| trust.lacking(role::trust().statements()).is_empty());
    let mut lets = None;
    if live.is_some() {
        let needed = Delivery {
            group: group.name.clone(),
            region: group.region.clone(),
            role: name.to_owned(),
        };
        let policy = role::policy(&needed, &cx.env);
        lets = roles::inline_says(iam, name, role::POLICY, &policy).await?;
    }
    ids.role = Some(Role {
        name: name.to_owned(),
        exists: live.is_some(),
        is_trusted,
        is_attached: attached.is_some(),
        lets,
    });
    Ok(())
}

/// The account that a trail belongs to.
pub(super) fn owner(trail: &Trail) -> Option<&str> {
    trail.trail_arn.as_deref()?.split(':').nth(4)
}
