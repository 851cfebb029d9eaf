//! The baseline: what a TOML file, and the files that it extends, say an account must look like.
//!
//! ```text
//! files ──gather──▶ in order ──read──▶ typed tables ──lay──▶ one table a control and region ──wants──▶ cells
//! ```
//!
//! **Order.** A file's `extends` come before it, each once; later wins. Tables merge key by key, lists and
//! scalars replace. All files' plain tables come before all files' `[region.NAME.CONTROL]`, so an override holds
//! unless a later file overrides that region too.
//!
//! **Absent.** `state = "absent"` discards every other key of its table, whichever file wrote it. A later table
//! that writes other keys without a `state` means that the thing is present again, and starts from nothing. A
//! table without a key of the control's own (only `manage` or `regions`) leaves the state as it was.
//!
//! **Where.** `[account] regions` is the outer bound: nothing outside it is looked at, whatever a control's
//! table says, so a shared file may name more regions than an account uses. Within it a control's `regions`
//! chooses, and an override adds its own region to that choice. A region that is named although it is not
//! enabled keeps its cell, and the planner says so.
//!
//! **Who writes.** `manage` merges like any key; an override's beats its control's. `"off"` leaves no cell.
//!
//! Everything that is wrong is found at once and told with file, line and column ([`Problems`]).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, Deserializer};
use toml::{Spanned, Table};

use crate::controls::Id;
use crate::place::Region;
use crate::plan::Manage;

mod gather;
mod merge;
mod read;
mod regions;
mod resolve;
mod source;
#[cfg(test)]
mod tests;

pub use gather::BUILT_IN;
pub use resolve::Filters;
pub use source::{Location, Problem, Problems};

use gather::Gathered;
use read::{Account, Written};
use regions::ControlRegions;
use source::{Finding, Findings, Sources, Span};

/// A baseline that was read whole and without a problem.
#[derive(Debug)]
pub struct Baseline {
    name: String,
    sources: Arc<Sources>,
    account: Account,
    controls: BTreeMap<Id, Managed>,
}

/// What the files say about one control.
#[derive(Debug, Default)]
struct Managed {
    /// Where it applies, if the files say so.
    regions: Option<ControlRegions>,
    /// What its plain tables say together.
    base: Option<Rule>,
    /// What holds in one region, the plain tables included, with where the region's name stands.
    overrides: BTreeMap<Region, (Span, Rule)>,
}

/// What is wanted, and what may be done for it.
#[derive(Debug)]
struct Rule {
    manage: Option<Manage>,
    table: Table,
}

/// Reads a baseline and all that it extends. The path `-` is standard input.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub fn load(path: &Path) -> Result<Baseline, Problems> {
    let (gathered, findings) = gather::file(path);
    assemble(&path.display().to_string(), gathered, findings)
}

/// Takes a text as a baseline. What it extends is read, relative to the folder of `name`.
///
/// # Errors
/// Everything that is wrong with it or with the files that it extends.
pub fn load_text(name: &str, text: &str) -> Result<Baseline, Problems> {
    let (gathered, findings) = gather::text(name, text);
    assemble(name, gathered, findings)
}

impl Baseline {
    /// The path as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the only account that it is for, if it says.
    pub fn account_id(&self) -> Option<&str> {
        self.account.id.as_ref().map(|id| id.0.as_str())
    }

    /// Where account-wide things live that need a region, if it says.
    pub fn home_region(&self) -> Option<&Region> {
        self.account.home_region.as_ref().map(Spanned::get_ref)
    }

    /// The controls that it speaks of, in the order of the list.
    pub fn controls(&self) -> impl Iterator<Item = Id> {
        self.controls.keys().copied()
    }
}

fn assemble(name: &str, gathered: Gathered, mut findings: Findings) -> Result<Baseline, Problems> {
    let Gathered { sources, order } = gathered;
    let sources = Arc::new(sources);
    let mut account = Account::default();
    let mut written = Vec::new();
    for index in order {
        let table = gather::parse(sources.file(index), &mut findings);
        let (over, tables) = read::file(table, &mut findings);
        account.lay(over);
        written.extend(tables);
    }
    let controls = merged(&written, &mut findings);
    findings.or_else(&sources, ()).map(|()| Baseline {
        name: name.to_owned(),
        sources,
        account,
        controls,
    })
}

