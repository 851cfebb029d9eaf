//! What a control is: the one trait that every file under `controls/` implements.
//!
//! A control is typed inside ([`Control`]) and a document outside ([`AnyControl`]): the engine carries each
//! control's model as the TOML table that the user wrote, that `export` writes and that the diff shows, and
//! hands it back to the control's own type wherever a decision is made. One blanket implementation is the whole
//! bridge, so the list of controls is an ordinary slice and nothing is generated.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::attestation::Attestations;
use crate::aws::{Aws, Clients};
use crate::controls::Id;
use crate::fault::Fault;
use crate::monthly::Monthly;
use crate::place::{Place, Region, Scope};
use crate::plan::{Asset, Class, Draft, Effect, Survey};
use crate::progress::Tell;
use crate::shared::Shared;
use crate::tags::Tags;
use crate::wait::Wait;

mod any;
mod wants;

pub use self::any::{Act, AnyControl, BadDocument, Findings, Of, SeenDoc};
pub use self::wants::Wants;

/// What can be written to a file and read back without loss.
pub trait Data: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static> Data for T {}

/// What a person reads about a control: `trueup controls NAME`, the schema and `init` print it.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    /// The thing's name as AWS calls it.
    pub title: &'static str,
    /// The numbers of the checklist's items that it makes true.
    pub items: &'static [u8],
    /// Why one wants it, in a sentence or two.
    pub why: &'static str,
    /// How it is switched off or undone by the file alone.
    pub off: &'static str,
    /// What it costs, in a few words and with the prices that its steps say by [`StepDraft::costs`]; `free` if nothing.
    pub cost: &'static str,
    /// Benchmark and the numbers of its recommendations, for example `("CIS 5.0", "1.7, 1.8")`.
    pub benchmarks: &'static [(&'static str, &'static str)],
    /// The page of AWS's documentation to read.
    pub page: &'static str,
    /// The table as one would write it, in TOML.
    pub example: &'static str,
}

/// The IAM actions that a control's calls need.
#[derive(Clone, Copy, Debug)]
pub struct Permissions {
    /// To plan.
    pub read: &'static [&'static str],
    /// To apply, beside the reads.
    pub write: &'static [&'static str],
}

/// What is known of the account before any control looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Env {
    /// The account's id, 12 digits.
    pub account: String,
    /// The partition, such as `aws`.
    pub partition: String,
    /// Where account-wide things live that need a region.
    pub home: Region,
    /// The regions that are enabled, of the caller's partition only, sorted.
    pub enabled: Vec<Region>,
    /// What belongs to this run.
    #[serde(skip)]
    pub run: Run,
}

/// What belongs to one run and into no saved plan: another person may apply it on another day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The caller's ARN.
    pub caller: String,
    /// True if the caller is the root user itself.
    pub is_root: bool,
    /// The day, in UTC.
    pub today: Date,
    /// The baseline's `[tags]`, for everything that can have some.
    pub tags: Tags,
    /// The baseline's `[attestations]`.
    pub attestations: Attestations,
}

/// Where a pure function of a control stands.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The cell's place.
    pub place: &'a Place,
    /// The account around it.
    pub env: &'a Env,
    /// The readings of the controls that this one relies on.
    pub relied: &'a Relied,
}

/// The readings of the controls that another one relies on, in the place that concerns it: the account, or the same
/// region.
#[derive(Clone, Debug, Default)]
pub struct Relied {
    seen: BTreeMap<&'static str, SeenDoc>,
}

impl Relied {
    /// What a survey has for a control in a place.
    pub fn of(control: &dyn AnyControl, place: &Place, survey: &Survey) -> Self {
        let readings = control.relies_on().iter().filter_map(|name| {
            let id: Id = name.parse().ok()?;
            let place = match id.control().scope() {
                Scope::Account => Place::Account,
                Scope::EachRegion => place.clone(),
            };
            let seen = survey.cells.get(&(id, place))?.as_ref().ok()?;
            Some((id.name(), seen.clone()))
        });
        Relied {
            seen: readings.collect(),
        }
    }

    /// What was read of a control, if it could be read.
    pub fn seen<C: Control>(&self) -> Option<Seen<C::Model, C::Ids>> {
        Of::<C>::seen(self.seen.get(C::NAME)?).ok()
    }
}

/// Where a reading or writing function of a control stands, with the clients to reach it.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The cell's place.
    pub place: Place,
    /// The account around it.
    pub env: Arc<Env>,
    aws: Arc<Aws>,
    pub(crate) readings: Shared,
    tell: Tell,
}

impl Cx {
    /// The context of one place, which shares no readings with others.
    pub fn new(aws: Arc<Aws>, env: Arc<Env>, place: Place) -> Self {
        Cx {
            place,
            env,
            aws,
            readings: Shared::default(),
            tell: Tell::default(),
        }
    }

    /// The context of another place, which shares its readings with this one.
    pub(crate) fn at(&self, place: Place) -> Self {
        Cx {
            place,
            ..self.clone()
        }
    }

    /// The same, with somebody who is told what is waited for.
    pub fn telling(self, tell: Tell) -> Self {
        Cx { tell, ..self }
    }

    /// A wait for what AWS sees late. `what` has to be so before the step goes on, in at most 40 characters, so
    /// that a line of the progress has room for the step too: `CloudTrail sees the role`.
    pub(crate) fn wait_until(&self, what: &'static str) -> Wait {
        Wait::new(self.tell.clone(), what)
    }

