//! The calls: reading, and each change. What is already as asked for, or already gone, counts as done.

use trueup_aws::wait::{self, HALF_A_MINUTE, TWO_MINUTES};
use trueup_aws::{Cx, Failure, done};
use trueup_core::control::Observed;
use trueup_core::values::{Bound, NumberOr, Template};

use super::model::{Action, Ids, Model};
use super::{TRAILS, role};
use crate::roles;

pub(super) mod read;
mod write;

use self::read::{
    Seen, absent, choose, failing, group, group_arn, group_of, of_the_organization, others, read_role,
    region, some, trails,
};
use self::write::{
    BUSY, CONFLICT, GROUP_IDLE, TRAIL_IDLE, api_tags, global, is_passing, let_deliver, retain, role_of,
    select,
};

/// What is waited for then.
const SEEN: &str = "CloudTrail sees the policy and the role";

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let trails = trails(cx).await?;
    let name = want.and_then(|want| want.name.as_deref());
    let of_organization = trails
        .iter()
        .find(|seen| seen.owner() != Some(&cx.env.account) && seen.is_everywhere());
    let chosen = choose(&trails, name, &cx.env);
    let names = trails.iter().filter_map(|seen| seen.trail.name.clone());
    let mut ids = Ids {
        organization_trail: of_organization.and_then(|seen| seen.trail.trail_arn.clone()),
        others: others(&trails, chosen, &cx.env),
        full: if trails.len() >= TRAILS {
            names.collect()
        } else {
            vec![]
        },
        ..Ids::default()
    };
    let Some(Seen {
        trail,
        does: Some(does),
    }) = chosen
    else {
        return absent(cx, want, ids).await;
    };
    let does = does.as_ref().map_err(Clone::clone)?;
    let (arn, home) = (
        trail.trail_arn().unwrap_or_default(),
        region(trail.home_region().unwrap_or_default())?,
    );
    ids.arn = Some(arn.to_owned());
    ids.name = trail.name.clone();
    ids.is_organizations = trail.is_organization_trail == Some(true);
    ids.bucket = trail.s3_bucket_name.clone();
    ids.home = Some(home.clone());
    ids.lacks_global = trail.include_global_service_events == Some(false);
    ids.is_narrowed = does.records.is_narrowed;
    ids.failing = failing(&does.status);
    ids.told.left_out.clone_from(&does.records.left_out);
    if !cx.env.run.tags.is_empty() {
        let cloudtrail = &cx.clients_in(&home).cloudtrail;
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
    let role = read_role(cx, want, trail.cloud_watch_logs_role_arn(), &mut ids).await;
    // An export does not depend on the role.
    if want.is_some() {
        role?;
    }
    let live_group = ids.group.as_ref().filter(|group| group.is_attached);
    let live_role = some(
        trail
            .cloud_watch_logs_role_arn()
            .and_then(|arn| arn.rsplit('/').next()),
    );
    let model = Model {
        state: None,
        name: trail.name.clone(),
        bucket: trail.s3_bucket_name.clone().map(Template::from),
        prefix: some(trail.s3_key_prefix.as_deref()),
        kms_key: Some(some(trail.kms_key_id()).unwrap_or_else(|| "none".to_owned())),
        multi_region: trail.is_multi_region_trail,
        log_file_validation: trail.log_file_validation_enabled,
        logging: does.status.is_logging,
        management_events: does.records.events,
        // An exclusion is nothing to ask for.
        kms_events: want.map(|_| !does.records.lacks_kms()),
        log_group: live_group.map(|group| group.name.clone()),
        log_retention_days: ids
            .group
            .as_ref()
            .filter(|group| group.exists)
            .map(|group| Bound::Plain(NumberOr::from_api(group.retention))),
        role: live_group.and(live_role),
        permissions_boundary: ids
            .role
            .as_ref()
            .and_then(|role| role.boundary.clone())
            .map(Template::from),
    };
    // One that is stopped is nothing beside the organization's that records.
    let held_by = match &ids.organization_trail {
        _ if ids.is_organizations => Some(of_the_organization(arn)),
        Some(other) if does.status.is_logging != Some(true) => Some(of_the_organization(other)),
        _ => None,
    };
    Ok(Observed { model, ids, held_by })
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let env = &cx.env;
    match action {
        Action::CreateGroup {
            group,
            region,
            retention,
            tags,
        } => {
            let logs = &cx.clients_in(region).logs;
            let tags = (!tags.is_empty()).then(|| tags.clone().into_iter().collect());
            let call = logs.create_log_group().log_group_name(group).set_tags(tags);
            let made = wait::patiently(cx.wait_until(GROUP_IDLE), HALF_A_MINUTE, BUSY, || async {
                Ok(call.clone().send().await?)
            })
            .await;
            done(made, &["ResourceAlreadyExistsException"])?;
            match retention {
                Some(_) => retain(cx, group, region, *retention).await,
                None => Ok(()),
            }
        }
        Action::Retain { group, region, days } => retain(cx, group, region, *days).await,
        Action::TagGroup { group, region, tags } => {
            let call = cx.clients_in(region).logs.tag_resource();
            let call = call.resource_arn(group_arn(group, region, env));
            call.set_tags(Some(tags.clone().into_iter().collect()))
                .send()
                .await?;
            Ok(())
        }
        Action::CreateRole {
            delivery,
            boundary,
            tags,
        } => {
            let new = roles::New {
                name: &delivery.role,
                trust: &role::trust(),
                description: Some("Lets CloudTrail deliver events to CloudWatch Logs"),
                max_session: None,
                boundary: boundary.as_ref().map(Template::as_str),
                tags,
            };
            roles::create(cx, new).await?;
            let_deliver(cx, delivery).await
        }
        Action::PutBoundary { role, boundary } => roles::set_boundary(cx, role, boundary).await,
        Action::TagRole { role, tags } => roles::tag(&cx.clients().iam, role, tags).await,
        Action::LetDeliver(delivery) => let_deliver(cx, delivery).await,
        Action::SetTrust { role, trust } => roles::set_trust(cx, role, trust).await,
        Action::Create {
            name,
            bucket,
            prefix,
            settings,
            tags,
        } => {
            let call = cx
                .clients()
                .cloudtrail
                .create_trail()
                .name(name)
                .s3_bucket_name(bucket)
                .set_s3_key_prefix(prefix.clone())
                .set_is_multi_region_trail(settings.multi_region)
                .set_include_global_service_events(global(settings))
                .set_enable_log_file_validation(settings.validation)
                .set_kms_key_id(settings.kms_key.clone())
                .set_cloud_watch_logs_log_group_arn(write::group_of(settings, env))
                .set_cloud_watch_logs_role_arn(role_of(settings, env))
                .set_tags_list(api_tags(tags)?);
            let made = wait::while_passing(cx.wait_until(SEEN), TWO_MINUTES, is_passing, || async {
                Ok(call.clone().send().await?)
            })
            .await;
            done(made, &["TrailAlreadyExistsException"])
        }
        Action::Update { trail, settings } => {
            let call = cx
                .clients_in(&trail.home)
                .cloudtrail
                .update_trail()
                .name(&trail.arn)
                .set_s3_bucket_name(settings.bucket.clone())
                .set_s3_key_prefix(settings.prefix.clone())
                // False is the default, and would delete it in all other accounts (API reference, `UpdateTrail`).
                .set_is_organization_trail(trail.is_organizations.then_some(true))
                .set_is_multi_region_trail(settings.multi_region)
                .set_include_global_service_events(global(settings))
                .set_enable_log_file_validation(settings.validation)
                .set_kms_key_id(settings.kms_key.clone())
                .set_cloud_watch_logs_log_group_arn(write::group_of(settings, env))
                .set_cloud_watch_logs_role_arn(role_of(settings, env));
            wait::while_passing(cx.wait_until(SEEN), TWO_MINUTES, is_passing, || async {
                Ok(call.clone().send().await?)
            })
            .await?;
            Ok(())
        }
        Action::Start(trail) => {
            let call = cx
                .clients_in(&trail.home)
                .cloudtrail
                .start_logging()
                .name(&trail.arn);
            wait::patiently(cx.wait_until(TRAIL_IDLE), HALF_A_MINUTE, CONFLICT, || async {
                Ok(call.clone().send().await?)
            })
            .await?;
            Ok(())
        }
        Action::Stop(trail) => {
            let call = cx
                .clients_in(&trail.home)
                .cloudtrail
                .stop_logging()
                .name(&trail.arn);
            call.send().await?;
            Ok(())
        }
        Action::Select { trail, selection } => select(cx, trail, *selection).await,
        Action::Tag { trail, tags } => {
            let call = cx
                .clients_in(&trail.home)
                .cloudtrail
                .add_tags()
                .resource_id(&trail.arn);
            let call = call.set_tags_list(api_tags(tags)?);
            wait::patiently(cx.wait_until(TRAIL_IDLE), HALF_A_MINUTE, CONFLICT, || async {
                Ok(call.clone().send().await?)
            })
            .await?;
            Ok(())
        }
        Action::Delete(trail) => {
            let call = cx
                .clients_in(&trail.home)
                .cloudtrail
                .delete_trail()
                .name(&trail.arn);
            done(call.send().await, &["TrailNotFoundException"])
        }
    }
}
