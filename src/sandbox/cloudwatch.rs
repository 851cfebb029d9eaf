//! Amazon CloudWatch: metric alarms.
//!
//! Source: Amazon CloudWatch API reference, `PutMetricAlarm` and `DescribeAlarms`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::Input;
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

#[cfg(test)]
mod tests;

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudWatch {
    /// The metric alarms, by name.
    pub alarms: BTreeMap<String, Alarm>,
}

/// A metric alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The members as they were put, with what CloudWatch adds: as `DescribeAlarms` answers them.
    pub members: Map<String, Value>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// The members of `PutMetricAlarm` that an alarm keeps; tags are kept beside them.
const KEPT: [&str; 19] = [
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];
/// Actions of one kind at most.
const ACTIONS: usize = 5;
/// `DescribeAlarms` answers so many at most.
const PAGE: usize = 100;

/// The service.
pub(super) static SERVICE: Service = Service {
    signing_name: "monitoring",
    invalid_code: "ValidationError",
    error_shape: |code| {
        let known = SHAPES.iter().find(|(known, _)| *known == code);
        known.map_or(code, |(_, shape)| shape)
    },
    ..Service::new("cloudwatch", PROTOCOLS, handle)
};

const PROTOCOLS: &[Protocol] = &[
    Protocol::Cbor("com.amazonaws.cloudwatch"),
    Protocol::Json("1.0"),
    Protocol::Query("http://monitoring.amazonaws.com/doc/2010-08-01/"),
];

/// The errors whose shape is called otherwise than their code in a form (API model 2010-08-01).
const SHAPES: [(&str, &str); 5] = [
    (
        "InvalidParameterCombination",
        "InvalidParameterCombinationException",
    ),
    ("InvalidParameterValue", "InvalidParameterValueException"),
    ("LimitExceeded", "LimitExceededFault"),
    ("MissingParameter", "MissingRequiredParameterException"),
    ("ValidationError", "ValidationException"),
];

