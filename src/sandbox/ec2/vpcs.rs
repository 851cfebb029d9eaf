//! VPCs: what a new one has, the default one, and when one may go.

use serde_json::json;

use super::cidr::Cidr;
use super::geography;
use super::input::Input;
use super::kind;
use super::model::{
    AclEntry, CidrAssociation, Ec2, NetworkAcl, Route, RouteTable, RouteTableAssociation, Rule,
    SecurityGroup, State, Tag, Vpc, find,
};
use super::{Answer, AwsError, Cx, done, gateways, rows, subnets};

/// The addresses of every default VPC (VPC User Guide, "Default VPC components").
const DEFAULT_BLOCK: &str = "172.31.0.0/16";

/// How many VPCs a region may have (VPC User Guide, "Amazon VPC quotas").
const MOST_VPCS: usize = 5;

/// Creates a VPC with what each has: a main route table with its local route, a default security group and a
/// default network ACL.
fn create(cx: &mut Cx<'_>, block: &str, is_default: bool, tag_set: Vec<Tag>) -> Vpc {
    let vpc = Vpc {
        vpc_id: cx.ids.next("vpc"),
        owner_id: cx.ec2.account_id.clone(),
        state: "available".to_owned(),
        cidr_block: block.to_owned(),
        cidr_block_association_set: vec![CidrAssociation {
            association_id: cx.ids.next("vpc-cidr-assoc"),
            cidr_block: block.to_owned(),
            cidr_block_state: State::associated(),
        }],
        dhcp_options_id: default_dhcp_options(cx.ec2),
        instance_tenancy: "default".to_owned(),
        is_default,
        tag_set,
    };
    cx.ec2.vpcs.push(vpc.clone());
    let mut table = route_table(cx, &vpc.vpc_id);
    table.association_set.push(RouteTableAssociation {
        route_table_association_id: cx.ids.next("rtbassoc"),
        route_table_id: table.route_table_id.clone(),
        main: true,
        subnet_id: None,
        association_state: State::associated(),
    });
    cx.ec2.route_tables.push(table);
    let acl = network_acl(cx, &vpc.vpc_id, true);
    cx.ec2.network_acls.push(acl);
    let mut group = security_group(cx, &vpc.vpc_id, "default", "default VPC security group");
    group.rules.insert(
        0,
        Rule {
            security_group_rule_id: cx.ids.next("sgr"),
            is_egress: false,
            ip_protocol: "-1".to_owned(),
            from_port: -1,
            to_port: -1,
            cidr_ipv4: None,
            group: Some(group.group_id.clone()),
            tag_set: Vec::new(),
        },
    );
    cx.ec2.security_groups.push(group);
    vpc
}

/// The set of DHCP options that a region has from the start, which new VPCs get.
fn default_dhcp_options(ec2: &Ec2) -> String {
    let options = ec2.dhcp_options.first();
    options.map_or_else(|| "default".to_owned(), |options| options.dhcp_options_id.clone())
}

/// A route table that is not in the state yet: it has the VPC's local route and no associations.
pub(super) fn route_table(cx: &mut Cx<'_>, vpc_id: &str) -> RouteTable {
    let blocks = cx.ec2.vpcs.iter().find(|vpc| vpc.vpc_id == vpc_id);
    let blocks = blocks
        .map(|vpc| vpc.cidr_block_association_set.as_slice())
        .unwrap_or_default();
    let route_set = blocks
        .iter()
        .map(|block| local_route(&block.cidr_block))
        .collect();
    RouteTable {
        route_table_id: cx.ids.next("rtb"),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        association_set: Vec::new(),
        route_set,
        tag_set: Vec::new(),
    }
}

/// The route within the VPC, which every table has and nobody can remove.
pub(super) fn local_route(block: &str) -> Route {
    Route {
        destination_cidr_block: Some(block.to_owned()),
        gateway_id: Some("local".to_owned()),
        origin: "CreateRouteTable".to_owned(),
        ..Route::default()
    }
}

/// A network ACL that is not in the state yet. The default one lets everything through; another one nothing.
pub(super) fn network_acl(cx: &mut Cx<'_>, vpc_id: &str, default: bool) -> NetworkAcl {
    let entry = |rule_number, rule_action: &str, egress| AclEntry {
        rule_number,
        protocol: "-1".to_owned(),
        rule_action: rule_action.to_owned(),
        egress,
        cidr_block: "0.0.0.0/0".to_owned(),
    };
    let entries = |egress| {
        let allow = default.then(|| entry(100, "allow", egress));
        allow.into_iter().chain([entry(32767, "deny", egress)])
    };
    NetworkAcl {
        network_acl_id: cx.ids.next("acl"),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        default,
        association_set: Vec::new(),
        entry_set: entries(true).chain(entries(false)).collect(),
        tag_set: Vec::new(),
    }
}

/// A security group that is not in the state yet. It lets everything out and nothing in.
pub(super) fn security_group(cx: &mut Cx<'_>, vpc_id: &str, name: &str, description: &str) -> SecurityGroup {
    SecurityGroup {
        group_id: cx.ids.next("sg"),
        group_name: name.to_owned(),
        group_description: description.to_owned(),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        rules: vec![Rule {
            security_group_rule_id: cx.ids.next("sgr"),
            is_egress: true,
            ip_protocol: "-1".to_owned(),
            from_port: -1,
            to_port: -1,
            cidr_ipv4: Some("0.0.0.0/0".to_owned()),
            group: None,
            tag_set: Vec::new(),
        }],
        tag_set: Vec::new(),
    }
}

