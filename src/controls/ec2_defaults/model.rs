//! The table, what is known beside it, and the changes.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::values::{Bound, NoPreference, NumberOr};

/// The table `[ec2_defaults]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// Whether snapshots may be public. A stricter block stays.
    pub(crate) snapshot_public_access: Option<Bound<SnapshotAccess>>,
    /// Whether AMIs may become public. Those that are public stay so, and so does a stricter block.
    pub(crate) image_public_access: Option<Bound<ImageAccess>>,
    /// Principals with the permission get to the serial console of instances, which needs no network. Where it is off
    /// it stays off; { exactly = true } turns it on.
    pub(crate) serial_console: Option<Bound<bool>>,
    /// What new instances have unless their launch says otherwise.
    pub(crate) instance_metadata: Option<InstanceMetadata>,
}

/// How public snapshots may be. Ordered from open to closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SnapshotAccess {
    /// Any snapshot may be shared with everybody.
    Unblocked,
    /// No further one may be shared with everybody.
    BlockNewSharing,
    /// None is shared with everybody, whatever its permissions say.
    BlockAllSharing,
}

impl SnapshotAccess {
    /// As EC2 says it; nothing for a state that is not known here.
    pub(super) fn from_api(state: &str) -> Option<Self> {
        match state {
            "unblocked" => Some(SnapshotAccess::Unblocked),
            "block-new-sharing" => Some(SnapshotAccess::BlockNewSharing),
            "block-all-sharing" => Some(SnapshotAccess::BlockAllSharing),
            _ => None,
        }
    }
}

/// How public AMIs may become. Ordered from open to closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImageAccess {
    /// Any AMI may be shared with everybody.
    Unblocked,
    /// No further one may be shared with everybody.
    BlockNewSharing,
}

impl ImageAccess {
    /// As EC2 says it; nothing for a state that is not known here.
    pub(super) fn from_api(state: &str) -> Option<Self> {
        match state {
            "unblocked" => Some(ImageAccess::Unblocked),
            "block-new-sharing" => Some(ImageAccess::BlockNewSharing),
            _ => None,
        }
    }
}

/// The table `[ec2_defaults.instance_metadata]`. "no_preference" leaves an option to the AMI and to EC2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstanceMetadata {
    /// "required" is IMDSv2 alone, "optional" IMDSv1 too. A stricter word stays.
    pub(crate) http_tokens: Option<Bound<Tokens>>,
    /// How many network hops an answer may travel, 1 to 64. A container is one hop further than its instance. A lower
    /// limit stays.
    pub(crate) http_put_response_hop_limit: Option<Bound<NumberOr<NoPreference>>>,
    /// Whether there is instance metadata at all.
    pub(crate) http_endpoint: Option<Switch>,
    /// Whether an instance finds its tags in its metadata.
    pub(crate) instance_metadata_tags: Option<Switch>,
    /// What does not require IMDSv2 is not launched. Where it is enabled it stays so.
    pub(crate) http_tokens_enforced: Option<Bound<Switch>>,
}

/// A lower limit is stricter, and no preference is the least.
pub(super) fn by_hops(one: &NumberOr<NoPreference>, other: &NumberOr<NoPreference>) -> Ordering {
    let hops = |limit: &NumberOr<NoPreference>| limit.number.unwrap_or(i32::MAX);
    hops(other).cmp(&hops(one))
}

/// Whether IMDSv2 is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tokens {
    /// IMDSv2 alone.
    Required,
    /// IMDSv1 too.
    Optional,
    /// What the AMI asks for.
    NoPreference,
}

impl Tokens {
    /// "required" is the strictest. "optional" is the least: it allows IMDSv1 where the AMI would not.
    pub(super) fn by_strictness(&self, other: &Self) -> Ordering {
        let rank = |tokens: &Tokens| match tokens {
            Tokens::Required => 2,
            Tokens::NoPreference => 1,
            Tokens::Optional => 0,
        };
        rank(self).cmp(&rank(other))
    }
}

/// An option that can be left to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
    /// What EC2 does by itself.
    NoPreference,
}

const NO_PREFERENCE: &str = "no-preference";

impl Tokens {
    pub(super) fn api(self) -> &'static str {
        match self {
            Tokens::Required => "required",
            Tokens::Optional => "optional",
            Tokens::NoPreference => NO_PREFERENCE,
        }
    }

    fn from_api(option: Option<&str>) -> Option<Self> {
        match option {
            Some("required") => Some(Tokens::Required),
            Some("optional") => Some(Tokens::Optional),
            None | Some(NO_PREFERENCE) => Some(Tokens::NoPreference),
            Some(_) => None,
        }
    }
}

impl Switch {
    /// For what is stricter where it is enabled. Off is off, whichever word says so.
    pub(super) fn by_strictness(&self, other: &Self) -> Ordering {
        let is_on = |switch: &Switch| *switch == Switch::Enabled;
        is_on(self).cmp(&is_on(other))
    }

    pub(super) fn api(self) -> &'static str {
        match self {
            Switch::Enabled => "enabled",
            Switch::Disabled => "disabled",
            Switch::NoPreference => NO_PREFERENCE,
        }
    }

    fn from_api(option: Option<&str>) -> Option<Self> {
        match option {
            Some("enabled") => Some(Switch::Enabled),
            Some("disabled") => Some(Switch::Disabled),
            None | Some(NO_PREFERENCE) => Some(Switch::NoPreference),
            Some(_) => None,
        }
    }
}

