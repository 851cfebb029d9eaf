//! From a baseline to the cells that it manages in the account at hand.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::regions::{AccountRegions, ControlRegions};
use super::source::{Finding, Findings};
use super::{Baseline, Managed, Problems, Rule};
use crate::control::{AnyControl, Controls, Wants};
use crate::env::Env;
use crate::location::{Location, Region, Scope};
use crate::registry::{Name, nearest};
use crate::want::{Manage, Want};

/// What of a baseline is looked at: `--only`, `--exclude` and `--region` of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// Only these controls, if any is named.
    pub only: Vec<Name>,
    /// None of these controls.
    pub exclude: Vec<Name>,
    /// Only cells of these regions, if any is named. What exists once in the account is in no region, so it is
    /// left out then.
    pub regions: Vec<Region>,
}

/// As flags of the command line.
impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.arguments();
        f.write_str(&if flags.is_empty() {
            "no filters".to_owned()
        } else {
            flags.join(" ")
        })
    }
}

impl Filters {
    /// The arguments of the command line that choose the same again.
    pub fn arguments(&self) -> Vec<String> {
        let named = |option: &str, name: String| [option.to_owned(), name];
        let only = self.only.iter().map(|id| named("--only", id.to_string()));
        let exclude = self.exclude.iter().map(|id| named("--exclude", id.to_string()));
        let regions = self
            .regions
            .iter()
            .map(|region| named("--region", region.to_string()));
        only.chain(exclude).chain(regions).flatten().collect()
    }

    /// True if a cell is among those that are looked at.
    pub fn pass(&self, control: &Name, place: &Location) -> bool {
        (self.only.is_empty() || self.only.contains(control))
            && !self.exclude.contains(control)
            && (self.regions.is_empty() || place.region().is_some_and(|region| self.regions.contains(region)))
    }
}

impl Baseline {
    /// What is wanted, cell by cell, in the order of the list of controls, then of places.
    ///
    /// `known` are the regions that exist in the account's partition, enabled or not. Cells under
    /// `manage = "off"` are not among the wants.
    ///
    /// # Errors
    /// A region that does not exist, with the line that names it; a control or region that was asked for and is
    /// not managed, because an empty choice would otherwise look like an account without a difference.
    pub fn wants(&self, env: &Env, known: &[Region], filters: &Filters) -> Result<Vec<Want>, Problems> {
        let mut findings = Findings::default();
        self.check_regions(known, &mut findings);
        let mut wants = Vec::new();
        for entry in self.list.iter() {
            let Some(managed) = self.controls.get(entry.name) else {
                continue;
            };
            for (place, rule) in self.cells(entry.control, managed, env, known) {
                if rule.manage != Some(Manage::Off) {
                    wants.push(Want {
                        control: entry.name.clone(),
                        place,
                        manage: rule.manage,
                        table: rule.table.clone(),
                    });
                }
            }
        }
        fill(&self.list, &mut wants, env, &mut findings);
        self.check_filters(&wants, known, filters, &mut findings);
        wants.retain(|want| filters.pass(&want.control, &want.place));
        findings.or_else(&self.sources, wants)
    }

