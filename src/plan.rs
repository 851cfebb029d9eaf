//! From what is wanted and what was read to an ordered set of steps. No I/O, and no choice left for later.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::control::{Act, BadDocument, Env, Findings, Here, SeenDoc};
use crate::controls::Id;
use crate::fault::{Fault, FaultKind};
use crate::place::Place;

/// What a step does to the account, for the summary line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Something new comes into being.
    Add,
    /// Something that exists is changed.
    Change,
    /// Something ceases to exist.
    Destroy,
}

/// How much harm a step can do. The last two need consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No workload and no person notices.
    Safe,
    /// It may break a workload or lock someone out.
    Disruptive,
    /// It loses data or a resource.
    Destructive,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Class::Safe => "safe",
            Class::Disruptive => "disruptive",
            Class::Destructive => "destructive",
        })
    }
}

/// The kind of thing that one control makes and another needs, such as the alerts topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetKind {
    /// The control that reads and makes it.
    pub control: &'static str,
    /// What it is, in AWS's words.
    pub what: &'static str,
}

impl AssetKind {
    /// The one of this kind in a place.
    pub fn at(self, place: &Place) -> Asset {
        Asset {
            control: self.control.to_owned(),
            what: self.what.to_owned(),
            place: place.clone(),
            name: None,
        }
    }

    /// One of several of this kind in a place.
    pub fn named(self, place: &Place, name: impl Into<String>) -> Asset {
        Asset {
            name: Some(name.into()),
            ..self.at(place)
        }
    }
}

/// Something that a step needs, provides, releases or removes. Order across controls comes from these alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asset {
    /// The control that reads and makes it.
    pub control: String,
    /// What it is.
    pub what: String,
    /// Where it is.
    pub place: Place,
    /// Which one, where there can be several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        write!(f, " ({}, {})", self.control, self.place)
    }
}

/// A step as a control describes it, before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft<A> {
    /// What to do.
    pub action: A,
    /// What that does to the account.
    pub effect: Effect,
    /// How much harm it can do.
    pub class: Class,
    /// Why it can, a few words each.
    pub risks: Vec<String>,
    /// Earlier drafts of the same cell that it waits for, by their place in the cell's list.
    pub after: Vec<usize>,
    /// What it needs.
    pub needs: Vec<Asset>,
    /// What exists once it is done.
    pub provides: Vec<Asset>,
    /// What it no longer uses once it is done.
    pub releases: Vec<Asset>,
    /// What no longer exists once it is done.
    pub removes: Vec<Asset>,
}

impl<A> Draft<A> {
    /// A step that waits for nothing.
    pub fn new(action: A, effect: Effect, class: Class) -> Self {
        Draft {
            action,
            effect,
            class,
            risks: vec![],
            after: vec![],
            needs: vec![],
            provides: vec![],
            releases: vec![],
            removes: vec![],
        }
    }

    /// The same step with its action in another form.
    pub fn with_action<B>(self, action: B) -> Draft<B> {
        Draft {
            action,
            effect: self.effect,
            class: self.class,
            risks: self.risks,
            after: self.after,
            needs: self.needs,
            provides: self.provides,
            releases: self.releases,
            removes: self.removes,
        }
    }
}

/// Why a step of the plan cannot run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It needs what neither exists nor is planned.
    Missing(Asset),
    /// It needs what another step removes.
    Leaving(Asset),
    /// It needs what could not be read.
    Unread(Asset),
    /// It is in use, or moved between the plan and the write: what stands in the way.
    InUse {
        /// One line for each thing.
        what: Vec<String>,
    },
    /// It waits for a step that cannot run.
    BehindBlocked(usize),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Missing(asset) => write!(f, "needs the {asset}, which does not exist and is not planned"),
            Why::Leaving(asset) => write!(f, "needs the {asset}, which another step removes"),
            Why::Unread(asset) => write!(f, "needs the {asset}, which could not be read"),
            Why::InUse { what } => write!(f, "{}", what.join("; ")),
            Why::BehindBlocked(step) => write!(f, "waits for step {step}, which is blocked"),
        }
    }
}

/// One numbered step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1, in an order in which all of them could run one by one.
    pub number: usize,
    /// The control whose step it is.
    pub control: Id,
    /// Where it happens.
    pub place: Place,
    /// What it does, in the imperative.
    pub title: String,
    /// What that does to the account.
    pub effect: Effect,
    /// How much harm it can do.
    pub class: Class,
    /// Why it can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// The numbers of the steps that must be done before, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<usize>,
    /// Why it cannot run, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Why>,
    /// The control's own action.
    pub action: serde_json::Value,
}

