//! The table, what is read beside it, and the changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};

use super::standard::Standard;

/// The table `[security_hub]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// There is a hub. False disables it with all its standards and settings; the other keys wait until it is true
    /// again.
    pub(crate) enabled: Option<bool>,
    /// Controls that AWS adds to a standard later are enabled by themselves. A new hub does so.
    pub(crate) auto_enable_controls: Option<bool>,
    /// The findings of all regions come together in the home region. False deletes the finding aggregator of the
    /// home region.
    pub(crate) aggregate_in_home_region: Option<bool>,
    /// What is checked: each standard as `name/version`, the end of its ARN without the `v`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) standards: BTreeMap<Standard, bool>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The hub's ARN, if there is one.
    pub(crate) hub: Option<String>,
    /// Its tags, others' too. Read if the file has some.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
    /// The subscriptions' ARNs of the standards that are on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) subscriptions: BTreeMap<Standard, String>,
    /// The standards that are wanted and that the region does not offer, as far as it tells.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unoffered: BTreeSet<Standard>,
    /// The finding aggregator, if there is one. Read in the home region alone.
    pub(crate) aggregator: Option<Aggregator>,
    /// For notices alone (see [`TOLD`](trueup_core::control::TOLD)).
    pub(crate) told: Told,
}

/// What is worth knowing and decides no step: the state of a standard moves while a saved plan waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The standards that are on and not complete, each with AWS's code for the reason.
    pub(crate) incomplete: BTreeMap<Standard, String>,
    /// What the region offers, where something wanted is not among it.
    pub(crate) offered: BTreeSet<Standard>,
}

/// The account's finding aggregator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Aggregator {
    /// Its ARN.
    pub(crate) arn: String,
    /// Where the findings come together.
    pub(crate) region: Region,
    /// Whether those of all regions do, the ones that are enabled later too. Known of the home region's alone.
    pub(crate) links_all: bool,
}

/// A change of one region's hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a hub without any standard. One that appeared meanwhile is as good.
    Enable {
        /// Whether later controls are enabled by themselves; AWS's default unless told otherwise.
        auto_enable_controls: Option<bool>,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Let later controls be enabled by themselves, or not.
    AutoEnableControls(bool),
    /// Turn on standards and wait until they work. What the region does not offer is left out.
    TurnOn(BTreeSet<Standard>),
    /// Turn off standards, each with the ARN of its subscription, and wait until they are gone.
    TurnOff(BTreeMap<Standard, String>),
    /// Make the finding aggregator, for all regions.
    Aggregate,
    /// Link all regions to the finding aggregator that there is.
    LinkAll {
        /// Its ARN.
        arn: String,
    },
    /// Delete the finding aggregator.
    Separate {
        /// Its ARN.
        arn: String,
    },
    /// Disable the hub.
    Disable,
    /// Tag the hub.
    Tag {
        /// Its ARN.
        arn: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn standards<'a>(
            f: &mut fmt::Formatter<'_>,
            verb: &str,
            names: impl Iterator<Item = &'a Standard>,
        ) -> fmt::Result {
            let names: Vec<&str> = names.map(Standard::as_str).collect();
            let noun = if names.len() == 1 { "standard" } else { "standards" };
            write!(f, "turn {verb} the {noun} {}", names.join(", "))
        }
        match self {
            Action::Enable {
                auto_enable_controls: Some(false),
                ..
            } => f.write_str("enable Security Hub, with later controls off"),
            Action::Enable { .. } => f.write_str("enable Security Hub"),
            Action::AutoEnableControls(true) => f.write_str("let Security Hub enable later controls"),
            Action::AutoEnableControls(false) => f.write_str("let Security Hub leave later controls off"),
            Action::TurnOn(names) => standards(f, "on", names.iter()),
            Action::TurnOff(names) => standards(f, "off", names.keys()),
            Action::Aggregate => f.write_str("aggregate the findings of all regions here"),
            Action::LinkAll { .. } => f.write_str("link all regions to the finding aggregator"),
            Action::Separate { .. } => f.write_str("delete the finding aggregator"),
            Action::Disable => f.write_str("disable Security Hub"),
            Action::Tag { tags, .. } => write!(f, "tag Security Hub: {}", tags::shown(tags)),
        }
    }
}
