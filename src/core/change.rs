//! What a control finds to do: steps that are being described, tasks for a person, obstacles, notices.
//!
//! A control describes and never orders: what a step needs and provides are [`Asset`]s, and the plan makes the order
//! from them.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cost::Monthly;
use crate::fault::Fault;
use crate::location::Location;
use crate::values::{Bound, Fit};

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
    pub fn at(self, place: &Location) -> Asset {
        Asset {
            control: self.control.to_owned(),
            what: self.what.to_owned(),
            place: place.clone(),
            name: None,
        }
    }

    /// One of several of this kind in a place.
    pub fn named(self, place: &Location, name: impl Into<String>) -> Asset {
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
    pub place: Location,
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
    /// What it loosens, a few words each.
    pub weakens: Vec<String>,
    /// Earlier drafts of the same cell that it waits for, by their place in the cell's list.
    pub after: Vec<usize>,
    /// What it needs.
    pub needs: Vec<Asset>,
    /// What it waits for if another step makes it, and does without otherwise.
    pub waits_for: Vec<Asset>,
    /// What exists once it is done.
    pub provides: Vec<Asset>,
    /// What it no longer uses once it is done.
    pub releases: Vec<Asset>,
    /// What no longer exists once it is done.
    pub removes: Vec<Asset>,
    /// What it adds to each month's bill.
    pub monthly: Monthly,
    /// See [`Step::shown_within_minutes`](crate::plan::Step::shown_within_minutes).
    pub shown_within_minutes: Option<u32>,
}

impl<A> Draft<A> {
    /// A step that waits for nothing.
    pub fn new(action: A, effect: Effect, class: Class) -> Self {
        Draft {
            action,
            effect,
            class,
            risks: vec![],
            weakens: vec![],
            after: vec![],
            needs: vec![],
            waits_for: vec![],
            provides: vec![],
            releases: vec![],
            removes: vec![],
            monthly: Monthly::default(),
            shown_within_minutes: None,
        }
    }

    /// The same step with its action in another form.
    pub fn with_action<B>(self, action: B) -> Draft<B> {
        Draft {
            action,
            effect: self.effect,
            class: self.class,
            risks: self.risks,
            weakens: self.weakens,
            after: self.after,
            needs: self.needs,
            waits_for: self.waits_for,
            provides: self.provides,
            releases: self.releases,
            removes: self.removes,
            monthly: self.monthly,
            shown_within_minutes: self.shown_within_minutes,
        }
    }
}

/// Something that only a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What to do and how.
    pub what: String,
    /// The attestation that stands for its being done, if one can.
    pub attestation: Option<&'static str>,
}

/// Another owner of what was read, who must not be fought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manager {
    /// Who it is and how one can tell, for example `the organization's GuardDuty administrator 111122223333`.
    pub who: String,
}

/// A step of the same cell, to be named by [`StepDraft::after`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalId(pub(crate) usize);

/// Where a control's `diff` puts what it finds.
#[derive(Debug)]
pub struct Changes<A> {
    /// The steps, in the order in which they were named.
    pub steps: Vec<Draft<A>>,
    /// What a person must do.
    pub people: Vec<Task>,
    /// What is in the way of the whole cell.
    pub refusals: Vec<String>,
    /// The entries of the table that something is in the way of, each with what.
    pub entries: Vec<(String, String)>,
    /// The keys whose live value differs and stays, as paths inside the table.
    pub kept: Vec<Vec<String>>,
    /// What is worth knowing.
    pub notices: Vec<String>,
    /// What could not be read of the cell, while the rest could: what is not known for that, and why.
    pub unread: Vec<(String, Fault)>,
    /// The keys that differ and that another owner holds.
    pub elsewhere: Vec<(&'static str, Manager)>,
    /// What an organization's policy said where it forbids a part of what is wanted.
    pub denied: Option<Fault>,
}

impl<A> Default for Changes<A> {
    fn default() -> Self {
        Changes {
            steps: vec![],
            people: vec![],
            refusals: vec![],
            entries: vec![],
            kept: vec![],
            notices: vec![],
            unread: vec![],
            elsewhere: vec![],
            denied: None,
        }
    }
}

impl<A> Changes<A> {
    fn step(&mut self, action: A, effect: Effect, class: Class) -> StepDraft<'_, A> {
        self.steps.push(Draft::new(action, effect, class));
        StepDraft {
            at: self.steps.len() - 1,
            steps: &mut self.steps,
        }
    }

