//! From what is wanted and what was read to an ordered set of steps. No I/O, and no choice left for later.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::change::{Asset, Changes, Draft, Effect, Task};
use crate::control::{Act, AnyControl, BadDocument, Controls, Here, ObservedDoc, Relied};
use crate::cost::Monthly;
use crate::env::{Env, Run};
use crate::fault::{Fault, FaultKind};
use crate::location::Location;
use crate::registry::{CellKey, Name, UnknownControl};
use crate::want::{Manage, Want};

mod late;
mod link;
mod saved;
mod step;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;

pub use late::settle;
use link::link;
#[cfg(test)]
pub(crate) use link::testing;
pub use step::{Step, Why};
pub use verdict::Verdict;

/// What was read of an account: one result a cell, so that a fault sits in the cell that it spoils.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The account around the cells.
    pub env: Env,
    /// The cells, in the order of the list of controls, then by place. A cell in a region that is not enabled is not
    /// read and not here.
    pub cells: IndexMap<CellKey, Result<ObservedDoc, Fault>>,
}

impl Survey {
    /// What was read of the controls that one relies on, for its cell in a place.
    pub fn relied(&self, registry: &Controls, control: &dyn AnyControl, place: &Location) -> Relied {
        Relied::new(control.relies_on().iter().filter_map(|name| {
            let relied = registry.find(name).ok()?;
            let place = relied.control.scope().around(place);
            let seen = self.cells.get(&relied.at(place))?.as_ref().ok()?;
            Some((relied.control.name(), seen.clone()))
        }))
    }
}

/// One cell of the plan: everything that the verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The control.
    pub control: Name,
    /// The place.
    pub place: Location,
    /// The judgement.
    pub verdict: Verdict,
    /// What is in the way, what a fault said, who owns it: whatever explains the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What only a person can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// What a person has vouched for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attested: Vec<String>,
    /// What is worth knowing besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// What the baseline wants here, without the keys that another owner holds.
    pub want: Table,
    /// The keys of it whose live value differs, does what is wanted all the same, and stays, as paths inside the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Vec<String>>,
    /// What was read, whole, if it could be. Identifiers are of one run: no plan is saved with them.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "saved::seen")]
    pub seen: Option<ObservedDoc>,
    /// Why it could not be read, if it could not. What a service said in its own words is of one run.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "saved::fault")]
    pub fault: Option<Fault>,
}

impl Cell {
    /// A cell of which nothing is known to differ yet.
    fn new(want: &Want) -> Self {
        Cell {
            control: want.control.clone(),
            place: want.place.clone(),
            verdict: Verdict::InSync,
            reasons: vec![],
            people: vec![],
            attested: vec![],
            notices: vec![],
            want: want.table.clone(),
            kept: vec![],
            seen: None,
            fault: None,
        }
    }
}

/// Steps and verdicts: what `plan` shows, saves and promises, and what `apply` does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Every cell that the baseline manages, in the order of the list, then by place.
    pub cells: Vec<Cell>,
    /// The steps, in topological order.
    pub steps: Vec<Step>,
}

/// A set of wants that no order of steps can make true.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Steps wait for each other.
    #[error("these steps wait for each other:\n{}", .0.join("\n"))]
    Cycle(Vec<String>),
    /// Two steps make, or one makes and one removes, the same thing, and nothing says which comes first.
    #[error(
        "nothing says which comes first of two steps that make or remove the {asset}:\n  {first}\n  {second}"
    )]
    Unordered {
        /// The thing.
        asset: Box<Asset>,
        /// One step.
        first: String,
        /// The other.
        second: String,
    },
    /// A control could not read its own document.
    #[error(transparent)]
    Document(#[from] BadDocument),
    /// A want is of a control that is not in the list.
    #[error(transparent)]
    Unknown(#[from] UnknownControl),
}

/// Plans: judges every wanted cell and orders the steps of all of them.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(registry: &Controls, wants: &[Want], survey: &Survey) -> Result<Plan, PlanError> {
    let mut cells = Vec::new();
    let mut drafts = Vec::new();
    for want in wants.iter().filter(|want| want.manage != Some(Manage::Off)) {
        let (cell, steps) = judge(registry, want, survey)?;
        drafts.extend(steps.into_iter().map(|draft| (cells.len(), draft)));
        cells.push(cell);
    }
    let held = held(registry, survey)?;
    let steps = link(registry, &cells, drafts, &held, survey)?;
    for step in steps.iter().filter(|step| step.blocked.is_some()) {
        if let Some(cell) = cells
            .iter_mut()
            .find(|c| c.control == step.control && c.place == step.place)
        {
            cell.verdict = Verdict::Blocked;
            if let Some(why) = &step.blocked {
                cell.reasons.push(format!("{}: {why}", step.title));
            }
        }
    }
    Ok(Plan { cells, steps })
}

