//! What EC2's answers say about a default VPC, as lines for people.

use aws_sdk_ec2::types::{
    AttachmentStatus, CarrierGateway, CarrierGatewayState, EgressOnlyInternetGateway, FlowLog, Instance,
    NatGateway, NatGatewayState, NetworkAcl, NetworkInterface, Route, RouteState, RouteTable, RuleAction,
    SecurityGroup, State, Subnet, SubnetCidrReservation, Tag, TransitGatewayAttachmentState,
    TransitGatewayVpcAttachment, Vpc, VpcBlockPublicAccessExclusion, VpcBlockPublicAccessExclusionState,
    VpcCidrBlockStateCode, VpcEndpoint, VpcPeeringConnection, VpcPeeringConnectionStateReasonCode,
    VpnGateway,
};

use super::Parts;
use crate::default_vpc::live::read::{EVERYWHERE, is_default, is_main};
use crate::default_vpc::model::{Group, IgnoredTags};

/// What was found, one line each.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct InTheWay {
    /// What forbids removing the VPC.
    pub(crate) obstacles: Vec<String>,
    /// What is lost with it, but was made to be changed.
    pub(crate) lost: Vec<String>,
    /// What else is to be known.
    pub(crate) notices: Vec<String>,
    /// The security groups beside the default one that nothing uses, in an order in which they can be deleted.
    pub(crate) unused_groups: Vec<Group>,
}

impl InTheWay {
    pub(super) fn obstacles(lines: impl IntoIterator<Item = String>) -> Self {
        let mut obstacles: Vec<String> = lines.into_iter().collect();
        obstacles.sort();
        InTheWay {
            obstacles,
            ..InTheWay::default()
        }
    }

    pub(super) fn add(&mut self, other: InTheWay) {
        self.obstacles.extend(other.obstacles);
        self.lost.extend(other.lost);
        self.notices.extend(other.notices);
        self.unused_groups.extend(other.unused_groups);
    }
}

/// What the parts themselves show: further ranges, gateways, subnets and route tables, and tags.
pub(super) fn of_parts(parts: &Parts, ignored: &IgnoredTags) -> InTheWay {
    let Parts {
        vpc,
        gateways,
        subnets,
        route_tables,
    } = parts;
    let mut obstacles = vec![];
    obstacles.extend(further_ranges(vpc));
    obstacles.extend(tagged("VPC", vpc.vpc_id(), vpc.tags(), ignored));
    let mut attached: Vec<&str> = gateways.iter().map(|g| shown(g.internet_gateway_id())).collect();
    attached.sort_unstable();
    if let [_, _, ..] = attached[..] {
        obstacles.push(format!(
            "more than one internet gateway is attached: {}",
            attached.join(", ")
        ));
    }
    for gateway in gateways {
        obstacles.extend(tagged(
            "internet gateway",
            gateway.internet_gateway_id(),
            gateway.tags(),
            ignored,
        ));
    }
    let mut of_subnets: Vec<String> = vec![];
    for subnet in subnets {
        if subnet.default_for_az() == Some(true) {
            of_subnets.extend(tagged("subnet", subnet.subnet_id(), subnet.tags(), ignored));
        } else {
            of_subnets.push(format!(
                "subnet {} ({}) is not a default one",
                shown(subnet.subnet_id()),
                shown(subnet.cidr_block())
            ));
        }
    }
    of_subnets.sort();
    obstacles.extend(of_subnets);
    let mut of_tables: Vec<String> = vec![];
    let mut lost = vec![];
    for table in route_tables {
        let id = shown(table.route_table_id());
        of_tables.extend(attached_by_routes(table));
        if is_main(table) {
            of_tables.extend(tagged("main route table", Some(id), table.tags(), ignored));
            lost.extend(changed_routes(table));
        } else {
            of_tables.push(format!("route table {id} is not the main one"));
        }
    }
    of_tables.sort();
    obstacles.extend(of_tables);
    InTheWay {
        obstacles,
        lost,
        ..InTheWay::default()
    }
}

