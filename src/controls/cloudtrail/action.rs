//! The changes, and their lines of the plan.

use std::fmt;

use serde::{Deserialize, Serialize};
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};

use super::Events;

/// A trail that exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// The region that it is changed in.
    pub(crate) home: Region,
    /// It is the organization's, which an update has to say again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_organizations: bool,
}

/// A log group with the role that delivers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// The log group's name.
    pub(crate) group: String,
    /// Its region.
    pub(crate) region: Region,
    /// The role's name.
    pub(crate) role: String,
}

/// The settings to send: those that are none stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Every region, and what is global.
    pub(crate) multi_region: Option<bool>,
    /// Files that can be checked.
    pub(crate) validation: Option<bool>,
    /// The key; empty for none.
    pub(crate) kms_key: Option<String>,
    /// Where events go beside the bucket.
    pub(crate) delivery: Option<Delivery>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make the log group.
    CreateGroup {
        /// Its name.
        group: String,
        /// Its region.
        region: Region,
        /// After how many days events are deleted.
        retention: Option<i32>,
        /// Its tags.
        tags: Tags,
    },
    /// Keep events for another time.
    Retain {
        /// The log group's name.
        group: String,
        /// Its region.
        region: Region,
        /// Days; nothing for ever.
        days: Option<i32>,
    },
    /// Tag the log group.
    TagGroup {
        /// Its name.
        group: String,
        /// Its region.
        region: Region,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Make the role, with its policy.
    CreateRole {
        /// What it delivers to, and its name.
        delivery: Delivery,
        /// Its tags.
        tags: Tags,
    },
    /// Let the role deliver.
    LetDeliver(Delivery),
    /// Make the trail.
    Create {
        /// Its name.
        name: String,
        /// Its bucket.
        bucket: String,
        /// What stands before `AWSLogs/`.
        prefix: Option<String>,
        /// The settings.
        settings: Settings,
        /// Its tags.
        tags: Tags,
    },
    /// Change the trail.
    Update {
        /// Which one.
        trail: Target,
        /// The settings.
        settings: Settings,
    },
    /// Start recording.
    Start(Target),
    /// Stop recording.
    Stop(Target),
    /// Say which management events are recorded.
    Select {
        /// Of which trail.
        trail: Target,
        /// Which ones.
        events: Events,
    },
    /// Tag the trail.
    Tag {
        /// Which one.
        trail: Target,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Delete the trail.
    Delete(Target),
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = vec![];
        match self.multi_region {
            Some(true) => parts.push("all regions".to_owned()),
            Some(false) => parts.push("its home region only".to_owned()),
            None => {}
        }
        match self.validation {
            Some(true) => parts.push("file validation".to_owned()),
            Some(false) => parts.push("no file validation".to_owned()),
            None => {}
        }
        match self.kms_key.as_deref() {
            Some("") => parts.push("no KMS key".to_owned()),
            Some(_) => parts.push("KMS key".to_owned()),
            None => {}
        }
        if self.delivery.is_some() {
            parts.push("CloudWatch Logs".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::CreateGroup { group, .. } => write!(f, "create the log group `{group}`"),
            Action::Retain { days: Some(days), .. } => {
                write!(f, "keep events in the log group for {days} days")
            }
            Action::Retain { days: None, .. } => f.write_str("keep events in the log group for ever"),
            Action::TagGroup { tags, .. } => write!(f, "tag the log group: {}", tags::shown(tags)),
            Action::CreateRole { delivery, .. } => {
                write!(f, "create the role `{}` for CloudTrail", delivery.role)
            }
            Action::LetDeliver(delivery) => {
                write!(f, "let the role `{}` deliver to the log group", delivery.role)
            }
            Action::Create { name, bucket, .. } => write!(f, "create the trail `{name}` to `{bucket}`"),
            Action::Update { settings, .. } => write!(f, "change the trail: {settings}"),
            Action::Start(trail) => write!(f, "start recording with the trail `{}`", trail.name),
            Action::Stop(trail) => write!(f, "stop recording with the trail `{}`", trail.name),
            Action::Select { events, .. } => f.write_str(match events {
                Events::All => "record all management events",
                Events::ReadOnly => "record only management events that read",
                Events::WriteOnly => "record only management events that change something",
            }),
            Action::Tag { tags, .. } => write!(f, "tag the trail: {}", tags::shown(tags)),
            Action::Delete(trail) => write!(f, "delete the trail `{}`", trail.name),
        }
    }
}
