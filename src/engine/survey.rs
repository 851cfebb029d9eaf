//! Reading: all wanted cells at once, each result in its own cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tokio::task::JoinSet;
use toml::Table;
use trueup_aws::{AnyLive, Aws, Cx};
use trueup_core::baseline::Filters;
use trueup_core::control::Controls;
use trueup_core::env::Env;
use trueup_core::location::{Location, Scope};
use trueup_core::plan::Survey;
use trueup_core::registry::{CellKey, Registry};
use trueup_core::want::{Manage, Want};

use crate::progress::{Event, Watch};

/// The cells to read, each with what is wanted there, or nothing where only the live state counts.
pub(crate) type Readings = IndexMap<CellKey, Option<Table>>;

/// What has to be read to plan: every wanted cell in an enabled region, and what their controls rely on. That is read
/// as it is wanted among all that the file wants, though the plan may be for a part of it.
pub(crate) fn for_wants(controls: &Controls, wants: &[Want], all: &[Want], env: &Env) -> Readings {
    let readable = |place: &Location| place.region().is_none_or(|region| env.enabled.contains(region));
    let mut readings = Readings::new();
    for want in wants
        .iter()
        .filter(|want| want.manage != Some(Manage::Off) && readable(&want.place))
    {
        readings.insert(want.cell(), Some(want.table.clone()));
        let relies_on = controls
            .get(&want.control)
            .map_or(&[][..], |control| control.relies_on());
        for relied in relies_on.iter().filter_map(|name| controls.find(name).ok()) {
            let cell = relied.at(relied.control.scope().around(&want.place));
            let want = all.iter().find(|want| want.cell() == cell);
            let table = want.map(|want| want.table.clone());
            readings.entry(cell).or_insert(table);
        }
    }
    readings
}

/// What has to be read to export: every control in every place that the filters let pass.
pub(crate) fn for_export(controls: &Controls, env: &Env, filters: &Filters) -> Readings {
    let mut readings = Readings::new();
    for listed in controls.iter() {
        let places: Vec<Location> = match listed.control.scope() {
            Scope::Account => vec![Location::Account],
            Scope::EachRegion => env.enabled.iter().cloned().map(Location::Region).collect(),
        };
        let passing = places
            .into_iter()
            .filter(|place| filters.pass(listed.name, place));
        readings.extend(passing.map(|place| (listed.at(place), None)));
    }
    readings
}

/// The regions in which several cells are read: there it saves calls to learn first whether the organization denies all.
fn with_several(readings: &Readings) -> Vec<Location> {
    let mut cells: BTreeMap<&Location, usize> = BTreeMap::new();
    for (_, place) in readings.keys().filter(|(_, place)| place.region().is_some()) {
        *cells.entry(place).or_default() += 1;
    }
    let several = cells.into_iter().filter(|(_, cells)| *cells > 1);
    several.map(|(place, _)| place.clone()).collect()
}

/// Reads all cells, concurrently: how many calls run at once is for the rate limit at the HTTP client to say.
pub(crate) async fn survey(
    controls: &Registry<dyn AnyLive>,
    aws: &Arc<Aws>,
    env: &Arc<Env>,
    readings: Readings,
    watch: &Watch<'_>,
) -> Survey {
    let total = readings.len();
    let mut cells = IndexMap::new();
    let mut tasks = JoinSet::new();
    let cx = Cx::new(aws.clone(), env.clone(), Location::Account);
    let mut first = JoinSet::new();
    for region in with_several(&readings) {
        first.spawn(cx.at(region).ask_first());
    }
    for (key, want) in readings {
        // What is not in the list has no cell, which counts as not read.
        let Ok(control) = controls.get(&key.0) else {
            continue;
        };
        let cx = cx.at(key.1.clone());
        tasks.spawn(async move {
            let reading = control.fetch(&cx, want.as_ref()).await;
            (key, reading)
        });
    }
    watch(Event::Read { done: 0, total });
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((key, reading)) => {
                tracing::debug!(control = %key.0, place = %key.1, ok = reading.is_ok(), "read");
                cells.insert(key, reading);
            }
            // A panic of one reading is a defect; its cell then counts as not read, and the others stand.
            Err(error) => tracing::error!(%error, "a reading ended early"),
        }
        watch(Event::Read {
            done: cells.len(),
            total,
        });
    }
    cells.sort_by(|one, _, other, _| controls.order(one, other));
    Survey {
        env: Env::clone(env),
        cells,
    }
}
