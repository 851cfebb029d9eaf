//! Tests.

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
    let reservations = cloud.list("DescribeInstances", filter("instance-state-name", "running"));
    let instance = text(&reservations[0]["instancesSet"][0], "instanceId");
    let address = text(&cloud.ok("AllocateAddress", json!({})), "allocationId");
    cloud.ok(
        "AssociateAddress",
        json!({ "AllocationId": address, "InstanceId": instance }),
    );
    let table = cloud
        .texts("DescribeRouteTables", "routeTableId", json!({}))
        .remove(0);
    let nat = cloud
        .texts("DescribeNatGateways", "natGatewayId", json!({}))
        .remove(0);
    let peering = cloud
        .texts(
            "DescribeVpcPeeringConnections",
            "vpcPeeringConnectionId",
            json!({}),
        )
        .remove(0);
    for (block, target, id) in [
        ("10.1.0.0/16", "NatGatewayId", nat),
        ("10.2.0.0/16", "VpcPeeringConnectionId", peering),
    ] {
        cloud.ok(
            "CreateRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": block, target: id }),
        );
    }
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
    let subnets =
        |cloud: &mut Cloud, filters: Value| cloud.list("DescribeSubnets", json!({ "Filter": filters })).len();
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
