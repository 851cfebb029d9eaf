//! Reading and turning the controls on global resources.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    AssociationStatus, RegionAvailabilityStatus, StandardsControlAssociationDetail,
    StandardsControlAssociationId, StandardsControlAssociationUpdate, UnprocessedErrorCode,
};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;

use super::read::{is_updatable, subscriptions};
use super::write::{PAUSES, failed};
use crate::security_hub::controls::{GLOBAL, REASON};
use crate::security_hub::model::{Association, By, Ids, Model};
use crate::security_hub::standard::Standard;

/// How many associations a request may name.
const AT_ONCE: usize = 100;

const GET: &str = "securityhub:BatchGetStandardsControlAssociations";
const UPDATE: &str = "securityhub:BatchUpdateStandardsControlAssociations";

/// Controls that AWS's own standards have: where one of them is not found, either the region lacks it or the standard is
/// not ready.
const EXPECTED: [(&str, &str); 2] = [
    ("aws-foundational-security-best-practices/", "IAM.1"),
    ("cis-aws-foundations-benchmark/5", "IAM.9"),
];

/// A control in a standard, by its ARN.
type Pair = (String, String);

/// What AWS says of controls, and those that it does not find.
struct Found {
    details: Vec<StandardsControlAssociationDetail>,
    lost: BTreeSet<Pair>,
}

async fn ask(hub: &Client, pairs: &[Pair]) -> Result<Found, Failure> {
    let mut found = Found {
        details: vec![],
        lost: BTreeSet::new(),
    };
    for some in pairs.chunks(AT_ONCE) {
        let ids = some
            .iter()
            .map(|(arn, control)| {
                let id = StandardsControlAssociationId::builder();
                id.standards_arn(arn).security_control_id(control).build()
            })
            .collect();
        let call = hub.batch_get_standards_control_associations();
        let answer = call
            .set_standards_control_association_ids(Some(ids))
            .send()
            .await?;
        found
            .details
            .extend(answer.standards_control_association_details.unwrap_or_default());
        for one in answer.unprocessed_associations.unwrap_or_default() {
            let id = one.standards_control_association_id.as_ref();
            let pair = |id: &StandardsControlAssociationId| {
                (
                    id.standards_arn.clone().unwrap_or_default(),
                    id.security_control_id.clone().unwrap_or_default(),
                )
            };
            match &one.error_code {
                // Not every standard has every control.
                Some(UnprocessedErrorCode::ResourceNotFound | UnprocessedErrorCode::NotFound) => {
                    found.lost.extend(id.map(pair));
                }
                code => {
                    let code = code.as_ref().map_or("", UnprocessedErrorCode::as_str);
                    let why = one.error_reason().unwrap_or("AWS gives no reason");
                    let control = id.map(pair).unwrap_or_default().1;
                    return Err(failed(GET, code, format!("{control}: {why}")));
                }
            }
        }
    }
    Ok(found)
}

/// Reads how the controls on global resources stand in these standards, given with their ARNs.
pub(super) async fn associations(
    hub: &Client,
    ready: &BTreeMap<Standard, String>,
    seen: &mut Observed<Model, Ids>,
) -> Result<(), Failure> {
    // What belongs to another service that service alone changes.
    let own: Vec<(&Standard, &String)> = ready
        .iter()
        .filter(|(name, _)| !name.is_service_managed())
        .collect();
    let pairs = pairs(own.iter().map(|(_, arn)| *arn), GLOBAL);
    let found = ask(hub, &pairs).await?;
    for (name, arn) in own {
        if is_not_ready(hub, name, arn, &found).await? {
            seen.ids.told.unready.insert(name.clone());
            continue;
        }
        let of = found
            .details
            .iter()
            .filter(|one| one.standards_arn.as_ref() == Some(arn));
        let controls = of.filter_map(|one| Some((one.security_control_id.clone()?, association(one))));
        seen.ids.associations.insert(name.clone(), controls.collect());
    }
    Ok(())
}

/// Whether a standard does not find a control that it has in this region.
async fn is_not_ready(hub: &Client, name: &Standard, arn: &str, found: &Found) -> Result<bool, Failure> {
    let expected = EXPECTED
        .iter()
        .find(|(start, _)| name.as_str().starts_with(start));
    let Some((_, control)) =
        expected.filter(|(_, control)| found.lost.contains(&(arn.to_owned(), (*control).to_owned())))
    else {
        return Ok(false);
    };
    let call = hub.list_security_control_definitions().standards_arn(arn);
    let mut pages = call.into_paginator().send();
    while let Some(page) = pages.next().await {
        let mut all = page?.security_control_definitions.unwrap_or_default().into_iter();
        if let Some(one) = all.find(|one| one.security_control_id.as_deref() == Some(*control)) {
            return Ok(one.current_region_availability == Some(RegionAvailabilityStatus::Available));
        }
    }
    Ok(false)
}

