//! Which region an account is at home in, by what the account itself shows.

use std::collections::BTreeSet;

use crate::location::Region;
use crate::visible;

/// Something in the account that names its home region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// What it is, such as the home region of a trail.
    pub what: String,
    /// The regions that it names. It counts if it is one.
    pub regions: BTreeSet<Region>,
}

/// Everything that an account shows of its home region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// What names regions.
    pub found: Vec<Clue>,
    /// What could not be read, with why.
    pub unread: BTreeSet<String>,
}

/// The home region that is used, and how it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The region.
    pub region: Region,
    /// How it was chosen, in a sentence.
    pub why: String,
    /// Whether a region was asked for that is not the one that the account shows.
    pub is_against_clues: bool,
}

impl Clues {
    /// The region that was asked for, or else the only one on which all clues agree, or else the `default`.
    pub fn choose(&self, asked: Option<&Region>, default: &Region) -> Home {
        let named: BTreeSet<&Region> = self.clear().flat_map(|clue| &clue.regions).collect();
        let shown = match Vec::from_iter(named).as_slice() {
            // One that names several regions rules out all others.
            [region] if self.found.iter().all(|clue| clue.regions.contains(*region)) => Some(*region),
            _ => None,
        };
        let region = asked.or(shown).unwrap_or(default).clone();
        let is_against_clues = shown.is_some_and(|shown| *shown != region);
        let of = |region: &Region| format!("Home region {region}");
        let mut why = match (asked, shown) {
            (Some(asked), Some(shown)) if asked == shown => {
                format!(
                    "{}, as --home-region says and the account shows: {}",
                    of(asked),
                    self.in_words()
                )
            }
            (Some(asked), Some(shown)) => format!(
                "{}, as --home-region says. The account shows {shown}: {}",
                of(asked),
                self.in_words()
            ),
            (Some(asked), None) => format!("{}, as --home-region says", of(asked)),
            (None, Some(shown)) => format!("{}, detected: {}", of(shown), self.in_words()),
            (None, None) => {
                let because = match self.found.is_empty() {
                    true => "the account shows none".to_owned(),
                    false => format!("the account shows several: {}", self.in_words()),
                };
                format!(
                    "{}, the configured or default one, because {because}. `trueup export --home-region REGION` \
                     chooses another one",
                    of(default)
                )
            }
        };
        if !self.unread.is_empty() {
            let unread: Vec<&str> = self.unread.iter().map(String::as_str).collect();
            why += &format!(". Not read: {}", unread.join("; "));
        }
        Home {
            region,
            why,
            is_against_clues,
        }
    }

    /// What names a single region.
    fn clear(&self) -> impl Iterator<Item = &Clue> {
        self.found.iter().filter(|clue| clue.regions.len() == 1)
    }

    fn in_words(&self) -> String {
        let found = self.found.iter().map(|clue| {
            let regions: Vec<&str> = clue.regions.iter().map(Region::as_str).collect();
            visible::line(&format!("{} in {}", clue.what, regions.join(", "))).into_owned()
        });
        Vec::from_iter(found).join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    fn clues(found: &[(&str, &[&str])]) -> Clues {
        let clue = |(what, regions): &(&str, &[&str])| Clue {
            what: (*what).to_owned(),
            regions: regions.iter().map(|name| region(name)).collect(),
        };
        Clues {
            found: found.iter().map(clue).collect(),
            unread: BTreeSet::new(),
        }
    }

    const DEFAULT: &str = "us-east-1";

    #[track_caller]
    fn assert_chosen(found: &[(&str, &[&str])], asked: Option<&str>, expected: &str, why: &str) -> Home {
        let asked = asked.map(region);
        let home = clues(found).choose(asked.as_ref(), &region(DEFAULT));
        assert_eq!(home.region, region(expected), "{}", home.why);
        assert!(home.why.contains(why), "{}", home.why);
        home
    }

    #[test]
    fn the_region_that_all_clues_name_is_home() {
        let found: &[(&str, &[&str])] = &[("trail `a`", &["eu-west-1"]), ("recorder", &["eu-west-1"])];
        let why = "Home region eu-west-1, detected: trail `a` in eu-west-1; recorder in eu-west-1";
        assert_chosen(found, None, "eu-west-1", why);
        let home = assert_chosen(found, Some("eu-west-1"), "eu-west-1", "and the account shows");
        assert!(!home.is_against_clues);
    }

    #[test]
    fn clues_that_disagree_or_are_missing_leave_the_default() {
        let found: &[(&str, &[&str])] = &[("trail", &["eu-west-1"]), ("recorder", &["eu-west-2"])];
        assert_chosen(
            found,
            None,
            DEFAULT,
            "shows several: trail in eu-west-1; recorder in eu-west-2",
        );
        assert_chosen(&[], None, DEFAULT, "the account shows none");
    }

    #[test]
    fn a_clue_that_names_several_regions_only_rules_out_the_others() {
        let found: &[(&str, &[&str])] = &[("recorders", &["eu-west-1", "us-east-1"])];
        assert_chosen(
            found,
            None,
            DEFAULT,
            "shows several: recorders in eu-west-1, us-east-1",
        );
        let found: &[(&str, &[&str])] = &[
            ("recorders", &["eu-west-1", "us-east-1"]),
            ("hub", &["eu-west-2"]),
        ];
        assert_chosen(found, None, DEFAULT, "shows several");
        let found: &[(&str, &[&str])] = &[
            ("recorders", &["eu-west-1", "eu-west-2"]),
            ("hub", &["eu-west-2"]),
        ];
        assert_chosen(found, None, "eu-west-2", "detected");
    }

    #[test]
    fn a_region_that_is_asked_for_wins_and_the_other_one_is_named() {
        let found: &[(&str, &[&str])] = &[("trail", &["eu-west-1"])];
        let why =
            "Home region us-west-2, as --home-region says. The account shows eu-west-1: trail in eu-west-1";
        let home = assert_chosen(found, Some("us-west-2"), "us-west-2", why);
        assert!(home.is_against_clues);
        let home = assert_chosen(&[], Some("us-west-2"), "us-west-2", "as --home-region says");
        assert!(!home.is_against_clues);
    }

    #[test]
    fn what_could_not_be_read_is_said() {
        let clues = Clues {
            unread: BTreeSet::from(["cloudtrail:DescribeTrails: AccessDenied".to_owned()]),
            ..Clues::default()
        };
        let home = clues.choose(None, &region(DEFAULT));
        assert!(
            home.why
                .ends_with("Not read: cloudtrail:DescribeTrails: AccessDenied"),
            "{}",
            home.why
        );
    }
}
