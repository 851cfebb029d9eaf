//! The calls: reading, and each change.

use aws_sdk_eventbridge::types::RuleState;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::location::Region;

use super::model::{Action, Ids, Model};

pub(super) mod read;
pub(super) mod write;

use self::read::{elsewhere, home, model, targets};
use self::write::{
    DESCRIPTION, api_tags, change, existing, free_id, patiently, put, remove, rule_arn, target, worded,
};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let mut ids = Ids::default();
    home(cx, want, &mut ids).await?;
    let coverage = want.and_then(|want| want.coverage);
    if want.is_none_or(|want| want.is_absent() || want.coverage.is_some()) {
        ids.role = read::role(cx, coverage).await?;
        elsewhere(cx, want, coverage, &mut ids).await;
    }
    read::other_roles(cx, &mut ids).await?;
    Ok(Observed {
        model: model(&cx.env, want, &ids),
        ids,
        held_by: None,
    })
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let events = |region: &Region| cx.clients_in(region).events.clone();
    match action {
        Action::CreateRule {
            region,
            name,
            pattern,
            tags,
        } => {
            let (events, tags) = (events(region), api_tags(tags)?);
            patiently(cx, || async {
                let call = events.put_rule().name(name).event_pattern(pattern.to_string());
                call.state(RuleState::Enabled)
                    .description(DESCRIPTION)
                    .set_tags((!tags.is_empty()).then(|| tags.clone()))
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::ChangeRule {
            region,
            name,
            pattern,
            enable,
        } => {
            let events = events(region);
            patiently(cx, || change(&events, name, pattern.as_ref(), *enable)).await
        }
        Action::Send {
            region,
            rule,
            topic,
            message,
        } => {
            let events = events(region);
            let live = targets(&events, rule).await?;
            let target = target(free_id(&live), topic)?;
            put(cx, &events, rule, worded(target, message)?).await
        }
        Action::Reword {
            region,
            rule,
            id,
            message,
        } => {
            let events = events(region);
            let live = existing(&events, rule, id).await?;
            put(cx, &events, rule, worded(live, message)?).await
        }
        Action::DropRole { region, rule, id } => {
            let events = events(region);
            let mut live = existing(&events, rule, id).await?;
            live.role_arn = None;
            put(cx, &events, rule, live).await
        }
        Action::Forward {
            region,
            rule,
            id,
            bus,
            role,
        } => {
            let events = events(region);
            let mut target = match id {
                Some(id) => existing(&events, rule, id).await?,
                None => {
                    let live = targets(&events, rule).await?;
                    target(free_id(&live), bus)?
                }
            };
            target.role_arn = Some(role.clone());
            (target.input, target.input_path, target.input_transformer) = (None, None, None);
            put(cx, &events, rule, target).await
        }
        Action::TagRule { region, name, tags } => {
            let call = events(region).tag_resource();
            let call = call.resource_arn(rule_arn(&cx.env, region, name));
            call.set_tags(Some(api_tags(tags)?)).send().await?;
            Ok(())
        }
        Action::DeleteRule { region, name } => {
            let events = events(region);
            for target in targets(&events, name).await? {
                remove(cx, &events, name, &target.id).await?;
            }
            // Succeeds also if there is none.
            patiently(cx, || async {
                events.delete_rule().name(name).send().await?;
                Ok(())
            })
            .await
        }
        Action::StopSending { region, rule, id } => remove(cx, &events(region), rule, id).await,
        Action::CreateRole { .. }
        | Action::PutBoundary { .. }
        | Action::TrustEventBridge
        | Action::LetPutEvents { .. }
        | Action::TagRole { .. }
        | Action::DeleteRole => write::role(action, cx).await,
    }
}
