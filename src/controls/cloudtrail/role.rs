//! The role by which CloudTrail writes to CloudWatch Logs.

use trueup_core::env::Env;
use trueup_policy::{Policy, Statement};

use super::model::Delivery;

/// The service's principal.
const SERVICE: &str = "cloudtrail.amazonaws.com";
/// The name of trueup's policy in the role.
pub(super) const POLICY: &str = "TrueupDeliverToLogGroup";

/// Who may assume it.
pub(super) fn trust() -> Policy {
    Policy::of([Statement::allow()
        .principal("Service", SERVICE)
        .action("sts:AssumeRole")])
}

/// What it may: write to the trail's own streams (CloudTrail user guide, "Role policy document for CloudTrail to use
/// CloudWatch Logs for monitoring").
pub(super) fn policy(delivery: &Delivery, env: &Env) -> Policy {
    let (partition, account) = (&env.partition, &env.account);
    let Delivery { group, region, .. } = delivery;
    Policy::of([Statement::allow()
        .action("logs:CreateLogStream")
        .action("logs:PutLogEvents")
        .resource(&format!(
            "arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:{account}_CloudTrail_{region}*"
        ))])
}
