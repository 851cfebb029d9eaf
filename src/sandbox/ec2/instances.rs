//! Instances and network interfaces: what stands in a VPC and is in the way of its removal.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::cidr::Cidr;
use super::input::Input;
use super::kind;
use super::model::{
    Ec2, GroupIdentifier, Instance, InstanceState, InterfaceAttachment, NetworkInterface, Subnet, THEN, find,
    find_mut,
};
use super::{Answer, AwsError, Cx, SERVICE, addresses, rows};

/// A network interface that is to be created.
pub(super) struct NewInterface<'a> {
    pub(super) subnet: &'a Subnet,
    pub(super) description: &'a str,
    /// `interface` for instances and one's own; the name of the service's kind for those that a service
    /// makes.
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
        return Err(SERVICE.invalid(format!(
            "Value ({least}) for parameter minCount is invalid. It must be between 1 and maxCount."
        )));
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
    let public_ip = new
        .public
        .then(|| addresses::free_public_address(cx.ec2))
        .transpose()?;
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
    let association = public_ip.map(|ip| addresses::public_address(cx.ec2, ip, "amazon"));
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Cloud, filter, refusal, text};
    use super::super::{InstanceState, Occupant};

    fn launch(count: usize) -> Value {
        json!({ "ImageId": "ami-12345678", "MinCount": "1", "MaxCount": count.to_string(), "InstanceType": "t3.nano" })
    }

    #[test]
    fn a_launch_needs_a_default_vpc_or_a_subnet() {
        let mut cloud = Cloud::with(&Occupant::NoSubnets);
        let vpc = cloud.vpc();
        assert_eq!(
            cloud.refused("RunInstances", launch(1)),
            refusal(
                "MissingInput",
                format!("No subnets found for the default VPC '{vpc}'. Please specify a subnet.")
            )
        );
        cloud.occupy(&Occupant::NoVpc).unwrap();
        assert_eq!(
            cloud.refused("RunInstances", launch(1)),
            refusal("VPCIdNotSpecified", "No default VPC for this user")
        );
        let made = cloud.ok("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let input = json!({ "VpcId": text(&made["vpc"], "vpcId"), "CidrBlock": "10.0.0.0/28" });
        let made = cloud.ok("CreateSubnet", input);
        let subnet = text(&made["subnet"], "subnetId");
        let mut input = launch(20);
        input["SubnetId"] = json!(subnet);
        // Five of the sixteen addresses are EC2's own.
        let launched = cloud.ok("RunInstances", input.clone());
        assert_eq!(launched["instancesSet"].as_array().map(Vec::len), Some(11));
        assert_eq!(launched["instancesSet"][10]["privateIpAddress"], "10.0.0.14");
        assert_eq!(launched["instancesSet"][0].get("ipAddress"), None);
        let (code, message) = cloud.refused("RunInstances", input);
        assert_eq!(code, "InsufficientFreeAddressesInSubnet");
        assert!(message.contains(&subnet), "{message}");
    }

    #[test]
    fn instances_come_and_go_with_their_interfaces() {
        let mut cloud = Cloud::new();
        let launched = cloud.ok("RunInstances", launch(2));
        assert_eq!(
            launched["instancesSet"][0]["instanceState"],
            json!({ "code": 0, "name": "pending" })
        );
        cloud.ok("RunInstances", launch(1));
        let reservations = cloud.list("DescribeInstances", filter("instance-state-name", "running"));
        let counts: Vec<usize> = reservations
            .iter()
            .map(|r| r["instancesSet"].as_array().unwrap().len())
            .collect();
        assert_eq!(counts, [2, 1]);
        assert_eq!(
            cloud
                .list("DescribeNetworkInterfaces", filter("status", "in-use"))
                .len(),
            3
        );

        let id = text(&launched["instancesSet"][0], "instanceId");
        let change = |before: Value, after: Value| json!([{ "instanceId": id, "currentState": after, "previousState": before }]);
        let state = |code: u8, name: &str| json!({ "code": code, "name": name });
        let ended = cloud.ok("TerminateInstances", json!({ "InstanceId": [id] }));
        assert_eq!(
            ended["instancesSet"],
            change(state(16, "running"), state(32, "shutting-down"))
        );
        let ended = cloud.ok("TerminateInstances", json!({ "InstanceId": [id] }));
        assert_eq!(
            ended["instancesSet"],
            change(state(48, "terminated"), state(48, "terminated"))
        );
        assert_eq!(cloud.list("DescribeNetworkInterfaces", json!({})).len(), 2);
        let gone = cloud.list("DescribeInstances", filter("instance-state-name", "terminated"));
        assert_eq!(gone[0]["instancesSet"][0].get("vpcId"), None);
        assert_eq!(
            cloud.refused("TerminateInstances", json!({ "InstanceId": ["i-00000000"] })),
            refusal(
                "InvalidInstanceID.NotFound",
                "The instance ID 'i-00000000' does not exist"
            )
        );
    }

    #[test]
    fn launches_are_checked() {
        let mut cloud = Cloud::new();
        let with = |name: &str, value: Value| {
            let mut input = launch(1);
            input[name] = value;
            input
        };
        let made = cloud.ok("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let elsewhere = text(&made["vpc"], "vpcId");
        let foreign = cloud.texts("DescribeSecurityGroups", "groupId", filter("vpc-id", &elsewhere));
        for (input, code) in [
            (with("ImageId", json!("debian")), "InvalidAMIID.Malformed"),
            (with("MinCount", json!("0")), "InvalidParameterValue"),
            (with("MinCount", json!("2")), "InvalidParameterValue"),
            (with("MaxCount", json!("many")), "InvalidParameterValue"),
            (
                with("SubnetId", json!("subnet-00000000")),
                "InvalidSubnetID.NotFound",
            ),
            (
                with("SecurityGroupId", json!(["sg-00000000"])),
                "InvalidGroup.NotFound",
            ),
            (with("SecurityGroupId", json!(foreign)), "InvalidParameter"),
            (
                with("TagSpecification", json!([{ "ResourceType": "vpc", "Tag": [] }])),
                "InvalidParameterValue",
            ),
            (with("Ipv6AddressCount", json!("1")), "NotInSandbox"),
        ] {
            assert_eq!(cloud.refused("RunInstances", input.clone()).0, code, "{input}");
        }
    }

    #[test]
    fn a_lent_address_goes_when_the_instance_stops() {
        let mut cloud = Cloud::with(&Occupant::Instance(InstanceState::Running));
        cloud.occupy(&Occupant::Instance(InstanceState::Stopped)).unwrap();
        let interfaces = cloud.list("DescribeNetworkInterfaces", json!({}));
        let public: Vec<bool> = interfaces
            .iter()
            .map(|i| i.get("association").is_some())
            .collect();
        assert_eq!(public, [true, false]);
        assert_ne!(
            interfaces[0]["privateIpAddress"],
            interfaces[1]["privateIpAddress"]
        );
    }
}
