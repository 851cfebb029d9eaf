//! S3 Control: the account's own public access block.

use serde_json::Value;

use super::s3::{PublicAccessBlock, access_denied, no_block};
use super::{Account, Answer, AwsError, Call};

/// Answers one operation of S3 Control.
pub(super) fn handle(account: &mut Account, call: &Call) -> Answer {
    // The account is named in a header, and once more in front of the host: both must be right.
    let header = call.input["x-amz-account-id"].as_str();
    let host = call.input["host-account-id"].as_str();
    if header.is_none() {
        let message = "Missing required header for this request: x-amz-account-id";
        return Err(AwsError::new("InvalidRequest", message));
    }
    if [header, host].into_iter().flatten().any(|id| id != account.id) {
        return Err(access_denied("Access Denied"));
    }
    let block = &mut account.s3.public_access_block;
    match call.operation.as_str() {
        "GetPublicAccessBlock" => block.map(PublicAccessBlock::output).ok_or_else(no_block),
        "PutPublicAccessBlock" => {
            *block = Some(PublicAccessBlock::of(&call.input)?);
            Ok(Value::Null)
        }
        "DeletePublicAccessBlock" => {
            *block = None;
            Ok(Value::Null)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use serde_json::json;

    fn ask(account: &mut Account, operation: &str, id: &str, configuration: Value) -> Answer {
        let call = Call {
            service: "s3control",
            region: "eu-west-1".into(),
            operation: operation.into(),
            input: json!({"x-amz-account-id": id, "PublicAccessBlockConfiguration": configuration}),
            now: 1_800_000_000,
        };
        handle(account, &call)
    }

    #[test]
    fn a_put_replaces_all_four() {
        let mut account = Account::new(&World::default());
        let id = account.id.clone();
        let error = ask(&mut account, "GetPublicAccessBlock", &id, Value::Null).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (404, "NoSuchPublicAccessBlockConfiguration")
        );
        let full =
            json!({"BlockPublicAcls": "true", "IgnorePublicAcls": "true", "BlockPublicPolicy": "true"});
        ask(&mut account, "PutPublicAccessBlock", &id, full).unwrap();
        ask(
            &mut account,
            "PutPublicAccessBlock",
            &id,
            json!({"RestrictPublicBuckets": "true"}),
        )
        .unwrap();
        assert_eq!(
            ask(&mut account, "GetPublicAccessBlock", &id, Value::Null).unwrap(),
            json!({"BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false,
                "RestrictPublicBuckets": true})
        );
    }

    #[test]
    fn another_account_is_refused() {
        let mut account = Account::new(&World::default());
        let error = ask(&mut account, "GetPublicAccessBlock", "999988887777", Value::Null).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (403, "AccessDenied"));
    }
}
