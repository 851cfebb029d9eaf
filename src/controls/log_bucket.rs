//! The one S3 bucket that CloudTrail and Config write to.
//!
//! The bucket's policy and life cycle belong to many: trueup adds statements and one rule, finds them again by their
//! names, and leaves everything else in them alone. The bucket is never emptied.
//!
//! Sources: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail"; Config developer guide, "Permissions for
//! the Amazon S3 bucket for the AWS Config delivery channel"; S3 API reference.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::change::{Asset, AssetKind};
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::env::Env;
use trueup_core::location::{Place, Region, Scope};
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Never, NumberOr, Presence, Template};
use trueup_policy::{Policy, Statement};

mod apply;
mod diff;
mod read;
mod rule;
mod statements;
#[cfg(test)]
mod tests;

pub(crate) use self::rule::{ArchiveClass, Rule};

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
        "" => FOR_CONFIG.at(&Place::Account),
        prefix => FOR_CONFIG.named(&Place::Account, prefix),
    }
}

/// The table `[log_bucket]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" deletes the bucket of the home region that trueup's statements are in, if it is empty. trueup never
    /// empties one.
    pub(crate) state: Option<Presence>,
    /// The bucket's name, with `{account_id}` and `{home_region}` if need be. It is made in the home region if it does
    /// not exist.
    pub(crate) name: Option<Template>,
    /// Nobody can make the bucket or an object in it public, all four settings. Off lets policies and ACLs do it.
    pub(crate) block_public_access: Option<bool>,
    /// Who owns the objects, and whether ACLs count.
    pub(crate) ownership: Option<Ownership>,
    /// How objects are encrypted if the writer does not say how.
    pub(crate) encryption: Option<Encryption>,
    /// The KMS key's ARN for "aws:kms". Its policy has to let CloudTrail and Config use it.
    pub(crate) kms_key: Option<String>,
    /// Overwritten and deleted objects are kept as old versions.
    pub(crate) versioning: Option<bool>,
    /// Requests without TLS are refused.
    pub(crate) tls_only: Option<bool>,
    /// The name of the trail that may write to it; that of `[cloudtrail]` if it is not written.
    pub(crate) trail: Option<String>,
    /// What stands before `AWSLogs/` in the names of the trail's files; that of `[cloudtrail]` if it is not written.
    pub(crate) trail_prefix: Option<String>,
    /// Config may write to it. It may unless that is switched off.
    pub(crate) config: Option<bool>,
    /// What stands before `AWSLogs/` in the names of Config's files, which can differ by region, and "" for nothing;
    /// what `[config_recorder]` has if it is not written. What the policy allows already stays allowed.
    pub(crate) config_prefixes: Option<BTreeSet<String>>,
    /// After how many days objects are archived, or "never".
    pub(crate) archive_after_days: Option<NumberOr<Never>>,
    /// Where to.
    pub(crate) archive_class: Option<ArchiveClass>,
    /// After how many days objects are deleted, or "never".
    pub(crate) expire_after_days: Option<NumberOr<Never>>,
    /// After how many days old versions are deleted, or "never".
    pub(crate) old_versions_expire_after_days: Option<NumberOr<Never>>,
}

/// Who owns the objects of a bucket (S3 API reference, `OwnershipControlsRule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ownership {
    /// The bucket's owner, and ACLs do not count.
    BucketOwnerEnforced,
    /// The bucket's owner, where the writer's ACL says so.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
}

impl Ownership {
    fn name(self) -> &'static str {
        match self {
            Ownership::BucketOwnerEnforced => "BucketOwnerEnforced",
            Ownership::BucketOwnerPreferred => "BucketOwnerPreferred",
            Ownership::ObjectWriter => "ObjectWriter",
        }
    }
}

/// How objects are encrypted, in S3's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Encryption {
    /// With keys of S3's own.
    #[serde(rename = "AES256")]
    S3,
    /// With a KMS key.
    #[serde(rename = "aws:kms")]
    Kms,
    /// With a KMS key, twice.
    #[serde(rename = "aws:kms:dsse")]
    KmsTwice,
}

