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
    /// How findings are made: one a control, or one a control and standard. A new hub makes one a control.
    pub(crate) finding_generator: Option<Generator>,
    /// The controls that check what is the same in all regions.
    pub(crate) controls: Option<Controls>,
    /// What is checked: each standard as `name/version`, the end of its ARN without the `v`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) standards: BTreeMap<Standard, bool>,
}

/// How findings are made (`ControlFindingGenerator`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Generator {
    /// One a control, whatever the number of standards that have it.
    SecurityControl,
    /// One a control and standard.
    StandardControl,
}

impl fmt::Display for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Generator::SecurityControl => "one a control",
            Generator::StandardControl => "one a control and standard",
        })
    }
}

/// The table `[security_hub.controls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Controls {
    /// Where the controls on global resources, IAM above all, are on in every standard that is on. Not managed unless it
    /// is written.
    pub(crate) global_resources: Option<GlobalResources>,
    /// The regions of which one is the global region, if the home region is not; those of `[config_recorder]` unless it
    /// is written.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) global_regions: Option<BTreeSet<Region>>,
}

/// Where controls on global resources are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GlobalResources {
    /// In the region in which IAM's types are recorded. Elsewhere they are paid and see nothing.
    GlobalRegionOnly,
}

impl Model {
    /// Whether the controls on global resources are managed.
    pub(super) fn places_controls(&self) -> bool {
        self.controls
            .as_ref()
            .is_some_and(|controls| controls.global_resources.is_some())
    }

    /// The regions of which one is the global region, if the home region is not.
    pub(super) fn global_regions(&self) -> Option<&BTreeSet<Region>> {
        self.controls.as_ref()?.global_regions.as_ref()
    }
}

/// Who turned a control on or off, told by the reason that is kept with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// AWS, or a change without a reason.
    Default,
    /// trueup.
    Trueup,
    /// A change with another reason.
    Others,
}

/// How a control stands in a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Association {
    /// It is on.
    pub(crate) is_on: bool,
    /// Who made it so.
    pub(crate) by: By,
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
    /// The global region, where the table leaves open which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) global_region: Option<Region>,
    /// How the controls on global resources stand in the standards that are ready, if the file manages them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) associations: BTreeMap<Standard, BTreeMap<String, Association>>,
    /// For tasks and notices alone.
    pub(crate) told: Told,
}

/// What is worth knowing and decides no step: the state of a standard moves while a saved plan waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The standards that are on and do not work as they should.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) troubled: BTreeMap<Standard, Trouble>,
    /// The hub has been there for a day: what is not complete by now does not become so by itself.
    #[serde(default)]
    pub(crate) is_old: bool,
    /// The standards whose controls cannot be changed yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unready: BTreeSet<Standard>,
    /// What the region offers, where something wanted is not among it.
    pub(crate) offered: BTreeSet<Standard>,
}

/// What is wrong with a standard that is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// AWS could not turn it on, rather than not wholly.
    pub(crate) has_failed: bool,
    /// AWS's code for the reason; empty if it gives none.
    pub(crate) code: String,
}

/// The account's finding aggregator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Aggregator {
    /// Its ARN.
    pub(crate) arn: String,
    /// Where the findings come together.
    pub(crate) region: Region,
    /// Whether those of all regions do that are enabled now.
    pub(crate) links_all: bool,
    /// How it links regions, in AWS's word.
    #[serde(default)]
    pub(crate) mode: String,
}

/// The linking mode of an aggregator to which every region is linked, those that are enabled later too.
pub(super) const ALL_REGIONS: &str = "ALL_REGIONS";

/// A change of one region's hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a hub without any standard. One that appeared meanwhile is as good.
    Enable {
        /// Whether later controls are enabled by themselves; AWS's default unless told otherwise.
        auto_enable_controls: Option<bool>,
        /// How findings are made.
        generator: Generator,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Let later controls be enabled by themselves, or not.
    AutoEnableControls(bool),
    /// Make findings in this way.
    Generate(Generator),
    /// Turn controls on global resources on or off in these standards, unless they have another reason than trueup's.
    TurnControls {
        /// On or off.
        on: bool,
        /// Where they are on.
        global_region: Region,
        /// The controls, by standard.
        controls: BTreeMap<Standard, BTreeSet<String>>,
    },
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
            Action::Generate(generator) => write!(f, "make findings: {generator}"),
            Action::TurnControls {
                on,
                global_region,
                controls,
            } => {
                let verb = if *on { "on" } else { "off" };
                write!(f, "turn {verb} the controls on global resources in ")?;
                let names: Vec<&str> = controls.keys().map(Standard::as_str).collect();
                f.write_str(&names.join(", "))?;
                match on {
                    true => Ok(()),
                    false => write!(f, " ({global_region} has them)"),
                }
            }
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
