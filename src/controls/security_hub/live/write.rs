//! The writes of Security Hub. They are slow: what they begin is waited for, with a bound.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    ControlFindingGenerator, StandardsStatus, StandardsSubscription, StandardsSubscriptionRequest,
};
use tokio::sync::OwnedMutexGuard;
use trueup_aws::wait::{self, Wait};
use trueup_aws::{Cx, Failure};
use trueup_core::env::Env;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Region;
use trueup_core::tags::Tags;

use super::read::{self, is_absence, unless_absent};
use crate::security_hub::diff::{elsewhere, why};
use crate::security_hub::model::{ALL_REGIONS, Generator};
use crate::security_hub::standard::Standard;

/// How long a standard may take until it is on or gone: three minutes in all.
pub(super) const PAUSES: [u64; 15] = [1, 2, 4, 8, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15];

/// How many standards a request may name.
const AT_ONCE: usize = 25;

/// Security Hub takes one change of a region at a time.
static TURNS: Mutex<BTreeMap<Region, Arc<tokio::sync::Mutex<()>>>> = Mutex::new(BTreeMap::new());

pub(super) async fn turn(region: &Region) -> OwnedMutexGuard<()> {
    let lane = TURNS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(region.clone())
        .or_default()
        .clone();
    lane.lock_owned().await
}

async fn is_there(hub: &Client) -> Result<bool, Failure> {
    let answer = hub.describe_hub().send().await.map_err(Failure::from);
    Ok(unless_absent(answer)?.is_some())
}

pub(super) async fn enable(cx: &Cx, generator: Generator, tags: &Tags) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let call = hub
        .enable_security_hub()
        .enable_default_standards(false)
        .control_finding_generator(to_api(generator))
        .set_tags((!tags.is_empty()).then(|| tags.clone().into_iter().collect()));
    match call.send().await.map_err(Failure::from) {
        // Somebody else enabled it meanwhile, or a repeated call got through the first time.
        Err(fault) if !fault.is("ResourceConflictException") => return Err(fault),
        _ => {}
    }
    wait::until(
        cx.wait_until("Security Hub shows the new hub"),
        wait::HALF_A_MINUTE,
        "securityhub:EnableSecurityHub",
        "the new hub does not show; apply again later",
        || is_there(hub),
    )
    .await
}

pub(super) async fn disable(cx: &Cx) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    unless_absent(hub.disable_security_hub().send().await.map_err(Failure::from))?;
    wait::until(
        cx.wait_until("Security Hub no longer shows the hub"),
        wait::HALF_A_MINUTE,
        "securityhub:DisableSecurityHub",
        "the hub still shows; plan again later",
        || async { Ok(!is_there(hub).await?) },
    )
    .await
}

pub(super) async fn auto_enable(cx: &Cx, enable: bool) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let is_so = || async { Ok(hub.describe_hub().send().await?.auto_enable_controls == Some(enable)) };
    if is_so().await? {
        return Ok(());
    }
    hub.update_security_hub_configuration()
        .auto_enable_controls(enable)
        .send()
        .await?;
    wait::until(
        cx.wait_until("Security Hub shows the change"),
        wait::TWO_MINUTES,
        "securityhub:UpdateSecurityHubConfiguration",
        "the change does not show; plan again later",
        is_so,
    )
    .await
}

fn to_api(generator: Generator) -> ControlFindingGenerator {
    match generator {
        Generator::SecurityControl => ControlFindingGenerator::SecurityControl,
        Generator::StandardControl => ControlFindingGenerator::StandardControl,
    }
}

pub(super) async fn generate(cx: &Cx, generator: Generator) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let wanted = to_api(generator);
    hub.update_security_hub_configuration()
        .control_finding_generator(wanted.clone())
        .send()
        .await?;
    wait::until(
        cx.wait_until("Security Hub shows the change"),
        wait::TWO_MINUTES,
        "securityhub:UpdateSecurityHubConfiguration",
        "the change does not show; plan again later",
        || async {
            Ok(hub
                .describe_hub()
                .send()
                .await?
                .control_finding_generator
                .as_ref()
                == Some(&wanted))
        },
    )
    .await
}

