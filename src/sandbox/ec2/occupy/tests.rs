//! Tests.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::tests::{Cloud, REGION, everything, filter};
use super::{EndpointKind, InstanceState, Occupant};

/// How many rows each operation lists when this is in the VPC, less those of a new one.
fn more(what: &Occupant) -> BTreeMap<&'static str, i64> {
    let (mut new, mut cloud) = (Cloud::new(), Cloud::with(what));
    let operations = super::super::reads::READS
        .iter()
        .map(|read| read.listing.operation);
    operations
        .map(|operation| {
            let count = |cloud: &mut Cloud| i64::try_from(cloud.list(operation, json!({})).len()).unwrap();
            (operation, count(&mut cloud) - count(&mut new))
        })
        .filter(|(_, more)| *more != 0)
        .collect()
}

#[test]
fn every_occupant_can_be_seen() {
    let interface = ("DescribeNetworkInterfaces", 1);
    let address = ("DescribeAddresses", 1);
    let rule = |n| ("DescribeSecurityGroupRules", n);
    let group = ("DescribeSecurityGroups", 1);
    let instance = ("DescribeInstances", 1);
    for what in everything() {
        let expected = match &what {
            Occupant::Instance(InstanceState::Terminated) => vec![instance],
            Occupant::Instance(_) => vec![instance, interface],
            Occupant::NatGateway => vec![("DescribeNatGateways", 1), interface, address],
            Occupant::NetworkInterface => vec![interface],
            Occupant::ElasticAddress => vec![interface, address],
            Occupant::VpcEndpoint(EndpointKind::Gateway) => vec![("DescribeVpcEndpoints", 1)],
            Occupant::VpcEndpoint(EndpointKind::Interface | EndpointKind::ServiceNetwork) => {
                vec![("DescribeVpcEndpoints", 1), interface]
            }
            Occupant::SecurityGroup(_) => vec![group, rule(1)],
            Occupant::GroupReference(_) => vec![group, rule(2)],
            Occupant::Subnet => vec![("DescribeSubnets", 1)],
            Occupant::RouteTable => vec![("DescribeRouteTables", 1)],
            Occupant::NetworkAcl => vec![("DescribeNetworkAcls", 1)],
            Occupant::Peering(_) => vec![("DescribeVpcPeeringConnections", 1)],
            Occupant::VpnGateway => vec![("DescribeVpnGateways", 1)],
            Occupant::TransitGatewayAttachment => {
                vec![("DescribeTransitGatewayVpcAttachments", 1), interface]
            }
            Occupant::EgressOnlyGateway => vec![("DescribeEgressOnlyInternetGateways", 1)],
            Occupant::CarrierGateway => vec![("DescribeCarrierGateways", 1)],
            Occupant::PublicAccessExclusion => vec![("DescribeVpcBlockPublicAccessExclusions", 1)],
            Occupant::FlowLog => vec![("DescribeFlowLogs", 1)],
            Occupant::Tags(_) => vec![("DescribeTags", 1)],
            Occupant::ChangedDefaultGroup => vec![rule(1)],
            _ => Vec::new(),
        };
        assert_eq!(more(&what), expected.into_iter().collect(), "{what:?}");
    }
}

#[test]
fn what_adds_no_row_changes_one() {
    let changed = |what: &Occupant, operation: &str| {
        let (mut new, mut cloud) = (Cloud::new(), Cloud::with(what));
        assert_ne!(
            new.list(operation, json!({})),
            cloud.list(operation, json!({})),
            "{what:?}"
        );
    };
    changed(&Occupant::ExtraCidr("10.9.0.0/16".to_owned()), "DescribeVpcs");
    changed(
        &Occupant::ExtraCidr("10.9.0.0/16".to_owned()),
        "DescribeRouteTables",
    );
    changed(&Occupant::ChangedDefaultAcl, "DescribeNetworkAcls");
    changed(&Occupant::ExtraRoute, "DescribeRouteTables");
    changed(&Occupant::LatticeAssociation, "DescribeRouteTables");
    changed(&Occupant::NoInternetRoute, "DescribeRouteTables");
    changed(&Occupant::DetachedInternetGateway, "DescribeInternetGateways");
}

#[test]
fn parts_can_be_missing() {
    assert_eq!(more(&Occupant::NoSubnets), [("DescribeSubnets", -6)].into());
    assert_eq!(
        more(&Occupant::NoSubnetIn("us-east-1f".to_owned())),
        [("DescribeSubnets", -1)].into()
    );
    assert_eq!(
        more(&Occupant::NoInternetGateway),
        [("DescribeInternetGateways", -1)].into()
    );
    let mut cloud = Cloud::with(&Occupant::NoInternetGateway);
    assert_eq!(
        cloud
            .list("DescribeRouteTables", filter("route.state", "blackhole"))
            .len(),
        1
    );
    let mut cloud = Cloud::with(&Occupant::NoVpc);
    assert_eq!(cloud.list("DescribeSubnets", json!({})), [] as [Value; 0]);
    assert_eq!(
        cloud.list("DescribeInternetGateways", json!({})),
        [] as [Value; 0]
    );
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    for (before, what, reason) in [
        (
            Occupant::NoVpc,
            Occupant::NatGateway,
            "us-east-1 has no default VPC",
        ),
        (Occupant::NoVpc, Occupant::NoVpc, "us-east-1 has no default VPC"),
        (
            Occupant::NoSubnets,
            Occupant::NatGateway,
            "the default VPC of us-east-1 has no subnet",
        ),
        (Occupant::NetworkInterface, Occupant::NoSubnets, "is in use"),
        (Occupant::NetworkAcl, Occupant::NoVpc, "is in use"),
        (
            Occupant::NoInternetGateway,
            Occupant::ExtraRoute,
            "no internet gateway",
        ),
        (
            Occupant::Subnet,
            Occupant::NoSubnetIn("us-east-1x".to_owned()),
            "us-east-1x",
        ),
        (
            Occupant::Subnet,
            Occupant::ExtraCidr("ten".to_owned()),
            "ten is not a CIDR block",
        ),
    ] {
        let mut cloud = Cloud::with(&before);
        let state = cloud.account.regions[REGION].clone();
        let refused = cloud.occupy(&what).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
        assert_eq!(cloud.account.regions[REGION], state, "{what:?}");
    }
}

#[test]
fn occupants_are_written_in_toml() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct World {
        contents: Vec<Occupant>,
    }
    let world: World = toml::from_str(
        r#"contents = ["nat_gateway", { instance = "stopped" }, { vpc_endpoint = "gateway" }, { tags = { a = "b" } }]"#,
    )
    .unwrap();
    assert_eq!(
        world.contents,
        [
            Occupant::NatGateway,
            Occupant::Instance(InstanceState::Stopped),
            Occupant::VpcEndpoint(EndpointKind::Gateway),
            Occupant::Tags([("a".to_owned(), "b".to_owned())].into()),
        ]
    );
}
