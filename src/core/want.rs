//! What a baseline asks for, cell by cell.

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::location::Location;
use crate::registry::{CellKey, Name};

/// What the engine may do where a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Manage {
    /// Show what differs and change it.
    #[default]
    Enforce,
    /// Show what differs and never write.
    Report,
    /// As if the table were not written.
    Off,
}

/// What is wanted of one control in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    /// The control.
    pub control: Name,
    /// The place.
    pub place: Location,
    /// What the file says about writing, where it says so.
    pub manage: Option<Manage>,
    /// The table, merged, typed and in canonical form.
    pub table: Table,
}

impl Want {
    /// The cell that it is for.
    pub fn cell(&self) -> CellKey {
        (self.control.clone(), self.place.clone())
    }
}
