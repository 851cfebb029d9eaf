//! The trail that records what is done in the account, in every region, to a bucket and to CloudWatch Logs.
//!
//! A trail that exists and records every region is adopted under whatever name, with its home region, its bucket and
//! its log group, and is never pointed elsewhere: what reads its logs would lose them. An organization's trail counts
//! as one and is left alone. In the management account, which owns it, `manage = "enforce"` changes it like an own one,
//! for all accounts, and neither deletes it nor gives it a log group.
//!
//! Sources: CloudTrail API reference; CloudTrail user guide, "Sending events to CloudWatch Logs".

use aws_sdk_cloudtrail::types::Trail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::change::{Asset, AssetKind};
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Place, Region, Scope};
use trueup_core::tags::Tags;
use trueup_core::values::{Never, NumberOr, Presence, Template};

use super::log_bucket;

mod action;
mod apply;
mod diff;
mod price;
mod read;
mod role;
mod selectors;
#[cfg(test)]
mod tests;

pub(crate) use self::action::{Action, Delivery, Settings, Target};
pub(super) use self::read::{choose, group_of, trails};

/// The control.
pub(crate) struct CloudTrail;

/// The account's own trail.
pub(crate) const TRAIL: AssetKind = AssetKind {
    control: "cloudtrail",
    what: "trail",
};

/// The log group that the account's own trail delivers to.
pub(crate) const LOG_GROUP: AssetKind = AssetKind {
    control: "cloudtrail",
    what: "trail's log group",
};

/// The role that delivers to the log group, unless another one is written.
const ROLE: &str = "CloudTrailToCloudWatchLogs";

/// The retentions that CloudWatch Logs has, in days (API reference, `PutRetentionPolicy`).
const RETENTIONS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

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

impl Model {
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// Says in the bucket's table that this trail may write to it, unless it says something of its own or the trail
    /// has another bucket.
    pub(super) fn fill_bucket(&self, bucket: &mut log_bucket::Model, env: &Env) {
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

/// The ARN of a trail of the account that is at home in the home region.
pub(super) fn arn(name: &str, env: &Env) -> String {
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

impl Control for CloudTrail {
    const NAME: &'static str = "cloudtrail";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS CloudTrail",
        items: &[7],
        why: "Without a trail, what was done in the account is forgotten after 90 days and nothing can warn of it.",
        off: "logging = false stops the trail; state = \"absent\" deletes it, and keeps its files",
        cost: "the first trail is free but for storage; CloudWatch Logs 0.50 USD a GB, roughly 0.50 to 5 USD a month; a \
               second trail 2 USD for 100,000 events",
        benchmarks: &[
            ("CIS 5.0", "3.1, 3.2, 3.5"),
            ("CIS 3.0", "3.1, 3.2, 3.5"),
            ("FSBP", "CloudTrail.1, CloudTrail.2, CloudTrail.4, CloudTrail.5"),
        ],
        page: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail.html",
        example: r#"[cloudtrail]
name = "management-events"
# bucket = "central-logs"         # that of [log_bucket] unless it is written
multi_region = true
log_file_validation = true
log_group = "/aws/cloudtrail/management-events"
log_retention_days = 365          # or "never"
# kms_key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "cloudtrail:DescribeTrails",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:ListTags",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "logs:DescribeLogGroups",
            "logs:ListTagsForResource",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
        ],
        write: &[
            "cloudtrail:AddTags",
            "cloudtrail:CreateTrail",
            "cloudtrail:DeleteTrail",
            "cloudtrail:PutEventSelectors",
            "cloudtrail:StartLogging",
            "cloudtrail:StopLogging",
            "cloudtrail:UpdateTrail",
            "iam:CreateRole",
            "iam:PassRole",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "logs:CreateLogGroup",
            "logs:DeleteRetentionPolicy",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
        ],
    };
    const RELIES_ON: &'static [&'static str] = &["log_bucket"];

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        if want.is_absent() {
            return vec![];
        }
        let mut wrong = vec![];
        match &want.name {
            None => wrong.push(("", "does not say which trail; expected name".to_owned())),
            Some(name) if !is_name(name) => wrong.push((
                "name",
                format!(
                    "`{name}` is no trail's name; expected 3 to 128 letters, digits, and single . _ - between them"
                ),
            )),
            Some(_) => {}
        }
        if let Some(key) = want.kms_key.as_deref()
            && key != "none"
            && !key.contains(":key/")
            && key.len() != 36
        {
            wrong.push((
                "kms_key",
                format!("`{key}` is no key's ARN or id; expected one, or \"none\": CloudTrail never tells an alias"),
            ));
        }
        if let Some(days) = want.log_retention_days.and_then(|days| days.number)
            && !RETENTIONS.contains(&days)
        {
            let near = RETENTIONS.iter().find(|known| **known > days).unwrap_or(&3653);
            wrong.push((
                "log_retention_days",
                format!("CloudWatch Logs keeps nothing for {days} days; the next it has is {near}"),
            ));
        }
        if want.log_retention_days.is_some() && want.log_group.is_none() {
            wrong.push(("log_retention_days", "stands without log_group".to_owned()));
        }
        if want.role.is_some() && want.log_group.is_none() {
            wrong.push(("role", "stands without log_group".to_owned()));
        }
        if let Some(group) = want.log_group.as_deref().filter(|group| !is_group(group)) {
            wrong.push((
                "log_group",
                format!("`{group}` is no log group's name; expected letters, digits and . _ - / #, not aws/ in front"),
            ));
        }
        wrong
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        if want.is_absent() {
            return;
        }
        let of_log_bucket = wants.of::<log_bucket::LogBucket>().and_then(|bucket| bucket.name);
        want.bucket = want.bucket.take().or(of_log_bucket);
        if let Some(bucket) = &mut want.bucket {
            bucket.fill(env);
        }
        want.logging = want.logging.or(Some(true));
        if want.log_group.is_some() {
            want.role.get_or_insert_with(|| ROLE.to_owned());
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }

    fn holds(seen: &Observed<Model, Ids>, _here: &Here<'_>) -> Vec<Asset> {
        let ids = &seen.ids;
        let trail = ids.arn.as_ref().map(|_| TRAIL.at(&Place::Account));
        let group = ids.group.as_ref().filter(|group| group.exists);
        trail
            .into_iter()
            .chain(group.map(|_| LOG_GROUP.at(&Place::Account)))
            .collect()
    }
}

impl Live for CloudTrail {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        read::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        apply::apply(action, cx).await
    }
}

/// The account that a trail belongs to.
fn owner(trail: &Trail) -> Option<&str> {
    trail.trail_arn.as_deref()?.split(':').nth(4)
}

/// What CloudTrail takes as a trail's name (API reference, `CreateTrail`).
fn is_name(name: &str) -> bool {
    let is_mark = |b: u8| b"._-".contains(&b);
    let edges = [name.bytes().next(), name.bytes().last()];
    (3..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || is_mark(b))
        && edges.iter().flatten().all(u8::is_ascii_alphanumeric)
        && !name
            .as_bytes()
            .windows(2)
            .any(|two| two.iter().all(|b| is_mark(*b)))
}

/// What CloudWatch Logs takes as a log group's name (API reference, `CreateLogGroup`).
fn is_group(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    (1..=512).contains(&name.len()) && name.chars().all(plain) && !name.starts_with("aws/")
}
