//! The trail that records what is done in the account, in every region, to a bucket and to CloudWatch Logs.
//!
//! A trail that exists and records management events of every region is adopted under whatever name, with its home
//! region, its bucket and its log group; of several the fittest one. What it delivers to is never another one for that:
//! what reads its logs would lose them. Only of the trail that the file names the bucket and the prefix change. An organization's trail counts
//! as one and is left alone. In the management account, which owns it, `manage = "enforce"` changes it like an own one,
//! for all accounts, and neither deletes it nor gives it a log group.
//!
//! Sources: CloudTrail API reference; CloudTrail user guide, "Sending events to CloudWatch Logs".

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Asset, AssetKind, Changes};
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Location, Scope};

use crate::log_bucket;
use crate::monitors::Monitors;

mod check;
mod delivery;
mod diff;
mod live;
mod model;
mod price;
mod role;
mod selectors;
#[cfg(test)]
mod tests;

pub(crate) use self::check::is_group;
pub(super) use self::live::read::{Seen, choose, group_of, trails};
use self::model::{Action, Ids, Model};
pub(super) use self::model::{Events, arn};

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

/// The trails of a region at most, those of other regions that record it included (CloudTrail user guide, "Quotas in
/// AWS CloudTrail").
const TRAILS: usize = 5;

/// The role that delivers to the log group, unless another one is written.
const ROLE: &str = "CloudTrailToCloudWatchLogs";

impl Control for CloudTrail {
    const NAME: &'static str = "cloudtrail";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS CloudTrail",
        items: &[7],
        why: "Without a trail, what was done in the account is forgotten after 90 days and nothing can warn of it.",
        decides: &[
            "The fittest trail logs, in all regions, with global service events and file validation.",
            "It records all management events; a trail of write events alone is noted, and blocks the monitors that need read events.",
            "The delivery role exists and its policies allow delivery to the log group.",
            "Nothing failed to be delivered for 24 h without a later success; otherwise it is a manual task.",
            "Logs are kept at least as long as written. Bucket, prefix, key and the role's name may be anything unless written.",
        ],
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
    const CALLS: Calls = Calls {
        read: &[
            "cloudtrail:DescribeTrails",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:ListTags",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "logs:DescribeLogGroups",
            "logs:ListTagsForResource",
            "s3:GetBucketEncryption",
            "s3:GetBucketLifecycleConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetPublicAccessBlock",
            "s3:HeadBucket",
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
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
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
        check::check(want)
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
        if let Some(boundary) = &mut want.permissions_boundary {
            boundary.fill(env);
        }
        want.logging = want.logging.or(Some(true));
        let needs_kms = || {
            wants
                .of::<Monitors>()
                .is_some_and(|monitors| monitors.needs_kms())
        };
        if want.management_events.is_some() && want.kms_events.is_none() && needs_kms() {
            want.kms_events = Some(true);
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }

    fn holds(seen: &Observed<Model, Ids>, _here: &Here<'_>) -> Vec<Asset> {
        let ids = &seen.ids;
        let trail = ids.arn.as_ref().map(|_| TRAIL.at(&Location::Account));
        let group = ids.group.as_ref().filter(|group| group.exists);
        trail
            .into_iter()
            .chain(group.map(|_| LOG_GROUP.at(&Location::Account)))
            .collect()
    }
}

impl Live for CloudTrail {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
