//! IAM.

use serde::{Deserialize, Serialize};

/// IAM's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iam {
    /// The account's alias.
    pub alias: Option<String>,
}

impl Iam {
    /// IAM of a new account.
    pub fn new(alias: Option<&str>) -> Self {
        Iam {
            alias: alias.map(str::to_owned),
        }
    }
}
