//! The changes of a detector, and their lines in the plan.

use std::fmt;

use serde::{Deserialize, Serialize};
use trueup_core::tags::{self, Tags};

use super::{Features, Frequency};

/// Settings of a detector, as far as they are to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Whether it works.
    pub(crate) enabled: Option<bool>,
    /// How often it publishes.
    pub(crate) publish_findings_every: Option<Frequency>,
    /// The features to switch.
    pub(crate) features: Features,
    /// The tags of a new detector.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// A change of one region's detector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a detector with these settings and no feature beside them. One that appeared meanwhile is given
    /// these settings and keeps the rest.
    Create(Settings),
    /// Change the detector that there is.
    Update {
        /// Its id.
        detector: String,
        /// What changes. With a part of a feature goes the feature, even if that stays.
        settings: Settings,
    },
    /// Tag the detector that there is.
    Tag {
        /// Its id.
        detector: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, settings) = match self {
            Action::Tag { tags, .. } => {
                return write!(f, "tag the GuardDuty detector: {}", tags::shown(tags));
            }
            Action::Create(settings) => ("enable GuardDuty", settings),
            Action::Update { settings, .. } => match settings.enabled {
                Some(true) => ("resume GuardDuty", settings),
                Some(false) => ("suspend GuardDuty", settings),
                None => ("change GuardDuty", settings),
            },
        };
        let mut details = vec![];
        details.extend(
            settings
                .publish_findings_every
                .map(|every| format!("findings every {every}")),
        );
        details.extend(
            settings
                .features
                .iter()
                .map(|(feature, on)| format!("{feature} {}", if *on { "on" } else { "off" })),
        );
        match details.len() {
            0 => f.write_str(verb),
            _ => write!(f, "{verb}: {}", details.join(", ")),
        }
    }
}
