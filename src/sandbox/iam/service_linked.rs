//! The roles that services have for themselves.

use serde_json::{Value, json};

use super::policies::encoded;
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call};

/// The services that the sandbox makes roles for, each one's name, and AWS's policy for it.
const ROLES: [(&str, &str, &str); 5] = [
    (
        "access-analyzer.amazonaws.com",
        "AWSServiceRoleForAccessAnalyzer",
        "AccessAnalyzerServiceRolePolicy",
    ),
    (
        "cloudtrail.amazonaws.com",
        "AWSServiceRoleForCloudTrail",
        "CloudTrailServiceRolePolicy",
    ),
    (
        "config.amazonaws.com",
        "AWSServiceRoleForConfig",
        "AWSConfigServiceRolePolicy",
    ),
    (
        "guardduty.amazonaws.com",
        "AWSServiceRoleForAmazonGuardDuty",
        "AmazonGuardDutyServiceRolePolicy",
    ),
    (
        "securityhub.amazonaws.com",
        "AWSServiceRoleForSecurityHub",
        "AWSSecurityHubServiceRolePolicy",
    ),
];

/// Whether a request names such a role.
pub(super) fn is_named(call: &Call) -> bool {
    call.input["RoleName"]
        .as_str()
        .is_some_and(|name| name.starts_with("AWSServiceRoleFor"))
}

/// Makes one (IAM API reference, `CreateServiceLinkedRole`).
pub(super) fn create(account: &mut Account, call: &Call) -> Answer {
    let service = call.input.text("AWSServiceName");
    let Some((_, name, _)) = ROLES.iter().find(|(known, ..)| *known == service) else {
        return Err(AwsError::new(
            "NotInSandbox",
            format!("The sandbox knows no service-linked role of {service}."),
        ));
    };
    if call.input["CustomSuffix"].is_string() {
        let message = format!("Custom suffix is not allowed for {service}");
        return Err(AwsError::new("InvalidInput", message));
    }
    let roles = &mut account.iam.service_linked_roles;
    if roles.contains_key(*name) {
        return Err(AwsError::new(
            "InvalidInput",
            format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            ),
        ));
    }
    roles.insert((*name).to_owned(), service.to_owned());
    Ok(json!({"Role": output(&account.id, name, service)}))
}

/// Answers a call on one: it is its service's, which alone can change it.
pub(super) fn handle(account: &Account, call: &Call) -> Answer {
    let name = call.input.text("RoleName");
    let Some(service) = account.iam.service_linked_roles.get(name) else {
        return Err(AwsError::with_status(
            404,
            "NoSuchEntity",
            format!("The role with name {name} cannot be found."),
        ));
    };
    match call.operation.as_str() {
        "GetRole" => Ok(json!({"Role": output(&account.id, name, service)})),
        "ListAttachedRolePolicies" => {
            let policies = ROLES.iter().filter(|(_, known, _)| *known == name);
            let policies = policies.map(|(.., policy)| {
                json!({
                    "PolicyName": policy,
                    "PolicyArn": format!("arn:aws:iam::aws:policy/aws-service-role/{policy}"),
                })
            });
            Ok(json!({"AttachedPolicies": policies.collect::<Vec<_>>(), "IsTruncated": false}))
        }
        "ListRolePolicies" => Ok(json!({"PolicyNames": [], "IsTruncated": false})),
        "ListRoleTags" => Ok(json!({"Tags": [], "IsTruncated": false})),
        _ => Err(AwsError::new(
            "UnmodifiableEntity",
            format!(
                "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            ),
        )),
    }
}

/// Each of them as a list of roles has it.
pub(super) fn all(account: &Account) -> impl Iterator<Item = Value> {
    let roles = account.iam.service_linked_roles.iter();
    roles.map(|(name, service)| {
        let mut shown = output(&account.id, name, service);
        if let Some(shown) = shown.as_object_mut() {
            shown.remove("RoleLastUsed");
        }
        shown
    })
}

fn output(account_id: &str, name: &str, service: &str) -> Value {
    let path = format!("/aws-service-role/{service}/");
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    });
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": "AROASANDBOXLINKED0001",
        "Arn": format!("arn:aws:iam::{account_id}:role{path}{name}"),
        "CreateDate": "2026-01-01T00:00:00Z",
        "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": encoded(&trust.to_string()),
        "RoleLastUsed": {},
    })
}
