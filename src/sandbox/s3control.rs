//! S3 Control: the account's own public access block.

use serde_json::Value;

use super::s3::{BLOCK, INVALID_TOKEN, PublicAccessBlock, SLOW_DOWN, access_denied, no_block};
use super::service::Service;
use super::wire::{Dialect, Host, Protocol, route};
use super::{Account, Answer, AwsError, Call};

/// The service, which signs as S3.
pub(super) static SERVICE: Service = Service {
    signing_name: "s3",
    path_prefix: Some("v20180820"),
    survives_region_denial: true,
    iam_prefix: "s3",
    iam_action: |operation| match operation {
        "GetPublicAccessBlock" => "GetAccountPublicAccessBlock",
        _ => "PutAccountPublicAccessBlock",
    },
    throttled: SLOW_DOWN,
    region_not_enabled: INVALID_TOKEN,
    ..Service::new("s3control", &[Protocol::RestXml(&DIALECT)], handle)
};

static DIALECT: Dialect = Dialect {
    namespace: "http://awss3control.amazonaws.com/doc/2018-08-20/",
    routes: &[
        route(
            "GetPublicAccessBlock",
            "GET /v20180820/configuration/publicAccessBlock",
        )
        .xml(BLOCK),
        route(
            "PutPublicAccessBlock",
            "PUT /v20180820/configuration/publicAccessBlock",
        ),
        route(
            "DeletePublicAccessBlock",
            "DELETE /v20180820/configuration/publicAccessBlock",
        )
        .status(204),
    ],
    host: Host::Account,
    wraps_errors: true,
};

/// Answers one operation of S3 Control.
fn handle(account: &mut Account, call: &Call) -> Answer {
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
    let held = account.organization.s3_block();
    let block = &mut account.s3.public_access_block;
    // What stands above the account shows in its reads, and refuses its writes in the words of a lack of permission (API
    // reference, `GetPublicAccessBlock` and `PutPublicAccessBlock`).
    if let Some(on) = held {
        return match call.operation.as_str() {
            "GetPublicAccessBlock" => Ok(PublicAccessBlock::all(on).output()),
            _ => Err(access_denied("Access Denied")),
        };
    }
    match call.operation.as_str() {
        "GetPublicAccessBlock" => block.map(PublicAccessBlock::output).ok_or_else(no_block),
        "PutPublicAccessBlock" => {
            // An element without content is read as an empty text.
            if call.input[BLOCK] == "" {
                let message = "Must specify at least one configuration.";
                return Err(AwsError::new("InvalidRequest", message));
            }
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
