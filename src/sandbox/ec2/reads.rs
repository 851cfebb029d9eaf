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
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Cloud, REGION, everything, filter, refusal, text};
    use super::super::{InstanceState, Occupant};
    use super::{Pages, READS};

    fn full() -> Cloud {
        let mut cloud = Cloud::new();
        for what in everything() {
            cloud.occupy(&what).unwrap();
        }
        cloud.ok(
            "RunInstances",
            json!({ "ImageId": "ami-12345678", "MinCount": "1", "MaxCount": "9" }),
        );
        let vpc = cloud.vpc();
        cloud.ok(
            "CreateTags",
            json!({ "ResourceId": [vpc], "Tag": [{ "Key": "a", "Value": "b" }] }),
        );
        // No operation and no occupant makes a rule for what goes out to certain ports of a group.
        let ec2 = &mut cloud.account.regions.get_mut(REGION).unwrap().ec2;
        let mut groups = ec2.security_groups.iter_mut();
        let group = groups.find(|group| group.group_name == "bastion").unwrap();
        let mut rule = group
            .rules
            .iter()
            .find(|rule| rule.group.is_some())
            .unwrap()
            .clone();
        rule.is_egress = true;
        "sgr-0123456789abcdef0".clone_into(&mut rule.security_group_rule_id);
        group.rules.push(rule);
        cloud
    }

    /// No filter that is listed may look at a member that no row has.
    #[test]
    fn every_filter_looks_at_something() {
        let mut cloud = full();
        for read in READS {
            let listing = &read.listing;
            for (name, _) in listing
                .filters
                .iter()
                .filter(|(name, _)| !name.starts_with("tag"))
            {
                let input = filter(name, "*");
                let rows = cloud.list(listing.operation, input);
                assert!(!rows.is_empty(), "{} {name}", listing.operation);
            }
        }
    }

    #[test]
    fn a_filter_that_does_not_exist_is_refused() {
        let mut cloud = Cloud::new();
        for read in READS {
            assert_eq!(
                cloud.refused(read.listing.operation, filter("colour", "red")),
                refusal("InvalidParameterValue", "The filter 'colour' is invalid"),
                "{}",
                read.listing.operation
            );
        }
        let nameless = json!({ "Filter": [{ "Value": ["x"] }] });
        assert_eq!(
            cloud.refused("DescribeVpcs", nameless),
            refusal("InvalidParameterValue", "The filter 'null' is invalid")
        );
        let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
        let many = json!({ "Filter": [{ "Name": "vpc-id", "Value": many }] });
        assert_eq!(cloud.refused("DescribeVpcs", many).0, "FilterLimitExceeded");
    }

    #[test]
    fn filters_are_all_met_and_one_value_of_each_is_enough() {
        let mut cloud = full();
        let vpc = cloud.vpc();
        let subnets = |cloud: &mut Cloud, filters: Value| {
            cloud.list("DescribeSubnets", json!({ "Filter": filters })).len()
        };
        let in_vpc = json!({ "Name": "vpc-id", "Value": [vpc] });
        let zones = json!({ "Name": "availability-zone", "Value": ["us-east-1a", "us-east-1b"] });
        let default = json!({ "Name": "default-for-az", "Value": ["true"] });
        assert_eq!(subnets(&mut cloud, json!([in_vpc])), 7);
        assert_eq!(subnets(&mut cloud, json!([in_vpc, zones])), 3);
        assert_eq!(subnets(&mut cloud, json!([in_vpc, zones, default])), 2);
        assert_eq!(
            subnets(
                &mut cloud,
                json!([{ "Name": "vpc-id", "Value": ["vpc-00000000"] }])
            ),
            0
        );
        assert_eq!(
            subnets(&mut cloud, json!([{ "Name": "vpc-id", "Value": ["vpc-*"] }])),
            7
        );
        assert_eq!(subnets(&mut cloud, json!([{ "Name": "vpc-id" }])), 0);
    }

    #[test]
    fn ids_pick_rows_and_must_exist() {
        let mut cloud = full();
        for read in READS {
            let listing = &read.listing;
            for (parameter, path, kind) in listing.ids {
                let rows = cloud.list(listing.operation, json!({}));
                let pointer = format!("/{}", path.replace("instancesSet/", "instancesSet/0/"));
                let id = rows[0]
                    .pointer(&pointer)
                    .and_then(Value::as_str)
                    .unwrap()
                    .to_owned();
                let picked = cloud.list(listing.operation, json!({ *parameter: [id] }));
                assert!(picked.iter().all(|row| row.pointer(&pointer) == Some(&json!(id))));
                assert_eq!(picked.len(), 1, "{} {parameter}", listing.operation);
                let unknown = match kind.prefix {
                    "" => "nowhere".to_owned(),
                    prefix => format!("{prefix}-00000000"),
                };
                let refused = cloud.refused(listing.operation, json!({ *parameter: [id, unknown] }));
                let expected = kind.not_found(&unknown);
                assert_eq!(refused, (expected.code, expected.message));
                if !kind.prefix.is_empty() {
                    let (code, _) = cloud.refused(listing.operation, json!({ *parameter: ["nonsense"] }));
                    assert!(code.ends_with("Malformed"), "{code}");
                }
            }
        }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let mut cloud = full();
        let all = cloud.texts("DescribeNetworkInterfaces", "networkInterfaceId", json!({}));
        assert!(all.len() > 10, "{}", all.len());
        let mut seen = Vec::new();
        let mut input = json!({ "MaxResults": "5" });
        loop {
            let answer = cloud.ok("DescribeNetworkInterfaces", input.clone());
            let rows = answer["networkInterfaceSet"].as_array().unwrap();
            assert!(rows.len() <= 5);
            seen.extend(rows.iter().map(|row| text(row, "networkInterfaceId")));
            match answer.get("nextToken") {
                None => break,
                Some(token) => input["NextToken"] = token.clone(),
            }
        }
        assert_eq!(seen, all);
        let token = input["NextToken"].clone();
        assert_eq!(
            cloud.refused("DescribeVpcs", json!({ "NextToken": token })).0,
            "InvalidNextToken"
        );
        assert_eq!(
            cloud.refused("DescribeVpcs", json!({ "NextToken": "é" })).0,
            "InvalidNextToken"
        );
    }

    #[test]
    fn a_reservation_can_reach_over_pages() {
        let mut cloud = Cloud::new();
        cloud.ok(
            "RunInstances",
            json!({ "ImageId": "ami-12345678", "MinCount": "7", "MaxCount": "7" }),
        );
        let first = cloud.ok("DescribeInstances", json!({ "MaxResults": "5" }));
        let second = cloud.ok(
            "DescribeInstances",
            json!({ "MaxResults": "5", "NextToken": first["nextToken"] }),
        );
        let count = |answer: &Value| {
            answer["reservationSet"][0]["instancesSet"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!((count(&first), count(&second)), (5, 2));
        assert_eq!(
            first["reservationSet"][0]["reservationId"],
            second["reservationSet"][0]["reservationId"]
        );
        assert_eq!(second.get("nextToken"), None);
    }

    #[test]
    fn a_page_has_a_smallest_and_a_largest_size() {
        let mut cloud = Cloud::new();
        for read in READS {
            let (Pages::UpTo(most) | Pages::UpToWithoutIds(most)) = read.listing.pages else {
                let refused = cloud.refused(read.listing.operation, json!({ "MaxResults": "5" }));
                assert_eq!(refused.0, "NotInSandbox");
                continue;
            };
            let expectations = [
                (4, "greater than or equal to 5".to_owned()),
                (most + 1, format!("smaller than or equal to {most}")),
            ];
            for (size, expecting) in expectations {
                let message = format!(
                    "Value ( {size} ) for parameter maxResults is invalid. Expecting a value {expecting}."
                );
                assert_eq!(
                    cloud.refused(read.listing.operation, json!({ "MaxResults": size.to_string() })),
                    refusal("InvalidParameterValue", message)
                );
            }
            cloud.ok(read.listing.operation, json!({ "MaxResults": most.to_string() }));
        }
        let vpc = cloud.vpc();
        cloud.ok("DescribeVpcs", json!({ "VpcId": [vpc], "MaxResults": "5" }));
    }

    #[test]
    fn instances_are_asked_for_by_id_or_by_page() {
        let mut cloud = Cloud::with(&Occupant::Instance(InstanceState::Running));
        let reservations = cloud.list("DescribeInstances", json!({}));
        let id = text(&reservations[0]["instancesSet"][0], "instanceId");
        let refused = cloud.refused(
            "DescribeInstances",
            json!({ "InstanceId": [id], "MaxResults": "5" }),
        );
        assert_eq!(refused.0, "InvalidParameterCombination");
    }

    #[test]
    fn regions_are_listed_as_they_are_enabled() {
        let mut cloud = Cloud::new();
        let regions = cloud.list("DescribeRegions", json!({}));
        assert_eq!(regions.len(), 17);
        assert_eq!(
            regions[0],
            json!({
                "regionName": "ap-northeast-1",
                "regionEndpoint": "ec2.ap-northeast-1.amazonaws.com",
                "optInStatus": "opt-in-not-required",
            })
        );
        cloud.account.enable_region("me-south-1");
        let all = cloud.list("DescribeRegions", json!({ "AllRegions": "true" }));
        let status = |name: &str| {
            let row = all.iter().find(|row| row["regionName"] == name);
            text(row.unwrap(), "optInStatus")
        };
        assert_eq!(all.len(), 34);
        assert_eq!(status("me-south-1"), "opted-in");
        assert_eq!(status("af-south-1"), "not-opted-in");
        let opted_in = cloud.texts(
            "DescribeRegions",
            "regionName",
            filter("opt-in-status", "opted-in"),
        );
        assert_eq!(opted_in, ["me-south-1"]);

        let named = cloud.texts(
            "DescribeRegions",
            "optInStatus",
            json!({ "RegionName": ["af-south-1"] }),
        );
        assert_eq!(named, ["not-opted-in"]);
        assert_eq!(
            cloud.refused(
                "DescribeRegions",
                json!({ "RegionName": ["us-east-1", "xx-west-1"] })
            ),
            refusal("InvalidParameterValue", "Invalid region: [xx-west-1]")
        );
        assert_eq!(
            cloud.refused("DescribeRegions", filter("colour", "red")),
            refusal("InvalidParameterValue", "The filter 'colour' is invalid")
        );
    }

    #[test]
    fn zones_are_those_of_the_region() {
        let mut cloud = Cloud::new();
        let zones = cloud.texts(
            "DescribeAvailabilityZones",
            "zoneId",
            filter("state", "available"),
        );
        assert_eq!(zones.len(), 6);
        let answer = cloud
            .call_in("ap-northeast-1", "DescribeAvailabilityZones", json!({}))
            .unwrap();
        assert_eq!(answer["availabilityZoneInfo"][2]["zoneName"], "ap-northeast-1d");
    }
}