/// What the engine may do where a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Manage {
    /// Show what differs and change it.
    #[default]
    Enforce,
    /// Show what differs and never write.
    Report,
    /// As if the table were not written.
    Off,
}

/// What is wanted of one control in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    /// The control.
    pub control: Id,
    /// The place.
    pub place: Place,
    /// What the file says about writing, where it says so.
    pub manage: Option<Manage>,
    /// The table, merged, typed and in canonical form.
    pub table: Table,
}

/// A control in a place.
pub type CellKey = (Id, Place);

/// What was read of an account: one result a cell, so that a fault sits in the cell that it spoils.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The account around the cells.
    pub env: Env,
    /// The cells. A cell in a region that is not enabled is not read and not here.
    pub cells: BTreeMap<CellKey, Result<SeenDoc, Fault>>,
}

/// The judgement on one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as wanted.
    InSync,
    /// It differs and steps change it.
    Change,
    /// It differs and is only reported.
    Reported,
    /// It differs and cannot be changed now.
    Blocked,
    /// It differs and only a person can change it.
    NeedsPerson,
    /// A person has vouched for what cannot be read.
    Attested,
    /// The file does not manage it.
    Unmanaged,
    /// The service has no endpoint in the region.
    NotAvailable,
    /// The region is not enabled for the account.
    NotEnabled,
    /// The organization's policy forbids reading it.
    Denied,
    /// Another tool or account owns it.
    ManagedElsewhere,
    /// It could not be read.
    Unread,
}

impl Verdict {
    /// All of them, in the order of the legend.
    pub const ALL: [Verdict; 12] = [
        Verdict::InSync,
        Verdict::Change,
        Verdict::Reported,
        Verdict::Blocked,
        Verdict::NeedsPerson,
        Verdict::Attested,
        Verdict::Unmanaged,
        Verdict::NotAvailable,
        Verdict::NotEnabled,
        Verdict::Denied,
        Verdict::ManagedElsewhere,
        Verdict::Unread,
    ];

    /// The verdict in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::InSync => "in sync",
            Verdict::Change => "change",
            Verdict::Reported => "reported (differs, not enforced)",
            Verdict::Blocked => "blocked",
            Verdict::NeedsPerson => "needs a person",
            Verdict::Attested => "attested",
            Verdict::Unmanaged => "unmanaged",
            Verdict::NotAvailable => "not available in the region",
            Verdict::NotEnabled => "region not enabled",
            Verdict::Denied => "denied by the organization",
            Verdict::ManagedElsewhere => "managed elsewhere",
            Verdict::Unread => "could not be read",
        }
    }

    /// The verdict as a word of the command line (`--fail-on`) and of JSON.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::InSync => "in-sync",
            Verdict::Change => "change",
            Verdict::Reported => "reported",
            Verdict::Blocked => "blocked",
            Verdict::NeedsPerson => "needs-person",
            Verdict::Attested => "attested",
            Verdict::Unmanaged => "unmanaged",
            Verdict::NotAvailable => "not-available",
            Verdict::NotEnabled => "not-enabled",
            Verdict::Denied => "denied",
            Verdict::ManagedElsewhere => "managed-elsewhere",
            Verdict::Unread => "unread",
        }
    }
}

/// One cell of the plan: everything that the verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The control.
    pub control: Id,
    /// The place.
    pub place: Place,
    /// The judgement.
    pub verdict: Verdict,
    /// What is in the way, what a fault said, who owns it: whatever explains the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What only a person can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// What is worth knowing besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// What the baseline wants here.
    pub want: Table,
    /// What was read, whole, if it could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenDoc>,
    /// Why it could not be read, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
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
}

