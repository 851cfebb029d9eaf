//! What is wrong with a table as a whole.

use std::collections::BTreeSet;

use aws_sdk_config::types::ResourceType;
use trueup_core::registry::nearest;
use trueup_core::values::Bound;

use super::GLOBAL;
use super::model::{Frequency, Model};
use crate::{global_region, log_bucket};

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    let mut say = |key, what: &str| wrong.push((key, what.to_owned()));
    let value = |types: &Option<Bound<BTreeSet<String>>>| types.as_ref().map(Bound::value).cloned();
    let (daily, continuous) = (value(&want.daily), value(&want.continuous));
    let (exclude, only) = (value(&want.exclude), value(&want.only));
    let some = |types: &Option<BTreeSet<String>>| types.as_ref().is_some_and(|types| !types.is_empty());
    let records_global = want.global_resource_types.is_some_and(|on| *on.value());
    if let Some(what) = want.bucket.as_ref().and_then(log_bucket::wrong_name) {
        say("bucket", &what);
    }
    if *want == Model::default() {
        say("", "says nothing about Config; expected at least enabled");
    }
    if only.as_ref().is_some_and(BTreeSet::is_empty) {
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
    if records_global
        && let Some(name) = exclude
            .iter()
            .flatten()
            .find(|name| GLOBAL.contains(&name.as_str()))
    {
        say(
            "global_resource_types",
            &format!("contradicts exclude, which has {name}; expected one of them"),
        );
    }
    if some(&daily) && some(&continuous) {
        say(
            "daily",
            "cannot stand beside continuous: AWS takes one list of exceptions",
        );
    }
    for (key, list, frequency) in [
        ("daily", &daily, Frequency::Daily),
        ("continuous", &continuous, Frequency::Continuous),
    ] {
        if some(list)
            && want
                .frequency
                .is_some_and(|written| *written.value() == frequency)
        {
            say(key, "are exceptions to frequency, and it says the same");
        }
    }
    for name in daily.iter().flatten() {
        if NEVER_DAILY.contains(&name.as_str()) {
            say("daily", &format!("{name} cannot be recorded daily"));
        }
    }
    for (key, list) in [
        ("daily", &daily),
        ("continuous", &continuous),
        ("exclude", &exclude),
        ("only", &only),
    ] {
        for name in list
            .iter()
            .flatten()
            .filter(|name| !ResourceType::values().contains(&name.as_str()))
        {
            let near = match nearest(name, ResourceType::values().iter().copied()) {
                Some(near) if near != *name => near,
                _ => "AWS::EC2::VPC",
            };
            say(
                key,
                &format!("`{name}` is not a resource type of AWS Config; expected one such as `{near}`"),
            );
        }
    }
    if want.global_regions.is_some() && !records_global {
        say(
            "global_regions",
            "has no meaning without global_resource_types = true; expected that, or the key left out",
        );
    }
    if let Some(region) = want
        .global_regions
        .iter()
        .flatten()
        .find(|region| !global_region::can_record_iam(region))
    {
        say(
            "global_regions",
            &format!(
                "{region} cannot record IAM's types; expected a region that AWS Config served before February 2022"
            ),
        );
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
