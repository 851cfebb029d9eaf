//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Never, NumberOr, Presence, Template};

use crate::log_bucket;

/// The table `[cloudtrail]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" deletes the account's trail; its files, its log group and its role stay.
    pub(crate) state: Option<Presence>,
    /// The trail's name, if one has to be made. One that exists and records every region is taken under its own.
    pub(crate) name: Option<String>,
    /// The bucket of a new trail: this account's or a central one's. That of `[log_bucket]` if it is not written.
    pub(crate) bucket: Option<Template>,
    /// What stands before `AWSLogs/` in the names of a new trail's files.
    pub(crate) prefix: Option<String>,
    /// The ARN or id of the KMS key that files are encrypted with, or "none".
    pub(crate) kms_key: Option<String>,
    /// It records every region.
    pub(crate) multi_region: Option<bool>,
    /// Its files can be checked for changes.
    pub(crate) log_file_validation: Option<bool>,
    /// It records. It does unless that is switched off.
    pub(crate) logging: Option<bool>,
    /// Which management events it records.
    pub(crate) management_events: Option<Events>,
    /// The log group that a trail without one gets. It is made if it does not exist.
    pub(crate) log_group: Option<String>,
    /// After how many days events in the log group are deleted, or "never".
    pub(crate) log_retention_days: Option<NumberOr<Never>>,
    /// The name of the role that delivers to that log group. It is made if it does not exist.
    pub(crate) role: Option<String>,
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// Says in the bucket's table that this trail may write to it, unless it says something of its own or the trail
    /// has another bucket.
    pub(crate) fn fill_bucket(&self, bucket: &mut log_bucket::Model, env: &Env) {
        let mut own = self.bucket.clone();
        if let Some(own) = &mut own {
            own.fill(env);
        }
        if self.is_absent() || own.is_some_and(|own| bucket.name.as_ref() != Some(&own)) {
            return;
        }
        bucket.trail = bucket.trail.take().or_else(|| self.name.clone());
        bucket.trail_prefix = bucket.trail_prefix.take().or_else(|| self.prefix.clone());
    }
}

/// Which management events are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Events {
    /// All.
    All,
    /// Those that only read.
    ReadOnly,
    /// Those that change something.
    WriteOnly,
}

/// The ARN of a trail of the account that is at home in the home region.
pub(crate) fn arn(name: &str, env: &Env) -> String {
    format!(
        "arn:{}:cloudtrail:{}:{}:trail/{name}",
        env.partition, env.home, env.account
    )
}

/// The log group of the trail, or the one that it is going to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its region: the trail's home.
    pub(crate) region: Region,
    /// It exists.
    pub(crate) exists: bool,
    /// The trail delivers to it.
    pub(crate) is_attached: bool,
    /// After how many days events are deleted; nothing if never.
    pub(crate) retention: Option<i32>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// The role that delivers, or is going to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its name.
    pub(crate) name: String,
    /// It exists.
    pub(crate) exists: bool,
    /// CloudTrail may assume it.
    pub(crate) is_trusted: bool,
    /// The trail delivers by it.
    pub(crate) is_attached: bool,
    /// Whether trueup's policy in it says what is needed; nothing if it has none of trueup's.
    pub(crate) lets: Option<bool>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The trail's ARN, if there is one of this account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arn: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The region that it is at home in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) home: Option<Region>,
    /// The bucket that it delivers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bucket: Option<String>,
    /// It is the organization's, and this is the management account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_organizations: bool,
    /// The account's own trails of every region, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) several: Vec<String>,
    /// The ARN of an organization's trail that records this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_trail: Option<String>,
    /// Its log group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Group>,
    /// The role that delivers there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// Why the last delivery to the bucket failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_error: Option<String>,
    /// The same for the log group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_delivery_error: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
    /// For notices alone (see [`TOLD`](trueup_core::control::TOLD)): what is recorded besides is not managed.
    #[serde(default)]
    pub(crate) told: Told,
}

/// What a trail does that is only told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The services whose management events it leaves out.
    pub(crate) left_out: Vec<String>,
}

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
