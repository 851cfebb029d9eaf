//! What a world, or an event in it, does to a region's default VPC: puts something in, or takes a part away.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::Ids;
use super::cidr::Cidr;
use super::instances::{self, NewInstance, NewInterface};
use super::model::{
    AclEntry, Attachment, CarrierGateway, CidrAssociation, CidrReservation, Ec2, EgressOnlyGateway,
    Exclusion, FlowLog, InstanceState, InterfaceAttachment, LATTICE, NatAddress, NatGateway,
    NetworkInterface, Peering, PeeringStatus, PeeringVpc, Route, Rule, State, Subnet, THEN,
    TransitAttachment, VpcEndpoint, VpnGateway, find_mut,
};
use super::{AwsError, Cx, addresses, geography, rows, subnets, tags, vpcs};

/// One thing in which a region's default VPC differs from a new one.
///
/// The first variants are put into it and may be in the way of its removal; the last ones take a part of it
/// away, as if somebody had begun to take it apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occupant {
    /// An instance in this state, in the first default subnet. A running one has a public address.
    Instance(InstanceState),
    /// A NAT gateway, with its network interface and its Elastic IP address.
    NatGateway,
    /// A network interface that belongs to no instance.
    NetworkInterface,
    /// A network interface with an Elastic IP address.
    ElasticAddress,
    /// A VPC endpoint.
    VpcEndpoint(EndpointKind),
    /// A security group besides the default one, by its name.
    SecurityGroup(String),
    /// A security group, by its name, with a rule that refers to the default one.
    GroupReference(String),
    /// A subnet that is not a default one.
    Subnet,
    /// A route table besides the main one, for the first subnet where there is one.
    RouteTable,
    /// A network ACL besides the default one.
    NetworkAcl,
    /// A peering connection with a VPC of another account, with this status code: `active`,
    /// `pending-acceptance`.
    Peering(String),
    /// An attached virtual private gateway.
    VpnGateway,
    /// The attachment to a transit gateway, with its network interface.
    TransitGatewayAttachment,
    /// An egress-only internet gateway.
    EgressOnlyGateway,
    /// A carrier gateway.
    CarrierGateway,
    /// An association with a VPC Lattice service network: EC2 shows it as routes.
    LatticeAssociation,
    /// An exclusion from VPC Block Public Access, of the VPC.
    PublicAccessExclusion,
    /// A reservation of addresses in the first default subnet.
    CidrReservation,
    /// A second block of addresses.
    ExtraCidr(String),
    /// A flow log.
    FlowLog,
    /// Tags on the VPC. Here, and only here, they may begin with `aws:`, as those of AWS's own tools do.
    Tags(BTreeMap<String, String>),
    /// A further rule in the default security group: TCP port 22 from everywhere.
    ChangedDefaultGroup,
    /// A further rule in the default network ACL.
    ChangedDefaultAcl,
    /// A further route in the main route table, to the internet gateway.
    ExtraRoute,
    /// The internet gateway is detached but still there.
    DetachedInternetGateway,
    /// The internet gateway is gone.
    NoInternetGateway,
    /// The main route table has no route to the internet.
    NoInternetRoute,
    /// The default subnet of this availability zone is gone.
    NoSubnetIn(String),
    /// All subnets are gone.
    NoSubnets,
    /// There is no default VPC at all.
    NoVpc,
}

/// The kind of a VPC endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// A gateway endpoint, which has routes and no network interface.
    Gateway,
    /// An interface endpoint, with a network interface in the first subnet.
    Interface,
    /// An endpoint of a VPC Lattice service network, with a network interface in the first subnet.
    ServiceNetwork,
}

/// Changes the region's default VPC, or says why it cannot: there is none, or no subnet to put something in.
/// After a refusal nothing has changed.
pub fn occupy(ec2: &mut Ec2, ids: &mut Ids, what: &Occupant) -> Result<(), String> {
    let mut changed = ec2.clone();
    put(
        &mut Cx {
            ec2: &mut changed,
            ids,
        },
        what,
    )?;
    *ec2 = changed;
    Ok(())
}

