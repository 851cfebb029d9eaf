//! Subnets.

use serde_json::json;

use super::cidr::Cidr;
use super::geography::{self, Zone};
use super::input::Input;
use super::kind;
use super::listing::{Listing, Pages};
use super::model::{AclAssociation, Subnet, Tag, Vpc, find};
use super::vpcs::not_a_block;
use super::{Answer, AwsError, Cx, SERVICE, done, rows};

/// The prefix length of a default subnet (VPC User Guide, "Default subnets").
const DEFAULT_LENGTH: u8 = 20;

/// Creates a subnet. It is under the VPC's default network ACL and, having none of its own, its main route
/// table.
pub(super) fn create(
    cx: &mut Cx<'_>,
    vpc_id: &str,
    block: Cidr,
    zone: &Zone,
    is_default: bool,
    tag_set: Vec<Tag>,
) -> Subnet {
    let subnet_id = cx.ids.next("subnet");
    let subnet = Subnet {
        subnet_arn: rows::arn(cx.ec2, "subnet", &subnet_id),
        subnet_id,
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        state: "available".to_owned(),
        cidr_block: block.to_string(),
        availability_zone: zone.name.clone(),
        availability_zone_id: zone.id.clone(),
        default_for_az: is_default,
        map_public_ip_on_launch: is_default,
        tag_set,
    };
    let mut acls = cx.ec2.network_acls.iter_mut();
    if let Some(acl) = acls.find(|acl| acl.vpc_id == vpc_id && acl.default) {
        acl.association_set.push(AclAssociation {
            network_acl_association_id: cx.ids.next("aclassoc"),
            network_acl_id: acl.network_acl_id.clone(),
            subnet_id: subnet.subnet_id.clone(),
        });
    }
    cx.ec2.subnets.push(subnet.clone());
    subnet
}

/// Creates the default subnet of a zone, in the first free block of its size; none where the VPC is full.
pub(super) fn create_default(cx: &mut Cx<'_>, vpc: &Vpc, zone: &Zone) -> Option<Subnet> {
    let whole: Cidr = vpc.cidr_block.parse().ok()?;
    let free = whole
        .split(DEFAULT_LENGTH)
        .find(|block| is_free(cx, &vpc.vpc_id, *block))?;
    Some(create(cx, &vpc.vpc_id, free, zone, true, Vec::new()))
}

/// Whether no subnet of the VPC has an address of the block.
pub(super) fn is_free(cx: &Cx<'_>, vpc_id: &str, block: Cidr) -> bool {
    let taken = |subnet: &Subnet| {
        subnet
            .cidr_block
            .parse::<Cidr>()
            .is_ok_and(|other| other.overlaps(block))
    };
    !cx.ec2.subnets_of(vpc_id).any(taken)
}

