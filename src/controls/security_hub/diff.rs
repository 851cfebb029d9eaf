//! What has to be done to a region's hub.

use std::collections::{BTreeMap, BTreeSet};

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::location::Region;
use trueup_core::registry::nearest;
use trueup_core::tags;

use super::model::{ALL_REGIONS, Action, Generator, Ids, Model, Trouble};
use super::standard::Standard;
use super::{controls, price};
use crate::config_recorder::{ConfigRecorder, RECORDER};
use crate::global_region;

/// See [`trueup_core::control::Control::diff`].
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let is_on = seen.model.enabled == Some(true);
    if want.enabled == Some(false) {
        if is_on {
            out.destroy(Action::Disable)
                .destructive("standards, settings and automation rules go, and findings after 90 days")
                .releases(RECORDER.at(here.place));
        }
        return;
    }
    let on: BTreeSet<Standard> = switched(want, &seen.model, true)
        .filter(|name| !seen.ids.unoffered.contains(name))
        .collect();
    let hub = match (is_on, want.enabled) {
        (true, _) => None,
        (false, Some(true)) => Some(enable(want, &on, here, out)),
        (false, _) => {
            let asks = want.auto_enable_controls.is_some()
                || want.aggregate_in_home_region == Some(true)
                || want.finding_generator.is_some()
                || want.places_controls()
                || !on.is_empty();
            if asks {
                out.refuse("Security Hub is not enabled here; write `enabled = true` to have it");
            }
            return;
        }
    };
    let missing = tags::differing(&here.env.run.tags, &seen.ids.tags);
    if let Some(arn) = seen.ids.hub.clone().filter(|_| !missing.is_empty()) {
        out.change(Action::Tag { arn, tags: missing });
    }
    if let Some(enable) = want.auto_enable_controls
        && is_on
        && seen.model.auto_enable_controls != Some(enable)
    {
        out.change(Action::AutoEnableControls(enable));
    }
    generate(want, seen, out);
    aggregate(want, seen, hub, here, out);
    let turned_on = turn(want, seen, on.clone(), hub, here, out);
    controls::place(want, seen, &on, turned_on, here, out);
    tell(want, seen, out);
    judge(want, seen, here, out);
}

/// Whether anything of a hub that stays on would be changed, as far as its own settings and standards go.
pub(super) fn differs(
    want: &Model,
    seen: &Observed<Model, Ids>,
    region: Option<&Region>,
    home: &Region,
) -> bool {
    let (live, ids) = (&seen.model, &seen.ids);
    let auto_enable = want.auto_enable_controls;
    [true, false].into_iter().any(|on| {
        let mut names = switched(want, live, on);
        names.any(|name| !ids.unoffered.contains(&name))
    }) || auto_enable.is_some() && auto_enable != live.auto_enable_controls
        || want.finding_generator.is_some() && want.finding_generator != live.finding_generator
        || ids
            .associations
            .values()
            .flat_map(BTreeMap::values)
            .any(|one| controls::is_wrong(one, region == Some(ids.global_region.as_ref().unwrap_or(home))))
}

fn generate(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    match (want.finding_generator, seen.model.finding_generator) {
        (Some(wanted), Some(live)) if wanted != live => {
            out.change(Action::Generate(wanted))
                .disruptive("the IDs of findings change, and what refers to them no longer finds them");
        }
        (None, Some(Generator::StandardControl)) => out.notice(
            "findings are made for each standard again (STANDARD_CONTROL); finding_generator = \"security_control\" makes \
             one a control",
        ),
        _ => {}
    }
}

fn enable(want: &Model, on: &BTreeSet<Standard>, here: &Here<'_>, out: &mut Changes<Action>) -> LocalId {
    let step = out.add(Action::Enable {
        auto_enable_controls: want.auto_enable_controls,
        generator: want.finding_generator.unwrap_or(Generator::SecurityControl),
        tags: here.env.run.tags.clone(),
    });
    // Without a standard it checks nothing, and brings together what others find.
    let step = match on.is_empty() {
        true => step,
        false => step.needs(RECORDER.at(here.place)),
    };
    step.id()
}

/// The standards to turn on, or off.
fn switched(want: &Model, live: &Model, on: bool) -> impl Iterator<Item = Standard> {
    let is_on = |name: &Standard| live.standards.get(name) == Some(&true);
    want.standards
        .iter()
        .filter(move |(name, wanted)| **wanted == on && is_on(name) != on)
        .map(|(name, _)| name.clone())
}

fn turn(
    want: &Model,
    seen: &Observed<Model, Ids>,
    on: BTreeSet<Standard>,
    hub: Option<LocalId>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) -> Option<LocalId> {
    let off: BTreeMap<Standard, String> = switched(want, &seen.model, false)
        .filter_map(|name| Some((name.clone(), seen.ids.subscriptions.get(&name)?.clone())))
        .collect();
    for name in on
        .iter()
        .chain(off.keys())
        .filter(|name| name.is_service_managed())
    {
        out.refuse(format!(
            "the standard {name} belongs to another service, which alone turns it on and off"
        ));
    }
    let mut before = vec![];
    before.extend(hub);
    if !off.is_empty() {
        let step = out
            .change(Action::TurnOff(off))
            .weakening("what breaks the standard goes unnoticed from then on");
        before.push(step.id());
    }
    if on.is_empty() {
        return None;
    }
    let costs = price::costs(&on, here);
    let step = out
        .add(Action::TurnOn(on))
        .after_all(before)
        .needs(RECORDER.at(here.place))
        .costs(costs);
    Some(step.id())
}

