//! Metric filters of log groups.
//!
//! Limits, patterns and required members are those of the service's own API model (2014-03-28).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, AwsError, Call, LogGroup, SERVICE, group, name};
use crate::input::Input;
use trueup_policy::filter_pattern::{Pattern, field};

/// A metric filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricFilter {
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// What it looks for.
    pub pattern: String,
    /// The one metric that it feeds, as the API answers it.
    pub transformation: Map<String, Value>,
    /// The further members that were put, as the API answers them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub further: Map<String, Value>,
}

/// Metric filters of a log group at most (CloudWatch Logs user guide, "CloudWatch Logs quotas").
const FILTERS: usize = 100;
/// A pattern's length at most.
const PATTERN: usize = 1024;

/// Answers one operation on metric filters.
pub(super) fn handle(groups: &mut BTreeMap<String, LogGroup>, call: &Call) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "PutMetricFilter" => put(group(groups, name(input)?)?, call),
        "DeleteMetricFilter" => {
            let filters = &mut group(groups, name(input)?)?.filters;
            match filters.remove(filter_name(input)?) {
                Some(_) => Ok(Value::Null),
                None => Err(AwsError::new(
                    "ResourceNotFoundException",
                    "The specified metric filter does not exist.",
                )),
            }
        }
        "DescribeMetricFilters" => describe(groups, input),
        "TestMetricFilter" => test(call),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn put(group: &mut LogGroup, call: &Call) -> Answer {
    let input = &call.input;
    let name = filter_name(input)?;
    let pattern = SERVICE.required(input, "filterPattern")?;
    parsed(call)?;
    if group.class != "STANDARD" {
        return Err(AwsError::new(
            "InvalidOperationException",
            "Metric filters are not supported for log groups of this class.",
        ));
    }
    let Some([transformation]) = input["metricTransformations"].as_array().map(Vec::as_slice) else {
        return Err(SERVICE
            .invalid("1 validation error detected: 'metricTransformations' must have exactly 1 member"));
    };
    let transformation = transformed(transformation)?;
    let old = group.filters.get(name);
    if old.is_none() && group.filters.len() >= FILTERS {
        return Err(AwsError::new(
            "LimitExceededException",
            "Resource limit exceeded.",
        ));
    }
    let further = [
        "applyOnTransformedLogs",
        "fieldSelectionCriteria",
        "emitSystemFieldDimensions",
    ];
    let further = further.into_iter().filter_map(|key| {
        Some((
            key.to_owned(),
            input.get(key).filter(|value| !value.is_null())?.clone(),
        ))
    });
    let filter = MetricFilter {
        created: old.map_or(call.now * 1000, |old| old.created),
        pattern: pattern.to_owned(),
        transformation,
        further: further.collect(),
    };
    group.filters.insert(name.to_owned(), filter);
    Ok(Value::Null)
}

/// A metric transformation as the API keeps it: the default value is a float.
fn transformed(given: &Value) -> Result<Map<String, Value>, AwsError> {
    let mut kept = Map::new();
    for (key, most) in [
        ("metricName", 255),
        ("metricNamespace", 255),
        ("metricValue", 100),
    ] {
        let text = given.text(key);
        let is_name = key == "metricValue" || !text.contains([':', '*', '$']);
        if text.is_empty() || text.len() > most || !is_name {
            return Err(SERVICE.invalid(format!(
                "1 validation error detected: Value '{text}' at 'metricTransformations.1.member.{key}' failed to \
                 satisfy constraint"
            )));
        }
        kept.insert(key.to_owned(), text.into());
    }
    let dimensions = given["dimensions"].as_object().filter(|all| !all.is_empty());
    if dimensions.is_some_and(|all| all.len() > 3) {
        return Err(SERVICE.invalid("A metric filter can have 3 dimensions at most"));
    }
    if dimensions.is_some() && given["defaultValue"].is_number() {
        return Err(SERVICE.invalid(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
        ));
    }
    kept.extend(dimensions.map(|all| ("dimensions".to_owned(), all.clone().into())));
    let default = given["defaultValue"].as_f64();
    kept.extend(default.map(|value| ("defaultValue".to_owned(), json!(value))));
    let unit = given["unit"].as_str();
    kept.extend(unit.map(|unit| ("unit".to_owned(), unit.into())));
    Ok(kept)
}

