//! What CloudWatch demands of alarms, and the types of what forms write as text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::SERVICE;
use crate::input::Input;
use crate::{AwsError, Call};

/// Actions of one kind at most.
const ACTIONS: usize = 5;

/// Gives the members of a form, which are all texts, the types that they have in the other protocols.
pub(super) fn typed(input: &mut Value) -> Result<(), AwsError> {
    for (key, value) in input.as_object_mut().into_iter().flatten() {
        // What an expression is made of.
        if key == "Metrics" {
            for query in value.as_array_mut().into_iter().flatten() {
                typed(query)?;
            }
        } else if key == "MetricStat" {
            typed(value)?;
        }
        let Value::String(text) = value else { continue };
        let new = match key.as_str() {
            "ActionsEnabled" | "ReturnData" => text.parse().map(|on: bool| json!(on)).ok(),
            "ActionsSuppressorExtensionPeriod"
            | "ActionsSuppressorWaitPeriod"
            | "DatapointsToAlarm"
            | "EvaluationPeriods"
            | "MaxRecords"
            | "Period" => text.parse().map(|number: i64| json!(number)).ok(),
            "Threshold" => text.parse().map(|number: f64| json!(number)).ok(),
            // A list without items is written as an empty text.
            "AlarmActions"
            | "AlarmNames"
            | "AlarmTypes"
            | "Dimensions"
            | "InsufficientDataActions"
            | "Metrics"
            | "OKActions"
            | "TagKeys"
            | "Tags" => text.is_empty().then(|| json!([])),
            _ => continue,
        };
        *value = new.ok_or_else(|| {
            AwsError::new(
                "MalformedInput",
                format!("The value of {key} is malformed: {text}."),
            )
        })?;
    }
    Ok(())
}

pub(super) fn name(call: &Call) -> Result<String, AwsError> {
    let name = call.input.text("AlarmName");
    if name.is_empty() || name.chars().count() > 255 {
        return Err(SERVICE.invalid("The value of AlarmName must be between 1 and 255 characters long."));
    }
    Ok(name.to_owned())
}

