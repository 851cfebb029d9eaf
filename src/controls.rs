//! The list of controls, in the order of the checklist. Adding one is its file, its `mod` and its line here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::control::{AnyControl, Of};

pub mod default_vpc;
pub mod password_policy;

/// Every control there is.
pub static ALL: &[&dyn AnyControl] = &[
    &Of::<password_policy::PasswordPolicy>::NEW,
    &Of::<default_vpc::DefaultVpc>::NEW,
];

/// A control of the list. Ordered as the list is; written as the control's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Id(usize);

impl Id {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Id> {
        (0..ALL.len()).map(Id)
    }

    /// The control itself.
    pub fn control(self) -> &'static dyn AnyControl {
        ALL[self.0]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.control().name()
    }
}

/// A name that no control has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no control `{name}`{}", hint(.near))]
pub struct UnknownControl {
    /// The name that was given.
    pub name: String,
    /// The control that was probably meant.
    pub near: Option<&'static str>,
}

fn hint(near: &Option<&'static str>) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; `trueup controls` lists them".to_owned(),
    }
}

impl FromStr for Id {
    type Err = UnknownControl;

    fn from_str(name: &str) -> Result<Self, UnknownControl> {
        Id::all()
            .find(|id| id.name() == name)
            .ok_or_else(|| UnknownControl {
                name: name.to_owned(),
                near: nearest(name, Id::all().map(Id::name)),
            })
    }
}

/// The candidate that a misspelt word was probably meant to be, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

impl TryFrom<String> for Id {
    type Error = UnknownControl;

    fn try_from(name: String) -> Result<Self, UnknownControl> {
        name.parse()
    }
}

impl From<Id> for &'static str {
    fn from(id: Id) -> &'static str {
        id.name()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
