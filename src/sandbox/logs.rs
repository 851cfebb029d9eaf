//! Amazon CloudWatch Logs.

use serde::{Deserialize, Serialize};

use super::{Account, Answer, AwsError, Call};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {}

/// Answers one operation.
pub(super) fn handle(_account: &mut Account, call: &Call) -> Answer {
    Err(AwsError::not_in_sandbox(call))
}
