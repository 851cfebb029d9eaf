//! What the changes are made of.

use aws_sdk_cloudtrail::types::Tag;
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure};
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::location::Region;
use trueup_core::tags::Tags;

use super::read::group_arn;
use crate::cloudtrail::model::{Delivery, Settings, Target};
use crate::cloudtrail::role;
use crate::cloudtrail::selectors::{self, Selection};
use crate::roles;

/// What CloudTrail answers while it does not yet see a new role, a changed bucket policy or an earlier change of its
/// own.
pub(super) fn is_passing(fault: &Fault) -> bool {
    let of_logs = [
        "InvalidCloudWatchLogsRoleArnException",
        "InvalidCloudWatchLogsLogGroupArnException",
    ];
    (fault.is_one_of(&of_logs) && fault.message.contains("Access denied."))
        || fault.is_one_of(&["InsufficientS3BucketPolicyException", "ConflictException"])
}

/// What CloudWatch Logs answers while it works on another change of the same group.
pub(super) const BUSY: &[&str] = &["OperationAbortedException"];

/// What is waited for then.
pub(super) const GROUP_IDLE: &str = "the log group takes changes again";

/// What CloudTrail answers while it works on another change of the same trail.
pub(super) const CONFLICT: &[&str] = &["ConflictException"];

/// What is waited for then.
pub(super) const TRAIL_IDLE: &str = "the trail takes changes again";

/// A trail of every region has to record what is global too.
pub(super) fn global(settings: &Settings) -> Option<bool> {
    let is_everywhere = settings.multi_region == Some(true);
    (is_everywhere || settings.global).then_some(true)
}

pub(super) fn group_of(settings: &Settings, env: &Env) -> Option<String> {
    let delivery = settings.delivery.as_ref()?;
    Some(format!("{}:*", group_arn(&delivery.group, &delivery.region, env)))
}

pub(super) fn role_of(settings: &Settings, env: &Env) -> Option<String> {
    let delivery = settings.delivery.as_ref()?;
    Some(format!(
        "arn:{}:iam::{}:role{}{}",
        env.partition,
        env.account,
        delivery.path.as_deref().unwrap_or("/"),
        delivery.role
    ))
}

pub(super) fn api_tags(tags: &Tags) -> Result<Option<Vec<Tag>>, Failure> {
    let all: Result<Vec<Tag>, _> = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let all = all.map_err(|error| Failure::answer("cloudtrail:AddTags", error.to_string()))?;
    Ok((!all.is_empty()).then_some(all))
}

pub(super) async fn retain(cx: &Cx, group: &str, region: &Region, days: Option<i32>) -> Result<(), Failure> {
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

pub(super) async fn let_deliver(cx: &Cx, delivery: &Delivery) -> Result<(), Failure> {
    let policy = role::policy(delivery, &cx.env);
    roles::put_inline(cx, &delivery.role, role::POLICY, &policy).await
}

pub(super) async fn select(cx: &Cx, trail: &Target, selection: Selection) -> Result<(), Failure> {
    let cloudtrail = &cx.clients_in(&trail.home).cloudtrail;
    let live = cloudtrail
        .get_event_selectors()
        .trail_name(&trail.arn)
        .send()
        .await?;
    let call = cloudtrail.put_event_selectors().trail_name(&trail.arn);
    let call = if live.advanced_event_selectors().is_empty() {
        call.set_event_selectors(Some(selectors::basic(live.event_selectors(), selection)))
    } else {
        let all = selectors::advanced(live.advanced_event_selectors(), selection)
            .map_err(|error| Failure::answer("cloudtrail:PutEventSelectors", error.to_string()))?;
        call.set_advanced_event_selectors(Some(all))
    };
    wait::patiently(cx.wait_until(TRAIL_IDLE), HALF_A_MINUTE, CONFLICT, || async {
        Ok(call.clone().send().await?)
    })
    .await?;
    Ok(())
}
