//! Which services have no endpoint in which region.
//!
//! That a name does not resolve proves nothing: a resolver can lie, filter, or be broken. A service counts as not
//! available in a region only if this table says so too. A region that the table does not know, such as a new one,
//! lacks nothing.
//!
//! Source: the endpoint data of botocore. A test compares all of it.

use trueup_core::location::Region;

/// The regions in which a service has neither an endpoint of its own nor one of the whole partition.
const LACKING: &[(&str, &[&str])] = &[
    (
        "access-analyzer",
        &[
            "us-iso-east-1",
            "us-iso-west-1",
            "us-isob-east-1",
            "us-isob-west-1",
        ],
    ),
    (
        "account",
        &[
            "eu-isoe-west-1",
            "eusc-de-east-1",
            "us-gov-east-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-iso-west-1",
            "us-isob-east-1",
            "us-isob-west-1",
            "us-isof-east-1",
            "us-isof-south-1",
        ],
    ),
    ("budgets", &["eusc-de-east-1", "us-gov-east-1", "us-gov-west-1"]),
    (
        "ce",
        &[
            "eu-isoe-west-1",
            "eusc-de-east-1",
            "us-gov-east-1",
            "us-gov-west-1",
        ],
    ),
    ("guardduty", &["us-isob-west-1"]),
    ("iam", &["eu-isoe-west-1", "eusc-de-east-1"]),
    ("organizations", &["eusc-de-east-1"]),
    (
        "s3control",
        &[
            "ap-east-2",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "eu-isoe-west-1",
            "mx-central-1",
            "us-isob-west-1",
            "us-isof-east-1",
            "us-isof-south-1",
        ],
    ),
];

/// The regions of all partitions, as far as they are known here.
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// The regions that AWS is known to have in a region's partition, or in all of them. An account may have newer ones.
pub fn known_regions(beside: Option<&Region>) -> Vec<Region> {
    let all = REGIONS.iter().filter_map(|name| name.parse::<Region>().ok());
    all.filter(|region| beside.is_none_or(|beside| beside.partition() == region.partition()))
        .collect()
}

/// True if a service, by its name in a [`CallName`](crate::CallName), is known to have no endpoint in a region.
pub fn is_lacking(service: &str, region: &str) -> bool {
    LACKING
        .iter()
        .any(|(lacking, regions)| *lacking == service && regions.contains(&region))
}
