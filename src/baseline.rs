//! Placeholder until the loader is merged.
use crate::controls::Id;
use crate::place::Region;
use serde::{Deserialize, Serialize};
/// What of a baseline is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// Only these controls, if any is named.
    pub only: Vec<Id>,
    /// Not these controls.
    pub exclude: Vec<Id>,
    /// Only these regions, if any is named.
    pub regions: Vec<Region>,
}
impl std::fmt::Display for Filters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = vec![];
        parts.extend(self.only.iter().map(|id| format!("--only {id}")));
        parts.extend(self.exclude.iter().map(|id| format!("--exclude {id}")));
        parts.extend(self.regions.iter().map(|region| format!("--region {region}")));
        if parts.is_empty() {
            f.write_str("no filters")
        } else {
            f.write_str(&parts.join(" "))
        }
    }
}
