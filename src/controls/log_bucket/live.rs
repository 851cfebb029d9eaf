//! The calls: reading, and each change. What is already as asked for, or already gone, counts as done.

use trueup_aws::{Cx, Failure};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_policy::Policy;

use super::model::{Action, Ids, Model};
use super::statements;
use crate::cloudtrail;

mod in_use;
mod read;
mod write;

use self::in_use::{InUse, ToExport};
use self::read::{Found, absent, find, ours, read};
use self::write::Bucket;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let is_to_go = want.is_some_and(Model::is_absent);
    let trails = cloudtrail::trails(cx).await?;
    let wanted_trail = want.and_then(|want| want.trail.as_deref());
    let chosen_seen = cloudtrail::choose(&trails, wanted_trail, &cx.env);
    let chosen = chosen_seen.map(|seen| &seen.trail);
    let written = want
        .and_then(|want| want.name.as_ref())
        .map(|name| name.as_str().to_owned());
    let mut several = vec![];
    let found = match written {
        // What is to go has to have trueup's own statements.
        _ if is_to_go => {
            several = ours(cx).await?;
            several.first().cloned()
        }
        Some(name) => Some(name),
        None if want.is_some() => chosen.and_then(|trail| trail.s3_bucket_name.clone()),
        None => match in_use::to_export(cx, &trails, chosen_seen).await? {
            ToExport::Own(name) => Some(name),
            ToExport::Elsewhere(why) => {
                return Ok(Observed {
                    ids: Ids {
                        unusable: Some(why),
                        ..Ids::default()
                    },
                    ..Observed::of(Model::default())
                });
            }
            ToExport::Nothing => None,
        },
    };
    let Some(name) = found else {
        return Ok(absent(Ids::default()));
    };
    let place = find(&cx.clients().s3, &name, &cx.env.account).await?;
    let may_be_another = want.is_some() && !is_to_go && matches!(place, Found::Nowhere | Found::NotOurs);
    let used = match may_be_another {
        true => in_use::look(cx, &name, &place, chosen_seen).await?,
        false => InUse::Nothing,
    };
    let (name, place, written) = match used {
        InUse::Own(used, place) => (used, place, Some(name)),
        InUse::Central(bucket) => {
            let ids = Ids {
                is_managed: true,
                name: Some(name),
                ..Ids::default()
            };
            return Ok(Observed {
                held_by: Some(Manager {
                    who: format!(
                        "the account that owns the bucket `{bucket}`, which takes the trail's files"
                    ),
                }),
                ..absent(ids)
            });
        }
        InUse::Nothing => (name, place, None),
    };
    let delivers_here =
        |trail: &&aws_sdk_cloudtrail::types::Trail| trail.s3_bucket_name.as_ref() == Some(&name);
    let mut ids = Ids {
        is_managed: want.is_some(),
        several: if several.len() > 1 { several } else { vec![] },
        name: Some(name.clone()),
        in_place_of: written,
        trail: match chosen {
            Some(trail) => Some(trail)
                .filter(delivers_here)
                .and_then(|trail| trail.trail_arn.clone()),
            None => wanted_trail.map(|name| cloudtrail::arn(name, &cx.env)),
        },
        trail_prefix: match chosen {
            Some(trail) => trail.s3_key_prefix.clone(),
            None => want.and_then(|want| want.trail_prefix.clone()),
        },
        ..Ids::default()
    };
    match place {
        Found::Nowhere => return Ok(absent(ids)),
        Found::NotOurs => {
            ids.unusable = Some(format!(
                "the bucket `{name}` belongs to another account; write another name, or for a central account's bucket \
                 leave [log_bucket] out and write its name in [cloudtrail]"
            ));
            return Ok(absent(ids));
        }
        Found::Here => ids.region = Some(cx.region().clone()),
        Found::In(region) => ids.region = Some(region),
    }
    let region = ids.region.clone().unwrap_or_else(|| cx.region().clone());
    let s3 = &cx.clients_in(&region).s3;
    ids.config_prefixes = want.map(Model::config_prefixes).unwrap_or_default();
    let mut model = read(s3, &name, cx, want, &mut ids).await?;
    let looks_for_objects = want.is_some_and(|want| {
        want.is_absent() || want.expire_after_days.is_some() || want.old_versions_expire_after_days.is_some()
    });
    if looks_for_objects {
        let call = s3.list_object_versions().bucket(&name).max_keys(1);
        let page = call.expected_bucket_owner(&cx.env.account).send().await?;
        ids.has_objects = !page.versions().is_empty() || !page.delete_markers().is_empty();
    }
    let env = &cx.env;
    let policy = ids.policy.clone().unwrap_or_else(|| Policy::of([]));
    model.tls_only = Some(!statements::is_tls_only(&policy, &name, env).is_no());
    let prefixes = statements::config_prefixes(&policy, &ids.config_prefixes, &name, env);
    let is_let_in = match want {
        Some(_) => ids.config_prefixes.is_subset(&prefixes),
        None => !prefixes.is_empty(),
    };
    model.config = Some(is_let_in);
    model.config_prefixes = match want {
        Some(want) => want.config_prefixes.clone().filter(|_| is_let_in),
        None => Some(prefixes).filter(|prefixes| prefixes.iter().any(|prefix| !prefix.is_empty())),
    };
    if ids.trail.is_some() && statements::are_met(&statements::for_trail(&name, &ids, env), &policy) {
        let live = chosen.and_then(|trail| trail.name.clone());
        model.trail = want.map_or(live, |want| want.trail.clone());
        model.trail_prefix = match want {
            Some(want) => want.trail_prefix.clone(),
            None => ids.trail_prefix.clone(),
        };
    }
    Ok(Observed {
        model,
        ids,
        held_by: None,
    })
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let at = match action {
        Action::Create { at, .. }
        | Action::Block { at, .. }
        | Action::Own { at, .. }
        | Action::Encrypt { at, .. }
        | Action::Version { at, .. }
        | Action::Allow { at, .. }
        | Action::Age { at, .. }
        | Action::Tag { at, .. }
        | Action::Delete { at } => at,
    };
    let bucket = Bucket {
        cx,
        s3: cx.clients_in(&at.region).s3.clone(),
        name: &at.bucket,
        owner: &cx.env.account,
    };
    match action {
        Action::Create {
            at,
            ownership,
            block,
            tags,
        } => {
            bucket.create(at, *ownership).await?;
            if let Some(on) = block {
                bucket.block(*on).await?;
            }
            match tags.is_empty() {
                true => Ok(()),
                false => bucket.tag(tags).await,
            }
        }
        Action::Block { on, .. } => bucket.block(*on).await,
        Action::Own { ownership, .. } => bucket.own(*ownership).await,
        Action::Encrypt { encryption, key, .. } => bucket.encrypt(*encryption, key.as_deref()).await,
        Action::Version { on, .. } => bucket.version(*on).await,
        Action::Allow {
            statements, without, ..
        } => bucket.allow(statements, without).await,
        Action::Age { rule, not_small, .. } => bucket.age(*rule, *not_small).await,
        Action::Tag { tags, .. } => bucket.tag(tags).await,
        Action::Delete { .. } => {
            let call = bucket
                .s3
                .delete_bucket()
                .bucket(bucket.name)
                .expected_bucket_owner(bucket.owner);
            match call.send().await.map_err(Failure::from) {
                Ok(_) => Ok(()),
                Err(fault) if fault.is("NoSuchBucket") => Ok(()),
                Err(fault) => Err(fault),
            }
        }
    }
}