/// The states of an alarm.
const STATES: [&str; 3] = ["INSUFFICIENT_DATA", "ALARM", "OK"];
/// Why an alarm is in the state in which it was made.
const UNCHECKED: &str = "Unchecked: Initial alarm creation";

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let mut call = call.clone();
    typed(&mut call.input)?;
    let call = &call;
    let id = account.id.clone();
    let Some(state) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let service = &mut state.cloudwatch;
    match call.operation.as_str() {
        "PutMetricAlarm" => service.put(call, &id),
        "DescribeAlarms" => service.describe(call),
        "DeleteAlarms" => service.delete(call),
        "SetAlarmState" => service.set_state(call),
        "EnableAlarmActions" | "DisableAlarmActions" => {
            let names = call.input.texts("AlarmNames");
            for (_, alarm) in service
                .alarms
                .iter_mut()
                .filter(|(name, _)| names.contains(&name.as_str()))
            {
                let on = call.operation == "EnableAlarmActions";
                alarm.members.insert("ActionsEnabled".to_owned(), json!(on));
            }
            Ok(Value::Null)
        }
        // An alarm that was deleted has no tags rather than none to ask for.
        "ListTagsForResource" => {
            let none = BTreeMap::new();
            let tagged = service.tagged(call);
            let tags = tagged.as_ref().map_or(&none, |alarm| &alarm.tags);
            Ok(json!({"Tags": tags::output(tags)}))
        }
        "TagResource" => {
            let tags = tags(call)?;
            service.tagged(call)?.tags.extend(tags);
            Ok(json!({}))
        }
        "UntagResource" => {
            let keys = call.input.texts("TagKeys");
            service
                .tagged(call)?
                .tags
                .retain(|key, _| !keys.contains(&key.as_str()));
            Ok(json!({}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl CloudWatch {
    fn put(&mut self, call: &Call, account: &str) -> Answer {
        let name = name(call)?;
        check(call)?;
        let mut members: Map<String, Value> = KEPT
            .iter()
            .filter_map(|&key| Some((key.to_owned(), call.input.get(key)?.clone())))
            .collect();
        if let Some(threshold) = members.get("Threshold").and_then(Value::as_f64) {
            members.insert("Threshold".to_owned(), json!(threshold));
        }
        for list in [
            "AlarmActions",
            "OKActions",
            "InsufficientDataActions",
            "Dimensions",
        ] {
            members.entry(list).or_insert(json!([]));
        }
        members.entry("ActionsEnabled").or_insert(json!(true));
        let old = self.alarms.get(&name);
        let of_old = |key: &str, otherwise: Value| {
            old.and_then(|alarm| alarm.members.get(key).cloned())
                .unwrap_or(otherwise)
        };
        // A change of the alarm does not touch its state.
        for (key, value) in [
            ("StateValue", of_old("StateValue", json!("INSUFFICIENT_DATA"))),
            ("StateReason", of_old("StateReason", json!(UNCHECKED))),
            (
                "StateUpdatedTimestamp",
                of_old("StateUpdatedTimestamp", json!(call.now)),
            ),
            (
                "StateTransitionedTimestamp",
                of_old("StateTransitionedTimestamp", json!(call.now)),
            ),
            ("AlarmConfigurationUpdatedTimestamp", json!(call.now)),
            ("AlarmName", json!(name)),
            (
                "AlarmArn",
                json!(format!(
                    "arn:aws:cloudwatch:{}:{account}:alarm:{name}",
                    call.region
                )),
            ),
        ] {
            members.insert(key.to_owned(), value);
        }
        // Tags count when the alarm is made, and are ignored on one that exists.
        let tags = match old {
            Some(alarm) => alarm.tags.clone(),
            None => tags(call)?,
        };
        self.alarms.insert(name, Alarm { members, tags });
        Ok(Value::Null)
    }

    fn describe(&self, call: &Call) -> Answer {
        let names = call.input.texts("AlarmNames");
        if names.len() > PAGE {
            return Err(SERVICE.invalid("The value of AlarmNames has more than 100 names."));
        }
        let prefix = call.input.text("AlarmNamePrefix");
        if !names.is_empty() && !prefix.is_empty() {
            return Err(SERVICE.invalid("AlarmNames and AlarmNamePrefix are mutually exclusive"));
        }
        let size = match call.input["MaxRecords"].as_u64() {
            None => PAGE,
            Some(size @ 1..=100) => usize::try_from(size).unwrap_or(PAGE),
            Some(_) => return Err(SERVICE.invalid("The value of MaxRecords is not between 1 and 100.")),
        };
        let after = call.input["NextToken"].as_str();
        let mut found = self.alarms.iter().filter(|(name, _)| {
            (names.is_empty() || names.contains(&name.as_str()))
                && name.starts_with(prefix)
                && after.is_none_or(|after| name.as_str() > after)
        });
        let page: Vec<_> = found.by_ref().take(size).collect();
        let next = found
            .next()
            .and_then(|_| page.last().map(|(name, _)| name.as_str()));
        Ok(json!({
            "MetricAlarms": page.iter().map(|(_, alarm)| alarm.at(call.now)).collect::<Vec<_>>(),
            "CompositeAlarms": [],
            "NextToken": next,
        }))
    }

    fn set_state(&mut self, call: &Call) -> Answer {
        let state = call.input.text("StateValue");
        if !STATES.contains(&state) {
            return Err(SERVICE.invalid(format!(
                "1 validation error detected: Value '{state}' at 'stateValue' failed to satisfy constraint: Member must \
                 satisfy enum value set: [{}]",
                STATES.join(", ")
            )));
        }
        let name = call.input.text("AlarmName");
        let alarm = self.alarms.get_mut(name);
        let alarm = alarm.ok_or_else(|| AwsError::with_status(404, "ResourceNotFound", ""))?;
        for (key, value) in [
            ("StateValue", json!(state)),
            ("StateReason", json!(call.input.text("StateReason"))),
            ("StateUpdatedTimestamp", json!(call.now)),
            ("StateTransitionedTimestamp", json!(call.now)),
        ] {
            alarm.members.insert(key.to_owned(), value);
        }
        Ok(Value::Null)
    }

    fn delete(&mut self, call: &Call) -> Answer {
        let names = call.input.texts("AlarmNames");
        if names.len() > PAGE {
            return Err(SERVICE.invalid("The value of AlarmNames has more than 100 names."));
        }
        if let Some(missing) = names.iter().find(|name| !self.alarms.contains_key(**name)) {
            return Err(AwsError::with_status(
                404,
                "ResourceNotFound",
                format!("Alarm {missing} does not exist"),
            ));
        }
        self.alarms.retain(|name, _| !names.contains(&name.as_str()));
        Ok(Value::Null)
    }

    fn tagged(&mut self, call: &Call) -> Result<&mut Alarm, AwsError> {
        let arn = call.input.text("ResourceARN");
        self.alarms
            .values_mut()
            .find(|alarm| alarm.members.get("AlarmArn").and_then(Value::as_str) == Some(arn))
            .ok_or_else(|| {
                AwsError::with_status(404, "ResourceNotFoundException", format!("{arn} does not exist"))
            })
    }
}

impl Alarm {
    /// The members as they are then. Nothing is ever measured here: once the periods that count have passed, an alarm is
    /// in the state of missing data.
    fn at(&self, now: i64) -> Map<String, Value> {
        let mut members = self.members.clone();
        let number = |key: &str| self.members.get(key).and_then(Value::as_i64).unwrap_or_default();
        let text = |key: &str| self.members.get(key).and_then(Value::as_str).unwrap_or_default();
        let checked = number("StateUpdatedTimestamp") + number("Period") * number("EvaluationPeriods");
        let state = match text("TreatMissingData") {
            "breaching" => "ALARM",
            "notBreaching" => "OK",
            _ => return members,
        };
        if text("StateReason") == UNCHECKED && now >= checked {
            for (key, value) in [
                ("StateValue", json!(state)),
                (
                    "StateReason",
                    json!("Threshold Crossed: no datapoints were received"),
                ),
                ("StateUpdatedTimestamp", json!(checked)),
                ("StateTransitionedTimestamp", json!(checked)),
            ] {
                members.insert(key.to_owned(), value);
            }
        }
        members
    }
}

/// Gives the members of a form, which are all texts, the types that they have in the other protocols.
fn typed(input: &mut Value) -> Result<(), AwsError> {
    for (key, value) in input.as_object_mut().into_iter().flatten() {
        let Value::String(text) = value else { continue };
        let new = match key.as_str() {
            "ActionsEnabled" => text.parse().map(|on: bool| json!(on)).ok(),
            "DatapointsToAlarm" | "EvaluationPeriods" | "MaxRecords" | "Period" => {
                text.parse().map(|number: i64| json!(number)).ok()
            }
            "Threshold" => text.parse().map(|number: f64| json!(number)).ok(),
            // A list without items is written as an empty text.
            "AlarmActions"
            | "AlarmNames"
            | "Dimensions"
            | "InsufficientDataActions"
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

fn name(call: &Call) -> Result<String, AwsError> {
    let name = call.input.text("AlarmName");
    if name.is_empty() || name.chars().count() > 255 {
        return Err(SERVICE.invalid("The value of AlarmName must be between 1 and 255 characters long."));
    }
    Ok(name.to_owned())
}

/// What `PutMetricAlarm` demands of an alarm on one metric, the only kind that the sandbox makes.
fn check(call: &Call) -> Result<(), AwsError> {
    let input = &call.input;
    if input.get("Metrics").is_some() || input.get("ThresholdMetricId").is_some() {
        return Err(AwsError::not_in_sandbox(call));
    }
    for key in ["ComparisonOperator", "EvaluationPeriods", "Threshold", "Period"] {
        if input.get(key).is_none() {
            return Err(SERVICE.invalid(format!("The request must contain the parameter {key}.")));
        }
    }
    for key in ["MetricName", "Namespace"] {
        if input[key].as_str().is_none_or(str::is_empty) {
            return Err(SERVICE.invalid(format!("The request must contain the parameter {key}.")));
        }
    }
    if input.get("Statistic").is_some() == input.get("ExtendedStatistic").is_some() {
        return Err(SERVICE.invalid("Exactly one of Statistic and ExtendedStatistic must be specified."));
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
    let period = input["Period"].as_u64().unwrap_or_default();
    if ![10, 20, 30].contains(&period) && (period == 0 || !period.is_multiple_of(60)) {
        return Err(SERVICE.invalid("The value of Period must be 10, 20, 30 or a multiple of 60."));
    }
    if input["EvaluationPeriods"].as_u64().unwrap_or_default() == 0 {
        return Err(SERVICE.invalid("The value of EvaluationPeriods must be at least 1."));
    }
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

fn tags(call: &Call) -> Result<BTreeMap<String, String>, AwsError> {
    let tags = SERVICE.tags(call.input.list("Tags"))?;
    if tags.len() > 50 {
        return Err(SERVICE.invalid("The value of Tags has more than 50 tags."));
    }
    if let Some(key) = tags.keys().find(|key| key.starts_with("aws:")) {
        return Err(SERVICE.invalid(format!("The value of Tags has the reserved key {key}.")));
    }
    Ok(tags)
}
