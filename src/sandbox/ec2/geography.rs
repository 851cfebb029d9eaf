//! Which availability zones a region has, and which endpoint (AWS documentation, "Availability Zones").

use serde_json::{Value, json};

/// One availability zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    /// The name, which means another zone in another account: `us-east-1a`.
    pub(super) name: String,
    /// The id, which means the same zone in every account: `use1-az1`.
    pub(super) id: String,
}

/// The letters of a region's zones with the numbers in their ids.
type Letters = &'static [(char, u8)];

/// Region, prefix of its zone ids, and letter and number of each zone that a new account sees.
///
/// Which letters a new account has differs between accounts in the oldest regions; this is one real mapping.
const ZONES: &[(&str, &str, Letters)] = &[
    ("af-south-1", "afs1", ABC),
    ("ap-east-1", "ape1", ABC),
    ("ap-east-2", "ape2", ABC),
    ("ap-northeast-1", "apne1", &[('a', 4), ('c', 1), ('d', 2)]),
    ("ap-northeast-2", "apne2", ABCD),
    ("ap-northeast-3", "apne3", ABC),
    ("ap-south-1", "aps1", &[('a', 1), ('b', 3), ('c', 2)]),
    ("ap-south-2", "aps2", ABC),
    ("ap-southeast-1", "apse1", ABC),
    ("ap-southeast-2", "apse2", ABC),
    ("ap-southeast-3", "apse3", ABC),
    ("ap-southeast-4", "apse4", ABC),
    ("ap-southeast-5", "apse5", ABC),
    ("ap-southeast-6", "apse6", ABC),
    ("ap-southeast-7", "apse7", ABC),
    ("ca-central-1", "cac1", &[('a', 1), ('b', 2), ('d', 4)]),
    ("ca-west-1", "caw1", ABC),
    ("cn-north-1", "cnn1", ABC),
    ("cn-northwest-1", "cnnw1", ABC),
    ("eu-central-1", "euc1", &[('a', 2), ('b', 3), ('c', 1)]),
    ("eu-central-2", "euc2", ABC),
    ("eu-north-1", "eun1", ABC),
    ("eu-south-1", "eus1", ABC),
    ("eu-south-2", "eus2", ABC),
    ("eu-west-1", "euw1", ABC),
    ("eu-west-2", "euw2", &[('a', 2), ('b', 3), ('c', 1)]),
    ("eu-west-3", "euw3", ABC),
    ("il-central-1", "ilc1", ABC),
    ("me-central-1", "mec1", ABC),
    ("me-south-1", "mes1", ABC),
    ("mx-central-1", "mxc1", ABC),
    ("sa-east-1", "sae1", ABC),
    (
        "us-east-1",
        "use1",
        &[('a', 1), ('b', 2), ('c', 4), ('d', 6), ('e', 3), ('f', 5)],
    ),
    ("us-east-2", "use2", ABC),
    ("us-gov-east-1", "usge1", ABC),
    ("us-gov-west-1", "usgw1", ABC),
    ("us-west-1", "usw1", &[('a', 1), ('c', 3)]),
    ("us-west-2", "usw2", &[('a', 2), ('b', 1), ('c', 3), ('d', 4)]),
];
const ABC: Letters = &[('a', 1), ('b', 2), ('c', 3)];
const ABCD: Letters = &[('a', 1), ('b', 2), ('c', 3), ('d', 4)];

/// The zones of a region, in the order of their names. A region that the table does not know has three.
pub(super) fn zones(region: &str) -> Vec<Zone> {
    let (prefix, zones) = ZONES.iter().find(|(name, ..)| *name == region).map_or_else(
        || (region.replace('-', ""), ABC),
        |(_, prefix, zones)| ((*prefix).to_owned(), *zones),
    );
    zones
        .iter()
        .map(|(letter, number)| Zone {
            name: format!("{region}{letter}"),
            id: format!("{prefix}-az{number}"),
        })
        .collect()
}

/// EC2's host in a region, as `DescribeRegions` lists it.
pub(super) fn endpoint(region: &str) -> String {
    let china = if partition(region) == "aws-cn" { ".cn" } else { "" };
    format!("ec2.{region}.amazonaws.com{china}")
}

/// The partition of a region: a part of every ARN.
pub(super) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The domain of private host names, which us-east-1, the oldest region, has of its own.
pub(super) fn private_domain(region: &str) -> String {
    match region {
        "us-east-1" => "ec2.internal".to_owned(),
        _ => format!("{region}.compute.internal"),
    }
}

/// The domain of public host names.
pub(super) fn public_domain(region: &str) -> String {
    match region {
        "us-east-1" => "compute-1.amazonaws.com".to_owned(),
        _ => format!("{region}.compute.amazonaws.com"),
    }
}

/// A zone as `DescribeAvailabilityZones` lists it.
pub(super) fn zone_row(region: &str, zone: &Zone) -> Value {
    json!({
        "zoneName": zone.name,
        "zoneId": zone.id,
        "zoneState": "available",
        "zoneType": "availability-zone",
        "regionName": region,
        "groupName": format!("{region}-zg-1"),
        "networkBorderGroup": region,
        "optInStatus": "opt-in-not-required",
        "messageSet": [],
    })
}

/// A region as `DescribeRegions` lists it.
pub(super) fn region_row(region: &str, opt_in_status: &str) -> Value {
    json!({
        "regionName": region,
        "regionEndpoint": endpoint(region),
        "optInStatus": opt_in_status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_the_zones_that_a_new_account_sees() {
        let names = |region: &str| zones(region).into_iter().map(|z| z.name).collect::<Vec<_>>();
        assert_eq!(names("us-east-1").len(), 6);
        assert_eq!(names("us-west-1"), ["us-west-1a", "us-west-1c"]);
        assert_eq!(
            names("ap-northeast-1"),
            ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]
        );
        assert_eq!(names("xx-new-1"), ["xx-new-1a", "xx-new-1b", "xx-new-1c"]);
    }

    #[test]
    fn zone_ids_are_unique() {
        let mut ids: Vec<String> = ZONES.iter().flat_map(|(r, ..)| zones(r)).map(|z| z.id).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn china_has_its_own_domain() {
        assert_eq!(endpoint("cn-north-1"), "ec2.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoint("eu-west-1"), "ec2.eu-west-1.amazonaws.com");
    }
}