    /// A step that makes something new. Safe unless said otherwise.
    pub fn add(&mut self, action: A) -> StepDraft<'_, A> {
        self.step(action, Effect::Add, Class::Safe)
    }

    /// A step that changes what exists. Safe unless said otherwise.
    pub fn change(&mut self, action: A) -> StepDraft<'_, A> {
        self.step(action, Effect::Change, Class::Safe)
    }

    /// A step that removes something: destructive.
    pub fn destroy(&mut self, action: A) -> StepDraft<'_, A> {
        self.step(action, Effect::Destroy, Class::Destructive)
    }

    /// Something that only a person can do, with how.
    pub fn person(&mut self, task: impl Into<String>) {
        self.people.push(Task {
            what: task.into(),
            attestation: None,
        });
    }

    /// The same, where no API can tell whether it was done: an attestation of this name, one of
    /// [`ATTESTATIONS`](crate::control::Control::ATTESTATIONS), stands for it as long as it counts.
    pub fn attestable(&mut self, name: &'static str, task: impl Into<String>) {
        self.people.push(Task {
            what: task.into(),
            attestation: Some(name),
        });
    }

    /// Why nothing is done in this cell although it differs: one line for each thing that is in the way.
    pub fn refuse(&mut self, what: impl Into<String>) {
        self.refusals.push(what.into());
    }

    /// The same for one entry of the table, such as one budget of several, or one key: it gets no step here, and the
    /// steps of all others run. The cell counts as blocked.
    pub fn refuse_entry(&mut self, entry: impl Into<String>, what: impl Into<String>) {
        self.entries.push((entry.into(), what.into()));
    }

    /// A written key whose live value differs, does what is wanted all the same, and stays: no difference, and not
    /// shown as one. The path leads into the table, for example `["log_group", "retention_days"]`.
    pub fn keep(&mut self, path: &[&str], why: impl Into<String>) {
        self.kept.push(path.iter().map(|key| (*key).to_owned()).collect());
        self.notices.push(why.into());
    }

    /// True if a live value misses the bound that the file sets at this path, so that a step has to change it. Another
    /// value that the bound lets stay is [kept](Self::keep). `strictness` gives the stricter of two values as the
    /// greater one; what does not exist yet misses every bound.
    pub fn misses<T: Serialize, const CAPPED: bool>(
        &mut self,
        path: &[&str],
        want: Option<&Bound<T, CAPPED>>,
        live: Option<&T>,
        strictness: impl FnOnce(&T, &T) -> Ordering,
    ) -> bool {
        let Some(want) = want else { return false };
        let Some(live) = live else { return true };
        let fit = want.fit(live, strictness);
        if fit == Fit::Other {
            let key = path.join(".");
            let (is, asked) = (toml_value(live), toml_value(want.value()));
            let side = match want {
                Bound::AtMost(_) => "or less strict",
                _ => "or stricter",
            };
            self.keep(
                path,
                format!(
                    "{key} is {is} and stays, as the file asks for {asked} {side}; for {asked} itself write \
                     {{ exactly = {asked} }}"
                ),
            );
        }
        fit == Fit::Misses
    }

    /// Something worth knowing that changes no verdict.
    pub fn notice(&mut self, what: impl Into<String>) {
        self.notices.push(what.into());
    }

    /// An organization's policy forbids a part of what is wanted, and this is what it said. The steps of the rest run;
    /// once they are done, the cell counts as denied. The first one counts.
    pub fn deny(&mut self, fault: Fault) {
        self.denied.get_or_insert(fault);
    }

    /// A part of the cell could not be read, while the rest could: that part is not in sync, and the rest is judged.
    /// `unknown` says in a sentence what is not known for that.
    pub fn unread(&mut self, unknown: impl Into<String>, fault: Fault) {
        self.unread.push((unknown.into(), fault));
    }

    /// A key of the wanted table that differs and that another owner holds, alone: it is left to that one and is no
    /// difference, whatever else the table wants, and `manage = "enforce"` does not change that. Where the whole cell
    /// is held, and could be written all the same, it is [`Observed::held_by`](crate::control::Observed::held_by).
    pub fn elsewhere(&mut self, key: &'static str, who: impl Into<String>) {
        self.elsewhere.push((key, Manager { who: who.into() }));
    }
}