/// The metadata options as EC2 has them, words that are not known here too; nothing where there is no preference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options {
    /// `HttpTokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http_tokens: Option<String>,
    /// `HttpPutResponseHopLimit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http_put_response_hop_limit: Option<i32>,
    /// `HttpEndpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http_endpoint: Option<String>,
    /// `InstanceMetadataTags`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instance_metadata_tags: Option<String>,
    /// `HttpTokensEnforced`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http_tokens_enforced: Option<String>,
}

impl Options {
    /// The same in the words of the table.
    pub(super) fn model(&self) -> InstanceMetadata {
        let switch = |option: &Option<String>| Switch::from_api(option.as_deref());
        InstanceMetadata {
            http_tokens: Tokens::from_api(self.http_tokens.as_deref()).map(Bound::Plain),
            // No preference is nothing, or -1.
            http_put_response_hop_limit: Some(Bound::Plain(NumberOr::from_api(
                self.http_put_response_hop_limit,
            ))),
            http_endpoint: switch(&self.http_endpoint),
            instance_metadata_tags: switch(&self.instance_metadata_tags),
            http_tokens_enforced: switch(&self.http_tokens_enforced).map(Bound::Plain),
        }
    }
}

/// One of the four settings, each of which has a call of its own and may have an owner of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Setting {
    /// Public snapshots.
    SnapshotPublicAccess,
    /// Public AMIs.
    ImagePublicAccess,
    /// The serial console.
    SerialConsole,
    /// The metadata options, all of them.
    InstanceMetadata,
}

impl Setting {
    /// Its key in the table.
    pub(super) fn key(self) -> &'static str {
        match self {
            Setting::SnapshotPublicAccess => "snapshot_public_access",
            Setting::ImagePublicAccess => "image_public_access",
            Setting::SerialConsole => "serial_console",
            Setting::InstanceMetadata => "instance_metadata",
        }
    }

    /// The table without it.
    pub(super) fn out_of(self, mut table: Model) -> Model {
        match self {
            Setting::SnapshotPublicAccess => table.snapshot_public_access = None,
            Setting::ImagePublicAccess => table.image_public_access = None,
            Setting::SerialConsole => table.serial_console = None,
            Setting::InstanceMetadata => table.instance_metadata = None,
        }
        table
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The settings that a declarative policy of the organization holds.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) by_policy: BTreeSet<Setting>,
    /// The metadata options as they were read.
    #[serde(default)]
    pub(crate) options: Options,
    /// The snapshots that `block_all_sharing` would hide; looked for where that would be new.
    #[serde(default)]
    pub(crate) public_snapshots: PublicSnapshots,
}

/// The account's own snapshots that are shared with everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicSnapshots {
    /// Their ids, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
    /// Why they could not be listed, if they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_listed: Option<String>,
}

/// A change of one region's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::enum_variant_names,
    reason = "each sets one of EC2's settings, and saved plans have these names"
)]
pub(crate) enum Action {
    /// Say how public snapshots may be.
    SetSnapshotAccess(SnapshotAccess),
    /// Say how public AMIs may become.
    SetImageAccess(ImageAccess),
    /// Give access to serial consoles, or take it.
    SetSerialConsole(bool),
    /// Set metadata options of new instances.
    SetInstanceMetadata {
        /// What changes.
        set: InstanceMetadata,
        /// What there was, to be sent back where nothing is set.
        keep: Options,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = match self {
            Action::SetSnapshotAccess(access) => {
                return f.write_str(match access {
                    SnapshotAccess::Unblocked => "let snapshots be public again",
                    SnapshotAccess::BlockNewSharing => "block new public snapshots",
                    SnapshotAccess::BlockAllSharing => "block all public snapshots",
                });
            }
            Action::SetImageAccess(ImageAccess::Unblocked) => return f.write_str("let AMIs be public again"),
            Action::SetImageAccess(ImageAccess::BlockNewSharing) => {
                return f.write_str("block new public AMIs");
            }
            Action::SetSerialConsole(true) => return f.write_str("give access to the EC2 serial console"),
            Action::SetSerialConsole(false) => {
                return f.write_str("end the access to the EC2 serial console");
            }
            Action::SetInstanceMetadata { set, .. } => set,
        };
        let InstanceMetadata {
            http_tokens,
            http_put_response_hop_limit,
            http_endpoint,
            instance_metadata_tags,
            http_tokens_enforced,
        } = set;
        let options = [
            (
                "tokens",
                http_tokens.map(|tokens| tokens.value().api().replace('-', " ")),
            ),
            (
                "hop limit",
                http_put_response_hop_limit.map(|hops| hops.value().to_string().replace('_', " ")),
            ),
            ("endpoint", http_endpoint.map(told)),
            ("tags", instance_metadata_tags.map(told)),
            (
                "enforcement of tokens",
                http_tokens_enforced.map(Bound::into_value).map(told),
            ),
        ];
        let set: Vec<String> = options
            .into_iter()
            .filter_map(|(name, option)| Some(format!("{name} {}", option?)))
            .collect();
        write!(f, "set the metadata options of new instances: {}", set.join(", "))
    }
}

fn told(switch: Switch) -> String {
    switch.api().replace('-', " ")
}
