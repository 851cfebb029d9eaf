//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

/// Whether the default VPC is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It exists, as AWS makes it: with an internet gateway, the route to it and a default subnet in each
    /// zone.
    Present,
    /// It does not exist; if it does, it is removed.
    Absent,
    /// It exists without all that AWS makes with it. Nobody writes this: `export` does for what it found, so
    /// that the file holds as long as nothing moves, and nothing is ever changed to become so.
    #[schemars(skip)]
    Incomplete,
}

/// By hand, so that the error of a wrong word names only the words that a person writes.
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "present" => Ok(State::Present),
            "absent" => Ok(State::Absent),
            "incomplete" => Ok(State::Incomplete),
            other => Err(de::Error::unknown_variant(other, &["present", "absent"])),
        }
    }
}

/// The table `[default_vpc]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" removes it if nothing uses it, "present" restores it, also from a half-deleted one.
    pub(crate) state: Option<State>,
    /// Tags that do not keep it from being removed, by their keys: "Name", or "team-*" for every key that begins so.
    /// Tags of AWS's own (aws:*) never do.
    pub(crate) ignore_tags: Option<IgnoredTags>,
}

impl Model {
    pub(super) fn of(state: State) -> Self {
        Model {
            state: Some(state),
            ignore_tags: None,
        }
    }

    /// The tags that do not count.
    pub(super) fn ignored(&self) -> IgnoredTags {
        self.ignore_tags.clone().unwrap_or_default()
    }
}

/// Keys of tags, each whole or as a beginning with `*` behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct IgnoredTags(pub(crate) Vec<String>);

impl IgnoredTags {
    /// True for the key of a tag that does not count.
    pub(super) fn has(&self, key: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => key.starts_with(beginning),
            None => key == pattern,
        };
        key.starts_with("aws:") || self.0.iter().any(fits)
    }

    /// The first entry that is neither a key nor the beginning of one.
    pub(super) fn wrong(&self) -> Option<&str> {
        let is_wrong = |pattern: &&String| {
            pattern.is_empty() || pattern.strip_suffix('*').unwrap_or(pattern).contains('*')
        };
        self.0.iter().find(is_wrong).map(String::as_str)
    }
}

/// What is needed to act on the default VPC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The VPC, if there is one.
    pub(crate) vpc: Option<Vpc>,
}

/// A default VPC and what belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vpc {
    /// Its id, `vpc-…`.
    pub(crate) id: String,
    /// The internet gateways attached to it, `igw-…`, sorted. AWS allows one.
    pub(crate) gateways: Vec<String>,
    /// The internet gateway that its default route still names although it is detached: what a removal that
    /// was interrupted between detaching and deleting leaves behind.
    pub(crate) detached_gateway: Option<String>,
    /// Its default subnets, sorted by zone.
    pub(crate) subnets: Vec<Subnet>,
    /// The zones that have no default subnet, sorted. Read unless the VPC is to be removed.
    pub(crate) zones_without_subnet: Vec<String>,
    /// Its main route table, `rtb-…`.
    pub(crate) main_route_table: String,
    /// The route to everywhere, in the main route table.
    pub(crate) default_route: DefaultRoute,
    /// The security groups beside the default one that nothing uses, in an order in which they can be deleted. Read
    /// only if it is to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unused_groups: Vec<Group>,
    /// What forbids removing it, one line each. Read only if it is to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) obstacles: Vec<String>,
    /// What does not forbid it but is lost with it, one line each. Read only if it is to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lost: Vec<String>,
    /// What else a person is to know of the removal, one line each. Read only if it is to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notices: Vec<String>,
}

impl Vpc {
    /// What of [`State`] it is: whole, or half-deleted.
    pub(super) fn state(&self) -> State {
        let whole = !self.gateways.is_empty()
            && self.default_route == DefaultRoute::Leads
            && !self.subnets.is_empty()
            && self.zones_without_subnet.is_empty();
        if whole { State::Present } else { State::Incomplete }
    }
}

/// A default subnet: each zone has one at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subnet {
    /// Its id, `subnet-…`.
    pub(crate) id: String,
    /// The name of its zone, such as `us-east-1a`.
    pub(crate) zone: String,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its id, `sg-…`.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
}

/// The route for 0.0.0.0/0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DefaultRoute {
    /// It leads somewhere, wherever that is.
    Leads,
    /// It is there and leads to something that is gone (`blackhole`): it can only be replaced.
    Dead,
    /// There is none.
    Missing,
}

/// A change of the default VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Delete a default subnet.
    DeleteSubnet(Subnet),
    /// Detach an internet gateway from the VPC.
    DetachGateway {
        /// The gateway's id.
        gateway: String,
        /// The VPC's id.
        vpc: String,
    },
    /// Delete an internet gateway that is attached to nothing.
    DeleteGateway {
        /// The gateway's id.
        gateway: String,
    },
    /// Delete a security group that nothing uses.
    DeleteGroup(Group),
    /// Delete the VPC.
    DeleteVpc {
        /// The VPC's id.
        vpc: String,
    },
    /// Create the default VPC with all that belongs to it.
    Create,
    /// Create an internet gateway and attach it to the VPC, if none is attached.
    AddGateway {
        /// The VPC's id.
        vpc: String,
    },
    /// Attach an internet gateway that exists to the VPC, if none is attached.
    AttachGateway {
        /// The gateway's id.
        gateway: String,
        /// The VPC's id.
        vpc: String,
    },
    /// Create the route from the main route table to the attached internet gateway.
    CreateRoute {
        /// The main route table's id.
        table: String,
        /// The VPC's id.
        vpc: String,
    },
    /// Point the route of the main route table, which leads nowhere, to the attached internet gateway.
    ReplaceRoute {
        /// The main route table's id.
        table: String,
        /// The VPC's id.
        vpc: String,
    },
    /// Create the default subnet of a zone.
    CreateSubnet {
        /// The zone's name.
        zone: String,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::DeleteSubnet(Subnet { id, zone }) => write!(f, "delete subnet {id} ({zone})"),
            Action::DetachGateway { gateway, vpc } => {
                write!(f, "detach internet gateway {gateway} from {vpc}")
            }
            Action::DeleteGateway { gateway } => write!(f, "delete internet gateway {gateway}"),
            Action::DeleteGroup(Group { id, name }) => write!(f, "delete security group {id} ({name})"),
            Action::DeleteVpc { vpc } => write!(f, "delete the default VPC {vpc}"),
            Action::Create => f.write_str("create the default VPC"),
            Action::AddGateway { vpc } => write!(f, "create an internet gateway and attach it to {vpc}"),
            Action::AttachGateway { gateway, vpc } => {
                write!(f, "attach internet gateway {gateway} to {vpc}")
            }
            Action::CreateRoute { table, .. } => {
                write!(f, "create the route 0.0.0.0/0 to the internet gateway in {table}")
            }
            Action::ReplaceRoute { table, .. } => {
                write!(
                    f,
                    "replace the dead route 0.0.0.0/0 in {table} with one to the internet gateway"
                )
            }
            Action::CreateSubnet { zone } => write!(f, "create the default subnet in {zone}"),
        }
    }
}