fn aggregate(
    want: &Model,
    seen: &Observed<Model, Ids>,
    hub: Option<LocalId>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) {
    let home = &here.env.home;
    let is_so = seen.model.aggregate_in_home_region == Some(true);
    match (want.aggregate_in_home_region, &seen.ids.aggregator) {
        (Some(true), there) if is_so => {
            if let Some(there) = there.as_ref().filter(|there| there.mode != ALL_REGIONS) {
                out.notice(format!(
                    "the finding aggregator links all regions that are enabled now, and perhaps not those that are enabled \
                     later (RegionLinkingMode {})",
                    there.mode
                ));
            }
        }
        (Some(true), _) if !global_region::is_always_enabled(home) => {
            out.refuse_entry(
                "aggregate_in_home_region",
                format!(
                    "the region {home} is disabled by default, and findings cannot come together in such a region; choose \
                     another `home_region`, or leave the key out"
                ),
            );
        }
        (Some(true), None) => {
            out.add(Action::Aggregate).after_all(hub);
        }
        (Some(true), Some(there)) if there.region != *home => {
            out.refuse(elsewhere(&there.region, home));
        }
        (Some(true), Some(there)) => {
            let arn = there.arn.clone();
            out.change(Action::LinkAll { arn });
        }
        (Some(false), Some(there)) if there.region == *home => {
            let arn = there.arn.clone();
            out.change(Action::Separate { arn })
                .disruptive(format!("what other regions find no longer shows in {home}"));
        }
        _ => {}
    }
}

/// What is in the way of an aggregator in the home region, and how to be rid of it.
pub(super) fn elsewhere(region: &Region, home: &Region) -> String {
    format!(
        "the account's findings come together in {region}, and an account has one finding aggregator: delete that one, \
         or write `home_region = \"{region}\"` under [account] in place of {home}"
    )
}

fn tell(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let told = &seen.ids.told;
    for name in &seen.ids.unoffered {
        let offered = told.offered.iter().map(Standard::as_str);
        let meant = match nearest(name.as_str(), offered) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        out.notice(format!(
            "Security Hub does not offer the standard {name} here, so it is left out{meant}"
        ));
    }
    // A name that does not exist here is as good as off, unless it was meant to be that of one that is on.
    let unknown = want
        .standards
        .iter()
        .filter(|(name, on)| !**on && !told.offered.is_empty() && !told.offered.contains(name));
    for (name, _) in unknown {
        let on = seen.model.standards.iter().filter(|(_, on)| **on);
        if let Some(near) = nearest(name.as_str(), on.map(|(name, _)| name.as_str())) {
            out.notice(format!(
                "Security Hub does not offer the standard {name} here; did you mean `{near}`, which is on?"
            ));
        }
    }
}

/// Says of the standards that are wanted and on whether they work, once for each reason.
fn judge(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let told = &seen.ids.told;
    let mut by_reason: BTreeMap<&Trouble, Vec<&str>> = BTreeMap::new();
    for (name, trouble) in &told.troubled {
        if want.standards.get(name) == Some(&true) {
            by_reason.entry(trouble).or_default().push(name.as_str());
        }
    }
    for (trouble, names) in by_reason {
        let (noun, verb) = match names.len() {
            1 => ("standard", "is"),
            _ => ("standards", "are"),
        };
        let what = match trouble.has_failed {
            true => "could not be turned on".to_owned(),
            false => format!("{verb} on and not complete"),
        };
        let line = format!("the {noun} {} {what}: {}", names.join(", "), why(&trouble.code));
        let is_told_there = trouble.code == NO_RECORDER && is_about_to_record(here);
        match trouble.has_failed || told.is_old && !is_told_there {
            true => out.person(line),
            false => out.notice(line),
        }
    }
}

const NO_RECORDER: &str = "NO_AVAILABLE_CONFIGURATION_RECORDER";

/// Whether the file wants a recorder here that does not run yet: its own cell says so.
fn is_about_to_record(here: &Here<'_>) -> bool {
    let recorder = here.relied.seen::<ConfigRecorder>();
    recorder.is_some_and(|seen| {
        seen.ids.told.is_managed && seen.model.enabled != Some(true) && seen.held_by.is_none()
    })
}

/// Why a standard is not complete, and what helps (`StandardsStatusReason`).
pub(super) fn why(code: &str) -> String {
    match code {
        NO_RECORDER => "no configuration recorder runs here; start one, as [config_recorder] does".to_owned(),
        "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED" => {
            "the region's quota of AWS Config rules is used up; ask AWS for a higher one".to_owned()
        }
        "" => "AWS does not say why; if it stays so, ask AWS Support".to_owned(),
        other => format!("AWS says {other}; if it stays so, ask AWS Support"),
    }
}
