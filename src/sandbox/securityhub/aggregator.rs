//! The finding aggregator: one region of the account in which the findings of others come together.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{SERVICE, not_found};
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call, OPT_IN_REGIONS};

/// A finding aggregator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregator {
    /// The last part of its ARN.
    pub id: String,
    /// Which regions it links, such as `ALL_REGIONS`.
    pub region_linking_mode: String,
    /// The regions that the mode speaks of.
    pub regions: Vec<String>,
}

/// Which regions may be linked, and whether the mode speaks of a list of regions.
const MODES: [(&str, bool); 4] = [
    ("ALL_REGIONS", false),
    ("ALL_REGIONS_EXCEPT_SPECIFIED", true),
    ("SPECIFIED_REGIONS", true),
    ("NO_REGIONS", false),
];

/// Answers an operation in a region that has a hub.
pub(super) fn handle(account: &mut Account, call: &Call) -> Answer {
    let id = account.id.clone();
    let there = account
        .regions
        .iter()
        .find_map(|(region, state)| Some((region.clone(), state.securityhub.aggregator.clone()?)));
    let arn = |region: &str, one: &Aggregator| {
        format!("arn:aws:securityhub:{region}:{id}:finding-aggregator/{}", one.id)
    };
    let named = || {
        let wanted = call.input.text("FindingAggregatorArn");
        there
            .as_ref()
            .filter(|(region, one)| arn(region, one) == wanted)
            .ok_or_else(|| not_found(wanted))
    };
    match call.operation.as_str() {
        "ListFindingAggregators" => {
            let all: Vec<Value> = there
                .iter()
                .map(|(region, one)| json!({"FindingAggregatorArn": arn(region, one)}))
                .collect();
            Ok(json!({"FindingAggregators": all}))
        }
        "GetFindingAggregator" => {
            let (region, one) = named()?;
            Ok(one.output(region, &arn(region, one)))
        }
        "CreateFindingAggregator" => {
            may_be_home(account, call)?;
            if let Some((region, _)) = &there {
                return Err(SERVICE.invalid(format!(
                    "A finding aggregator already exists in the Region {region}."
                )));
            }
            let (mode, regions) = linking(&call.input)?;
            let made = Aggregator {
                id: account.ids.next_hex32(),
                region_linking_mode: mode,
                regions,
            };
            let output = made.output(&call.region, &arn(&call.region, &made));
            keep(account, call, Some(made));
            Ok(output)
        }
        "UpdateFindingAggregator" => {
            let (region, one) = named()?;
            at_home(region, call)?;
            let (mode, regions) = linking(&call.input)?;
            let made = Aggregator {
                id: one.id.clone(),
                region_linking_mode: mode,
                regions,
            };
            let output = made.output(region, &arn(region, &made));
            keep(account, call, Some(made));
            Ok(output)
        }
        "DeleteFindingAggregator" => {
            at_home(&named()?.0, call)?;
            keep(account, call, None);
            Ok(json!({}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn keep(account: &mut Account, call: &Call, aggregator: Option<Aggregator>) {
    if let Some(state) = account.regions.get_mut(&call.region) {
        state.securityhub.aggregator = aggregator;
    }
}

/// "You can't use an AWS Region that is disabled by default as your home Region" (Security Hub User Guide, "Enabling
/// cross-Region aggregation").
fn may_be_home(account: &Account, call: &Call) -> Result<(), AwsError> {
    let state = account.regions.get(&call.region);
    if state.is_some_and(|state| state.securityhub.administrator.is_some()) {
        return Err(AwsError::with_status(
            401,
            "InvalidInputException",
            "A finding aggregator cannot be created by a member account.",
        ));
    }
    match OPT_IN_REGIONS.contains(&call.region.as_str()) {
        true => Err(SERVICE.invalid(format!(
            "The Region {} is disabled by default and cannot aggregate.",
            call.region
        ))),
        false => Ok(()),
    }
}

/// "You can invoke this operation from the current home Region only" (`UpdateFindingAggregator`).
fn at_home(region: &str, call: &Call) -> Result<(), AwsError> {
    match region == call.region {
        true => Ok(()),
        false => Err(SERVICE.invalid(format!(
            "The finding aggregator can be changed in the Region {region} only."
        ))),
    }
}

fn linking(input: &Value) -> Result<(String, Vec<String>), AwsError> {
    let mode = input.text("RegionLinkingMode");
    let regions: Vec<String> = input.texts("Regions").into_iter().map(str::to_owned).collect();
    match MODES.iter().find(|(known, _)| *known == mode) {
        Some((_, with_regions)) if *with_regions != regions.is_empty() => Ok((mode.to_owned(), regions)),
        Some(_) => Err(SERVICE.invalid(format!("Invalid Regions for RegionLinkingMode {mode}"))),
        None => Err(SERVICE.invalid(format!("Invalid RegionLinkingMode: {mode}"))),
    }
}

impl Aggregator {
    fn output(&self, region: &str, arn: &str) -> Value {
        json!({
            "FindingAggregatorArn": arn,
            "FindingAggregationRegion": region,
            "RegionLinkingMode": self.region_linking_mode,
            "Regions": self.regions,
        })
    }
}
