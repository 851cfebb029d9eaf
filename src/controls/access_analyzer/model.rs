//! The table, what is read beside it, and the changes.

use std::fmt;

use aws_sdk_accessanalyzer::types::Type;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::tags::{self, Tags};
use trueup_core::values::Bound;

/// The table `[access_analyzer]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// An analyzer looks for what can be reached from outside the account.
    pub(crate) external_access: Option<bool>,
    /// An analyzer looks for roles, keys and permissions that nobody uses: one, in the home region, for IAM is the
    /// same everywhere. It is paid by role and user.
    pub(crate) unused_access: Option<bool>,
    /// After how many days something counts as unused, 1 to 365. An analyzer that counts fewer stays, and one that
    /// counts more has to be deleted by hand: AWS cannot change the number.
    pub(crate) unused_access_days: Option<Bound<i32>>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The analyzer of external access.
    pub(crate) external: Option<Analyzer>,
    /// The analyzer of unused access.
    pub(crate) unused: Option<Analyzer>,
}

/// An analyzer that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Analyzer {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// True for one of a whole organization, which this account administers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) of_organization: bool,
    /// Why it does not work, if it does not.
    pub(crate) broken: Option<String>,
    /// The service that made it for itself, if one did.
    pub(crate) managed_by: Option<String>,
    /// It leaves out accounts, or roles and users with certain tags.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) leaves_out: bool,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// What an analyzer looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// What can be reached from outside the account.
    External,
    /// What nobody used for so many days.
    Unused(i32),
}

impl Kind {
    /// The name of an analyzer that trueup makes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::External => "external-access",
            Kind::Unused(_) => "unused-access",
        }
    }

    pub(super) fn to_api(self) -> Type {
        match self {
            Kind::External => Type::Account,
            Kind::Unused(_) => Type::AccountUnusedAccess,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::External => f.write_str("analyzer of external access"),
            Kind::Unused(days) => write!(f, "analyzer of access unused for {days} days"),
        }
    }
}

/// A change of one region's analyzers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make one. One of the same type that appeared meanwhile is as good.
    Create {
        /// What it looks for.
        kind: Kind,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Delete one.
    Delete {
        /// Its name.
        name: String,
    },
    /// Tag one.
    Tag {
        /// Its name.
        name: String,
        /// Its ARN.
        arn: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create { kind, .. } => write!(f, "create the {kind}"),
            Action::Delete { name } => write!(f, "delete the analyzer {name}"),
            Action::Tag { name, tags, .. } => write!(f, "tag the analyzer {name}: {}", tags::shown(tags)),
        }
    }
}

/// The days of an analyzer whose table says none: what the console proposes.
pub(super) const DAYS: i32 = 90;
