//! Instances, network interfaces and public addresses: what stands in a VPC and is in the way of its removal.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::cidr::Cidr;
use super::geography;
use super::input::Input;
use super::kind;
use super::model::{
    Address, Ec2, GroupIdentifier, Instance, InstanceState, InterfaceAttachment, NetworkInterface,
    PublicAddress, Subnet, THEN, find, find_mut,
};
use super::{Answer, AwsError, Cx, done, rows};

/// A network interface that is to be created.
pub(super) struct NewInterface<'a> {
    pub(super) subnet: &'a Subnet,
    pub(super) description: &'a str,
    /// `interface` for instances and one's own; the name of the service's kind for those that a service makes.
    pub(super) interface_type: &'a str,
    /// The groups; none means the VPC's default one.
    pub(super) groups: Vec<GroupIdentifier>,
}

/// Creates a network interface, attached to nothing. Where the subnet is full, it says so.
pub(super) fn create_interface(cx: &mut Cx<'_>, new: NewInterface<'_>) -> Result<NetworkInterface, AwsError> {
    let NewInterface { subnet, .. } = new;
    let address = free_address(cx.ec2, subnet)?;
    let [a, b, c, d] = address.octets();
    let mut group_set = new.groups;
    if group_set.is_empty() && new.interface_type != "nat_gateway" {
        group_set = cx
            .ec2
            .default_group(&subnet.vpc_id)
            .map(identifier)
            .into_iter()
            .collect();
    }
    let interface = NetworkInterface {
        network_interface_id: cx.ids.next("eni"),
        subnet_id: subnet.subnet_id.clone(),
        vpc_id: subnet.vpc_id.clone(),
        availability_zone: subnet.availability_zone.clone(),
        owner_id: cx.ec2.account_id.clone(),
        description: new.description.to_owned(),
        interface_type: new.interface_type.to_owned(),
        status: "available".to_owned(),
        mac_address: format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
        private_ip_address: address.to_string(),
        requester_managed: new.interface_type != "interface",
        source_dest_check: new.interface_type != "nat_gateway",
        group_set,
        attachment: None,
        association: None,
        tag_set: Vec::new(),
    };
    cx.ec2.network_interfaces.push(interface.clone());
    Ok(interface)
}

/// A security group as an interface names it.
pub(super) fn identifier(group: &super::model::SecurityGroup) -> GroupIdentifier {
    GroupIdentifier {
        group_id: group.group_id.clone(),
        group_name: group.group_name.clone(),
    }
}

fn free_address(ec2: &Ec2, subnet: &Subnet) -> Result<Ipv4Addr, AwsError> {
    let taken: Vec<&str> = ec2
        .interfaces_in(&subnet.subnet_id)
        .map(|interface| interface.private_ip_address.as_str())
        .collect();
    let block = subnet.cidr_block.parse::<Cidr>().ok();
    let mut hosts = block.into_iter().flat_map(Cidr::hosts);
    hosts
        .find(|host| !taken.contains(&host.to_string().as_str()))
        .ok_or_else(|| {
            AwsError::new(
                "InsufficientFreeAddressesInSubnet",
                format!(
                    "The specified subnet '{}' does not have enough free addresses.",
                    subnet.subnet_id
                ),
            )
        })
}

/// A public address that nothing here has: of the blocks that are set aside for documentation (RFC 5737).
fn free_public_address(ec2: &Ec2) -> Result<String, AwsError> {
    let blocks: [[u8; 3]; 3] = [[203, 0, 113], [198, 51, 100], [192, 0, 2]];
    let taken: Vec<&str> = ec2
        .network_interfaces
        .iter()
        .filter_map(|interface| interface.association.as_ref())
        .map(|association| association.public_ip.as_str())
        .chain(ec2.addresses.iter().map(|address| address.public_ip.as_str()))
        .collect();
    blocks
        .iter()
        .flat_map(|[a, b, c]| (1..=254_u8).map(move |d| Ipv4Addr::new(*a, *b, *c, d).to_string()))
        .find(|address| !taken.contains(&address.as_str()))
        .ok_or_else(|| {
            AwsError::new(
                "InsufficientAddressCapacity",
                "There are not enough free addresses.",
            )
        })
}

fn public_address(ec2: &Ec2, public_ip: String, ip_owner_id: &str) -> PublicAddress {
    let domain = geography::public_domain(&ec2.region);
    PublicAddress {
        public_dns_name: format!("ec2-{}.{domain}", public_ip.replace('.', "-")),
        public_ip,
        ip_owner_id: ip_owner_id.to_owned(),
        allocation_id: None,
        association_id: None,
    }
}

