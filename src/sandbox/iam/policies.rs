//! Policies: inline ones, and those of AWS's own that can be attached.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::entities::{Common, Kind, common, text};
use crate::sandbox::{Account, Answer, AwsError, Call};

/// IAM leaves these as they are in a policy document (RFC 3986, "Unreserved Characters").
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The policies of AWS's own that are known here, each with its document.
const AWS_POLICIES: [(&str, &str); 3] = [
    (
        "AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "IAMUserChangePassword",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}"#,
    ),
    (
        "AWSSupportAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["support:*"],"Resource":"*"}]}"#,
    ),
];

/// A document, refused in IAM's words if it is none.
pub(super) fn document(call: &Call, member: &str, is_trust: bool) -> Result<String, AwsError> {
    let malformed = |what: &str| AwsError::new("MalformedPolicyDocument", what);
    let document: Value =
        serde_json::from_str(text(call, member)).map_err(|_| malformed("Syntax errors in policy."))?;
    let statements = match &document["Statement"] {
        Value::Array(all) => all.clone(),
        Value::Null => return Err(malformed("Syntax errors in policy.")),
        one => vec![one.clone()],
    };
    for one in statements {
        if !["Allow", "Deny"].iter().any(|effect| one["Effect"] == *effect) {
            return Err(malformed("Syntax errors in policy."));
        }
        if is_trust && one.get("Resource").is_some() {
            return Err(malformed("Has prohibited field Resource"));
        }
        if is_trust && one.get("Principal").is_none() && one.get("NotPrincipal").is_none() {
            return Err(malformed("AssumeRolepolicy must contain Principal"));
        }
        if !is_trust && one.get("Principal").is_some() {
            return Err(malformed("Policy document should not specify a principal."));
        }
        if !is_trust && one.get("Resource").is_none() && one.get("NotResource").is_none() {
            return Err(malformed("Policy statement must contain resources."));
        }
    }
    Ok(text(call, member).to_owned())
}

pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

pub(super) fn inline(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let name = text(call, "PolicyName").to_owned();
    let owner = text(call, kind.member()).to_owned();
    let common = common(account, call, kind)?;
    let missing = || {
        AwsError::with_status(
            404,
            "NoSuchEntity",
            format!("The {} policy with name {name} cannot be found.", kind.word()),
        )
    };
    if call.operation.starts_with("List") {
        let names: Vec<&String> = common.inline.keys().collect();
        return Ok(json!({ "PolicyNames": names, "IsTruncated": false }));
    }
    if call.operation.starts_with("Get") {
        let document = common.inline.get(&name).ok_or_else(missing)?;
        return Ok(json!({
            kind.member(): owner,
            "PolicyName": name,
            "PolicyDocument": encoded(document),
        }));
    }
    if call.operation.starts_with("Put") {
        common
            .inline
            .insert(name, document(call, "PolicyDocument", false)?);
    } else {
        common.inline.remove(&name).ok_or_else(missing)?;
    }
    Ok(Value::Null)
}

fn aws_policy(arn: &str) -> Result<&'static (&'static str, &'static str), AwsError> {
    AWS_POLICIES
        .iter()
        .find(|(name, _)| arn == format!("arn:aws:iam::aws:policy/{name}"))
        .ok_or_else(|| {
            AwsError::with_status(
                404,
                "NoSuchEntity",
                format!("Policy {arn} does not exist or is not attachable."),
            )
        })
}

pub(super) fn attached(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let arn = text(call, "PolicyArn").to_owned();
    let common = common(account, call, kind)?;
    if call.operation.starts_with("List") {
        let shown: Vec<Value> = common
            .attached
            .iter()
            .map(|arn| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn }))
            .collect();
        return Ok(json!({ "AttachedPolicies": shown, "IsTruncated": false }));
    }
    if call.operation.starts_with("Attach") {
        aws_policy(&arn)?;
        common.attached.insert(arn);
    } else if !common.attached.remove(&arn) {
        return Err(AwsError::with_status(
            404,
            "NoSuchEntity",
            format!("Policy {arn} was not found."),
        ));
    }
    Ok(Value::Null)
}

pub(super) fn entities_for(account: &Account, call: &Call) -> Answer {
    let arn = text(call, "PolicyArn");
    aws_policy(arn)?;
    let path = call.input["PathPrefix"].as_str().unwrap_or("/");
    let has = |common: &Common| common.attached.contains(arn) && common.path.starts_with(path);
    let wanted = |kind: &str| {
        call.input["EntityFilter"]
            .as_str()
            .is_none_or(|filter| filter == kind)
    };
    let all = &account.iam.entities;
    let roles = all
        .roles
        .iter()
        .filter(|(_, role)| wanted("Role") && has(&role.common));
    let roles: Vec<Value> = roles
        .map(|(name, role)| json!({ "RoleName": name, "RoleId": role.common.id }))
        .collect();
    let groups = all
        .groups
        .iter()
        .filter(|(_, group)| wanted("Group") && has(&group.common));
    let groups: Vec<Value> = groups
        .map(|(name, group)| json!({ "GroupName": name, "GroupId": group.common.id }))
        .collect();
    Ok(json!({ "PolicyGroups": groups, "PolicyUsers": [], "PolicyRoles": roles, "IsTruncated": false }))
}

pub(super) fn policy(call: &Call) -> Answer {
    let arn = text(call, "PolicyArn");
    let (name, document) = aws_policy(arn)?;
    if call.operation == "GetPolicy" {
        return Ok(json!({ "Policy": {
            "PolicyName": name, "Arn": arn, "Path": "/", "DefaultVersionId": "v1", "IsAttachable": true,
        }}));
    }
    if text(call, "VersionId") != "v1" {
        return Err(AwsError::with_status(
            404,
            "NoSuchEntity",
            "This policy version does not exist.",
        ));
    }
    Ok(json!({ "PolicyVersion": {
        "Document": encoded(document), "VersionId": "v1", "IsDefaultVersion": true,
    }}))
}
