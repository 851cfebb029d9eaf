//! Managed policies: those of AWS's own, and the account's with their versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SERVICE;
use super::entities::{Common, Entities, not_found, time};
use super::paging::page;
use super::policies::{document, encoded, size};
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call, tags};

/// So many versions a policy has at most (`VersionsPerPolicyQuota`).
pub(super) const VERSIONS: usize = 5;

/// A policy of the account's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Managed {
    /// Its name.
    pub name: String,
    /// Its path, `/` if it has none.
    pub path: String,
    /// The unique id.
    pub id: String,
    /// What it is for; it cannot be changed.
    pub description: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// When a version was made or chosen.
    pub updated: i64,
    /// The number of the version that holds.
    pub default: u32,
    /// The number of the next version: numbers are not used again.
    pub next: u32,
    /// The versions, by number.
    pub versions: BTreeMap<u32, Version>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// What it says.
    pub document: String,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// The policies of AWS's own that are known here, each with its path and its document. The longer documents are cut to
/// what shows their kind.
const AWS_POLICIES: [(&str, &str, &str); 6] = [
    (
        "AdministratorAccess",
        "/",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "IAMUserChangePassword",
        "/",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}"#,
    ),
    (
        "AWSSupportAccess",
        "/",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["support:*"],"Resource":"*"}]}"#,
    ),
    (
        "ReadOnlyAccess",
        "/",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:Get*","cloudtrail:List*","ec2:Describe*","iam:Get*","iam:List*","s3:Get*","s3:List*"],"Resource":"*"}]}"#,
    ),
    (
        "SecurityAudit",
        "/",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:GetTrailStatus","ec2:Describe*","iam:GenerateCredentialReport","iam:Get*","iam:List*","s3:GetBucketPolicy*"],"Resource":"*"}]}"#,
    ),
    (
        "Billing",
        "/job-function/",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aws-portal:*Billing","budgets:ModifyBudget","budgets:ViewBudget","ce:*"],"Resource":"*"}]}"#,
    ),
];

const PREFIX: &str = "arn:aws:iam::aws:policy";

fn aws_policy(arn: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    AWS_POLICIES
        .iter()
        .find(|(name, path, _)| arn == format!("{PREFIX}{path}{name}"))
}

/// Refuses an ARN of no policy.
pub(super) fn exists(all: &Entities, arn: &str) -> Result<(), AwsError> {
    if all.policies.contains_key(arn) || aws_policy(arn).is_some() {
        return Ok(());
    }
    if !arn.starts_with("arn:") {
        return Err(SERVICE.invalid("Invalid ARN:  Could not be parsed!"));
    }
    Err(not_found(format!(
        "Policy {arn} does not exist or is not attachable."
    )))
}

/// Everything a policy can be attached to.
fn holders(all: &Entities) -> impl Iterator<Item = &Common> {
    let users = all.users.values().map(|user| &user.common);
    let groups = all.groups.values().map(|group| &group.common);
    users
        .chain(groups)
        .chain(all.roles.values().map(|role| &role.common))
}

fn attachments(all: &Entities, arn: &str) -> usize {
    holders(all)
        .filter(|common| common.attached.contains(arn))
        .count()
}

/// How many roles it limits.
fn limited(all: &Entities, arn: &str) -> usize {
    let roles = all.roles.values();
    roles.filter(|role| role.boundary.as_deref() == Some(arn)).count()
}

fn shown(all: &Entities, arn: &str, policy: &Managed) -> Value {
    json!({
        "PolicyName": policy.name, "PolicyId": policy.id, "Arn": arn, "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default),
        "AttachmentCount": attachments(all, arn),
        "PermissionsBoundaryUsageCount": limited(all, arn),
        "IsAttachable": true,
        "CreateDate": time(policy.created), "UpdateDate": time(policy.updated),
    })
}

fn shown_aws(all: &Entities, name: &str, path: &str) -> Value {
    let arn = format!("{PREFIX}{path}{name}");
    json!({
        "PolicyName": name, "Arn": arn, "Path": path, "DefaultVersionId": "v1",
        "AttachmentCount": attachments(all, &arn), "IsAttachable": true,
    })
}

/// Answers an operation on managed policies.
pub(super) fn policy(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text("PolicyArn");
    match call.operation.as_str() {
        "CreatePolicy" => return create(account, call),
        "ListPolicies" => return list(account, call),
        _ => {}
    }
    if let Some(known) = aws_policy(arn) {
        return of_aws(account, call, known);
    }
    let all = &account.iam.entities;
    let policy = all
        .policies
        .get(arn)
        .ok_or_else(|| not_found(format!("Policy {arn} was not found.")))?;
    if call.operation == "GetPolicy" {
        let mut told = shown(all, arn, policy);
        told["Description"] = policy.description.clone().into();
        told["Tags"] = tags::output(&policy.tags).into();
        return Ok(json!({ "Policy": told }));
    }
    if call.operation == "DeletePolicy" {
        let conflict = |what: &str| Err(AwsError::with_status(409, "DeleteConflict", what));
        if attachments(all, arn) + limited(all, arn) > 0 {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if policy.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            );
        }
        account.iam.entities.policies.remove(arn);
        return Ok(Value::Null);
    }
    let policy = account
        .iam
        .entities
        .policies
        .get_mut(arn)
        .ok_or_else(|| not_found(format!("Policy {arn} was not found.")))?;
    version(policy, call)
}