/// The default VPC, which a request means that names no other.
pub(super) fn default_vpc_id(ec2: &Ec2) -> Result<String, AwsError> {
    let vpc = ec2.default_vpc();
    vpc.map(|vpc| vpc.vpc_id.clone())
        .ok_or_else(|| AwsError::new("VPCIdNotSpecified", "No default VPC for this user"))
}

/// The subnet that instances are launched into: the named one, or one of the default ones.
fn launch_subnet(ec2: &Ec2, input: &Input<'_>) -> Result<Subnet, AwsError> {
    if input.has("SubnetId") {
        let id = input.id("SubnetId", &kind::SUBNET)?;
        return find(&ec2.subnets, id).cloned();
    }
    let vpc_id = default_vpc_id(ec2)?;
    let mut subnets = ec2.subnets_of(&vpc_id);
    subnets
        .find(|subnet| subnet.default_for_az)
        .cloned()
        .ok_or_else(|| {
            AwsError::new(
                "MissingInput",
                format!("No subnets found for the default VPC '{vpc_id}'. Please specify a subnet."),
            )
        })
}

/// The groups that a launch names by id; they must be the subnet's VPC's.
fn launch_groups(ec2: &Ec2, input: &Input<'_>, vpc_id: &str) -> Result<Vec<GroupIdentifier>, AwsError> {
    let ids = input.list("SecurityGroupId");
    ids.into_iter()
        .map(|id| {
            kind::SECURITY_GROUP.check(id)?;
            let group = find(&ec2.security_groups, id)?;
            if group.vpc_id == vpc_id {
                Ok(identifier(group))
            } else {
                Err(AwsError::new(
                    "InvalidParameter",
                    format!("Security group {id} and subnet belong to different networks."),
                ))
            }
        })
        .collect()
}

/// `RunInstances`, without everything that does not touch the network. Instances run at once.
pub(super) fn run_instances(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let image_id = input.id("ImageId", &kind::IMAGE)?;
    let least = input.number("MinCount")?.unwrap_or_default();
    let most = input.number("MaxCount")?.unwrap_or_default();
    if least == 0 || least > most {
        return Err(AwsError::new(
            "InvalidParameterValue",
            format!("Value ({least}) for parameter minCount is invalid. It must be between 1 and maxCount."),
        ));
    }
    let tags = input.creation_tags(&kind::INSTANCE)?;
    let subnet = launch_subnet(cx.ec2, input)?;
    let groups = launch_groups(cx.ec2, input, &subnet.vpc_id)?;
    let usable = subnet.cidr_block.parse::<Cidr>().map_or(0, Cidr::usable);
    let free = usable.saturating_sub(cx.ec2.interfaces_in(&subnet.subnet_id).count() as u64);
    let count = most.min(usize::try_from(free).unwrap_or(usize::MAX));
    if count < least {
        return Err(AwsError::new(
            "InsufficientFreeAddressesInSubnet",
            format!(
                "The specified subnet '{}' does not have enough free addresses.",
                subnet.subnet_id
            ),
        ));
    }
    // Several instances can run out of public addresses half-way; then none is there.
    let before = cx.ec2.clone();
    let reservation_id = cx.ids.next("r");
    let mut instances = Vec::new();
    for ami_launch_index in 0..count {
        let new = NewInstance {
            image_id,
            instance_type: input.text("InstanceType").unwrap_or("m1.small"),
            client_token: input.text("ClientToken").unwrap_or_default(),
            reservation_id: &reservation_id,
            ami_launch_index,
            groups: groups.clone(),
            public: subnet.map_public_ip_on_launch,
        };
        match create_instance(cx, &subnet, new) {
            Ok(mut instance) => {
                instance.tag_set.clone_from(&tags);
                *find_mut(&mut cx.ec2.instances, &instance.instance_id)? = instance.clone();
                // What a launch answers is always that they are starting.
                instance.state = InstanceState::Pending;
                instances.push(rows::instance(cx.ec2, &instance));
            }
            Err(error) => {
                *cx.ec2 = before;
                return Err(error);
            }
        }
    }
    Ok(json!({
        "reservationId": reservation_id,
        "ownerId": cx.ec2.account_id,
        "groupSet": [],
        "instancesSet": instances,
    }))
}

