//! The `Describe` operations: which rows, ids and filters each has (EC2 API Reference).

use serde_json::Value;

use super::geography;
use super::kind;
use super::listing::{Listing, Pages};
use super::model::Ec2;
use super::rows;
use super::tags;

/// One `Describe` operation of a region.
pub(super) struct Read {
    pub(super) listing: Listing,
    /// All rows, before ids, filters and pages.
    pub(super) rows: fn(&Ec2) -> Vec<Value>,
}

/// `DescribeRegions`, whose rows come from the account.
pub(super) static REGIONS: Listing = Listing {
    operation: "DescribeRegions",
    set: "regionInfo",
    ids: &[("RegionName", "regionName", &kind::REGION)],
    filters: &[
        ("endpoint", "regionEndpoint"),
        ("opt-in-status", "optInStatus"),
        ("region-name", "regionName"),
    ],
    pages: Pages::None,
    also: &["AllRegions"],
};

macro_rules! reads {
    ($(
        $operation:literal => $set:literal,
        ids [$(($parameter:literal, $id:literal, $kind:ident)),*],
        pages $pages:expr,
        also [$($also:literal),*],
        filters { $($filter:literal: $path:literal),* $(,)? },
        rows $rows:expr;
    )*) => {
        /// Every `Describe` operation of a region.
        pub(super) static READS: &[Read] = &[$(Read {
            listing: Listing {
                operation: $operation,
                set: $set,
                ids: &[$(($parameter, $id, &kind::$kind)),*],
                filters: &[$(($filter, $path)),*],
                pages: $pages,
                also: &[$($also),*],
            },
            rows: $rows,
        }),*];
    };
}