fn pairs<'a>(
    arns: impl Iterator<Item = &'a String>,
    controls: impl IntoIterator<Item = &'static str> + Clone,
) -> Vec<Pair> {
    arns.flat_map(|arn| {
        let controls = controls.clone().into_iter();
        controls.map(|control| (arn.clone(), control.to_owned()))
    })
    .collect()
}

fn association(one: &StandardsControlAssociationDetail) -> Association {
    Association {
        is_on: one.association_status != Some(AssociationStatus::Disabled),
        by: match one.updated_reason.as_deref() {
            None | Some("") => By::Default,
            Some(REASON) => By::Trueup,
            Some(_) => By::Others,
        },
    }
}

/// Turns controls on or off in their standards, but for those that have another reason than trueup's.
pub(super) async fn turn_controls(
    cx: &Cx,
    on: bool,
    controls: &BTreeMap<Standard, BTreeSet<String>>,
) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let arns = ready(cx, controls.keys()).await?;
    let pairs: Vec<Pair> = controls
        .iter()
        .filter_map(|(name, controls)| Some((arns.get(name)?, controls)))
        .flat_map(|(arn, controls)| controls.iter().map(|control| (arn.clone(), control.clone())))
        .collect();
    let found = ask(hub, &pairs).await?;
    let wanted = match on {
        true => AssociationStatus::Enabled,
        false => AssociationStatus::Disabled,
    };
    let updates: Vec<StandardsControlAssociationUpdate> = found
        .details
        .into_iter()
        .filter(|one| one.association_status.as_ref() != Some(&wanted) && association(one).by != By::Others)
        .map(|one| {
            StandardsControlAssociationUpdate::builder()
                .set_standards_arn(one.standards_arn)
                .set_security_control_id(one.security_control_id)
                .association_status(wanted.clone())
                .updated_reason(REASON)
                .build()
        })
        .collect();
    for some in updates.chunks(AT_ONCE) {
        let call = hub.batch_update_standards_control_associations();
        let call = call.set_standards_control_association_updates(Some(some.to_vec()));
        // An answer of success may leave some of them as they were.
        let lost = call
            .send()
            .await?
            .unprocessed_association_updates
            .unwrap_or_default();
        if let Some(first) = lost.first() {
            let code = first.error_code.as_ref().map_or("", UnprocessedErrorCode::as_str);
            let control = first
                .standards_control_association_update
                .as_ref()
                .and_then(|one| one.security_control_id())
                .unwrap_or_default();
            let why = first.error_reason().unwrap_or("AWS gives no reason");
            let message = format!(
                "{} of {} controls stay as they were; {control}: {why}",
                lost.len(),
                some.len()
            );
            return Err(failed(UPDATE, code, message));
        }
    }
    Ok(())
}

/// The ARNs of these standards, once their controls can be changed.
async fn ready(
    cx: &Cx,
    names: impl Iterator<Item = &Standard> + Clone,
) -> Result<BTreeMap<Standard, String>, Failure> {
    let hub = &cx.clients().securityhub;
    let mut wait = cx.wait_until("the standards take changes");
    let mut pauses = PAUSES.into_iter();
    loop {
        let live = subscriptions(hub).await?;
        let is_ready = |name: &&Standard| live.get(*name).is_none_or(is_updatable);
        let waits: Vec<&str> = names
            .clone()
            .filter(|name| !is_ready(name))
            .map(Standard::as_str)
            .collect();
        if waits.is_empty() {
            let arn = |(name, one): (Standard, _)| -> Option<(Standard, String)> {
                let one: aws_sdk_securityhub::types::StandardsSubscription = one;
                Some((name, one.standards_arn?))
            };
            return Ok(live.into_iter().filter_map(arn).collect());
        }
        let Some(pause) = pauses.next() else {
            let message = format!(
                "the controls of {} cannot be changed yet; apply again later",
                waits.join(", ")
            );
            return Err(failed(UPDATE, "", message));
        };
        wait.pause(Duration::from_secs(pause)).await;
    }
}
