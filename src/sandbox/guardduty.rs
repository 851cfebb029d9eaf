//! GuardDuty.

use serde::{Deserialize, Serialize};

/// GuardDuty's state in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardDuty {
    /// The account that administers this one's.
    pub administrator: Option<String>,
}

impl GuardDuty {
    /// Makes a detector of the world.
    pub fn seed(&mut self, _account_id: &str, _ids: &mut super::Ids, _wanted: &super::world::Detector) {}
}
