//! The global region: the one in which AWS Config records what is the same in all regions (IAM's types), and in which
//! Security Hub looks at it.
//!
//! It is the home region wherever that can be. Security Hub wants IAM's types recorded where the findings come together,
//! and so a region fits that can record them and that can aggregate findings.

use std::collections::BTreeSet;

use trueup_aws::{Cx, Failure, Reading};
use trueup_core::env::Env;
use trueup_core::location::{Location, Region};

/// The regions of the partition `aws` that every account has. Security Hub's findings can come together in no other
/// (Security Hub User Guide, "Enabling cross-Region aggregation").
const ALWAYS_ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The other regions of that partition that had AWS Config before February 2022. Later ones cannot record IAM's types
/// (AWS Config API reference, `RecordingGroup`).
const OLD_OPT_IN: [&str; 5] = [
    "af-south-1",
    "ap-east-1",
    "ap-southeast-3",
    "eu-south-1",
    "me-south-1",
];

/// Whether every account has the region without asking for it.
pub(crate) fn is_always_enabled(region: &Region) -> bool {
    region.partition() != "aws" || ALWAYS_ENABLED.contains(&region.as_str())
}

/// Whether AWS Config can record IAM's types in the region.
pub(crate) fn can_record_iam(region: &Region) -> bool {
    match region.partition() {
        "aws" => is_always_enabled(region) || OLD_OPT_IN.contains(&region.as_str()),
        // The European partition is younger than that.
        partition => partition != "aws-eusc",
    }
}

/// Which of these regions may be the global region, if that is not the home region: those that fit, or else those that
/// can at least record IAM's types. Nothing where it is the home region.
pub(crate) fn instead_of_home(regions: impl Iterator<Item = Region>, env: &Env) -> Option<BTreeSet<Region>> {
    let able: BTreeSet<Region> = regions
        .filter(|region| can_record_iam(region) && env.enabled.contains(region))
        .collect();
    let fitting: BTreeSet<Region> = able
        .iter()
        .filter(|region| is_always_enabled(region))
        .cloned()
        .collect();
    let best = if fitting.is_empty() { able } else { fitting };
    (!best.contains(&env.home)).then_some(best)
}

/// The one of several: where the findings come together already, or else the first.
pub(crate) async fn choose(cx: &Cx, regions: &BTreeSet<Region>) -> Result<Option<Region>, Failure> {
    if regions.len() > 1 {
        let aggregation = cx.at(Location::Account).cached::<Aggregation>().await?;
        if let Some(region) = aggregation.0.as_ref().filter(|region| regions.contains(*region)) {
            return Ok(Some(region.clone()));
        }
    }
    Ok(regions.first().cloned())
}

/// Where the account's Security Hub findings come together, if they do. Any region with a hub tells.
struct Aggregation(Option<Region>);

impl Reading for Aggregation {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let hub = &cx.clients().securityhub;
        crate::security_hub::aggregation_region(hub)
            .await
            .map(Aggregation)
    }
}

#[cfg(test)]
mod tests {
    use trueup_core::env::Run;

    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    fn instead(home: &str, regions: &[&str]) -> Option<Vec<String>> {
        let all: Vec<Region> = regions.iter().map(|name| region(name)).collect();
        let env = Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: region(home),
            enabled: all.clone(),
            run: Run::default(),
        };
        let found = instead_of_home(all.into_iter(), &env)?;
        Some(found.iter().map(Region::to_string).collect())
    }

    #[test]
    fn regions_that_config_got_after_february_2022_record_no_iam_types() {
        for name in ["us-east-1", "af-south-1", "cn-north-1", "us-gov-west-1"] {
            assert!(can_record_iam(&region(name)), "{name}");
        }
        for name in [
            "me-central-1",
            "eu-central-2",
            "ca-west-1",
            "mx-central-1",
            "eusc-de-east-1",
        ] {
            assert!(!can_record_iam(&region(name)), "{name}");
        }
    }

    #[test]
    fn the_home_region_is_the_global_one_wherever_it_can_be() {
        assert_eq!(instead("us-east-1", &["eu-west-1", "us-east-1"]), None);
        assert_eq!(instead("cn-north-1", &["cn-north-1"]), None);
        // Findings cannot come together there, and where nothing better is managed it records all the same.
        assert_eq!(
            instead("af-south-1", &["af-south-1", "us-east-1"]),
            Some(vec!["us-east-1".to_owned()])
        );
        assert_eq!(instead("af-south-1", &["af-south-1"]), None);
    }

    #[test]
    fn a_home_region_that_cannot_or_is_not_managed_leaves_it_to_others() {
        let others = ["eu-west-1", "me-central-1", "us-west-2"];
        let expected = Some(vec!["eu-west-1".to_owned(), "us-west-2".to_owned()]);
        assert_eq!(instead("me-central-1", &others), expected);
        assert_eq!(instead("us-east-1", &others), expected);
        assert_eq!(instead("me-central-1", &["me-central-1"]), Some(vec![]));
    }
}
