//! Which rules it takes to hear of the health events of which regions, each event once.
//!
//! An event of a region goes to that region's event bus, and a copy of it to the region's backup: us-west-2 for all
//! regions, us-east-1 for us-west-2. Global events go to us-east-1, with a copy to us-west-2. `detail.backupEvent`, a
//! string, tells a copy (AWS Health user guide, "Creating EventBridge rules for AWS Region coverage").
//!
//! Of one account's own events the copies are always there, so two regions hear of all of them. Of public events they
//! may only be where the impacted region has a rule too. The other partitions have so few regions that each is
//! listened to anyway.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_core::env::Env;
use trueup_core::location::Region;

use super::events::takes_all_of;
use super::model::Rule;

/// Which regions' events are heard beside the home region's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coverage {
    /// What us-east-1 and us-west-2 hear: what concerns this account in any region, and global services.
    Minimal,
    /// What every enabled region hears: public events of all of them too.
    Full,
}

const VIRGINIA: &str = "us-east-1";
const OREGON: &str = "us-west-2";
/// What global events have for a region.
const GLOBAL: &str = "global";

/// The pattern of a rule that hears of everything that AWS Health says on its bus. A filter by `detail-type` would
/// drop the notice that an account may be taken over.
pub(super) fn everything() -> Value {
    json!({"source": ["aws.health"]})
}

/// The same without the copies.
fn originals() -> Value {
    json!({"source": ["aws.health"], "detail": {"backupEvent": ["false", {"exists": false}]}})
}

fn with_regions_but(mut pattern: Value, regions: &[&str]) -> Value {
    pattern["detail"]["eventRegion"] = json!([{"anything-but": regions}, {"exists": false}]);
    pattern
}

/// Whether each region forwards what happens in it. Where the file leaves out the one that has the copies, it must.
fn each_forwards(env: &Env, coverage: Coverage) -> bool {
    coverage == Coverage::Full || env.partition != "aws" || !env.run.looks_at(OREGON)
}

/// Whether the file leaves out the region that hears of global events.
pub(super) fn leaves_out_global(env: &Env) -> bool {
    env.partition == "aws" && env.home.as_str() != VIRGINIA && !env.run.looks_at(VIRGINIA)
}

/// The pattern of the rule in the home region. Where each region forwards its own events, the copies that come to a
/// home that is a backup region would be doubles.
pub(super) fn home_pattern(env: &Env, coverage: Option<Coverage>) -> Value {
    let is_backup = env.partition != "aws" || [VIRGINIA, OREGON].contains(&env.home.as_str());
    match coverage {
        Some(coverage) if is_backup && each_forwards(env, coverage) => originals(),
        _ => everything(),
    }
}

/// Whether the home region's rule may have a pattern. Where the file does not say which regions are covered, it need not
/// take copies.
pub(super) fn suits_home(pattern: &Value, env: &Env, coverage: Option<Coverage>) -> bool {
    suits(pattern, &home_pattern(env, coverage)) || coverage.is_none() && takes_all_of(pattern, &originals())
}

/// Whether a rule may have a pattern in place of the wanted one: it takes all of its events. More of them are its owner's
/// choice, unless it is the very pattern that trueup writes for another coverage: that one would send events twice.
pub(super) fn suits(pattern: &Value, wanted: &Value) -> bool {
    let is_of_another_coverage = pattern != wanted && [everything(), originals()].contains(pattern);
    !is_of_another_coverage && takes_all_of(pattern, wanted)
}

/// Whether the home region's rule works: it hears what it should, and can reach its target.
pub(super) fn hears(home: &Rule, env: &Env, coverage: Option<Coverage>) -> bool {
    let fails = home
        .target
        .as_ref()
        .is_some_and(|target| target.role_fails.is_some());
    home.enabled && !fails && suits_home(&home.pattern, env, coverage)
}