/// Plans: judges every wanted cell and orders the steps of all of them.
pub fn plan(wants: &[Want], survey: &Survey) -> Result<Plan, PlanError> {
    let mut cells = Vec::new();
    let mut drafts = Vec::new();
    for want in wants.iter().filter(|want| want.manage != Some(Manage::Off)) {
        let (cell, steps) = judge(want, survey)?;
        drafts.extend(steps.into_iter().map(|draft| (cells.len(), draft)));
        cells.push(cell);
    }
    let held = held(survey)?;
    let steps = link(&cells, drafts, &held, survey)?;
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
fn held(survey: &Survey) -> Result<BTreeSet<Asset>, BadDocument> {
    let mut held = BTreeSet::new();
    for ((control, place), reading) in &survey.cells {
        if let Ok(seen) = reading {
            held.extend(control.control().holds(
                seen,
                &Here {
                    place,
                    env: &survey.env,
                },
            )?);
        }
    }
    Ok(held)
}

fn judge(want: &Want, survey: &Survey) -> Result<(Cell, Vec<Draft<Act>>), BadDocument> {
    let mut cell = Cell {
        control: want.control,
        place: want.place.clone(),
        verdict: Verdict::InSync,
        reasons: vec![],
        people: vec![],
        notices: vec![],
        want: want.table.clone(),
        seen: None,
        fault: None,
    };
    if want
        .place
        .region()
        .is_some_and(|region| !survey.env.enabled.contains(region))
    {
        cell.verdict = Verdict::NotEnabled;
        return Ok((cell, vec![]));
    }
    let seen = match survey.cells.get(&(want.control, want.place.clone())) {
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
    let here = Here {
        place: &want.place,
        env: &survey.env,
    };
    let Findings {
        steps,
        people,
        refusals,
        notices,
    } = want.control.control().diff(&want.table, seen, &here)?;
    cell.notices = notices;
    if let Some(manager) = seen
        .held_by
        .as_ref()
        .filter(|_| want.manage != Some(Manage::Enforce))
    {
        cell.verdict = Verdict::ManagedElsewhere;
        cell.reasons.push(manager.who.clone());
        return Ok((cell, vec![]));
    }
    let differs = !steps.is_empty() || !refusals.is_empty() || !people.is_empty();
    if differs && want.manage == Some(Manage::Report) {
        cell.verdict = Verdict::Reported;
        cell.reasons = refusals;
        return Ok((cell, vec![]));
    }
    cell.people = people;
    if !refusals.is_empty() {
        cell.verdict = Verdict::Blocked;
        cell.reasons = refusals;
        return Ok((cell, vec![]));
    }
    if !steps.is_empty() {
        cell.verdict = Verdict::Change;
    } else if !cell.people.is_empty() {
        cell.verdict = Verdict::NeedsPerson;
    }
    Ok((cell, steps))
}

/// Turns the drafts of all cells into numbered steps: needs become edges, the order becomes topological, and
/// what cannot run says why.
fn link(
    cells: &[Cell],
    drafts: Vec<(usize, Draft<Act>)>,
    held: &BTreeSet<Asset>,
    survey: &Survey,
) -> Result<Vec<Step>, PlanError> {
    let describe = |at: usize| {
        let (cell, draft) = &drafts[at];
        format!(
            "{} ({}, {})",
            draft.action.title, cells[*cell].control, cells[*cell].place
        )
    };
    let mut providers: BTreeMap<&Asset, Vec<usize>> = BTreeMap::new();
    let mut removers: BTreeMap<&Asset, Vec<usize>> = BTreeMap::new();
    for (at, (_, draft)) in drafts.iter().enumerate() {
        for asset in &draft.provides {
            providers.entry(asset).or_default().push(at);
        }
        for asset in &draft.removes {
            removers.entry(asset).or_default().push(at);
        }
    }
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); drafts.len()];
    let mut blocked: Vec<Option<Why>> = vec![None; drafts.len()];
    let mut first_of_cell = 0;
    for (at, (cell, draft)) in drafts.iter().enumerate() {
        if at > 0 && drafts[at - 1].0 != *cell {
            first_of_cell = at;
        }
        after[at].extend(draft.after.iter().map(|local| first_of_cell + local));
        for asset in &draft.needs {
            if let Some(makers) = providers.get(asset) {
                after[at].extend(makers.iter().filter(|maker| **maker != at));
            } else if removers.contains_key(asset) {
                blocked[at].get_or_insert(Why::Leaving(asset.clone()));
            } else if !held.contains(asset) {
                blocked[at].get_or_insert(if is_unread(asset, survey) {
                    Why::Unread(asset.clone())
                } else {
                    Why::Missing(asset.clone())
                });
            }
        }
        for asset in &draft.releases {
            for remover in removers
                .get(asset)
                .into_iter()
                .flatten()
                .filter(|remover| **remover != at)
            {
                after[*remover].insert(at);
            }
        }
    }
    let order =
        topological(&after).map_err(|cycle| PlanError::Cycle(cycle.into_iter().map(describe).collect()))?;
    for (asset, makers) in &providers {
        let mut touching = makers.clone();
        touching.extend(removers.get(asset).into_iter().flatten());
        touching.sort_unstable();
        touching.dedup();
        for (i, one) in touching.iter().enumerate() {
            for other in &touching[i + 1..] {
                if !reaches(&after, *one, *other) && !reaches(&after, *other, *one) {
                    return Err(PlanError::Unordered {
                        asset: Box::new((*asset).clone()),
                        first: describe(*one),
                        second: describe(*other),
                    });
                }
            }
        }
    }
    let mut number = vec![0; drafts.len()];
    for (position, at) in order.iter().enumerate() {
        number[*at] = position + 1;
    }
    let mut drafts: Vec<Option<(usize, Draft<Act>)>> = drafts.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(order.len());
    for at in order {
        let Some((cell, draft)) = drafts[at].take() else {
            continue;
        };
        if blocked[at].is_none() {
            blocked[at] = after[at]
                .iter()
                .find(|before| blocked[**before].is_some())
                .map(|b| Why::BehindBlocked(number[*b]));
        }
        let mut waits: Vec<usize> = after[at].iter().map(|before| number[*before]).collect();
        waits.sort_unstable();
        steps.push(Step {
            number: number[at],
            control: cells[cell].control,
            place: cells[cell].place.clone(),
            title: draft.action.title,
            effect: draft.effect,
            class: draft.class,
            risks: draft.risks,
            after: waits,
            blocked: blocked[at].clone(),
            action: draft.action.data,
        });
    }
    Ok(steps)
}

