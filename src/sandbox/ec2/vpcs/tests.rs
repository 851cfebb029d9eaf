//! Tests.

use serde_json::{Value, json};

use super::super::tests::{Cloud, REGION, everything, filter, refusal, text};
use super::super::{EndpointKind, InstanceState, Occupant};

#[test]
fn a_new_region_has_a_default_vpc_with_all_its_parts() {
    let mut cloud = Cloud::new();
    let vpcs = cloud.list("DescribeVpcs", json!({}));
    assert_eq!(vpcs.len(), 1);
    assert_eq!(vpcs[0]["isDefault"], true);
    assert_eq!(vpcs[0]["cidrBlock"], "172.31.0.0/16");
    let vpc = cloud.vpc();

    let subnets = cloud.list("DescribeSubnets", filter("vpc-id", &vpc));
    let zones: Vec<String> = subnets.iter().map(|s| text(s, "availabilityZone")).collect();
    assert_eq!(
        zones,
        ["a", "b", "c", "d", "e", "f"].map(|zone| format!("us-east-1{zone}"))
    );
    assert!(
        subnets
            .iter()
            .all(|s| s["defaultForAz"] == true && s["mapPublicIpOnLaunch"] == true)
    );
    assert!(subnets.iter().all(|s| s["availableIpAddressCount"] == 4091));
    assert_eq!(subnets[1]["cidrBlock"], "172.31.16.0/20");

    let gateway = cloud.gateway();
    let tables = cloud.list("DescribeRouteTables", filter("association.main", "true"));
    assert_eq!(
        tables[0]["routeSet"],
        json!([
            { "destinationCidrBlock": "172.31.0.0/16", "gatewayId": "local", "origin": "CreateRouteTable", "state": "active" },
            { "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway, "origin": "CreateRoute", "state": "active" },
        ])
    );

    let groups = cloud.list("DescribeSecurityGroups", filter("vpc-id", &vpc));
    assert_eq!(groups.len(), 1);
    assert_eq!(
        groups[0]["ipPermissions"][0]["groups"][0]["groupId"],
        groups[0]["groupId"]
    );
    assert_eq!(
        groups[0]["ipPermissionsEgress"][0]["ipRanges"][0]["cidrIp"],
        "0.0.0.0/0"
    );

    let acls = cloud.list("DescribeNetworkAcls", filter("default", "true"));
    assert_eq!(acls[0]["associationSet"].as_array().map(Vec::len), Some(6));
    let entries: Vec<(bool, u64, &str)> = acls[0]["entrySet"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            (
                e["egress"] == true,
                e["ruleNumber"].as_u64().unwrap(),
                e["ruleAction"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (true, 100, "allow"),
        (true, 32767, "deny"),
        (false, 100, "allow"),
        (false, 32767, "deny"),
    ];
    assert_eq!(entries, expected);

    let options = cloud.list("DescribeDhcpOptions", json!({}));
    assert_eq!(options[0]["dhcpOptionsId"], vpcs[0]["dhcpOptionsId"]);
    for operation in [
        "DescribeNetworkInterfaces",
        "DescribeInstances",
        "DescribeAddresses",
        "DescribeTags",
    ] {
        assert_eq!(cloud.list(operation, json!({})), [] as [Value; 0], "{operation}");
    }
}

#[test]
fn a_default_vpc_goes_in_the_order_that_ec2_wants() {
    let mut cloud = Cloud::new();
    let (vpc, gateway) = (cloud.vpc(), cloud.gateway());
    let in_the_way = refusal(
        "DependencyViolation",
        format!("The vpc '{vpc}' has dependencies and cannot be deleted."),
    );
    let both = json!({ "InternetGatewayId": gateway, "VpcId": vpc });

    assert_eq!(cloud.refused("DeleteVpc", json!({ "VpcId": vpc })), in_the_way);
    for subnet in cloud.subnets() {
        cloud.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
        assert_eq!(
            cloud.refused("DeleteSubnet", json!({ "SubnetId": subnet })),
            refusal(
                "InvalidSubnetID.NotFound",
                format!("The subnet ID '{subnet}' does not exist")
            )
        );
    }
    assert_eq!(cloud.refused("DeleteVpc", json!({ "VpcId": vpc })), in_the_way);
    assert_eq!(
        cloud.refused("DeleteInternetGateway", json!({ "InternetGatewayId": gateway })),
        refusal(
            "DependencyViolation",
            format!("The internetGateway '{gateway}' has dependencies and cannot be deleted.")
        )
    );
    cloud.ok("DetachInternetGateway", both.clone());
    assert_eq!(
        cloud.refused("DetachInternetGateway", both),
        refusal(
            "Gateway.NotAttached",
            format!("resource {gateway} is not attached to network {vpc}")
        )
    );
    let routes = cloud.list("DescribeRouteTables", filter("vpc-id", &vpc));
    assert_eq!(routes[0]["routeSet"][1]["state"], "blackhole");
    cloud.ok("DeleteInternetGateway", json!({ "InternetGatewayId": gateway }));
    cloud.ok("DeleteVpc", json!({ "VpcId": vpc }));
    assert_eq!(
        cloud.refused("DeleteVpc", json!({ "VpcId": vpc })),
        refusal(
            "InvalidVpcID.NotFound",
            format!("The vpc ID '{vpc}' does not exist")
        )
    );
    for operation in [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeInternetGateways",
        "DescribeRouteTables",
        "DescribeNetworkAcls",
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
    ] {
        assert_eq!(cloud.list(operation, json!({})), [] as [Value; 0], "{operation}");
    }
    // The options belong to the region, not to the VPC.
    assert_eq!(cloud.list("DescribeDhcpOptions", json!({})).len(), 1);
}

#[test]
fn other_regions_keep_their_default_vpc() {
    let mut cloud = Cloud::with(&Occupant::NoVpc);
    assert_eq!(cloud.list("DescribeVpcs", json!({})), [] as [Value; 0]);
    let answer = cloud.call_in("eu-west-1", "DescribeVpcs", json!({})).unwrap();
    assert_eq!(answer["vpcSet"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_flow_logs_of_a_vpc_go_with_it() {
    let mut cloud = Cloud::with(&Occupant::FlowLog);
    cloud.occupy(&Occupant::NoSubnets).unwrap();
    cloud.occupy(&Occupant::NoInternetGateway).unwrap();
    let vpc = cloud.vpc();
    assert_eq!(
        cloud.list("DescribeFlowLogs", filter("resource-id", &vpc)).len(),
        1
    );
    cloud.ok("DeleteVpc", json!({ "VpcId": vpc }));
    assert_eq!(cloud.list("DescribeFlowLogs", json!({})), [] as [Value; 0]);
}

/// Everything that `DeleteVpc` itself refuses, when subnets and gateway are out of the way already.
#[test]
fn whatever_is_in_a_vpc_keeps_it() {
    for what in everything() {
        let mut cloud = Cloud::with(&what);
        let (vpc, gateway) = (cloud.vpc(), cloud.gateway());
        let mut refusals = Vec::new();
        let subnets = cloud
            .subnets()
            .into_iter()
            .map(|id| ("DeleteSubnet", json!({ "SubnetId": id })));
        let calls = [
            (
                "DetachInternetGateway",
                json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
            ),
            ("DeleteInternetGateway", json!({ "InternetGatewayId": gateway })),
            ("DeleteVpc", json!({ "VpcId": vpc })),
        ];
        for (operation, input) in subnets.chain(calls) {
            if let Err(error) = cloud.call(operation, input) {
                assert_eq!(error.code, "DependencyViolation", "{what:?} {operation}");
                refusals.push(operation);
            }
        }
        let interface = ["DeleteSubnet", "DeleteVpc"].as_slice();
        let public = [
            "DeleteSubnet",
            "DetachInternetGateway",
            "DeleteInternetGateway",
            "DeleteVpc",
        ]
        .as_slice();
        let expected = match &what {
            Occupant::Instance(InstanceState::Running) | Occupant::NatGateway | Occupant::ElasticAddress => {
                public
            }
            Occupant::Instance(InstanceState::Stopped)
            | Occupant::NetworkInterface
            | Occupant::TransitGatewayAttachment
            | Occupant::VpcEndpoint(EndpointKind::Interface | EndpointKind::ServiceNetwork) => interface,
            // An own subnet can be deleted like any other, and these are not EC2's to refuse.
            Occupant::Instance(_)
            | Occupant::Subnet
            | Occupant::ExtraCidr(_)
            | Occupant::FlowLog
            | Occupant::PublicAccessExclusion
            | Occupant::CidrReservation
            | Occupant::Tags(_)
            | Occupant::ChangedDefaultGroup
            | Occupant::ChangedDefaultAcl
            | Occupant::ExtraRoute => &[],
            _ => &["DeleteVpc"],
        };
        assert_eq!(refusals, expected, "{what:?}");
    }
}

#[test]
fn a_peering_that_is_over_keeps_nothing() {
    let mut cloud = Cloud::with(&Occupant::NoSubnets);
    cloud.occupy(&Occupant::NoInternetGateway).unwrap();
    cloud.occupy(&Occupant::Peering("deleted".to_owned())).unwrap();
    let vpc = cloud.vpc();
    cloud.ok("DeleteVpc", json!({ "VpcId": vpc }));
}

#[test]
fn a_default_vpc_is_restored_once() {
    let mut cloud = Cloud::new();
    let old = cloud.vpc();
    let refused = cloud.refused("CreateDefaultVpc", json!({}));
    let message = "A Default VPC already exists for this account in this region.";
    assert_eq!(refused, refusal("DefaultVpcAlreadyExists", message));
    cloud.occupy(&Occupant::NoVpc).unwrap();
    let answer = cloud.ok("CreateDefaultVpc", json!({}));
    assert_ne!(text(&answer["vpc"], "vpcId"), old);
    assert_eq!(text(&answer["vpc"], "vpcId"), cloud.vpc());
    assert_eq!(answer["vpc"]["isDefault"], true);
    assert_eq!(cloud.subnets().len(), 6);
    cloud.gateway();
}

#[test]
fn a_vpc_of_ones_own_is_checked_and_is_not_the_default_one() {
    let mut cloud = Cloud::new();
    for block in ["10.0.0.0/8", "10.0.0.0/29"] {
        let refused = cloud.refused("CreateVpc", json!({ "CidrBlock": block }));
        assert_eq!(
            refused,
            refusal("InvalidVpc.Range", format!("The CIDR '{block}' is invalid."))
        );
    }
    assert_eq!(
        cloud.refused("CreateVpc", json!({ "CidrBlock": "ten" })),
        refusal(
            "InvalidParameterValue",
            "Value (ten) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        )
    );
    for _ in 0..4 {
        let answer = cloud.ok("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        assert_eq!(answer["vpc"]["isDefault"], false);
    }
    let refused = cloud.refused("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
    assert_eq!(
        refused,
        refusal("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    );
    assert_eq!(cloud.list("DescribeVpcs", filter("isDefault", "false")).len(), 4);
    assert_eq!(cloud.account.regions[REGION].ec2.route_tables.len(), 5);
}

#[test]
fn the_id_of_a_vpc_has_a_form() {
    let mut cloud = Cloud::new();
    let refused = cloud.refused("DeleteVpc", json!({ "VpcId": "vpc-x" }));
    assert_eq!(
        refused,
        refusal(
            "InvalidVpcID.Malformed",
            "Invalid id: \"vpc-x\" (expecting \"vpc-...\")"
        )
    );
}