/// An instance that is to be created.
pub(super) struct NewInstance<'a> {
    pub(super) image_id: &'a str,
    pub(super) instance_type: &'a str,
    pub(super) client_token: &'a str,
    pub(super) reservation_id: &'a str,
    pub(super) ami_launch_index: usize,
    pub(super) groups: Vec<GroupIdentifier>,
    /// Whether it gets a public address.
    pub(super) public: bool,
}

/// Creates a running instance with its network interface.
pub(super) fn create_instance(
    cx: &mut Cx<'_>,
    subnet: &Subnet,
    new: NewInstance<'_>,
) -> Result<Instance, AwsError> {
    let public_ip = new.public.then(|| free_public_address(cx.ec2)).transpose()?;
    let interface = create_interface(
        cx,
        NewInterface {
            subnet,
            description: "",
            interface_type: "interface",
            groups: new.groups,
        },
    )?;
    let instance = Instance {
        instance_id: cx.ids.next("i"),
        reservation_id: new.reservation_id.to_owned(),
        image_id: new.image_id.to_owned(),
        instance_type: new.instance_type.to_owned(),
        ami_launch_index: new.ami_launch_index,
        client_token: new.client_token.to_owned(),
        state: InstanceState::Running,
        availability_zone: subnet.availability_zone.clone(),
        network_interface_id: Some(interface.network_interface_id.clone()),
        tag_set: Vec::new(),
    };
    let association = public_ip.map(|ip| public_address(cx.ec2, ip, "amazon"));
    let attachment = InterfaceAttachment {
        attachment_id: cx.ids.next("eni-attach"),
        instance_id: Some(instance.instance_id.clone()),
        instance_owner_id: cx.ec2.account_id.clone(),
        device_index: 0,
        status: "attached".to_owned(),
        attach_time: THEN.to_owned(),
        delete_on_termination: true,
    };
    let interface = find_mut(&mut cx.ec2.network_interfaces, &interface.network_interface_id)?;
    "in-use".clone_into(&mut interface.status);
    interface.association = association;
    interface.attachment = Some(attachment);
    cx.ec2.instances.push(instance.clone());
    Ok(instance)
}

/// Puts an instance into another state, with what that does to its interface and its addresses.
pub(super) fn set_state(ec2: &mut Ec2, id: &str, state: InstanceState) -> Result<(), AwsError> {
    let instance = find_mut(&mut ec2.instances, id)?;
    instance.state = state;
    let gone = state == InstanceState::Terminated;
    let interface_id = if gone {
        instance.network_interface_id.take()
    } else {
        instance.network_interface_id.clone()
    };
    let Some(interface_id) = interface_id else {
        return Ok(());
    };
    if gone {
        ec2.network_interfaces
            .retain(|interface| interface.network_interface_id != interface_id);
        for address in &mut ec2.addresses {
            address.network_interface_id.take_if(|of| *of == interface_id);
        }
    } else if state == InstanceState::Stopped {
        // An address that EC2 lent goes when the instance stops; an Elastic IP address stays.
        let interface = find_mut(&mut ec2.network_interfaces, &interface_id)?;
        interface
            .association
            .take_if(|association| association.allocation_id.is_none());
    }
    Ok(())
}

/// `TerminateInstances`. They are gone at once, but the answer says, as EC2's does, that they are going.
pub(super) fn terminate_instances(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let ids = input.list("InstanceId");
    for id in &ids {
        kind::INSTANCE.check(id)?;
        find(&cx.ec2.instances, id)?;
    }
    let state = |state: InstanceState| json!({ "code": state.code(), "name": state.name() });
    let mut changes: Vec<Value> = Vec::new();
    for id in ids {
        let previous = find(&cx.ec2.instances, id)?.state;
        let current = match previous {
            InstanceState::Terminated => InstanceState::Terminated,
            _ => InstanceState::ShuttingDown,
        };
        set_state(cx.ec2, id, InstanceState::Terminated)?;
        changes.push(json!({
            "instanceId": id,
            "currentState": state(current),
            "previousState": state(previous),
        }));
    }
    Ok(json!({ "instancesSet": changes }))
}

/// `AllocateAddress`.
pub(super) fn allocate_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    if input.text("Domain").is_some_and(|domain| domain != "vpc") {
        return Err(AwsError::new(
            "InvalidParameterValue",
            "Value (standard) for parameter domain is invalid. EC2-Classic is retired.",
        ));
    }
    let tags = input.creation_tags(&kind::ADDRESS)?;
    let mut address = allocate(cx)?;
    address.tag_set = tags;
    *find_mut(&mut cx.ec2.addresses, &address.allocation_id)? = address.clone();
    Ok(json!({
        "publicIp": address.public_ip,
        "allocationId": address.allocation_id,
        "domain": "vpc",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": cx.ec2.region,
    }))
}

