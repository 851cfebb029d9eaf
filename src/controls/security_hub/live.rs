//! The calls: reading, and each change.

use aws_sdk_securityhub::types::ControlFindingGenerator;
use jiff::Timestamp;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::location::Region;

use super::model::{Action, Generator, Ids, Model, Told};
use crate::global_region;

mod controls;
mod policy;
mod read;
mod write;

pub(crate) use self::read::aggregation_region;

use self::controls::{associations, turn_controls};
use self::policy::policy;
use self::read::{aggregator, central_configuration, held_by, standards, tags_of, unless_absent};
use self::write::{aggregate, auto_enable, disable, enable, generate, link_all, turn, turn_off, turn_on};

pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let hub = &cx.clients().securityhub;
    let described = hub.describe_hub().send().await.map_err(Failure::from);
    let Some(described) = unless_absent(described)? else {
        let mut seen = Observed::of(Model {
            enabled: Some(false),
            ..Model::default()
        });
        seen.held_by = policy(cx, want, false).await?;
        standards(hub, want, false, &mut seen).await?;
        seen.ids.global_region = global_region(cx, want).await?;
        return Ok(seen);
    };
    let mut seen = Observed {
        model: Model {
            enabled: Some(true),
            auto_enable_controls: described.auto_enable_controls,
            finding_generator: described.control_finding_generator.as_ref().and_then(generator),
            controls: want.and_then(|want| want.controls.clone()),
            ..Model::default()
        },
        ids: Ids {
            told: Told {
                is_old: described.subscribed_at.as_deref().is_some_and(is_old),
                ..Told::default()
            },
            ..Ids::default()
        },
        held_by: held_by(hub, &cx.env.account).await?,
    };
    let arn = described.hub_arn.unwrap_or_default();
    if !cx.env.run.tags.is_empty() {
        seen.ids.tags = tags_of(hub, &arn).await?;
    }
    seen.ids.hub = Some(arn);
    seen.ids.global_region = global_region(cx, want).await?;
    let ready = standards(hub, want, true, &mut seen).await?;
    if want.is_some_and(Model::places_controls) && seen.held_by.is_none() {
        associations(hub, &ready, &mut seen).await?;
    }
    let asks = want.is_none_or(|want| want.aggregate_in_home_region.is_some());
    // A member cannot have an aggregator, and may not even ask.
    if asks && seen.held_by.is_none() && cx.place.region() == Some(&cx.env.home) {
        seen.ids.aggregator = aggregator(hub, &cx.env).await?;
        let here = seen
            .ids
            .aggregator
            .as_ref()
            .filter(|one| one.region == cx.env.home);
        let links_all = here.is_some_and(|one| one.links_all);
        // An export says it where it is so: of one that links some regions only, the key cannot speak.
        seen.model.aggregate_in_home_region = match want {
            None => links_all.then_some(true),
            Some(_) => Some(links_all),
        };
    }
    if seen.held_by.is_none() {
        seen.held_by = policy(cx, want, true).await?;
    }
    // The delegated administrator has no administrator, and may be configured centrally all the same.
    if seen.held_by.is_none()
        && want.is_some_and(|want| super::diff::differs(want, &seen, cx.place.region(), &cx.env.home))
    {
        seen.held_by = central_configuration(cx).await?;
    }
    Ok(seen)
}

/// The global region, where the table leaves open which one it is.
async fn global_region(cx: &Cx, want: Option<&Model>) -> Result<Option<Region>, Failure> {
    match want.and_then(Model::global_regions) {
        Some(regions) => global_region::choose(cx, regions).await,
        None => Ok(None),
    }
}

/// Whether a hub has been there for a day.
fn is_old(subscribed_at: &str) -> bool {
    let since = subscribed_at.parse::<Timestamp>();
    since.is_ok_and(|since| Timestamp::now().as_second() - since.as_second() >= 24 * 60 * 60)
}

fn generator(live: &ControlFindingGenerator) -> Option<Generator> {
    match live {
        ControlFindingGenerator::SecurityControl => Some(Generator::SecurityControl),
        ControlFindingGenerator::StandardControl => Some(Generator::StandardControl),
        _ => None,
    }
}

pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let _alone = turn(cx.region()).await;
    match action {
        Action::Enable {
            auto_enable_controls,
            generator,
            tags,
        } => {
            enable(cx, *generator, tags).await?;
            match auto_enable_controls {
                Some(enable) => auto_enable(cx, *enable).await,
                None => Ok(()),
            }
        }
        Action::AutoEnableControls(enable) => auto_enable(cx, *enable).await,
        Action::Generate(generator) => generate(cx, *generator).await,
        Action::TurnControls { on, controls, .. } => turn_controls(cx, *on, controls).await,
        Action::TurnOn(standards) => turn_on(cx, standards).await,
        Action::TurnOff(standards) => turn_off(cx, standards).await,
        Action::Aggregate => aggregate(hub, &cx.env).await,
        Action::LinkAll { arn } => link_all(hub, arn).await,
        Action::Separate { arn } => {
            let call = hub.delete_finding_aggregator().finding_aggregator_arn(arn);
            unless_absent(call.send().await.map_err(Failure::from)).map(|_| ())
        }
        Action::Disable => disable(cx).await,
        Action::Tag { arn, tags } => {
            let call = hub.tag_resource().resource_arn(arn);
            call.set_tags(Some(tags.clone().into_iter().collect()))
                .send()
                .await?;
            Ok(())
        }
    }
}