/// Everything that exists already and that steps may need.
fn held(registry: &Controls, survey: &Survey) -> Result<BTreeSet<Asset>, PlanError> {
    let mut held = BTreeSet::new();
    for ((control, place), reading) in &survey.cells {
        if let Ok(seen) = reading {
            let control = registry.get(control)?;
            let here = Here {
                place,
                env: &survey.env,
                relied: &survey.relied(registry, control, place),
            };
            held.extend(control.holds(seen, &here)?);
        }
    }
    Ok(held)
}

fn judge(registry: &Controls, want: &Want, survey: &Survey) -> Result<(Cell, Vec<Draft<Act>>), PlanError> {
    let mut cell = Cell::new(want);
    if want
        .place
        .region()
        .is_some_and(|region| !survey.env.enabled.contains(region))
    {
        cell.verdict = Verdict::NotEnabled;
        return Ok((cell, vec![]));
    }
    let seen = match survey.cells.get(&(want.control.clone(), want.place.clone())) {
        Some(Ok(seen)) => seen,
        Some(Err(fault)) => {
            cell.verdict = match fault.kind {
                FaultKind::DeniedByOrganization => Verdict::Denied,
                FaultKind::NotAvailable => Verdict::NotAvailable,
                _ => Verdict::Unread,
            };
            cell.fault = Some(fault.clone());
            return Ok((cell, vec![]));
        }
        None => {
            cell.verdict = Verdict::Unread;
            cell.reasons.push("it was not read".to_owned());
            return Ok((cell, vec![]));
        }
    };
    cell.seen = Some(seen.clone());
    let control = registry.get(&want.control)?;
    let here = Here {
        place: &want.place,
        env: &survey.env,
        relied: &survey.relied(registry, control, &want.place),
    };
    let Changes {
        steps,
        people,
        refusals,
        entries,
        kept,
        notices,
        unread,
        elsewhere,
        denied,
    } = control.diff(&want.table, seen, &here)?;
    cell.notices = notices;
    cell.kept = kept;
    if let Some(manager) = seen
        .held_by
        .as_ref()
        .filter(|_| want.manage != Some(Manage::Enforce))
    {
        cell.verdict = Verdict::ManagedElsewhere;
        cell.reasons.push(manager.who.clone());
        return Ok((cell, vec![]));
    }
    let held: Vec<String> = elsewhere
        .into_iter()
        .map(|(key, manager)| {
            cell.want.remove(key);
            format!("{key}: {}", manager.who)
        })
        .collect();
    let (people, attested) = vouched(people, &survey.env.run);
    cell.attested = attested;
    let obstacles: Vec<String> = refusals
        .iter()
        .cloned()
        .chain(
            entries
                .into_iter()
                .map(|(entry, what)| format!("{entry}: {what}")),
        )
        .collect();
    let differs = !steps.is_empty() || !obstacles.is_empty() || !people.is_empty();
    if !differs && !held.is_empty() {
        cell.verdict = Verdict::ManagedElsewhere;
        cell.reasons = held;
        return Ok((cell, vec![]));
    }
    cell.notices.extend(
        held.into_iter()
            .map(|held| format!("managed elsewhere, and left alone: {held}")),
    );
    if differs && want.manage == Some(Manage::Report) {
        cell.verdict = Verdict::Reported;
        cell.reasons = obstacles;
        return Ok((cell, vec![]));
    }
    cell.people = people;
    if !obstacles.is_empty() {
        cell.verdict = Verdict::Blocked;
        cell.reasons = obstacles;
        // What is in the way of one entry is not in the way of its neighbours.
        let steps = if refusals.is_empty() { steps } else { vec![] };
        return Ok((cell, steps));
    }
    if !steps.is_empty() {
        cell.verdict = Verdict::Change;
    } else if !cell.people.is_empty() {
        cell.verdict = Verdict::NeedsPerson;
    } else if denied.is_some() {
        cell.verdict = Verdict::Denied;
        cell.fault = denied;
    } else if !cell.attested.is_empty() {
        cell.verdict = Verdict::Attested;
    }
    partly_unread(&mut cell, unread);
    Ok((cell, steps))
}

