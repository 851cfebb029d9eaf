//! Reading a region's hub.

use std::collections::BTreeMap;

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    StandardsControlsUpdatable, StandardsStatus, StandardsSubscription, Target,
};
use trueup_aws::{Cx, Failure, Reading};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::location::{Location, Region};
use trueup_core::tags::Tags;

use crate::security_hub::model::{ALL_REGIONS, Aggregator, Ids, Model, Trouble};
use crate::security_hub::standard::Standard;

/// What Security Hub says where it is not enabled. With another text the code means a lack of permission.
const NOT_ENABLED: [&str; 2] = [
    "is not subscribed to AWS Security Hub",
    "is not enabled for securityhub",
];

/// Whether an error says that there is no hub in the region.
pub(super) fn is_absence(fault: &Fault) -> bool {
    let says = |text: &&str| fault.message.contains(*text);
    fault.is("ResourceNotFoundException")
        || fault.is("InvalidAccessException") && NOT_ENABLED.iter().any(says)
}

/// An answer, or nothing where there is no hub to give one.
pub(super) fn unless_absent<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if is_absence(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Reads what is on, where anybody asks, and what is offered, where something wanted is not on. Returns the ARNs of the
/// standards whose controls can be changed.
pub(super) async fn standards(
    hub: &Client,
    want: Option<&Model>,
    is_there: bool,
    seen: &mut Observed<Model, Ids>,
) -> Result<BTreeMap<Standard, String>, Failure> {
    let mut ready = BTreeMap::new();
    let none = BTreeMap::new();
    let wanted = want.map_or(&none, |want| &want.standards);
    let asks = want.is_none_or(|want| !wanted.is_empty() || want.places_controls());
    if is_there && asks {
        for (standard, one) in subscriptions(hub).await? {
            if one.standards_status == Some(StandardsStatus::Deleting) {
                continue;
            }
            if let Some(trouble) = trouble(&one) {
                seen.ids.told.troubled.insert(standard.clone(), trouble);
            }
            if is_updatable(&one) {
                ready.insert(standard.clone(), one.standards_arn.clone().unwrap_or_default());
            } else if want.is_some_and(Model::places_controls) {
                seen.ids.told.unready.insert(standard.clone());
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
    Ok(ready)
}

/// What is wrong with a standard, if anything is. It is on all the same: AWS goes on with what it can.
fn trouble(one: &StandardsSubscription) -> Option<Trouble> {
    let has_failed = match one.standards_status {
        Some(StandardsStatus::Failed) => true,
        Some(StandardsStatus::Incomplete) => false,
        _ => return None,
    };
    Some(Trouble {
        has_failed,
        code: reason(one).to_owned(),
    })
}

/// Whether the controls of a standard can be turned on and off now.
pub(super) fn is_updatable(one: &StandardsSubscription) -> bool {
    one.standards_status == Some(StandardsStatus::Ready)
        && matches!(
            one.standards_controls_updatable,
            None | Some(StandardsControlsUpdatable::ReadyForUpdates)
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

/// The account that administers this one's Security Hub. One whose invitation is open does not.
pub(super) async fn held_by(hub: &Client, own: &str) -> Result<Option<Manager>, Failure> {
    let answer = hub
        .get_administrator_account()
        .send()
        .await
        .map_err(Failure::from);
    Ok(unless_absent(answer)?
        .and_then(|answer| answer.administrator)
        .filter(|one| {
            one.member_status()
                .is_some_and(|status| status.eq_ignore_ascii_case("Enabled"))
        })
        .and_then(|one| one.account_id)
        .filter(|account| !account.is_empty() && account != own)
        .map(|account| Manager {
            who: format!("the Security Hub administrator account {account}"),
        }))
}

/// The central configuration policy of the account itself, which only the delegated administrator can be told, and only
/// where the findings come together.
struct CentralPolicy(Option<String>);

impl Reading for CentralPolicy {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let Some(region) = aggregation_region(&cx.clients().securityhub).await? else {
            return Ok(CentralPolicy(None));
        };
        let call = cx
            .clients_in(&region)
            .securityhub
            .get_configuration_policy_association();
        let target = Target::AccountId(cx.env.account.clone());
        let refusals = [
            "AccessDeniedException",
            "InvalidAccessException",
            "ResourceNotFoundException",
        ];
        match call.target(target).send().await.map_err(Failure::from) {
            Ok(answer) => {
                let status = answer.association_status.as_ref();
                let is_on = status.is_none_or(|status| status.as_str() != "DISABLED");
                let policy = answer.configuration_policy_id.filter(|_| is_on);
                Ok(CentralPolicy(policy.filter(|policy| policy != SELF_MANAGED)))
            }
            // Not the delegated administrator, or no policy.
            Err(fault) if fault.is_one_of(&refusals) => Ok(CentralPolicy(None)),
            Err(fault) => Err(fault),
        }
    }
}

/// What stands in the place of a policy where an account configures itself.
const SELF_MANAGED: &str = "SELF_MANAGED_SECURITY_HUB";

/// The central configuration of the account itself, if it has one and can know of it.
pub(super) async fn central_configuration(cx: &Cx) -> Result<Option<Manager>, Failure> {
    let policy = cx.at(Location::Account).cached::<CentralPolicy>().await?;
    Ok(policy.0.as_ref().map(|policy| Manager {
        who: format!("the central configuration policy {policy} of Security Hub"),
    }))
}

/// The account's finding aggregator. Any region lists it, and the one where the findings come together is in its ARN.
pub(super) async fn aggregator(hub: &Client, env: &Env) -> Result<Option<Aggregator>, Failure> {
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
    let mode = read.region_linking_mode.unwrap_or_default();
    Ok(Some(Aggregator {
        links_all: links_all(&mode, &read.regions.unwrap_or_default(), &region, env),
        mode,
        arn,
        region,
    }))
}

/// Whether all regions that are enabled are linked.
fn links_all(mode: &str, named: &[String], home: &Region, env: &Env) -> bool {
    let mut others = env.enabled.iter().filter(|region| *region != home);
    let is_named = |region: &Region| named.iter().any(|name| name == region.as_str());
    match mode {
        ALL_REGIONS => true,
        "ALL_REGIONS_EXCEPT_SPECIFIED" => !others.any(is_named),
        "SPECIFIED_REGIONS" => others.all(is_named),
        _ => others.next().is_none(),
    }
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
