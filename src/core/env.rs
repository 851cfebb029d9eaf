//! The account around all cells, as it is known before any of them is read.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::attestation::Attestations;
use crate::location::Region;
use crate::tags::Tags;

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

impl Env {
    /// The enabled regions that may be looked at.
    pub fn looked_at(&self) -> impl Iterator<Item = &Region> {
        self.enabled
            .iter()
            .filter(|region| self.run.looks_at(region.as_str()))
    }
}

impl Run {
    /// True if the baseline lets a region be looked at.
    pub fn looks_at(&self, region: &str) -> bool {
        let regions = self.regions.as_ref();
        regions.is_none_or(|regions| regions.iter().any(|seen| seen.as_str() == region))
    }
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
    /// The regions that the baseline lets be looked at: `[account] regions`. Without a baseline, all.
    pub regions: Option<Vec<Region>>,
    /// The baseline's `[tags]`, for everything that can have some.
    pub tags: Tags,
    /// The baseline's `[attestations]`.
    pub attestations: Attestations,
}
