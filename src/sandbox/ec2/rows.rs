//! The rows of `Describe` operations that are more than the state itself: what EC2 derives when it is asked.

use serde::Serialize;
use serde_json::{Value, json};

use super::cidr::Cidr;
use super::geography;
use super::model::{
    Address, DhcpOptions, Ec2, Instance, NetworkInterface, Route, RouteTable, Rule, SecurityGroup, Subnet,
    THEN, Vpc,
};

/// The state as it is. Its structures have text for keys and no other way to fail.
pub(super) fn plain<T: Serialize>(resource: &T) -> Value {
    serde_json::to_value(resource).unwrap_or_default()
}

/// Adds members to a structure.
fn with(mut row: Value, more: Value) -> Value {
    if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
        row.extend(more);
    }
    row
}

/// `Vpc`.
pub(super) fn vpc(vpc: &Vpc) -> Value {
    with(
        plain(vpc),
        json!({ "blockPublicAccessStates": { "internetGatewayBlockMode": "off" } }),
    )
}

/// `Subnet`.
pub(super) fn subnet(ec2: &Ec2, subnet: &Subnet) -> Value {
    let usable = subnet.cidr_block.parse::<Cidr>().map_or(0, Cidr::usable);
    let taken = ec2.interfaces_in(&subnet.subnet_id).count() as u64;
    with(
        plain(subnet),
        json!({
            "availableIpAddressCount": usable.saturating_sub(taken),
            "assignIpv6AddressOnCreation": false,
            "mapCustomerOwnedIpOnLaunch": false,
            "enableDns64": false,
            "ipv6Native": false,
            "ipv6CidrBlockAssociationSet": [],
            "privateDnsNameOptionsOnLaunch": {
                "hostnameType": "ip-name",
                "enableResourceNameDnsARecord": false,
                "enableResourceNameDnsAAAARecord": false,
            },
            "blockPublicAccessStates": { "internetGatewayBlockMode": "off" },
        }),
    )
}

/// `RouteTable`.
pub(super) fn route_table(ec2: &Ec2, table: &RouteTable) -> Value {
    let routes: Vec<Value> = table
        .route_set
        .iter()
        .map(|route| with(plain(route), json!({ "state": route_state(ec2, table, route) })))
        .collect();
    with(
        plain(table),
        json!({ "routeSet": routes, "propagatingVgwSet": [] }),
    )
}

/// A route to something that is gone or detached is a black hole.
fn route_state(ec2: &Ec2, table: &RouteTable, route: &Route) -> &'static str {
    let gateway = route.gateway_id.as_deref().is_none_or(|id| {
        !id.starts_with("igw-")
            || ec2.internet_gateways.iter().any(|gateway| {
                gateway.internet_gateway_id == id && gateway.vpc() == Some(table.vpc_id.as_str())
            })
    });
    let nat = route.nat_gateway_id.as_deref().is_none_or(|id| {
        ec2.nat_gateways
            .iter()
            .any(|nat| nat.nat_gateway_id == id && nat.state == "available")
    });
    let interface = route.network_interface_id.as_deref().is_none_or(|id| {
        ec2.network_interfaces
            .iter()
            .any(|interface| interface.network_interface_id == id)
    });
    if gateway && nat && interface {
        "active"
    } else {
        "blackhole"
    }
}

/// `SecurityGroup`: its permissions are its rules, put together by protocol and ports.
pub(super) fn security_group(ec2: &Ec2, group: &SecurityGroup) -> Value {
    json!({
        "groupId": group.group_id,
        "groupName": group.group_name,
        "groupDescription": group.group_description,
        "vpcId": group.vpc_id,
        "ownerId": group.owner_id,
        "securityGroupArn": group_arn(ec2, &group.group_id),
        "ipPermissions": permissions(group, false),
        "ipPermissionsEgress": permissions(group, true),
        "tagSet": group.tag_set,
    })
}

/// The ARN of a security group.
pub(super) fn group_arn(ec2: &Ec2, group_id: &str) -> String {
    arn(ec2, "security-group", group_id)
}

/// The ARN of something of EC2's in this region.
pub(super) fn arn(ec2: &Ec2, resource_type: &str, id: &str) -> String {
    let partition = geography::partition(&ec2.region);
    format!(
        "arn:{partition}:ec2:{}:{}:{resource_type}/{id}",
        ec2.region, ec2.account_id
    )
}

