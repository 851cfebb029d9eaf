//! The table, what is read beside it, and the changes.

use std::cmp::Ordering;
use std::fmt;

use aws_sdk_guardduty::types::FindingPublishingFrequency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::tags::{self, Tags};
use trueup_core::values::Bound;

use super::features::{self, Features};

/// The table `[guardduty]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// There is a detector, and it works. False suspends it: findings stay, and the other keys wait until it is
    /// true again.
    pub(crate) enabled: Option<bool>,
    /// How soon a finding that has occurred again is published again. New findings are published at once, and a
    /// detector that publishes more often stays as it is.
    pub(crate) publish_findings_every: Option<Bound<Frequency>>,
    /// What it watches beside CloudTrail, VPC flow logs and DNS logs.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    #[schemars(schema_with = "features::schema")]
    pub(crate) features: Features,
}

/// How often findings that occur again are published. Ordered from often to rarely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Frequency {
    /// Every 15 minutes.
    FifteenMinutes,
    /// Every hour.
    OneHour,
    /// Every six hours, AWS's default.
    SixHours,
}

impl Frequency {
    /// More often is stricter.
    pub(super) fn by_strictness(&self, other: &Self) -> Ordering {
        other.cmp(self)
    }

    pub(super) fn from_api(frequency: &FindingPublishingFrequency) -> Option<Self> {
        match frequency {
            FindingPublishingFrequency::FifteenMinutes => Some(Frequency::FifteenMinutes),
            FindingPublishingFrequency::OneHour => Some(Frequency::OneHour),
            FindingPublishingFrequency::SixHours => Some(Frequency::SixHours),
            _ => None,
        }
    }

    pub(super) fn to_api(self) -> FindingPublishingFrequency {
        match self {
            Frequency::FifteenMinutes => FindingPublishingFrequency::FifteenMinutes,
            Frequency::OneHour => FindingPublishingFrequency::OneHour,
            Frequency::SixHours => FindingPublishingFrequency::SixHours,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Frequency::FifteenMinutes => "15 minutes",
            Frequency::OneHour => "hour",
            Frequency::SixHours => "6 hours",
        })
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The detector's id, if there is one.
    pub(crate) detector: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
    /// For notices alone.
    #[serde(default)]
    pub(crate) told: Told,
}

/// What is read for notices alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The features that are on and that this version has no name for, as the API calls them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unknown_features: Vec<String>,
}

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