fn put(cx: &mut Cx<'_>, what: &Occupant) -> Result<(), String> {
    let region = cx.ec2.region.clone();
    let vpc = cx
        .ec2
        .default_vpc()
        .cloned()
        .ok_or_else(|| format!("{region} has no default VPC"))?;
    let vpc_id = vpc.vpc_id.as_str();
    match what {
        Occupant::Instance(state) => {
            let subnet = first_subnet(cx)?;
            let reservation_id = cx.ids.next("r");
            let image_id = cx.ids.next("ami");
            let new = NewInstance {
                image_id: &image_id,
                instance_type: "t3.micro",
                client_token: "",
                reservation_id: &reservation_id,
                ami_launch_index: 0,
                groups: Vec::new(),
                public: subnet.map_public_ip_on_launch,
            };
            let instance = instances::create_instance(cx, &subnet, new).map_err(text)?;
            instances::set_state(cx.ec2, &instance.instance_id, *state).map_err(text)?;
        }
        Occupant::NatGateway => nat_gateway(cx)?,
        Occupant::NetworkInterface => {
            interface(cx, "made by hand", "interface")?;
        }
        Occupant::ElasticAddress => {
            let interface = interface(cx, "made by hand", "interface")?;
            let address = addresses::allocate(cx).map_err(text)?;
            addresses::associate(cx, &address.allocation_id, &interface.network_interface_id)
                .map_err(text)?;
        }
        Occupant::VpcEndpoint(kind) => vpc_endpoint(cx, vpc_id, *kind)?,
        Occupant::SecurityGroup(name) => {
            let group = vpcs::security_group(cx, vpc_id, name, "put here by the world");
            cx.ec2.security_groups.push(group);
        }
        Occupant::GroupReference(name) => {
            let default = cx.ec2.default_group(vpc_id).map(|group| group.group_id.clone());
            let mut group = vpcs::security_group(cx, vpc_id, name, "put here by the world");
            group.rules.push(Rule {
                group: default,
                ..ssh_rule(cx, None)
            });
            cx.ec2.security_groups.push(group);
        }
        Occupant::Subnet => {
            let block: Cidr = vpc
                .cidr_block
                .parse()
                .map_err(|_| "the VPC has no block".to_owned())?;
            // From the end of the VPC, so that default subnets keep finding their places.
            let free = block
                .split(24)
                .filter(|part| subnets::is_free(cx, vpc_id, *part))
                .last();
            let free = free.ok_or("the VPC has no free addresses")?;
            let zone = geography::zones(&region).swap_remove(0);
            subnets::create(cx, vpc_id, free, &zone, false, Vec::new());
        }
        Occupant::RouteTable => {
            let mut table = vpcs::route_table(cx, vpc_id);
            if let Ok(subnet) = first_subnet(cx) {
                let association = vpcs::table_association(cx, &table, Some(subnet.subnet_id));
                table.association_set.push(association);
            }
            cx.ec2.route_tables.push(table);
        }
        Occupant::NetworkAcl => {
            let acl = vpcs::network_acl(cx, vpc_id, false);
            cx.ec2.network_acls.push(acl);
        }
        Occupant::Peering(code) => peering(cx, vpc_id, &vpc.cidr_block, code),
        Occupant::VpnGateway => {
            let gateway = VpnGateway {
                vpn_gateway_id: cx.ids.next("vgw"),
                state: "available".to_owned(),
                r#type: "ipsec.1".to_owned(),
                amazon_side_asn: 64512,
                attachments: attached(vpc_id),
                tag_set: Vec::new(),
            };
            cx.ec2.vpn_gateways.push(gateway);
        }
        Occupant::TransitGatewayAttachment => {
            let interface = interface(
                cx,
                "Network Interface for Transit Gateway Attachment",
                "transit_gateway",
            )?;
            let attachment = TransitAttachment {
                transit_gateway_attachment_id: cx.ids.next("tgw-attach"),
                transit_gateway_id: cx.ids.next("tgw"),
                vpc_id: vpc_id.to_owned(),
                vpc_owner_id: vpc.owner_id.clone(),
                state: "available".to_owned(),
                subnet_ids: vec![interface.subnet_id],
                creation_time: THEN.to_owned(),
                tag_set: Vec::new(),
            };
            cx.ec2.transit_attachments.push(attachment);
        }
        Occupant::EgressOnlyGateway => {
            let gateway = EgressOnlyGateway {
                egress_only_internet_gateway_id: cx.ids.next("eigw"),
                attachment_set: attached(vpc_id),
                tag_set: Vec::new(),
            };
            cx.ec2.egress_only_gateways.push(gateway);
        }
        Occupant::CarrierGateway => {
            let gateway = CarrierGateway {
                carrier_gateway_id: cx.ids.next("cagw"),
                vpc_id: vpc_id.to_owned(),
                state: "available".to_owned(),
                owner_id: vpc.owner_id.clone(),
                tag_set: Vec::new(),
            };
            cx.ec2.carrier_gateways.push(gateway);
        }
        Occupant::LatticeAssociation => {
            let prefix_list_id = cx.ids.next("pl");
            let tables = cx.ec2.route_tables.iter_mut();
            for table in tables.filter(|table| table.vpc_id == vpc_id) {
                table.route_set.push(Route {
                    destination_prefix_list_id: Some(prefix_list_id.clone()),
                    gateway_id: Some(LATTICE.to_owned()),
                    origin: "CreateRoute".to_owned(),
                    ..Route::default()
                });
            }
        }
        Occupant::PublicAccessExclusion => {
            let exclusion = Exclusion {
                exclusion_id: cx.ids.next("vpcbpa-exclude"),
                internet_gateway_exclusion_mode: "allow-bidirectional".to_owned(),
                resource_arn: rows::arn(cx.ec2, "vpc", vpc_id),
                state: "create-complete".to_owned(),
                creation_timestamp: THEN.to_owned(),
                last_update_timestamp: THEN.to_owned(),
                tag_set: Vec::new(),
            };
            cx.ec2.exclusions.push(exclusion);
        }
        Occupant::CidrReservation => {
            let subnet = first_subnet(cx)?;
            let block: Cidr = subnet
                .cidr_block
                .parse()
                .map_err(|_| "the subnet has no block".to_owned())?;
            let last = block.split(28).last().ok_or("the subnet is too small")?;
            let reservation = CidrReservation {
                subnet_cidr_reservation_id: cx.ids.next("scr"),
                subnet_id: subnet.subnet_id,
                cidr: last.to_string(),
                reservation_type: "prefix".to_owned(),
                owner_id: subnet.owner_id,
                description: String::new(),
                tag_set: Vec::new(),
            };
            cx.ec2.cidr_reservations.push(reservation);
        }
        Occupant::ExtraCidr(block) => {
            let block: Cidr = block
                .parse()
                .map_err(|_| format!("{block} is not a CIDR block"))?;
            let association = CidrAssociation {
                association_id: cx.ids.next("vpc-cidr-assoc"),
                cidr_block: block.to_string(),
                cidr_block_state: State::associated(),
            };
            for table in cx
                .ec2
                .route_tables
                .iter_mut()
                .filter(|table| table.vpc_id == vpc_id)
            {
                table.route_set.push(vpcs::local_route(&association.cidr_block));
            }
            let vpc = find_mut(&mut cx.ec2.vpcs, vpc_id).map_err(text)?;
            vpc.cidr_block_association_set.push(association);
        }
        Occupant::FlowLog => flow_log(cx, vpc_id),
        Occupant::Tags(wanted) => {
            let vpc = find_mut(&mut cx.ec2.vpcs, vpc_id).map_err(text)?;
            for (key, value) in wanted {
                tags::put_unchecked(&mut vpc.tag_set, key, value);
            }
        }
        Occupant::ChangedDefaultGroup => {
            let rule = ssh_rule(cx, Some("0.0.0.0/0"));
            let mut groups = cx.ec2.security_groups.iter_mut();
            if let Some(group) = groups.find(|group| group.vpc_id == vpc_id && group.is_default()) {
                group.rules.push(rule);
            }
        }
        Occupant::ChangedDefaultAcl => {
            let mut acls = cx.ec2.network_acls.iter_mut();
            if let Some(acl) = acls.find(|acl| acl.vpc_id == vpc_id && acl.default) {
                acl.entry_set.push(AclEntry {
                    rule_number: 90,
                    protocol: "-1".to_owned(),
                    rule_action: "deny".to_owned(),
                    egress: false,
                    cidr_block: "203.0.113.0/24".to_owned(),
                });
            }
        }
        Occupant::ExtraRoute => {
            let gateways = &cx.ec2.internet_gateways;
            let gateway = gateways.iter().find(|gateway| gateway.vpc() == Some(vpc_id));
            let gateway = gateway.ok_or("the default VPC has no internet gateway")?;
            let route = Route {
                destination_cidr_block: Some("192.0.2.0/24".to_owned()),
                gateway_id: Some(gateway.internet_gateway_id.clone()),
                origin: "CreateRoute".to_owned(),
                ..Route::default()
            };
            if let Some(table) = cx.ec2.main_table_mut(vpc_id) {
                table.route_set.push(route);
            }
        }
        Occupant::DetachedInternetGateway => {
            for gateway in &mut cx.ec2.internet_gateways {
                gateway
                    .attachment_set
                    .retain(|attachment| attachment.vpc_id != vpc_id);
            }
        }
        Occupant::NoInternetGateway => {
            cx.ec2
                .internet_gateways
                .retain(|gateway| gateway.vpc() != Some(vpc_id));
        }
        Occupant::NoInternetRoute => {
            if let Some(table) = cx.ec2.main_table_mut(vpc_id) {
                let default = Some("0.0.0.0/0");
                table
                    .route_set
                    .retain(|route| route.destination_cidr_block.as_deref() != default);
            }
        }
        Occupant::NoSubnetIn(zone) => {
            let mut subnets = cx.ec2.subnets_of(vpc_id);
            let subnet = subnets.find(|subnet| subnet.default_for_az && subnet.availability_zone == *zone);
            let id = subnet.map(|subnet| subnet.subnet_id.clone());
            drop(subnets);
            take_subnet(
                cx.ec2,
                &id.ok_or_else(|| format!("there is no default subnet in {zone}"))?,
            )?;
        }
        Occupant::NoSubnets => {
            let all: Vec<String> = cx
                .ec2
                .subnets_of(vpc_id)
                .map(|subnet| subnet.subnet_id.clone())
                .collect();
            all.iter().try_for_each(|id| take_subnet(cx.ec2, id))?;
        }
        Occupant::NoVpc => {
            let all: Vec<String> = cx
                .ec2
                .subnets_of(vpc_id)
                .map(|subnet| subnet.subnet_id.clone())
                .collect();
            all.iter().try_for_each(|id| take_subnet(cx.ec2, id))?;
            cx.ec2
                .internet_gateways
                .retain(|gateway| gateway.vpc() != Some(vpc_id));
            if vpcs::in_the_way(cx.ec2, vpc_id) {
                return Err(format!(
                    "the default VPC of {region} is in use and cannot be taken away"
                ));
            }
            vpcs::remove(cx.ec2, vpc_id);
        }
    }
    Ok(())
}

