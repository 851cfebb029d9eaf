//! Amazon CloudWatch: metric alarms, on a metric or on an expression, and composite alarms.
//!
//! Source: Amazon CloudWatch API reference, `PutMetricAlarm`, `PutCompositeAlarm` and `DescribeAlarms`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::Input;
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

mod check;
mod composite;
mod rule;
#[cfg(test)]
mod tests;

use self::check::{actions, check, name, tags, typed};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudWatch {
    /// The metric alarms, by name.
    pub alarms: BTreeMap<String, Alarm>,
    /// The composite alarms, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub composites: BTreeMap<String, Alarm>,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The members as they were put, with what CloudWatch adds: as `DescribeAlarms` answers them.
    pub members: Map<String, Value>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// The members of `PutMetricAlarm` that an alarm keeps; tags are kept beside them.
const KEPT: [&str; 20] = [
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
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
];
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

/// The kinds of alarms that `DescribeAlarms` answers; without a word only the first.
const TYPES: [&str; 3] = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];

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
        "PutCompositeAlarm" => service.put_composite(call, &id),
        "DescribeAlarms" => service.describe(call),
        "DeleteAlarms" => service.delete(call),
        "SetAlarmState" => service.set_state(call),
        "EnableAlarmActions" | "DisableAlarmActions" => {
            let names = call.input.texts("AlarmNames");
            let all = service.alarms.iter_mut().chain(&mut service.composites);
            for (_, alarm) in all.filter(|(name, _)| names.contains(&name.as_str())) {
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
        if self.composites.contains_key(&name) {
            return Err(SERVICE.invalid(format!("There is a composite alarm with the name {name}.")));
        }
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
        // What watches an expression has its metrics in it.
        if members.contains_key("Metrics") {
            members.remove("Dimensions");
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
            ("AlarmArn", json!(arn(&name, call, account))),
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
        let types = call.input.texts("AlarmTypes");
        if let Some(unknown) = types.iter().find(|kind| !TYPES.contains(kind)) {
            return Err(SERVICE.invalid(format!("The value of AlarmTypes cannot be {unknown}.")));
        }
        let is_asked = |kind: &str| types.contains(&kind) || types.is_empty() && kind == TYPES[0];
        let after = call.input["NextToken"].as_str();
        let fits = |name: &str| {
            (names.is_empty() || names.contains(&name))
                && name.starts_with(prefix)
                && after.is_none_or(|after| name > after)
        };
        let metric = self.alarms.keys().filter(|_| is_asked(TYPES[0]));
        let composite = self.composites.keys().filter(|_| is_asked(TYPES[1]));
        let mut found: Vec<&String> = metric.chain(composite).filter(|name| fits(name)).collect();
        found.sort_unstable();
        let page = &found[..size.min(found.len())];
        let next = page.last().filter(|_| page.len() < found.len());
        let metric = page.iter().filter_map(|name| self.alarms.get(*name));
        let composite = page.iter().filter_map(|name| self.composite_at(name, call.now));
        Ok(json!({
            "MetricAlarms": metric.map(|alarm| alarm.at(call.now)).collect::<Vec<_>>(),
            "CompositeAlarms": composite.collect::<Vec<_>>(),
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
        let alarm = self.alarms.get_mut(name).or(self.composites.get_mut(name));
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
        if let Some(missing) = names
            .iter()
            .find(|name| !self.alarms.contains_key(**name) && !self.composites.contains_key(**name))
        {
            return Err(AwsError::with_status(
                404,
                "ResourceNotFound",
                format!("Alarm {missing} does not exist"),
            ));
        }
        self.refuses_to_delete(&names)?;
        self.alarms.retain(|name, _| !names.contains(&name.as_str()));
        self.composites.retain(|name, _| !names.contains(&name.as_str()));
        Ok(Value::Null)
    }

    fn tagged(&mut self, call: &Call) -> Result<&mut Alarm, AwsError> {
        let arn = call.input.text("ResourceARN");
        let mut all = self.alarms.values_mut().chain(self.composites.values_mut());
        all.find(|alarm| alarm.members.get("AlarmArn").and_then(Value::as_str) == Some(arn))
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

/// An alarm's ARN.
fn arn(name: &str, call: &Call, account: &str) -> String {
    format!("arn:aws:cloudwatch:{}:{account}:alarm:{name}", call.region)
}
