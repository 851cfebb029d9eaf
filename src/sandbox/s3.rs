//! S3.

use serde::{Deserialize, Serialize};

/// S3's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {}

impl S3 {
    /// Makes a bucket of the world.
    pub fn seed(&mut self, _bucket: &super::world::Bucket) {}
}