impl Encryption {
    fn name(self) -> &'static str {
        match self {
            Encryption::S3 => "AES256",
            Encryption::Kms => "aws:kms",
            Encryption::KmsTwice => "aws:kms:dsse",
        }
    }
}

impl Model {
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// What stands before `AWSLogs/` in the names of Config's files: nothing, where nothing is written.
    fn config_prefixes(&self) -> BTreeSet<String> {
        let written = self.config_prefixes.clone();
        written.unwrap_or_else(|| BTreeSet::from([String::new()]))
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Whether the file manages it.
    #[serde(default)]
    pub(crate) is_managed: bool,
    /// The bucket's name, whether it exists or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The region that it is in, if it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Region>,
    /// Buckets with trueup's statements where only one can be meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) several: Vec<String>,
    /// Why it cannot be used, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unusable: Option<String>,
    /// It has objects or old versions; read where an expiry is wanted, or the bucket is to go.
    #[serde(default)]
    pub(crate) has_objects: bool,
    /// Its policy, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Policy>,
    /// The ARN of the trail that writes to it or is going to, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trail: Option<String>,
    /// What stands before `AWSLogs/` in that trail's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trail_prefix: Option<String>,
    /// trueup's own rule of the life cycle.
    #[serde(default)]
    pub(crate) own_rule: Rule,
    /// What others' rules do to every object.
    #[serde(default)]
    pub(crate) other_rules: Rule,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// Which bucket, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) bucket: String,
    /// Its region.
    pub(crate) region: Region,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make the bucket.
    Create {
        /// Which one.
        at: Target,
        /// Who owns its objects.
        ownership: Option<Ownership>,
        /// Whether it is closed to the public.
        block: Option<bool>,
        /// Its tags.
        tags: Tags,
    },
    /// Close it to the public, or allow opening it.
    Block {
        /// Which one.
        at: Target,
        /// All four settings.
        on: bool,
    },
    /// Say who owns its objects.
    Own {
        /// Which one.
        at: Target,
        /// Who does.
        ownership: Ownership,
    },
    /// Say how objects are encrypted.
    Encrypt {
        /// Which one.
        at: Target,
        /// How.
        encryption: Encryption,
        /// With which key.
        key: Option<String>,
    },
    /// Keep old versions, or keep no more of them.
    Version {
        /// Which one.
        at: Target,
        /// Whether they are kept.
        on: bool,
    },
    /// Put statements into its policy, in place of those of the same names, and take others out.
    Allow {
        /// Which one.
        at: Target,
        /// The statements.
        statements: Vec<Statement>,
        /// The names of those that go.
        without: Vec<String>,
    },
    /// Put trueup's rule into its life cycle, or take it out if it does nothing.
    Age {
        /// Which one.
        at: Target,
        /// The rule.
        rule: Rule,
    },
    /// Tag it.
    Tag {
        /// Which one.
        at: Target,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
    /// Delete it, empty as it is.
    Delete {
        /// Which one.
        at: Target,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create { at, .. } => write!(f, "create the S3 bucket `{}`", at.bucket),
            Action::Block { on: true, .. } => write!(f, "block public access to the bucket"),
            Action::Block { on: false, .. } => write!(f, "no longer block public access to the bucket"),
            Action::Own { ownership, .. } => write!(f, "set the objects' ownership to {}", ownership.name()),
            Action::Encrypt { encryption, .. } => write!(f, "encrypt objects with {}", encryption.name()),
            Action::Version { on: true, .. } => write!(f, "keep old versions of objects"),
            Action::Version { on: false, .. } => write!(f, "keep no more old versions of objects"),
            Action::Allow {
                statements, without, ..
            } => {
                write!(f, "bucket policy: {}", statements::told(statements, without))
            }
            Action::Age { rule, .. } => write!(f, "life cycle: {rule}"),
            Action::Tag { tags, .. } => write!(f, "tag the bucket: {}", tags::shown(tags)),
            Action::Delete { at } => write!(f, "delete the S3 bucket `{}`", at.bucket),
        }
    }
}

impl Control for LogBucket {
    const NAME: &'static str = "log_bucket";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "S3 bucket for logs",
        items: &[7, 17],
        why: "CloudTrail and Config keep their files in a bucket: closed, encrypted, and not for ever.",
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
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "cloudtrail:DescribeTrails",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListAllMyBuckets",
            "s3:ListBucket",
            "s3:ListBucketVersions",
        ],
        write: &[
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        if want.is_absent() {
            return vec![];
        }
        let mut wrong = vec![];
        match &want.name {
            None => wrong.push(("", "does not say which bucket; expected name".to_owned())),
            Some(name) if !is_name(name.as_str()) => wrong.push((
                "name",
                format!("`{name}` is no bucket's name; expected 3 to 63 lower-case letters, digits, - and ."),
            )),
            Some(_) => {}
        }
        if want.config_prefixes.as_ref().is_some_and(BTreeSet::is_empty) {
            wrong.push((
                "config_prefixes",
                "is empty; expected at least one, \"\" for none, or config = false".to_owned(),
            ));
        }
        if want.kms_key.is_some() && matches!(want.encryption, None | Some(Encryption::S3)) {
            wrong.push(("kms_key", "stands without encryption = \"aws:kms\"".to_owned()));
        }
        let days = |after: Option<NumberOr<Never>>| after.and_then(|after| after.number);
        match (days(want.archive_after_days), want.archive_class) {
            (Some(_), None) => wrong.push((
                "archive_after_days",
                "stands without archive_class; expected both".to_owned(),
            )),
            (None, Some(_)) => wrong.push((
                "archive_class",
                "stands without a number of days in archive_after_days; expected both".to_owned(),
            )),
            (Some(days), Some(class)) if days < class.least_days() => wrong.push((
                "archive_after_days",
                format!(
                    "{days} is too early; expected {} or more for this class",
                    class.least_days()
                ),
            )),
            _ => {}
        }
        if let (Some(archive), Some(expire)) = (days(want.archive_after_days), days(want.expire_after_days))
            && expire <= archive
        {
            wrong.push((
                "expire_after_days",
                format!("{expire} is not later than archive_after_days = {archive}"),
            ));
        }
        wrong
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

    fn holds(seen: &Observed<Model, Ids>, here: &Here<'_>) -> Vec<Asset> {
        let ids = &seen.ids;
        let (Some(bucket), Some(_), None) = (&ids.name, &ids.region, &ids.unusable) else {
            return vec![];
        };
        let lets = |statements: Vec<Statement>| {
            let policy = ids.policy.as_ref();
            !statements.is_empty() && policy.is_some_and(|policy| policy.lacking(&statements).is_empty())
        };
        let mut held = vec![BUCKET.at(&Place::Account)];
        if lets(statements::for_trail(bucket, ids, here.env)) {
            held.push(FOR_CLOUDTRAIL.at(&Place::Account));
        }
        if let Some(policy) = &ids.policy {
            let prefixes = statements::config_prefixes(policy, bucket, here.env);
            held.extend(prefixes.iter().map(|prefix| for_config(prefix)));
        }
        held
    }
}

impl Live for LogBucket {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        read::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        apply::apply(action, cx).await
    }
}

/// What S3 takes as a bucket's name (S3 user guide, "Bucket naming rules").
fn is_name(template: &str) -> bool {
    let name = template
        .replace("{account_id}", "111122223333")
        .replace("{home_region}", "us-east-1");
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = [name.bytes().next(), name.bytes().last()];
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| plain(b) || b == b'-' || b == b'.')
        && edges.iter().flatten().all(|&b| plain(b))
        && !name.contains("..")
}
