//! EC2.

use serde::{Deserialize, Serialize};

use super::{Account, Answer, AwsError, Call, Ids, Occupant};

/// EC2's state in one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ec2 {}

impl Ec2 {
    /// EC2 in a region that has just been enabled: it has a default VPC.
    pub fn new_region(_account_id: &str, _region: &str, _ids: &mut Ids) -> Self {
        Ec2 {}
    }
}

/// Answers one operation of EC2.
pub fn handle(_account: &mut Account, call: &Call) -> Answer {
    Err(AwsError::not_in_sandbox(call))
}

/// Puts something into the default VPC.
pub fn occupy(_ec2: &mut Ec2, _ids: &mut Ids, _what: &Occupant) {}
