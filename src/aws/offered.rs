//! Which services have no endpoint in which region.
//!
//! That a name does not resolve proves nothing: a resolver can lie, filter, or be broken. A service counts as not
//! available in a region only if this table says so too. A region that the table does not know, such as a new one,
//! lacks nothing.
//!
//! Source: the endpoint data of botocore. A test compares all of it.

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

/// True if a service, by its name in a [`CallName`](crate::CallName), is known to have no endpoint in a region.
pub fn is_lacking(service: &str, region: &str) -> bool {
    LACKING
        .iter()
        .any(|(lacking, regions)| *lacking == service && regions.contains(&region))
}
