//! What is wrong with a table as a whole.

use std::collections::BTreeSet;

use super::GLOBAL;
use super::model::{Frequency, Model};

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    let mut say = |key, what: &str| wrong.push((key, what.to_owned()));
    let some = |types: &Option<BTreeSet<String>>| types.as_ref().is_some_and(|types| !types.is_empty());
    if *want == Model::default() {
        say("", "says nothing about Config; expected at least enabled");
    }
    if want.only.as_ref().is_some_and(BTreeSet::is_empty) {
        say(
            "only",
            "is empty; expected at least one resource type, or enabled = false",
        );
    }
    if want.only.is_some() && want.exclude.is_some() {
        say("only", "contradicts exclude; expected one of them");
    }
    if want.only.is_some() && want.global_resource_types.is_some() {
        say(
            "global_resource_types",
            "has no meaning beside only; expected IAM's types in that list, or not",
        );
    }
    if want.global_resource_types == Some(true)
        && let Some(name) = want
            .exclude
            .iter()
            .flatten()
            .find(|name| GLOBAL.contains(&name.as_str()))
    {
        say(
            "global_resource_types",
            &format!("contradicts exclude, which has {name}; expected one of them"),
        );
    }
    if some(&want.daily) && some(&want.continuous) {
        say(
            "daily",
            "cannot stand beside continuous: AWS takes one list of exceptions",
        );
    }
    for (key, list, frequency) in [
        ("daily", &want.daily, Frequency::Daily),
        ("continuous", &want.continuous, Frequency::Continuous),
    ] {
        if some(list) && want.frequency == Some(frequency) {
            say(key, "are exceptions to frequency, and it says the same");
        }
    }
    for name in want.daily.iter().flatten() {
        if NEVER_DAILY.contains(&name.as_str()) {
            say("daily", &format!("{name} cannot be recorded daily"));
        }
    }
    for (key, list) in [
        ("daily", &want.daily),
        ("continuous", &want.continuous),
        ("exclude", &want.exclude),
        ("only", &want.only),
    ] {
        let is_type = |name: &String| name.split("::").count() == 3;
        if let Some(name) = list.iter().flatten().find(|name| !is_type(name)) {
            say(
                key,
                &format!("`{name}` is no resource type; expected a form like `AWS::EC2::VPC`"),
            );
        }
    }
    if want.service_linked_role == Some(false) {
        say(
            "service_linked_role",
            "no other role is made; expected true, or the key left out to keep another one",
        );
    }
    wrong
}

/// Types whose results are always recorded as they come (`RecordingModeOverride`).
const NEVER_DAILY: [&str; 3] = [
    "AWS::Config::ConfigurationRecorder",
    "AWS::Config::ConformancePackCompliance",
    "AWS::Config::ResourceCompliance",
];