/// Parts of a cell could not be read: it is not in sync, and its tasks stay. Where steps or an obstacle decide the
/// verdict, a notice says what is missing.
fn partly_unread(cell: &mut Cell, unread: Vec<(String, Fault)>) {
    for (unknown, fault) in unread {
        let verdict = match fault.kind {
            FaultKind::DeniedByOrganization => Verdict::Denied,
            _ => Verdict::Unread,
        };
        let decides = match cell.verdict {
            Verdict::InSync | Verdict::Attested => true,
            Verdict::NeedsPerson | Verdict::Denied => verdict == Verdict::Unread,
            _ => false,
        };
        if decides {
            cell.verdict = verdict;
            cell.fault = Some(fault);
            cell.reasons.push(unknown);
        } else {
            cell.notices.push(format!("{unknown}: {fault}"));
        }
    }
}

/// A person's tasks: those that are left, and those that somebody has vouched for. An attestation that no longer
/// counts is told with its task.
fn vouched(tasks: Vec<Task>, run: &Run) -> (Vec<String>, Vec<String>) {
    let mut left = vec![];
    let mut attested = vec![];
    for Task { what, attestation } in tasks {
        let written = attestation.and_then(|name| Some((name, run.attestations.get(name)?)));
        match (written, attestation) {
            (Some((name, attestation)), _) if attestation.counts(run.today) => {
                attested.push(attestation.told(name));
            }
            (Some((name, attestation)), _) => left.push(format!(
                "{}. [attestations.{name}] by {} counted until {}: look again, and write a new one",
                what.trim_end_matches('.'),
                attestation.by,
                attestation.expires
            )),
            (None, Some(name)) => left.push(format!(
                "{}. Once that is so, write [attestations.{name}]",
                what.trim_end_matches('.')
            )),
            (None, None) => left.push(what),
        }
    }
    (left, attested)
}

/// What a plan would do, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps that add.
    pub add: usize,
    /// Steps that change.
    pub change: usize,
    /// Steps that destroy.
    pub destroy: usize,
}

impl Plan {
    /// The steps that can run, counted by what they do.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in self.steps.iter().filter(|step| step.blocked.is_none()) {
            match step.effect {
                Effect::Add => counts.add += 1,
                Effect::Change => counts.change += 1,
                Effect::Destroy => counts.destroy += 1,
            }
        }
        counts
    }

    /// What the steps that can run add to each month's bill, whether or not somebody has to consent to them.
    pub fn monthly(&self) -> Monthly {
        let runnable = self.steps.iter().filter(|step| step.blocked.is_none());
        runnable.map(|step| step.monthly).sum()
    }

    /// How many cells have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }

    /// How many tasks a person has, in cells of any verdict: beside steps or an obstacle a task is one too.
    pub fn tasks(&self) -> usize {
        self.cells.iter().map(|cell| cell.people.len()).sum()
    }

    /// True if anything in the plan is of this kind, also in cells of which something else decides the verdict.
    pub fn has(&self, verdict: Verdict) -> bool {
        self.count(verdict) > 0
            || match verdict {
                Verdict::NeedsPerson => self.tasks() > 0,
                Verdict::Attested => self.cells.iter().any(|cell| !cell.attested.is_empty()),
                _ => false,
            }
    }

    /// The cell of a control in a place.
    pub fn cell(&self, control: &Name, place: &Location) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.control == *control && cell.place == *place)
    }
}