/// Takes a subnet away, where nothing is in it: an account cannot come to have an interface without its
/// subnet.
fn take_subnet(ec2: &mut Ec2, id: &str) -> Result<(), String> {
    if ec2.interfaces_in(id).next().is_some() {
        return Err(format!("the subnet {id} is in use and cannot be taken away"));
    }
    subnets::remove(ec2, id);
    Ok(())
}

fn first_subnet(cx: &Cx<'_>) -> Result<Subnet, String> {
    let vpc = cx.ec2.default_vpc();
    vpc.and_then(|vpc| {
        cx.ec2
            .subnets_of(&vpc.vpc_id)
            .find(|subnet| subnet.default_for_az)
    })
    .cloned()
    .ok_or_else(|| format!("the default VPC of {} has no subnet", cx.ec2.region))
}

fn text(error: AwsError) -> String {
    format!("{}: {}", error.code, error.message)
}

fn attached(vpc_id: &str) -> Vec<Attachment> {
    vec![Attachment {
        vpc_id: vpc_id.to_owned(),
        state: "attached".to_owned(),
    }]
}

/// A network interface in the first subnet. One that a service made is attached to something of the
/// service's.
fn interface(cx: &mut Cx<'_>, description: &str, interface_type: &str) -> Result<NetworkInterface, String> {
    let subnet = first_subnet(cx)?;
    let new = NewInterface {
        subnet: &subnet,
        description,
        interface_type,
        groups: Vec::new(),
    };
    let interface = instances::create_interface(cx, new).map_err(text)?;
    if interface.requester_managed {
        let attachment = InterfaceAttachment {
            attachment_id: cx.ids.next("ela-attach"),
            instance_id: None,
            instance_owner_id: "amazon-aws".to_owned(),
            device_index: 1,
            status: "attached".to_owned(),
            attach_time: THEN.to_owned(),
            delete_on_termination: false,
        };
        let id = &interface.network_interface_id;
        let interface = find_mut(&mut cx.ec2.network_interfaces, id).map_err(text)?;
        interface.attachment = Some(attachment);
        "in-use".clone_into(&mut interface.status);
    }
    Ok(interface)
}

