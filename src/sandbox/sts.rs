//! STS: who calls, and who becomes a role.

use serde_json::json;

use super::iam::assume;
use super::service::{Refusal, Service};
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call};

/// The service.
pub(super) static SERVICE: Service = Service {
    survives_region_denial: true,
    region_not_enabled: Refusal::INVALID_CLIENT_TOKEN,
    ..Service::new(
        "sts",
        &[Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/")],
        handle,
    )
};

/// Answers one operation of STS.
fn handle(account: &mut Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({
            "Arn": account.caller.arn,
            "UserId": account.caller.user_id,
            "Account": account.id,
        })),
        "AssumeRole" => assume::assume(account, call),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}
