//! A bucket's access control list: what it grants to others than its owner, as a grantee and a permission. A grantee is
//! a group by its name, or a user by the canonical id.

use serde_json::{Value, json};

use super::SERVICE;
use crate::input::one_or_many;
use crate::{AwsError, Call};

/// Everybody, and everybody with an AWS account.
const PUBLIC_GROUPS: [&str; 2] = ["AllUsers", "AuthenticatedUsers"];
/// What writes S3's own access logs.
const LOG_DELIVERY: &str = "LogDelivery";
const PERMISSIONS: [&str; 5] = ["FULL_CONTROL", "WRITE", "WRITE_ACP", "READ", "READ_ACP"];

type Grant = (String, String);

/// Whether anybody at all has one of these grants.
pub(super) fn is_public(grants: &[Grant]) -> bool {
    let mut grantees = grants.iter().map(|(grantee, _)| grantee.as_str());
    grantees.any(|grantee| PUBLIC_GROUPS.contains(&grantee))
}

/// What a canned ACL grants to others.
pub(super) fn canned(name: &str) -> Result<Vec<Grant>, AwsError> {
    let grants: &[(&str, &str)] = match name {
        "private" => &[],
        "public-read" => &[("AllUsers", "READ")],
        "public-read-write" => &[("AllUsers", "READ"), ("AllUsers", "WRITE")],
        "authenticated-read" => &[("AuthenticatedUsers", "READ")],
        "log-delivery-write" => &[(LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")],
        _ => return Err(SERVICE.invalid("")),
    };
    Ok(grants
        .iter()
        .map(|&(group, permission)| (group.to_owned(), permission.to_owned()))
        .collect())
}

/// The grants of a request: a canned ACL, or a document.
pub(super) fn input(call: &Call, owner: &str) -> Result<Vec<Grant>, AwsError> {
    if let Some(name) = call.input["x-amz-acl"].as_str() {
        return canned(name);
    }
    let document = &call.input["AccessControlPolicy"];
    if document.is_null() {
        return Err(AwsError::new(
            "MissingSecurityHeader",
            "Your request was missing a required header",
        ));
    }
    let told = document["Owner"]["ID"].as_str().ok_or_else(malformed)?;
    let mut grants = vec![];
    for grant in one_or_many(&document["AccessControlList"]["Grant"]) {
        let permission = grant["Permission"].as_str().unwrap_or_default();
        if !PERMISSIONS.contains(&permission) {
            return Err(malformed());
        }
        let grantee = grantee(&grant["Grantee"])?;
        if grantee != owner {
            grants.push((grantee, permission.to_owned()));
        }
    }
    match told == owner {
        true => Ok(grants),
        false => Err(SERVICE.invalid("Invalid id")),
    }
}

fn grantee(told: &Value) -> Result<String, AwsError> {
    match told["@xsi:type"].as_str() {
        Some("Group") => {
            let uri = told["URI"].as_str().unwrap_or_default();
            let known = PUBLIC_GROUPS.iter().chain([&LOG_DELIVERY]);
            let found = known.into_iter().find(|group| uri_of(group) == uri);
            let found = found.ok_or_else(|| SERVICE.invalid("Invalid group uri"))?;
            Ok((*found).to_owned())
        }
        Some("CanonicalUser") => {
            let id = told["ID"].as_str().unwrap_or_default();
            match id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
                true => Ok(id.to_owned()),
                false => Err(SERVICE.invalid("Invalid id")),
            }
        }
        _ => Err(malformed()),
    }
}

fn uri_of(group: &str) -> String {
    let kind = match group {
        LOG_DELIVERY => "s3",
        _ => "global",
    };
    format!("http://acs.amazonaws.com/groups/{kind}/{group}")
}

fn malformed() -> AwsError {
    AwsError::new(
        "MalformedACLError",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// The whole list: what the owner has, and what others have.
pub(super) fn output(owner: &str, grants: &[Grant]) -> Value {
    const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
    let grant = |grantee: &str, permission: &str| {
        let shown = match grantee.len() {
            64 => json!({"@xmlns:xsi": XSI, "@xsi:type": "CanonicalUser", "ID": grantee}),
            _ => json!({"@xmlns:xsi": XSI, "@xsi:type": "Group", "URI": uri_of(grantee)}),
        };
        json!({"Grantee": shown, "Permission": permission})
    };
    let own = grant(owner, "FULL_CONTROL");
    let others = grants
        .iter()
        .map(|(grantee, permission)| grant(grantee, permission));
    let grants: Vec<Value> = std::iter::once(own).chain(others).collect();
    json!({"Owner": {"ID": owner}, "AccessControlList": grants})
}
