//! The table, what is read beside it, and the changes.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Capped, Never, NumberOr, Presence, Template};
use trueup_policy::Policy;

use super::selectors::Selection;
use crate::log_bucket;

/// The table `[cloudtrail]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" deletes the account's trail; its files, its log group and its role stay.
    pub(crate) state: Option<Presence>,
    /// The trail's name, if one has to be made. One that exists and records every region is taken under its own.
    pub(crate) name: Option<String>,
    /// The bucket of the trail of this name: this account's or a central one's. A new trail has that of `[log_bucket]` if
    /// none is written, and one that exists keeps its own.
    pub(crate) bucket: Option<Template>,
    /// What stands before `AWSLogs/` in the names of its files.
    pub(crate) prefix: Option<String>,
    /// The ARN or id of the KMS key that files are encrypted with, or "none".
    pub(crate) kms_key: Option<String>,
    /// It records every region.
    pub(crate) multi_region: Option<bool>,
    /// Its files can be checked for changes.
    pub(crate) log_file_validation: Option<bool>,
    /// It records. It does unless that is switched off.
    pub(crate) logging: Option<bool>,
    /// Which management events it records. All, if a trail is found that leaves out those that change something.
    pub(crate) management_events: Option<Events>,
    /// True takes the exclusion of AWS KMS out of the event selectors. It is true where `management_events` is written
    /// and a monitor needs it.
    pub(crate) kms_events: Option<bool>,
    /// The log group that a trail without one gets. It is made if it does not exist.
    pub(crate) log_group: Option<String>,
    /// After how many days events in the log group are deleted, or "never": at least so many, `{ exactly = 365 }`, or
    /// `{ at_most = 365 }`.
    pub(crate) log_retention_days: Option<Retention>,
    /// The name of the role that delivers to that log group. It is made if it does not exist. Any role that can deliver
    /// is right if none is written.
    pub(crate) role: Option<String>,
    /// The ARN of the managed policy that limits the role that trueup makes for it, as some organizations demand of every
    /// role. A role that has another one is left alone and reported: a boundary is never taken away.
    pub(crate) permissions_boundary: Option<Template>,
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

/// How long events are kept: "never" deleted is longest.
pub(crate) type Retention = Capped<NumberOr<Never>>;

/// Which of two retentions is longer.
pub(super) fn longer(one: &NumberOr<Never>, other: &NumberOr<Never>) -> Ordering {
    let days = |retention: &NumberOr<Never>| retention.number.unwrap_or(i32::MAX);
    days(one).cmp(&days(other))
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
    /// Its class, where that is not the standard one, which alone takes metric filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_class: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// The role that delivers, or is going to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its name.
    pub(crate) name: String,
    /// Its path, unless it is `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// It exists.
    pub(crate) exists: bool,
    /// The trail delivers by it.
    pub(crate) is_attached: bool,
    /// Whether CloudTrail may assume it.
    pub(crate) trust: Lets,
    /// Whether it may write to the log group.
    pub(crate) rights: Lets,
    /// Its trust policy with what it lacks, if CloudTrail may not assume it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mended_trust: Option<Policy>,
    /// The policy that limits it, by ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// What policies say of what CloudTrail has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lets {
    /// It may.
    Yes,
    /// It may not, and could with a statement more.
    No,
    /// It may not, whatever is added; why.
    Denied(String),
    /// The documents do not tell; why.
    Unknown(String),
}

/// A place that CloudTrail delivers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The bucket.
    Bucket,
    /// The log group.
    Logs,
    /// The bucket, for the files by which others are validated.
    Digest,
}

/// A delivery that failed when it was last tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failing {
    /// Where to.
    pub(crate) to: Place,
    /// AWS's word for why.
    pub(crate) error: String,
    /// The day of the last delivery there, or of the start if there was none since, as `2026-11-30`.
    pub(crate) since: Option<String>,
}

