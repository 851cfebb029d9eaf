//! What a plan is made of: numbered steps, and why one of them cannot run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::change::{Asset, Class, Effect};
use crate::cost::Monthly;
use crate::location::Location;
use crate::registry::{CellKey, Name};

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
    pub control: Name,
    /// Where it happens.
    pub place: Location,
    /// What it does, in the imperative.
    pub title: String,
    /// What that does to the account.
    pub effect: Effect,
    /// How much harm it can do.
    pub class: Class,
    /// Why it can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// What it loosens. That needs consent, whatever the class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weakens: Vec<String>,
    /// The numbers of the steps that must be done before, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<usize>,
    /// Why it cannot run, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Why>,
    /// What it adds to each month's bill, if it turns on what is metered.
    #[serde(default, skip_serializing_if = "Monthly::is_nothing")]
    pub monthly: Monthly,
    /// For how many minutes after it AWS's reads may still show what was there before, where that is longer than
    /// anybody wants to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_within_minutes: Option<u32>,
    /// The control's own action.
    pub action: serde_json::Value,
}

impl Step {
    /// True if it runs only with consent: it can do harm, or it loosens what the account has.
    pub fn needs_consent(&self) -> bool {
        self.class > Class::Safe || !self.weakens.is_empty()
    }

    /// The cell that it is a step of.
    pub fn cell(&self) -> CellKey {
        (self.control.clone(), self.place.clone())
    }
}
