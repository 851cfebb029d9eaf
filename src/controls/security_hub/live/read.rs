//! Reading a region's hub.

use std::collections::BTreeMap;

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{StandardsStatus, StandardsSubscription};
use trueup_aws::Failure;
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::fault::Fault;
use trueup_core::location::Region;
use trueup_core::tags::Tags;

use crate::security_hub::model::{Aggregator, Ids, Model};
use crate::security_hub::standard::Standard;

/// The linking mode of an aggregator to which every region is linked.
pub(super) const ALL_REGIONS: &str = "ALL_REGIONS";

/// Whether an error says that there is no hub in the region. The code alone can mean a lack of permission.
pub(super) fn is_absence(fault: &Fault) -> bool {
    fault.is("ResourceNotFoundException")
        || fault.is("InvalidAccessException") && fault.message.contains("not subscribed")
}

/// An answer, or nothing where there is no hub to give one.
pub(super) fn unless_absent<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if is_absence(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Reads what is on, where anybody asks, and what is offered, where something wanted is not on.
pub(super) async fn standards(
    hub: &Client,
    want: Option<&Model>,
    is_there: bool,
    seen: &mut Observed<Model, Ids>,
) -> Result<(), Failure> {
    let none = BTreeMap::new();
    let wanted = want.map_or(&none, |want| &want.standards);
    if is_there && (want.is_none() || !wanted.is_empty()) {
        for (standard, one) in subscriptions(hub).await? {
            if !is_on(&one) {
                continue;
            }
            if one.standards_status == Some(StandardsStatus::Incomplete) {
                seen.ids
                    .told
                    .incomplete
                    .insert(standard.clone(), reason(&one).to_owned());
            }
            let arn = one.standards_subscription_arn.unwrap_or_default();
            seen.ids.subscriptions.insert(standard.clone(), arn);
            seen.model.standards.insert(standard, true);
        }
    }
    let missing: Vec<(&Standard, &bool)> = wanted
        .iter()
        .filter(|(name, _)| !seen.model.standards.contains_key(*name))
        .collect();
    if !missing.is_empty()
        && let Some(offered) = unless_absent(offered(hub).await)?
    {
        let unoffered = missing.iter().filter(|(name, _)| !offered.contains_key(*name));
        if unoffered.clone().next().is_some() {
            seen.ids.told.offered = offered.keys().cloned().collect();
        }
        seen.ids.unoffered = unoffered
            .filter(|(_, on)| **on)
            .map(|(name, _)| (*name).clone())
            .collect();
    }
    let unoffered = &seen.ids.unoffered;
    for name in wanted.keys().filter(|name| !unoffered.contains(*name)) {
        seen.model.standards.entry(name.clone()).or_insert(false);
    }
    Ok(())
}

/// Whether a subscription counts as a standard that is on. One that is incomplete does: AWS goes on with it.
fn is_on(one: &StandardsSubscription) -> bool {
    !matches!(
        one.standards_status,
        Some(StandardsStatus::Deleting | StandardsStatus::Failed)
    )
}

/// AWS's code for why a standard is as it is.
pub(super) fn reason(one: &StandardsSubscription) -> &str {
    one.standards_status_reason
        .as_ref()
        .and_then(|reason| reason.status_reason_code.as_ref())
        .map_or("", |code| code.as_str())
}

/// The standards of a hub, those that are coming or going too.
pub(super) async fn subscriptions(
    hub: &Client,
) -> Result<BTreeMap<Standard, StandardsSubscription>, Failure> {
    let mut pages = hub.get_enabled_standards().into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page?.standards_subscriptions.unwrap_or_default().into_iter();
        found.extend(page.filter_map(|one| Some((Standard::of_arn(one.standards_arn()?)?, one))));
    }
    Ok(found)
}

/// The ARNs of the standards that a region offers. AWS leaves open whether a region without a hub tells.
pub(super) async fn offered(hub: &Client) -> Result<BTreeMap<Standard, String>, Failure> {
    let mut pages = hub.describe_standards().into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let arns = page?.standards.unwrap_or_default().into_iter();
        found.extend(
            arns.filter_map(|one| one.standards_arn)
                .filter_map(|arn| Some((Standard::of_arn(&arn)?, arn))),
        );
    }
    Ok(found)
}

pub(super) async fn tags_of(hub: &Client, arn: &str) -> Result<Tags, Failure> {
    let answer = hub.list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.into_iter().flatten().collect())
}

pub(super) async fn held_by(hub: &Client) -> Result<Option<Manager>, Failure> {
    let answer = hub
        .get_administrator_account()
        .send()
        .await
        .map_err(Failure::from);
    Ok(unless_absent(answer)?
        .and_then(|answer| answer.administrator?.account_id)
        .filter(|account| !account.is_empty())
        .map(|account| Manager {
            who: format!("the Security Hub administrator account {account}"),
        }))
}

/// The account's finding aggregator. Any region lists it, and the one where the findings come together is in its ARN.
pub(super) async fn aggregator(hub: &Client) -> Result<Option<Aggregator>, Failure> {
    let Some(arn) = aggregator_arn(hub).await? else {
        return Ok(None);
    };
    let call = hub.get_finding_aggregator().finding_aggregator_arn(&arn);
    let Some(read) = unless_absent(call.send().await.map_err(Failure::from))? else {
        return Ok(None);
    };
    let region = read
        .finding_aggregation_region
        .or_else(|| arn.split(':').nth(3).map(str::to_owned))
        .unwrap_or_default();
    let region = region.parse().map_err(|_| {
        Failure::answer(
            "securityhub:GetFindingAggregator",
            format!("`{region}` is no region"),
        )
    })?;
    Ok(Some(Aggregator {
        links_all: read.region_linking_mode.as_deref() == Some(ALL_REGIONS),
        arn,
        region,
    }))
}

async fn aggregator_arn(hub: &Client) -> Result<Option<String>, Failure> {
    let listed = hub.list_finding_aggregators().send().await?;
    let all = listed.finding_aggregators.unwrap_or_default();
    Ok(all.into_iter().find_map(|one| one.finding_aggregator_arn))
}

/// The region in which the account's findings come together, if they do and a hub in this region tells.
pub(crate) async fn aggregation_region(hub: &Client) -> Result<Option<Region>, Failure> {
    let arn = unless_absent(aggregator_arn(hub).await)?.flatten();
    Ok(arn.and_then(|arn| arn.split(':').nth(3)?.parse().ok()))
}