pub(super) async fn turn_on(cx: &Cx, wanted: &BTreeSet<Standard>) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    // A hub that was enabled just now is not seen at once.
    let new = cx.wait_until("Security Hub sees the new hub");
    let offered = wait::while_passing(new, wait::HALF_A_MINUTE, is_absence, || read::offered(hub)).await?;
    // What is left out the next reading tells of.
    let names: BTreeSet<Standard> = wanted
        .iter()
        .filter(|name| offered.contains_key(*name))
        .cloned()
        .collect();
    let arns: Vec<&String> = names.iter().filter_map(|name| offered.get(name)).collect();
    for some in arns.chunks(AT_ONCE) {
        let request = |arn: &&String| {
            StandardsSubscriptionRequest::builder()
                .standards_arn(*arn)
                .build()
        };
        hub.batch_enable_standards()
            .set_standards_subscription_requests(Some(some.iter().map(request).collect()))
            .send()
            .await?;
    }
    let wait = cx.wait_until("the standards are ready");
    settle(
        hub,
        wait,
        "securityhub:BatchEnableStandards",
        &names,
        becoming_ready,
    )
    .await
}

pub(super) async fn turn_off(cx: &Cx, unwanted: &BTreeMap<Standard, String>) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let arns: Vec<String> = unwanted.values().cloned().collect();
    for some in arns.chunks(AT_ONCE) {
        let call = hub.batch_disable_standards();
        let call = call.set_standards_subscription_arns(Some(some.to_vec()));
        let Err(fault) = call.send().await.map_err(Failure::from) else {
            continue;
        };
        // One that is gone already may be refused; if any is left, it is another matter.
        let live = read::subscriptions(hub).await?;
        let is_left = |one: &StandardsSubscription| {
            some.iter()
                .any(|arn| one.standards_subscription_arn.as_ref() == Some(arn))
        };
        if !fault.is("InvalidInputException") || live.values().any(is_left) {
            return Err(fault);
        }
    }
    let names = unwanted.keys().cloned().collect();
    let wait = cx.wait_until("the standards are gone");
    settle(hub, wait, "securityhub:BatchDisableStandards", &names, going).await
}

/// How far a standard is on its way.
enum Way {
    /// It has arrived.
    Done,
    /// It may still; if it does not, this is why.
    Open(String),
    /// It will not, for this code and this reason.
    Failed(String, String),
}

fn becoming_ready(one: Option<&StandardsSubscription>) -> Way {
    let Some(one) = one else {
        return Way::Open("does not show yet".to_owned());
    };
    let code = read::reason(one);
    match &one.standards_status {
        Some(StandardsStatus::Ready) => Way::Done,
        // A recorder that was started just now is not seen at once either.
        Some(StandardsStatus::Incomplete) if code == "NO_AVAILABLE_CONFIGURATION_RECORDER" => {
            Way::Open(format!("is on and not complete: {}", why(code)))
        }
        Some(StandardsStatus::Incomplete) => {
            Way::Failed(code.to_owned(), format!("is on and not complete: {}", why(code)))
        }
        Some(StandardsStatus::Failed) => {
            Way::Failed(code.to_owned(), format!("could not be enabled: {}", why(code)))
        }
        _ => Way::Open("is still being enabled, and goes on by itself; plan again later".to_owned()),
    }
}

fn going(one: Option<&StandardsSubscription>) -> Way {
    match one {
        None => Way::Done,
        Some(one) if one.standards_status == Some(StandardsStatus::Failed) => {
            let code = read::reason(one);
            Way::Failed(code.to_owned(), format!("could not be disabled: {}", why(code)))
        }
        Some(_) => Way::Open("is still being disabled, and goes on by itself; plan again later".to_owned()),
    }
}

