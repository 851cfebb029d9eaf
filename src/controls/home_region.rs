//! What an account shows of its home region, for `export`, which has no file that names it.
//!
//! Three settings show it: the home region of the account's own multi-region trail (an organization's trail counts where
//! there is none), the region in which AWS Config records global resource types, and the region in which Security Hub
//! aggregates findings. Where a home region cannot be the global one, the last two say nothing about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_cloudtrail::types::Trail;
use futures::future::join_all;
use futures::join;
use trueup_aws::{Aws, Cx, Failure};
use trueup_core::env::Env;
use trueup_core::fault::FaultKind;
use trueup_core::home::{Clue, Clues};
use trueup_core::location::{Location, Region};

use crate::security_hub::aggregation_region;
use crate::{config_recorder, global_region};

/// The calls that look for it, beside those of every run.
pub const HOME_CALLS: &[&str] = &[
    "cloudtrail:DescribeTrails",
    "config:DescribeConfigurationRecorders",
    "securityhub:ListFindingAggregators",
];

/// Asks the account. What cannot be read is said in the result, and shows nothing.
pub async fn home_clues(aws: Arc<Aws>, env: Arc<Env>) -> Clues {
    let cx = Cx::new(aws, env, Location::Account);
    let others = cx.env.enabled.iter().filter(|region| **region != cx.env.home);
    let regions = std::iter::once(&cx.env.home).chain(others);
    let places: Vec<Cx> = regions
        .map(|region| cx.at(Location::Region(region.clone())))
        .collect();
    // Before anything else, so that nothing is asked where the organization denies all.
    join_all(places.iter().map(Cx::ask_first)).await;
    let (trail, recorders, aggregators) = join!(
        trail(&places),
        join_all(places.iter().map(records_global)),
        join_all(places.iter().map(aggregates_in)),
    );
    let mut unread = BTreeSet::new();
    let trail = trail.unwrap_or_else(|Failure(fault)| {
        unread.insert(fault.to_string());
        None
    });
    let shows_global = trail.as_ref().is_none_or(can_be_global);
    let regional = [
        ("AWS Config records global resource types", recorders),
        ("Security Hub aggregates findings", aggregators),
    ];
    let regional = regional.map(|(what, answers)| Clue {
        what: what.to_owned(),
        regions: answers
            .into_iter()
            .filter_map(|answer| kept(answer, &mut unread).flatten())
            .collect(),
    });
    let regional = regional
        .into_iter()
        .filter(|clue| shows_global && !clue.regions.is_empty());
    Clues {
        found: trail.into_iter().chain(regional).collect(),
        unread,
    }
}

/// Whether what is the same in all regions can be recorded and looked at in the home region that a trail shows.
fn can_be_global(trail: &Clue) -> bool {
    trail
        .regions
        .iter()
        .any(|home| global_region::can_record_iam(home) && global_region::is_always_enabled(home))
}

/// What was read. What was not is kept apart, but for regions in which the organization denies it or AWS lacks it.
fn kept<T>(answer: Result<T, Failure>, unread: &mut BTreeSet<String>) -> Option<T> {
    match answer {
        Ok(read) => Some(read),
        Err(Failure(fault)) => {
            let is_of_region = matches!(
                fault.kind,
                FaultKind::DeniedByOrganization | FaultKind::NotAvailable
            );
            unread.extend((!is_of_region).then(|| fault.to_string()));
            None
        }
    }
}

/// Where the trails of all regions are at home. The first region that may be asked shows all of them.
async fn trail(places: &[Cx]) -> Result<Option<Clue>, Failure> {
    let mut denied = Ok(None);
    for cx in places {
        match cx.clients().cloudtrail.describe_trails().send().await {
            Ok(answer) => return Ok(home_of(answer.trail_list(), &cx.env)),
            Err(error) => {
                let failure = Failure::from(error);
                if failure.kind != FaultKind::DeniedByOrganization {
                    return Err(failure);
                }
                denied = Err(failure);
            }
        }
    }
    denied
}

/// The account's own trails come before the organization's, which are at home where the management account wants it.
fn home_of(trails: &[Trail], env: &Env) -> Option<Clue> {
    let owner = |trail: &Trail| trail.trail_arn()?.split(':').nth(4).map(str::to_owned);
    let (own, others): (Vec<&Trail>, Vec<&Trail>) = trails
        .iter()
        .filter(|trail| trail.is_multi_region_trail == Some(true))
        .partition(|trail| owner(trail).as_deref() == Some(&env.account));
    let counted = if own.is_empty() { others } else { own };
    let names: Vec<String> = counted
        .iter()
        .filter_map(|trail| Some(format!("`{}`", trail.name()?)))
        .collect();
    let regions: BTreeSet<Region> = counted
        .iter()
        .filter_map(|trail| trail.home_region()?.parse().ok())
        .filter(|region| env.enabled.contains(region))
        .collect();
    (!regions.is_empty()).then(|| Clue {
        what: match names.as_slice() {
            [name] => format!("trail {name} is at home"),
            names => format!("trails {} are at home", names.join(", ")),
        },
        regions,
    })
}

/// The place's region, if its recorder records global resource types.
async fn records_global(cx: &Cx) -> Result<Option<Region>, Failure> {
    let records = config_recorder::records_global(&cx.clients().config).await?;
    Ok(records.then(|| cx.region().clone()))
}

/// The region in which findings come together, if a hub in the place's region tells.
async fn aggregates_in(cx: &Cx) -> Result<Option<Region>, Failure> {
    aggregation_region(&cx.clients().securityhub).await
}