fn permissions(group: &SecurityGroup, egress: bool) -> Vec<Value> {
    let mut heads: Vec<(&str, i32, i32)> = Vec::new();
    let rules = || group.rules.iter().filter(|rule| rule.is_egress == egress);
    for rule in rules() {
        let head = (rule.ip_protocol.as_str(), rule.from_port, rule.to_port);
        if !heads.contains(&head) {
            heads.push(head);
        }
    }
    heads
        .into_iter()
        .map(|head| {
            let of_head =
                || rules().filter(move |r| (r.ip_protocol.as_str(), r.from_port, r.to_port) == head);
            let ranges: Vec<Value> = of_head()
                .filter_map(|rule| rule.cidr_ipv4.as_ref())
                .map(|cidr| json!({ "cidrIp": cidr }))
                .collect();
            let groups: Vec<Value> = of_head()
                .filter_map(|rule| rule.group.as_ref())
                .map(|id| json!({ "groupId": id, "userId": group.owner_id }))
                .collect();
            let (protocol, from, to) = head;
            let mut permission = json!({
                "ipProtocol": protocol,
                "groups": groups,
                "ipRanges": ranges,
                "ipv6Ranges": [],
                "prefixListIds": [],
            });
            // A permission for every protocol has no ports; a rule writes -1 instead.
            if protocol != "-1" {
                permission = with(permission, json!({ "fromPort": from, "toPort": to }));
            }
            permission
        })
        .collect()
}

/// `SecurityGroupRule`.
pub(super) fn rule(ec2: &Ec2, group: &SecurityGroup, rule: &Rule) -> Value {
    let mut row = json!({
        "securityGroupRuleId": rule.security_group_rule_id,
        "securityGroupRuleArn": arn(ec2, "security-group-rule", &rule.security_group_rule_id),
        "groupId": group.group_id,
        "groupOwnerId": group.owner_id,
        "isEgress": rule.is_egress,
        "ipProtocol": rule.ip_protocol,
        "fromPort": rule.from_port,
        "toPort": rule.to_port,
        "tagSet": rule.tag_set,
    });
    if let Some(cidr) = &rule.cidr_ipv4 {
        row = with(row, json!({ "cidrIpv4": cidr }));
    }
    if let Some(id) = &rule.group {
        row = with(
            row,
            json!({ "referencedGroupInfo": { "groupId": id, "userId": group.owner_id } }),
        );
    }
    row
}

/// `DhcpOptions`.
pub(super) fn dhcp_options(options: &DhcpOptions) -> Value {
    let entry = |key: &str, value: &str| json!({ "key": key, "valueSet": [{ "value": value }] });
    json!({
        "dhcpOptionsId": options.dhcp_options_id,
        "ownerId": options.owner_id,
        "dhcpConfigurationSet": [
            entry("domain-name", &options.domain_name),
            entry("domain-name-servers", "AmazonProvidedDNS"),
        ],
        "tagSet": options.tag_set,
    })
}

/// `NetworkInterface`.
pub(super) fn network_interface(ec2: &Ec2, interface: &NetworkInterface) -> Value {
    let private_name = private_name(ec2, &interface.private_ip_address);
    let mut address = json!({
        "privateIpAddress": interface.private_ip_address,
        "privateDnsName": private_name,
        "primary": true,
    });
    if let Some(public) = &interface.association {
        address = with(address, json!({ "association": public }));
    }
    with(
        plain(interface),
        json!({
            "privateDnsName": private_name,
            "privateIpAddressesSet": [address],
            "ipv6AddressesSet": [],
        }),
    )
}

/// The private host name of an address.
fn private_name(ec2: &Ec2, address: &str) -> String {
    let domain = geography::private_domain(&ec2.region);
    format!("ip-{}.{domain}", address.replace('.', "-"))
}

/// `Reservation` with one instance; [`merge_reservations`] puts together what was launched together.
pub(super) fn reservation(ec2: &Ec2, instance: &Instance) -> Value {
    json!({
        "reservationId": instance.reservation_id,
        "ownerId": ec2.account_id,
        "groupSet": [],
        "instancesSet": [self::instance(ec2, instance)],
    })
}

