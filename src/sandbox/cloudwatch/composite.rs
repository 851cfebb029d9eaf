//! Composite alarms: their state is that of others, by a rule.
//!
//! Source: Amazon CloudWatch API reference, `PutCompositeAlarm`, `SetAlarmState`, `DeleteAlarms`.

use serde_json::{Map, Value, json};

use super::rule::Rule;
use super::{Alarm, CloudWatch, SERVICE, UNCHECKED, actions, arn, name, tags};
use crate::{Answer, AwsError, Call};

use crate::input::Input;

/// The members of `PutCompositeAlarm` that an alarm keeps; tags are kept beside them.
const KEPT: [&str; 9] = [
    "ActionsEnabled",
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "AlarmActions",
    "AlarmDescription",
    "AlarmRule",
    "InsufficientDataActions",
    "OKActions",
];
/// Characters of a rule at most.
const RULE: usize = 10_240;

impl CloudWatch {
    pub(super) fn put_composite(&mut self, call: &Call, account: &str) -> Answer {
        let name = name(call)?;
        let text = call.input.text("AlarmRule");
        if text.is_empty() || text.chars().count() > RULE {
            return Err(
                SERVICE.invalid("The value of AlarmRule must be between 1 and 10240 characters long.")
            );
        }
        let rule = Rule::parse(text).map_err(|why| SERVICE.invalid(why))?;
        let missing: Vec<&str> = rule
            .children()
            .into_iter()
            .filter(|child| !self.has(child))
            .collect();
        if !missing.is_empty() {
            return Err(SERVICE.invalid(format!(
                "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
                missing.join(", ")
            )));
        }
        if self.alarms.contains_key(&name) {
            return Err(SERVICE.invalid(format!("There is a metric alarm with the name {name}.")));
        }
        actions(call)?;
        let periods = ["ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"];
        if let Some(suppressor) = call.input["ActionsSuppressor"].as_str() {
            if !self.has(suppressor) {
                return Err(SERVICE.invalid(format!("The actions suppressor {suppressor} does not exist.")));
            }
            if let Some(period) = periods.iter().find(|period| call.input.get(**period).is_none()) {
                return Err(SERVICE.invalid(format!("The request must contain the parameter {period}.")));
            }
        }
        let kept = KEPT
            .iter()
            .filter_map(|&key| Some((key.to_owned(), call.input.get(key)?.clone())));
        let mut members: Map<String, Value> = kept.collect();
        for list in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
            members.entry(list).or_insert(json!([]));
        }
        members.entry("ActionsEnabled").or_insert(json!(true));
        let old = self.composites.get(&name);
        let states = [
            ("StateValue", json!("INSUFFICIENT_DATA")),
            ("StateReason", json!(UNCHECKED)),
            ("StateUpdatedTimestamp", json!(call.now)),
            ("StateTransitionedTimestamp", json!(call.now)),
        ];
        // A change of the alarm does not touch its state.
        for (key, value) in states {
            let of_old = old.and_then(|alarm| alarm.members.get(key).cloned());
            members.insert(key.to_owned(), of_old.unwrap_or(value));
        }
        members.insert("AlarmConfigurationUpdatedTimestamp".to_owned(), json!(call.now));
        members.insert("AlarmName".to_owned(), json!(name));
        members.insert("AlarmArn".to_owned(), json!(arn(&name, call, account)));
        let tags = match old {
            Some(alarm) => alarm.tags.clone(),
            None => tags(call)?,
        };
        self.composites.insert(name, Alarm { members, tags });
        Ok(Value::Null)
    }

    /// Whether there is an alarm of this name or ARN.
    fn has(&self, alarm: &str) -> bool {
        let name = name_of(alarm);
        self.alarms.contains_key(name) || self.composites.contains_key(name)
    }

    /// The members of a composite alarm as they are then: its rule is evaluated by the states of others, unless its
    /// state was set after the last of them changed.
    pub(super) fn composite_at(&self, name: &str, now: i64) -> Option<Map<String, Value>> {
        self.evaluated(name, now, &mut vec![])
    }

    /// Where rules go in a circle their evaluation stops: the alarm stays as it was.
    fn evaluated(&self, name: &str, now: i64, path: &mut Vec<String>) -> Option<Map<String, Value>> {
        let mut members = self.composites.get(name)?.members.clone();
        let text = |key: &str| {
            members
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let since = |members: &Map<String, Value>| {
            members
                .get("StateUpdatedTimestamp")
                .and_then(Value::as_i64)
                .unwrap_or_default()
        };
        if path.iter().any(|above| above == name) {
            return Some(members);
        }
        path.push(name.to_owned());
        let rule = Rule::parse(&text("AlarmRule")).ok()?;
        let mut last = members
            .get("AlarmConfigurationUpdatedTimestamp")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let mut state_of = |child: &str| {
            let child = name_of(child);
            let child = match self.alarms.get(child) {
                Some(alarm) => alarm.at(now),
                None => self.evaluated(child, now, path)?,
            };
            last = last.max(since(&child));
            child.get("StateValue").and_then(Value::as_str).map(str::to_owned)
        };
        let holds = rule.holds(&mut state_of);
        path.pop();
        let state = if holds? { "ALARM" } else { "OK" };
        let was_set = text("StateReason") != UNCHECKED && since(&members) >= last;
        if !was_set && text("StateValue") != state {
            let reason = format!("{} is in {state} by its rule", text("AlarmArn"));
            for (key, value) in [
                ("StateValue", json!(state)),
                ("StateReason", json!(reason)),
                ("StateUpdatedTimestamp", json!(last)),
                ("StateTransitionedTimestamp", json!(last)),
            ] {
                members.insert(key.to_owned(), value);
            }
        }
        Some(members)
    }

    /// Why some alarms cannot be deleted together: at most one composite alarm goes at once, and none that the rule of
    /// one that stays names.
    pub(super) fn refuses_to_delete(&self, names: &[&str]) -> Result<(), AwsError> {
        let composites = names
            .iter()
            .filter(|name| self.composites.contains_key(**name))
            .count();
        if composites > 1 {
            return Err(SERVICE.invalid("Only one composite alarm can be deleted per request."));
        }
        let stay = self
            .composites
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()));
        let needed: Vec<String> = stay
            .filter_map(|(_, alarm)| Rule::parse(alarm.members.get("AlarmRule")?.as_str()?).ok())
            .flat_map(|rule| {
                rule.children()
                    .into_iter()
                    .map(|child| name_of(child).to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        let depended: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| needed.iter().any(|needed| needed == name))
            .collect();
        match depended[..] {
            [] => Ok(()),
            [one] => Err(SERVICE.invalid(format!(
                "Cannot delete {one} as there are composite alarm(s) depending on it."
            ))),
            _ => Err(SERVICE.invalid(format!(
                "Cannot delete {} as there are composite alarm(s) depending on them.",
                depended.join(",")
            ))),
        }
    }
}

/// The name in an alarm's ARN, or the name itself.
fn name_of(alarm: &str) -> &str {
    match alarm.split_once(":alarm:") {
        Some((arn, name)) if arn.starts_with("arn:") => name,
        _ => alarm,
    }
}
