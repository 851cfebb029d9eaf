//! The table, what is read beside it, and the changes.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Bound, Capped, Never, NumberOr, Presence, Template};
use trueup_policy::{Policy, Statement};

use super::rule::{ArchiveClass, Other, Rule};
use super::statements;

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
    /// How objects are encrypted if the writer does not say how. What is stronger stays: "AES256", "aws:kms",
    /// "aws:kms:dsse".
    pub(crate) encryption: Option<Bound<Encryption>>,
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
    /// After how many days objects are deleted, or "never". What is kept for longer stays so.
    pub(crate) expire_after_days: Option<Capped<NumberOr<Never>>>,
    /// After how many days old versions are deleted, or "never".
    pub(crate) old_versions_expire_after_days: Option<NumberOr<Never>>,
}

/// How strict two retentions are: what is kept for longer is stricter.
pub(super) fn by_length(one: &NumberOr<Never>, other: &NumberOr<Never>) -> Ordering {
    let days = |life: &NumberOr<Never>| life.number.unwrap_or(i32::MAX);
    days(one).cmp(&days(other))
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// What stands before `AWSLogs/` in the names of Config's files: nothing, where nothing is written.
    pub(super) fn config_prefixes(&self) -> BTreeSet<String> {
        let written = self.config_prefixes.clone();
        written.unwrap_or_else(|| BTreeSet::from([String::new()]))
    }
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
    pub(super) fn name(self) -> &'static str {
        match self {
            Ownership::BucketOwnerEnforced => "BucketOwnerEnforced",
            Ownership::BucketOwnerPreferred => "BucketOwnerPreferred",
            Ownership::ObjectWriter => "ObjectWriter",
        }
    }
}

/// How objects are encrypted, in S3's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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
    pub(super) fn name(self) -> &'static str {
        match self {
            Encryption::S3 => "AES256",
            Encryption::Kms => "aws:kms",
            Encryption::KmsTwice => "aws:kms:dsse",
        }
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
    /// The name of the file, where that bucket does not exist and the account's logs go to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) in_place_of: Option<String>,
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
    /// The prefixes of Config's files that were asked for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) config_prefixes: BTreeSet<String>,
    /// trueup's own rule of the life cycle.
    #[serde(default)]
    pub(crate) own_rule: Rule,
    /// What others' rules do to the logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) other_rules: Vec<Other>,
    /// What the ACL grants to others, read where ACLs are to count no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) grants: Vec<String>,
    /// Objects that are smaller than 128 KB are archived too, by whatever rule (S3 user guide, "Transitioning objects
    /// using Amazon S3 Lifecycle").
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) archives_small: bool,
    /// Old versions can be deleted with MFA only.
    #[serde(default)]
    pub(crate) has_mfa_delete: bool,
    /// How long Object Lock retains new objects by default, read where Config is to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_retention: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

impl Ids {
    /// Whether a bucket's name in the file means this one.
    pub(crate) fn is_meant(&self, name: &str) -> bool {
        self.is_managed
            && [&self.name, &self.in_place_of]
                .iter()
                .any(|one| one.as_deref() == Some(name))
    }
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
        /// The deleted principals that the policy names, and that are left out of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deleted: Vec<String>,
    },
    /// Put trueup's rule into its life cycle, or take it out if it does nothing.
    Age {
        /// Which one.
        at: Target,
        /// The rule.
        rule: Rule,
        /// Archive no object that is smaller than 128 KB any more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        not_small: bool,
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
                statements,
                without,
                deleted,
                ..
            } => {
                write!(f, "bucket policy: {}", statements::told(statements, without))?;
                match deleted.is_empty() {
                    true => Ok(()),
                    false => write!(f, ", without the deleted principals {}", deleted.join(", ")),
                }
            }
            Action::Age { rule, not_small, .. } => {
                let small = match not_small {
                    true => ", archive nothing that is smaller than 128 KB",
                    false => "",
                };
                write!(f, "life cycle: {rule}{small}")
            }
            Action::Tag { tags, .. } => write!(f, "tag the bucket: {}", tags::shown(tags)),
            Action::Delete { at } => write!(f, "delete the S3 bucket `{}`", at.bucket),
        }
    }
}
