//! The roles that services have for themselves.

use serde_json::{Value, json};

use super::super::{Account, Answer, AwsError, Call};
use crate::input::Input;

/// The services that the sandbox makes roles for, and each one's name.
const ROLES: [(&str, &str); 2] = [
    ("config.amazonaws.com", "AWSServiceRoleForConfig"),
    ("securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub"),
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
    let Some((_, name)) = ROLES.iter().find(|(known, _)| *known == service) else {
        return Err(AwsError::new(
            "NotInSandbox",
            format!("The sandbox knows no service-linked role of {service}."),
        ));
    };
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

/// Tells of one (`GetRole`).
pub(super) fn get(account: &Account, call: &Call) -> Answer {
    let name = call.input.text("RoleName");
    match account.iam.service_linked_roles.get(name) {
        Some(service) => Ok(json!({"Role": output(&account.id, name, service)})),
        None => Err(AwsError::with_status(
            404,
            "NoSuchEntity",
            format!("The role with name {name} cannot be found."),
        )),
    }
}

fn output(account_id: &str, name: &str, service: &str) -> Value {
    let path = format!("/aws-service-role/{service}/");
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": "AROASANDBOXLINKED0001",
        "Arn": format!("arn:aws:iam::{account_id}:role{path}{name}"),
        "CreateDate": "2026-01-01T00:00:00Z",
        "MaxSessionDuration": "3600",
    })
}
