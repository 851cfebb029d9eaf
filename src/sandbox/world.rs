//! How an account differs from a brand-new one, and what goes wrong in it: a TOML file.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{EndpointKind, InstanceState, Occupant};

/// A world. Every key may be left out; the empty world is a brand-new account in which nothing goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// The account's twelve digits; see [`World::account_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The account's alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The opt-in regions that are enabled besides the 17 that always are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enabled_regions: Vec<String>,
    /// Regions that are not enabled. AWS allows that for opt-in regions only; a world may take others away too,
    /// so that a rehearsal is shorter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disabled_regions: Vec<String>,
    /// The account whose GuardDuty administers this one's, in every region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardduty_administrator: Option<String>,
    /// What is in the default VPCs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_vpc: Vec<DefaultVpc>,
    /// GuardDuty detectors that exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detector: Vec<Detector>,
    /// Buckets that exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bucket: Vec<Bucket>,
    /// What is forbidden.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Deny>,
    /// How long an answer takes: milliseconds by region, and `default_ms` for the others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub latency: BTreeMap<String, u64>,
    /// How often a call may be made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limit: Vec<Limit>,
    /// Calls that fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fault: Vec<Fault>,
    /// What happens in the account right before a call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event: Vec<Event>,
}

/// A region's default VPC, where it differs from a new one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefaultVpc {
    /// The region.
    pub region: String,
    /// What is in it.
    #[serde(flatten)]
    pub contents: Contents,
}

/// What stands in a default VPC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// An instance, in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceState>,
    /// Tags on the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// An endpoint, of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_endpoint: Option<EndpointKind>,
}

impl Contents {
    /// The occupants that these keys mean.
    pub fn occupants(&self) -> Vec<Occupant> {
        Vec::new()
    }
}

/// A GuardDuty detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// The region.
    pub region: String,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name.
    pub name: String,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deny {}
/// A limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {}
/// A fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {}
/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {}

impl World {
    /// The account's twelve digits.
    pub fn account_id(&self) -> &str {
        self.account_id.as_deref().unwrap_or("123456789012")
    }
}

impl FromStr for World {
    type Err = toml::de::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        toml::from_str(text)
    }
}