/// The zone that a request names, by name or id.
fn zone(cx: &Cx<'_>, input: &Input<'_>) -> Result<Option<Zone>, AwsError> {
    let (name, id) = (input.text("AvailabilityZone"), input.text("AvailabilityZoneId"));
    let (parameter, wanted) = match (name, id) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(AwsError::new(
                "InvalidParameterCombination",
                "The parameters availabilityZone and availabilityZoneId cannot be used together",
            ));
        }
        (Some(name), None) => ("availabilityZone", name),
        (None, Some(id)) => ("availabilityZoneId", id),
    };
    let zones = geography::zones(&cx.ec2.region);
    let found = zones
        .iter()
        .find(|zone| name == Some(&zone.name) || id == Some(&zone.id));
    let names = || {
        zones
            .iter()
            .map(|zone| zone.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    found.cloned().map(Some).ok_or_else(|| {
        SERVICE.invalid(format!(
                "Value ({wanted}) for parameter {parameter} is invalid. Subnets can currently only be created in the \
                 following availability zones: {}.",
                names()
            ),
        )
    })
}

/// `CreateDefaultSubnet`.
pub(super) fn create_default_subnet(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let zone = zone(cx, input)?.ok_or_else(|| SERVICE.missing("AvailabilityZone"))?;
    let vpc = cx.ec2.default_vpc().cloned().ok_or_else(|| {
        AwsError::new(
            "DefaultVpcDoesNotExist",
            "No default VPC exists for this account in this region.",
        )
    })?;
    let mut subnets = cx.ec2.subnets_of(&vpc.vpc_id);
    if let Some(subnet) =
        subnets.find(|subnet| subnet.default_for_az && subnet.availability_zone == zone.name)
    {
        return Err(AwsError::new(
            "DefaultSubnetAlreadyExistsInAvailabilityZone",
            format!(
                "'{}' is already the default subnet in {}.",
                subnet.subnet_id, zone.name
            ),
        ));
    }
    drop(subnets);
    let subnet = create_default(cx, &vpc, &zone).ok_or_else(|| {
        AwsError::new(
            "InsufficientCidrBlocks",
            format!(
                "The vpc '{}' has no free CIDR block for a default subnet.",
                vpc.vpc_id
            ),
        )
    })?;
    Ok(json!({ "subnet": rows::subnet(cx.ec2, &subnet) }))
}

/// `CreateSubnet`.
pub(super) fn create_subnet(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let vpc_id = input.id("VpcId", &kind::VPC)?;
    let text = input.required("CidrBlock")?;
    let block: Cidr = text.parse().map_err(|_| not_a_block(text))?;
    let vpc = find(&cx.ec2.vpcs, vpc_id)?;
    let blocks = vpc.cidr_block_association_set.iter();
    let inside = blocks
        .filter_map(|association| association.cidr_block.parse::<Cidr>().ok())
        .any(|whole| whole.contains(block));
    if !inside || block.length() > 28 {
        return Err(AwsError::new(
            "InvalidSubnet.Range",
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    if !is_free(cx, vpc_id, block) {
        return Err(AwsError::new(
            "InvalidSubnet.Conflict",
            format!("The CIDR '{text}' conflicts with another subnet"),
        ));
    }
    let tags = input.creation_tags(&kind::SUBNET)?;
    let zone = match zone(cx, input)? {
        Some(zone) => zone,
        None => geography::zones(&cx.ec2.region).swap_remove(0),
    };
    let subnet = create(cx, vpc_id, block, &zone, false, tags);
    Ok(json!({ "subnet": rows::subnet(cx.ec2, &subnet) }))
}

/// `DeleteSubnet`. A network interface in the subnet, whoever's it is, keeps it: this is EC2's own check of
/// use.
pub(super) fn delete_subnet(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("SubnetId", &kind::SUBNET)?;
    find(&cx.ec2.subnets, id)?;
    if cx.ec2.interfaces_in(id).next().is_some() {
        return Err(AwsError::new(
            "DependencyViolation",
            format!("The subnet '{id}' has dependencies and cannot be deleted."),
        ));
    }
    remove(cx.ec2, id);
    done()
}

/// `GetSubnetCidrReservations`. The sandbox has no addresses of IPv6.
pub(super) fn get_cidr_reservations(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("SubnetId", &kind::SUBNET)?;
    find(&cx.ec2.subnets, id)?;
    let of_subnet = cx.ec2.cidr_reservations.iter().filter(|one| one.subnet_id == id);
    let mut answer = CIDR_RESERVATIONS.answer(input, of_subnet.map(rows::plain).collect())?;
    answer["subnetIpv6CidrReservationSet"] = json!([]);
    Ok(answer)
}

static CIDR_RESERVATIONS: Listing = Listing {
    operation: "GetSubnetCidrReservations",
    set: "subnetIpv4CidrReservationSet",
    ids: &[],
    filters: &[
        ("reservationType", "reservationType"),
        ("subnet-id", "subnetId"),
        ("tag-key", "tagSet/key"),
    ],
    pages: Pages::UpTo(1000),
    also: &["SubnetId"],
};

/// Takes a subnet away, and with it what only says something of it.
pub(super) fn remove(ec2: &mut super::model::Ec2, id: &str) {
    ec2.subnets.retain(|subnet| subnet.subnet_id != id);
    ec2.cidr_reservations
        .retain(|reservation| reservation.subnet_id != id);
    for acl in &mut ec2.network_acls {
        acl.association_set
            .retain(|association| association.subnet_id != id);
    }
    for table in &mut ec2.route_tables {
        table
            .association_set
            .retain(|association| association.subnet_id.as_deref() != Some(id));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Occupant;
    use super::super::tests::{Cloud, filter, refusal, text};

    #[test]
    fn a_default_subnet_comes_back_in_its_zone() {
        let mut cloud = Cloud::new();
        let subnet = cloud.subnets()[2].clone();
        let input = json!({ "AvailabilityZone": "us-east-1c" });
        assert_eq!(
            cloud.refused("CreateDefaultSubnet", input.clone()),
            refusal(
                "DefaultSubnetAlreadyExistsInAvailabilityZone",
                format!("'{subnet}' is already the default subnet in us-east-1c.")
            )
        );
        cloud
            .occupy(&Occupant::NoSubnetIn("us-east-1c".to_owned()))
            .unwrap();
        let answer = cloud.ok("CreateDefaultSubnet", input);
        let subnet = &answer["subnet"];
        assert_eq!(text(subnet, "availabilityZone"), "us-east-1c");
        assert_eq!(text(subnet, "cidrBlock"), "172.31.32.0/20");
        assert_eq!(
            (&subnet["defaultForAz"], &subnet["mapPublicIpOnLaunch"]),
            (&json!(true), &json!(true))
        );
        let id = text(subnet, "subnetId");
        assert_eq!(
            cloud
                .list("DescribeNetworkAcls", filter("association.subnet-id", &id))
                .len(),
            1
        );
        assert_eq!(cloud.subnets().len(), 6);
    }

    #[test]
    fn a_default_subnet_needs_a_zone_and_a_default_vpc() {
        let mut cloud = Cloud::new();
        let refused = cloud.refused("CreateDefaultSubnet", json!({}));
        assert_eq!(refused.0, "MissingParameter");
        let (code, message) =
            cloud.refused("CreateDefaultSubnet", json!({ "AvailabilityZone": "us-east-1x" }));
        assert_eq!(code, "InvalidParameterValue");
        assert!(
            message.contains("(us-east-1x)") && message.contains("us-east-1a, us-east-1b"),
            "{message}"
        );
        cloud.occupy(&Occupant::NoVpc).unwrap();
        assert_eq!(
            cloud.refused("CreateDefaultSubnet", json!({ "AvailabilityZoneId": "use1-az1" })),
            refusal(
                "DefaultVpcDoesNotExist",
                "No default VPC exists for this account in this region."
            )
        );
    }

    #[test]
    fn an_interface_keeps_its_subnet() {
        let mut cloud = Cloud::with(&Occupant::NetworkInterface);
        let subnets = cloud.subnets();
        let refused = cloud.refused("DeleteSubnet", json!({ "SubnetId": subnets[0] }));
        let message = format!(
            "The subnet '{}' has dependencies and cannot be deleted.",
            subnets[0]
        );
        assert_eq!(refused, refusal("DependencyViolation", message));
        cloud.ok("DeleteSubnet", json!({ "SubnetId": subnets[1] }));
        let rows = cloud.list("DescribeSubnets", json!({ "SubnetId": [subnets[0]] }));
        assert_eq!(rows[0]["availableIpAddressCount"], 4090);
    }

    #[test]
    fn reserved_addresses_are_listed_by_their_subnet_and_go_with_it() {
        let mut cloud = Cloud::with(&Occupant::CidrReservation);
        let subnets = cloud.subnets();
        let mut reserved = |subnet: &str, more: serde_json::Value| {
            let mut input = json!({ "SubnetId": subnet });
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let answer = cloud.ok("GetSubnetCidrReservations", input);
            assert_eq!(answer["subnetIpv6CidrReservationSet"], json!([]));
            answer["subnetIpv4CidrReservationSet"].clone()
        };
        let all = reserved(&subnets[0], json!({}));
        assert_eq!(
            (text(&all[0], "cidr"), text(&all[0], "reservationType")),
            ("172.31.15.240/28".to_owned(), "prefix".to_owned())
        );
        assert_eq!(
            reserved(&subnets[0], filter("reservationType", "explicit")),
            json!([])
        );
        assert_eq!(reserved(&subnets[1], json!({})), json!([]));
        cloud.ok("DeleteSubnet", json!({ "SubnetId": subnets[0] }));
        let gone = json!({ "SubnetId": subnets[0] });
        assert_eq!(
            cloud.refused("GetSubnetCidrReservations", gone).0,
            "InvalidSubnetID.NotFound"
        );
        let refused = cloud.refused("GetSubnetCidrReservations", json!({}));
        assert_eq!(refused.0, "MissingParameter");
    }

    #[test]
    fn nothing_speaks_of_a_subnet_that_is_gone() {
        let mut cloud = Cloud::with(&Occupant::RouteTable);
        let subnet = cloud.subnets().remove(0);
        let of_subnet = || filter("association.subnet-id", &subnet);
        for operation in ["DescribeRouteTables", "DescribeNetworkAcls"] {
            assert_eq!(cloud.list(operation, of_subnet()).len(), 1, "{operation}");
        }
        cloud.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
        for operation in ["DescribeRouteTables", "DescribeNetworkAcls"] {
            assert_eq!(cloud.list(operation, of_subnet()).len(), 0, "{operation}");
        }
    }

    #[test]
    fn a_subnet_of_ones_own_is_checked() {
        let mut cloud = Cloud::new();
        let vpc = cloud.vpc();
        let input = |block: &str| json!({ "VpcId": vpc, "CidrBlock": block });
        assert_eq!(
            cloud.refused("CreateSubnet", input("10.0.0.0/24")),
            refusal("InvalidSubnet.Range", "The CIDR '10.0.0.0/24' is invalid.")
        );
        assert_eq!(
            cloud.refused("CreateSubnet", input("172.31.5.0/24")),
            refusal(
                "InvalidSubnet.Conflict",
                "The CIDR '172.31.5.0/24' conflicts with another subnet"
            )
        );
        assert_eq!(
            cloud.refused("CreateSubnet", input("x")).0,
            "InvalidParameterValue"
        );
        let other = json!({ "VpcId": "vpc-00000000", "CidrBlock": "172.31.200.0/24" });
        assert_eq!(cloud.refused("CreateSubnet", other).0, "InvalidVpcID.NotFound");
        let answer = cloud.ok("CreateSubnet", input("172.31.200.0/24"));
        assert_eq!(answer["subnet"]["defaultForAz"], false);
        assert_eq!(answer["subnet"]["mapPublicIpOnLaunch"], false);
    }
}
