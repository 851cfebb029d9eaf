//! What a control is, as far as planning goes: the trait that every module of `trueup-controls` implements.
//!
//! A control is typed inside ([`Control`]) and a document outside ([`AnyControl`]): the engine carries each
//! control's model as the TOML table that the user wrote, that `export` writes and that the diff shows, and
//! hands it back to the control's own type wherever a decision is made. One blanket implementation is the whole
//! bridge, so the list of controls is an ordinary slice and nothing is generated.
//!
//! Everything here is pure. Reading and writing an account is the other half of a control, which `trueup-aws` adds.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::change::{Asset, Changes, Manager};
use crate::env::Env;
use crate::location::{Location, Scope};
use crate::registry::Registry;

mod any;
mod wants;

pub use self::any::{Act, AnyControl, BadDocument, ObservedDoc, Of};
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
    /// What decides that the live state is in sync, a short sentence for each live value.
    pub decides: &'static [&'static str],
    /// How it is switched off or undone by the file alone.
    pub off: &'static str,
    /// What it costs, in a few words and with the prices that its steps say by [`StepDraft::costs`](crate::change::StepDraft::costs); `free` if nothing.
    pub cost: &'static str,
    /// Benchmark and the numbers of its recommendations, for example `("CIS 5.0", "1.7, 1.8")`.
    pub benchmarks: &'static [(&'static str, &'static str)],
    /// The page of AWS's documentation to read.
    pub page: &'static str,
    /// The table as one would write it, in TOML.
    pub example: &'static str,
}

/// The calls that a control makes, as `service:Operation`. Whole runs of the tests hold them against those that are
/// made; which IAM actions they need is in one table for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// To plan and to export.
    pub read: &'static [&'static str],
    /// To apply, beside those.
    pub write: &'static [&'static str],
}

/// Where a pure function of a control stands.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The cell's place.
    pub place: &'a Location,
    /// The account around it.
    pub env: &'a Env,
    /// The readings of the controls that this one relies on.
    pub relied: &'a Relied,
}

impl Here<'_> {
    /// True in the cell of the home region.
    pub fn is_home(&self) -> bool {
        self.place.region() == Some(&self.env.home)
    }
}

/// The controls that there are, as far as planning goes.
pub type Controls = Registry<dyn AnyControl>;

/// The readings of the controls that another one relies on, in the place that concerns it: the account, or the same
/// region.
#[derive(Clone, Debug, Default)]
pub struct Relied {
    seen: BTreeMap<&'static str, ObservedDoc>,
}

impl Relied {
    /// These readings, by the names of their controls.
    pub fn new(seen: impl IntoIterator<Item = (&'static str, ObservedDoc)>) -> Self {
        Relied {
            seen: seen.into_iter().collect(),
        }
    }

    /// What was read of a control, if it could be read.
    pub fn seen<C: Control>(&self) -> Option<Observed<C::Model, C::Ids>> {
        Of::<C>::seen(self.seen.get(C::NAME)?).ok()
    }
}

/// What a control read in one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed<M, I> {
    /// The live state in the form of the wanted one, every key that can be managed filled in.
    pub model: M,
    /// What is needed to act (identifiers, what stands in the way), never compared with the baseline.
    pub ids: I,
    /// Who else owns it, if somebody visibly does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<Manager>,
}

impl<M, I: Default> Observed<M, I> {
    /// A reading without identifiers and without another owner.
    pub fn of(model: M) -> Self {
        Observed {
            model,
            ids: I::default(),
            held_by: None,
        }
    }
}

/// One thing of an account that trueup keeps true: the half that decides.
///
/// [`diff`](Control::diff) makes every choice and does no I/O, so it can be tested with two values.
pub trait Control: Send + Sync + 'static {
    /// The name of its TOML table.
    const NAME: &'static str;
    /// Whether it exists once or in each region.
    const SCOPE: Scope;
    /// What a person reads about it.
    const DOC: Doc;
    /// The calls that it makes itself. What it relies on is read with the calls of that control.
    const CALLS: Calls;
    /// Controls whose readings it needs beside its own, because it names their assets.
    const RELIES_ON: &'static [&'static str] = &[];
    /// What a person can vouch for because no API shows it: the attestation's name, and what is vouched for.
    const ATTESTATIONS: &'static [(&'static str, &'static str)] = &[];

    /// The TOML table, the live state, the export and both sides of the diff. Every field is an `Option` (TOML
    /// leaves out what is none, without an attribute) or a map, since what is not written is not managed; what only
    /// a whole can require, [`check`](Control::check) requires.
    type Model: Data + JsonSchema;
    /// Identifiers and obstacles: never compared with the baseline, never printed in a diff, never saved with a plan.
    type Ids: Data + Default;
    /// One idempotent change with every choice already made. Its `Display` is the line of the plan.
    type Action: Data + Display;

    /// What is wrong with a table as a whole, after merging, as `(key, what is wrong and what was expected)`.
    fn check(_want: &Self::Model) -> Vec<(&'static str, String)> {
        vec![]
    }

    /// What its service takes as the key of a tag, where it does not take this one that others do.
    fn wrong_tag_key(_key: &str) -> Option<&'static str> {
        None
    }

    /// The keys of a table that speak of another control's thing, each with that control's name: the file must
    /// manage it.
    fn refers_to(_want: &Self::Model) -> Vec<(&'static str, &'static str)> {
        vec![]
    }

    /// Puts into a wanted table what the account and the file's other tables decide, before anything is read. Pure.
    fn fill(_want: &mut Self::Model, _env: &Env, _wants: Wants<'_>) {}

    /// What has to be done so that `seen` becomes `want`. Pure. Silent if nothing differs.
    fn diff(
        want: &Self::Model,
        seen: &Observed<Self::Model, Self::Ids>,
        here: &Here<'_>,
        out: &mut Changes<Self::Action>,
    );

    /// What there is that the reading's table does not say, a sentence each: `export` writes it as comments.
    fn unsaid(_seen: &Observed<Self::Model, Self::Ids>) -> Vec<String> {
        vec![]
    }

    /// What other controls may rely on, as far as it exists already.
    fn holds(_seen: &Observed<Self::Model, Self::Ids>, _here: &Here<'_>) -> Vec<Asset> {
        vec![]
    }
}