/// The address ranges that somebody added.
fn further_ranges(vpc: &Vpc) -> Vec<String> {
    let is_there = |state: Option<&VpcCidrBlockStateCode>| {
        !matches!(
            state,
            Some(VpcCidrBlockStateCode::Disassociated | VpcCidrBlockStateCode::Failed)
        )
    };
    let four = vpc
        .cidr_block_association_set()
        .iter()
        .filter(|range| range.cidr_block() != vpc.cidr_block())
        .filter(|range| is_there(range.cidr_block_state().and_then(|state| state.state())))
        .map(|range| shown(range.cidr_block()));
    let six = vpc
        .ipv6_cidr_block_association_set()
        .iter()
        .filter(|range| is_there(range.ipv6_cidr_block_state().and_then(|state| state.state())))
        .map(|range| shown(range.ipv6_cidr_block()));
    let mut lines: Vec<String> = four
        .chain(six)
        .map(|range| format!("added CIDR {range}"))
        .collect();
    lines.sort();
    lines
}

/// Tags mean that the thing matters to its owner, unless AWS set them or the file ignores them.
pub(in super::super) fn tagged(
    what: &str,
    id: Option<&str>,
    tags: &[Tag],
    ignored: &IgnoredTags,
) -> Option<String> {
    let mut foreign: Vec<String> = tags
        .iter()
        .filter(|tag| tag.key().is_some_and(|key| !ignored.has(key)))
        .map(|tag| format!("{} = {:?}", shown(tag.key()), tag.value().unwrap_or_default()))
        .collect();
    foreign.sort();
    (!foreign.is_empty()).then(|| {
        let foreign = foreign.join(", ");
        format!(
            "{what} {} is tagged {foreign}, which ignore_tags does not have",
            shown(id)
        )
    })
}

/// The target of the routes that AWS adds to each route table of a VPC that is associated with a VPC Lattice service
/// network (hashicorp/terraform-provider-aws#30515).
const LATTICE: &str = "VpcLattice";

/// What only routes show of the VPC's ties to other services: an association with a VPC Lattice service network, and a
/// peering with an ODB network.
fn attached_by_routes(table: &RouteTable) -> Option<String> {
    let id = shown(table.route_table_id());
    let is_live = |route: &&Route| route.state() != Some(&RouteState::Blackhole);
    table.routes().iter().filter(is_live).find_map(|route| {
        let to = destination(route);
        match (route.gateway_id(), route.odb_network_arn()) {
            (Some(LATTICE), _) => Some(format!(
                "association with a VPC Lattice service network (route {to} in {id})"
            )),
            (_, Some(network)) => Some(format!("peering with {network} (route {to} in {id})")),
            _ => None,
        }
    })
}

fn destination(route: &Route) -> &str {
    shown(
        route
            .destination_cidr_block()
            .or(route.destination_ipv6_cidr_block())
            .or(route.destination_prefix_list_id()),
    )
}

/// Routes of the main table beside the local one, the default route to the internet gateway and those of AWS's own.
fn changed_routes(table: &RouteTable) -> Option<String> {
    let mut own: Vec<&str> = table
        .routes()
        .iter()
        .filter(|route| !matches!(route.gateway_id(), Some("local" | LATTICE)))
        .filter(|route| !(is_default(route) && route.gateway_id().is_some_and(|id| id.starts_with("igw-"))))
        .map(destination)
        .collect();
    own.sort_unstable();
    (!own.is_empty()).then(|| {
        format!(
            "main route table {} has routes of its own: {}",
            shown(table.route_table_id()),
            own.join(", ")
        )
    })
}

/// Instances, and the network interfaces that are not one of theirs.
pub(super) fn of_hosts(instances: &[Instance], interfaces: &[NetworkInterface]) -> InTheWay {
    let mut findings = InTheWay::obstacles(instances.iter().map(|instance| {
        let state = instance.state().and_then(|state| state.name());
        format!(
            "instance {} ({})",
            shown(instance.instance_id()),
            shown(state.map(|name| name.as_str()))
        )
    }));
    let is_listed = |interface: &NetworkInterface| {
        interface
            .attachment()
            .and_then(|attachment| attachment.instance_id())
            .is_some_and(|owner| {
                instances
                    .iter()
                    .any(|instance| instance.instance_id() == Some(owner))
            })
    };
    findings.add(InTheWay::obstacles(
        interfaces
            .iter()
            .filter(|interface| !is_listed(interface))
            .map(|interface| {
                let about = interface
                    .description()
                    .filter(|text| !text.is_empty())
                    .or(interface.interface_type().map(|kind| kind.as_str()));
                format!(
                    "network interface {} ({})",
                    shown(interface.network_interface_id()),
                    shown(about)
                )
            }),
    ));
    findings
}

