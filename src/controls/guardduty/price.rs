//! What is turned on costs so much a month.

use trueup_core::control::{Here, Observed};
use trueup_core::cost::{Monthly, PerRegion};

use super::features::Feature;
use super::model::{Ids, Model};

/// A detector: 4 USD for a million management events of CloudTrail, and 1 USD for each GB of flow and DNS logs. A
/// region without workloads has thousands of the former and nothing of the latter.
const DETECTOR: PerRegion = PerRegion {
    home: Monthly::cents(84, 340),
    elsewhere: Monthly::cents(1, 10),
};

/// A feature. In a small account it watches about a million of S3's data events (0.80 USD) or one vCPU (1.50 USD), and
/// where there is nothing for it to watch it is free.
const FEATURE: PerRegion = PerRegion {
    home: Monthly::up_to(150),
    elsewhere: Monthly::up_to(0),
};

/// The detector, if it did not work, and the features that it did not have. Parts of features are not paid by
/// themselves.
pub(super) fn costs(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>) -> Monthly {
    let live = &seen.model;
    let was_on = live.enabled == Some(true);
    if !want.enabled.unwrap_or(was_on) {
        return Monthly::default();
    }
    let new_features = Feature::ALL.into_iter().filter(|feature| {
        let was_there = live.features.get(feature) == Some(&true);
        let is_wanted = want.features.get(feature).copied().unwrap_or(was_there);
        feature.whole().is_none() && is_wanted && !(was_on && was_there)
    });
    let features: Monthly = new_features.map(|_| FEATURE.at(here.is_home())).sum();
    if was_on {
        features
    } else {
        features + DETECTOR.at(here.is_home())
    }
}

#[cfg(test)]
mod tests {
    use trueup_core::control::Control;

    use super::*;
    use crate::guardduty::GuardDuty;
    use crate::testing::{found_at, monthly};

    /// What the plan costs in a region of an account that is at home in us-east-1.
    fn costs_in(region: &str, want: &str, live: &str, is_there: bool) -> Monthly {
        let model = |text: &str| -> Model { toml::from_str(text).unwrap() };
        let seen = Observed {
            ids: Ids {
                detector: is_there.then(|| "12abc34d567e8fa901bc2d34e56789f0".to_owned()),
                ..Ids::default()
            },
            ..Observed::of(model(live))
        };
        monthly(&found_at::<GuardDuty>(region, &model(want), &seen))
    }

    const OFF: &str = "enabled = false";

    #[test]
    fn the_sum_of_all_regions_is_what_the_documentation_says() {
        assert!(GuardDuty::DOC.cost.contains(&DETECTOR.in_regions(17).to_string()));
        assert!(GuardDuty::DOC.cost.contains(&FEATURE.home.to_string()));
    }

    #[test]
    fn a_new_detector_costs_most_at_home() {
        let on = "enabled = true";
        assert_eq!(costs_in("us-east-1", on, OFF, false), DETECTOR.home);
        assert_eq!(costs_in("eu-west-1", on, OFF, false), DETECTOR.elsewhere);
    }

    #[test]
    fn a_feature_costs_by_itself_and_its_parts_with_it() {
        let want = "features = { runtime_monitoring = true, runtime_monitoring_ec2_agent = true }";
        let live = "enabled = true\nfeatures = { s3_data_events = true, runtime_monitoring = false }";
        assert_eq!(costs_in("us-east-1", want, live, true), FEATURE.home);
        let with_a_part_more = "enabled = true\nfeatures = { runtime_monitoring = true }";
        assert!(costs_in("us-east-1", want, with_a_part_more, true).is_nothing());
    }

    #[test]
    fn a_detector_that_is_resumed_is_paid_with_what_it_had() {
        let had = "enabled = false\nfeatures = { s3_data_events = true }";
        let costs = costs_in("us-east-1", "enabled = true", had, true);
        assert_eq!(costs, DETECTOR.home + FEATURE.home);
    }

    #[test]
    fn what_is_switched_off_or_only_set_otherwise_says_nothing() {
        let live =
            "enabled = true\npublish_findings_every = \"six_hours\"\nfeatures = { s3_data_events = true }";
        for want in [
            OFF,
            "publish_findings_every = \"one_hour\"",
            "features = { s3_data_events = false }",
        ] {
            assert!(costs_in("us-east-1", want, live, true).is_nothing(), "{want}");
        }
    }
}