fn nat_gateway(cx: &mut Cx<'_>) -> Result<(), String> {
    let nat_gateway_id = cx.ids.next("nat");
    let interface = interface(
        cx,
        &format!("Interface for NAT Gateway {nat_gateway_id}"),
        "nat_gateway",
    )?;
    let address = addresses::allocate(cx).map_err(text)?;
    addresses::associate(cx, &address.allocation_id, &interface.network_interface_id).map_err(text)?;
    cx.ec2.nat_gateways.push(NatGateway {
        nat_gateway_id,
        vpc_id: interface.vpc_id,
        subnet_id: interface.subnet_id,
        state: "available".to_owned(),
        connectivity_type: "public".to_owned(),
        create_time: THEN.to_owned(),
        nat_gateway_address_set: vec![NatAddress {
            allocation_id: address.allocation_id,
            network_interface_id: interface.network_interface_id,
            private_ip: interface.private_ip_address,
            public_ip: address.public_ip,
            is_primary: true,
            status: "succeeded".to_owned(),
        }],
        tag_set: Vec::new(),
    });
    Ok(())
}

fn vpc_endpoint(cx: &mut Cx<'_>, vpc_id: &str, kind: EndpointKind) -> Result<(), String> {
    let vpc_endpoint_id = cx.ids.next("vpce");
    let region = cx.ec2.region.clone();
    let mut endpoint = VpcEndpoint {
        vpc_endpoint_type: "Gateway".to_owned(),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        service_name: Some(format!("com.amazonaws.{region}.s3")),
        service_network_arn: None,
        state: "available".to_owned(),
        route_table_id_set: Vec::new(),
        subnet_id_set: Vec::new(),
        network_interface_id_set: Vec::new(),
        group_set: Vec::new(),
        private_dns_enabled: false,
        requester_managed: false,
        creation_timestamp: THEN.to_owned(),
        tag_set: Vec::new(),
        vpc_endpoint_id,
    };
    match kind {
        EndpointKind::Gateway => {
            let prefix_list_id = cx.ids.next("pl");
            if let Some(table) = cx.ec2.main_table_mut(vpc_id) {
                table.route_set.push(Route {
                    destination_prefix_list_id: Some(prefix_list_id),
                    gateway_id: Some(endpoint.vpc_endpoint_id.clone()),
                    origin: "CreateRoute".to_owned(),
                    ..Route::default()
                });
                endpoint.route_table_id_set.push(table.route_table_id.clone());
            }
        }
        EndpointKind::Interface | EndpointKind::ServiceNetwork => {
            let description = format!("VPC Endpoint Interface {}", endpoint.vpc_endpoint_id);
            let interface = interface(cx, &description, "vpc_endpoint")?;
            endpoint.subnet_id_set.push(interface.subnet_id);
            endpoint
                .network_interface_id_set
                .push(interface.network_interface_id);
            endpoint.group_set = interface.group_set;
            if kind == EndpointKind::Interface {
                "Interface".clone_into(&mut endpoint.vpc_endpoint_type);
                endpoint.service_name = Some(format!("com.amazonaws.{region}.ssm"));
                endpoint.private_dns_enabled = true;
            } else {
                "ServiceNetwork".clone_into(&mut endpoint.vpc_endpoint_type);
                endpoint.service_name = None;
                let partition = geography::partition(&region);
                let id = cx.ids.next("sn");
                endpoint.service_network_arn = Some(format!(
                    "arn:{partition}:vpc-lattice:{region}:{}:servicenetwork/{id}",
                    endpoint.owner_id
                ));
            }
        }
    }
    cx.ec2.vpc_endpoints.push(endpoint);
    Ok(())
}

