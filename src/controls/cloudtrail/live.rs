//! The calls: reading, and each change. What is already as asked for, or already gone, counts as done.

use trueup_aws::wait::{self, HALF_A_MINUTE, TWO_MINUTES};
use trueup_aws::{Cx, Failure, done};
use trueup_core::control::Observed;
use trueup_core::values::{NumberOr, Template};

use super::model::{Action, Ids, Model};
use super::{role, selectors};
use crate::roles;

pub(super) mod read;
mod write;

use self::read::{
    absent, choose, group, group_arn, group_of, is_everywhere, is_organizations, of_the_organization, owner,
    read_role, region, trails,
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
        Action::CreateRole { delivery, tags } => {
            let new = roles::New {
                name: &delivery.role,
                trust: &role::trust(),
                description: Some("Lets CloudTrail deliver events to CloudWatch Logs"),
                max_session: None,
                tags,
            };
            roles::create(cx, new).await?;
            let_deliver(cx, delivery).await
        }
        Action::LetDeliver(delivery) => let_deliver(cx, delivery).await,
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
        Action::Select { trail, events } => select(cx, trail, *events).await,
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