/// What `PutMetricAlarm` demands.
pub(super) fn check(call: &Call) -> Result<(), AwsError> {
    let input = &call.input;
    if input.get("EvaluationCriteria").is_some() {
        return Err(AwsError::not_in_sandbox(call));
    }
    let is_band = input.get("ThresholdMetricId").is_some();
    for key in ["ComparisonOperator", "EvaluationPeriods", "Threshold"] {
        if input.get(key).is_none() && (key != "Threshold" || !is_band) {
            return Err(SERVICE.invalid(format!("The request must contain the parameter {key}.")));
        }
    }
    match input.get("Metrics") {
        Some(_) => on_expression(call)?,
        None => on_metric(input)?,
    }
    let among = |key: &str, words: &[&str]| match input[key].as_str() {
        Some(word) if !words.contains(&word) => {
            Err(SERVICE.invalid(format!("The value of {key} cannot be {word}.")))
        }
        _ => Ok(()),
    };
    among(
        "ComparisonOperator",
        &[
            "GreaterThanOrEqualToThreshold",
            "GreaterThanThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
            "LessThanLowerOrGreaterThanUpperThreshold",
            "LessThanLowerThreshold",
            "GreaterThanUpperThreshold",
        ],
    )?;
    among(
        "Statistic",
        &["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
    )?;
    among(
        "TreatMissingData",
        &["breaching", "notBreaching", "ignore", "missing"],
    )?;
    if input["EvaluationPeriods"].as_u64().unwrap_or_default() == 0 {
        return Err(SERVICE.invalid("The value of EvaluationPeriods must be at least 1."));
    }
    actions(call)
}

/// What an alarm on one metric has.
fn on_metric(input: &Value) -> Result<(), AwsError> {
    if input.get("Period").is_none() {
        return Err(SERVICE.invalid("The request must contain the parameter Period."));
    }
    for key in ["MetricName", "Namespace"] {
        if input[key].as_str().is_none_or(str::is_empty) {
            return Err(SERVICE.invalid(format!("The request must contain the parameter {key}.")));
        }
    }
    if input.get("Statistic").is_some() == input.get("ExtendedStatistic").is_some() {
        return Err(SERVICE.invalid("Exactly one of Statistic and ExtendedStatistic must be specified."));
    }
    period(input)
}

fn period(of: &Value) -> Result<(), AwsError> {
    let period = of["Period"].as_u64().unwrap_or_default();
    if ![10, 20, 30].contains(&period) && (period == 0 || !period.is_multiple_of(60)) {
        return Err(SERVICE.invalid("The value of Period must be 10, 20, 30 or a multiple of 60."));
    }
    Ok(())
}

/// What an alarm on an expression has: metrics and expressions with an id each, of which it watches the one that returns
/// data.
fn on_expression(call: &Call) -> Result<(), AwsError> {
    let of_one_metric = [
        "Namespace",
        "MetricName",
        "Dimensions",
        "Period",
        "Unit",
        "Statistic",
        "ExtendedStatistic",
    ];
    if let Some(key) = of_one_metric.iter().find(|key| call.input.get(**key).is_some()) {
        return Err(SERVICE.invalid(format!(
            "The parameters Metrics and {key} are mutually exclusive."
        )));
    }
    let queries = call.input.list("Metrics");
    let mut ids = BTreeSet::new();
    for query in queries {
        let id = query.text("Id");
        let is_valid = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_valid || !ids.insert(id) {
            return Err(SERVICE.invalid(format!(
                "The value of Metrics has the invalid or repeated Id {id}."
            )));
        }
        let stat = &query["MetricStat"];
        if stat.is_null() == query["Expression"].as_str().is_none_or(str::is_empty) {
            return Err(SERVICE.invalid(format!(
                "The metric {id} must have either MetricStat or Expression."
            )));
        }
        if !stat.is_null() {
            if stat.text("Stat").is_empty() || stat["Metric"].text("MetricName").is_empty() {
                return Err(SERVICE.invalid(format!("The MetricStat of {id} must have Metric and Stat.")));
            }
            period(stat)?;
        }
    }
    let band = call.input.text("ThresholdMetricId");
    let watched = queries
        .iter()
        .filter(|query| query["ReturnData"].as_bool().unwrap_or(true) && query.text("Id") != band);
    match watched.count() {
        1 => Ok(()),
        _ => Err(SERVICE.invalid("Exactly one element of the metrics list should return data.")),
    }
}

/// What alarms demand of their actions.
pub(super) fn actions(call: &Call) -> Result<(), AwsError> {
    for kind in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
        let actions = call.input.texts(kind);
        if actions.len() > ACTIONS {
            return Err(SERVICE.invalid(format!("The value of {kind} has more than 5 actions.")));
        }
        if let Some(action) = actions.iter().find(|action| !action.starts_with("arn:")) {
            return Err(SERVICE.invalid(format!(
                "The value of {kind} has the unsupported action {action}."
            )));
        }
        // An alarm tells topics of its own region alone.
        for topic in actions.iter().filter(|action| action.contains(":sns:")) {
            if topic.split(':').nth(3) != Some(&call.region) {
                return Err(SERVICE.invalid(format!(
                    "The value of {kind} Invalid region in ARN {topic}: expected {}.",
                    call.region
                )));
            }
        }
    }
    Ok(())
}

pub(super) fn tags(call: &Call) -> Result<BTreeMap<String, String>, AwsError> {
    let tags = SERVICE.tags(call.input.list("Tags"))?;
    if tags.len() > 50 {
        return Err(SERVICE.invalid("The value of Tags has more than 50 tags."));
    }
    if let Some(key) = tags.keys().find(|key| key.starts_with("aws:")) {
        return Err(SERVICE.invalid(format!("The value of Tags has the reserved key {key}.")));
    }
    Ok(tags)
}