/// `Instance`.
pub(super) fn instance(ec2: &Ec2, instance: &Instance) -> Value {
    let interface = instance.network_interface_id.as_deref().and_then(|id| {
        ec2.network_interfaces
            .iter()
            .find(|interface| interface.network_interface_id == id)
    });
    let public = interface.and_then(|interface| interface.association.as_ref());
    let row = json!({
        "instanceId": instance.instance_id,
        "imageId": instance.image_id,
        "instanceState": { "code": instance.state.code(), "name": instance.state.name() },
        "privateDnsName": interface.map_or(String::new(), |i| private_name(ec2, &i.private_ip_address)),
        "dnsName": public.map_or("", |public| &public.public_dns_name),
        "reason": "",
        "amiLaunchIndex": instance.ami_launch_index,
        "productCodes": [],
        "instanceType": instance.instance_type,
        "launchTime": THEN,
        "placement": {
            "availabilityZone": instance.availability_zone,
            "groupName": "",
            "tenancy": "default",
        },
        "monitoring": { "state": "disabled" },
        "architecture": "x86_64",
        "rootDeviceType": "ebs",
        "rootDeviceName": "/dev/xvda",
        "blockDeviceMapping": [],
        "virtualizationType": "hvm",
        "clientToken": instance.client_token,
        "ebsOptimized": false,
        "enaSupport": true,
        "hypervisor": "xen",
        "tagSet": instance.tag_set,
    });
    let Some(interface) = interface else {
        return with(row, json!({ "networkInterfaceSet": [], "groupSet": [] }));
    };
    let mut address = json!({ "privateIpAddress": interface.private_ip_address, "primary": true });
    let mut inner = json!({
        "networkInterfaceId": interface.network_interface_id,
        "subnetId": interface.subnet_id,
        "vpcId": interface.vpc_id,
        "description": interface.description,
        "ownerId": interface.owner_id,
        "status": interface.status,
        "macAddress": interface.mac_address,
        "privateIpAddress": interface.private_ip_address,
        "sourceDestCheck": interface.source_dest_check,
        "groupSet": interface.group_set,
        "interfaceType": interface.interface_type,
        "ipv6AddressesSet": [],
    });
    if let Some(attachment) = &interface.attachment {
        let attachment = json!({
            "attachmentId": attachment.attachment_id,
            "deviceIndex": attachment.device_index,
            "status": attachment.status,
            "attachTime": attachment.attach_time,
            "deleteOnTermination": attachment.delete_on_termination,
        });
        inner = with(inner, json!({ "attachment": attachment }));
    }
    let mut row = with(
        row,
        json!({
            "subnetId": interface.subnet_id,
            "vpcId": interface.vpc_id,
            "privateIpAddress": interface.private_ip_address,
            "sourceDestCheck": interface.source_dest_check,
            "groupSet": interface.group_set,
        }),
    );
    if let Some(public) = public {
        let association = json!({
            "publicIp": public.public_ip,
            "publicDnsName": public.public_dns_name,
            "ipOwnerId": public.ip_owner_id,
        });
        address = with(address, json!({ "association": association }));
        inner = with(inner, json!({ "association": association }));
        row = with(row, json!({ "ipAddress": public.public_ip }));
    }
    inner = with(inner, json!({ "privateIpAddressesSet": [address] }));
    with(row, json!({ "networkInterfaceSet": [inner] }))
}

/// Puts the instances of one reservation under it.
pub(super) fn merge_reservations(rows: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for mut row in rows {
        let same = merged
            .iter_mut()
            .find(|reservation| reservation["reservationId"] == row["reservationId"]);
        match (
            same.map(|reservation| &mut reservation["instancesSet"]),
            row["instancesSet"].take(),
        ) {
            (Some(Value::Array(instances)), Value::Array(more)) => instances.extend(more),
            (_, instances) => {
                row["instancesSet"] = instances;
                merged.push(row);
            }
        }
    }
    merged
}

/// `Address`.
pub(super) fn address(ec2: &Ec2, address: &Address) -> Value {
    let row = json!({
        "allocationId": address.allocation_id,
        "publicIp": address.public_ip,
        "domain": "vpc",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": ec2.region,
        "tagSet": address.tag_set,
    });
    let interface = address.network_interface_id.as_deref().and_then(|id| {
        ec2.network_interfaces
            .iter()
            .find(|interface| interface.network_interface_id == id)
    });
    let Some(interface) = interface else { return row };
    let mut row = with(
        row,
        json!({
            "networkInterfaceId": interface.network_interface_id,
            "networkInterfaceOwnerId": interface.owner_id,
            "privateIpAddress": interface.private_ip_address,
        }),
    );
    if let Some(id) = interface
        .association
        .as_ref()
        .and_then(|a| a.association_id.as_ref())
    {
        row = with(row, json!({ "associationId": id }));
    }
    if let Some(id) = interface.attachment.as_ref().and_then(|a| a.instance_id.as_ref()) {
        row = with(row, json!({ "instanceId": id }));
    }
    row
}