fn peering(cx: &mut Cx<'_>, vpc_id: &str, cidr_block: &str, code: &str) {
    let region = &cx.ec2.region;
    let peering = Peering {
        vpc_peering_connection_id: cx.ids.next("pcx"),
        requester_vpc_info: PeeringVpc {
            owner_id: "210987654321".to_owned(),
            vpc_id: cx.ids.next("vpc"),
            cidr_block: "10.0.0.0/16".to_owned(),
            region: region.clone(),
        },
        accepter_vpc_info: PeeringVpc {
            owner_id: cx.ec2.account_id.clone(),
            vpc_id: vpc_id.to_owned(),
            cidr_block: cidr_block.to_owned(),
            region: region.clone(),
        },
        status: PeeringStatus {
            code: code.to_owned(),
            message: match code {
                "active" => "Active".to_owned(),
                "pending-acceptance" => format!("Pending Acceptance by {}", cx.ec2.account_id),
                other => other.to_owned(),
            },
        },
        tag_set: Vec::new(),
    };
    cx.ec2.peerings.push(peering);
}

fn flow_log(cx: &mut Cx<'_>, resource_id: &str) {
    let log = FlowLog {
        flow_log_id: cx.ids.next("fl"),
        flow_log_status: "ACTIVE".to_owned(),
        deliver_logs_status: "SUCCESS".to_owned(),
        resource_id: resource_id.to_owned(),
        traffic_type: "ALL".to_owned(),
        log_destination_type: "cloud-watch-logs".to_owned(),
        log_group_name: "vpc-flow-logs".to_owned(),
        log_format: "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
                     ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
            .to_owned(),
        max_aggregation_interval: 600,
        creation_time: THEN.to_owned(),
        tag_set: Vec::new(),
    };
    cx.ec2.flow_logs.push(log);
}

fn ssh_rule(cx: &mut Cx<'_>, from: Option<&str>) -> Rule {
    Rule {
        security_group_rule_id: cx.ids.next("sgr"),
        is_egress: false,
        ip_protocol: "tcp".to_owned(),
        from_port: 22,
        to_port: 22,
        cidr_ipv4: from.map(str::to_owned),
        group: None,
        tag_set: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
