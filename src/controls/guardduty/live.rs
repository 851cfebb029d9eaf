//! The calls: reading, and each change.

use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{Administrator, DetectorStatus, ManagedBy};
use serde_json::Value;
use trueup_aws::{Cx, Failure};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::values::Bound;

use super::features;
use super::model::{Action, Frequency, Ids, Model, Told};
use crate::effective_policy::{Kind, effective_policy};

mod write;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let guardduty = &cx.clients().guardduty;
    let Some(id) = find(guardduty).await? else {
        let model = Model {
            enabled: Some(false),
            ..Model::default()
        };
        return Ok(Observed {
            held_by: policy(cx, want, &model).await?,
            ..Observed::of(model)
        });
    };
    let detector = guardduty.get_detector().detector_id(&id).send().await?;
    let administrator = guardduty
        .get_administrator_account()
        .detector_id(&id)
        .send()
        .await?
        .administrator;
    let live = model(&detector);
    let administrator = administrator
        .as_ref()
        .and_then(|one| managing(one, &cx.env.account));
    let held_by = match held_by(administrator, &detector) {
        None => policy(cx, want, &live).await?,
        held_by => held_by,
    };
    Ok(Observed {
        model: live,
        ids: Ids {
            detector: Some(id),
            tags: detector
                .tags()
                .into_iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
            told: Told {
                unknown_features: features::unknown(detector.features()),
            },
        },
        held_by,
    })
}

/// The organization's GuardDuty policy. What it holds beside the detector itself, each feature says of itself.
struct GuardDutyPolicy;

impl Kind for GuardDutyPolicy {
    const TYPE: &'static str = "GUARDDUTY_POLICY";
}

/// The policy that decides whether GuardDuty is enabled here, asked for where that is not as wanted.
async fn policy(cx: &Cx, want: Option<&Model>, live: &Model) -> Result<Option<Manager>, Failure> {
    let wanted = want.and_then(|want| want.enabled);
    if wanted.is_none() || wanted == live.enabled {
        return Ok(None);
    }
    let policy = effective_policy::<GuardDutyPolicy>(cx).await?;
    Ok(owner(&policy, cx.region().as_str()))
}

/// Who decides whether GuardDuty is enabled in a region, by the policy in effect (AWS Organizations User Guide, "Amazon
/// GuardDuty policy syntax and examples").
pub(super) fn owner(policy: &Value, region: &str) -> Option<Manager> {
    let blocks = &policy["guardduty"]["enablement"];
    // A region's own block replaces the default one.
    let block = blocks.get(region).or_else(|| blocks.get("default"))?;
    let status = block["foundational"]["status"].as_str()?;
    ["enabled", "disabled"].contains(&status).then(|| Manager {
        who: format!("a GuardDuty policy of the organization, which wants GuardDuty {status} here"),
    })
}

/// The region's detector.
pub(super) async fn find(guardduty: &Client) -> Result<Option<String>, Failure> {
    // A region has one at most, but the page that lists it need not be the first.
    let mut ids = guardduty.list_detectors().into_paginator().items().send();
    Ok(ids.try_next().await?)
}

/// The account of an administrator that manages the detector: only an enabled relationship does, and an account may
/// be listed as its own administrator.
pub(super) fn managing<'a>(administrator: &'a Administrator, own: &str) -> Option<&'a str> {
    let is_enabled = administrator
        .relationship_status()
        .is_some_and(|status| status.eq_ignore_ascii_case("Enabled"));
    administrator
        .account_id()
        .filter(|account| is_enabled && !account.is_empty() && *account != own)
}

pub(super) fn model(detector: &GetDetectorOutput) -> Model {
    Model {
        enabled: Some(detector.status() == Some(&DetectorStatus::Enabled)),
        publish_findings_every: detector
            .finding_publishing_frequency()
            .and_then(Frequency::from_api)
            .map(Bound::Plain),
        features: features::listed(detector.features()),
    }
}

pub(super) fn held_by(administrator: Option<&str>, detector: &GetDetectorOutput) -> Option<Manager> {
    let policy = Some(&ManagedBy::GuarddutyPolicy);
    let by_policy = detector.features().iter().any(|feature| {
        let mut parts = feature.additional_configuration().iter();
        feature.managed_by() == policy || parts.any(|part| part.managed_by() == policy)
    });
    let who = match administrator {
        Some(account) => format!("the GuardDuty administrator account {account}"),
        None if by_policy => "a GuardDuty policy of the organization".to_owned(),
        None => return None,
    };
    Some(Manager { who })
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let guardduty = &cx.clients().guardduty;
    match action {
        Action::Create(settings) => write::create(guardduty, settings).await,
        Action::Update { detector, settings } => write::update(guardduty, detector, settings).await,
        Action::Tag { detector, tags } => {
            let arn = format!(
                "arn:{}:guardduty:{}:{}:detector/{detector}",
                cx.env.partition,
                cx.region(),
                cx.env.account
            );
            let call = guardduty.tag_resource().resource_arn(arn);
            call.set_tags(Some(tags.clone().into_iter().collect()))
                .send()
                .await?;
            Ok(())
        }
    }
}
