//! What is turned on costs so much a month.

use trueup_core::control::Here;
use trueup_core::cost::{Monthly, PerRegion};

use super::standard::Standard;

/// AWS's own standard and the catalogue of NIST look at nearly every kind of resource that Config records.
const BROAD: PerRegion = PerRegion {
    home: Monthly::cents(300, 900),
    elsewhere: Monthly::cents(80, 240),
};

/// Another standard, at 0.001 USD a check as well.
const OTHER: PerRegion = PerRegion {
    home: Monthly::cents(100, 300),
    elsewhere: Monthly::cents(20, 60),
};

/// The standards' checks. A hub without standards makes none.
pub(super) fn costs<'a>(on: impl IntoIterator<Item = &'a Standard>, here: &Here<'_>) -> Monthly {
    let broad = ["aws-foundational-security-best-practices/", "nist-800-53/"];
    on.into_iter()
        .map(
            |name| match broad.iter().any(|start| name.as_str().starts_with(start)) {
                true => BROAD.at(here.is_home()),
                false => OTHER.at(here.is_home()),
            },
        )
        .sum()
}

#[cfg(test)]
mod tests {
    use trueup_core::control::{Control, Observed};

    use super::*;
    use crate::security_hub::{Model, SecurityHub};
    use crate::testing::{found_at, monthly};

    /// What the plan costs in a region of an account that is at home in us-east-1.
    fn costs_in(region: &str, want: &str, live: &str) -> Monthly {
        let model = |text: &str| -> Model { toml::from_str(text).unwrap() };
        monthly(&found_at::<SecurityHub>(
            region,
            &model(want),
            &Observed::of(model(live)),
        ))
    }

    #[test]
    fn each_standard_that_is_turned_on_costs_and_nothing_else_does() {
        let on = |standards: &str| format!("enabled = true\n[standards]\n{standards}");
        let fsbp = "\"aws-foundational-security-best-practices/1.0.0\" = true\n";
        let cis = "\"cis-aws-foundations-benchmark/5.0.0\" = true\n";
        let off = "enabled = false";
        assert_eq!(costs_in("us-east-1", "enabled = true", off), Monthly::default());
        assert_eq!(costs_in("us-east-1", &on(fsbp), off), Monthly::cents(300, 900));
        assert_eq!(costs_in("eu-west-1", &on(fsbp), off), Monthly::cents(80, 240));
        let both = format!("{fsbp}{cis}");
        assert_eq!(costs_in("us-east-1", &on(&both), off), Monthly::cents(400, 1200));
        assert_eq!(
            costs_in("us-east-1", &on(&both), &on(fsbp)),
            Monthly::cents(100, 300)
        );
        assert_eq!(costs_in("us-east-1", off, &on(&both)), Monthly::default());
    }

    #[test]
    fn the_words_say_the_same() {
        let both = BROAD.in_regions(17) + OTHER.in_regions(17);
        assert!(SecurityHub::DOC.cost.contains(&both.to_string()), "{both}");
    }
}
