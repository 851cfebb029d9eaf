//! The calls: reading, and each change.

use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::tags::Tags;

use super::model::{Action, Ids, Model};

mod read;
mod write;

pub(crate) use self::read::aggregation_region;

use self::read::{aggregator, held_by, standards, tags_of, unless_absent};
use self::write::{aggregate, auto_enable, disable, enable, link_all, turn, turn_off, turn_on};

pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let hub = &cx.clients().securityhub;
    let described = hub.describe_hub().send().await.map_err(Failure::from);
    let Some(described) = unless_absent(described)? else {
        let mut seen = Observed::of(Model {
            enabled: Some(false),
            ..Model::default()
        });
        standards(hub, want, false, &mut seen).await?;
        return Ok(seen);
    };
    let arn = described.hub_arn.unwrap_or_default();
    let mut seen = Observed {
        model: Model {
            enabled: Some(true),
            auto_enable_controls: described.auto_enable_controls,
            ..Model::default()
        },
        ids: Ids {
            tags: match cx.env.run.tags.is_empty() {
                true => Tags::new(),
                false => tags_of(hub, &arn).await?,
            },
            hub: Some(arn),
            ..Ids::default()
        },
        held_by: held_by(hub).await?,
    };
    standards(hub, want, true, &mut seen).await?;
    let asks = want.is_none_or(|want| want.aggregate_in_home_region.is_some());
    // A member cannot have an aggregator, and may not even ask.
    if asks && seen.held_by.is_none() && cx.place.region() == Some(&cx.env.home) {
        seen.ids.aggregator = aggregator(hub).await?;
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
    Ok(seen)
}

pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let hub = &cx.clients().securityhub;
    let _alone = turn(cx.region()).await;
    match action {
        Action::Enable {
            auto_enable_controls,
            tags,
        } => {
            enable(cx, tags).await?;
            match auto_enable_controls {
                Some(enable) => auto_enable(cx, *enable).await,
                None => Ok(()),
            }
        }
        Action::AutoEnableControls(enable) => auto_enable(cx, *enable).await,
        Action::TurnOn(standards) => turn_on(cx, standards).await,
        Action::TurnOff(standards) => turn_off(cx, standards).await,
        Action::Aggregate => aggregate(hub, &cx.env.home).await,
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
