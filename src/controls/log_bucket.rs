//! The one S3 bucket that CloudTrail and Config write to.
//!
//! The bucket's policy and life cycle belong to many: trueup adds statements and one rule, finds them again by their
//! names, and leaves everything else in them alone. The bucket is never emptied.
//!
//! Sources: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail"; Config developer guide, "Permissions for
//! the Amazon S3 bucket for the AWS Config delivery channel"; S3 API reference.

use std::collections::BTreeSet;

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Asset, AssetKind, Changes};
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Location, Scope};
use trueup_policy::Policy;

mod check;
mod diff;
mod live;
mod model;
mod rule;
mod statements;
#[cfg(test)]
mod tests;

pub(crate) use self::check::wrong_name;
pub(super) use self::model::Model;
use self::model::{Action, Ids};

/// The control.
pub(crate) struct LogBucket;

/// The bucket itself.
pub(crate) const BUCKET: AssetKind = AssetKind {
    control: "log_bucket",
    what: "log bucket",
};

/// The bucket, open to CloudTrail.
pub(crate) const FOR_CLOUDTRAIL: AssetKind = AssetKind {
    control: "log_bucket",
    what: "log bucket that CloudTrail may write to",
};

/// The bucket, open to Config, under a prefix if it has one.
const FOR_CONFIG: AssetKind = AssetKind {
    control: "log_bucket",
    what: "log bucket that Config may write to",
};

/// The bucket, open to Config for keys with this beginning; empty for none.
pub(super) fn for_config(prefix: &str) -> Asset {
    match prefix {
        "" => FOR_CONFIG.at(&Location::Account),
        prefix => FOR_CONFIG.named(&Location::Account, prefix),
    }
}

impl Control for LogBucket {
    const NAME: &'static str = "log_bucket";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "S3 bucket for logs",
        items: &[7, 17],
        why: "CloudTrail and Config keep their files in a bucket: closed, encrypted, and not for ever.",
        decides: &[
            "The bucket that the account's own trail or recorder writes to is the one compared, whatever its name.",
            "All four public access settings are on, ACLs are off, versioning is on.",
            "Encryption is the written one or stronger: AES256, then aws:kms, then aws:kms:dsse.",
            "The policy, its statements taken together, lets CloudTrail and Config deliver and refuses requests without TLS.",
            "Logs live at least as long as written; a rule that expires them earlier is a manual task.",
        ],
        off: "leave the table out, and the bucket stays as it is; state = \"absent\" deletes an empty one",
        cost: "0.023 USD a month for each GB and 0.005 USD for 1,000 files; roughly 0.05 to 1 USD a month for the logs \
               of a small account",
        benchmarks: &[("CIS 5.0", "2.1.1"), ("FSBP", "S3.5, S3.8, S3.12")],
        page: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
        example: r#"[log_bucket]
name = "audit-logs-{account_id}-{home_region}"
block_public_access = true
ownership = "bucket_owner_enforced"
encryption = "AES256"             # or "aws:kms" with kms_key
versioning = true
tls_only = true
expire_after_days = 2557          # or "never"
old_versions_expire_after_days = 30
# archive_after_days = 90
# archive_class = "glacier"
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "cloudtrail:DescribeTrails",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
            "config:DescribeDeliveryChannels",
            "s3:GetBucketAcl",
            "s3:GetBucketEncryption",
            "s3:GetBucketLifecycleConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetObjectLockConfiguration",
            "s3:GetPublicAccessBlock",
            "s3:HeadBucket",
            "s3:ListBuckets",
            "s3:ListObjectVersions",
        ],
        write: &[
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketLifecycle",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketEncryption",
            "s3:PutBucketLifecycleConfiguration",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutPublicAccessBlock",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        if let Some(name) = &mut want.name {
            name.fill(env);
        }
        if want.is_absent() {
            return;
        }
        if let Some(trail) = wants.of::<super::cloudtrail::CloudTrail>() {
            trail.fill_bucket(want, env);
        }
        want.config = want.config.or(Some(true));
        if let (None, Some(bucket), Some(true)) = (&want.config_prefixes, &want.name, want.config) {
            let recorders = wants.each_of::<super::config_recorder::ConfigRecorder>();
            let prefixes: BTreeSet<String> = recorders
                .filter_map(|recorder| recorder.prefix_in(bucket, env))
                .collect();
            // Without a recorder, as with one that has no prefix, it is as it is without the key.
            let has_some = prefixes.iter().any(|prefix| !prefix.is_empty());
            want.config_prefixes = has_some.then_some(prefixes);
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }

    fn unsaid(seen: &Observed<Model, Ids>) -> Vec<String> {
        let unusable = seen.ids.unusable.iter();
        unusable.map(|why| format!("No table: {why}")).collect()
    }

    fn holds(seen: &Observed<Model, Ids>, here: &Here<'_>) -> Vec<Asset> {
        let ids = &seen.ids;
        let (Some(bucket), Some(_), None) = (&ids.name, &ids.region, &ids.unusable) else {
            return vec![];
        };
        let mut held = vec![BUCKET.at(&Location::Account)];
        let none = Policy::of([]);
        let policy = ids.policy.as_ref().unwrap_or(&none);
        let for_trail = statements::for_trail(bucket, ids, here.env);
        if !for_trail.is_empty() && statements::are_met(&for_trail, policy) {
            held.push(FOR_CLOUDTRAIL.at(&Location::Account));
        }
        let prefixes = statements::config_prefixes(policy, &ids.config_prefixes, bucket, here.env);
        held.extend(prefixes.iter().map(|prefix| for_config(prefix)));
        held
    }
}

impl Live for LogBucket {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