pub(super) fn of_nat_gateways(gateways: &[NatGateway]) -> InTheWay {
    InTheWay::obstacles(
        gateways
            .iter()
            .filter(|gateway| gateway.state() != Some(&NatGatewayState::Deleted))
            .map(|gateway| {
                format!(
                    "NAT gateway {} ({})",
                    shown(gateway.nat_gateway_id()),
                    shown(gateway.state().map(|state| state.as_str()))
                )
            }),
    )
}

pub(super) fn of_endpoints(endpoints: &[VpcEndpoint]) -> InTheWay {
    InTheWay::obstacles(
        endpoints
            .iter()
            // The model says `Deleted`, the wire `deleted`.
            .filter(|endpoint| {
                !endpoint
                    .state()
                    .is_some_and(|state| state.as_str().eq_ignore_ascii_case(State::Deleted.as_str()))
            })
            .map(|endpoint| {
                format!(
                    "VPC endpoint {} ({}, {})",
                    shown(endpoint.vpc_endpoint_id()),
                    shown(endpoint.vpc_endpoint_type().map(|kind| kind.as_str())),
                    // Those of VPC Lattice lead to no service, but to a network or a resource.
                    shown(
                        endpoint
                            .service_name()
                            .or(endpoint.service_network_arn())
                            .or(endpoint.resource_configuration_arn())
                    )
                )
            }),
    )
}

pub(super) fn of_peerings<'a>(
    vpc: &str,
    peerings: impl IntoIterator<Item = &'a VpcPeeringConnection>,
) -> InTheWay {
    use VpcPeeringConnectionStateReasonCode as Code;
    let mut findings = InTheWay::obstacles(
        peerings
            .into_iter()
            // Not every emulator filters.
            .filter(|peering| {
                [peering.requester_vpc_info(), peering.accepter_vpc_info()]
                    .into_iter()
                    .flatten()
                    .any(|side| side.vpc_id() == Some(vpc))
            })
            .filter_map(|peering| {
                let code = peering.status().and_then(|status| status.code());
                let over = matches!(
                    code,
                    Some(Code::Deleted | Code::Deleting | Code::Expired | Code::Failed | Code::Rejected)
                );
                (!over).then(|| {
                    format!(
                        "peering connection {} ({})",
                        shown(peering.vpc_peering_connection_id()),
                        shown(code.map(|code| code.as_str()))
                    )
                })
            }),
    );
    findings.obstacles.dedup();
    findings
}

pub(super) fn of_vpn_gateways(vpc: &str, gateways: &[VpnGateway]) -> InTheWay {
    InTheWay::obstacles(
        gateways
            .iter()
            // A gateway keeps an attachment for a while after it was detached.
            .filter(|gateway| {
                gateway.vpc_attachments().iter().any(|attachment| {
                    attachment.vpc_id() == Some(vpc)
                        && attachment.state() != Some(&AttachmentStatus::Detached)
                })
            })
            .map(|gateway| format!("VPN gateway {}", shown(gateway.vpn_gateway_id()))),
    )
}

pub(super) fn of_egress_only(vpc: &str, gateways: &[EgressOnlyInternetGateway]) -> InTheWay {
    InTheWay::obstacles(
        gateways
            .iter()
            .filter(|gateway| gateway.attachments().iter().any(|a| a.vpc_id() == Some(vpc)))
            .map(|gateway| {
                format!(
                    "egress-only internet gateway {}",
                    shown(gateway.egress_only_internet_gateway_id())
                )
            }),
    )
}

pub(super) fn of_transit(vpc: &str, attachments: &[TransitGatewayVpcAttachment]) -> InTheWay {
    use TransitGatewayAttachmentState as State;
    InTheWay::obstacles(
        attachments
            .iter()
            .filter(|attachment| attachment.vpc_id() == Some(vpc))
            .filter(|attachment| {
                !matches!(
                    attachment.state(),
                    Some(State::Deleted | State::Failed | State::Rejected)
                )
            })
            .map(|attachment| {
                format!(
                    "transit gateway attachment {} ({})",
                    shown(attachment.transit_gateway_attachment_id()),
                    shown(attachment.state().map(|state| state.as_str()))
                )
            }),
    )
}