/// Another trail of the account's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Other {
    /// Its name.
    pub(crate) name: String,
    /// The region that it is at home in.
    pub(crate) home: String,
    /// It records every region.
    pub(crate) is_everywhere: bool,
    /// It is the organization's, and this is the management account.
    pub(crate) is_organizations: bool,
    /// It records now.
    pub(crate) is_logging: bool,
    /// Management events are among what it records.
    pub(crate) has_management_events: bool,
}

impl Other {
    /// It pays for a copy of the management events.
    pub(super) fn is_a_copy(&self) -> bool {
        self.is_logging && self.has_management_events
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let where_from = match self.is_everywhere {
            true => "all regions",
            false => self.home.as_str(),
        };
        let what = match (self.has_management_events, self.is_logging) {
            (false, _) => ", no management events",
            (true, false) => ", stopped",
            (true, true) => "",
        };
        write!(f, "`{}` ({where_from}{what})", self.name)
    }
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
    /// The account's other trails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<Other>,
    /// The names of all trails of the home region, those that are seen there included, where there can be no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) full: Vec<String>,
    /// It records only some management events, no whole kinds of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_narrowed: bool,
    /// It leaves out what global services do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lacks_global: bool,
    /// The ARN of an organization's trail that records this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_trail: Option<String>,
    /// Its log group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Group>,
    /// The role that delivers there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// The deliveries that fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failing: Vec<Failing>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
    /// For notices alone: what is recorded besides is not managed.
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
    /// The role's path, unless it is `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

/// The settings to send: those that are none stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bucket: Option<String>,
    /// What stands before `AWSLogs/` there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<String>,
    /// Every region, and what is global.
    pub(crate) multi_region: Option<bool>,
    /// What is global, where that alone is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) global: bool,
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
        parts.extend(
            self.bucket
                .as_ref()
                .map(|bucket| format!("deliver to `{bucket}`")),
        );
        parts.extend(self.prefix.as_ref().map(|prefix| format!("prefix `{prefix}`")));
        if self.global {
            parts.push("events of global services".to_owned());
        }
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
        /// The policy that limits it.
        boundary: Option<Template>,
        /// Its tags.
        tags: Tags,
    },
    /// Limit the role by a permissions boundary.
    PutBoundary { role: String, boundary: String },
    /// Tag the role.
    TagRole {
        /// Its name.
        role: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Let the role deliver.
    LetDeliver(Delivery),
    /// Let CloudTrail assume the role.
    SetTrust {
        /// The role's name.
        role: String,
        /// Its trust policy from now on.
        trust: Policy,
    },
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
        /// What selectors have to say.
        selection: Selection,
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
            Action::PutBoundary { role, boundary } => {
                write!(
                    f,
                    "limit the role `{role}` by the permissions boundary {boundary}"
                )
            }
            Action::TagRole { role, tags } => write!(f, "tag the role `{role}`: {}", tags::shown(tags)),
            Action::LetDeliver(delivery) => {
                write!(f, "let the role `{}` deliver to the log group", delivery.role)
            }
            Action::Create { name, bucket, .. } => write!(f, "create the trail `{name}` to `{bucket}`"),
            Action::Update { settings, .. } => write!(f, "change the trail: {settings}"),
            Action::Start(trail) => write!(f, "start recording with the trail `{}`", trail.name),
            Action::Stop(trail) => write!(f, "stop recording with the trail `{}`", trail.name),
            Action::SetTrust { role, .. } => {
                write!(f, "let cloudtrail.amazonaws.com assume the role `{role}`")
            }
            Action::Select { selection, .. } => f.write_str(match (selection.events, selection.kms) {
                (Some(Events::All), _) => "record all management events",
                (Some(Events::ReadOnly), _) => "record only management events that read",
                (Some(Events::WriteOnly), _) => "record only management events that change something",
                (None, _) => "record what AWS KMS does",
            }),
            Action::Tag { tags, .. } => write!(f, "tag the trail: {}", tags::shown(tags)),
            Action::Delete(trail) => write!(f, "delete the trail `{}`", trail.name),
        }
    }
}