fn version(policy: &mut Managed, call: &Call) -> Answer {
    let told = |policy: &Managed, number: u32, version: &Version| {
        json!({ "VersionId": format!("v{number}"), "IsDefaultVersion": number == policy.default,
            "CreateDate": time(version.created) })
    };
    match call.operation.as_str() {
        "ListPolicyVersions" => {
            // The newest one first.
            let versions = policy.versions.iter().rev();
            let versions = versions.map(|(number, version)| told(policy, *number, version));
            return page(call, "Versions", versions.collect());
        }
        "CreatePolicyVersion" => {
            let document = sized(call)?;
            if policy.versions.len() >= VERSIONS {
                return Err(AwsError::with_status(
                    409,
                    "LimitExceeded",
                    format!(
                        "A managed policy can have up to {VERSIONS} versions. Before you create a new version, you \
                         must delete an existing version."
                    ),
                ));
            }
            let number = policy.next;
            policy.next += 1;
            policy.updated = call.now;
            if call.input.text("SetAsDefault") == "true" {
                policy.default = number;
            }
            let version = Version {
                document,
                created: call.now,
            };
            let answer = told(policy, number, &version);
            policy.versions.insert(number, version);
            return Ok(json!({ "PolicyVersion": answer }));
        }
        _ => {}
    }
    let id = call.input.text("VersionId");
    let number = id.strip_prefix('v').and_then(|number| number.parse().ok());
    let (number, version) = number
        .and_then(|number: u32| Some((number, policy.versions.get(&number)?)))
        .ok_or_else(|| not_found(format!("Policy version {id} does not exist.")))?;
    match call.operation.as_str() {
        "GetPolicyVersion" => {
            let mut answer = told(policy, number, version);
            answer["Document"] = encoded(&version.document).into();
            Ok(json!({ "PolicyVersion": answer }))
        }
        "SetDefaultPolicyVersion" => {
            policy.default = number;
            policy.updated = call.now;
            Ok(Value::Null)
        }
        "DeletePolicyVersion" if number == policy.default => Err(AwsError::with_status(
            409,
            "DeleteConflict",
            "Cannot delete the default version of a policy.",
        )),
        "DeletePolicyVersion" => {
            policy.versions.remove(&number);
            Ok(Value::Null)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// The document, no longer than `PolicySizeQuota`.
fn sized(call: &Call) -> Result<String, AwsError> {
    let document = document(call, "PolicyDocument", false)?;
    if size(&document) > 6144 {
        return Err(AwsError::with_status(
            409,
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
        ));
    }
    Ok(document)
}

fn create(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text("PolicyName").to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
        return Err(SERVICE.invalid("The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
        ));
    }
    let policies = &account.iam.entities.policies;
    if policies
        .values()
        .any(|policy| policy.name.eq_ignore_ascii_case(&name))
    {
        return Err(AwsError::with_status(
            409,
            "EntityAlreadyExists",
            format!("A policy called {name} already exists. Duplicate names are not allowed."),
        ));
    }
    let path = call.input["Path"].as_str().unwrap_or("/").to_owned();
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", account.id);
    let version = Version {
        document: sized(call)?,
        created: call.now,
    };
    let policy = Managed {
        name,
        path,
        id: format!("ANPA{}", account.ids.next_hex32()[..17].to_uppercase()),
        description: call.input["Description"].as_str().map(str::to_owned),
        created: call.now,
        updated: call.now,
        default: 1,
        next: 2,
        versions: [(1, version)].into(),
        tags: SERVICE.tags(call.input.list("Tags"))?,
    };
    let told = shown(&account.iam.entities, &arn, &policy);
    account.iam.entities.policies.insert(arn, policy);
    Ok(json!({ "Policy": told }))
}

fn list(account: &Account, call: &Call) -> Answer {
    let all = &account.iam.entities;
    let scope = call.input["Scope"].as_str().unwrap_or("All");
    if !["All", "AWS", "Local"].contains(&scope) {
        return Err(SERVICE.invalid(format!(
                "1 validation error detected: Value '{scope}' at 'scope' failed to satisfy constraint: Member must \
                 satisfy enum value set: [All, AWS, Local]"
            ),
        ));
    }
    let path = call.input["PathPrefix"].as_str().unwrap_or("/");
    let mut found: Vec<Value> = vec![];
    if scope != "AWS" {
        found.extend(all.policies.iter().map(|(arn, policy)| shown(all, arn, policy)));
    }
    if scope != "Local" {
        found.extend(
            AWS_POLICIES
                .iter()
                .map(|(name, path, _)| shown_aws(all, name, path)),
        );
    }
    found.retain(|policy| {
        policy["Path"].as_str().is_some_and(|has| has.starts_with(path))
            && (call.input.text("OnlyAttached") != "true" || policy["AttachmentCount"] != 0)
    });
    page(call, "Policies", found)
}

fn of_aws(account: &Account, call: &Call, (name, path, document): &(&str, &str, &str)) -> Answer {
    let version = json!({ "VersionId": "v1", "IsDefaultVersion": true });
    match call.operation.as_str() {
        "GetPolicy" => Ok(json!({ "Policy": shown_aws(&account.iam.entities, name, path) })),
        "ListPolicyVersions" => page(call, "Versions", vec![version]),
        "GetPolicyVersion" if call.input.text("VersionId") == "v1" => {
            let mut version = version;
            version["Document"] = encoded(document).into();
            Ok(json!({ "PolicyVersion": version }))
        }
        "GetPolicyVersion" => Err(not_found("This policy version does not exist.")),
        _ => Err(AwsError::with_status(
            403,
            "AccessDenied",
            "User is not authorized to change a policy that AWS manages.",
        )),
    }
}
