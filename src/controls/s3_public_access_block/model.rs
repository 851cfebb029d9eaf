//! The table and the changes.

use std::fmt;

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::values::{Bound, Presence};

use super::buckets::Cuts;

/// The table `[s3_public_access_block]`. A setting that is written false and on in the account stays on;
/// `{ exactly = false }` turns it off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" takes the account's block away; those of single buckets stay.
    pub(crate) state: Option<Presence>,
    /// New public ACLs are refused, and with them every upload that carries one. Existing ones keep their effect.
    pub(crate) block_public_acls: Option<Bound<bool>>,
    /// Public ACLs of buckets and objects, existing ones too, lose their effect.
    pub(crate) ignore_public_acls: Option<Bound<bool>>,
    /// New public bucket policies are refused. Existing ones keep their effect.
    pub(crate) block_public_policy: Option<Bound<bool>>,
    /// A bucket with a public policy, existing ones too, answers only this account and AWS's services.
    pub(crate) restrict_public_buckets: Option<Bound<bool>>,
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// What is wanted, over what is there. `PutPublicAccessBlock` takes what it is not sent as off.
    pub(super) fn over(&self, live: Block) -> Block {
        if self.is_absent() {
            return Block::default();
        }
        let settled = |want: Option<Bound<bool>>, live: bool| {
            want.map_or(live, |want| *want.settled(Some(&live), bool::cmp))
        };
        Block {
            block_public_acls: settled(self.block_public_acls, live.block_public_acls),
            ignore_public_acls: settled(self.ignore_public_acls, live.ignore_public_acls),
            block_public_policy: settled(self.block_public_policy, live.block_public_policy),
            restrict_public_buckets: settled(self.restrict_public_buckets, live.restrict_public_buckets),
        }
    }

    /// The settings, by their keys.
    pub(super) fn settings(&self) -> [(&'static str, Option<Bound<bool>>); 4] {
        [
            ("block_public_acls", self.block_public_acls),
            ("ignore_public_acls", self.ignore_public_acls),
            ("block_public_policy", self.block_public_policy),
            ("restrict_public_buckets", self.restrict_public_buckets),
        ]
    }
}

/// All four settings, as S3 acts on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(super) block_public_acls: bool,
    pub(super) ignore_public_acls: bool,
    pub(super) block_public_policy: bool,
    pub(super) restrict_public_buckets: bool,
}

impl Block {
    pub(super) fn from_api(block: &PublicAccessBlockConfiguration) -> Self {
        Block {
            block_public_acls: block.block_public_acls.unwrap_or(false),
            ignore_public_acls: block.ignore_public_acls.unwrap_or(false),
            block_public_policy: block.block_public_policy.unwrap_or(false),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or(false),
        }
    }

    pub(super) fn to_api(self) -> PublicAccessBlockConfiguration {
        PublicAccessBlockConfiguration::builder()
            .block_public_acls(self.block_public_acls)
            .ignore_public_acls(self.ignore_public_acls)
            .block_public_policy(self.block_public_policy)
            .restrict_public_buckets(self.restrict_public_buckets)
            .build()
    }

    pub(super) fn model(self) -> Model {
        Model {
            state: None,
            block_public_acls: Some(Bound::Plain(self.block_public_acls)),
            ignore_public_acls: Some(Bound::Plain(self.ignore_public_acls)),
            block_public_policy: Some(Bound::Plain(self.block_public_policy)),
            restrict_public_buckets: Some(Bound::Plain(self.restrict_public_buckets)),
        }
    }

    pub(super) fn settings(self) -> [(&'static str, bool); 4] {
        [
            ("block_public_acls", self.block_public_acls),
            ("ignore_public_acls", self.ignore_public_acls),
            ("block_public_policy", self.block_public_policy),
            ("restrict_public_buckets", self.restrict_public_buckets),
        ]
    }

    /// What this block newly cuts off of what exists.
    pub(super) fn cuts_after(self, live: Block) -> Cuts {
        Cuts {
            acls: self.ignore_public_acls && !live.ignore_public_acls,
            policies: self.restrict_public_buckets && !live.restrict_public_buckets,
        }
    }

    /// The settings that are on there and off here.
    pub(super) fn opens_after(self, live: Block) -> Vec<&'static str> {
        self.settings()
            .into_iter()
            .zip(live.settings())
            .filter(|((_, here), (_, there))| *there && !*here)
            .map(|((name, _), _)| name)
            .collect()
    }
}

/// A change of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Send all four settings.
    Put(Block),
    /// Take the block away.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Action::Put(block) = self else {
            return f.write_str("delete the account's S3 public access block");
        };
        let on: Vec<&str> = block
            .settings()
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| name)
            .collect();
        f.write_str("set the account's S3 public access block: ")?;
        match on.len() {
            0 => f.write_str("all four off"),
            4 => f.write_str("all four on"),
            _ => write!(f, "{} on, the rest off", on.join(", ")),
        }
    }
}