fn is_default_group(group: &SecurityGroup) -> bool {
    group.group_name() == Some("default")
}

/// Groups of the VPC, and groups of other VPCs with rules that name one of them. Nothing with a network interface in
/// the VPC is left where this decides, so a group is used only by rules of other groups.
pub(super) fn of_groups(
    vpc: &str,
    groups: &[SecurityGroup],
    referring: &[SecurityGroup],
    ignored: &IgnoredTags,
) -> InTheWay {
    let tags = groups.iter().filter_map(|group| {
        let what = match is_default_group(group) {
            true => "default security group",
            false => "security group",
        };
        tagged(what, group.group_id(), group.tags(), ignored)
    });
    let foreign = referring
        .iter()
        .filter(|group| group.vpc_id() != Some(vpc))
        .flat_map(|by| {
            groups
                .iter()
                .filter(|group| names(by, group))
                .map(move |group| (by, group))
        })
        .map(|(by, group)| {
            format!(
                "rules of security group {} in {} name security group {}",
                of_name(by),
                shown(by.vpc_id()),
                of_name(group)
            )
        });
    let (unused, used) = deletable(groups);
    let mut findings = InTheWay::obstacles(tags.chain(foreign).chain(used));
    findings.obstacles.dedup();
    findings.unused_groups = unused;
    findings.lost = groups
        .iter()
        .filter(|group| is_default_group(group) && !has_default_rules(group))
        .map(|group| {
            format!(
                "the rules of default security group {} have been changed",
                shown(group.group_id())
            )
        })
        .collect();
    findings
}

fn of_name(group: &SecurityGroup) -> String {
    format!("{} ({})", shown(group.group_id()), shown(group.group_name()))
}

/// True if a rule of one group names another.
fn names(by: &SecurityGroup, group: &SecurityGroup) -> bool {
    by.group_id() != group.group_id()
        && [by.ip_permissions(), by.ip_permissions_egress()]
            .into_iter()
            .flatten()
            .flat_map(|rule| rule.user_id_group_pairs())
            .any(|pair| pair.group_id() == group.group_id())
}

/// The groups that can be deleted one after the other, and why the rest cannot: AWS refuses to delete a group that a
/// rule of another one names, and the default group stays to the end.
fn deletable(groups: &[SecurityGroup]) -> (Vec<Group>, Vec<String>) {
    let mut left: Vec<&SecurityGroup> = groups.iter().collect();
    left.sort_by_key(|group| group.group_id());
    let mut order = vec![];
    while let Some(at) = left
        .iter()
        .position(|group| !is_default_group(group) && !left.iter().any(|by| names(by, group)))
    {
        let group = left.remove(at);
        order.push(Group {
            id: shown(group.group_id()).to_owned(),
            name: shown(group.group_name()).to_owned(),
        });
    }
    let used = left
        .iter()
        .filter(|group| !is_default_group(group))
        .flat_map(|group| {
            left.iter()
                .filter(|by| names(by, group))
                .map(move |by| (by, group))
        })
        .map(|(by, group)| {
            format!(
                "rules of security group {} name security group {}",
                of_name(by),
                of_name(group)
            )
        })
        .collect();
    (order, used)
}

/// True for the rules that AWS makes: everything in from the group itself, everything out to everywhere.
fn has_default_rules(group: &SecurityGroup) -> bool {
    let [inward] = group.ip_permissions() else {
        return false;
    };
    let from_itself = inward.ip_protocol() == Some("-1")
        && inward.ip_ranges().is_empty()
        && inward.ipv6_ranges().is_empty()
        && inward.prefix_list_ids().is_empty()
        && matches!(inward.user_id_group_pairs(), [pair] if pair.group_id() == group.group_id());
    let outward = group.ip_permissions_egress();
    let to_everywhere = matches!(outward, [rule] if rule.ip_protocol() == Some("-1")
        && rule.user_id_group_pairs().is_empty()
        && rule.prefix_list_ids().is_empty()
        && matches!(rule.ip_ranges(), [range] if range.cidr_ip() == Some(EVERYWHERE)));
    from_itself && to_everywhere
}

