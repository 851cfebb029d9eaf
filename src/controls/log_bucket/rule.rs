//! The life cycle: one rule of trueup's own, beside whatever rules others have put there.

use std::fmt;

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    Transition, TransitionStorageClass,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The id of trueup's rule.
pub(super) const ID: &str = "trueup-log-retention";

/// Where objects are archived to (S3 API reference, `Transition`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArchiveClass {
    /// Hours until an object can be read, cheapest.
    DeepArchive,
    /// Minutes to hours until an object can be read.
    Glacier,
    /// Read at once.
    GlacierIr,
    /// S3 finds out which objects are read.
    IntelligentTiering,
    /// Read at once, kept in one zone only.
    OnezoneIa,
    /// Read at once.
    StandardIa,
}

const CLASSES: [(ArchiveClass, &str); 6] = [
    (ArchiveClass::DeepArchive, "DEEP_ARCHIVE"),
    (ArchiveClass::Glacier, "GLACIER"),
    (ArchiveClass::GlacierIr, "GLACIER_IR"),
    (ArchiveClass::IntelligentTiering, "INTELLIGENT_TIERING"),
    (ArchiveClass::OnezoneIa, "ONEZONE_IA"),
    (ArchiveClass::StandardIa, "STANDARD_IA"),
];

impl ArchiveClass {
    /// S3's name for it.
    fn name(self) -> &'static str {
        CLASSES
            .iter()
            .find(|(class, _)| *class == self)
            .map_or("", |(_, name)| name)
    }

    fn of(name: &str) -> Option<Self> {
        CLASSES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(class, _)| *class)
    }

    /// The earliest day on which S3 archives there.
    pub(super) fn least_days(self) -> i32 {
        match self {
            ArchiveClass::OnezoneIa | ArchiveClass::StandardIa => 30,
            _ => 1,
        }
    }
}

/// What happens to every object of the bucket in time. Numbers are days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// When objects are archived, and where to.
    pub(crate) archive: Option<(i32, ArchiveClass)>,
    /// When objects are deleted.
    pub(crate) expire: Option<i32>,
    /// When old versions are deleted.
    pub(crate) old_versions: Option<i32>,
}

impl Rule {
    pub(super) fn does_nothing(&self) -> bool {
        *self == Rule::default()
    }

    /// What two rules do together: whatever is first.
    pub(super) fn with(self, other: Rule) -> Rule {
        let first = |one: Option<i32>, other: Option<i32>| one.into_iter().chain(other).min();
        Rule {
            archive: [self.archive, other.archive]
                .into_iter()
                .flatten()
                .min_by_key(|(days, _)| *days),
            expire: first(self.expire, other.expire),
            old_versions: first(self.old_versions, other.old_versions),
        }
    }

    /// What a rule of the API does to every object; nothing if it is off or for some objects only.
    pub(super) fn of(rule: &LifecycleRule) -> Rule {
        let is_for_all = rule.status == ExpirationStatus::Enabled && !narrows(rule);
        if !is_for_all {
            return Rule::default();
        }
        let archive = rule.transitions().iter().filter_map(|transition| {
            let class = ArchiveClass::of(transition.storage_class.as_ref()?.as_str())?;
            Some((transition.days?, class))
        });
        Rule {
            archive: archive.min_by_key(|(days, _)| *days),
            expire: rule.expiration.as_ref().and_then(|expiration| expiration.days),
            old_versions: rule
                .noncurrent_version_expiration
                .as_ref()
                // Versions that are kept by their number are not all deleted.
                .filter(|old| old.newer_noncurrent_versions.is_none())
                .and_then(|old| old.noncurrent_days),
        }
    }

    /// The rule for the API.
    pub(super) fn to_api(self) -> Result<LifecycleRule, BuildError> {
        let transition = self.archive.map(|(days, class)| {
            Transition::builder()
                .days(days)
                .storage_class(TransitionStorageClass::from(class.name()))
                .build()
        });
        let expiration = self
            .expire
            .map(|days| LifecycleExpiration::builder().days(days).build());
        let old = self.old_versions.map(|days| {
            NoncurrentVersionExpiration::builder()
                .noncurrent_days(days)
                .build()
        });
        LifecycleRule::builder()
            .id(ID)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .set_transitions(transition.map(|one| vec![one]))
            .set_expiration(expiration)
            .set_noncurrent_version_expiration(old)
            .build()
    }
}

/// Whether a rule is for some objects only.
fn narrows(rule: &LifecycleRule) -> bool {
    let some = |prefix: Option<&str>| prefix.is_some_and(|prefix| !prefix.is_empty());
    // The field is deprecated, and old rules still have it.
    #[expect(deprecated, reason = "old rules have it")]
    let outside = some(rule.prefix.as_deref());
    let inside = rule.filter.as_ref().is_some_and(|filter| {
        some(filter.prefix.as_deref())
            || filter.tag.is_some()
            || filter.and.is_some()
            || filter.object_size_greater_than.is_some()
            || filter.object_size_less_than.is_some()
    });
    outside || inside
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = vec![];
        if let Some((days, class)) = self.archive {
            parts.push(format!("{} after {days} days", class.name()));
        }
        if let Some(days) = self.expire {
            parts.push(format!("expire after {days} days"));
        }
        if let Some(days) = self.old_versions {
            parts.push(format!("old versions after {days} days"));
        }
        match parts.is_empty() {
            true => f.write_str("nothing of trueup's any more"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}
