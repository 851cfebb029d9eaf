//! A bucket's life cycle: rules that archive and delete objects in time.
//!
//! Rules are kept as they were put, with the id that S3 gives to one without (API reference, `LifecycleRule`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Bucket, SERVICE, malformed_xml};
use crate::input::{Input, one_or_many};
use crate::{Answer, AwsError, Call, Ids};

/// A life cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// The rules, by their names on the wire; `[]` marks elements that are repeated.
    pub rules: Vec<Value>,
    /// Which small objects are not archived.
    pub minimum_size: String,
}

/// The header in which that is put and told.
const MINIMUM_SIZE: &str = "x-amz-transition-default-minimum-object-size";
/// What it is unless somebody says otherwise.
const ALL_CLASSES: &str = "all_storage_classes_128K";
/// The rules of a bucket at most.
const RULES: usize = 1000;
/// What a rule can do; one of these it must.
const ACTIONS: [&str; 5] = [
    "AbortIncompleteMultipartUpload",
    "Expiration",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "Transition",
];
const CLASSES: [&str; 6] = [
    "DEEP_ARCHIVE",
    "GLACIER",
    "GLACIER_IR",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "STANDARD_IA",
];

/// Answers what is about the life cycle.
pub(super) fn handle(bucket: &mut Bucket, call: &Call, ids: &mut Ids) -> Answer {
    match call.operation.as_str() {
        "GetBucketLifecycleConfiguration" => match &bucket.lifecycle {
            Some(kept) => Ok(json!({"Rule[]": kept.rules, MINIMUM_SIZE: kept.minimum_size})),
            None => Err(AwsError::with_status(
                404,
                "NoSuchLifecycleConfiguration",
                "The lifecycle configuration does not exist",
            )),
        },
        "PutBucketLifecycleConfiguration" => {
            let rules = one_or_many(&call.input["LifecycleConfiguration"]["Rule"]);
            if rules.is_empty() || rules.len() > RULES {
                return Err(malformed_xml());
            }
            if bucket.mfa_delete {
                return Err(AwsError::with_status(
                    409,
                    "InvalidBucketState",
                    "Lifecycle configurations are not supported on buckets with MFA Delete enabled",
                ));
            }
            let old_form = rules.iter().filter(|rule| !rule["Prefix"].is_null()).count();
            if (1..rules.len()).contains(&old_form) {
                // The first rule says which form the others must have.
                let message = match rules[0]["Prefix"].is_null() {
                    true => {
                        "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
                    }
                    false => "Filter element can only be used in Lifecycle V2.",
                };
                return Err(AwsError::new("InvalidRequest", message));
            }
            let minimum_size = match call.input[MINIMUM_SIZE].as_str() {
                None => ALL_CLASSES,
                Some(size @ (ALL_CLASSES | "varies_by_storage_class")) => size,
                Some(_) => return Err(SERVICE.invalid("Invalid transition default minimum object size")),
            };
            let mut kept: Vec<Value> = vec![];
            for rule in rules {
                let mut rule = rule.as_object().cloned().ok_or_else(malformed_xml)?;
                check(&rule)?;
                if rule.get("ID").and_then(Value::as_str).is_none_or(str::is_empty) {
                    rule.insert("ID".to_owned(), json!(ids.next_hex32()));
                }
                if kept.iter().any(|other| other["ID"] == rule["ID"]) {
                    return Err(
                        SERVICE.invalid("Rule ID must be unique. Found same ID for more than one rule")
                    );
                }
                kept.push(marked(Value::Object(rule)));
            }
            bucket.lifecycle = Some(Lifecycle {
                rules: kept,
                minimum_size: minimum_size.to_owned(),
            });
            Ok(json!({MINIMUM_SIZE: minimum_size}))
        }
        "DeleteBucketLifecycle" => {
            bucket.lifecycle = None;
            Ok(Value::Null)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn check(rule: &Map<String, Value>) -> Result<(), AwsError> {
    let part = |name: &str| rule.get(name).unwrap_or(&Value::Null);
    if !["Enabled", "Disabled"].contains(&part("Status").as_str().unwrap_or_default())
        || part("Filter").is_null() == part("Prefix").is_null()
    {
        return Err(malformed_xml());
    }
    filter(part("Filter"))?;
    if part("ID").as_str().is_some_and(|id| id.len() > 255) {
        return Err(SERVICE.invalid("ID length should not exceed allowed limit of 255"));
    }
    if ACTIONS.iter().all(|action| part(action).is_null()) {
        return Err(AwsError::new(
            "InvalidRequest",
            "At least one action needs to be specified in a rule",
        ));
    }
    let mut archived = None;
    for (name, key) in [
        ("Transition", "Days"),
        ("NoncurrentVersionTransition", "NoncurrentDays"),
    ] {
        for transition in one_or_many(part(name)) {
            let class = transition.text("StorageClass");
            if !CLASSES.contains(&class) {
                return Err(malformed_xml());
            }
            let after = days(transition, key, 0)?;
            if class.ends_with("_IA") && after.is_some_and(|days| days < 30) {
                return Err(SERVICE.invalid(format!(
                    "'Days' in Transition action must be greater than or equal to 30 for storageClass '{class}'"
                )));
            }
            if name == "Transition" {
                archived = archived.max(after);
            }
        }
    }
    let expiration = part("Expiration");
    let ways = ["Date", "Days", "ExpiredObjectDeleteMarker"];
    if !expiration.is_null() && ways.iter().filter(|way| !expiration[**way].is_null()).count() != 1 {
        return Err(malformed_xml());
    }
    if let (Some(expired), Some(archived)) = (days(expiration, "Days", 1)?, archived)
        && expired <= archived
    {
        return Err(SERVICE.invalid(
            "'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action",
        ));
    }
    let dated = || one_or_many(part("Transition")).iter().chain([expiration]);
    for one in dated() {
        midnight(&one["Date"])?;
    }
    let has = |key: &str| dated().any(|one| !one[key].is_null());
    if has("Date") && has("Days") {
        return Err(AwsError::new(
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule",
        ));
    }
    let old_versions = part("NoncurrentVersionExpiration");
    if !old_versions.is_null() && old_versions["NoncurrentDays"].is_null() {
        return Err(malformed_xml());
    }
    days(old_versions, "NoncurrentDays", 1)?;
    Ok(())
}

/// A filter has one condition, or several inside of `And`; no tag twice.
fn filter(filter: &Value) -> Result<(), AwsError> {
    if filter.as_object().is_some_and(|conditions| conditions.len() > 1) || filter["Tag"].is_array() {
        return Err(malformed_xml());
    }
    let mut keys: Vec<&str> = one_or_many(&filter["And"]["Tag"])
        .iter()
        .map(|tag| tag.text("Key"))
        .collect();
    keys.sort_unstable();
    match keys.windows(2).any(|two| two[0] == two[1]) {
        true => Err(AwsError::new(
            "InvalidRequest",
            "Duplicate Tag Keys are not allowed.",
        )),
        false => Ok(()),
    }
}

fn midnight(date: &Value) -> Result<(), AwsError> {
    let Some(text) = date.as_str() else {
        return Ok(());
    };
    let time: jiff::Timestamp = text.parse().map_err(|_| malformed_xml())?;
    match time.as_second() % 86_400 {
        0 => Ok(()),
        _ => Err(SERVICE.invalid("'Date' must be at midnight GMT")),
    }
}

fn days(part: &Value, key: &str, least: i64) -> Result<Option<i64>, AwsError> {
    let Some(text) = part[key].as_str() else {
        return Ok(None);
    };
    match text.parse() {
        Ok(days) if days >= least => Ok(Some(days)),
        Ok(_) => Err(SERVICE.invalid(format!("'{key}' for the action must be a positive integer"))),
        Err(_) => Err(malformed_xml()),
    }
}

/// The same with repeated elements marked, so that they are written side by side again.
fn marked(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| match value {
                    Value::Array(several) => {
                        let several = several.into_iter().map(marked).collect();
                        (format!("{name}[]"), Value::Array(several))
                    }
                    other => (name, marked(other)),
                })
                .collect(),
        ),
        other => other,
    }
}