reads! {
    "DescribeAvailabilityZones" => "availabilityZoneInfo",
    ids [("ZoneName", "zoneName", ZONE), ("ZoneId", "zoneId", ZONE)], pages Pages::None, also ["AllAvailabilityZones"],
    filters {
        "group-name": "groupName", "opt-in-status": "optInStatus", "region-name": "regionName", "state": "zoneState",
        "zone-id": "zoneId", "zone-name": "zoneName", "zone-type": "zoneType",
    },
    rows |ec2| geography::zones(&ec2.region).iter().map(|zone| geography::zone_row(&ec2.region, zone)).collect();

    "DescribeVpcs" => "vpcSet",
    ids [("VpcId", "vpcId", VPC)], pages Pages::UpTo(1000), also [],
    filters {
        "cidr": "cidrBlock", "cidr-block-association.association-id": "cidrBlockAssociationSet/associationId",
        "cidr-block-association.cidr-block": "cidrBlockAssociationSet/cidrBlock",
        "cidr-block-association.state": "cidrBlockAssociationSet/cidrBlockState/state",
        "dhcp-options-id": "dhcpOptionsId", "is-default": "isDefault", "isDefault": "isDefault",
        "owner-id": "ownerId", "state": "state", "tag-key": "tagSet/key", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.vpcs.iter().map(rows::vpc).collect();

    "DescribeSubnets" => "subnetSet",
    ids [("SubnetId", "subnetId", SUBNET)], pages Pages::UpTo(1000), also [],
    filters {
        "availability-zone": "availabilityZone", "availabilityZone": "availabilityZone",
        "availability-zone-id": "availabilityZoneId", "availabilityZoneId": "availabilityZoneId",
        "available-ip-address-count": "availableIpAddressCount", "cidr": "cidrBlock", "cidr-block": "cidrBlock",
        "cidrBlock": "cidrBlock", "default-for-az": "defaultForAz", "defaultForAz": "defaultForAz",
        "map-public-ip-on-launch": "mapPublicIpOnLaunch", "owner-id": "ownerId", "state": "state",
        "subnet-arn": "subnetArn", "subnet-id": "subnetId", "tag-key": "tagSet/key", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.subnets.iter().map(|subnet| rows::subnet(ec2, subnet)).collect();

    "DescribeInternetGateways" => "internetGatewaySet",
    ids [("InternetGatewayId", "internetGatewayId", INTERNET_GATEWAY)], pages Pages::UpTo(1000), also [],
    filters {
        "attachment.state": "attachmentSet/state", "attachment.vpc-id": "attachmentSet/vpcId",
        "internet-gateway-id": "internetGatewayId", "owner-id": "ownerId", "tag-key": "tagSet/key",
    },
    rows |ec2| ec2.internet_gateways.iter().map(rows::plain).collect();

    "DescribeEgressOnlyInternetGateways" => "egressOnlyInternetGatewaySet",
    ids [("EgressOnlyInternetGatewayId", "egressOnlyInternetGatewayId", EGRESS_ONLY_GATEWAY)],
    pages Pages::UpTo(255), also [],
    filters { "tag-key": "tagSet/key" },
    rows |ec2| ec2.egress_only_gateways.iter().map(rows::plain).collect();

    "DescribeNetworkInterfaces" => "networkInterfaceSet",
    ids [("NetworkInterfaceId", "networkInterfaceId", NETWORK_INTERFACE)], pages Pages::UpToWithoutIds(1000),
    also [],
    filters {
        "addresses.association.public-ip": "privateIpAddressesSet/association/publicIp",
        "addresses.private-ip-address": "privateIpAddressesSet/privateIpAddress",
        "association.allocation-id": "association/allocationId",
        "association.association-id": "association/associationId",
        "association.ip-owner-id": "association/ipOwnerId", "association.public-ip": "association/publicIp",
        "attachment.attachment-id": "attachment/attachmentId",
        "attachment.delete-on-termination": "attachment/deleteOnTermination",
        "attachment.instance-id": "attachment/instanceId", "attachment.status": "attachment/status",
        "availability-zone": "availabilityZone", "description": "description", "group-id": "groupSet/groupId",
        "group-name": "groupSet/groupName", "interface-type": "interfaceType", "mac-address": "macAddress",
        "network-interface-id": "networkInterfaceId", "owner-id": "ownerId",
        "private-ip-address": "privateIpAddress", "requester-managed": "requesterManaged",
        "source-dest-check": "sourceDestCheck", "status": "status", "subnet-id": "subnetId",
        "tag-key": "tagSet/key", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.network_interfaces.iter().map(|i| rows::network_interface(ec2, i)).collect();

    "DescribeInstances" => "reservationSet",
    ids [("InstanceId", "instancesSet/instanceId", INSTANCE)], pages Pages::UpToWithoutIds(1000), also [],
    filters {
        "availability-zone": "instancesSet/placement/availabilityZone", "client-token": "instancesSet/clientToken",
        "image-id": "instancesSet/imageId", "instance-id": "instancesSet/instanceId",
        "instance-state-code": "instancesSet/instanceState/code",
        "instance-state-name": "instancesSet/instanceState/name", "instance-type": "instancesSet/instanceType",
        "instance.group-id": "instancesSet/groupSet/groupId", "ip-address": "instancesSet/ipAddress",
        "network-interface.network-interface-id": "instancesSet/networkInterfaceSet/networkInterfaceId",
        "network-interface.subnet-id": "instancesSet/networkInterfaceSet/subnetId",
        "network-interface.vpc-id": "instancesSet/networkInterfaceSet/vpcId",
        "owner-id": "ownerId", "private-ip-address": "instancesSet/privateIpAddress",
        "reservation-id": "reservationId", "subnet-id": "instancesSet/subnetId",
        "tag-key": "instancesSet/tagSet/key", "vpc-id": "instancesSet/vpcId",
    },
    rows |ec2| ec2.instances.iter().map(|instance| rows::reservation(ec2, instance)).collect();

    "DescribeNatGateways" => "natGatewaySet",
    ids [("NatGatewayId", "natGatewayId", NAT_GATEWAY)], pages Pages::UpTo(1000), also [],
    filters {
        "nat-gateway-id": "natGatewayId", "state": "state", "subnet-id": "subnetId", "tag-key": "tagSet/key",
        "vpc-id": "vpcId",
    },
    rows |ec2| ec2.nat_gateways.iter().map(rows::plain).collect();

    "DescribeVpcEndpoints" => "vpcEndpointSet",
    ids [("VpcEndpointId", "vpcEndpointId", VPC_ENDPOINT)], pages Pages::UpTo(1000), also [],
    filters {
        "service-name": "serviceName", "tag-key": "tagSet/key", "vpc-endpoint-id": "vpcEndpointId",
        "vpc-endpoint-state": "state", "vpc-endpoint-type": "vpcEndpointType", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.vpc_endpoints.iter().map(rows::plain).collect();

    "DescribeVpcPeeringConnections" => "vpcPeeringConnectionSet",
    ids [("VpcPeeringConnectionId", "vpcPeeringConnectionId", PEERING)], pages Pages::UpTo(1000), also [],
    filters {
        "accepter-vpc-info.cidr-block": "accepterVpcInfo/cidrBlock",
        "accepter-vpc-info.owner-id": "accepterVpcInfo/ownerId", "accepter-vpc-info.vpc-id": "accepterVpcInfo/vpcId",
        "requester-vpc-info.cidr-block": "requesterVpcInfo/cidrBlock",
        "requester-vpc-info.owner-id": "requesterVpcInfo/ownerId",
        "requester-vpc-info.vpc-id": "requesterVpcInfo/vpcId", "status-code": "status/code",
        "status-message": "status/message", "tag-key": "tagSet/key",
        "vpc-peering-connection-id": "vpcPeeringConnectionId",
    },
    rows |ec2| ec2.peerings.iter().map(rows::plain).collect();

    "DescribeVpnGateways" => "vpnGatewaySet",
    ids [("VpnGatewayId", "vpnGatewayId", VPN_GATEWAY)], pages Pages::None, also [],
    filters {
        "amazon-side-asn": "amazonSideAsn", "attachment.state": "attachments/state",
        "attachment.vpc-id": "attachments/vpcId", "state": "state", "tag-key": "tagSet/key", "type": "type",
        "vpn-gateway-id": "vpnGatewayId",
    },
    rows |ec2| ec2.vpn_gateways.iter().map(rows::plain).collect();

    "DescribeTransitGatewayVpcAttachments" => "transitGatewayVpcAttachments",
    ids [("TransitGatewayAttachmentIds", "transitGatewayAttachmentId", TRANSIT_ATTACHMENT)],
    pages Pages::UpTo(1000), also [],
    filters {
        "state": "state", "transit-gateway-attachment-id": "transitGatewayAttachmentId",
        "transit-gateway-id": "transitGatewayId", "tag-key": "tagSet/key", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.transit_attachments.iter().map(rows::plain).collect();

    "DescribeCarrierGateways" => "carrierGatewaySet",
    ids [("CarrierGatewayId", "carrierGatewayId", CARRIER_GATEWAY)], pages Pages::UpTo(1000), also [],
    filters {
        "carrier-gateway-id": "carrierGatewayId", "owner-id": "ownerId", "state": "state", "tag-key": "tagSet/key",
        "vpc-id": "vpcId",
    },
    rows |ec2| ec2.carrier_gateways.iter().map(rows::plain).collect();

    "DescribeVpcBlockPublicAccessExclusions" => "vpcBlockPublicAccessExclusionSet",
    ids [("ExclusionId", "exclusionId", EXCLUSION)], pages Pages::UpTo(1000), also [],
    filters {
        "internet-gateway-exclusion-mode": "internetGatewayExclusionMode", "resource-arn": "resourceArn",
        "state": "state", "tag-key": "tagSet/key", "tag-value": "tagSet/value",
    },
    rows |ec2| ec2.exclusions.iter().map(rows::plain).collect();

    "DescribeSecurityGroups" => "securityGroupInfo",
    ids [("GroupId", "groupId", SECURITY_GROUP), ("GroupName", "groupName", SECURITY_GROUP_NAME)],
    pages Pages::UpTo(1000), also [],
    filters {
        "description": "groupDescription", "egress.ip-permission.cidr": "ipPermissionsEgress/ipRanges/cidrIp",
        "egress.ip-permission.from-port": "ipPermissionsEgress/fromPort",
        "egress.ip-permission.group-id": "ipPermissionsEgress/groups/groupId",
        "egress.ip-permission.protocol": "ipPermissionsEgress/ipProtocol",
        "egress.ip-permission.to-port": "ipPermissionsEgress/toPort", "group-id": "groupId",
        "group-name": "groupName", "ip-permission.cidr": "ipPermissions/ipRanges/cidrIp",
        "ip-permission.from-port": "ipPermissions/fromPort", "ip-permission.group-id": "ipPermissions/groups/groupId",
        "ip-permission.protocol": "ipPermissions/ipProtocol", "ip-permission.to-port": "ipPermissions/toPort",
        "owner-id": "ownerId", "tag-key": "tagSet/key", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.security_groups.iter().map(|group| rows::security_group(ec2, group)).collect();

    "DescribeSecurityGroupRules" => "securityGroupRuleSet",
    ids [("SecurityGroupRuleId", "securityGroupRuleId", SECURITY_GROUP_RULE)], pages Pages::UpTo(1000), also [],
    filters {
        "group-id": "groupId", "security-group-rule-id": "securityGroupRuleId", "tag-key": "tagSet/key",
    },
    rows |ec2| {
        let groups = ec2.security_groups.iter();
        groups.flat_map(|group| group.rules.iter().map(|rule| rows::rule(ec2, group, rule))).collect()
    };

    "DescribeRouteTables" => "routeTableSet",
    ids [("RouteTableId", "routeTableId", ROUTE_TABLE)], pages Pages::UpTo(100), also [],
    filters {
        "association.main": "associationSet/main",
        "association.route-table-association-id": "associationSet/routeTableAssociationId",
        "association.route-table-id": "associationSet/routeTableId",
        "association.subnet-id": "associationSet/subnetId", "owner-id": "ownerId",
        "route-table-id": "routeTableId", "route.destination-cidr-block": "routeSet/destinationCidrBlock",
        "route.destination-prefix-list-id": "routeSet/destinationPrefixListId",
        "route.gateway-id": "routeSet/gatewayId", "route.nat-gateway-id": "routeSet/natGatewayId",
        "route.origin": "routeSet/origin", "route.state": "routeSet/state",
        "route.vpc-peering-connection-id": "routeSet/vpcPeeringConnectionId", "tag-key": "tagSet/key",
        "vpc-id": "vpcId",
    },
    rows |ec2| ec2.route_tables.iter().map(|table| rows::route_table(ec2, table)).collect();

    "DescribeNetworkAcls" => "networkAclSet",
    ids [("NetworkAclId", "networkAclId", NETWORK_ACL)], pages Pages::UpTo(1000), also [],
    filters {
        "association.association-id": "associationSet/networkAclAssociationId",
        "association.network-acl-id": "associationSet/networkAclId",
        "association.subnet-id": "associationSet/subnetId", "default": "default",
        "entry.cidr": "entrySet/cidrBlock", "entry.egress": "entrySet/egress",
        "entry.protocol": "entrySet/protocol", "entry.rule-action": "entrySet/ruleAction",
        "entry.rule-number": "entrySet/ruleNumber", "network-acl-id": "networkAclId", "owner-id": "ownerId",
        "tag-key": "tagSet/key", "vpc-id": "vpcId",
    },
    rows |ec2| ec2.network_acls.iter().map(rows::plain).collect();

    "DescribeFlowLogs" => "flowLogSet",
    ids [("FlowLogId", "flowLogId", FLOW_LOG)], pages Pages::UpTo(1000), also [],
    filters {
        "deliver-log-status": "deliverLogsStatus", "flow-log-id": "flowLogId",
        "log-destination-type": "logDestinationType", "log-group-name": "logGroupName",
        "resource-id": "resourceId", "tag-key": "tagSet/key", "traffic-type": "trafficType",
    },
    rows |ec2| ec2.flow_logs.iter().map(rows::plain).collect();

    "DescribeAddresses" => "addressesSet",
    ids [("AllocationId", "allocationId", ADDRESS), ("PublicIp", "publicIp", PUBLIC_IP)], pages Pages::None, also [],
    filters {
        "allocation-id": "allocationId", "association-id": "associationId", "domain": "domain",
        "instance-id": "instanceId", "network-border-group": "networkBorderGroup",
        "network-interface-id": "networkInterfaceId", "network-interface-owner-id": "networkInterfaceOwnerId",
        "private-ip-address": "privateIpAddress", "public-ip": "publicIp", "tag-key": "tagSet/key",
    },
    rows |ec2| ec2.addresses.iter().map(|address| rows::address(ec2, address)).collect();

    "DescribeDhcpOptions" => "dhcpOptionsSet",
    ids [("DhcpOptionsId", "dhcpOptionsId", DHCP_OPTIONS)], pages Pages::UpTo(1000), also [],
    filters {
        "dhcp-options-id": "dhcpOptionsId", "key": "dhcpConfigurationSet/key", "owner-id": "ownerId",
        "tag-key": "tagSet/key", "value": "dhcpConfigurationSet/valueSet/value",
    },
    rows |ec2| ec2.dhcp_options.iter().map(rows::dhcp_options).collect();

    "DescribeTags" => "tagSet",
    ids [], pages Pages::UpTo(1000), also [],
    filters {
        "key": "key", "resource-id": "resourceId", "resource-type": "resourceType", "value": "value",
    },
    rows tags::rows;
}

#[cfg(test)]
mod tests;
