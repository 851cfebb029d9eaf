//! What CloudTrail looks at before it takes a trail: its name, its bucket's policy, its log group and role, its key.

use serde_json::Value;
use trueup_policy::Policy;
use trueup_policy::evaluate::{Context, Principal, Request, evaluate_identity};

use super::{Found, Trail};
use crate::input::Input;
use crate::s3::{lets, service_request};
use crate::{Account, AwsError, Call};

/// The service's principal.
const PRINCIPAL: &str = "cloudtrail.amazonaws.com";

/// Refuses what is no trail's name (API reference, `CreateTrail`).
pub(super) fn name(name: &str) -> Result<(), AwsError> {
    let plain = |b: u8| b.is_ascii_alphanumeric();
    let edges = [name.bytes().next(), name.bytes().last()];
    let is_mark = |b: u8| b"._-".contains(&b);
    let adjacent = name
        .as_bytes()
        .windows(2)
        .any(|two| two.iter().all(|b| is_mark(*b)));
    let well_formed = (3..=128).contains(&name.len())
        && name.bytes().all(|b| plain(b) || is_mark(b))
        && edges.iter().flatten().all(|b| plain(*b))
        && !adjacent;
    match well_formed {
        true => Ok(()),
        false => Err(AwsError::new(
            "InvalidTrailNameException",
            "Trail name must contain only letters, numbers, periods, underscores and dashes, start and end with a \
             letter or number, be 3 to 128 characters long, and have no adjacent periods, underscores or dashes.",
        )),
    }
}

/// Refuses an organization's trail of an account that is not the organization's management account.
pub(super) fn organization(account: &Account, call: &Call) -> Result<(), AwsError> {
    if call.input["IsOrganizationTrail"] != true {
        return Ok(());
    }
    let state = account.regions.get(&call.region);
    match state.and_then(|state| state.cloudtrail.organization.as_ref()) {
        Some(owner) if *owner == account.id => Ok(()),
        Some(_) => Err(AwsError::new(
            "NotOrganizationMasterAccountException",
            format!(
                "This account {} is not the management account of the organization.",
                account.id
            ),
        )),
        None => Err(AwsError::new(
            "OrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )),
    }
}

/// Refuses a trail that could not deliver.
pub(super) fn check(account: &Account, call: &Call, found: &Found) -> Result<(), AwsError> {
    let trail = &found.trail;
    if trail.multi_region && !trail.global {
        return Err(AwsError::new(
            "InvalidParameterCombinationException",
            "Multi-Region trail must include global service events.",
        ));
    }
    bucket(account, call, found)?;
    let names = |key: &str| call.input.get(key).is_some_and(|value| !value.is_null());
    if names("CloudWatchLogsRoleArn") || names("CloudWatchLogsLogGroupArn") {
        logs(account, call, trail)?;
    }
    let key = trail.key.as_deref();
    if key.is_some_and(|key| {
        key.starts_with("arn:") && !key.contains(&format!(":kms:{}:", bucket_region(account, trail)))
    }) {
        return Err(AwsError::new(
            "InvalidKmsKeyIdException",
            "The KMS key must be in the region of the S3 bucket.",
        ));
    }
    Ok(())
}

fn bucket_region<'a>(account: &'a Account, trail: &Trail) -> &'a str {
    account
        .s3
        .buckets
        .get(&trail.bucket)
        .map_or("", |bucket| bucket.region.as_str())
}

fn bucket(account: &Account, call: &Call, found: &Found) -> Result<(), AwsError> {
    let (name, trail) = (&found.trail.bucket, &found.trail);
    if !account.s3.buckets.contains_key(name) {
        return Err(AwsError::new(
            "S3BucketDoesNotExistException",
            format!("S3 bucket {name} does not exist!"),
        ));
    }
    let prefix = trail
        .prefix
        .as_ref()
        .map(|prefix| format!("{prefix}/"))
        .unwrap_or_default();
    let known = |changed: i64| account.sees(changed, call.now);
    let arn = found.arn();
    let context = [
        ("aws:SourceArn", arn.as_str()),
        ("aws:SourceAccount", &account.id),
        ("aws:SecureTransport", "true"),
        ("s3:x-amz-acl", "bucket-owner-full-control"),
        ("s3:TlsVersion", "1.3"),
    ];
    let asks = [
        ("s3:GetBucketAcl", format!("arn:aws:s3:::{name}")),
        (
            "s3:PutObject",
            format!("arn:aws:s3:::{name}/{prefix}AWSLogs/{}/CloudTrail/x", account.id),
        ),
    ];
    for (action, resource) in asks {
        let request = service_request(PRINCIPAL, action, resource, &context);
        if !account.s3.lets(name, &request, known) {
            return Err(AwsError::new(
                "InsufficientS3BucketPolicyException",
                format!("Incorrect S3 bucket policy is detected for bucket: {name}"),
            ));
        }
    }
    Ok(())
}