fn describe(groups: &BTreeMap<String, LogGroup>, input: &Value) -> Answer {
    let limit = match input["limit"].as_u64() {
        None => 50,
        Some(limit @ 1..=50) => limit as usize,
        Some(_) => {
            return Err(SERVICE.invalid("1 validation error detected: limit must be between 1 and 50"));
        }
    };
    let (metric, namespace) = (input["metricName"].as_str(), input["metricNamespace"].as_str());
    if metric.is_some() != namespace.is_some() {
        return Err(SERVICE.invalid("metricName and metricNamespace must be given together"));
    }
    let only = match input["logGroupName"].is_null() {
        true => None,
        false => Some(name(input)?),
    };
    if only.is_some_and(|only| !groups.contains_key(only)) {
        return Err(super::no_group());
    }
    let prefix = input.text("filterNamePrefix");
    for (member, text, most) in [
        ("filterNamePrefix", prefix, 512),
        ("metricName", metric.unwrap_or_default(), 255),
        ("metricNamespace", namespace.unwrap_or_default(), 255),
    ] {
        if text.len() > most {
            return Err(SERVICE.invalid(format!(
                "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must \
                 have length less than or equal to {most}"
            )));
        }
    }
    let after = input.text("nextToken");
    let token = |group: &str, filter: &str| format!("{filter}:{group}");
    let mut found: Vec<(String, Value)> = vec![];
    for (group_name, group) in groups {
        if only.is_some_and(|only| only != group_name) {
            continue;
        }
        for (name, filter) in &group.filters {
            let is_of = |key: &str, wanted: Option<&str>| {
                wanted.is_none_or(|wanted| filter.transformation.get(key) == Some(&wanted.into()))
            };
            if name.starts_with(prefix) && is_of("metricName", metric) && is_of("metricNamespace", namespace)
            {
                let mut told = filter.further.clone();
                told.entry("applyOnTransformedLogs").or_insert(json!(false));
                told.insert("filterName".to_owned(), name.as_str().into());
                told.insert("filterPattern".to_owned(), filter.pattern.as_str().into());
                told.insert("metricTransformations".to_owned(), json!([filter.transformation]));
                told.insert("creationTime".to_owned(), filter.created.into());
                told.insert("logGroupName".to_owned(), group_name.as_str().into());
                found.push((token(group_name, name), told.into()));
            }
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let mut rest = found.into_iter().filter(|(at, _)| at.as_str() > after);
    let (tokens, page): (Vec<_>, Vec<_>) = rest.by_ref().take(limit).unzip();
    let next = rest.next().and(tokens.last());
    Ok(json!({"metricFilters": page, "nextToken": next}))
}

fn test(call: &Call) -> Answer {
    let pattern = parsed(call)?;
    let messages = call.input["logEventMessages"].as_array().map(Vec::as_slice);
    let messages = messages.unwrap_or_default();
    if !(1..=50).contains(&messages.len())
        || messages.iter().any(|one| one.as_str().is_none_or(str::is_empty))
    {
        return Err(SERVICE.invalid(
            "1 validation error detected: 'logEventMessages' must have 1 to 50 members, none of them empty",
        ));
    }
    let messages = messages.iter().filter_map(Value::as_str).enumerate();
    let matches = messages
        .filter(|(_, message)| pattern.matches(message))
        .map(|(at, message)| {
            let mut values = Map::new();
            if let (Pattern::Json(expr), Ok(event)) = (&pattern, serde_json::from_str::<Value>(message)) {
                for (selector, path) in expr.selectors() {
                    let text = field(&event, &path).map(|value| match value {
                        Value::String(text) => text.clone(),
                        other => other.to_string(),
                    });
                    values.extend(text.map(|text| (selector, text.into())));
                }
            }
            json!({"eventNumber": at + 1, "eventMessage": message, "extractedValues": values})
        });
    Ok(json!({"matches": matches.collect::<Vec<_>>()}))
}

/// The pattern of a request, if it is one.
fn parsed(call: &Call) -> Result<Pattern, AwsError> {
    let text = call.input.text("filterPattern");
    if text.len() > PATTERN {
        return Err(SERVICE.invalid(format!(
            "1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have \
             length less than or equal to {PATTERN}"
        )));
    }
    match Pattern::parse(text) {
        Ok(Pattern::Columns) => Err(AwsError::new(
            "NotInSandbox",
            "The sandbox does not know filter patterns of columns.",
        )),
        Ok(pattern) => Ok(pattern),
        Err(why) => Err(SERVICE.invalid(format!("Invalid metric filter pattern: {why}"))),
    }
}

fn filter_name(input: &Value) -> Result<&str, AwsError> {
    let name = input.text("filterName");
    if (1..=512).contains(&name.len()) && !name.contains([':', '*']) {
        return Ok(name);
    }
    Err(SERVICE.invalid(format!(
        "1 validation error detected: Value '{name}' at 'filterName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [^:*]*"
    )))
}
