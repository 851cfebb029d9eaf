//! STS: who calls.

use serde_json::json;

use super::{Account, Answer, AwsError, Call};

/// Answers one operation of STS.
pub(super) fn handle(account: &Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({
            "Arn": account.caller.arn,
            "UserId": account.caller.user_id,
            "Account": account.id,
        })),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}
