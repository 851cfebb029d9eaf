//! Makes one change. What is already as asked for, or already gone, counts as done.

use aws_sdk_cloudtrail::types::Tag;
use trueup_aws::done;
use trueup_aws::wait::{self, HALF_A_MINUTE, TWO_MINUTES};
use trueup_aws::{Cx, Failure};
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::location::Region;
use trueup_core::tags::Tags;

use super::read::group_arn;
use super::{Action, Delivery, Events, Settings, Target, role, selectors};
use crate::roles;

/// What CloudTrail answers while it does not yet see a new role, a changed bucket policy or an earlier change of its
/// own.
fn is_passing(fault: &Fault) -> bool {
    let of_logs = [
        "InvalidCloudWatchLogsRoleArnException",
        "InvalidCloudWatchLogsLogGroupArnException",
    ];
    (fault.is_one_of(&of_logs) && fault.message.contains("Access denied."))
        || fault.is_one_of(&["InsufficientS3BucketPolicyException", "ConflictException"])
}

/// What is waited for then.
const SEEN: &str = "CloudTrail sees the policy and the role";

/// What CloudWatch Logs answers while it works on another change of the same group.
const BUSY: &[&str] = &["OperationAbortedException"];
/// What is waited for then.
const GROUP_IDLE: &str = "the log group takes changes again";

/// What CloudTrail answers while it works on another change of the same trail.
const CONFLICT: &[&str] = &["ConflictException"];
/// What is waited for then.
const TRAIL_IDLE: &str = "the trail takes changes again";

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
                .set_cloud_watch_logs_log_group_arn(group_of(settings, env))
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
                .set_cloud_watch_logs_log_group_arn(group_of(settings, env))
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

/// A trail of every region has to record what is global too.
fn global(settings: &Settings) -> Option<bool> {
    settings.multi_region.filter(|on| *on)
}

fn group_of(settings: &Settings, env: &Env) -> Option<String> {
    let delivery = settings.delivery.as_ref()?;
    Some(format!("{}:*", group_arn(&delivery.group, &delivery.region, env)))
}

fn role_of(settings: &Settings, env: &Env) -> Option<String> {
    let delivery = settings.delivery.as_ref()?;
    Some(format!(
        "arn:{}:iam::{}:role/{}",
        env.partition, env.account, delivery.role
    ))
}

fn api_tags(tags: &Tags) -> Result<Option<Vec<Tag>>, Failure> {
    let all: Result<Vec<Tag>, _> = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let all = all.map_err(|error| Failure::answer("cloudtrail:AddTags", error.to_string()))?;
    Ok((!all.is_empty()).then_some(all))
}

async fn retain(cx: &Cx, group: &str, region: &Region, days: Option<i32>) -> Result<(), Failure> {
    let logs = &cx.clients_in(region).logs;
    let kept = wait::patiently(cx.wait_until(GROUP_IDLE), HALF_A_MINUTE, BUSY, || async {
        match days {
            Some(days) => {
                let call = logs.put_retention_policy().log_group_name(group);
                call.retention_in_days(days).send().await?;
            }
            None => {
                logs.delete_retention_policy()
                    .log_group_name(group)
                    .send()
                    .await?;
            }
        }
        Ok(())
    });
    kept.await
}

async fn let_deliver(cx: &Cx, delivery: &Delivery) -> Result<(), Failure> {
    let policy = role::policy(delivery, &cx.env);
    roles::put_inline(cx, &delivery.role, role::POLICY, &policy).await
}

async fn select(cx: &Cx, trail: &Target, events: Events) -> Result<(), Failure> {
    let cloudtrail = &cx.clients_in(&trail.home).cloudtrail;
    let live = cloudtrail
        .get_event_selectors()
        .trail_name(&trail.arn)
        .send()
        .await?;
    let call = cloudtrail.put_event_selectors().trail_name(&trail.arn);
    let call = if live.advanced_event_selectors().is_empty() {
        call.set_event_selectors(Some(selectors::basic(live.event_selectors(), events)))
    } else {
        let all = selectors::advanced(live.advanced_event_selectors(), events)
            .map_err(|error| Failure::answer("cloudtrail:PutEventSelectors", error.to_string()))?;
        call.set_advanced_event_selectors(Some(all))
    };
    wait::patiently(cx.wait_until(TRAIL_IDLE), HALF_A_MINUTE, CONFLICT, || async {
        Ok(call.clone().send().await?)
    })
    .await?;
    Ok(())
}
