//! The ways to name regions: a word, or a list.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use crate::location::Region;

/// `[account] regions`: the regions that trueup may look at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AccountRegions {
    /// All that are enabled for the account.
    Enabled,
    /// These, enabled or not.
    List(Vec<Spanned<Region>>),
}

/// `regions` of a control's table: where among the account's regions it applies.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ControlRegions {
    /// In all of them.
    All,
    /// In the home region.
    Home,
    /// In these.
    List(Vec<Spanned<Region>>),
}

impl AccountRegions {
    /// The regions that are named one by one.
    pub(super) fn named(&self) -> &[Spanned<Region>] {
        match self {
            AccountRegions::Enabled => &[],
            AccountRegions::List(list) => list,
        }
    }
}

impl ControlRegions {
    /// The regions that are named one by one.
    pub(super) fn named(&self) -> &[Spanned<Region>] {
        match self {
            ControlRegions::All | ControlRegions::Home => &[],
            ControlRegions::List(list) => list,
        }
    }
}

impl<'de> Deserialize<'de> for AccountRegions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrList {
            expecting: "\"enabled\" or a list of regions, such as [\"eu-west-1\"]",
            word: |word| (word == "enabled").then_some(AccountRegions::Enabled),
            list: AccountRegions::List,
        })
    }
}

impl<'de> Deserialize<'de> for ControlRegions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrList {
            expecting: "\"all\", \"home\" or a list of regions, such as [\"eu-west-1\"]",
            word: |word| match word {
                "all" => Some(ControlRegions::All),
                "home" => Some(ControlRegions::Home),
                _ => None,
            },
            list: ControlRegions::List,
        })
    }
}

/// A visitor instead of an untagged enum, which would lose the message and the place.
struct WordOrList<T> {
    expecting: &'static str,
    word: fn(&str) -> Option<T>,
    list: fn(Vec<Spanned<Region>>) -> T,
}

impl<'de, T> Visitor<'de> for WordOrList<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<T, E> {
        (self.word)(word).ok_or_else(|| E::invalid_value(de::Unexpected::Str(word), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let mut list = Vec::new();
        while let Some(region) = seq.next_element()? {
            list.push(region);
        }
        if list.is_empty() {
            return Err(de::Error::custom(format_args!(
                "the list is empty, expected {}",
                self.expecting
            )));
        }
        Ok((self.list)(list))
    }
}
