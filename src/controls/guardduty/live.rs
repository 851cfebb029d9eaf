//! The calls: reading, and each change.

use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{Administrator, DetectorStatus, ManagedBy};
use trueup_aws::{Cx, Failure};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::values::Bound;

use super::features;
use super::model::{Action, Frequency, Ids, Model, Told};

mod write;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx) -> Result<Observed<Model, Ids>, Failure> {
    let guardduty = &cx.clients().guardduty;
    let Some(id) = find(guardduty).await? else {
        return Ok(Observed::of(Model {
            enabled: Some(false),
            ..Model::default()
        }));
    };
    let detector = guardduty.get_detector().detector_id(&id).send().await?;
    let administrator = guardduty
        .get_administrator_account()
        .detector_id(&id)
        .send()
        .await?
        .administrator;
    Ok(Observed {
        model: model(&detector),
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
        held_by: held_by(
            administrator
                .as_ref()
                .and_then(|one| managing(one, &cx.env.account)),
            &detector,
        ),
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