/// The log group and the role: both or none.
fn logs(account: &Account, call: &Call, trail: &Trail) -> Result<(), AwsError> {
    let wrong_group = |message: &str| {
        Err(AwsError::new(
            "InvalidCloudWatchLogsLogGroupArnException",
            message,
        ))
    };
    let (group, role) = match (&trail.log_group, &trail.role) {
        (None, None) => return Ok(()),
        (Some(group), Some(role)) => (group, role),
        (Some(_), None) => {
            return Err(AwsError::new(
                "InvalidCloudWatchLogsRoleArnException",
                "You must specify a role ARN as well as a log group.",
            ));
        }
        (None, Some(_)) => return wrong_group("You must specify a log group as well as a role ARN."),
    };
    let prefix = format!("arn:aws:logs:{}:{}:log-group:", call.region, account.id);
    let Some(name) = group
        .strip_prefix(&prefix)
        .and_then(|rest| rest.strip_suffix(":*"))
    else {
        return wrong_group("Invalid log group ARN: it must be of this region and account, and end with :*.");
    };
    let groups = account.regions.get(&call.region).map(|state| &state.logs.groups);
    if !groups.is_some_and(|groups| groups.contains_key(name)) {
        return wrong_group(&format!("CloudTrail cannot find the log group {name}."));
    }
    let denied = |message: &str| Err(AwsError::new("InvalidCloudWatchLogsRoleArnException", message));
    if !role.starts_with(&format!("arn:aws:iam::{}:role/", account.id)) {
        return denied("Invalid role ARN.");
    }
    match delivers(account, call, name, role) {
        true => Ok(()),
        false => denied("Access denied. Check the permissions for your role."),
    }
}

/// Whether CloudTrail can assume the role by now, and may then write to the log group.
fn delivers(account: &Account, call: &Call, group: &str, arn: &str) -> bool {
    let role = arn
        .rsplit('/')
        .next()
        .and_then(|name| account.iam.entities.roles.get(name));
    let Some(role) = role.filter(|role| account.sees(role.common.created, call.now)) else {
        return false;
    };
    let (region, id) = (&call.region, &account.id);
    let assume = service_request(
        PRINCIPAL,
        "sts:AssumeRole",
        arn.to_owned(),
        &[("aws:SourceAccount", id)],
    );
    let inline = role.common.inline.values();
    let inline: Vec<Policy> = inline.filter_map(|policy| policy.parse().ok()).collect();
    let inline: Vec<&Policy> = inline.iter().collect();
    let may = |action: &str| {
        let request = Request {
            principal: Principal::Session {
                role: arn.to_owned(),
                name: None,
            },
            action: action.to_owned(),
            resource: format!(
                "arn:aws:logs:{region}:{id}:log-group:{group}:log-stream:{id}_CloudTrail_{region}"
            ),
            context: Context::complete(),
        };
        evaluate_identity(&inline, None, &request).is_allowed()
    };
    lets(&role.trust, &assume) && may("logs:CreateLogStream") && may("logs:PutLogEvents")
}

/// Refuses what are no event selectors.
pub(super) fn selectors(input: &Value) -> Result<(), AwsError> {
    let wrong = |message: &str| Err(AwsError::new("InvalidEventSelectorsException", message));
    let (basic, advanced) = (&input["EventSelectors"], &input["AdvancedEventSelectors"]);
    if basic.is_null() == advanced.is_null() {
        return wrong("Specify either event selectors or advanced event selectors.");
    }
    let basic = basic.as_array().into_iter().flatten();
    if basic.clone().count() > 5 {
        return wrong("A trail can have 5 event selectors at most.");
    }
    for selector in basic {
        let kind = selector["ReadWriteType"].as_str().unwrap_or("All");
        if !["All", "ReadOnly", "WriteOnly"].contains(&kind) {
            return wrong("ReadWriteType must be All, ReadOnly or WriteOnly.");
        }
    }
    for selector in advanced.as_array().into_iter().flatten() {
        let fields = selector.list("FieldSelectors").iter();
        let categories = fields.filter(|field| field["Field"] == "eventCategory");
        if categories.count() != 1 {
            return wrong("An advanced event selector needs exactly one field eventCategory.");
        }
    }
    Ok(())
}
