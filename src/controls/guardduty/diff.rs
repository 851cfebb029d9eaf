//! What has to be done so that a region's detector is as wanted.

use std::collections::BTreeSet;

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::tags::{self, Tags};
use trueup_core::values::Bound;

use super::features::{Feature, Features};
use super::model::{Action, Frequency, Ids, Model, Settings};
use super::price;

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let live = &seen.model;
    let missing = tags::differing(&here.env.run.tags, &seen.ids.tags);
    if let Some(detector) = seen.ids.detector.clone()
        && want.enabled != Some(false)
        && !missing.is_empty()
    {
        out.change(Action::Tag {
            detector,
            tags: missing,
        });
    }
    let lacking = match &seen.ids.detector {
        Some(_) if want.enabled != Some(false) => lacking(want, live),
        _ => vec![],
    };
    if !lacking.is_empty() {
        out.notice(format!(
            "left out because GuardDuty does not offer it in this region: {}",
            named(&lacking)
        ));
    }
    if want.enabled != Some(false) && !seen.ids.told.unknown_features.is_empty() {
        out.notice(format!(
            "GuardDuty features are on that this version of trueup cannot manage: {}; they stay, and may be paid for",
            seen.ids.told.unknown_features.join(", ")
        ));
    }
    let mut want = want.clone();
    want.features.retain(|feature, _| !lacking.contains(feature));
    let settings = changes(&want, live, out);
    if settings == Settings::default() {
        return;
    }
    let is_wanted = |feature| want.features.get(&feature) == Some(&true);
    if is_wanted(Feature::RuntimeMonitoring) && is_wanted(Feature::EksRuntimeMonitoring) {
        out.notice("runtime_monitoring watches EKS too, so eks_runtime_monitoring is not needed beside it");
    }
    let costs = price::costs(&want, seen, here);
    let Some(detector) = seen.ids.detector.clone() else {
        if settings.enabled == Some(true) {
            out.add(Action::Create(Settings {
                features: want.features,
                tags: here.env.run.tags.clone(),
                ..settings
            }))
            .costs(costs);
        } else {
            out.refuse("there is no detector to change; write `enabled = true` to have one");
        }
        return;
    };
    let blinded: Vec<Feature> = settings
        .features
        .iter()
        .filter(|(feature, on)| !**on && live.features.get(feature) == Some(&true))
        .map(|(feature, _)| *feature)
        .collect();
    let suspends = settings.enabled == Some(false);
    let rarer = settings
        .publish_findings_every
        .zip(live.publish_findings_every.map(Bound::into_value))
        .filter(|(to, from)| to.by_strictness(from).is_lt());
    // Nothing breaks, but an attack in the meantime goes unseen, and an attacker would do the same.
    let mut step = out.change(Action::Update { detector, settings }).costs(costs);
    if suspends {
        step = step.weakening("threats go unnoticed from then on");
    }
    if !blinded.is_empty() {
        step = step.weakening(format!(
            "threats to {} go unnoticed from then on",
            named(&blinded)
        ));
    }
    if let Some((to, from)) = rarer {
        step.weakening(format!(
            "findings that occur again are published every {to} instead of every {from}"
        ));
    }
}

/// The wanted features that a region with a detector does not have: `GetDetector` lists each that there is, and the
/// parts of what is on.
fn lacking(want: &Model, live: &Model) -> Vec<Feature> {
    let is_lacking = |feature: Feature| {
        let may_be_a_part_of_it = live.features.get(&feature.family()) == Some(&false);
        !live.features.contains_key(&feature) && !may_be_a_part_of_it
    };
    want.features
        .iter()
        .filter(|(feature, on)| **on && is_lacking(**feature))
        .map(|(feature, _)| *feature)
        .collect()
}

fn named(features: &[Feature]) -> String {
    let names: Vec<String> = features.iter().map(Feature::to_string).collect();
    names.join(", ")
}

/// What has to be sent so that the live detector is as wanted. A stricter setting that stays is noted.
fn changes(want: &Model, live: &Model, out: &mut Changes<Action>) -> Settings {
    let enabled = want.enabled.filter(|want| live.enabled != Some(*want));
    if want.enabled == Some(false) {
        // A suspended detector watches nothing and costs nothing, whatever else is written.
        return Settings {
            enabled,
            ..Settings::default()
        };
    }
    // A feature that is not listed does not exist here, which is as good as off.
    let is_on = |feature: &Feature| live.features.get(feature).copied().unwrap_or(false);
    let mut features: Features = want
        .features
        .iter()
        .filter(|(feature, on)| is_on(feature) != **on)
        .map(|(feature, on)| (*feature, *on))
        .collect();
    // A part is never sent without its whole. Nor is a whole without its parts: switching it on could bring a
    // part to life that only read as off because the whole was.
    let families: BTreeSet<Feature> = features.keys().map(|feature| feature.family()).collect();
    for (feature, on) in &want.features {
        if families.contains(&feature.family()) {
            features.insert(*feature, *on);
        }
    }
    for whole in families {
        features.entry(whole).or_insert_with(|| is_on(&whole));
    }
    let every = out.misses(
        &["publish_findings_every"],
        want.publish_findings_every.as_ref(),
        live.publish_findings_every.map(Bound::into_value).as_ref(),
        Frequency::by_strictness,
    );
    Settings {
        enabled,
        publish_findings_every: want
            .publish_findings_every
            .filter(|_| every)
            .map(Bound::into_value),
        features,
        tags: Tags::new(),
    }
}