pub(super) fn of_acls(acls: &[NetworkAcl], ignored: &IgnoredTags) -> InTheWay {
    let mut findings = InTheWay::obstacles(acls.iter().filter_map(|acl| {
        if acl.is_default() == Some(true) {
            tagged("default network ACL", acl.network_acl_id(), acl.tags(), ignored)
        } else {
            Some(format!(
                "network ACL {} is not the default one",
                shown(acl.network_acl_id())
            ))
        }
    }));
    findings.lost = acls
        .iter()
        .filter(|acl| acl.is_default() == Some(true) && !has_default_entries(acl))
        .map(|acl| {
            format!(
                "the rules of default network ACL {} have been changed",
                shown(acl.network_acl_id())
            )
        })
        .collect();
    findings
}

/// True for the entries that AWS makes: in each direction 100 allows everything and 32767 denies the rest.
fn has_default_entries(acl: &NetworkAcl) -> bool {
    let mut entries: Vec<_> = acl
        .entries()
        .iter()
        .filter(|entry| entry.protocol() == Some("-1") && entry.cidr_block() == Some(EVERYWHERE))
        .map(|entry| (entry.egress(), entry.rule_number(), entry.rule_action().cloned()))
        .collect();
    entries.sort();
    let of = |egress| {
        [
            (Some(egress), Some(100), Some(RuleAction::Allow)),
            (Some(egress), Some(32767), Some(RuleAction::Deny)),
        ]
    };
    entries.len() == acl.entries().len() && entries == [of(false), of(true)].concat()
}

pub(super) fn of_flow_logs(logs: &[FlowLog]) -> InTheWay {
    InTheWay::obstacles(logs.iter().map(|log| {
        format!(
            "flow log {} of {}",
            shown(log.flow_log_id()),
            shown(log.resource_id())
        )
    }))
}

pub(super) fn of_carrier_gateways(vpc: &str, gateways: &[CarrierGateway]) -> InTheWay {
    InTheWay::obstacles(
        gateways
            .iter()
            .filter(|gateway| gateway.vpc_id() == Some(vpc))
            .filter(|gateway| gateway.state() != Some(&CarrierGatewayState::Deleted))
            .map(|gateway| {
                format!(
                    "carrier gateway {} ({})",
                    shown(gateway.carrier_gateway_id()),
                    shown(gateway.state().map(|state| state.as_str()))
                )
            }),
    )
}

/// Exclusions of the VPC or of one of its subnets: the traffic that they let through is wanted.
pub(super) fn of_exclusions(
    vpc: &str,
    subnets: &[Subnet],
    exclusions: &[VpcBlockPublicAccessExclusion],
) -> InTheWay {
    use VpcBlockPublicAccessExclusionState as State;
    let of_whom = |exclusion: &VpcBlockPublicAccessExclusion| {
        let id = exclusion.resource_arn()?.rsplit('/').next()?.to_owned();
        let is_here = id == vpc || subnets.iter().any(|subnet| subnet.subnet_id() == Some(&id));
        is_here.then_some(id)
    };
    InTheWay::obstacles(
        exclusions
            .iter()
            .filter(|exclusion| {
                !matches!(
                    exclusion.state(),
                    Some(State::DeleteComplete | State::CreateFailed)
                )
            })
            .filter_map(|exclusion| {
                let of = of_whom(exclusion)?;
                let mode = exclusion.internet_gateway_exclusion_mode();
                Some(format!(
                    "VPC Block Public Access exclusion {} of {of} ({})",
                    shown(exclusion.exclusion_id()),
                    shown(mode.map(|mode| mode.as_str()))
                ))
            }),
    )
}

pub(super) fn of_reservations(reservations: &[SubnetCidrReservation]) -> InTheWay {
    InTheWay::obstacles(reservations.iter().map(|reservation| {
        format!(
            "subnet CIDR reservation {} ({} in {})",
            shown(reservation.subnet_cidr_reservation_id()),
            shown(reservation.cidr()),
            shown(reservation.subnet_id())
        )
    }))
}

/// A member as people read it, also where AWS sent none.
fn shown(member: Option<&str>) -> &str {
    member.unwrap_or("?")
}