    fn cells<'m>(
        &self,
        control: &dyn AnyControl,
        managed: &'m Managed,
        env: &Env,
        known: &[Region],
    ) -> Vec<(Location, &'m Rule)> {
        if control.scope() == Scope::Account {
            return managed
                .base
                .iter()
                .map(|rule| (Location::Account, rule))
                .collect();
        }
        let (bound, all) = self.bound(env, known);
        let chosen: Vec<&Region> = match (&managed.base, &managed.regions) {
            (None, _) => vec![],
            (_, None | Some(ControlRegions::All)) => all.into_iter().collect(),
            (_, Some(ControlRegions::Home)) => vec![&env.home],
            (_, Some(ControlRegions::List(list))) => list.iter().map(Spanned::get_ref).collect(),
        };
        let places: BTreeSet<&Region> = chosen
            .into_iter()
            .chain(managed.overrides.keys())
            .filter(|region| bound.contains(region))
            .collect();
        places
            .into_iter()
            .filter_map(|region| {
                let rule = match managed.overrides.get(region) {
                    Some((_, rule)) => rule,
                    None => managed.base.as_ref()?,
                };
                Some((Location::Region(region.clone()), rule))
            })
            .collect()
    }

    /// The regions that may be looked at, of those that exist in the partition.
    pub fn looked_at(&self, env: &Env, known: &[Region]) -> Vec<Region> {
        self.bound(env, known).0.into_iter().cloned().collect()
    }

    /// The regions that may be looked at, and those that are meant by "all". They differ where the account says
    /// "enabled": a region that a table names is looked at even if it is not enabled.
    fn bound<'r>(
        &'r self,
        env: &'r Env,
        known: &'r [Region],
    ) -> (BTreeSet<&'r Region>, BTreeSet<&'r Region>) {
        let excluded = self.account.exclude_regions.as_deref().unwrap_or_default();
        let included = |region: &&Region| !excluded.iter().any(|out| out.get_ref() == *region);
        match &self.account.regions {
            None | Some(AccountRegions::Enabled) => (
                known.iter().chain(&env.enabled).filter(included).collect(),
                env.enabled.iter().filter(included).collect(),
            ),
            Some(AccountRegions::List(list)) => {
                let list: BTreeSet<&Region> = list.iter().map(Spanned::get_ref).filter(included).collect();
                (list.clone(), list)
            }
        }
    }

    /// The regions that it names although they are not among these, each with its place. For a look at the file alone;
    /// [`wants`](Self::wants) asks the account's own list.
    pub fn unknown_regions(&self, known: &[Region]) -> Option<Problems> {
        let mut findings = Findings::default();
        self.check_regions(known, &mut findings);
        (!findings.is_empty()).then(|| findings.into_problems(&self.sources))
    }

    fn check_regions(&self, known: &[Region], findings: &mut Findings) {
        let account = &self.account;
        let named = account
            .home_region
            .iter()
            .chain(account.regions.iter().flat_map(|regions| regions.named()))
            .chain(account.exclude_regions.iter().flatten())
            .chain(
                self.controls
                    .values()
                    .filter_map(|managed| managed.regions.as_ref())
                    .flat_map(|regions| regions.named()),
            )
            .map(|region| (region.get_ref(), region.span()))
            .chain(self.controls.values().flat_map(|managed| {
                managed
                    .overrides
                    .iter()
                    .map(|(region, (span, _))| (region, span.clone()))
            }));
        for (region, span) in named {
            if !known.contains(region) {
                findings.add(
                    Finding::at(span, format!("there is no region `{region}` in this partition"))
                        .hint_if(did_you_mean(region, known)),
                );
            }
        }
    }

    fn check_filters(&self, wants: &[Want], known: &[Region], filters: &Filters, findings: &mut Findings) {
        let name = &self.name;
        for control in &filters.only {
            if !wants.iter().any(|want| want.control == *control) {
                findings.add(
                    Finding::nowhere(format!("{name} does not manage `{control}`, which was asked for"))
                        .hint(format!(
                            "write a table [{control}]; `trueup controls {control}` has an example"
                        )),
                );
            }
        }
        for region in &filters.regions {
            if !known.contains(region) {
                findings.add(
                    Finding::nowhere(format!("there is no region `{region}` in this partition"))
                        .hint_if(did_you_mean(region, known)),
                );
            } else if !wants.iter().any(|want| want.place.region() == Some(region)) {
                findings.add(
                    Finding::nowhere(format!("{name} manages nothing in {region}, which was asked for"))
                        .hint("`[account] regions` and each table's `regions` say where it does"),
                );
            }
        }
        let left = |want: &Want| filters.pass(&want.control, &want.place);
        if findings.is_empty() && !wants.is_empty() && !wants.iter().any(left) {
            findings.add(
                Finding::nowhere(format!(
                    "nothing that {name} manages is left by what was asked for"
                ))
                .hint(match (filters.regions.is_empty(), filters.only.is_empty()) {
                    (false, _) => {
                        "what exists once in the account is in no region, so --region leaves it out"
                    }
                    (true, false) => "--exclude leaves out all that --only picks",
                    (true, true) => "--exclude leaves out all of it",
                }),
            );
        }
    }
}

/// Puts into each table what the account and other tables decide. Earlier controls of the list are filled first.
fn fill(controls: &Controls, wants: &mut [Want], env: &Env, findings: &mut Findings) {
    for at in 0..wants.len() {
        let want = &wants[at];
        let wants_here = Wants {
            all: wants,
            place: &want.place,
        };
        let filled = controls
            .get(&want.control)
            .map_err(|error| error.to_string())
            .and_then(|control| {
                let filled = control.fill(&want.table, env, wants_here);
                filled.map_err(|error| error.to_string())
            });
        match filled {
            Ok(table) => wants[at].table = table,
            Err(error) => findings.add(Finding::nowhere(error)),
        }
    }
}

fn did_you_mean(region: &Region, known: &[Region]) -> Option<String> {
    nearest(region.as_str(), known.iter().map(Region::as_str)).map(|near| format!("did you mean `{near}`?"))
}