/// The tables of one control, or of its override for a region, laid over each other so far.
#[derive(Clone, Debug)]
struct Layers<'a> {
    table: DeTable<'a>,
    header: Span,
    manage: Option<Manage>,
    regions: Option<ControlRegions>,
    whole: bool,
}

impl<'a> Layers<'a> {
    fn lay(&mut self, over: &Written<'a>) {
        merge::lay(&mut self.table, &over.table);
        self.header = over.header.clone();
        self.manage = over.manage.or(self.manage);
        self.regions = over.regions.clone().or(self.regions.take());
        self.whole &= over.whole;
    }

    /// Lays tables over this one.
    fn under<'t>(mut self, tables: impl IntoIterator<Item = &'t Written<'a>>) -> Self
    where
        'a: 't,
    {
        tables.into_iter().for_each(|table| self.lay(table));
        self
    }

    /// Nothing at all.
    fn empty() -> Self {
        Layers {
            table: DeTable::new(),
            header: 0..0,
            manage: None,
            regions: None,
            whole: true,
        }
    }
}

fn merged(written: &[Written<'_>], findings: &mut Findings) -> BTreeMap<Id, Managed> {
    let mut controls = BTreeMap::new();
    for id in Id::all() {
        let tables: Vec<&Written<'_>> = written.iter().filter(|table| table.control == id).collect();
        if tables.is_empty() {
            continue;
        }
        let plain: Vec<_> = tables
            .iter()
            .copied()
            .filter(|table| table.region.is_none())
            .collect();
        let base = Layers::empty().under(plain.iter().copied());
        let mut said = Vec::new();
        let mut managed = Managed {
            regions: base.regions.clone(),
            ..Managed::default()
        };
        if !plain.is_empty() {
            managed.base = Some(rule(id, None, &base, &mut said, findings));
        }
        for table in &tables {
            let Some(region) = &table.region else { continue };
            if managed.overrides.contains_key(region.get_ref()) {
                continue;
            }
            let layers = base.clone().under(
                tables
                    .iter()
                    .copied()
                    .filter(|other| other.region.as_ref() == Some(region)),
            );
            let rule = rule(id, Some(region.get_ref()), &layers, &mut said, findings);
            managed
                .overrides
                .insert(region.get_ref().clone(), (region.span(), rule));
        }
        controls.insert(id, managed);
    }
    controls
}

/// Types a merged table and checks it as a whole. What was `said` of the base is not said again of an override.
fn rule(
    id: Id,
    region: Option<&Region>,
    layers: &Layers<'_>,
    said: &mut Vec<(&'static str, String)>,
    findings: &mut Findings,
) -> Rule {
    let control = id.control();
    let spanned = Spanned::new(layers.header.clone(), layers.table.clone());
    let table = match control.parse(Deserializer::from(spanned)) {
        Ok(table) => table,
        Err(error) => {
            let span = error.span().unwrap_or(layers.header.clone());
            findings.add(read::explain(span, id.name(), error.message(), &[]));
            Table::new()
        }
    };
    // Where something was cut out, what is missing proves nothing; what is not managed need not be complete.
    if layers.whole && layers.manage != Some(Manage::Off) {
        match control.check(&table) {
            Err(error) => findings.add(Finding::at(layers.header.clone(), error.to_string())),
            Ok(wrong) => {
                for (key, message) in wrong {
                    if !said.contains(&(key, message.clone())) {
                        findings.add(unfit(id, region, layers, key, &message));
                        said.push((key, message));
                    }
                }
            }
        }
    }
    Rule {
        manage: layers.manage,
        table,
    }
}

/// What a control's own check says of a table, at the line that it speaks of.
fn unfit(id: Id, region: Option<&Region>, layers: &Layers<'_>, key: &str, message: &str) -> Finding {
    let path = match key {
        "" => id.name().to_owned(),
        key => format!("{}.{key}", id.name()),
    };
    let place = region.map(|region| format!(" in {region}")).unwrap_or_default();
    let span = merge::span_of(&layers.table, key).unwrap_or(layers.header.clone());
    // Some checks speak of the key ("is not written"), others of its value ("4 is out of range").
    let colon = if message.starts_with("is ") || message.starts_with("says ") {
        ""
    } else {
        ":"
    };
    let title = |what: &str| format!("`{path}`{place}{colon} {what}");
    match read::said(message) {
        Some((what, expected)) => Finding::at(span, title(what)).expected(format!("expected {expected}")),
        None => Finding::at(span, title(message)),
    }
}
