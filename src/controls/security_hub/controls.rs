//! The controls that check what is the same in all regions: each is paid in every region, and outside the one that
//! records IAM's types it sees nothing and shows a success.

use std::collections::{BTreeMap, BTreeSet};

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Region;

use super::SecurityHub;
use super::model::{Action, Association, By, Ids, Model};
use super::standard::Standard;
use crate::config_recorder::ConfigRecorder;
use crate::global_region;

/// What AWS proposes to turn off outside one region (Security Hub User Guide, "Controls to disable"). Never what exists in
/// one region only: the controls of CloudFront, Global Accelerator, Route 53 and classic WAF.
pub(super) const GLOBAL: [&str; 29] = [
    "Account.1",
    "Account.2",
    "IAM.1",
    "IAM.2",
    "IAM.3",
    "IAM.4",
    "IAM.5",
    "IAM.6",
    "IAM.7",
    "IAM.8",
    "IAM.9",
    "IAM.10",
    "IAM.11",
    "IAM.12",
    "IAM.13",
    "IAM.14",
    "IAM.15",
    "IAM.16",
    "IAM.17",
    "IAM.18",
    "IAM.19",
    "IAM.21",
    "IAM.22",
    "IAM.24",
    "IAM.25",
    "IAM.26",
    "IAM.27",
    "KMS.1",
    "KMS.2",
];

/// The reason that is kept with a control that trueup turned on or off.
pub(super) const REASON: &str = "trueup: global resources are checked in the global region alone";

/// Puts in which regions may be the global one: the same as for the recorder, which records what is checked there.
pub(super) fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
    let Some(controls) = &mut want.controls else {
        return;
    };
    if controls.global_resources.is_none() || controls.global_regions.is_some() {
        return;
    }
    let recorders: Vec<(Region, _)> = wants.in_regions::<ConfigRecorder>().collect();
    let of_recorder = recorders
        .iter()
        .find(|(region, _)| Some(region) == wants.place.region())
        .and_then(|(_, recorder)| recorder.global_regions.clone());
    controls.global_regions = of_recorder.or_else(|| match recorders.is_empty() {
        true => {
            let hubs = wants.in_regions::<SecurityHub>();
            let on = hubs.filter(|(_, hub)| hub.enabled != Some(false));
            global_region::instead_of_home(on.map(|(region, _)| region), env)
        }
        false => {
            let on = recorders
                .into_iter()
                .filter(|(_, recorder)| recorder.enabled != Some(false));
            global_region::instead_of_home(on.map(|(region, _)| region), env)
        }
    });
}

/// Whether a control on global resources stands otherwise than it should in the global region, or in another one.
pub(super) fn is_wrong(one: &Association, is_global_region: bool) -> bool {
    match is_global_region {
        // The reason says that trueup turned it off.
        true => !one.is_on && one.by == By::Trueup,
        false => one.is_on && one.by != By::Others,
    }
}

/// The controls to turn on or off here: in the standards that are on, and in those that are `new`.
pub(super) fn place(
    want: &Model,
    seen: &Observed<Model, Ids>,
    new: &BTreeSet<Standard>,
    turned_on: Option<LocalId>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) {
    if !want.places_controls() {
        return;
    }
    let global_region = match want.global_regions() {
        None => Some(&here.env.home),
        Some(_) => seen.ids.global_region.as_ref(),
    };
    let Some(global_region) = global_region else {
        out.refuse_entry(
            "controls.global_resources",
            "no region of this file can record IAM's types: add one that AWS Config served before February 2022, such as \
             us-east-1, to `regions`",
        );
        return;
    };
    let is_here = here.place.region() == Some(global_region);
    let action = |controls: BTreeMap<Standard, BTreeSet<String>>| Action::TurnControls {
        on: is_here,
        global_region: global_region.clone(),
        controls,
    };
    let live = chosen(&seen.ids.associations, |one| is_wrong(one, is_here));
    if !live.is_empty() {
        let step = out.change(action(live));
        if !is_here {
            step.weakening(format!("what they check is checked in {global_region} alone"));
        }
    }
    if !is_here && !new.is_empty() {
        let all: BTreeSet<String> = GLOBAL.map(str::to_owned).into();
        let standards = new.iter().filter(|name| !name.is_service_managed());
        out.change(action(
            standards.map(|name| (name.clone(), all.clone())).collect(),
        ))
        .after_all(turned_on);
    }
    let kept = chosen(&seen.ids.associations, |one| {
        one.is_on != is_here && one.by == By::Others
    });
    let kept: BTreeSet<String> = kept.into_values().flatten().collect();
    if !kept.is_empty() {
        let state = if is_here { "off" } else { "on" };
        out.notice(format!(
            "controls on global resources that stay {state}, as their UpdatedReason is not trueup's: {}",
            Vec::from_iter(kept).join(", ")
        ));
    }
    for name in &seen.ids.told.unready {
        out.notice(format!(
            "the controls of the standard {name} cannot be changed yet; plan again later"
        ));
    }
}

/// The controls of each standard that stand so.
fn chosen(
    associations: &BTreeMap<Standard, BTreeMap<String, Association>>,
    stands: impl Fn(&Association) -> bool,
) -> BTreeMap<Standard, BTreeSet<String>> {
    let of = |controls: &BTreeMap<String, Association>| -> BTreeSet<String> {
        let so = controls.iter().filter(|(_, one)| stands(one));
        so.map(|(id, _)| id.clone()).collect()
    };
    let all = associations
        .iter()
        .map(|(name, controls)| (name.clone(), of(controls)));
    all.filter(|(_, ids)| !ids.is_empty()).collect()
}
