//! Reading: all wanted cells at once, each result in its own cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use toml::Table;

use crate::aws::Aws;
use crate::baseline::Filters;
use crate::control::{Cx, Env};
use crate::controls::Id;
use crate::place::{Place, Scope};
use crate::plan::{CellKey, Manage, Survey, Want};
use crate::progress::{Event, Watch};

/// The cells to read, each with what is wanted there, or nothing where only the live state counts.
pub type Readings = BTreeMap<CellKey, Option<Table>>;

/// What has to be read to plan: every wanted cell in an enabled region, and what their controls rely on. That is read
/// as it is wanted among all that the file wants, though the plan may be for a part of it.
pub fn for_wants(wants: &[Want], all: &[Want], env: &Env) -> Readings {
    let readable = |place: &Place| place.region().is_none_or(|region| env.enabled.contains(region));
    let mut readings = Readings::new();
    for want in wants
        .iter()
        .filter(|want| want.manage != Some(Manage::Off) && readable(&want.place))
    {
        readings.insert((want.control, want.place.clone()), Some(want.table.clone()));
        for name in want.control.control().relies_on() {
            let Ok(relied) = name.parse::<Id>() else { continue };
            let place = match relied.control().scope() {
                Scope::Account => Place::Account,
                Scope::EachRegion => want.place.clone(),
            };
            let want = all
                .iter()
                .find(|want| want.control == relied && want.place == place);
            let table = want.map(|want| want.table.clone());
            readings.entry((relied, place)).or_insert(table);
        }
    }
    readings
}

/// What has to be read to export: every control in every place that the filters let pass.
pub fn for_export(env: &Env, filters: &Filters) -> Readings {
    let mut readings = Readings::new();
    for id in Id::all() {
        let places: Vec<Place> = match id.control().scope() {
            Scope::Account => vec![Place::Account],
            Scope::EachRegion => env.enabled.iter().cloned().map(Place::Region).collect(),
        };
        let passing = places.into_iter().filter(|place| filters.pass(id, place));
        readings.extend(passing.map(|place| ((id, place), None)));
    }
    readings
}

/// Reads all cells, concurrently: how many calls run at once is for the gate at the HTTP client to say.
pub async fn survey(aws: &Arc<Aws>, env: &Arc<Env>, readings: Readings, watch: &Watch<'_>) -> Survey {
    let total = readings.len();
    let mut cells = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let cx = Cx::new(aws.clone(), env.clone(), Place::Account);
    for (key, want) in readings {
        let cx = cx.at(key.1.clone());
        tasks.spawn(async move {
            let reading = key.0.control().fetch(&cx, want.as_ref()).await;
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
    Survey {
        env: Env::clone(env),
        cells,
    }
}