fn is_unread(asset: &Asset, survey: &Survey) -> bool {
    asset
        .control
        .parse::<Id>()
        .is_ok_and(|control| !matches!(survey.cells.get(&(control, asset.place.clone())), Some(Ok(_))))
}

/// An order in which everything comes after what it waits for. Stable: what is free to run keeps the order of
/// the list as far as it can, so that a plan reads cell by cell. The error is one cycle, nothing else.
fn topological(after: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![vec![]; after.len()];
    for (at, before) in after.iter().enumerate() {
        for earlier in before {
            followers[*earlier].push(at);
        }
    }
    let mut free: BTreeSet<usize> = (0..after.len()).filter(|at| waiting[*at] == 0).collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some(at) = free.pop_first() {
        order.push(at);
        for follower in &followers[at] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                free.insert(*follower);
            }
        }
    }
    if order.len() == after.len() {
        return Ok(order);
    }
    // Everything that is left waits for something that is left: walking backwards must come round.
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..after.len()).find(|at| waiting[*at] > 0).unwrap_or_default();
    while !path.contains(&at) {
        path.push(at);
        at = after[at]
            .iter()
            .copied()
            .find(|before| waiting[*before] > 0)
            .unwrap_or(at);
    }
    let start = path.iter().position(|step| *step == at).unwrap_or_default();
    Err(path.split_off(start))
}

