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

use indexmap::IndexMap;
use jiff::civil::Date;
use toml::de::{DeTable, Deserializer};
use toml::{Spanned, Table};

use crate::attestation::Attestations;
use crate::control::{AnyControl, Controls};
use crate::location::Region;
use crate::registry::{Entry, Name};
use crate::tags::Tags;
use crate::want::Manage;

mod common;
mod files;
mod gather;
mod merge;
mod read;
mod regions;
mod resolve;
mod source;

pub use files::{BuiltIn, File, Files, NoFiles};
pub use gather::is_one;
pub use resolve::Filters;
pub use source::{Position, Problem, Problems};

use common::Common;
use gather::Gathered;
use read::{AccountTable, Written};
use regions::ControlRegions;
use source::{Finding, Findings, Sources, Span};

/// A baseline that was read whole and without a problem.
#[derive(Debug)]
pub struct Baseline {
    name: String,
    sources: Arc<Sources>,
    list: Controls,
    account: AccountTable,
    common: Common,
    /// In the order of the list.
    controls: IndexMap<Name, Managed>,
    examples: Vec<Example>,
}

/// An address of a file that stands there as an example.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Example {
    /// The path of its key.
    path: String,
    /// The address.
    address: String,
    at: Span,
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

/// All that a baseline is read with.
#[derive(Clone, Copy, Debug)]
pub struct Loader<'a> {
    /// The controls whose tables it may have.
    pub controls: &'a Controls,
    /// The files that it may be in and extend.
    pub files: &'a dyn Files,
    /// The baselines that it may extend by name.
    pub built_in: &'a [BuiltIn],
    /// The day that attestations are held against.
    pub today: Date,
}

impl Loader<'_> {
    /// Reads a baseline and all that it extends. The path `-` is standard input.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn load(&self, path: &Path) -> Result<Baseline, Problems> {
        let name = gather::shown(path);
        let (gathered, findings) = gather::file(self, path, &name);
        self.assemble(&name, gathered, findings)
    }

    /// Takes a text as a baseline. What it extends is read, relative to the folder of `name`.
    ///
    /// # Errors
    /// Everything that is wrong with it or with the files that it extends.
    pub fn load_text(&self, name: &str, text: &str) -> Result<Baseline, Problems> {
        let (gathered, findings) = gather::text(self, name, text);
        self.assemble(name, gathered, findings)
    }

    fn assemble(&self, name: &str, gathered: Gathered, mut findings: Findings) -> Result<Baseline, Problems> {
        let Gathered { sources, order } = gathered;
        let sources = Arc::new(sources);
        let mut account = AccountTable::default();
        let mut common = Common::default();
        let mut written = Vec::new();
        for index in order {
            let table = gather::parse(sources.file(index), &mut findings);
            let (over, also, tables) = read::file(self.controls, table, self.today, &mut findings);
            account.lay(over);
            common.lay(also);
            written.extend(tables);
        }
        let mut examples = Vec::new();
        let controls = merged(self.controls, &written, &mut examples, &mut findings);
        for entry in self.controls.iter() {
            let base = controls.get(entry.name).and_then(|managed| managed.base.as_ref());
            if base.is_some_and(|rule| rule.manage != Some(Manage::Off) && common::is_there(&rule.table)) {
                common.check_tag_keys(entry, &mut findings);
            }
        }
        findings.or_else(&sources, ()).map(|()| Baseline {
            name: name.to_owned(),
            sources,
            list: self.controls.clone(),
            account,
            common,
            controls,
            examples,
        })
    }
}

impl Baseline {
    /// The path as the user gave it, or `standard input`.
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

    /// What everything is tagged with.
    pub fn tags(&self) -> Tags {
        self.common.tags.clone()
    }

    /// What persons have vouched for.
    pub fn attestations(&self) -> Attestations {
        self.common.attestations.clone()
    }

    /// The addresses that stand there as examples, each with its key and its place: a real account is not to be
    /// given them.
    pub fn examples(&self) -> Option<Problems> {
        let mut findings = Findings::default();
        for Example { path, address, at } in &self.examples {
            findings.add(
                Finding::at(at.clone(), format!("`{path}`: {address} is an example"))
                    .expected("expected an address of your own"),
            );
        }
        (!findings.is_empty()).then(|| findings.into_problems(&self.sources))
    }

    /// The controls that it speaks of, in the order of the list.
    pub fn controls(&self) -> impl Iterator<Item = &Name> {
        self.controls.keys()
    }
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

fn merged(
    list: &Controls,
    written: &[Written<'_>],
    examples: &mut Vec<Example>,
    findings: &mut Findings,
) -> IndexMap<Name, Managed> {
    let mut controls = IndexMap::new();
    let mut references = Vec::new();
    for id in list.iter() {
        let tables: Vec<&Written<'_>> = written.iter().filter(|table| table.control == *id.name).collect();
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
            let rule = rule(id, None, &base, &mut said, findings);
            if rule.manage != Some(Manage::Off) {
                let found = common::examples(id.name.as_str(), &base.table).into_iter();
                examples.extend(found.map(|(path, address, at)| Example { path, address, at }));
                for (key, other) in id.control.refers_to(&rule.table).unwrap_or_default() {
                    references.push((unfit(id, None, &base, key, &missing(other)), other));
                }
            }
            managed.base = Some(rule);
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
        controls.insert(id.name.clone(), managed);
    }
    for (finding, other) in references {
        let is_managed = list
            .find(other)
            .ok()
            .and_then(|other| controls.get(other.name)?.base.as_ref())
            .is_some_and(|rule| rule.manage != Some(Manage::Off) && common::is_there(&rule.table));
        if !is_managed {
            findings.add(finding);
        }
    }
    controls
}

/// What is said of a key that speaks of another control's thing.
fn missing(other: &str) -> String {
    format!("speaks of [{other}], which the file does not manage; expected a table [{other}] beside it")
}

/// Types a merged table and checks it as a whole. What was `said` of the base is not said again of an override.
fn rule(
    id: Entry<'_, dyn AnyControl>,
    region: Option<&Region>,
    layers: &Layers<'_>,
    said: &mut Vec<(&'static str, String)>,
    findings: &mut Findings,
) -> Rule {
    let control = id.control;
    let spanned = Spanned::new(layers.header.clone(), layers.table.clone());
    let table = match control.parse(Deserializer::from(spanned)) {
        Ok(table) => table,
        Err(error) => {
            let span = error.span().unwrap_or(layers.header.clone());
            findings.add(read::explain(span, id.name.as_str(), error.message(), &[]));
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
fn unfit(
    id: Entry<'_, dyn AnyControl>,
    region: Option<&Region>,
    layers: &Layers<'_>,
    key: &str,
    message: &str,
) -> Finding {
    let path = match key {
        "" => id.name.to_string(),
        key => format!("{}.{key}", id.name),
    };
    let place = region.map(|region| format!(" in {region}")).unwrap_or_default();
    let span = merge::span_of(&layers.table, key).unwrap_or(layers.header.clone());
    // Some checks speak of the key ("is not written"), others of its value ("4 is out of range").
    let colon = if ["is ", "says ", "speaks "]
        .iter()
        .any(|verb| message.starts_with(verb))
    {
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
