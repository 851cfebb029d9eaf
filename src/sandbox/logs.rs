//! Amazon CloudWatch Logs: log groups and their metric filters.
//!
//! Limits, patterns and required members are those of the service's own API model (2014-03-28).

mod filters;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::filters::MetricFilter;
use super::input::Input;
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// The log groups, by name.
    pub groups: BTreeMap<String, LogGroup>,
}

/// A log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// After how many days its events go; nothing if they stay.
    pub retention: Option<i64>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`. It never changes.
    pub class: String,
    /// The key that it is encrypted with.
    pub key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its metric filters, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, MetricFilter>,
}

/// The retentions that there are (API reference, `PutRetentionPolicy`).
pub(super) const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// The tags of a log group at most.
const TAGS: usize = 50;

/// The service.
pub(super) static SERVICE: Service = Service {
    invalid_code: "InvalidParameterException",
    keeps_tag: |tag| match tag.wrong() {
        None => Ok(true),
        Some(why) => Err(SERVICE.invalid(why)),
    },
    ..Service::new("logs", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let id = account.id.clone();
    let Some(state) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let groups = &mut state.logs.groups;
    let input = &call.input;
    match call.operation.as_str() {
        "CreateLogGroup" => {
            let name = name(input)?;
            if groups.contains_key(name) {
                return Err(AwsError::new(
                    "ResourceAlreadyExistsException",
                    "The specified log group already exists",
                ));
            }
            let class = match input["logGroupClass"].as_str() {
                None => "STANDARD",
                Some(class @ ("STANDARD" | "INFREQUENT_ACCESS" | "DELIVERY")) => class,
                Some(_) => {
                    return Err(SERVICE
                        .invalid("1 validation error detected: logGroupClass is no class of log groups"));
                }
            };
            let group = LogGroup {
                created: call.now * 1000,
                retention: None,
                class: class.to_owned(),
                key: input["kmsKeyId"].as_str().map(str::to_owned),
                tags: SERVICE.tag_map(&input["tags"])?,
                filters: BTreeMap::new(),
            };
            groups.insert(name.to_owned(), group);
            Ok(Value::Null)
        }
        "DeleteLogGroup" => {
            let name = name(input)?;
            groups.remove(name).map(|_| Value::Null).ok_or_else(no_group)
        }
        "DescribeLogGroups" => {
            let arn = |name: &str| format!("arn:aws:logs:{}:{id}:log-group:{name}", call.region);
            describe(groups, input, arn)
        }
        "PutRetentionPolicy" => {
            let days = input["retentionInDays"].as_i64().unwrap_or_default();
            if !RETENTIONS.contains(&days) {
                return Err(SERVICE.invalid(format!(
                    "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: \
                     Member must satisfy enum value set: {RETENTIONS:?}"
                )));
            }
            group(groups, name(input)?)?.retention = Some(days);
            Ok(Value::Null)
        }
        "DeleteRetentionPolicy" => {
            group(groups, name(input)?)?.retention = None;
            Ok(Value::Null)
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            let arn = input.text("resourceArn");
            let prefix = format!("arn:aws:logs:{}:{id}:log-group:", call.region);
            // Here, and only here, the ARN has no `:*` at its end.
            let named = arn.strip_prefix(&prefix).filter(|name| !name.ends_with(":*"));
            let group = group(
                groups,
                named.ok_or_else(|| SERVICE.invalid("Invalid resource ARN"))?,
            )?;
            match call.operation.as_str() {
                "ListTagsForResource" => return Ok(json!({"tags": group.tags})),
                "TagResource" => group.tags.extend(SERVICE.tag_map(&input["tags"])?),
                _ => {
                    for key in input.list("tagKeys") {
                        group.tags.remove(key.as_str().unwrap_or_default());
                    }
                }
            }
            if group.tags.len() > TAGS {
                return Err(AwsError::new(
                    "TooManyTagsException",
                    "A log group can have 50 tags at most",
                ));
            }
            Ok(Value::Null)
        }
        _ => filters::handle(groups, call),
    }
}

fn describe(groups: &BTreeMap<String, LogGroup>, input: &Value, arn: impl Fn(&str) -> String) -> Answer {
    let limit = match input["limit"].as_u64() {
        None => 50,
        Some(limit @ 1..=50) => limit as usize,
        Some(_) => {
            return Err(SERVICE.invalid("1 validation error detected: limit must be between 1 and 50"));
        }
    };
    let (prefix, pattern) = (&input["logGroupNamePrefix"], &input["logGroupNamePattern"]);
    if !prefix.is_null() && !pattern.is_null() {
        return Err(SERVICE
            .invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let (prefix, pattern) = (
        prefix.as_str().unwrap_or_default(),
        pattern.as_str().unwrap_or_default().to_lowercase(),
    );
    let after = input.text("nextToken");
    let mut found = groups.iter().filter(|(name, _)| {
        name.as_str() > after && name.starts_with(prefix) && name.to_lowercase().contains(&pattern)
    });
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let token = found.next().and(page.last()).map(|(name, _)| *name);
    let told: Vec<Value> = page
        .iter()
        .map(|(name, group)| {
            json!({
                "logGroupName": name,
                "creationTime": group.created,
                "retentionInDays": group.retention,
                "metricFilterCount": group.filters.len(),
                "arn": format!("{}:*", arn(name)),
                "logGroupArn": arn(name),
                "storedBytes": 0,
                "kmsKeyId": group.key,
                "logGroupClass": group.class,
                "deletionProtectionEnabled": false,
            })
        })
        .collect();
    Ok(json!({"logGroups": told, "nextToken": token}))
}

/// The name that a request has for a log group, if it can be one.
fn name(input: &Value) -> Result<&str, AwsError> {
    let name = input.text("logGroupName");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    let well_formed = (1..=512).contains(&name.len()) && name.chars().all(plain) && !name.starts_with("aws/");
    well_formed.then_some(name).ok_or_else(|| {
        SERVICE.invalid(format!(
            "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        ))
    })
}

fn group<'a>(groups: &'a mut BTreeMap<String, LogGroup>, name: &str) -> Result<&'a mut LogGroup, AwsError> {
    groups.get_mut(name).ok_or_else(no_group)
}

fn no_group() -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}
