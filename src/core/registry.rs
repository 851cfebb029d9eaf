//! The list of controls as a value: which there are, what they are called, and in which order they come.
//!
//! The core uses names of controls only; the command line passes the list in.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::location::Location;

/// The name of a control, which is also its TOML table: `default_vpc`.
///
/// Construction checks the form only. Whether there is such a control, only a [`Registry`] knows, and so does the order:
/// names have none of their own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

/// A control in a place.
pub type CellKey = (Name, Location);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

/// A text that cannot be the name of a control.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a control; expected lower-case letters, digits and `_`")]
pub struct BadName(String);

impl TryFrom<&str> for Name {
    type Error = BadName;

    fn try_from(text: &str) -> Result<Self, BadName> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !text.is_empty() && text.chars().all(fits) {
            Ok(Name(text.into()))
        } else {
            Err(BadName(text.to_owned()))
        }
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.as_str().try_into().map_err(D::Error::custom)
    }
}

/// Whatever goes by the name of a control.
pub trait Named {
    /// The name, which is also the TOML table.
    fn name(&self) -> &'static str;
}

/// The controls that there are, in the order in which everything is shown. Clones are the same list.
///
/// `T` says how much of a control is at hand: [`AnyControl`](crate::control::AnyControl) plans, and what extends it may
/// also read and write.
pub struct Registry<T: ?Sized + 'static> {
    entries: Arc<[(Name, &'static T)]>,
}

impl<T: ?Sized> Clone for Registry<T> {
    fn clone(&self) -> Self {
        Registry {
            entries: Arc::clone(&self.entries),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Registry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// One control of a list.
pub struct Entry<'r, T: ?Sized + 'static> {
    /// Its name.
    pub name: &'r Name,
    /// The control.
    pub control: &'static T,
}

impl<T: ?Sized> Clone for Entry<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Entry<'_, T> {}

impl<T: ?Sized> fmt::Debug for Entry<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

impl<T: ?Sized> Entry<'_, T> {
    /// Its cell in a place.
    pub fn at(self, place: Location) -> CellKey {
        (self.name.clone(), place)
    }
}

impl<T: Named + ?Sized> Registry<T> {
    /// A list of controls, in this order. Of several with one name, the first one counts.
    pub fn new(controls: &[&'static T]) -> Self {
        let entries = controls
            .iter()
            .map(|control| (Name(control.name().into()), *control));
        Registry {
            entries: entries.collect(),
        }
    }
}

impl<T: ?Sized> Registry<T> {
    /// The same controls, seen as something else that they are.
    pub fn map<U: ?Sized>(&self, see: impl Fn(&'static T) -> &'static U) -> Registry<U> {
        let entries = self.iter().map(|entry| (entry.name.clone(), see(entry.control)));
        Registry {
            entries: entries.collect(),
        }
    }

    /// The controls with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_, T>> {
        let entries = self.entries.iter();
        entries.map(|(name, control)| Entry {
            name,
            control: *control,
        })
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().map(|(name, _)| name)
    }

    /// The control of a name.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, name: &Name) -> Result<&'static T, UnknownControl> {
        match self.iter().find(|entry| entry.name == name) {
            Some(entry) => Ok(entry.control),
            None => Err(self.unknown(name.as_str())),
        }
    }

    /// The control that a text names.
    ///
    /// # Errors
    /// If there is none, with the name that was probably meant.
    pub fn find(&self, text: &str) -> Result<Entry<'_, T>, UnknownControl> {
        self.iter()
            .find(|entry| *entry.name == *text)
            .ok_or_else(|| self.unknown(text))
    }

    /// The position of a control in the list. One that is not in it comes last.
    pub fn rank(&self, name: &Name) -> usize {
        self.names()
            .position(|known| known == name)
            .unwrap_or(self.entries.len())
    }

    /// The order of cells: by control, then by place.
    pub fn order(&self, one: &CellKey, other: &CellKey) -> Ordering {
        let key = |cell: &CellKey| self.rank(&cell.0);
        key(one).cmp(&key(other)).then_with(|| one.1.cmp(&other.1))
    }

    fn unknown(&self, name: &str) -> UnknownControl {
        UnknownControl {
            name: name.to_owned(),
            near: nearest(name, self.names().map(Name::as_str)).map(str::to_owned),
        }
    }
}

/// A name that no control has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no control `{name}`{}", hint(.near.as_deref()))]
pub struct UnknownControl {
    /// The name that was given.
    pub name: String,
    /// The control that was probably meant.
    pub near: Option<String>,
}

fn hint(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; `trueup controls` lists them".to_owned(),
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