/// Looks at standards until all have arrived, one cannot, or patience ends.
async fn settle(
    hub: &Client,
    mut wait: Wait,
    call: &str,
    names: &BTreeSet<Standard>,
    way: impl Fn(Option<&StandardsSubscription>) -> Way + Send + Sync,
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let mut pauses = PAUSES.into_iter();
    loop {
        let live = read::subscriptions(hub).await?;
        let mut open = vec![];
        for name in names {
            match way(live.get(name)) {
                Way::Done => {}
                Way::Open(why) => open.push(format!("the standard {name} {why}")),
                Way::Failed(code, why) => {
                    return Err(failed(call, &code, format!("the standard {name} {why}")));
                }
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let Some(pause) = pauses.next() else {
            return Err(failed(call, "", open.join("; ")));
        };
        tracing::info!(call, waits_for = open.join("; "), "waits for standards");
        wait.pause(Duration::from_secs(pause)).await;
    }
}

pub(super) async fn aggregate(hub: &Client, env: &Env) -> Result<(), Failure> {
    let home = &env.home;
    let call = hub.create_finding_aggregator().region_linking_mode(ALL_REGIONS);
    let Err(fault) = call.send().await.map_err(Failure::from) else {
        return Ok(());
    };
    // AWS does not document how it refuses a second one, but one can look.
    match read::aggregator(hub, env).await {
        Ok(Some(there)) if there.region == *home && there.links_all => Ok(()),
        Ok(Some(there)) if there.region == *home => link_all(hub, &there.arn).await,
        Ok(Some(there)) => Err(fault.reworded(|_| elsewhere(&there.region, home))),
        _ => Err(fault),
    }
}

pub(super) async fn link_all(hub: &Client, arn: &str) -> Result<(), Failure> {
    hub.update_finding_aggregator()
        .finding_aggregator_arn(arn)
        .region_linking_mode(ALL_REGIONS)
        .send()
        .await?;
    Ok(())
}

/// A failure that Security Hub tells of in an answer and not as an error.
pub(super) fn failed(call: &str, code: &str, message: String) -> Failure {
    Failure(Fault {
        kind: FaultKind::Service,
        call: call.to_owned(),
        code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        message,
        request_id: None,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_securityhub::types::{StandardsStatusReason, StatusReasonCode};

    use super::*;

    fn one(status: &str, code: Option<&str>) -> StandardsSubscription {
        let reason = code.map(|code| {
            StandardsStatusReason::builder()
                .status_reason_code(StatusReasonCode::from(code))
                .build()
        });
        StandardsSubscription::builder()
            .standards_status(StandardsStatus::from(status))
            .set_standards_status_reason(reason)
            .build()
    }

    fn said(way: Way) -> String {
        match way {
            Way::Done => "done".to_owned(),
            Way::Open(why) => format!("open: {why}"),
            Way::Failed(code, why) => format!("failed: {code}: {why}"),
        }
    }

    #[test]
    fn only_what_can_still_come_is_waited_for() {
        let way = |status: &str, code: Option<&str>| said(becoming_ready(Some(&one(status, code))));
        let all = [
            said(becoming_ready(None)),
            way("READY", None),
            way("PENDING", None),
            way("SOMETHING_NEW", None),
            way("INCOMPLETE", Some("NO_AVAILABLE_CONFIGURATION_RECORDER")),
            way("INCOMPLETE", Some("MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED")),
            way("INCOMPLETE", None),
            way("FAILED", Some("INTERNAL_ERROR")),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        open: does not show yet
        done
        open: is still being enabled, and goes on by itself; plan again later
        open: is still being enabled, and goes on by itself; plan again later
        open: is on and not complete: no configuration recorder runs here; start one, as [config_recorder] does
        failed: MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED: is on and not complete: the region's quota of AWS Config rules is used up; ask AWS for a higher one
        failed: : is on and not complete: AWS does not say why; if it stays so, ask AWS Support
        failed: INTERNAL_ERROR: could not be enabled: AWS says INTERNAL_ERROR; if it stays so, ask AWS Support
        ");
    }

    #[test]
    fn a_standard_that_is_turned_off_is_gone_or_going() {
        let all = [
            said(going(None)),
            said(going(Some(&one("DELETING", None)))),
            said(going(Some(&one("FAILED", Some("INTERNAL_ERROR"))))),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        done
        open: is still being disabled, and goes on by itself; plan again later
        failed: INTERNAL_ERROR: could not be disabled: AWS says INTERNAL_ERROR; if it stays so, ask AWS Support
        ");
    }

    #[tokio::test]
    async fn changes_of_one_region_take_turns() {
        let region = |name: &str| name.parse::<Region>().unwrap();
        let first = turn(&region("eu-west-1")).await;
        let _elsewhere = turn(&region("eu-west-2")).await;
        let soon = Duration::from_millis(10);
        let second = tokio::time::timeout(soon, turn(&region("eu-west-1"))).await;
        assert!(second.is_err());
        drop(first);
        turn(&region("eu-west-1")).await;
    }
}
