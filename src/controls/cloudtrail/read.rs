//! Reading the trail, its log group and its role.

use std::sync::Arc;

use aws_sdk_cloudtrail::types::Trail;
use trueup_aws::Reading;
use trueup_aws::{Cx, Failure};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::Tags;
use trueup_core::values::{NumberOr, Presence, Template};

use super::{Delivery, Group, Ids, Model, Role, owner, role, selectors};
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
    Ok(Arc::clone(&cx.shared::<Trails>().await?.0))
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

fn is_everywhere(trail: &Trail) -> bool {
    trail.is_multi_region_trail == Some(true)
}

fn is_organizations(trail: &Trail) -> bool {
    trail.is_organization_trail == Some(true)
}

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let trails = trails(cx).await?;
    let name = want.and_then(|want| want.name.as_deref());
    let of_organization = trails
        .iter()
        .find(|trail| owner(trail) != Some(&cx.env.account) && is_everywhere(trail));
    let mut ids = Ids {
        organization_trail: of_organization.and_then(|trail| trail.trail_arn.clone()),
        ..Ids::default()
    };
    let own = trails.iter().filter(|trail| {
        owner(trail) == Some(&cx.env.account) && is_everywhere(trail) && !is_organizations(trail)
    });
    let own: Vec<String> = own.filter_map(|trail| trail.name.clone()).collect();
    if own.len() > 1 {
        ids.several = own;
    }
    let Some(trail) = choose(&trails, name, &cx.env) else {
        return absent(cx, want, ids).await;
    };
    let (arn, home) = (
        trail.trail_arn().unwrap_or_default(),
        region(trail.home_region().unwrap_or_default())?,
    );
    ids.arn = Some(arn.to_owned());
    ids.name = trail.name.clone();
    ids.is_organizations = is_organizations(trail);
    ids.bucket = trail.s3_bucket_name.clone();
    ids.home = Some(home.clone());
    let cloudtrail = &cx.clients_in(&home).cloudtrail;
    let status = cloudtrail.get_trail_status().name(arn).send().await?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    ids.delivery_error = some(status.latest_delivery_error);
    ids.log_delivery_error = some(status.latest_cloud_watch_logs_delivery_error);
    let answer = cloudtrail.get_event_selectors().trail_name(arn).send().await?;
    let events = selectors::recorded(&answer);
    ids.told.left_out = selectors::left_out(&answer);
    if !cx.env.run.tags.is_empty() {
        let answer = cloudtrail.list_tags().resource_id_list(arn).send().await?;
        let listed = answer.resource_tag_list.unwrap_or_default().into_iter();
        let tags = listed.flat_map(|one| one.tags_list.unwrap_or_default());
        ids.tags = tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect();
    }
    let attached = trail.cloud_watch_logs_log_group_arn().and_then(group_of);
    let wanted = want.and_then(|want| want.log_group.as_deref());
    if let Some(name) = attached.or(wanted) {
        ids.group = Some(group(cx, name, &home, attached.is_some()).await?);
    }
    let attached_role = trail
        .cloud_watch_logs_role_arn()
        .and_then(|arn| arn.rsplit('/').next());
    read_role(cx, want, attached_role, &mut ids).await?;
    let live_group = ids.group.as_ref().filter(|group| group.is_attached);
    // What is never pointed elsewhere is as wanted, whatever it is called.
    let or_wanted =
        |live: Option<String>, want: Option<&String>| live.map(|live| want.cloned().unwrap_or(live));
    let model = Model {
        state: None,
        name: or_wanted(trail.name.clone(), want.and_then(|want| want.name.as_ref())),
        bucket: match want.and_then(|want| want.bucket.clone()) {
            Some(wanted) => Some(wanted),
            None => trail.s3_bucket_name.clone().map(Template::from),
        },
        prefix: match want {
            Some(want) => want.prefix.clone(),
            None => some(trail.s3_key_prefix.clone()),
        },
        kms_key: Some(some(trail.kms_key_id.clone()).unwrap_or_else(|| "none".to_owned())),
        multi_region: trail.is_multi_region_trail,
        log_file_validation: trail.log_file_validation_enabled,
        logging: status.is_logging,
        management_events: events,
        log_group: or_wanted(
            live_group.map(|group| group.name.clone()),
            want.and_then(|want| want.log_group.as_ref()),
        ),
        log_retention_days: ids
            .group
            .as_ref()
            .filter(|group| group.exists)
            .map(|group| NumberOr::from_api(group.retention)),
        role: or_wanted(
            live_group.and(attached_role).map(str::to_owned),
            want.and_then(|want| want.role.as_ref()),
        ),
    };
    let held_by = ids.is_organizations.then(|| of_the_organization(arn));
    Ok(Observed { model, ids, held_by })
}

fn of_the_organization(arn: &str) -> Manager {
    Manager {
        who: format!("the organization's trail {arn}"),
    }
}

/// There is no trail of the account's own.
async fn absent(cx: &Cx, want: Option<&Model>, mut ids: Ids) -> Result<Observed<Model, Ids>, Failure> {
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

fn region(name: &str) -> Result<Region, Failure> {
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

async fn group(cx: &Cx, name: &str, region: &Region, is_attached: bool) -> Result<Group, Failure> {
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
async fn read_role(
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