/// True if `to` waits for `from`, directly or through others.
fn reaches(after: &[BTreeSet<usize>], from: usize, to: usize) -> bool {
    let mut queue = VecDeque::from([to]);
    let mut met = BTreeSet::new();
    while let Some(at) = queue.pop_front() {
        if at == from {
            return true;
        }
        if met.insert(at) {
            queue.extend(&after[at]);
        }
    }
    false
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

    /// How many cells have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }

    /// The cell of a control in a place.
    pub fn cell(&self, control: Id, place: &Place) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.control == control && cell.place == *place)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Webs of steps that no control would write, for the properties of planning and execution.

    use proptest::prelude::*;

    use super::*;
    use crate::place::Region;

    /// One made-up step: the cell it is in, and what it needs, provides, releases and removes, by number.
    #[derive(Clone, Debug)]
    pub(crate) struct Strand {
        pub(crate) after: Vec<usize>,
        pub(crate) needs: Vec<u8>,
        pub(crate) provides: Option<u8>,
        pub(crate) releases: Vec<u8>,
    }

    /// Made-up steps, cell by cell.
    #[derive(Clone, Debug)]
    pub(crate) struct Web(pub(crate) Vec<Vec<Strand>>);

    impl Web {
        /// Webs without a cycle: a step waits for earlier ones of its cell, and needs what a lower number provides.
        pub(crate) fn any() -> impl Strategy<Value = Web> {
            let strand = (
                proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
                proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
                any::<bool>(),
                0_u8..20,
            );
            proptest::collection::vec(proptest::collection::vec(strand, 1..7), 1..6).prop_map(|cells| {
                let mut asset = 0_u8;
                Web(cells
                    .into_iter()
                    .map(|strands| {
                        let mut made: Vec<Strand> = vec![];
                        for (after, needs, provides, missing) in strands {
                            let earlier = made.len();
                            let mut needs: Vec<u8> = needs
                                .iter()
                                .filter(|_| asset > 0)
                                .map(|index| index.index(asset as usize) as u8)
                                .collect();
                            if missing == 0 {
                                needs.push(250);
                            }
                            let provides = provides.then(|| {
                                asset += 1;
                                asset - 1
                            });
                            made.push(Strand {
                                after: after
                                    .iter()
                                    .filter(|_| earlier > 0)
                                    .map(|i| i.index(earlier))
                                    .collect(),
                                needs,
                                provides,
                                releases: vec![],
                            });
                        }
                        made
                    })
                    .collect())
            })
        }
    }

    pub(crate) fn asset(number: u8) -> Asset {
        AssetKind {
            control: "nobody",
            what: "thing",
        }
        .named(&Place::Account, number.to_string())
    }

    /// The real linking of a made-up web.
    pub(crate) fn linked(web: &Web) -> Result<Vec<Step>, PlanError> {
        let control = Id::all().next().unwrap();
        let mut cells = vec![];
        let mut drafts = vec![];
        for (at, strands) in web.0.iter().enumerate() {
            let region: Region = format!("test-region-{at}").parse().unwrap();
            cells.push(Cell {
                control,
                place: region.into(),
                verdict: Verdict::Change,
                reasons: vec![],
                people: vec![],
                notices: vec![],
                want: Table::new(),
                seen: None,
                fault: None,
            });
            for (local, strand) in strands.iter().enumerate() {
                let act = Act {
                    data: serde_json::Value::Null,
                    title: format!("step {local}"),
                };
                let mut draft = Draft::new(act, Effect::Add, Class::Safe);
                draft.after = strand.after.clone();
                draft.needs = strand.needs.iter().copied().map(asset).collect();
                draft.provides = strand.provides.into_iter().map(asset).collect();
                draft.releases = strand.releases.iter().copied().map(asset).collect();
                drafts.push((at, draft));
            }
        }
        link(&cells, drafts, &BTreeSet::new(), &nothing_read())
    }

    pub(crate) fn nothing_read() -> Survey {
        Survey {
            env: Env {
                account: "123456789012".into(),
                partition: "aws".into(),
                home: "us-east-1".parse().unwrap(),
                enabled: vec![],
            },
            cells: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{Strand, Web, asset, linked, nothing_read};
    use super::*;

    fn strand(after: &[usize], needs: &[u8], provides: Option<u8>) -> Strand {
        Strand {
            after: after.to_vec(),
            needs: needs.to_vec(),
            provides,
            releases: vec![],
        }
    }

    fn lines(steps: &[Step]) -> Vec<String> {
        steps
            .iter()
            .map(|s| {
                let blocked = s
                    .blocked
                    .as_ref()
                    .map(|why| format!(" blocked: {why}"))
                    .unwrap_or_default();
                format!(
                    "{} {} {} after {:?}{blocked}",
                    s.number, s.place, s.title, s.after
                )
            })
            .collect()
    }

    #[test]
    fn a_need_becomes_an_edge_to_the_step_that_provides_it() {
        let web = Web(vec![
            vec![strand(&[], &[1], None)],
            vec![strand(&[], &[], Some(1))],
        ]);
        assert_eq!(
            lines(&linked(&web).unwrap()),
            [
                "1 test-region-1 step 0 after []",
                "2 test-region-0 step 0 after [1]"
            ]
        );
    }

    #[test]
    fn a_need_that_nothing_meets_blocks_the_step_and_what_waits_for_it_and_nothing_else() {
        let web = Web(vec![vec![
            strand(&[], &[9], None),
            strand(&[0], &[], None),
            strand(&[], &[], None),
        ]]);
        assert_eq!(
            lines(&linked(&web).unwrap()),
            [
                "1 test-region-0 step 0 after [] blocked: needs the thing `9` (nobody, account), \
                 which does not exist and is not planned",
                "2 test-region-0 step 1 after [1] blocked: waits for step 1, which is blocked",
                "3 test-region-0 step 2 after []",
            ]
        );
    }

    #[test]
    fn a_need_that_the_account_meets_costs_nothing() {
        let web = Web(vec![vec![strand(&[], &[], None)]]);
        let mut steps = linked(&web).unwrap();
        assert_eq!(steps.pop().unwrap().after, Vec::<usize>::new());
        let mut draft = Draft::new(
            Act {
                data: serde_json::Value::Null,
                title: "x".into(),
            },
            Effect::Add,
            Class::Safe,
        );
        draft.needs = vec![asset(3)];
        let cells = [cell_for_test()];
        let held = BTreeSet::from([asset(3)]);
        let steps = link(&cells, vec![(0, draft)], &held, &nothing_read()).unwrap();
        assert_eq!(lines(&steps), ["1 account x after []"]);
    }

    #[test]
    fn what_another_step_removes_cannot_be_needed() {
        let act = |title: &str| Act {
            data: serde_json::Value::Null,
            title: title.into(),
        };
        let mut needs = Draft::new(act("needs"), Effect::Add, Class::Safe);
        needs.needs = vec![asset(1)];
        let mut removes = Draft::new(act("removes"), Effect::Destroy, Class::Safe);
        removes.removes = vec![asset(1)];
        let mut releases = Draft::new(act("releases"), Effect::Change, Class::Safe);
        releases.releases = vec![asset(1)];
        let held = BTreeSet::from([asset(1)]);
        let drafts = vec![(0, removes), (0, needs), (0, releases)];
        let steps = link(&[cell_for_test()], drafts, &held, &nothing_read()).unwrap();
        assert_eq!(
            lines(&steps),
            [
                "1 account needs after [] blocked: needs the thing `1` (nobody, account), which another step removes",
                "2 account releases after []",
                "3 account removes after [2]",
            ]
        );
    }

    #[test]
    fn two_makers_of_one_thing_must_be_ordered() {
        let unordered = Web(vec![vec![strand(&[], &[], Some(1)), strand(&[], &[], Some(1))]]);
        let error = linked(&unordered).unwrap_err().to_string();
        assert!(
            error.starts_with("nothing says which comes first of two steps"),
            "{error}"
        );
        let ordered = Web(vec![vec![strand(&[], &[], Some(1)), strand(&[0], &[], Some(1))]]);
        assert!(linked(&ordered).is_ok());
    }

    #[test]
    fn a_cycle_is_refused_and_named_alone() {
        let web = Web(vec![
            vec![strand(&[], &[1], Some(2))],
            vec![strand(&[], &[2], Some(1)), strand(&[0], &[], None)],
            vec![strand(&[], &[], None)],
        ]);
        let Err(PlanError::Cycle(steps)) = linked(&web) else {
            panic!("not refused")
        };
        let first = Id::all().next().unwrap();
        let mut steps = steps;
        steps.sort();
        assert_eq!(
            steps,
            [
                format!("step 0 ({first}, test-region-0)"),
                format!("step 0 ({first}, test-region-1)")
            ]
        );
    }

    #[test]
    fn the_words_of_verdicts_are_those_of_json() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.word());
        }
    }

    fn cell_for_test() -> Cell {
        Cell {
            control: Id::all().next().unwrap(),
            place: Place::Account,
            verdict: Verdict::Change,
            reasons: vec![],
            people: vec![],
            notices: vec![],
            want: Table::new(),
            seen: None,
            fault: None,
        }
    }

    proptest! {
        #[test]
        fn any_graph_is_ordered_or_its_cycle_is_a_cycle(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30)
        ) {
            let mut after = vec![BTreeSet::new(); 12];
            for (from, to) in edges {
                after[to].insert(from);
            }
            match topological(&after) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), after.len());
                    for (position, at) in order.iter().enumerate() {
                        for before in &after[*at] {
                            prop_assert!(order[..position].contains(before));
                        }
                    }
                }
                Err(cycle) => {
                    prop_assert!(!cycle.is_empty());
                    for (at, step) in cycle.iter().enumerate() {
                        let next = cycle[(at + 1) % cycle.len()];
                        prop_assert!(after[*step].contains(&next), "{:?} is no cycle", cycle);
                    }
                }
            }
        }
    }
}