/// A step that is being described.
#[derive(Debug)]
pub struct StepDraft<'a, A> {
    at: usize,
    steps: &'a mut Vec<Draft<A>>,
}

impl<A> StepDraft<'_, A> {
    fn with(self, change: impl FnOnce(&mut Draft<A>)) -> Self {
        change(&mut self.steps[self.at]);
        self
    }

    /// It may break a workload or lock someone out; why, in a few words.
    pub fn disruptive(self, why: impl Into<String>) -> Self {
        self.with(|step| {
            step.class = step.class.max(Class::Disruptive);
            step.risks.push(why.into());
        })
    }

    /// It loses data or a resource; what, in a few words.
    pub fn destructive(self, why: impl Into<String>) -> Self {
        self.with(|step| {
            step.class = Class::Destructive;
            step.risks.push(why.into());
        })
    }

    /// It loosens what the account has; what, in a few words. It then needs consent, whatever its class.
    pub fn weakening(self, what: impl Into<String>) -> Self {
        self.with(|step| step.weakens.push(what.into()))
    }

    /// It runs only once that step of the same cell is done.
    pub fn after(self, earlier: LocalId) -> Self {
        self.with(|step| step.after.push(earlier.0))
    }

    /// The same for several.
    pub fn after_all(self, earlier: impl IntoIterator<Item = LocalId>) -> Self {
        self.with(|step| step.after.extend(earlier.into_iter().map(|id| id.0)))
    }

    /// It needs something that another cell has or makes.
    pub fn needs(self, asset: Asset) -> Self {
        self.with(|step| step.needs.push(asset))
    }

    /// It waits for what another cell may be about to make, and does without it otherwise: for a thing that the file
    /// names without saying whether it manages it.
    pub fn waits_for(self, asset: Asset) -> Self {
        self.with(|step| step.waits_for.push(asset))
    }

    /// Once it is done, this exists.
    pub fn provides(self, asset: Asset) -> Self {
        self.with(|step| step.provides.push(asset))
    }

    /// Once it is done, this is no longer used by it.
    pub fn releases(self, asset: Asset) -> Self {
        self.with(|step| step.releases.push(asset))
    }

    /// Once it is done, this no longer exists.
    pub fn removes(self, asset: Asset) -> Self {
        self.with(|step| step.removes.push(asset))
    }

    /// Once it is done, each month's bill is higher by this. Said only of what is turned on: what is switched off
    /// says nothing of what it saves. Several amounts add up.
    pub fn costs(self, monthly: Monthly) -> Self {
        self.with(|step| step.monthly = step.monthly + monthly)
    }

    /// AWS's reads may show what was there before for so many minutes after it: that is no failure.
    pub fn shown_within_minutes(self, minutes: u32) -> Self {
        self.with(|step| step.shown_within_minutes = Some(minutes))
    }

    /// The step's name for later steps of the same cell.
    pub fn id(self) -> LocalId {
        LocalId(self.at)
    }
}

/// A value as a TOML file writes it.
fn toml_value(value: &impl Serialize) -> String {
    toml::Value::try_from(value).map_or_else(|error| error.to_string(), |value| value.to_string())
}
