//! Where a thing lives: once in the account, or once in each region.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an AWS region, such as `eu-west-1`.
///
/// Construction checks the form only; whether the region exists and is enabled is known from the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// The region's name, as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region belongs to, told by the prefix of its name
    /// (AWS General Reference, "Partitions").
    pub fn partition(&self) -> &'static str {
        const PREFIXES: [(&str, &str); 8] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-isob-", "aws-iso-b"),
            ("us-isof-", "aws-iso-f"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-iso-", "aws-iso"),
            ("eusc-", "aws-eusc"),
            ("", "aws"),
        ];
        PREFIXES
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map_or("aws", |(_, partition)| partition)
    }
}

/// A text that does not have the form of a region's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a region; expected a form like `eu-west-1`")]
pub struct BadRegion(pub String);

impl FromStr for Region {
    type Err = BadRegion;

    fn from_str(text: &str) -> Result<Self, BadRegion> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &&str| {
            !part.is_empty()
                && part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let well_formed = parts.len() >= 3
            && parts.split_last().is_some_and(|(number, words)| {
                words.iter().all(word)
                    && !number.is_empty()
                    && number.len() <= 2
                    && number.chars().all(|c| c.is_ascii_digit())
            });
        if well_formed {
            Ok(Region(text.to_owned()))
        } else {
            Err(BadRegion(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = BadRegion;

    fn try_from(text: String) -> Result<Self, BadRegion> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

impl Borrow<str> for Region {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How often a control's thing exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Once in the account.
    Account,
    /// Once in each region.
    EachRegion,
}

impl Scope {
    /// Where a thing of this scope is that concerns a place: in the account, or in the same region.
    pub fn around(self, place: &Location) -> Location {
        match self {
            Scope::Account => Location::Account,
            Scope::EachRegion => place.clone(),
        }
    }
}

/// One place that a control looks at: a row of the matrix has one cell for each.
///
/// Written as `account` or as the region's name, so that it can be the key of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Location {
    /// The account as a whole.
    Account,
    /// One region of the account.
    Region(Region),
}

impl Location {
    /// The region, where the place is one.
    pub fn region(&self) -> Option<&Region> {
        match self {
            Location::Account => None,
            Location::Region(region) => Some(region),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Account => f.pad("account"),
            Location::Region(region) => region.fmt(f),
        }
    }
}

impl TryFrom<String> for Location {
    type Error = BadRegion;

    fn try_from(text: String) -> Result<Self, BadRegion> {
        match text.as_str() {
            "account" => Ok(Location::Account),
            other => other.parse().map(Location::Region),
        }
    }
}

impl From<Location> for String {
    fn from(place: Location) -> String {
        place.to_string()
    }
}

impl From<Region> for Location {
    fn from(region: Region) -> Location {
        Location::Region(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_partition_are_regions() {
        for (name, partition) in [
            ("us-east-1", "aws"),
            ("ap-southeast-2", "aws"),
            ("mx-central-1", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            let region: Region = name.parse().unwrap();
            assert_eq!(region.partition(), partition, "{name}");
        }
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in [
            "",
            "account",
            "us-east",
            "us-east-",
            "US-EAST-1",
            "us east 1",
            "us-east-1a",
            "us-east-1-",
        ] {
            assert_eq!(text.parse::<Region>(), Err(BadRegion(text.into())));
        }
    }

    #[test]
    fn a_place_is_its_name() {
        for text in ["account", "eu-west-1"] {
            let place = Location::try_from(text.to_owned()).unwrap();
            assert_eq!(place.to_string(), text);
            assert_eq!(serde_json::to_string(&place).unwrap(), format!("\"{text}\""));
        }
    }
}
