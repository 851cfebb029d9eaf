//! What Config looks at before it takes a request.

use serde_json::{Value, json};

use super::SERVICE;
use crate::input::{Input, one_or_many, one_or_many_texts};
use crate::s3::service_request;
use crate::{Account, AwsError, Call};

/// Types whose results are always recorded as they come.
const NEVER_DAILY: [&str; 3] = [
    "AWS::Config::ResourceCompliance",
    "AWS::Config::ConformancePackCompliance",
    "AWS::Config::ConfigurationRecorder",
];

/// Refuses a role that is none, or a service-linked one that does not exist.
pub(super) fn role(account: &Account, call: &Call) -> Result<(), AwsError> {
    let arn = call.input["ConfigurationRecorder"].text("roleARN");
    let own = format!("arn:aws:iam::{}:role/", account.id);
    let exists = arn.strip_prefix(&own).is_some_and(|path| {
        match path.strip_prefix("aws-service-role/config.amazonaws.com/") {
            Some(name) => account.iam.service_linked_roles.contains_key(name),
            None => !path.is_empty(),
        }
    });
    match exists {
        true => Ok(()),
        false => Err(AwsError::new(
            "InvalidRoleException",
            format!("The role '{arn}' does not exist or cannot be assumed by AWS Config."),
        )),
    }
}

/// Refuses a bucket that is not there or does not let Config write, as far as Config sees by now.
pub(super) fn delivery(account: &Account, call: &Call) -> Result<(), AwsError> {
    let channel = &call.input["DeliveryChannel"];
    let name = channel.text("s3BucketName");
    let prefix = channel["s3KeyPrefix"].as_str();
    if name.is_empty() {
        return Err(SERVICE.invalid("DeliveryChannel must have an s3BucketName."));
    }
    if !account.s3.buckets.contains_key(name) {
        return Err(AwsError::new(
            "NoSuchBucketException",
            format!("Cannot find a S3 bucket with an empty bucket name or the name '{name}'."),
        ));
    }
    match may_write(account, call, name, prefix) {
        true => Ok(()),
        false => Err(AwsError::new(
            "InsufficientDeliveryPolicyException",
            format!(
                "Insufficient delivery policy to s3 bucket: {name}, unable to write to bucket, provided s3 key prefix \
                 is '{}', provided kms key is 'null'.",
                prefix.unwrap_or("null")
            ),
        )),
    }
}

/// Whether Config may write to a bucket, as far as it sees by now.
fn may_write(account: &Account, call: &Call, bucket: &str, prefix: Option<&str>) -> bool {
    let folder = prefix.map_or_else(String::new, |prefix| format!("{prefix}/"));
    let request = service_request(
        "config.amazonaws.com",
        "s3:PutObject",
        format!(
            "arn:aws:s3:::{bucket}/{folder}AWSLogs/{}/Config/ConfigWritabilityCheckFile",
            account.id
        ),
        &[
            ("aws:SourceAccount", &account.id),
            ("aws:SecureTransport", "true"),
            ("s3:x-amz-acl", "bucket-owner-full-control"),
            ("s3:TlsVersion", "1.3"),
        ],
    );
    account
        .s3
        .lets(bucket, &request, |changed| account.sees(changed, call.now))
}

/// Why the region's channel cannot deliver now, if it cannot: S3's code and text.
pub(super) fn refusal_of_delivery(account: &Account, call: &Call) -> Option<(&'static str, String)> {
    let settings = &account
        .regions
        .get(&call.region)?
        .config
        .channel
        .as_ref()?
        .settings;
    let bucket = settings.get("s3BucketName")?.as_str()?;
    let prefix = settings.get("s3KeyPrefix").and_then(Value::as_str);
    if !account.s3.buckets.contains_key(bucket) {
        return Some(("NoSuchBucket", "The specified bucket does not exist".to_owned()));
    }
    (!may_write(account, call, bucket, prefix)).then(|| ("AccessDenied", "Access Denied".to_owned()))
}

/// A recording group with what AWS adds to it.
pub(super) fn group(wanted: &Value) -> Result<Value, AwsError> {
    let refuse = |message: &str| Err(AwsError::new("InvalidRecordingGroupException", message));
    if wanted.is_null() {
        return group(&json!({"allSupported": true}));
    }
    let all = wanted["allSupported"] == true;
    let global = wanted["includeGlobalResourceTypes"] == true;
    let only = one_or_many_texts(&wanted["resourceTypes"]);
    let but = one_or_many_texts(&wanted["exclusionByResourceTypes"]["resourceTypes"]);
    let strategy = match (all, only.is_empty(), but.is_empty()) {
        (true, true, true) => "ALL_SUPPORTED_RESOURCE_TYPES",
        (false, false, true) => "INCLUSION_BY_RESOURCE_TYPES",
        (false, true, false) => "EXCLUSION_BY_RESOURCE_TYPES",
        _ => return refuse("The recording group provided is not valid: choose one recording strategy."),
    };
    if global && !all {
        return refuse("includeGlobalResourceTypes can only be true when allSupported is true.");
    }
    let said = &wanted["recordingStrategy"]["useOnly"];
    if !said.is_null() && said != strategy {
        return refuse("The recording strategy does not match the resource types of the recording group.");
    }
    Ok(json!({
        "allSupported": all,
        "includeGlobalResourceTypes": global,
        "resourceTypes": only,
        "exclusionByResourceTypes": {"resourceTypes": but},
        "recordingStrategy": {"useOnly": strategy},
    }))
}

/// A recording mode with what AWS adds to it.
pub(super) fn mode(wanted: &Value) -> Result<Value, AwsError> {
    let frequency = |value: &Value| match value.as_str() {
        Some(word @ ("CONTINUOUS" | "DAILY")) => Ok(word.to_owned()),
        _ => Err(SERVICE.invalid("recordingFrequency must be CONTINUOUS or DAILY.")),
    };
    if wanted.is_null() {
        return Ok(json!({"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": []}));
    }
    let overrides = one_or_many(&wanted["recordingModeOverrides"]);
    if overrides.len() > 1 {
        return Err(SERVICE.invalid("recordingModeOverrides must have length less than or equal to 1."));
    }
    for one in overrides {
        let types = one_or_many_texts(&one["resourceTypes"]);
        let daily = frequency(&one["recordingFrequency"])? == "DAILY";
        if types.is_empty() {
            return Err(SERVICE.invalid("An override must have resourceTypes."));
        }
        if let Some(never) = types.iter().find(|name| daily && NEVER_DAILY.contains(name)) {
            return Err(SERVICE.invalid(format!("{never} cannot be recorded daily.")));
        }
    }
    Ok(json!({
        "recordingFrequency": frequency(&wanted["recordingFrequency"])?,
        "recordingModeOverrides": overrides,
    }))
}