/// Allocates an Elastic IP address.
pub(super) fn allocate(cx: &mut Cx<'_>) -> Result<Address, AwsError> {
    let address = Address {
        public_ip: free_public_address(cx.ec2)?,
        allocation_id: cx.ids.next("eipalloc"),
        network_interface_id: None,
        tag_set: Vec::new(),
    };
    cx.ec2.addresses.push(address.clone());
    Ok(address)
}

/// Gives an Elastic IP address to a network interface and answers the id of the association.
pub(super) fn associate(
    cx: &mut Cx<'_>,
    allocation_id: &str,
    interface_id: &str,
) -> Result<String, AwsError> {
    let owner = cx.ec2.account_id.clone();
    let public_ip = find(&cx.ec2.addresses, allocation_id)?.public_ip.clone();
    let association_id = cx.ids.next("eipassoc");
    let association = PublicAddress {
        allocation_id: Some(allocation_id.to_owned()),
        association_id: Some(association_id.clone()),
        ..public_address(cx.ec2, public_ip, &owner)
    };
    find_mut(&mut cx.ec2.network_interfaces, interface_id)?.association = Some(association);
    find_mut(&mut cx.ec2.addresses, allocation_id)?.network_interface_id = Some(interface_id.to_owned());
    Ok(association_id)
}

/// `AssociateAddress`, with an instance or a network interface. The VPC must have a way to the internet.
pub(super) fn associate_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let allocation_id = input.id("AllocationId", &kind::ADDRESS)?;
    let address = find(&cx.ec2.addresses, allocation_id)?;
    let interface_id = match (input.text("InstanceId"), input.text("NetworkInterfaceId")) {
        (Some(_), None) => {
            let id = input.id("InstanceId", &kind::INSTANCE)?;
            let instance = find(&cx.ec2.instances, id)?;
            instance.network_interface_id.clone().ok_or_else(|| {
                AwsError::new(
                    "InvalidInstanceID",
                    format!("The instance '{id}' is not in a valid state for this operation."),
                )
            })?
        }
        (None, Some(_)) => input
            .id("NetworkInterfaceId", &kind::NETWORK_INTERFACE)?
            .to_owned(),
        _ => {
            return Err(AwsError::new(
                "InvalidParameterCombination",
                "You must specify either an instance id or a network interface id",
            ));
        }
    };
    let vpc_id = find(&cx.ec2.network_interfaces, &interface_id)?.vpc_id.clone();
    if address.network_interface_id.is_some() {
        return Err(AwsError::new(
            "Resource.AlreadyAssociated",
            format!("resource {allocation_id} is already associated with associate-id"),
        ));
    }
    let mut gateways = cx.ec2.internet_gateways.iter();
    if !gateways.any(|gateway| gateway.vpc() == Some(&vpc_id)) {
        return Err(AwsError::new(
            "Gateway.NotAttached",
            format!("Network {vpc_id} is not attached to any internet gateway"),
        ));
    }
    let association_id = associate(cx, allocation_id, &interface_id)?;
    Ok(json!({ "associationId": association_id }))
}

/// `DisassociateAddress`.
pub(super) fn disassociate_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.required("AssociationId")?;
    let of = |association: &PublicAddress| association.association_id.as_deref() == Some(id);
    let mut interfaces = cx.ec2.network_interfaces.iter_mut();
    let interface = interfaces
        .find(|interface| interface.association.as_ref().is_some_and(of))
        .ok_or_else(|| {
            AwsError::new(
                "InvalidAssociationID.NotFound",
                format!("The association ID '{id}' does not exist"),
            )
        })?;
    interface.association = None;
    let interface_id = interface.network_interface_id.clone();
    for address in &mut cx.ec2.addresses {
        address.network_interface_id.take_if(|of| *of == interface_id);
    }
    done()
}

/// `ReleaseAddress`.
pub(super) fn release_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("AllocationId", &kind::ADDRESS)?;
    let address = find(&cx.ec2.addresses, id)?;
    if address.network_interface_id.is_some() {
        return Err(AwsError::new(
            "InvalidIPAddress.InUse",
            format!("Address {} is in use.", address.public_ip),
        ));
    }
    cx.ec2.addresses.retain(|address| address.allocation_id != id);
    done()
}
