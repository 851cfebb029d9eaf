//! The default VPC of a region.
//!
//! Removing it starts with the subnets, because `DeleteSubnet` is AWS's own in-use check: it fails while a
//! network interface is left in the subnet, and a VPC that turns out to be used then still has its gateway
//! and its routes. `DeleteVpc` at the end takes the main route table, the default network ACL and the default
//! security group with it (EC2 API reference); the set of DHCP options stays.
//!
//! `read` says what is there, `obstacles` what forbids removing it, and `apply` makes one change.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;

mod apply;
mod obstacles;
mod read;
#[cfg(test)]
mod tests;

/// The control.
pub(crate) struct DefaultVpc;

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
}

impl Model {
    fn of(state: State) -> Self {
        Model { state: Some(state) }
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
    /// What forbids removing it, one line each. Read only if it is to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) obstacles: Vec<String>,
    /// What does not forbid it but would be lost, one line each. Read only if it is to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notices: Vec<String>,
}

/// A default subnet: each zone has one at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subnet {
    /// Its id, `subnet-…`.
    pub(crate) id: String,
    /// The name of its zone, such as `us-east-1a`.
    pub(crate) zone: String,
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

impl Vpc {
    /// What of [`State`] it is: whole, or half-deleted.
    fn state(&self) -> State {
        let whole = !self.gateways.is_empty()
            && self.default_route == DefaultRoute::Leads
            && !self.subnets.is_empty()
            && self.zones_without_subnet.is_empty();
        if whole { State::Present } else { State::Incomplete }
    }
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

impl Control for DefaultVpc {
    const NAME: &'static str = "default_vpc";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "Default VPC",
        items: &[14],
        why: "AWS puts one into every region. What is launched there without a thought gets a public address \
              and a way to the internet, in regions that nobody looks at too.",
        off: "state = \"present\" restores it, with new ids, and also repairs a half-deleted one",
        cost: "free",
        benchmarks: &[("CIS 5.0", "5.5"), ("CIS 3.0", "5.4"), ("FSBP", "EC2.2")],
        page: "https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html",
        example: r#"[default_vpc]
state = "absent"           # refused where anything uses it; "present" restores it
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeEgressOnlyInternetGateways",
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInstances",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeTransitGatewayVpcAttachments",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpnGateways",
        ],
        write: &[
            "ec2:AttachInternetGateway",
            "ec2:CreateDefaultSubnet",
            "ec2:CreateDefaultVpc",
            "ec2:CreateInternetGateway",
            "ec2:CreateRoute",
            "ec2:DeleteInternetGateway",
            "ec2:DeleteSubnet",
            "ec2:DeleteVpc",
            "ec2:DetachInternetGateway",
            "ec2:ReplaceRoute",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        match want.state {
            Some(_) => vec![],
            None => vec![(
                "state",
                "is not written; expected \"absent\" or \"present\"".to_owned(),
            )],
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, _here: &Here<'_>, out: &mut Changes<Action>) {
        match (want.state, &seen.ids.vpc) {
            (Some(State::Absent), Some(vpc)) => remove(vpc, out),
            (Some(State::Present), None) => {
                out.add(Action::Create);
            }
            (Some(State::Present), Some(vpc)) => complete(vpc, out),
            (Some(State::Incomplete), _) if seen.model != *want => out.refuse(
                "state = \"incomplete\" is how a half-deleted default VPC reads and cannot be made; write \
                 \"absent\" or \"present\"",
            ),
            (Some(State::Absent), None) | (Some(State::Incomplete) | None, _) => {}
        }
    }
}

impl Live for DefaultVpc {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        let to_go = want.is_some_and(|want| want.state == Some(State::Absent));
        let vpc = read::default_vpc(&cx.clients().ec2, to_go).await?;
        Ok(Observed {
            model: Model::of(vpc.as_ref().map_or(State::Absent, Vpc::state)),
            ids: Ids { vpc },
            held_by: None,
        })
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        apply::apply(action, cx).await
    }
}

/// The steps that remove a default VPC, or why not.
fn remove(vpc: &Vpc, out: &mut Changes<Action>) {
    vpc.notices.iter().for_each(|line| out.notice(line));
    if !vpc.obstacles.is_empty() {
        vpc.obstacles.iter().for_each(|line| out.refuse(line));
        return;
    }
    let subnets: Vec<_> = vpc
        .subnets
        .iter()
        .map(|subnet| out.destroy(Action::DeleteSubnet(subnet.clone())).id())
        .collect();
    let mut before_vpc = subnets.clone();
    for gateway in &vpc.gateways {
        let detached = out
            .destroy(Action::DetachGateway {
                gateway: gateway.clone(),
                vpc: vpc.id.clone(),
            })
            .after_all(subnets.iter().copied())
            .id();
        let delete = Action::DeleteGateway {
            gateway: gateway.clone(),
        };
        before_vpc.push(out.destroy(delete).after(detached).id());
    }
    if let Some(gateway) = &vpc.detached_gateway {
        // Before the VPC: only its route table still leads to this gateway.
        let delete = Action::DeleteGateway {
            gateway: gateway.clone(),
        };
        before_vpc.push(out.destroy(delete).after_all(subnets.iter().copied()).id());
    }
    out.destroy(Action::DeleteVpc { vpc: vpc.id.clone() })
        .after_all(before_vpc)
        .destructive(
            "what names it without a network interface in it is not seen, such as DB subnet groups, Auto \
             Scaling groups and private hosted zones",
        );
}

/// The steps that give a default VPC what AWS would have made with it.
fn complete(vpc: &Vpc, out: &mut Changes<Action>) {
    let gateway = vpc.gateways.is_empty().then(|| {
        let id = vpc.id.clone();
        out.add(match vpc.detached_gateway.clone() {
            Some(gateway) => Action::AttachGateway { gateway, vpc: id },
            None => Action::AddGateway { vpc: id },
        })
        .id()
    });
    let (table, id) = (vpc.main_route_table.clone(), vpc.id.clone());
    let route = match vpc.default_route {
        DefaultRoute::Leads => None,
        DefaultRoute::Missing => Some(out.add(Action::CreateRoute { table, vpc: id })),
        DefaultRoute::Dead => Some(out.change(Action::ReplaceRoute { table, vpc: id })),
    };
    if let Some(route) = route {
        route.after_all(gateway);
    }
    for zone in &vpc.zones_without_subnet {
        out.add(Action::CreateSubnet { zone: zone.clone() });
    }
}
