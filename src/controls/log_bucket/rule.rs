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

    /// What a rule of trueup's does; nothing if it was switched off or narrowed.
    pub(super) fn own(rule: &LifecycleRule) -> Rule {
        match Scope::of(rule) {
            Some(scope) if scope.is_all() => Rule::of(rule),
            _ => Rule::default(),
        }
    }

    /// What a rule of the API does to the objects that it is for.
    fn of(rule: &LifecycleRule) -> Rule {
        let archive = rule.transitions().iter().filter_map(|transition| {
            let class = ArchiveClass::of(transition.storage_class.as_ref()?.as_str())?;
            Some((transition.days?, class))
        });
        Rule {
            archive: archive.min_by_key(|(days, _)| *days),
            expire: rule
                .expiration
                .as_ref()
                .and_then(|expiration| match expiration.date {
                    // From that day on objects go within a day.
                    Some(_) => Some(1),
                    None => expiration.days,
                }),
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

/// What another's rule does to the logs, or to some of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Other {
    /// Its id.
    pub(crate) id: String,
    /// The beginning of the names of the objects that it is for.
    pub(crate) prefix: String,
    /// What it does to them.
    pub(crate) does: Rule,
}

impl Other {
    /// A rule, if it reaches objects whose names have one of these beginnings. What archives only some of the logs does
    /// not archive them.
    pub(super) fn of(rule: &LifecycleRule, written: &[String]) -> Option<Other> {
        let scope = Scope::of(rule)?;
        let covers = |folder: &String| folder.starts_with(scope.prefix);
        let reaches = |folder: &String| covers(folder) || scope.prefix.starts_with(folder.as_str());
        let mut does = Rule::of(rule);
        if scope.is_by_size || !written.iter().all(covers) {
            does.archive = None;
        }
        (written.iter().any(reaches) && !does.does_nothing()).then(|| Other {
            id: rule.id().unwrap_or_default().to_owned(),
            prefix: scope.prefix.to_owned(),
            does,
        })
    }

    /// What others' rules do together.
    pub(super) fn all(rules: &[Other]) -> Rule {
        rules
            .iter()
            .fold(Rule::default(), |all, other| all.with(other.does))
    }
}

/// The objects that a rule is for.
struct Scope<'a> {
    prefix: &'a str,
    is_by_size: bool,
}

impl<'a> Scope<'a> {
    /// Nothing if it is switched off, or only for objects with tags: no log has one.
    fn of(rule: &'a LifecycleRule) -> Option<Self> {
        // The field is deprecated, and old rules still have it.
        #[expect(deprecated, reason = "old rules have it")]
        let outside = rule.prefix.as_deref();
        let filter = rule.filter.as_ref();
        let both = filter.and_then(|filter| filter.and.as_ref());
        let has_tags = filter.is_some_and(|filter| filter.tag.is_some())
            || both.is_some_and(|both| !both.tags().is_empty());
        let prefix = outside
            .or_else(|| filter?.prefix.as_deref())
            .or_else(|| both?.prefix.as_deref());
        let sizes = [
            filter.and_then(|filter| filter.object_size_greater_than),
            filter.and_then(|filter| filter.object_size_less_than),
            both.and_then(|both| both.object_size_greater_than),
            both.and_then(|both| both.object_size_less_than),
        ];
        (rule.status == ExpirationStatus::Enabled && !has_tags).then(|| Scope {
            prefix: prefix.unwrap_or_default(),
            is_by_size: sizes.iter().any(Option::is_some),
        })
    }

    fn is_all(&self) -> bool {
        self.prefix.is_empty() && !self.is_by_size
    }
}

/// A rule as it can be sent back beside trueup's own, which has a filter: S3 takes no mixture of rules with one and rules
/// of the old form, and both mean the same.
pub(super) fn with_filter(mut rule: LifecycleRule) -> LifecycleRule {
    #[expect(deprecated, reason = "old rules have it")]
    let outside = rule.prefix.take();
    if let (Some(prefix), None) = (outside, &rule.filter) {
        rule.filter = Some(LifecycleRuleFilter::builder().prefix(prefix).build());
    }
    rule
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
