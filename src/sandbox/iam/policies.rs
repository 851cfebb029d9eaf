//! Policies of users, groups and roles: inline ones, and which managed ones are attached.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::entities::{Common, Kind, common, not_found};
use super::managed::exists;
use super::paging::{cut, page};
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call};

/// IAM leaves these as they are in a policy document (RFC 3986, "Unreserved Characters").
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// So many managed policies can be attached to one (`AttachedPoliciesPer…Quota`).
const ATTACHED: usize = 10;

/// How long a document is for a quota: white space is not counted (IAM User Guide, "IAM and AWS STS quotas").
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn limit(name: &str, most: usize) -> AwsError {
    AwsError::with_status(
        409,
        "LimitExceeded",
        format!("Cannot exceed quota for {name}: {most}"),
    )
}

/// The trust policy of a call, no longer than `AssumeRolePolicySizeQuota`.
pub(super) fn trust(call: &Call, member: &str) -> Result<String, AwsError> {
    let document = document(call, member, true)?;
    if size(&document) > 2048 {
        return Err(limit("ACLSizePerRole", 2048));
    }
    Ok(document)
}

/// A document, refused in IAM's words if it is none.
pub(super) fn document(call: &Call, member: &str, is_trust: bool) -> Result<String, AwsError> {
    let malformed = |what: &str| AwsError::new("MalformedPolicyDocument", what);
    let document: Value = serde_json::from_str(call.input.text(member))
        .map_err(|_| malformed("This policy contains invalid Json"))?;
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
    Ok(call.input.text(member).to_owned())
}

pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

pub(super) fn inline(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let name = call.input.text("PolicyName").to_owned();
    let owner = call.input.text(kind.member()).to_owned();
    let common = common(account, call, kind)?;
    let missing = || {
        not_found(format!(
            "The {} policy with name {name} cannot be found.",
            kind.word()
        ))
    };
    if call.operation.starts_with("List") {
        let names: Vec<&String> = common.inline.keys().collect();
        return page(
            call,
            "PolicyNames",
            names.into_iter().map(|name| json!(name)).collect(),
        );
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
        let document = document(call, "PolicyDocument", false)?;
        let others = common.inline.iter().filter(|(other, _)| **other != name);
        let all = others.map(|(_, other)| size(other)).sum::<usize>() + size(&document);
        let (most, word) = match kind {
            Kind::User => (2048, "user"),
            Kind::Group => (5120, "group"),
            Kind::Role => (10240, "role"),
        };
        if all > most {
            return Err(AwsError::with_status(
                409,
                "LimitExceeded",
                format!("Maximum policy size of {most} bytes exceeded for {word} {owner}"),
            ));
        }
        common.inline.insert(name, document);
    } else {
        common.inline.remove(&name).ok_or_else(missing)?;
    }
    Ok(Value::Null)
}

pub(super) fn attached(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let arn = call.input.text("PolicyArn").to_owned();
    let path = call.input["PathPrefix"].as_str().unwrap_or("/").to_owned();
    if call.operation.starts_with("Attach") {
        exists(&account.iam.entities, &arn)?;
    }
    let common = common(account, call, kind)?;
    if call.operation.starts_with("List") {
        let has_path = |arn: &&String| {
            arn.split_once(":policy")
                .is_some_and(|(_, name)| name.starts_with(&path))
        };
        let attached = common.attached.iter().filter(has_path);
        let shown = attached.map(|arn| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn }));
        return page(call, "AttachedPolicies", shown.collect());
    }
    if call.operation.starts_with("Attach") {
        if common.attached.len() >= ATTACHED && !common.attached.contains(&arn) {
            let quota = match kind {
                Kind::User => "PoliciesPerUser",
                Kind::Group => "PoliciesPerGroup",
                Kind::Role => "PoliciesPerRole",
            };
            return Err(limit(quota, ATTACHED));
        }
        common.attached.insert(arn);
    } else if !common.attached.remove(&arn) {
        return Err(not_found(format!("Policy {arn} was not found.")));
    }
    Ok(Value::Null)
}

pub(super) fn entities_for(account: &Account, call: &Call) -> Answer {
    let arn = call.input.text("PolicyArn");
    let all = &account.iam.entities;
    exists(all, arn)?;
    let path = call.input["PathPrefix"].as_str().unwrap_or("/");
    let filter = call.input["EntityFilter"].as_str();
    let own = !arn.starts_with("arn:aws:iam::aws:");
    let is_asked = |kind: &str| match filter {
        None => true,
        Some("LocalManagedPolicy") => own,
        Some("AWSManagedPolicy") => !own,
        Some(filter) => filter == kind,
    };
    let has = |common: &Common| common.attached.contains(arn) && common.path.starts_with(path);
    // One list in pages, shown as three.
    let mut found: Vec<(&str, Value)> = vec![];
    if is_asked("Group") {
        let groups = all.groups.iter().filter(|(_, group)| has(&group.common));
        found.extend(groups.map(|(name, group)| {
            let group = json!({ "GroupName": name, "GroupId": group.common.id });
            ("PolicyGroups", group)
        }));
    }
    if is_asked("User") {
        let users = all.users.iter().filter(|(_, user)| has(&user.common));
        found.extend(users.map(|(name, user)| {
            let user = json!({ "UserName": name, "UserId": user.common.id });
            ("PolicyUsers", user)
        }));
    }
    if is_asked("Role") {
        let roles = all.roles.iter().filter(|(_, role)| has(&role.common));
        found.extend(roles.map(|(name, role)| {
            let role = json!({ "RoleName": name, "RoleId": role.common.id });
            ("PolicyRoles", role)
        }));
    }
    let (found, mut answer) = cut(call, found)?;
    for list in ["PolicyGroups", "PolicyUsers", "PolicyRoles"] {
        let of_it = found.iter().filter(|(member, _)| *member == list);
        answer[list] = of_it.map(|(_, entity)| entity.clone()).collect();
    }
    Ok(answer)
}