    /// The region that calls go to: the place's own, or the home region for the account's things.
    pub fn region(&self) -> &Region {
        self.place.region().unwrap_or(&self.env.home)
    }

    /// The clients of this place's region.
    pub fn clients(&self) -> Arc<Clients> {
        self.aws.clients(self.region())
    }

    /// The clients of another region, for things that live in several.
    pub fn clients_in(&self, region: &Region) -> Arc<Clients> {
        self.aws.clients(region)
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

/// The key in a control's identifiers under which it keeps what it reads for notices alone. No step may depend on that:
/// a saved plan holds although it moved.
pub const TOLD: &str = "told";

/// What a control read in one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen<M, I> {
    /// The live state in the form of the wanted one, every key that can be managed filled in.
    pub model: M,
    /// What is needed to act (identifiers, what stands in the way), never compared with the baseline.
    pub ids: I,
    /// Who else owns it, if somebody visibly does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<Manager>,
}

impl<M, I: Default> Seen<M, I> {
    /// A reading without identifiers and without another owner.
    pub fn of(model: M) -> Self {
        Seen {
            model,
            ids: I::default(),
            held_by: None,
        }
    }
}

/// A step of the same cell, to be named by [`StepDraft::after`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalId(pub(crate) usize);

/// Where a control's `diff` puts what it finds.
#[derive(Debug)]
pub struct Out<A> {
    pub(crate) steps: Vec<Draft<A>>,
    pub(crate) people: Vec<Task>,
    pub(crate) refusals: Vec<String>,
    pub(crate) notices: Vec<String>,
    pub(crate) elsewhere: Vec<(&'static str, Manager)>,
}

impl<A> Default for Out<A> {
    fn default() -> Self {
        Out {
            steps: vec![],
            people: vec![],
            refusals: vec![],
            notices: vec![],
            elsewhere: vec![],
        }
    }
}

impl<A> Out<A> {
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
    /// [`ATTESTATIONS`](Control::ATTESTATIONS), stands for it as long as it counts.
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

    /// Something worth knowing that changes no verdict.
    pub fn notice(&mut self, what: impl Into<String>) {
        self.notices.push(what.into());
    }

    /// A key of the wanted table that differs and that another owner holds, alone: it is left to that one and is no
    /// difference, whatever else the table wants, and `manage = "enforce"` does not change that. Where the whole cell
    /// is held, and could be written all the same, it is [`Seen::held_by`].
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

/// One thing of an account that trueup keeps true.
///
/// Reading ([`fetch`](Control::fetch)) and writing ([`apply`](Control::apply)) are the only functions that touch
/// AWS. [`diff`](Control::diff) makes every choice and does no I/O, so it can be tested with two values.
pub trait Control: Send + Sync + 'static {
    /// The name of its TOML table.
    const NAME: &'static str;
    /// Whether it exists once or in each region.
    const SCOPE: Scope;
    /// What a person reads about it.
    const DOC: Doc;
    /// The IAM actions of its calls.
    const PERMISSIONS: Permissions;
    /// Controls whose readings it needs beside its own, because it names their assets.
    const RELIES_ON: &'static [&'static str] = &[];
    /// What a person can vouch for because no API shows it: the attestation's name, and what is vouched for.
    const ATTESTATIONS: &'static [(&'static str, &'static str)] = &[];

    /// The TOML table, the live state, the export and both sides of the diff. Every field is an `Option` (TOML
    /// leaves out what is none, without an attribute) or a map, since what is not written is not managed; what only
    /// a whole can require, [`check`](Control::check) requires.
    type Model: Data + JsonSchema;
    /// Identifiers and obstacles: never compared with the baseline, never printed in a diff. What is under
    /// [`TOLD`] is read for notices alone.
    type Ids: Data + Default;
    /// One idempotent change with every choice already made. Its `Display` is the line of the plan.
    type Action: Data + Display;

    /// What is wrong with a table as a whole, after merging, as `(key, what is wrong and what was expected)`.
    fn check(_want: &Self::Model) -> Vec<(&'static str, String)> {
        vec![]
    }

    /// The keys of a table that speak of another control's thing, each with that control's name: the file must
    /// manage it.
    fn refers_to(_want: &Self::Model) -> Vec<(&'static str, &'static str)> {
        vec![]
    }

    /// Puts into a wanted table what the account and the file's other tables decide, before anything is read. Pure.
    fn fill(_want: &mut Self::Model, _env: &Env, _wants: Wants<'_>) {}

    /// Reads one place. `want` is what the baseline asks for there (readings that only serve a wanted change may
    /// depend on it), or nothing for `export`.
    fn fetch(
        cx: &Cx,
        want: Option<&Self::Model>,
    ) -> impl Future<Output = Result<Seen<Self::Model, Self::Ids>, Fault>> + Send;

    /// What has to be done so that `seen` becomes `want`. Pure. Silent if nothing differs.
    fn diff(
        want: &Self::Model,
        seen: &Seen<Self::Model, Self::Ids>,
        here: &Here<'_>,
        out: &mut Out<Self::Action>,
    );

    /// What other controls may rely on, as far as it exists already.
    fn holds(_seen: &Seen<Self::Model, Self::Ids>, _here: &Here<'_>) -> Vec<Asset> {
        vec![]
    }

    /// Makes one change. What is already as asked for, or already gone, counts as done.
    fn apply(action: &Self::Action, cx: &Cx) -> impl Future<Output = Result<(), Fault>> + Send;
}

#[cfg(test)]
pub(crate) mod testing;