/// The regions whose events are forwarded to the home region, each with its rule's pattern: without what home hears
/// anyway.
pub(super) fn forwarders(env: &Env, coverage: Coverage) -> BTreeMap<Region, Value> {
    let others = env.looked_at().filter(|region| **region != env.home);
    let home = env.home.as_str();
    let pattern = |region: &Region| match region.as_str() {
        _ if each_forwards(env, coverage) => Some(originals()),
        // Home in Oregon has copies of everything but, perhaps, of global events.
        VIRGINIA if home == OREGON => Some(with_regions_but(originals(), &[VIRGINIA])),
        VIRGINIA => Some(originals()),
        // Home in Virginia has copies of Oregon's.
        OREGON if home == VIRGINIA => Some(with_regions_but(everything(), &[GLOBAL, VIRGINIA, OREGON])),
        OREGON => {
            let mut heard = match leaves_out_global(env) {
                true => vec![home],
                false => vec![GLOBAL, VIRGINIA, home],
            };
            heard.sort_unstable();
            Some(with_regions_but(everything(), &heard))
        }
        _ => None,
    };
    others
        .filter_map(|region| Some((region.clone(), pattern(region)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use trueup_core::env::Run;

    use super::super::events::takes;
    use super::*;

    fn env(home: &str, enabled: &[&str]) -> Env {
        let region = |name: &str| -> Region { name.parse().unwrap() };
        Env {
            account: "111122223333".to_owned(),
            partition: region(home).partition().to_owned(),
            home: region(home),
            enabled: enabled.iter().map(|name| region(name)).collect(),
            run: Run::default(),
        }
    }

    const ALL: [&str; 4] = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2"];

    /// How often home's topic is told of an event of a region.
    fn told(env: &Env, coverage: Coverage, region: &str, has_copy: bool) -> usize {
        let event = |copy: bool| {
            json!({"source": "aws.health", "detail-type": "AWS Health Abuse Event",
                "detail": {"eventRegion": region, "backupEvent": copy.to_string()}})
        };
        let own = if region == GLOBAL { VIRGINIA } else { region };
        let backup = if region == OREGON { VIRGINIA } else { OREGON };
        let mut buses = vec![(own, event(false))];
        if has_copy {
            buses.push((backup, event(true)));
        }
        let forwarders = forwarders(env, coverage);
        let arrives = |bus: &str, event: &Value| {
            bus == env.home.as_str()
                || forwarders
                    .get(&bus.parse::<Region>().unwrap())
                    .is_some_and(|pattern| takes(pattern, event))
        };
        buses
            .iter()
            .filter(|(bus, event)| arrives(bus, event) && takes(&home_pattern(env, Some(coverage)), event))
            .count()
    }

    #[test]
    fn home_is_told_of_each_of_the_accounts_events_exactly_once() {
        for home in ALL {
            for coverage in [Coverage::Minimal, Coverage::Full] {
                let env = env(home, &ALL);
                for region in ALL {
                    assert_eq!(
                        told(&env, coverage, region, true),
                        1,
                        "{home} {coverage:?} {region}"
                    );
                }
                // Of global events the page does not say for sure whether there is a copy.
                assert_eq!(told(&env, coverage, GLOBAL, false), 1, "{home} {coverage:?}");
                if home != OREGON || coverage == Coverage::Full {
                    assert_eq!(told(&env, coverage, GLOBAL, true), 1, "{home} {coverage:?}");
                }
            }
        }
    }

    #[test]
    fn full_coverage_needs_no_copy_anywhere() {
        for home in ALL {
            for region in ALL {
                assert_eq!(
                    told(&env(home, &ALL), Coverage::Full, region, false),
                    1,
                    "{home} {region}"
                );
            }
        }
    }

    #[test]
    fn only_enabled_regions_forward_and_home_never_does() {
        let regions = |env: &Env, coverage| -> Vec<String> {
            forwarders(env, coverage)
                .keys()
                .map(ToString::to_string)
                .collect()
        };
        let env_of = |home: &str| env(home, &ALL);
        assert_eq!(
            regions(&env_of("eu-west-1"), Coverage::Minimal),
            ["us-east-1", "us-west-2"]
        );
        assert_eq!(regions(&env_of("us-east-1"), Coverage::Minimal), ["us-west-2"]);
        assert_eq!(
            regions(&env_of("us-east-1"), Coverage::Full),
            ["eu-central-1", "eu-west-1", "us-west-2"]
        );
        let alone = env("eu-west-1", &["eu-west-1"]);
        assert_eq!(regions(&alone, Coverage::Minimal), [""; 0]);
        let china = env("cn-north-1", &["cn-north-1", "cn-northwest-1"]);
        assert_eq!(regions(&china, Coverage::Minimal), ["cn-northwest-1"]);
        assert_eq!(home_pattern(&china, Some(Coverage::Minimal)), originals());
    }

    #[test]
    fn regions_that_the_file_leaves_out_do_not_forward_and_the_others_are_told_of_all_the_same() {
        let looking_at = |home: &str, regions: &[&str]| Env {
            run: Run {
                regions: Some(regions.iter().map(|name| name.parse().unwrap()).collect()),
                ..Run::default()
            },
            ..env(home, &ALL)
        };
        for regions in [
            &["eu-central-1", "eu-west-1", "us-east-1"][..],
            &["eu-central-1", "eu-west-1", "us-west-2"],
        ] {
            for coverage in [Coverage::Minimal, Coverage::Full] {
                let env = looking_at("eu-central-1", regions);
                let forwarding = forwarders(&env, coverage);
                assert!(forwarding.keys().all(|region| regions.contains(&region.as_str())));
                for region in regions {
                    assert_eq!(
                        told(&env, coverage, region, true),
                        1,
                        "{regions:?} {coverage:?} {region}"
                    );
                }
            }
        }
        let without_copies = looking_at("us-east-1", &["eu-west-1", "us-east-1"]);
        assert_eq!(told(&without_copies, Coverage::Minimal, "eu-west-1", true), 1);
        assert!(!leaves_out_global(&without_copies));
        assert!(leaves_out_global(&looking_at(
            "eu-west-1",
            &["eu-west-1", "us-west-2"]
        )));
    }
}