/// Creates the default VPC: an attached internet gateway with a route to it, and a default subnet in each zone.
pub(super) fn create_default(cx: &mut Cx<'_>) -> Vpc {
    let vpc = create(cx, DEFAULT_BLOCK, true, Vec::new());
    let gateway = gateways::create(cx, Vec::new());
    gateways::attach(cx.ec2, &gateway.internet_gateway_id, &vpc.vpc_id);
    if let Some(table) = cx.ec2.main_table_mut(&vpc.vpc_id) {
        table.route_set.push(Route {
            destination_cidr_block: Some("0.0.0.0/0".to_owned()),
            gateway_id: Some(gateway.internet_gateway_id),
            origin: "CreateRoute".to_owned(),
            ..Route::default()
        });
    }
    for zone in geography::zones(&cx.ec2.region) {
        subnets::create_default(cx, &vpc, &zone);
    }
    vpc
}

/// `CreateDefaultVpc`.
pub(super) fn create_default_vpc(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    if cx.ec2.default_vpc().is_some() {
        return Err(AwsError::new(
            "DefaultVpcAlreadyExists",
            "A Default VPC already exists for this account in this region.",
        ));
    }
    let vpc = create_default(cx);
    Ok(json!({ "vpc": rows::vpc(&vpc) }))
}

/// `CreateVpc`.
pub(super) fn create_vpc(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let text = input.required("CidrBlock")?;
    let block: Cidr = text.parse().map_err(|_| not_a_block(text))?;
    if !(16..=28).contains(&block.length()) {
        return Err(AwsError::new(
            "InvalidVpc.Range",
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    let tags = input.creation_tags(&kind::VPC)?;
    if cx.ec2.vpcs.len() >= MOST_VPCS {
        return Err(AwsError::new(
            "VpcLimitExceeded",
            "The maximum number of VPCs has been reached.",
        ));
    }
    let vpc = create(cx, &block.to_string(), false, tags);
    Ok(json!({ "vpc": rows::vpc(&vpc) }))
}

/// The refusal of a text that is not a block of addresses.
pub(super) fn not_a_block(text: &str) -> AwsError {
    AwsError::new(
        "InvalidParameterValue",
        format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."),
    )
}

/// What keeps a VPC from being deleted.
///
/// `DeleteVpc` takes the main route table, the default network ACL and the default security group with it, and
/// wants everything else gone before.
pub(super) fn in_the_way(ec2: &Ec2, vpc_id: &str) -> bool {
    let attached = |attachments: &[super::model::Attachment]| {
        attachments
            .iter()
            .any(|attachment| attachment.vpc_id == vpc_id && attachment.state != "detached")
    };
    let is_live = |state: &str| !matches!(state, "deleted" | "failed" | "rejected");
    ec2.subnets_of(vpc_id).next().is_some()
        || ec2
            .network_interfaces
            .iter()
            .any(|interface| interface.vpc_id == vpc_id)
        || ec2
            .internet_gateways
            .iter()
            .any(|gateway| gateway.vpc() == Some(vpc_id))
        || ec2
            .egress_only_gateways
            .iter()
            .any(|gateway| attached(&gateway.attachment_set))
        || ec2
            .vpn_gateways
            .iter()
            .any(|gateway| attached(&gateway.attachments))
        || ec2
            .nat_gateways
            .iter()
            .any(|nat| nat.vpc_id == vpc_id && is_live(&nat.state))
        || ec2
            .vpc_endpoints
            .iter()
            .any(|endpoint| endpoint.vpc_id == vpc_id && is_live(&endpoint.state))
        || ec2
            .transit_attachments
            .iter()
            .any(|a| a.vpc_id == vpc_id && is_live(&a.state))
        || ec2
            .peerings
            .iter()
            .any(|peering| peering.has_side(vpc_id) && peering.is_live())
        || ec2
            .route_tables
            .iter()
            .any(|table| table.vpc_id == vpc_id && !table.is_main())
        || ec2
            .network_acls
            .iter()
            .any(|acl| acl.vpc_id == vpc_id && !acl.default)
        || ec2
            .security_groups
            .iter()
            .any(|group| group.vpc_id == vpc_id && !group.is_default())
}

/// `DeleteVpc`.
pub(super) fn delete_vpc(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("VpcId", &kind::VPC)?;
    find(&cx.ec2.vpcs, id)?;
    if in_the_way(cx.ec2, id) {
        return Err(AwsError::new(
            "DependencyViolation",
            format!("The vpc '{id}' has dependencies and cannot be deleted."),
        ));
    }
    remove(cx.ec2, id);
    done()
}

/// Takes a VPC away with what came with it and what only refers to it.
pub(super) fn remove(ec2: &mut Ec2, vpc_id: &str) {
    ec2.vpcs.retain(|vpc| vpc.vpc_id != vpc_id);
    ec2.route_tables.retain(|table| table.vpc_id != vpc_id);
    ec2.network_acls.retain(|acl| acl.vpc_id != vpc_id);
    ec2.security_groups.retain(|group| group.vpc_id != vpc_id);
    ec2.flow_logs.retain(|log| log.resource_id != vpc_id);
}

#[cfg(test)]
mod tests {
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
                Occupant::Instance(InstanceState::Running)
                | Occupant::NatGateway
                | Occupant::ElasticAddress => public,
                Occupant::Instance(InstanceState::Stopped)
                | Occupant::NetworkInterface
                | Occupant::TransitGatewayAttachment
                | Occupant::VpcEndpoint(EndpointKind::Interface) => interface,
                // An own subnet can be deleted like any other, and these are not EC2's to refuse.
                Occupant::Instance(_)
                | Occupant::Subnet
                | Occupant::ExtraCidr(_)
                | Occupant::FlowLog
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
}
